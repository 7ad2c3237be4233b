package secrettest_test

import (
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/pgtest"
	"godwit/internal/secrettest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestFind finds a secret however it is written down and whatever stands
// around it, and nothing else.
func TestFind(t *testing.T) {
	for size := 16; size < 40; size++ {
		secret := make([]byte, size)
		rand.Read(secret)
		for before := range 4 {
			for after := range 4 {
				around := make([]byte, before+after)
				rand.Read(around)
				text := append(append(append([]byte(nil), around[:before]...), secret...), around[before:]...)
				numbers := make([]int, len(text))
				for i, b := range text {
					numbers[i] = int(b)
				}
				list, err := json.Marshal(numbers)
				if err != nil {
					t.Fatal(err)
				}
				for _, written := range []string{
					string(text), hex.EncodeToString(text), strings.ToUpper(hex.EncodeToString(text)),
					base64.StdEncoding.EncodeToString(text), base64.RawURLEncoding.EncodeToString(text),
					fmt.Sprint(text), string(list),
				} {
					if len(secrettest.Find([]byte(written), secrettest.Secret{Name: "it", Value: secret})) == 0 {
						t.Fatalf("%x is not found in %q", secret, written)
					}
				}
				rand.Read(text)
				if got := secrettest.Find(text, secrettest.Secret{Name: "it", Value: secret}); got != nil {
					t.Fatalf("%x is found in %x: %v", secret, text, got)
				}
			}
		}
	}
}

// TestDump finds what was put into a column of either database.
func TestDump(t *testing.T) {
	for driver, url := range map[string]string{"pgx": pgtest.Database(t), "sqlite": "sqlite:" + filepath.Join(t.TempDir(), "x.db")} {
		db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		binary := map[string]string{"pgx": "BYTEA", "sqlite": "BLOB"}[driver]
		for _, statement := range []string{
			`CREATE TABLE a (n INTEGER, t TEXT, b ` + binary + `)`,
			`INSERT INTO a VALUES (1, 'a secret text', NULL), (2, NULL, '\x00')`,
		} {
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		secret := []byte{0, 1, 2, 3, 254, 255, 'x', 'y', 'z', '\n', 0}
		if _, err := db.Exec(`UPDATE a SET b = $1 WHERE n = 1`, secret); err != nil {
			t.Fatal(err)
		}
		dump := secrettest.Dump(t, url)
		for name, value := range map[string][]byte{"the text": []byte("a secret text"), "the bytes": secret} {
			if secrettest.Find(dump, secrettest.Secret{Name: name, Value: value}) == nil {
				t.Errorf("%s: %s is not found in %q", driver, name, dump)
			}
		}
	}
}

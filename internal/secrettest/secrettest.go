// Package secrettest looks for secrets where they must not be: in the dump of a
// database, in a log.
//
// [Find] looks for one, however it is written down. [Dump] reads all of a
// database.
package secrettest

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// A Secret is what is looked for.
type Secret struct {
	Name  string // for who reads that it was found
	Value []byte
}

// enough is how much of what is written down gives a secret away. That is found
// much faster than hundreds of bytes.
const enough = 48

// Find returns how secrets stand in a text, whole or their beginning: as they are,
// in hex, in base64 of either alphabet at any of the three ways in which it can
// fall, or as a list of numbers. It returns nothing where none does.
func Find(text []byte, secrets ...Secret) []string {
	var found []string
	lower := bytes.ToLower(text)
	for _, s := range secrets {
		for form, needle := range forms(s.Value) {
			needle = needle[:min(len(needle), enough)]
			if form == "hex" && bytes.Contains(lower, needle) || bytes.Contains(text, needle) {
				found = append(found, s.Name+" as "+form)
			}
		}
	}
	return found
}

// forms returns the ways to write a secret down.
func forms(secret []byte) map[string][]byte {
	numbers := strings.Trim(fmt.Sprint(secret), "[]")
	list := map[string][]byte{
		"it is": secret, "hex": []byte(hex.EncodeToString(secret)),
		"numbers": []byte(numbers), "numbers of JSON": []byte(strings.ReplaceAll(numbers, " ", ",")),
	}
	for shift := range 3 {
		for name, encoding := range map[string]*base64.Encoding{"": base64.RawStdEncoding, " for URLs": base64.RawURLEncoding} {
			encoded := encoding.EncodeToString(append(make([]byte, shift), secret...))
			// The characters at both ends are made of what stands beside it, too.
			begin := []int{0, 2, 3}[shift]
			end := len(encoded)
			if (shift+len(secret))%3 != 0 {
				end--
			}
			list[fmt.Sprintf("base64%s, shifted by %d", name, shift)] = []byte(encoded[begin:end])
		}
	}
	return list
}

// Dump returns everything that stands in the columns of the tables of a
// database at postgres://… or sqlite:PATH; of PostgreSQL also what pg_dump makes
// of it.
func Dump(tb testing.TB, url string) []byte {
	tb.Helper()
	driver, source, tables := "pgx", url, `SELECT table_schema || '.' || table_name FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		// The driver takes what follows a question mark for options.
		source = "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
		driver, tables = "sqlite", `SELECT name FROM sqlite_master WHERE type = 'table'`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	var dump bytes.Buffer
	names := query(tb, db, tables)
	if len(names) == 0 {
		tb.Fatal("the database has no tables")
	}
	for _, name := range names {
		for _, value := range query(tb, db, `SELECT * FROM `+string(name)) {
			dump.Write(value)
			dump.WriteByte('\n')
		}
	}
	if driver == "pgx" {
		out, err := exec.Command("pg_dump", "--dbname", url).Output()
		if err != nil {
			tb.Fatal("pg_dump: ", err)
		}
		dump.Write(out)
	}
	return dump.Bytes()
}

// query returns the values of all columns of all rows.
func query(tb testing.TB, db *sql.DB, statement string) [][]byte {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), statement)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	var values [][]byte
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(sql.RawBytes)
		}
		if err := rows.Scan(row...); err != nil {
			tb.Fatal(err)
		}
		for _, value := range row {
			values = append(values, bytes.Clone(*value.(*sql.RawBytes)))
		}
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return values
}

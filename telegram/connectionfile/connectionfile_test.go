package connectionfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/mtproto/mtcrypto"
	"godwit/telegram"
)

// connectionFile is a good connection file.
func connectionFile() string {
	return `{"dcs":[{"id":1,"host":"127.0.0.1","port":40001},{"id":2,"host":"::1","port":40002}],
 "rsa_public_key":"` + strings.ReplaceAll(mtcrypto.TestKeys()[0].PEM(), "\n", `\n`) + `",
 "api_id":12345,"api_hash":"abc","bot_api_url":"",
 "phone_convention":{"prefix":"99966","pattern":"p","code":"c"},"test_dc":true}`
}

// TestLoad reads a connection file.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection.json")
	if err := os.WriteFile(path, []byte(connectionFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	n, file, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []telegram.DC{{ID: 1, Host: "127.0.0.1", Port: 40001}, {ID: 2, Host: "::1", Port: 40002}}; !slices.Equal(n.DCs, want) {
		t.Errorf("DCs %v, want %v", n.DCs, want)
	}
	if !n.Test || n.Refresh ||
		n.PublicKeys[0].Fingerprint() != mtcrypto.TestKeys()[0].Fingerprint() {
		t.Errorf("network %+v", n)
	}
	if file.APIID != 12345 || file.APIHash != "abc" || file.PhoneConvention.Prefix != "99966" {
		t.Errorf("file %+v", file)
	}
}

// TestLoadRefused has a bad connection file named, with what is wrong.
func TestLoadRefused(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct{ old, new, want string }{
		"cut short":   {`"test_dc":true}`, "", "line 4"},
		"no JSON":     {"{", "garbage {", "line 1"},
		"wrong type":  {`"api_id":12345`, `"api_id":"x"`, "api_id"},
		"no DCs":      {`"dcs"`, `"x"`, "dcs"},
		"bad id":      {`"id":2`, `"id":0`, "dcs[1]: id"},
		"no host":     {`"::1"`, `""`, "dcs[1]: host"},
		"bad port":    {`40002`, `70000`, "dcs[1]: port"},
		"bad key":     {"BEGIN", "BEGUN", "rsa_public_key"},
		"no key":      {`"rsa_public_key"`, `"x"`, "rsa_public_key"},
		"no api_id":   {`"api_id"`, `"x"`, "api_id is missing"},
		"no api_hash": {`"api_hash"`, `"x"`, "api_hash is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			content := strings.Replace(connectionFile(), test.old, test.new, 1)
			path := filepath.Join(dir, "bad.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := Load(path)
			var bad *Error
			if !errors.As(err, &bad) || bad.Path != path || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want something about %q", err, test.want)
			}
		})
	}
	_, _, err := Load(filepath.Join(dir, "none.json"))
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "none.json") != 1 {
		t.Errorf("no file: %v", err)
	}
}

// FuzzFile has no content of a connection file panic, and what is
// accepted be usable.
func FuzzFile(f *testing.F) {
	f.Add([]byte(connectionFile()))
	f.Add([]byte(`{"dcs":[{"id":1}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parse(content)
		if err != nil {
			return
		}
		n, err := file.Network()
		if err == nil && (len(n.DCs) == 0 || len(n.PublicKeys) == 0) {
			t.Errorf("accepted %+v", n)
		}
	})
}

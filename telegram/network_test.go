package telegram

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/mtproto/mtcrypto"
)

// connectionFile is a good connection file.
func connectionFile() string {
	return `{"dcs":[{"id":1,"host":"127.0.0.1","port":40001},{"id":2,"host":"::1","port":40002}],
 "rsa_public_key":"` + strings.ReplaceAll(mtcrypto.TestKeys()[0].PEM(), "\n", `\n`) + `",
 "api_id":12345,"api_hash":"abc","bot_api_url":"",
 "phone_convention":{"prefix":"99966","pattern":"p","code":"c"},"test_dc":true}`
}

// TestLoadNetwork reads a connection file.
func TestLoadNetwork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection.json")
	if err := os.WriteFile(path, []byte(connectionFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	n, file, err := LoadNetwork(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []DC{{ID: 1, Host: "127.0.0.1", Port: 40001}, {ID: 2, Host: "::1", Port: 40002}}; !slices.Equal(n.DCs, want) {
		t.Errorf("DCs %v, want %v", n.DCs, want)
	}
	if n.DCs[1].address() != "[::1]:40002" || !n.Test || n.Refresh ||
		n.PublicKeys[0].Fingerprint() != mtcrypto.TestKeys()[0].Fingerprint() {
		t.Errorf("network %+v", n)
	}
	if file.APIID != 12345 || file.APIHash != "abc" || file.PhoneConvention.Prefix != "99966" {
		t.Errorf("file %+v", file)
	}
}

// TestLoadNetworkRefused has a bad connection file named, with what is wrong.
func TestLoadNetworkRefused(t *testing.T) {
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
			_, _, err := LoadNetwork(path)
			var bad *ConnectionFileError
			if !errors.As(err, &bad) || bad.Path != path || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want something about %q", err, test.want)
			}
		})
	}
	_, _, err := LoadNetwork(filepath.Join(dir, "none.json"))
	if !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "none.json") != 1 {
		t.Errorf("no file: %v", err)
	}
}

// FuzzConnectionFile has no content of a connection file panic, and what is
// accepted be usable.
func FuzzConnectionFile(f *testing.F) {
	f.Add([]byte(connectionFile()))
	f.Add([]byte(`{"dcs":[{"id":1}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parseConnectionFile(content)
		if err != nil {
			return
		}
		n, err := file.Network()
		if err == nil && (len(n.DCs) == 0 || len(n.PublicKeys) == 0) {
			t.Errorf("accepted %+v", n)
		}
	})
}

// TestBuiltIn has the zero configuration lead to Telegram (R-AP-01, R-AK-12).
func TestBuiltIn(t *testing.T) {
	o := Options{APIID: 1, APIHash: "x"}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	var ids []int
	for _, dc := range o.Network.DCs {
		ids = append(ids, dc.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []int{1, 2, 3, 4, 5}) || o.Network.Test || !o.Network.Refresh {
		t.Errorf("DCs %v, test %v, refresh %v", ids, o.Network.Test, o.Network.Refresh)
	}
	if f := uint64(o.Network.PublicKeys[0].Fingerprint()); f != 0xd09d1d85de64fd85 {
		t.Errorf("production key %016x", f)
	}
	test := TestNetwork()
	if f := uint64(test.PublicKeys[0].Fingerprint()); f != 0xb25898df208d2603 || !test.Test || len(test.DCs) != 3 {
		t.Errorf("test key %016x", f)
	}
	for _, missing := range []Options{{APIID: 1}, {APIHash: "x"}} {
		if err := missing.complete(); err == nil {
			t.Errorf("%+v is accepted", missing)
		}
	}
}

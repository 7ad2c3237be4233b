package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/bridgetest"
	"godwit/internal/pgtest"
	"godwit/internal/secrettest"
)

// TestKey makes, lists and revokes API keys, with none of a token kept.
func TestKey(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		on := func(code int, args ...string) string {
			t.Helper()
			return godwit(t, code, "", append([]string{"key", args[0], "--db", db}, args[1:]...)...)
		}
		plain := on(0, "create", "crm", "--scope", "accounts:read,messages:send")
		token := regexp.MustCompile(`(?m)^godwit_[0-9A-Za-z]{49}$`).FindString(plain)
		if _, err := bridge.ParseAPIToken(token); err != nil {
			t.Fatalf("%s: %v", plain, err)
		}
		d := bridgetest.Open(t, db, "file:"+filepath.Join(t.TempDir(), "kek"))
		account, err := d.Add(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var limited keyJSON
		out := on(0, "create", "one", "--scope", "admin", "--account", string(account.ID), "--for", "2h", "--json")
		if err := json.Unmarshal([]byte(out), &limited); err != nil || len(limited.Accounts) != 1 ||
			limited.ExpiresAt.Sub(limited.CreatedAt).Round(time.Minute) != 2*time.Hour {
			t.Errorf("%s, %v", out, err)
		}
		for _, one := range []struct {
			token string
			other bool
		}{{token, false}, {limited.Token, true}} {
			grant, err := d.Authenticate(t.Context(), one.token)
			if err != nil || grant.Limited() != one.other || !grant.Allows(bridge.ScopeMessagesSend, account.ID) {
				t.Errorf("%+v, %v", grant, err)
			}
		}
		list := on(0, "list")
		for _, want := range []string{"crm", "accounts:read,messages:send", "all accounts", "valid", string(account.ID), "until 20"} {
			if !strings.Contains(list, want) {
				t.Errorf("the list does not say %q:\n%s", want, list)
			}
		}
		id := strings.Fields(strings.Split(list, "\n")[1])[0]
		if out := on(0, "revoke", id); !strings.Contains(out, id+" is revoked") {
			t.Error(out)
		}
		if _, err := d.Authenticate(t.Context(), token); bridge.CodeOf(err) != bridge.CodeUnauthorized {
			t.Errorf("a revoked key: %v", err)
		}
		lines := strings.Split(strings.TrimSpace(on(0, "list", "--json")), "\n")
		var revoked keyJSON
		if err := json.Unmarshal([]byte(lines[0]), &revoked); err != nil || len(lines) != 2 || revoked.RevokedAt.IsZero() ||
			revoked.LastUsedAt.IsZero() || revoked.Token != "" {
			t.Errorf("%s, %v", lines, err)
		}
		for _, test := range []struct {
			want string
			args []string
		}{
			{"revoked already", []string{"revoke", id}},
			{"There is no API key", []string{"revoke", "key_00000000000000000000000000"}},
			{"does not begin with key_", []string{"revoke", "5"}},
			{`"root" is not a scope`, []string{"create", "x", "--scope", "root"}},
			{"There is no account", []string{"create", "x", "--scope", "admin", "--account", "acc_00000000000000000000000000"}},
			{"There is no pool", []string{"create", "x", "--scope", "admin", "--pool", "pool_00000000000000000000000000"}},
			{"in the past", []string{"create", "x", "--scope", "admin", "--for=-1h"}},
		} {
			if out := on(1, test.args...); !strings.Contains(out, test.want) {
				t.Errorf("%v: %s", test.args, out)
			}
		}
		dump := secrettest.Dump(t, db)
		for _, secret := range []string{token, limited.Token} {
			for _, value := range []string{secret, secret[len("godwit_") : len("godwit_")+43]} {
				if found := secrettest.Find(dump, secrettest.Secret{Name: "a token", Value: []byte(value)}); found != nil {
					t.Errorf("the database holds %v", found)
				}
			}
		}
		audited(t, db, "key.revoke", "key.create", "key.create")
	})
}

// audited checks what the newest entries of the audit log are about.
func audited(t *testing.T, db string, actions ...string) {
	t.Helper()
	out := godwit(t, 0, "", "audit", "--db", db, "--json")
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var e bridge.AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if i < len(actions) && (e.Action != actions[i] || e.Actor != bridge.OperatorActor) {
			t.Errorf("entry %d is %s by %s, want %s", i, e.Action, e.Actor, actions[i])
		}
	}
}

// TestSuppress adds people in each way, lists and removes them.
func TestSuppress(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		bridgetest.Open(t, db, "file:"+filepath.Join(t.TempDir(), "kek"))
		on := func(code int, stdin string, args ...string) string {
			t.Helper()
			return godwit(t, code, stdin, append([]string{"suppress", args[0], "--db", db}, args[1:]...)...)
		}
		if out := on(0, "", "add", "--user-id", "5", "--phone", "+49 30 123456", "--note", "asked\x1b[31m"); !strings.Contains(out, "sup_") {
			t.Error(out)
		}
		if out := on(0, "", "add", "--phone", "4930123456"); !strings.Contains(out, "on the list already") {
			t.Error(out)
		}
		audited(t, db, "suppression.add")
		if out := godwit(t, 0, "", "audit", "--db", db); strings.Count(out, "suppression.add") != 1 {
			t.Errorf("what changed nothing is in the audit log:\n%s", out)
		}
		file := filepath.Join(t.TempDir(), "people.csv")
		if err := os.WriteFile(file, []byte("username,user_id\n@anna,\n,5\nboris,7\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"2 people are on the list now that were not; 1 were.", "0 people are on the list now that were not; 3 were."} {
			if out := on(0, "", "import", file); !strings.Contains(out, want) {
				t.Error(out)
			}
		}
		if out := on(0, "phone\n15551234\n", "import"); !strings.Contains(out, "1 people") {
			t.Error(out)
		}
		if out := on(1, "phone\n15551235\nx\n", "import"); !strings.Contains(out, "nothing is imported") || !strings.Contains(out, "line 3") {
			t.Error(out)
		}
		list := on(0, "", "list")
		if strings.Count(list, "sup_") != 4 || strings.Contains(list, "\x1b") || strings.Contains(list, "15551235") {
			t.Errorf("the list is\n%s", list)
		}
		for _, line := range strings.Split(strings.TrimSpace(on(0, "", "list", "--json")), "\n") {
			var v bridge.Suppression
			if err := json.Unmarshal([]byte(line), &v); err != nil || v.Reason != bridge.SuppressedByOperator || v.AddedBy != bridge.OperatorActor {
				t.Errorf("%s, %v", line, err)
			}
			if out := on(0, "", "remove", string(v.ID)); !strings.Contains(out, "is off the list") {
				t.Error(out)
			}
			if out := on(1, "", "remove", string(v.ID)); !strings.Contains(out, "There is no entry") {
				t.Error(out)
			}
		}
		for want, args := range map[string][]string{
			"neither user_id": {"add"}, "5 to 15 digits": {"add", "--phone", "x"}, "does not begin with sup_": {"remove", "x"},
			"no such file": {"import", file + ".none"},
		} {
			if out := on(1, "", args...); !strings.Contains(out, want) {
				t.Errorf("%v: %s", args, out)
			}
		}
		audited(t, db, "suppression.remove")
		if out := godwit(t, 0, "", "audit", "--db", db); !strings.Contains(out, "suppression.import") {
			t.Error(out)
		}
	})
}

// TestSuppressRemoveAsks has the wish of a person not undone by accident.
func TestSuppressRemoveAsks(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		d := bridgetest.Open(t, db, "file:"+filepath.Join(t.TempDir(), "kek"))
		id, err := d.Stopped(t.Context(), 5)
		if err != nil {
			t.Fatal(err)
		}
		remove := []string{"suppress", "remove", "--db", db, string(id)}
		if out := godwit(t, 1, "y\n", remove...); !strings.Contains(out, "did not want to be written to (stop)") {
			t.Error(out)
		}
		if out := godwit(t, 0, string(id)+"\n", remove...); !strings.Contains(out, "is off the list") {
			t.Error(out)
		}
	})
}

// TestOperatorDirectory has the commands work on what a daemon keeps in its
// directory, and a mistaken rotation leave nothing.
func TestOperatorDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "godwit-data")
	godwit(t, 0, "", "key", "create", "crm", "--scope", "admin", "--data", dir)
	if out := godwit(t, 0, "", "key", "list", "--data", dir); !strings.Contains(out, "crm") {
		t.Error(out)
	}
	anew := filepath.Join(dir, "new")
	out := godwit(t, 1, "", "keys", "rotate", "--data", dir, "--new-kek", "file:"+anew)
	if !strings.Contains(out, filepath.Join(dir, "key")) || strings.Contains(out, "0 of 0") {
		t.Error(out)
	}
	if _, err := os.Stat(anew); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
	out = godwit(t, 1, "", "key", "revoke", "key_00000000000000000000000000", "--data", dir)
	if !strings.Contains(out, "godwit: There is no API key") {
		t.Error(out)
	}
}

// TestReachable has the daemon's address be one that can be opened.
func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		"[::]:80": "localhost:80", "0.0.0.0:80": "localhost:80", "127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80",
	} {
		if got := reachable(address); got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
	}
}

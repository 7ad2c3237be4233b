package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/bridgetest"
	"godwit/internal/pgtest"
	"godwit/internal/secrettest"
)

// godwit runs a command line and returns what it prints.
func godwit(t testing.TB, code int, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(t.Context(), args, strings.NewReader(stdin), &out, &errs); got != code {
		t.Fatalf("godwit %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// filled returns a daemon's database with accounts that have secrets.
func filled(t *testing.T, db, kek string, n int) map[*bridgetest.Owned][]byte {
	t.Helper()
	d := bridgetest.Open(t, db, kek)
	accounts := make(map[*bridgetest.Owned][]byte)
	for range n {
		o, err := d.Add(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		secret := make([]byte, 256)
		rand.Read(secret)
		if err := o.Write(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		accounts[o] = secret
	}
	return accounts
}

// writing has a daemon write everything again and again until stop is called.
func writing(t *testing.T, accounts map[*bridgetest.Owned][]byte) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	writers.Go(func() {
		for ctx.Err() == nil {
			for o, secret := range accounts {
				if err := o.Write(ctx, secret); err != nil && ctx.Err() == nil {
					t.Errorf("a daemon cannot write meanwhile: %v", err)
					return
				}
			}
		}
	})
	return func() {
		cancel()
		writers.Wait()
	}
}

// readsAll checks that a daemon with a key-encryption key reads everything.
func readsAll(t *testing.T, db, kek string, accounts map[*bridgetest.Owned][]byte) {
	t.Helper()
	d := bridgetest.Open(t, db, kek)
	for o, secret := range accounts {
		if got, err := d.Read(t.Context(), o.ID); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("%s: %v", o.ID, err)
		}
	}
}

// TestKeysRotate has data keys change their key-encryption key while a daemon
// writes, and nothing secret in the database or the log.
func TestKeysRotate(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		dir := t.TempDir()
		oldFile, newFile := filepath.Join(dir, "old"), filepath.Join(dir, "new")
		accounts := filled(t, db, "file:"+oldFile, 40)
		stop := writing(t, accounts)
		out := godwit(t, 0, "", "--log-level", "debug", "keys", "rotate", "--db", db, "--kek", "file:"+oldFile, "--new-kek", "file:"+newFile)
		stop()
		if !strings.Contains(out, "40 data keys were brought under local-") {
			t.Error(out)
		}
		again := godwit(t, 0, "", "keys", "rotate", "--db", db, "--kek", "file:"+oldFile, "--new-kek", "file:"+newFile, "--json")
		var printed rotatedJSON
		if err := json.Unmarshal([]byte(again), &printed); err != nil || printed.Done != 0 || !strings.HasPrefix(printed.KEK, "local-") {
			t.Errorf("%s, %v", again, err)
		}
		audited(t, db, "keys.rotate", "keys.rotate")
		secrets := []secrettest.Secret{{Name: "the old key", Value: keyset(t, oldFile)}, {Name: "the new key", Value: keyset(t, newFile)}}
		for _, secret := range accounts {
			secrets = append(secrets, secrettest.Secret{Name: "an auth key", Value: secret})
		}
		for where, text := range map[string][]byte{"the database": secrettest.Dump(t, db), "the log": []byte(out + again)} {
			if found := secrettest.Find(text, secrets...); found != nil {
				t.Errorf("%s holds %v", where, found)
			}
		}
		if err := os.Remove(oldFile); err != nil {
			t.Fatal(err)
		}
		readsAll(t, db, "file:"+newFile, accounts)
	})
}

// keyset returns the bytes of the key in a file.
func keyset(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Key []struct{ KeyData struct{ Value []byte } }
	}
	if err := json.Unmarshal(content, &file); err != nil || len(file.Key) != 1 {
		t.Fatalf("%s has %d keys, %v", path, len(file.Key), err)
	}
	value := file.Key[0].KeyData.Value
	return value[len(value)-32:] // behind the protocol buffer's tags
}

// TestKeysRotateKilled kills the program in the middle, several times over, and
// has the last one finish.
func TestKeysRotateKilled(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		dir := t.TempDir()
		from, to := "file:"+filepath.Join(dir, "old"), "file:"+filepath.Join(dir, "new")
		const n = 250
		accounts := filled(t, db, from, n)
		d := bridgetest.Open(t, db, from)
		stop := writing(t, accounts)
		defer stop()
		args := []string{"keys", "rotate", "--db", db, "--kek", from, "--new-kek", to}
		killed := 0
		for _, target := range []int64{1, 20, 60, 110} {
			program := exec.CommandContext(t.Context(), os.Args[0], args...)
			program.Env = append(os.Environ(), "GODWIT_TEST_RUN=1")
			program.Stdout, program.Stderr = t.Output(), t.Output() // it says why it has failed, if it has
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			exited := make(chan error, 1)
			go func() { exited <- program.Wait() }()
			if killAfter(t, program, exited, func() bool {
				left, err := d.UnderFirst(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return n-left >= target
			}) {
				killed++
			}
		}
		if killed == 0 {
			t.Error("it was never killed in the middle")
		}
		godwit(t, 0, "", args...)
		stop()
		readsAll(t, db, to, accounts)
	})
}

// killAfter kills a program when something has happened, and reports whether it
// was still running.
func killAfter(t *testing.T, program *exec.Cmd, exited <-chan error, happened func() bool) bool {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case err := <-exited:
			if err != nil {
				t.Fatalf("%v has failed: %v", program.Args, err)
			}
			return false
		}
	}
	program.Process.Kill() // unless it has ended meanwhile
	return <-exited != nil
}

// TestKeysRotateRefused has mistakes named, and nothing changed by them.
func TestKeysRotateRefused(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		dir := t.TempDir()
		from, to, third := "file:"+filepath.Join(dir, "old"), "file:"+filepath.Join(dir, "new"), "file:"+filepath.Join(dir, "third")
		accounts := filled(t, db, from, 3)
		bridgetest.Open(t, db, third) // makes the key
		for _, test := range []struct {
			want string
			args []string
		}{
			{"none: there is no such file", []string{"--db", db, "--kek", "file:" + filepath.Join(dir, "none"), "--new-kek", to}},
			{"3 under local-", []string{"--db", db, "--kek", third, "--new-kek", to}},
			{"no such file", []string{"--db", "sqlite:" + filepath.Join(dir, "none.db"), "--kek", from, "--new-kek", to}},
			{`"s3" is no kind`, []string{"--db", db, "--kek", from, "--new-kek", "s3://bucket"}},
			{"service unreachable", []string{"--db", db, "--kek", from, "--new-kek", "hcvault://x/transit/keys/k?endpoint=http://127.0.0.1:1"}},
		} {
			if out := godwit(t, 1, "", append([]string{"keys", "rotate"}, test.args...)...); !strings.Contains(out, test.want) {
				t.Errorf("%v: %s", test.args, out)
			}
		}
		readsAll(t, db, from, accounts)
		if left, err := filepath.Glob(filepath.Join(dir, "none*")); err != nil || left != nil {
			t.Errorf("made: %v, %v", left, err)
		}
	})
}

// keyFiles returns the content of the files that hold the data keys.
func keyFiles(t *testing.T, db string) []byte {
	t.Helper()
	paths := []string{strings.TrimPrefix(db, "sqlite:")}
	paths = append(paths, paths[0]+"-wal")
	if strings.HasPrefix(db, "postgres") {
		conn, err := sql.Open("pgx", db)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Exec(`CHECKPOINT`); err != nil {
			t.Fatal(err)
		}
		const file = `SELECT current_setting('data_directory') || '/' || pg_relation_filepath('data_keys')`
		paths = paths[:1]
		if err := conn.QueryRow(file).Scan(&paths[0]); err != nil {
			t.Fatal(err)
		}
	}
	var all []byte
	for _, path := range paths {
		// A process that closes the file loses the locks that SQLite has on it.
		content, err := exec.Command("cat", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

// TestKeysShred has one account unreadable for good, for a daemon that runs it,
// too, and all others as they were.
func TestKeysShred(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		kek := "file:" + filepath.Join(t.TempDir(), "kek")
		accounts := filled(t, db, kek, 5)
		d := bridgetest.Open(t, db, kek)
		var victim *bridgetest.Owned
		for victim = range accounts {
			break
		}
		_, wrapped, err := d.WrappedKey(t.Context(), victim.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(keyFiles(t, db), wrapped) {
			t.Fatal("the test does not see the files")
		}
		shred := []string{"keys", "shred", "--db", db, string(victim.ID)}
		if out := godwit(t, 1, "yes\n", shred...); !strings.Contains(out, "nothing is done") {
			t.Error(out)
		}
		godwit(t, 1, "", shred...) // nobody answers
		readsAll(t, db, kek, accounts)
		if out := godwit(t, 0, string(victim.ID)+"\n", shred...); !strings.Contains(out, "are shredded") {
			t.Error(out)
		}
		if err := victim.Write(t.Context(), []byte("more")); !bridgetest.Refused(err) {
			t.Errorf("the daemon that runs it writes: %v", err)
		}
		if got, err := d.Read(t.Context(), victim.ID); bridge.CodeOf(err) != bridge.CodeNotFound {
			t.Errorf("read %q, %v", got, err)
		}
		if state, events, err := d.State(t.Context(), victim.ID); err != nil || state != bridge.SignedOut || events != 1 {
			t.Errorf("%s with %d events, %v", state, events, err)
		}
		if bytes.Contains(keyFiles(t, db), wrapped) {
			t.Error("the data key is left in the database's files")
		}
		if secrettest.Find(secrettest.Dump(t, db), secrettest.Secret{Name: "it", Value: wrapped}) != nil {
			t.Error("the data key is left in the database")
		}
		for _, test := range []struct{ want, id string }{
			{"has no data key", string(victim.ID)}, {"There is no account", "acc_00000000000000000000000000"},
			{"does not begin with acc_", "5"},
		} {
			if out := godwit(t, 1, "", "keys", "shred", "--yes", "--db", db, test.id); !strings.Contains(out, test.want) {
				t.Errorf("%s: %s", test.id, out)
			}
		}
		audited(t, db, "keys.shred")
		delete(accounts, victim)
		readsAll(t, db, kek, accounts)
	})
}

package telegram

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/telegram/updates"
)

// full has something in every field.
func full() Credentials {
	return Credentials{
		DC: 2, UserID: 77, Bot: true,
		Keys: map[int]DCKey{
			1: {Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{1}), Imported: true},
			2: {
				Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{2, 255: 9}),
				Salts: []session.Salt{{
					Value: -5, ValidSince: time.Unix(100, 0).UTC(), ValidUntil: time.Unix(200, 0).UTC(),
				}},
			},
		},
		State: updates.State{
			Common: updates.Common{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: map[int64]int32{1 << 40: 5},
		},
		LogoutTokens: []LogoutToken{{1, 2}, {3}},
		Addresses:    []DC{{ID: 2, Host: "192.0.2.1", Port: 443, ThisPortOnly: true}}, PreferIPv6: true, NetworkKeys: []int64{-5, 7},
	}
}

// TestFieldsAreFull keeps full, and with it the tests, complete.
func TestFieldsAreFull(t *testing.T) {
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("full has no %s", v.Type().Field(i).Name)
		}
	}
}

// stores are the implementations of Store, new ones, and how to see again what
// one of them holds.
func stores(t *testing.T) map[string]func() (Store, func() Store) {
	path := filepath.Join(t.TempDir(), "credentials")
	return map[string]func() (Store, func() Store){
		"memory": func() (Store, func() Store) {
			s := new(MemoryStore)
			return s, func() Store { return s }
		},
		"file": func() (Store, func() Store) {
			s := open(t, path, rawKey)
			return s, func() Store {
				s.Close()
				return open(t, path, rawKey)
			}
		},
	}
}

var rawKey = RawKey([FileKeySize]byte{4, 2})

func open(t *testing.T, path string, key FileKey) *FileStore {
	t.Helper()
	s, err := OpenFileStore(path, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func load(t *testing.T, s Store) Credentials {
	t.Helper()
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func save(t *testing.T, s Store, c Credentials) {
	t.Helper()
	if err := s.Save(&c); err != nil {
		t.Fatal(err)
	}
}

// TestStores has every Store give back what was saved, and keep nothing that
// goes on changing.
func TestStores(t *testing.T) {
	for name, make := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s, again := make()
			if c := load(t, s); !reflect.DeepEqual(c, Credentials{}) {
				t.Error("a new store is not empty")
			}
			save(t, s, Credentials{DC: 9})
			c := full()
			save(t, s, c)
			c.State.Channels[1] = 1
			delete(c.Keys, 2)
			got := load(t, s)
			if !reflect.DeepEqual(got, full()) {
				t.Error("what was saved has changed")
			}
			got.State.Channels[2] = 2
			if !reflect.DeepEqual(load(t, again()), full()) {
				t.Error("what is loaded has changed")
			}
		})
	}
}

// TestFileRefused has files that are not as they were written refused and left
// alone, whatever the damage.
func TestFileRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, rawKey)
	save(t, s, full())
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(content []byte, key FileKey, want error) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenFileStore(path, key)
		if err == nil {
			s.Close()
		}
		var refused *FileStoreError
		if !errors.Is(err, want) || !errors.As(err, &refused) || !strings.Contains(err.Error(), path) {
			t.Fatalf("%d bytes: %v, want %v", len(content), err, want)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
			t.Fatalf("the file was changed: %v", err)
		}
	}
	for n := 0; n < len(whole); n += 5 {
		try(whole[:n], rawKey, ErrTruncated)
	}
	for i := range whole {
		if i > headerSize && i%20 != 0 {
			continue
		}
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		want := ErrWrongKey
		switch {
		case i < len(sealMagic)+2, i == lengthAt+1:
			want = ErrNotCredentials // magic, version, kdf; a length below the real one
			if i == lengthAt+1 && changed[i] > whole[i] {
				want = ErrTruncated
			}
		case i == lengthAt:
			want = ErrNotCredentials
			if changed[i] > whole[i] {
				want = ErrTruncated
			}
		case i > lengthAt && i < headerSize:
			want = ErrTruncated
		}
		try(changed, rawKey, want)
	}
	try(append(bytes.Clone(whole), 0), rawKey, ErrNotCredentials)
	try([]byte("-----BEGIN SOMETHING ELSE-----"), rawKey, ErrNotCredentials)
	try(whole, RawKey([FileKeySize]byte{4, 3}), ErrWrongKey)
	try(whole, Passphrase("something"), ErrWrongKey)
}

// TestPassphrase opens a file by a passphrase, and by no other.
func TestPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, Passphrase("open sesame"))
	save(t, s, full())
	s.Close()
	s = open(t, path, Passphrase("open sesame"))
	if !reflect.DeepEqual(load(t, s), full()) {
		t.Error("what was saved has changed")
	}
	s.Close()
	if _, err := OpenFileStore(path, Passphrase("open barley")); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := OpenFileStore(path, rawKey); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a key for a passphrase: %v", err)
	}

	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(sealMagic)+2] = 40 // scrypt that would take a terabyte
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFileStore(path, Passphrase("open sesame")); !errors.Is(err, ErrNotCredentials) {
		t.Errorf("an impossible cost: %v", err)
	}
}

// TestFileInUse has one program at a time use a file (R-IX-20).
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, rawKey)
	if _, err := OpenFileStore(path, rawKey); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	s.Close()
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if err := s.Save(new(Credentials)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("saved after Close: %v", err)
	}
	open(t, path, rawKey)
}

// TestFileIsPrivate has the file readable by its owner alone, its content
// secret, and nothing left beside it.
func TestFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "credentials")
	s := open(t, path, rawKey)
	save(t, s, full())
	first, _ := os.ReadFile(path)
	save(t, s, full())
	second, _ := os.ReadFile(path)
	if bytes.Equal(first[headerSize:], second[headerSize:]) {
		t.Error("the same is encrypted to the same")
	}
	if bytes.Contains(first, []byte("user_id")) {
		t.Error("the content can be read")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 { // the file and its lock
		t.Errorf("%d files, %v", len(entries), err)
	}
}

// TestFileCannotBeWritten has a failed Save leave what is there.
func TestFileCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "credentials"), rawKey)
	save(t, s, full())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var failed *FileStoreError
	if err := s.Save(&Credentials{DC: 1}); !errors.As(err, &failed) {
		t.Errorf("saved into nowhere: %v", err)
	}
	if !reflect.DeepEqual(load(t, s), full()) {
		t.Error("what was not saved is loaded")
	}
	if _, err := OpenFileStore(filepath.Join(dir, "credentials"), rawKey); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened in no directory: %v", err)
	}
}

// TestKeyFile makes and reads files of keys.
func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	key, err := CreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadKeyFile(path)
	if err != nil || !bytes.Equal(key.raw, again.raw) || len(key.raw) != FileKeySize {
		t.Errorf("read another key: %v", err)
	}
	if _, err := CreateKeyFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("overwrote the key: %v", err)
	}
	if err := os.WriteFile(path, key.raw[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeyFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a key of 31 bytes: %v", err)
	}
	if _, err := ReadKeyFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
}

// TestSecretsDoNotPrint has nothing secret reach a log by accident.
func TestSecretsDoNotPrint(t *testing.T) {
	c := full()
	memory := new(MemoryStore)
	save(t, memory, c)
	for name, v := range map[string]any{
		"credentials": c, "pointer": &c, "key": c.Keys[2], "token": c.LogoutTokens[0], "tokens": c.LogoutTokens,
		"raw key": rawKey, "passphrase": Passphrase("hunter2"), "memory": memory,
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "v", v)
		prints := []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), log.String()}
		if v != memory { // in JSON it is {}
			log.Reset()
			slog.New(slog.NewJSONHandler(&log, nil)).Info("", "v", v)
			prints = append(prints, log.String())
		}
		for _, s := range prints {
			if !strings.Contains(s, redacted) || strings.Contains(s, "hunter2") {
				t.Errorf("%s prints as %s", name, s)
			}
		}
	}
}

// TestCredentialsRefused has credentials that make no sense refused without
// being quoted.
func TestCredentialsRefused(t *testing.T) {
	whole, err := full().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	id, key := string(whole[:4]), full().Keys[2].Key
	for what, s := range map[string]string{
		"not credentials":    "hunter2",
		"version 1 of":       id + "\x01\x00\x00\x00hunter2",
		"has 264 bytes, not": strings.Replace(string(whole), "\xfe\x00\x01\x00"+string(key.Bytes()), "\xfe\x08\x01\x00"+string(key.Bytes())+"hunter2!", 1),
	} {
		err := new(Credentials).UnmarshalBinary([]byte(s))
		if err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", s, err, what)
		}
	}
	for n := range whole {
		if new(Credentials).UnmarshalBinary(whole[:n]) == nil {
			t.Errorf("%d of %d bytes are accepted", n, len(whole))
		}
	}
	if new(Credentials).UnmarshalBinary(append(whole, 0, 0, 0, 0)) == nil {
		t.Error("bytes behind the credentials are accepted")
	}
}

// FuzzCredentials decodes, encodes and decodes again.
func FuzzCredentials(f *testing.F) {
	plain, err := full().MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:len(plain)/2])
	f.Fuzz(func(t *testing.T, plain []byte) {
		var first, second Credentials
		if first.UnmarshalBinary(plain) != nil {
			return
		}
		again, err := first.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := second.UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
		third, err := second.MarshalBinary()
		if err != nil || !bytes.Equal(again, third) {
			t.Errorf("%x\nbecomes\n%x", again, third)
		}
	})
}

// FuzzUnseal has no file but those that were sealed open.
func FuzzUnseal(f *testing.F) {
	s, err := newSealer(rawKey)
	if err != nil {
		f.Fatal(err)
	}
	nonce := make([]byte, lengthAt-nonceAt) // the same in every process
	sealed, err := s.sealWith(nonce, []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:headerSize])
	f.Fuzz(func(t *testing.T, content []byte) {
		_, plain, err := unseal(rawKey, content)
		if err == nil && (!bytes.Equal(content, sealed) || string(plain) != "plain") {
			t.Error("a file that was not sealed opens")
		}
	})
}

package filestore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/updates"
)

// ada are credentials.
func ada() telegram.Credentials {
	return telegram.Credentials{
		DC: 2, UserID: 77,
		Keys:  map[int]telegram.DCKey{2: {Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{2, 255: 9})}},
		State: updates.State{Common: updates.Common{PTS: 1, Date: 3}, Channels: map[int64]int32{1 << 40: 5}},
	}
}

var rawKey = RawKey([KeySize]byte{4, 2})

func open(t *testing.T, path string, key Key) *Store {
	t.Helper()
	s, err := Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func load(t *testing.T, s telegram.Store) telegram.Credentials {
	t.Helper()
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func save(t *testing.T, s telegram.Store, c telegram.Credentials) {
	t.Helper()
	if err := s.Save(&c); err != nil {
		t.Fatal(err)
	}
}

// TestFileRefused has files that are not as they were written refused and left
// alone, whatever the damage.
func TestFileRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, rawKey)
	save(t, s, ada())
	s.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(content []byte, key Key, want error) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, key)
		if err == nil {
			s.Close()
		}
		var refused *Error
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
	try(whole, RawKey([KeySize]byte{4, 3}), ErrWrongKey)
	try(whole, Passphrase("something"), ErrWrongKey)
}

// TestPassphrase opens a file by a passphrase, and by no other.
func TestPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, Passphrase("open sesame"))
	save(t, s, ada())
	s.Close()
	s = open(t, path, Passphrase("open sesame"))
	if !reflect.DeepEqual(load(t, s), ada()) {
		t.Error("what was saved has changed")
	}
	s.Close()
	if _, err := Open(path, Passphrase("open barley")); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := Open(path, rawKey); !errors.Is(err, ErrWrongKey) {
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
	if _, err := Open(path, Passphrase("open sesame")); !errors.Is(err, ErrNotCredentials) {
		t.Errorf("an impossible cost: %v", err)
	}
}

// TestFileInUse has one program at a time use a file (R-IX-20).
func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	s := open(t, path, rawKey)
	if _, err := Open(path, rawKey); !errors.Is(err, ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	s.Close()
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if err := s.Save(new(telegram.Credentials)); !errors.Is(err, fs.ErrClosed) {
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
	save(t, s, ada())
	first, _ := os.ReadFile(path)
	save(t, s, ada())
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
	save(t, s, ada())
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var failed *Error
	if err := s.Save(&telegram.Credentials{DC: 1}); !errors.As(err, &failed) {
		t.Errorf("saved into nowhere: %v", err)
	}
	if !reflect.DeepEqual(load(t, s), ada()) {
		t.Error("what was not saved is loaded")
	}
	if _, err := Open(filepath.Join(dir, "credentials"), rawKey); !errors.Is(err, fs.ErrNotExist) {
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
	if err != nil || !bytes.Equal(key.raw, again.raw) || len(key.raw) != KeySize {
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

package telegram_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/telegram"
	"godwit/telegram/filestore"
	"godwit/telegram/updates"
)

// full has something in every field.
func full() telegram.Credentials {
	return telegram.Credentials{
		DC: 2, UserID: 77, Bot: true,
		Keys: map[int]telegram.DCKey{
			1: {Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{1}), Imported: true},
			2: {
				Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{2, 255: 9}),
				Salts: []session.Salt{{
					Value: -5, ValidSince: 100, ValidUntil: 200,
				}},
				Temporary: telegram.TemporaryKey{
					Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{3, 255: 8}), Expires: time.Unix(300, 0).UTC(),
					Salts: []session.Salt{{Value: 6, ValidSince: 150, ValidUntil: 250}},
				},
			},
		},
		State: updates.State{
			Common: updates.Common{PTS: 1, QTS: 2, Date: 3, Seq: 4}, Channels: map[int64]int32{1 << 40: 5},
		},
		LogoutTokens: []telegram.LogoutToken{{1, 2}, {3}},
		Addresses:    []telegram.DC{{ID: 2, Host: "192.0.2.1", Port: 443, ThisPortOnly: true}}, PreferIPv6: true, NetworkKeys: []int64{-5, 7},
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
func stores(t *testing.T) map[string]func() (telegram.Store, func() telegram.Store) {
	path := filepath.Join(t.TempDir(), "credentials")
	open := func() *filestore.Store {
		s, err := filestore.Open(path, filestore.RawKey([filestore.KeySize]byte{4, 2}))
		check(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	return map[string]func() (telegram.Store, func() telegram.Store){
		"memory": func() (telegram.Store, func() telegram.Store) {
			s := new(telegram.MemoryStore)
			return s, func() telegram.Store { return s }
		},
		"file": func() (telegram.Store, func() telegram.Store) {
			s := open()
			return s, func() telegram.Store {
				s.Close()
				return open()
			}
		},
	}
}

func load(t *testing.T, s telegram.Store) telegram.Credentials {
	t.Helper()
	c, err := s.Load()
	check(t, err)
	return c
}

// TestStores has every Store give back what was saved, and keep nothing that
// goes on changing.
func TestStores(t *testing.T) {
	for name, make := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s, again := make()
			if c := load(t, s); !reflect.DeepEqual(c, telegram.Credentials{}) {
				t.Error("a new store is not empty")
			}
			check(t, s.Save(&telegram.Credentials{DC: 9}))
			c := full()
			check(t, s.Save(&c))
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

// TestSecretsDoNotPrint has nothing secret reach a log by accident.
func TestSecretsDoNotPrint(t *testing.T) {
	c := full()
	memory := new(telegram.MemoryStore)
	check(t, memory.Save(&c))
	for name, v := range map[string]any{
		"credentials": c, "pointer": &c, "key": c.Keys[2], "temporary key": c.Keys[2].Temporary, "token": c.LogoutTokens[0], "tokens": c.LogoutTokens,
		"raw key": filestore.RawKey([filestore.KeySize]byte{1}), "passphrase": filestore.Passphrase("hunter2"), "memory": memory,
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
			if !strings.Contains(s, "[redacted]") || strings.Contains(s, "hunter2") {
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
		err := new(telegram.Credentials).UnmarshalBinary([]byte(s))
		if err == nil || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %q", s, err, what)
		}
	}
	for n := range whole {
		if new(telegram.Credentials).UnmarshalBinary(whole[:n]) == nil {
			t.Errorf("%d of %d bytes are accepted", n, len(whole))
		}
	}
	if new(telegram.Credentials).UnmarshalBinary(append(whole, 0, 0, 0, 0)) == nil {
		t.Error("bytes behind the credentials are accepted")
	}
}

// TestOlderCredentials reads what was written before there were temporary keys.
func TestOlderCredentials(t *testing.T) {
	key := [mtproto.AuthKeySize]byte{2, 255: 9}
	old, err := hex.DecodeString("0100646702000000020000004d00000000000000379779bcb5757299" + strings.Repeat("0", 40) +
		"0100000002000000fe000100" + hex.EncodeToString(key[:]) + strings.Repeat("0", 16) + "b5757299" + strings.Repeat("0", 32))
	check(t, err)
	var got telegram.Credentials
	check(t, got.UnmarshalBinary(old))
	want := telegram.Credentials{
		DC: 2, UserID: 77, PreferIPv6: true,
		Keys: map[int]telegram.DCKey{2: {Key: mtproto.NewAuthKey(key), Imported: true}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the credentials are others")
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
		var first, second telegram.Credentials
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

package telegram_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"godwit/telegram"
)

// TestKeyLog has the keys that packets are encrypted with written down for
// those who ask for it, a line each: the temporary ones and not those that
// vouch for them (R-PF-01).
func TestKeyLog(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610001", "Ann")
	var log bytes.Buffer
	store := new(telegram.MemoryStore)
	o := p.options()
	o.KeyLog, o.Store = &log, store
	c := p.signIn(o, "9996610001")
	check(t, c.Close())
	credentials, err := store.Load()
	check(t, err)
	lines := bytes.Fields(log.Bytes())
	if len(lines) == 0 {
		t.Fatal("no key was written")
	}
	for _, line := range lines {
		key, err := hex.DecodeString(string(line))
		if err != nil || len(key) != 256 {
			t.Fatalf("%q is no key: %v", line, err)
		}
		for dc, stored := range credentials.Keys {
			if bytes.Equal(key, stored.Key.Bytes()) {
				t.Errorf("the permanent key of DC %d was used", dc)
			}
		}
	}
	o.KeyLog = broken{}
	again := p.signIn(o, "9996610001")
	if again.Self() == nil {
		t.Error("a log that cannot be written keeps the client from working")
	}
}

// TestKeepTemporaryKeys has a client that starts again go on with the temporary key
// of the one before, where those are stored, and make another where they are not
// (R-PF-13).
func TestKeepTemporaryKeys(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610001", "Ann")
	for _, keep := range []bool{true, false} {
		var logs [2]bytes.Buffer
		store := new(telegram.MemoryStore)
		for i := range logs {
			o := p.options()
			o.KeyLog, o.Store, o.KeepTemporaryKeys = &logs[i], store, keep
			c := p.signIn(o, "9996610001")
			if c.Self() == nil {
				t.Error("nobody is signed in")
			}
			check(t, c.Close())
		}
		before := bytes.Fields(logs[0].Bytes())
		for _, key := range bytes.Fields(logs[1].Bytes()) {
			if known := slices.ContainsFunc(before, func(k []byte) bool { return bytes.Equal(k, key) }); known != keep {
				t.Errorf("kept: %v; the key is the one of before: %v", keep, known)
			}
		}
	}
}

// broken is a full disk.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

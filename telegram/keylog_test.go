package telegram_test

import (
	"bytes"
	"encoding/hex"
	"errors"
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

// broken is a full disk.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

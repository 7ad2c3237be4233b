package telegram_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/tg"
)

// newStrictPlace is newPlace with a rule for keys in two places.
func newStrictPlace(t *testing.T, rule sandbox.DuplicateRule) *place {
	t.Helper()
	key, err := serverKey()
	check(t, err)
	sb, err := sandbox.New(sandbox.Options{PrivateKey: key, Duplicates: rule})
	check(t, err)
	check(t, sb.Start())
	t.Cleanup(func() { check(t, sb.Close()) })
	path := filepath.Join(t.TempDir(), "connection.json")
	check(t, sb.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	check(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return &place{sb, t, ctx, network, file}
}

// from dials from another address of this machine.
func from(address string) telegram.DialFunc {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return func(ctx context.Context, to string) (net.Conn, error) { return d.DialContext(ctx, "tcp", to) }
}

// R-ER-09, R-IX-20: stored credentials that are used in two places at once are
// of no use from then on, under the sandbox's rules; with temporary keys and
// without.
func TestDuplicatedKey(t *testing.T) {
	const phone = "9996621001"
	for _, test := range []struct {
		name       string
		rule       sandbox.DuplicateRule
		address    string // of the second client
		duplicated bool
	}{
		{"allowed", sandbox.DuplicatesAllowed, "127.0.0.2", false},
		{"by address, the same", sandbox.DuplicatesByAddress, "127.0.0.1", false},
		{"by address, another", sandbox.DuplicatesByAddress, "127.0.0.2", true},
		{"by connection", sandbox.DuplicatesByConnection, "127.0.0.1", true},
	} {
		for _, permanent := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				p := newStrictPlace(t, test.rule)
				p.addUser(phone, "Ada")
				store := new(telegram.MemoryStore)
				o := p.options()
				o.PermanentKeyOnly, o.Store, o.Dial = permanent, store, from("127.0.0.1")
				first := p.signIn(o, phone)
				copied := new(telegram.MemoryStore)
				credentials, err := store.Load()
				check(t, err)
				check(t, copied.Save(&credentials))
				o.Store, o.Dial = copied, from(test.address)
				second, err := telegram.Connect(p.ctx, o)
				if err == nil {
					defer second.Close()
					err = second.Lapsed()
				}
				// One of the two has found out by now, or does when both go on.
				for range 4 {
					if err == nil {
						_, err = tg.Call(p.ctx, first, &tg.UpdatesGetState{})
					}
					if err == nil {
						_, err = tg.Call(p.ctx, second, &tg.UpdatesGetState{})
					}
				}
				if got := errors.Is(err, tg.ErrAuthKeyDuplicated); got != test.duplicated || !got && err != nil {
					t.Errorf("permanent key only %v: %v", permanent, err)
				}
			})
		}
	}
}

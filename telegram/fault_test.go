package telegram_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/mtproto/mtclient"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/tg"
)

// What a client does about what the sandbox has go wrong. Each case signs in
// anew; then something happens, and the client is to go on or to know why not.
func TestMishaps(t *testing.T) {
	const phone = "9996611001"
	rule := func(f sandbox.Fault) func(*place) error {
		return func(p *place) error {
			_, err := p.AddFault(f)
			return err
		}
	}
	for _, test := range []struct {
		name   string
		happen func(*place) error
		want   error // nil: it goes on
	}{
		{"connections dropped", func(p *place) error { return p.DropConnections(phone) }, nil},
		{"all connections dropped", func(p *place) error { p.DropAllConnections(); return nil }, nil},
		{"salts changed", func(p *place) error { p.ChangeSalts(); return nil }, nil},
		{"clock ahead", func(p *place) error { p.SkewClock(time.Hour); return nil }, nil},
		{"clock behind", func(p *place) error { p.SkewClock(-time.Hour); return nil }, nil},
		{"temporary keys gone", func(p *place) error { return p.EndKeys(phone, true) }, nil},
		{"moved", func(p *place) error { return p.MoveAccount(phone, 2) }, nil},
		{"connections refused for a while", func(p *place) error {
			p.DropAllConnections()
			return rule(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 3})(p)
		}, nil},
		{"query lost", rule(sandbox.Fault{Kind: sandbox.FaultLoseRequest, Method: "updates.getState", Times: 1}), nil},
		{"answer lost", rule(sandbox.Fault{Kind: sandbox.FaultLoseAnswer, Method: "updates.getState", Times: 1}), nil},
		{"server failure", rule(sandbox.Fault{Kind: sandbox.FaultError, Error: "500 INTERNAL", Method: "updates.*", Times: 1}), nil},
		{"flood wait", rule(sandbox.Fault{Kind: sandbox.FaultError, Error: "FLOOD_WAIT_1", Method: "updates.*", Times: 1}), nil},
		{"delay", rule(sandbox.Fault{Kind: sandbox.FaultDelay, Delay: 100 * time.Millisecond, Times: 1}), nil},

		{"long flood wait", rule(sandbox.Fault{Kind: sandbox.FaultError, Error: "FLOOD_WAIT_3600"}), tg.ErrFloodWait},
		{"banned", func(p *place) error { return p.Ban(phone) }, tg.ErrUserDeactivatedBan},
		{"revoked", func(p *place) error { return p.EndSessions(phone, sandbox.SessionRevoked) }, tg.ErrSessionRevoked},
		{"expired", func(p *place) error { return p.EndSessions(phone, sandbox.SessionExpired) }, tg.ErrSessionExpired},
		{"unregistered", func(p *place) error { return p.EndSessions(phone, sandbox.SessionUnregistered) }, tg.ErrAuthKeyUnregistered},
		{"keys gone", func(p *place) error {
			p.SkewClock(time.Hour) // a young key is not given up so soon (R-PF-12)
			return p.EndKeys(phone, false)
		}, mtclient.ErrKeyUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPlace(t)
			p.addUser(phone, "Ada")
			c := p.signIn(p.options(), phone)
			check(t, test.happen(p))
			_, err := tg.Call(p.ctx, c, &tg.UpdatesGetState{})
			if test.want == nil && err != nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if test.want == nil {
				p.send(c, &tg.InputPeerSelf{}, "still here")
				if n := len(p.Ledger()); n != 1 {
					t.Errorf("%d messages were sent", n)
				}
			}
		})
	}
}

// Silence ends: what was asked meanwhile is answered after it.
func TestSilence(t *testing.T) {
	const phone = "9996611001"
	p := newPlace(t)
	p.addUser(phone, "Ada")
	c := p.signIn(p.options(), phone)
	id, err := p.AddFault(sandbox.Fault{Kind: sandbox.FaultSilence, Account: phone})
	check(t, err)
	answered := make(chan error, 1)
	go func() {
		_, err := tg.Call(p.ctx, c, &tg.UpdatesGetState{})
		answered <- err
	}()
	for silent := false; !silent; {
		for _, f := range p.Faults() {
			silent = f.Hits > 0
		}
	}
	select {
	case err := <-answered:
		t.Fatalf("answered through the silence: %v", err)
	default:
	}
	p.RemoveFault(id)
	check(t, p.DropConnections(phone)) // or it would be noticed by a ping, after a while
	check(t, <-answered)
}

// R-UP-20: updates that are lost are fetched when later ones show the gap.
func TestLostUpdatesAreFetched(t *testing.T) {
	const ada, bob = "9996611001", "9996611002"
	p := newPlace(t)
	p.addUser(ada, "Ada")
	p.addUser(bob, "Bob")
	in := newInbox()
	o := p.options()
	o.Handler = in.handler()
	p.signIn(o, ada)
	writer := p.signIn(p.options(), bob)
	to := p.contact(writer, ada)
	_, err := p.AddFault(sandbox.Fault{Kind: sandbox.FaultLoseUpdates, Account: ada, Times: 3})
	check(t, err)
	var texts []string
	for i := range 5 {
		texts = append(texts, fmt.Sprint("message ", i))
	}
	p.send(writer, to, texts...)
	in.want(p.ctx, t, texts...)
}

// R-ER-09, R-IX-20: one client that comes back is no incident, however often and
// by whatever way, with temporary keys and without; two that hold one key are one
// incident, found at once.
func TestIncidents(t *testing.T) {
	const phone = "9996611001"
	for _, rule := range []sandbox.DuplicateRule{sandbox.DuplicatesByAddress, sandbox.DuplicatesByConnection} {
		for _, permanent := range []bool{false, true} {
			t.Run(fmt.Sprint(rule, permanent), func(t *testing.T) {
				p := newStrictPlace(t, rule)
				p.addUser(phone, "Ada")
				store := new(telegram.MemoryStore)
				o := p.options()
				o.PermanentKeyOnly, o.Store, o.Dial = permanent, store, from("127.0.0.1")
				c := p.signIn(o, phone)
				ask := func() {
					t.Helper()
					_, err := tg.Call(p.ctx, c, &tg.UpdatesGetState{})
					check(t, err)
				}
				for i := range 3 {
					check(t, p.DropConnections(phone))
					ask()
					if !permanent {
						check(t, p.EndKeys(phone, true))
						ask()
					}
					// The next owner of the account, after the last one has let go.
					check(t, c.Close())
					o.Dial = from(fmt.Sprintf("127.0.0.%d", 2+i))
					var err error
					c, err = telegram.Connect(p.ctx, o)
					check(t, err)
					defer c.Close()
					ask()
				}
				if got := p.Incidents(); len(got) != 0 {
					t.Fatalf("incidents of one client: %+v", got)
				}
				o.Dial = from("127.0.0.9")
				thief, err := telegram.Connect(p.ctx, o)
				for i := 0; err == nil && i < 4; i++ {
					if _, err = tg.Call(p.ctx, thief, &tg.UpdatesGetState{}); err == nil {
						_, err = tg.Call(p.ctx, c, &tg.UpdatesGetState{})
					}
				}
				if thief != nil {
					defer thief.Close()
				}
				got := p.Incidents()
				if len(got) != 1 || got[0].UserID != c.Self().ID || got[0].DC != 1 || got[0].Other == "" || got[0].One == "" || got[0].Date.IsZero() {
					t.Errorf("incidents %+v after %v", got, err)
				}
			})
		}
	}
}

package service_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// write gives an account a message for somebody.
func write(n *trial.Node, id bridge.AccountID, to string, at time.Time, priority bridge.Priority) (*httpapi.Accepted, error) {
	n.Helper()
	peer, err := bridge.ParsePeer(to)
	n.Check(err)
	return n.Service.Send(n.Context(), httpapi.SendRequest{
		Account: id, To: peer, Content: httpapi.NewContent{Text: "hello"}, SendAt: at, Priority: priority,
	})
}

// paused returns an account that is signed in, and stopped: what it is given
// waits.
func paused(n *trial.Node) bridge.AccountID {
	n.Helper()
	const phone = "9996620001"
	_, err := n.Sandbox.AddUser(phone, "Ann", "")
	n.Check(err)
	id := n.Add()
	n.SignIn(id, phone)
	_, err = n.Service.Pause(n.Context(), id)
	n.Check(err)
	return id
}

// What waits before a message and takes from the same budget is reckoned with in
// when the message may go at the earliest.
func TestEarliestSendAt(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		id := paused(n)
		n.Check(n.Store.Change(n.Context(), func(t *store.Tx) error {
			return t.SetBudgetPlan(id, "UTC", bridge.BudgetPlan{
				bridge.BudgetFirstMessages: {Limits: map[bridge.Window]int{bridge.PerHour: 2}},
				bridge.BudgetMessages:      {Limits: map[bridge.Window]int{bridge.PerHour: 2}},
			})
		}))
		hours := func(a *httpapi.Accepted, err error) string {
			n.Helper()
			n.Check(err)
			return fmt.Sprint(int(time.Until(a.EarliestSendAt).Round(10*time.Minute).Hours() + 0.1))
		}
		var got []string
		for i := range 6 {
			got = append(got, hours(write(n, id, fmt.Sprint("username:person_", i), time.Time{}, bridge.PriorityBulk)))
		}
		if want := "0 0 1 1 2 2"; strings.Join(got, " ") != want {
			t.Errorf("they may go in %s hours, want %s", got, want)
		}
		if h := hours(write(n, id, "username:urgent", time.Time{}, bridge.PriorityConversation)); h != "0" {
			t.Errorf("what comes before them in %s hours", h)
		}
		later := time.Now().Add(24 * time.Hour)
		if h := hours(write(n, id, "username:tomorrow", later, bridge.PriorityBulk)); h != "27" {
			t.Errorf("what is given for tomorrow in %s hours", h)
		}
		if h := hours(write(n, id, "username:before_that", time.Time{}, bridge.PriorityBulk)); h != "3" {
			t.Errorf("what is given before that in %s hours", h)
		}
	})
}

// Who is known by another name than the one that is given is not written to
// either, if that one is on the suppression list.
func TestSuppressedByAnotherName(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		n.Service.Pools = pool.New(pool.Options{Store: n.Store, Suppression: pool.Listed{}, Outbox: n.Service, Now: time.Now})
		id := paused(n)
		now := time.Now()
		name, err := bridge.NewID[bridge.ConversationID](now, bridge.MonotonicEntropy(zeros{}))
		n.Check(err)
		n.Check(n.Store.Change(n.Context(), func(t *store.Tx) error {
			_, err := t.AddConversations([]*bridge.Conversation{{
				ID: name, AccountID: id, Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 77}, Username: "Boris", Phone: "9996620007",
				PersonWrote: true, CreatedAt: now,
			}})
			return err
		}))
		names := []string{"user:77", "username:boris", "phone:9996620007"}
		for _, to := range names {
			if _, err := write(n, id, to, time.Time{}, 0); err != nil {
				t.Errorf("to %s: %v", to, err)
			}
		}
		for _, person := range []bridge.Person{{UserID: 77}, {Username: "boris"}, {Phone: "9996620007"}} {
			v, err := n.Service.Suppress(n.Context(), person, "", "key_1")
			n.Check(err)
			for _, to := range names {
				if _, err := write(n, id, to, time.Time{}, 0); bridge.CodeOf(err) != bridge.CodeSuppressed {
					t.Errorf("to %s, with %+v on the list: %v", to, person, err)
				}
			}
			if _, err := write(n, id, "username:anna", time.Time{}, 0); err != nil {
				t.Errorf("to somebody else: %v", err)
			}
			n.Check(n.Service.Unsuppress(n.Context(), v.ID))
		}
	})
}

// zeros are not random.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// What is stored first goes first, however long ago the other one was asked for.
func TestStoredInOrder(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		id := paused(n)
		asked, overtaken := make(chan struct{}), make(chan struct{})
		var begun atomic.Bool
		late := false
		n.Service.Now = func() time.Time {
			now := time.Now()
			if begun.CompareAndSwap(false, true) {
				close(asked)
				select {
				case <-overtaken:
					late = true
				case <-time.After(time.Second): // the other one waits for this one
				}
				return now.Add(-time.Second)
			}
			return now
		}
		first := make(chan *httpapi.Accepted)
		go func() {
			defer close(first)
			a, err := write(n, id, "username:benjamin", time.Time{}, bridge.PriorityBulk)
			if err != nil {
				t.Error(err)
			}
			first <- a
		}()
		<-asked
		second, err := write(n, id, "username:benjamin", time.Time{}, bridge.PriorityBulk)
		n.Check(err)
		close(overtaken)
		if a := <-first; a != nil && late && a.ID < second.ID {
			t.Errorf("%s is stored after %s, and would go before it", a.ID, second.ID)
		}
	})
}

// What is stored first goes first though the clock has been set back since, or is
// another node's.
func TestClockSetBack(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		id := paused(n)
		var ahead time.Duration
		n.Service.Now = func() time.Time { return time.Now().Add(ahead) }
		var before bridge.MessageID
		for _, ahead = range []time.Duration{0, time.Hour, time.Minute, 0, 2 * time.Hour} {
			a, err := write(n, id, "username:benjamin", time.Time{}, bridge.PriorityBulk)
			n.Check(err)
			if a.ID <= before {
				t.Errorf("%s is stored after %s, and would go before it", a.ID, before)
			}
			before = a.ID
		}
	})
}

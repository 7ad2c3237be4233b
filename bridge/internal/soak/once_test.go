package soak

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

var (
	messages     = flag.Int("messages", 200, "how many messages are sent")
	accounts     = flag.Int("accounts", 4, "by how many accounts")
	disturbances = flag.Int("disturbances", 3, "how often something fails meanwhile")
	seed         = flag.Uint64("seed", 1, "which of the possible failures there are")
)

// unlimited lets everything go at once.
var unlimited = map[string]any{"time_zone": "UTC", "plan": map[string]any{
	"messages": noLimit, "first_messages": noLimit, "posts": noLimit, "lookups": noLimit,
}}

var noLimit = map[string]any{"limits": map[string]int{}}

// TestOnce sends messages while nodes and PostgreSQL are killed and the network
// is cut, and compares what the sandbox has taken with what the bridge has
// stored: each message once, in the order of its conversation.
func TestOnce(t *testing.T) {
	w := newWorld(t, 2)
	ctx := t.Context()
	const people = 5 // that each account writes to
	for p := range people {
		phone := fmt.Sprintf("99966%d9%03d", p%2+1, p)
		_, err := w.sandbox.AddUser(phone, fmt.Sprint("person ", p), "")
		w.check(err)
		w.check(w.sandbox.SetUsername(phone, fmt.Sprintf("person_%d", p)))
	}
	ids := w.signInAll(ctx, *accounts)
	stop := make(chan struct{})
	var accepted atomic.Int64
	var disturbing sync.WaitGroup
	disturbing.Go(func() { w.disturb(stop, &accepted) })
	w.sendAll(ctx, ids, people, &accepted)
	close(stop)
	disturbing.Wait()
	w.compare(ctx, ids, people)
}

// signInAll adds accounts and signs them in.
func (w *world) signInAll(ctx context.Context, n int) []string {
	ids := make([]string, n)
	var working sync.WaitGroup
	turns := make(chan struct{}, 8)
	for i := range n {
		working.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			dc := i%2 + 1
			phone := fmt.Sprintf("99966%d%04d", dc, i)
			if _, err := w.sandbox.AddUser(phone, fmt.Sprint("account ", i), ""); err != nil {
				w.Error(err)
				return
			}
			var a struct {
				ID string `json:"id"`
			}
			w.ask(ctx, i, "POST", "/v1/accounts", "", map[string]string{"name": phone}, &a)
			ids[i] = a.ID
			path := "/v1/accounts/" + a.ID
			w.ask(ctx, i, "PUT", path+"/budget", "", unlimited, nil)
			w.ask(ctx, i, "POST", path+"/sign-in", "", nil, nil)
			w.ask(ctx, i, "POST", path+"/sign-in/answers", "", map[string]string{"action": "phone", "text": phone}, nil)
			code := fmt.Sprint(dc * 11111)
			var step struct {
				Step string `json:"step"`
			}
			w.ask(ctx, i, "POST", path+"/sign-in/answers", "", map[string]string{"action": "code", "text": code}, &step)
			if step.Step != "done" {
				w.Errorf("account %d is at step %q after its code", i, step.Step)
			}
		})
	}
	working.Wait()
	if w.Failed() {
		w.FailNow()
	}
	return ids
}

// sendAll gives all messages to the bridge, by several programs at once, each of
// which writes to one person by one account at a time, in order.
func (w *world) sendAll(ctx context.Context, ids []string, people int, accepted *atomic.Int64) {
	var sending sync.WaitGroup
	turns := make(chan struct{}, 32)
	lanes := len(ids) * people
	for lane := range lanes {
		sending.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			for n := lane; n < *messages; n += lanes {
				body := map[string]string{"to": fmt.Sprintf("@person_%d", lane%people), "text": fmt.Sprintf("%06d", n)}
				w.ask(ctx, n, "POST", "/v1/accounts/"+ids[lane/people]+"/messages", fmt.Sprint("message ", n), body, nil)
				accepted.Add(1)
			}
		})
	}
	sending.Wait()
}

// disturb has things fail, spread over the time of the sending, and a moment
// after it.
func (w *world) disturb(stop <-chan struct{}, accepted *atomic.Int64) {
	random := rand.New(rand.NewPCG(*seed, 2))
	for i := range *disturbances {
		due := int64(*messages) * int64(i+1) / int64(*disturbances+1)
		for accepted.Load() < due {
			select {
			case <-stop:
			case <-time.After(10 * time.Millisecond):
				continue
			}
			break
		}
		switch random.IntN(3) {
		case 0:
			n := w.nodes[random.IntN(len(w.nodes))]
			w.Logf("node at %s is killed", n.options.Listen)
			n.kill()
			n.start()
		case 1:
			w.Log("PostgreSQL is killed")
			w.check(w.postgres.Kill())
			w.check(w.postgres.Restart())
		case 2:
			w.Log("the network is cut")
			for _, n := range w.nodes {
				for _, p := range n.proxies {
					p.Cut()
				}
			}
		}
	}
}

// compare waits until everything is delivered, and compares the ledger of the
// sandbox with the database.
func (w *world) compare(ctx context.Context, ids []string, people int) {
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	progress, last := time.Now(), -1
	for {
		left := 0
		for _, id := range ids {
			b, err := s.Backlog(ctx, bridge.AccountID(id), time.Now().Add(24*time.Hour))
			w.check(err)
			left += b.Queued
		}
		if left == 0 {
			break
		}
		if left != last {
			progress, last = time.Now(), left
		} else if time.Since(progress) > patience {
			w.Fatalf("%d messages are not delivered, and nothing happens any more", left)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			w.Fatal(ctx.Err())
		}
	}
	times := make(map[string]int)
	type lane struct{ from, to int64 }
	newest := make(map[lane]string)
	for _, e := range w.sandbox.Ledger() {
		if len(e.Text) != 6 {
			continue // of Telegram's own
		}
		times[e.Text]++
		l := lane{e.From, e.PeerID}
		if e.Text < newest[l] {
			w.Errorf("%s was sent after %s", e.Text, newest[l])
		}
		newest[l] = e.Text
	}
	for n := range *messages {
		if got := times[fmt.Sprintf("%06d", n)]; got != 1 {
			w.Errorf("message %d was sent %d times", n, got)
		}
	}
	stored, err := s.CountMessages(ctx)
	w.check(err)
	if stored[bridge.Delivered]+stored[bridge.Read] != *messages {
		w.Errorf("the database has %v, want %d delivered", stored, *messages)
	}
}

package webhook_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/webhook"
)

var notFound = &bridge.Error{Code: bridge.CodeNotFound}

// TestUnkindReceiver has a receiver that fails half its requests, is down for
// minutes and answers slowly get every event at least once, each conversation
// in order. Another webhook gets all of its own meanwhile.
func TestUnkindReceiver(t *testing.T) {
	const conversations, rounds = 12, 15
	onBoth(t, func(b *bench) {
		b.service = b.newService(func(o *webhook.Options) { o.Clock = clock{time.Now(), 50_000} })
		unkind, kind := newReceiver(b), newReceiver(b)
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(1, 2))
		down := atomic.Bool{}
		unkind.answer = func(e *received) int {
			mu.Lock()
			fails, slow := random.IntN(2) == 0, time.Duration(random.IntN(20))*time.Millisecond
			mu.Unlock()
			<-time.After(slow)
			switch {
			case down.Load():
				return http.StatusBadGateway
			case fails && e.attempt < 5:
				return http.StatusInternalServerError
			}
			return http.StatusOK
		}
		unkindID, secret := b.create(b.service, bridge.WebhookSpec{URL: unkind.URL})
		unkind.set(func(r *receiver) { r.secret = secret })
		b.create(b.service, bridge.WebhookSpec{URL: kind.URL})

		var names []bridge.ConversationID
		for range conversations {
			names = append(names, newID[bridge.ConversationID](b))
		}
		total := 0
		for round := range rounds {
			down.Store(round >= 5 && round < 10)
			for i, name := range names {
				b.add(b.accounts[i%len(b.accounts)], name, bridge.MessageReceived, 1+i%3)
				total += 1 + i%3
			}
			b.add(b.accounts[0], "", bridge.AccountOnline, 1)
			total++
			// What is down harms nobody else: the other webhook has got it all.
			checkOrder(b.TB, kind.awaitDelivered(total))
		}
		checkOrder(b.TB, unkind.awaitDelivered(total))
		w := b.settled(b.service, unkindID)
		if w.Dead != 0 {
			b.Errorf("%d were given up", w.Dead)
		}
		log, err := b.service.Deliveries(b.ctx, unkindID, bridge.DeliveryDone, 0, 1000)
		if err != nil || len(log) != total {
			b.Errorf("%d deliveries in the log, %v; want %d", len(log), err, total)
		}
	})
}

// TestSlowReceiver has a receiver that does not answer about one conversation
// get everything of the others, and a crash of whoever delivers lose nothing.
func TestSlowReceiver(t *testing.T) {
	onBoth(t, func(b *bench) {
		stuck := newID[bridge.ConversationID](b)
		b.service = b.newService(func(o *webhook.Options) { o.Concurrency, o.Timeout = 4, time.Minute })
		r := newReceiver(b)
		r.answer = func(e *received) int {
			if e.Conversation == string(stuck) {
				return 0
			}
			return http.StatusOK
		}
		id, _ := b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		b.add(b.accounts[0], stuck, bridge.MessageReceived, 40)
		for range 10 {
			b.add(b.accounts[0], newID[bridge.ConversationID](b), bridge.MessageReceived, 10)
		}
		checkOrder(b.TB, r.awaitDelivered(100))
		// Another takes over, as after a crash, without waiting for the first.
		r.set(func(r *receiver) { r.answer = nil })
		second := b.newServiceLike(b.service)
		b.delivering.Go(func() { b.deliver(second, id) })
		got := r.awaitDelivered(140)
		checkOrder(b.TB, got)
		b.settled(second, id)
	})
}

// TestBesideBadReceivers has a receiver get each event before the next happens,
// beside one that never answers, with as many requests under way as there may be, and
// one that fails all of them.
func TestBesideBadReceivers(t *testing.T) {
	const places, rounds = 4, 60
	onBoth(t, func(b *bench) {
		b.service = b.newService(func(o *webhook.Options) { o.Concurrency, o.Timeout = places, time.Hour })
		silent, failing, good := newReceiver(b), newReceiver(b), newReceiver(b)
		asked, over := make(chan bridge.EventID, rounds), make(chan struct{})
		defer close(over)
		silent.answer = func(e *received) int {
			asked <- e.ID
			<-over
			return http.StatusOK
		}
		failing.answer = func(*received) int { return http.StatusInternalServerError }
		for _, r := range []*receiver{silent, failing, good} {
			b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		}
		next := func(n int) {
			b.add(b.accounts[0], newID[bridge.ConversationID](b), bridge.MessageReceived, 1)
			good.awaitDelivered(n)
		}
		for n := range places {
			next(n + 1)
		}
		for range places { // from here on, nothing goes to it until an hour has passed
			<-asked
		}
		for n := places; n < rounds; n++ {
			next(n + 1)
		}
		failing.await(func(got []*received) bool { return len(got) >= rounds })
		if n := len(asked); n != 0 {
			b.Errorf("the silent one was asked %d more times than it may be at once", n)
		}
		for i, e := range good.awaitDelivered(rounds) {
			if e.attempt != 1 || e.Seq != int64(i+1) {
				b.Errorf("event %d came as number %d, attempt %d", e.Seq, i+1, e.attempt)
			}
		}
	})
}

// TestGivenUp has events that are never taken tried at the times of the
// schedule, given up after the last one, and delivered in the end when they are
// replayed.
func TestGivenUp(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := clock{time.Now(), 200_000} // three days in a second and a half
		b.service = b.newService(func(o *webhook.Options) { o.Clock = c })
		r := newReceiver(b)
		var mu sync.Mutex
		var times []time.Time
		bad := newID[bridge.ConversationID](b)
		r.answer = func(e *received) int {
			if e.Conversation != string(bad) {
				return http.StatusOK
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, c.Now())
			return http.StatusTeapot
		}
		id, _ := b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		given := b.add(b.accounts[0], bad, bridge.MessageReceived, 1)[0]
		good := newID[bridge.ConversationID](b)
		b.add(b.accounts[0], good, bridge.MessageReceived, 3)
		r.awaitDelivered(3)
		r.await(func(got []*received) bool { return len(got) == 13 })
		w := b.settled(b.service, id)
		if w.Dead != 1 {
			b.Errorf("%d were given up", w.Dead)
		}
		least := []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
			10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		}
		mu.Lock()
		if len(times) != 10 {
			b.Fatalf("%d attempts", len(times))
		}
		for i, d := range least {
			if waited := times[i+1].Sub(times[i]); waited < d*9/10 {
				b.Errorf("attempt %d came %v after the one before, want %v at least", i+2, waited, d*9/10)
			}
		}
		mu.Unlock()
		dead, err := b.service.Deliveries(b.ctx, id, bridge.DeliveryDead, 0, 10)
		if err != nil || len(dead) != 1 || dead[0].EventID != given.ID || dead[0].Attempts != 10 ||
			dead[0].Status != http.StatusTeapot || dead[0].Error != "418 I'm a teapot" || dead[0].At.IsZero() {
			b.Errorf("dead letters: %+v, %v", dead, err)
		}
		r.set(func(r *receiver) { r.answer = nil })
		b.check(b.service.Replay(b.ctx, bridge.Replay{WebhookID: id, OnlyDead: true}))
		r.awaitDelivered(4)
		if w := b.settled(b.service, id); w.Dead != 0 {
			b.Errorf("%d are still given up", w.Dead)
		}
	})
}

// TestReplay has a range of events delivered once more, and no others.
func TestReplay(t *testing.T) {
	onBoth(t, func(b *bench) {
		r := newReceiver(b)
		id, _ := b.create(b.service, bridge.WebhookSpec{URL: r.URL, Types: []bridge.EventType{bridge.MessageReceived}})
		conversation := newID[bridge.ConversationID](b)
		b.add(b.accounts[0], conversation, bridge.MessageReceived, 300)
		b.add(b.accounts[0], conversation, bridge.MessageSent, 5)
		r.awaitDelivered(300)
		b.settled(b.service, id)
		log, err := b.service.Deliveries(b.ctx, id, "", 0, 1000)
		b.check(err)
		if len(log) != 300 || log[0].Position <= log[299].Position {
			b.Fatalf("%d deliveries in the log", len(log))
		}
		after, upTo := log[280].Position, log[30].Position
		b.check(b.service.Replay(b.ctx, bridge.Replay{WebhookID: id, After: after, UpTo: upTo}))
		got := r.await(func(got []*received) bool { return len(got) == 550 })
		for i, e := range got[300:] {
			if want := log[279-i].EventID; e.ID != want {
				b.Fatalf("%d: %s is replayed, want %s", i, e.ID, want)
			}
		}
		b.settled(b.service, id)
		b.add(b.accounts[0], conversation, bridge.MessageReceived, 1)
		r.await(func(got []*received) bool { return len(got) == 551 })
		for _, replay := range []bridge.Replay{
			{WebhookID: id, After: 9, UpTo: 9}, {WebhookID: id, After: 1 << 40},
		} {
			if err := b.service.Replay(b.ctx, replay); !errors.Is(err, &bridge.Error{Code: bridge.CodeInvalidRequest}) {
				b.Errorf("%+v: %v", replay, err)
			}
		}
		if err := b.service.Replay(b.ctx, bridge.Replay{WebhookID: "hook_none", UpTo: 9}); !errors.Is(err, notFound) {
			b.Error(err)
		}
	})
}

// TestGone has a receiver that answers 410 left alone, until its webhook is
// enabled again: then it gets what it has missed.
func TestGone(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.service = b.newService(func(o *webhook.Options) { o.Clock = clock{time.Now(), 1000} })
		r := newReceiver(b)
		r.answer = func(*received) int { return http.StatusGone }
		id, _ := b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		b.add(b.accounts[0], "", bridge.AccountOnline, 3)
		r.await(func(got []*received) bool { return len(got) == 1 })
		for {
			w, err := b.service.Webhook(b.ctx, id)
			b.check(err)
			if w.Disabled != "" {
				break
			}
			<-time.After(time.Millisecond)
		}
		b.add(b.accounts[0], "", bridge.AccountOnline, 3)
		b.check(b.service.Watch(b.ctx)) // which would have it go on
		r.set(func(r *receiver) { r.answer = nil })
		_, err := b.service.Enable(b.ctx, id)
		b.check(err)
		checkOrder(b.TB, r.awaitDelivered(6))
	})
}

// TestRetryAfter has a receiver left alone for as long as it asks to be.
func TestRetryAfter(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := clock{time.Now(), 1000}
		b.service = b.newService(func(o *webhook.Options) { o.Clock = c })
		r := newReceiver(b)
		var asked, again atomic.Int64
		r.answer = func(e *received) int {
			if asked.CompareAndSwap(0, c.Now().UnixNano()) {
				e.response.Set("Retry-After", "240")
				return http.StatusTooManyRequests
			}
			again.CompareAndSwap(0, c.Now().UnixNano())
			return http.StatusOK
		}
		id, _ := b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		r.await(func(got []*received) bool { return len(got) == 1 })
		b.add(b.accounts[1], "", bridge.AccountOnline, 1) // another lane has to wait too
		r.awaitDelivered(2)
		if waited := time.Duration(again.Load() - asked.Load()); waited < 240*time.Second {
			b.Errorf("asked again after %v", waited)
		}
		b.settled(b.service, id)
	})
}

// TestFilters has webhooks get what they want alone.
func TestFilters(t *testing.T) {
	onBoth(t, func(b *bench) {
		pool := bridge.PoolID("pool_1")
		b.service = b.newService(func(o *webhook.Options) { o.Pools = b.pools(pool, b.accounts[2]) })
		conversation := newID[bridge.ConversationID](b)
		specs := []bridge.WebhookSpec{
			{Types: []bridge.EventType{bridge.MessageSent}},
			{Accounts: []bridge.AccountID{b.accounts[0]}},
			{Pools: []bridge.PoolID{pool}},
			{Accounts: []bridge.AccountID{b.accounts[1]}, Pools: []bridge.PoolID{pool}, Types: []bridge.EventType{bridge.MessageReceived}},
		}
		receivers := make([]*receiver, len(specs))
		for i := range specs {
			receivers[i] = newReceiver(b)
			specs[i].URL = receivers[i].URL
			b.create(b.service, specs[i])
		}
		for range 2 {
			for _, account := range b.accounts {
				b.add(account, conversation, bridge.MessageReceived, 1)
				b.add(account, conversation, bridge.MessageSent, 1)
			}
		}
		for i, want := range []int{6, 4, 4, 4} {
			got := receivers[i].awaitDelivered(want)
			for _, e := range got {
				wanted := specs[i].Wants(&e.Event, map[bool][]bridge.PoolID{true: {pool}}[e.AccountID == b.accounts[2]])
				if !wanted || len(got) > want {
					b.Errorf("webhook %d: %s of %s, %d in all", i, e.Type, e.AccountID, len(got))
				}
			}
		}
	})
}

// TestChanges has a webhook changed while it is delivered to: its secret, which
// is valid beside the old one for a while, where it leads, and whether it is
// enabled.
func TestChanges(t *testing.T) {
	onBoth(t, func(b *bench) {
		r, other := newReceiver(b), newReceiver(b)
		id, first := b.create(b.service, bridge.WebhookSpec{URL: r.URL, Description: "the first"})
		r.set(func(r *receiver) { r.secret = first })
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		r.awaitDelivered(1)
		second, err := b.service.Rotate(b.ctx, id, time.Hour)
		b.check(err)
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		r.awaitDelivered(2) // checked by the first secret
		r.set(func(r *receiver) { r.secret = second })
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		r.awaitDelivered(3)
		third, err := b.service.Rotate(b.ctx, id, 0)
		b.check(err)
		r.set(func(r *receiver) { r.secret = third })
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		got := r.awaitDelivered(4)
		if n := len(got[3].header.Get("webhook-signature")); n != len("v1,")+44 {
			b.Errorf("signature %q", got[3].header.Get("webhook-signature"))
		}
		if first == second || second == third || fmt.Sprintf("%v %+v %#v %s", first, first, first, first) != "[redacted] [redacted] [redacted] [redacted]" {
			b.Error("secrets")
		}
		_, err = b.service.Disable(b.ctx, id, "by its operator")
		b.check(err)
		b.add(b.accounts[0], "", bridge.AccountOnline, 1)
		w, err := b.service.Update(b.ctx, id, bridge.WebhookSpec{URL: other.URL, Description: "the second"})
		if err != nil || w.Description != "the second" || w.Disabled != "by its operator" {
			b.Errorf("%+v, %v", w, err)
		}
		_, err = b.service.Enable(b.ctx, id)
		b.check(err)
		other.awaitDelivered(1)
		b.settled(b.service, id)
		if n := len(r.await(func([]*received) bool { return true })); n != 4 {
			b.Errorf("%d at the first receiver", n)
		}
		b.check(b.service.Delete(b.ctx, id))
		if _, err := b.service.Webhook(b.ctx, id); !errors.Is(err, notFound) {
			b.Error(err)
		}
	})
}

// TestTrying has a webhook tried out, whatever its receiver does.
func TestTrying(t *testing.T) {
	onBoth(t, func(b *bench) {
		r := newReceiver(b)
		id, secret := b.create(b.service, bridge.WebhookSpec{URL: r.URL})
		r.set(func(r *receiver) { r.secret = secret })
		attempt, err := b.service.Test(b.ctx, id)
		if err != nil || attempt.Status != http.StatusNoContent || attempt.Error != "" {
			b.Errorf("%+v, %v", attempt, err)
		}
		if got := r.awaitDelivered(1); got[0].Type != bridge.WebhookTest {
			b.Errorf("%+v", got[0])
		}
		r.Close()
		attempt, err = b.service.Test(b.ctx, id)
		if err != nil || attempt.Status != 0 || attempt.Error == "" {
			b.Errorf("%+v, %v", attempt, err)
		}
		if _, err := b.service.Test(b.ctx, "hook_none"); !errors.Is(err, notFound) {
			b.Error(err)
		}
	})
}

// TestRefused has what cannot be said about webhooks refused.
func TestRefused(t *testing.T) {
	b := newBench(t, "sqlite:"+t.TempDir()+"/a.db")
	strict := b.newService(func(o *webhook.Options) { o.Guard = webhook.Guard{} })
	for _, spec := range []bridge.WebhookSpec{
		{URL: "http://example.com/"}, {URL: "https://127.0.0.1/"}, {URL: "https://[::ffff:10.0.0.1]/"}, {URL: ""},
		{URL: "https://me:secret@example.com/"}, {URL: "https://example.com/#part"}, {URL: "https:///path"}, {URL: "https://a b/"},
		{URL: "https://example.com/", Types: []bridge.EventType{"cat.meows"}},
		{URL: "https://example.com/", Accounts: []bridge.AccountID{"me"}},
		{URL: "https://example.com/", Pools: []bridge.PoolID{"pool_1"}},
	} {
		if _, _, err := strict.Create(b.ctx, spec); !errors.Is(err, &bridge.Error{Code: bridge.CodeInvalidRequest}) {
			t.Errorf("%+v: %v", spec, err)
		}
	}
}

// TestPrune has the log of deliveries forget what is old, and nothing else.
func TestPrune(t *testing.T) {
	onBoth(t, func(b *bench) {
		c := clock{time.Now(), 1}
		id, _ := b.create(b.newService(func(o *webhook.Options) { o.Enqueue = nil }), bridge.WebhookSpec{URL: "http://127.0.0.1/"})
		events := b.add(b.accounts[0], "", bridge.AccountOnline, 9)
		var rows []*bridge.Delivery
		for i, e := range events {
			rows = append(rows, &bridge.Delivery{
				WebhookID: id, Position: int64(i + 1), EventID: e.ID, Type: e.Type, AccountID: e.AccountID, Lane: "lane",
				State:    []bridge.DeliveryState{bridge.DeliveryDone, bridge.DeliveryDead, bridge.DeliveryPending}[i%3],
				Attempts: 1, Attempt: bridge.Attempt{At: c.Now().Add(time.Duration(i/3-2) * 24 * time.Hour), Took: time.Millisecond},
			})
		}
		b.check(b.store.Change(b.ctx, func(t *store.Tx) error { return t.PutDeliveries(rows) }))
		n, err := b.service.Prune(b.ctx, webhook.Retention{Delivered: 12 * time.Hour, Dead: 36 * time.Hour})
		if err != nil || n != 3 {
			b.Errorf("%d pruned, %v", n, err)
		}
		left, err := b.service.Deliveries(b.ctx, id, "", 0, 20)
		b.check(err)
		var states string
		for _, d := range left {
			states += string(d.State[:2]) + " "
		}
		if states != "pe de de pe de pe " {
			b.Errorf("left: %s", states)
		}
		if left[0].Took != time.Millisecond || !left[0].At.Equal(rows[8].At.Truncate(time.Microsecond)) {
			b.Errorf("%+v, want %+v", left[0], rows[8])
		}
	})
}

package webhook_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"godwit/bridge"
	"godwit/bridge/internal/eventlog"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/vault"
	"godwit/bridge/internal/webhook"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// A clock goes faster than the machine's.
type clock struct {
	began  time.Time
	factor time.Duration
}

func (c clock) Now() time.Time { return epoch.Add(time.Since(c.began) * c.factor) }

func (c clock) At(t time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(t.Sub(c.Now()) / c.factor)
	return timer.C, func() { timer.Stop() }
}

// A bench is a test with an event log and webhooks on it.
type bench struct {
	testing.TB
	url      string
	store    *store.Store
	log      *eventlog.Log
	service  *webhook.Service
	accounts []bridge.AccountID

	// deliver has a webhook delivered to until the test or stop ends it.
	ctx        context.Context
	delivering sync.WaitGroup
}

func onBoth(t *testing.T, test func(b *bench)) {
	pgtest.OnBoth(t, func(t *testing.T, url string) { test(newBench(t, url)) })
}

func newBench(t testing.TB, url string) *bench {
	b := &bench{TB: t, url: url}
	var err error
	b.store, err = store.Open(t.Context(), url)
	b.check(err)
	t.Cleanup(func() { b.store.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	b.ctx = ctx
	b.log = eventlog.New(b.store, slog.New(slog.DiscardHandler))
	b.delivering.Go(func() { b.log.Run(ctx) })
	t.Cleanup(func() { cancel(); b.delivering.Wait() })
	b.service = b.newService(nil)
	for range 3 {
		b.accounts = append(b.accounts, b.addAccount())
	}
	return b
}

// newService returns a service of the bench's store. Change changes its options.
func (b *bench) newService(change func(*webhook.Options)) *webhook.Service {
	kek, err := vault.OpenKEK(b.ctx, "file:"+filepath.Join(b.TempDir(), "kek"))
	b.check(err)
	var s *webhook.Service
	o := webhook.Options{
		Store: b.store, Log: b.log, Vault: vault.New(kek), Version: "test", Concurrency: 16, Timeout: 5 * time.Second,
		Guard: webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PlainHTTP: true},
		Clock: clock{time.Now(), 1},
		Enqueue: func(_ context.Context, ids []bridge.WebhookID) error {
			for _, id := range ids {
				b.delivering.Go(func() { b.deliver(s, id) })
			}
			return nil
		},
	}
	if change != nil {
		change(&o)
	}
	s = webhook.New(o)
	return s
}

// deliver does what the job does.
func (b *bench) deliver(s *webhook.Service, id bridge.WebhookID) {
	for b.ctx.Err() == nil {
		again, err := s.Deliver(b.ctx, id)
		if errors.Is(err, store.ErrNotOwner) {
			<-time.After(time.Millisecond)
			continue
		}
		if err != nil && b.ctx.Err() == nil {
			b.Error(err)
		}
		if err != nil || !again {
			return
		}
	}
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func newID[T bridge.AccountID | bridge.EventID | bridge.ConversationID](b *bench) T {
	id, err := bridge.NewID[T](epoch, rand.Reader)
	b.check(err)
	return id
}

func (b *bench) addAccount() bridge.AccountID {
	a := &bridge.Account{
		ID: newID[bridge.AccountID](b), Kind: bridge.UserAccount,
		Status: bridge.Status{State: bridge.New, Since: epoch}, CreatedAt: epoch,
	}
	b.check(b.store.Change(b.ctx, func(t *store.Tx) error { return t.AddAccount(a) }))
	return a.ID
}

func (b *bench) newEvent(account bridge.AccountID, conversation bridge.ConversationID, kind bridge.EventType) *bridge.Event {
	return &bridge.Event{
		ID: newID[bridge.EventID](b), Type: kind, Timestamp: epoch, AccountID: account, Source: bridge.MTProto,
		SchemaVersion: bridge.SchemaVersion, ConversationID: conversation,
		Data: json.RawMessage(`{"conversation_id": "` + string(conversation) + `", "text": "<hello> & привет"}`),
	}
}

// add stores events of a conversation, or, where it is empty, of the account.
func (b *bench) add(account bridge.AccountID, conversation bridge.ConversationID, kind bridge.EventType, n int) []*bridge.Event {
	b.Helper()
	events := make([]*bridge.Event, n)
	for i := range events {
		events[i] = b.newEvent(account, conversation, kind)
	}
	b.check(b.store.Change(b.ctx, func(t *store.Tx) error { return t.AddEvents(events...) }))
	return events
}

func (b *bench) create(s *webhook.Service, spec bridge.WebhookSpec) (bridge.WebhookID, webhook.Secret) {
	b.Helper()
	w, secret, err := s.Create(b.ctx, spec)
	b.check(err)
	return w.ID, secret
}

// A receiver is the other end of a webhook.
type receiver struct {
	*httptest.Server
	b *bench

	mu      sync.Mutex
	secret  webhook.Secret
	answer  func(e *received) (status int) // 0: no answer until the request is given up
	got     []*received                    // in their order
	counts  map[bridge.EventID]int
	changed chan struct{}
}

// A received is a request.
type received struct {
	bridge.Event
	Conversation string
	attempt      int // from 1, of this event
	header       http.Header
	response     http.Header
	status       int
}

func newReceiver(b *bench) *receiver {
	r := &receiver{b: b, counts: make(map[bridge.EventID]int), changed: make(chan struct{})}
	r.Server = httptest.NewServer(r)
	b.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sender has given up
	}
	e := &received{header: q.Header, response: w.Header()}
	data := struct {
		ConversationID string `json:"conversation_id"`
	}{}
	if json.Unmarshal(body, &e.Event) != nil || json.Unmarshal(e.Data, &data) != nil {
		r.b.Errorf("body %s", body)
	}
	e.Conversation = data.ConversationID
	if q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" || q.Header.Get("User-Agent") != "godwit/test" {
		r.b.Errorf("%s with %v", q.Method, q.Header)
	}
	if q.Header.Get("webhook-id") != string(e.ID) {
		r.b.Errorf("webhook-id %q of event %s", q.Header.Get("webhook-id"), e.ID)
	}
	r.mu.Lock()
	secret, answer := r.secret, r.answer
	r.counts[e.ID]++
	e.attempt = r.counts[e.ID]
	r.mu.Unlock()
	if secret != "" {
		verify(r.b.TB, secret, body, q.Header)
	}
	e.status = http.StatusNoContent
	if answer != nil {
		e.status = answer(e)
	}
	if e.status == 0 {
		<-q.Context().Done()
		return
	}
	r.mu.Lock()
	r.got = append(r.got, e)
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	w.WriteHeader(e.status)
}

// verify checks a signature as receivers do, by the scheme's own library.
func verify(t testing.TB, secret webhook.Secret, body []byte, h http.Header) {
	oracle, err := standardwebhooks.NewWebhook(string(secret))
	if err != nil {
		t.Error(err)
		return
	}
	if err := oracle.VerifyIgnoringTimestamp(body, h); err != nil {
		t.Errorf("signature %q: %v", h.Get("webhook-signature"), err)
	}
}

// set changes what a receiver does.
func (r *receiver) set(change func(r *receiver)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// await waits until what the receiver has got is enough.
func (r *receiver) await(enough func(got []*received) bool) []*received {
	r.b.Helper()
	for {
		r.mu.Lock()
		got, changed := r.got[:len(r.got):len(r.got)], r.changed
		r.mu.Unlock()
		if enough(got) {
			return got
		}
		select {
		case <-changed:
		case <-r.b.ctx.Done():
			r.b.Fatal("the receiver does not get what it should")
		}
	}
}

// delivered returns how many different events of some requests were taken.
func delivered(got []*received) int {
	seen := make(map[bridge.EventID]bool)
	for _, e := range got {
		if e.status < 300 {
			seen[e.ID] = true
		}
	}
	return len(seen)
}

// awaitDelivered waits until n different events were taken.
func (r *receiver) awaitDelivered(n int) []*received {
	r.b.Helper()
	return r.await(func(got []*received) bool { return delivered(got) >= n })
}

// checkOrder checks that the events of each conversation were taken for the
// first time in their order, and those of each account that belong to none.
func checkOrder(t testing.TB, got []*received) {
	t.Helper()
	last := make(map[string]int64)
	seen := make(map[bridge.EventID]bool)
	for _, e := range got {
		if e.status >= 300 || seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		lane := e.Conversation
		if lane == "" {
			lane = string(e.AccountID)
		}
		if e.Seq <= last[lane] {
			t.Errorf("%s: event %d after %d", lane, e.Seq, last[lane])
		}
		last[lane] = e.Seq
	}
}

// settled waits until everything up to the end of the log is written down for a
// webhook, and nothing waits.
func (b *bench) settled(s *webhook.Service, id bridge.WebhookID) *bridge.Webhook {
	b.Helper()
	for {
		w, err := s.Webhook(b.ctx, id)
		b.check(err)
		if w.Waiting == 0 && w.Position >= b.log.End() {
			return w
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-b.ctx.Done():
			b.Fatal("it does not settle")
		}
	}
}

// newServiceLike returns another node's service of the same webhooks.
func (b *bench) newServiceLike(s *webhook.Service) *webhook.Service { return webhook.New(s.Options()) }

// pools says that one account is in a pool.
func (b *bench) pools(pool bridge.PoolID, account bridge.AccountID) func(context.Context, bridge.AccountID) ([]bridge.PoolID, error) {
	return func(_ context.Context, id bridge.AccountID) ([]bridge.PoolID, error) {
		if id == account {
			return []bridge.PoolID{pool}, nil
		}
		return nil, nil
	}
}

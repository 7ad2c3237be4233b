package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

// A Log is the log of events, an *eventlog.Log.
type Log interface {
	End() int64
	Changed() <-chan struct{}
	Read(ctx context.Context, after int64, limit int) ([]bridge.Event, int64, error)
}

// A Vault seals secrets, a *vault.Vault. A webhook has a data key of its own: to
// the vault, it is an account.
type Vault interface {
	NewKey(ctx context.Context, id bridge.AccountID) (*store.DataKey, error)
	Seal(ctx context.Context, id bridge.AccountID, k *store.DataKey, field string, version int64, secret []byte) (store.Sealed, error)
	Open(ctx context.Context, id bridge.AccountID, k *store.DataKey, field string, s store.Sealed) ([]byte, error)
	Forget(id bridge.AccountID)
}

// Options are what a Service is made of. Store, Log and Vault are required.
type Options struct {
	Store *store.Store
	Log   Log
	Vault Vault
	// Enqueue has some node deliver to webhooks, unless one does already.
	// Without it nobody delivers but who calls Deliver.
	Enqueue func(ctx context.Context, ids []bridge.WebhookID) error
	// Pools returns the pools that an account is in. Without it webhooks cannot
	// be for pools.
	Pools func(ctx context.Context, id bridge.AccountID) ([]bridge.PoolID, error)

	Guard       Guard
	Concurrency int           // requests to one webhook at once: 64 if 0
	Timeout     time.Duration // of a request, with its response: 15 s if 0
	Slice       time.Duration // how long one job delivers, before another node may take over: jobs.Slice if 0
	Version     string        // of the daemon, for User-Agent
	Trace       *trace.Tracer // may be nil

	Clock   Clock          // SystemClock if nil
	Chance  func() float64 // from 0 up to 1, for jitter: random if nil
	Entropy io.Reader      // of ids: crypto/rand's if nil
	Logger  *slog.Logger   // none if nil
}

// A Service keeps webhooks and delivers to them. It is safe for concurrent use.
type Service struct {
	o      Options
	sender *sender

	mu    sync.Mutex
	pumps map[bridge.WebhookID]*running
	seen  map[bridge.WebhookID]sight
}

// A running is a webhook that this process delivers to.
type running struct {
	version int64
	stop    chan struct{} // closed to have it begin anew
	stopped bool
}

// New returns a service.
func New(o Options) *Service {
	o.Concurrency = cmp.Or(o.Concurrency, 64)
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	o.Slice = cmp.Or(o.Slice, jobs.Slice)
	o.Version = cmp.Or(o.Version, "unknown")
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.Chance == nil {
		o.Chance = mathrand.Float64
	}
	if o.Entropy == nil {
		o.Entropy = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o: o, sender: newSender(&o), pumps: make(map[bridge.WebhookID]*running)}
}

// secretsField is what the secrets of a webhook are sealed as.
const secretsField = "webhook_secrets"

// secrets are those that a webhook's requests are signed with, the newest first.
type secrets []struct {
	Secret Secret    `json:"secret"`
	Until  time.Time `json:"until,omitzero"`
}

// at returns those that are valid at a time.
func (s secrets) at(now time.Time) []Secret {
	var list []Secret
	for _, v := range s {
		if v.Until.IsZero() || now.Before(v.Until) {
			list = append(list, v.Secret)
		}
	}
	return list
}

// open returns the secrets of a webhook.
func (s *Service) open(ctx context.Context, w *store.Webhook) (secrets, error) {
	text, err := s.o.Vault.Open(ctx, bridge.AccountID(w.ID), &w.Key, secretsField, w.Secret)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	var list secrets
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("webhook: secrets of %s: %w", w.ID, err)
	}
	return list, nil
}

// seal returns the secrets of a webhook sealed, as the next version.
func (s *Service) seal(ctx context.Context, w *store.Webhook, list secrets) (store.Sealed, error) {
	text, err := json.Marshal(list)
	if err != nil {
		return store.Sealed{}, err
	}
	defer clear(text)
	return s.o.Vault.Seal(ctx, bridge.AccountID(w.ID), &w.Key, secretsField, w.Secret.Version+1, text)
}

// check returns a *bridge.Error of CodeInvalidRequest for what cannot be said
// about a webhook.
func (s *Service) check(ctx context.Context, spec *bridge.WebhookSpec) error {
	if err := s.o.Guard.CheckURL(spec.URL); err != nil {
		return err
	}
	known := make(map[bridge.EventType]bool)
	for _, t := range bridge.EventTypes {
		known[t] = true
	}
	for _, t := range spec.Types {
		if !known[t] {
			return bridge.Errorf(bridge.CodeInvalidRequest, "There is no event type %q.", t)
		}
	}
	for _, id := range spec.Accounts {
		if _, err := bridge.ParseID[bridge.AccountID](string(id)); err != nil {
			return bridge.Errorf(bridge.CodeInvalidRequest, "%q is no id of an account.", id)
		}
		_, err := s.o.Store.Account(ctx, id)
		if bridge.CodeOf(err) == bridge.CodeNotFound {
			return bridge.Errorf(bridge.CodeInvalidRequest, "There is no account %s.", id)
		}
		if err != nil {
			return err
		}
	}
	if len(spec.Pools) > 0 && s.o.Pools == nil {
		return bridge.Errorf(bridge.CodeInvalidRequest, "Webhooks cannot be for pools here.")
	}
	return nil
}

// Create makes a webhook for what happens from now on. Its secret is shown this
// once.
func (s *Service) Create(ctx context.Context, spec bridge.WebhookSpec) (*bridge.Webhook, Secret, error) {
	if err := s.check(ctx, &spec); err != nil {
		return nil, "", err
	}
	now := s.o.Clock.Now()
	id, err := bridge.NewID[bridge.WebhookID](now, s.o.Entropy)
	if err != nil {
		return nil, "", err
	}
	w := &store.Webhook{Webhook: bridge.Webhook{ID: id, WebhookSpec: spec, CreatedAt: now, Position: s.o.Log.End()}, Version: 1}
	key, err := s.o.Vault.NewKey(ctx, bridge.AccountID(id))
	if err != nil {
		return nil, "", err
	}
	w.Key = *key
	secret := NewSecret()
	if w.Secret, err = s.seal(ctx, w, secrets{{Secret: secret}}); err != nil {
		return nil, "", err
	}
	if err := s.o.Store.Change(ctx, func(t *store.Tx) error { return t.AddWebhook(w) }); err != nil {
		return nil, "", err
	}
	return &w.Webhook, secret, s.enqueue(ctx, id)
}

// Webhook returns a webhook.
func (s *Service) Webhook(ctx context.Context, id bridge.WebhookID) (*bridge.Webhook, error) {
	w, err := s.o.Store.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	w.Waiting, w.Dead, err = s.o.Store.CountDeliveries(ctx, id)
	return &w.Webhook, err
}

// Webhooks returns up to limit webhooks after another, without Waiting and
// Dead.
func (s *Service) Webhooks(ctx context.Context, after bridge.WebhookID, limit int) ([]*bridge.Webhook, error) {
	stored, err := s.o.Store.Webhooks(ctx, after, limit)
	list := make([]*bridge.Webhook, len(stored))
	for i, w := range stored {
		list[i] = &w.Webhook
	}
	return list, err
}

// Update changes what is said about a webhook. What waits is sent to where it
// leads then.
func (s *Service) Update(ctx context.Context, id bridge.WebhookID, spec bridge.WebhookSpec) (*bridge.Webhook, error) {
	if err := s.check(ctx, &spec); err != nil {
		return nil, err
	}
	return s.change(ctx, id, func(t *store.Tx) error { return t.SetWebhookSpec(id, &spec) })
}

// Disable has nothing sent to a webhook until it is enabled, for a reason that
// is shown.
func (s *Service) Disable(ctx context.Context, id bridge.WebhookID, reason string) (*bridge.Webhook, error) {
	return s.change(ctx, id, func(t *store.Tx) error { return t.SetWebhookDisabled(id, reason) })
}

// Enable has a webhook go on where it was.
func (s *Service) Enable(ctx context.Context, id bridge.WebhookID) (*bridge.Webhook, error) {
	w, err := s.change(ctx, id, func(t *store.Tx) error { return t.SetWebhookDisabled(id, "") })
	if err != nil {
		return nil, err
	}
	return w, s.enqueue(ctx, id)
}

// change changes a webhook, which whoever delivers to it is to see at once.
func (s *Service) change(ctx context.Context, id bridge.WebhookID, change func(*store.Tx) error) (*bridge.Webhook, error) {
	if err := s.o.Store.Change(ctx, change); err != nil {
		return nil, err
	}
	s.restart(id)
	return s.Webhook(ctx, id)
}

// Delete deletes a webhook, and what it was still to get.
func (s *Service) Delete(ctx context.Context, id bridge.WebhookID) error {
	if err := s.o.Store.Change(ctx, func(t *store.Tx) error { return t.DeleteWebhook(id) }); err != nil {
		return err
	}
	s.restart(id)
	s.o.Vault.Forget(bridge.AccountID(id))
	return nil
}

// Rotate gives a webhook a new secret, which is shown this once. For a while
// requests are signed with the one before too.
func (s *Service) Rotate(ctx context.Context, id bridge.WebhookID, overlap time.Duration) (Secret, error) {
	w, err := s.o.Store.Webhook(ctx, id)
	if err != nil {
		return "", err
	}
	old, err := s.open(ctx, w)
	if err != nil {
		return "", err
	}
	secret, now := NewSecret(), s.o.Clock.Now()
	list := secrets{{Secret: secret}}
	if overlap > 0 {
		before := old[0]
		before.Until = now.Add(overlap)
		list = append(list, before)
	}
	sealed, err := s.seal(ctx, w, list)
	if err != nil {
		return "", err
	}
	_, err = s.change(ctx, id, func(t *store.Tx) error { return t.SetWebhookSecret(id, sealed) })
	if errors.Is(err, store.ErrStale) {
		return "", &bridge.Error{Code: bridge.CodeConflict, Detail: "The secret has just been rotated by somebody else.", Err: err}
	}
	return secret, err
}

// Test sends a webhook.test to a webhook, whether it is enabled or not, and
// returns what came of it. It is not tried again.
func (s *Service) Test(ctx context.Context, id bridge.WebhookID) (*bridge.Attempt, error) {
	w, err := s.o.Store.Webhook(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := s.open(ctx, w)
	if err != nil {
		return nil, err
	}
	now := s.o.Clock.Now()
	eventID, err := bridge.NewID[bridge.EventID](now, s.o.Entropy)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(&bridge.Event{
		ID: eventID, Type: bridge.WebhookTest, Timestamp: now.UTC(), SchemaVersion: bridge.SchemaVersion,
		Data: json.RawMessage(fmt.Sprintf(`{"webhook_id":%q}`, id)),
	})
	if err != nil {
		return nil, err
	}
	out := s.sender.send(ctx, w.URL, string(eventID), body, list.at(now))
	return &out.Attempt, ctx.Err()
}

// Deliveries returns up to limit of a webhook's deliveries before a position,
// the latest first: those in a state, or, where that is empty, all. Before 0 is
// from the last.
func (s *Service) Deliveries(
	ctx context.Context, id bridge.WebhookID, state bridge.DeliveryState, before int64, limit int,
) ([]*bridge.Delivery, error) {
	if _, err := s.o.Store.Webhook(ctx, id); err != nil {
		return nil, err
	}
	if before <= 0 {
		before = 1<<63 - 1
	}
	return s.o.Store.Deliveries(ctx, id, state, before, limit)
}

// Replay has events delivered once more. What it leaves out of UpTo is the end
// of the log.
func (s *Service) Replay(ctx context.Context, r bridge.Replay) error {
	if r.UpTo == 0 {
		r.UpTo = s.o.Log.End()
	}
	if r.After >= r.UpTo {
		return bridge.Errorf(bridge.CodeInvalidRequest, "There is no event after the one and up to the other.")
	}
	if _, err := s.o.Store.Webhook(ctx, r.WebhookID); err != nil {
		return err
	}
	_, err := s.change(ctx, r.WebhookID, func(t *store.Tx) error { return t.AddReplay(&r) })
	return err
}

func (s *Service) enqueue(ctx context.Context, ids ...bridge.WebhookID) error {
	if s.o.Enqueue == nil || len(ids) == 0 {
		return nil
	}
	return s.o.Enqueue(ctx, ids)
}

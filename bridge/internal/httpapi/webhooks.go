package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"godwit/bridge"
)

// Webhooks is what can be done with webhooks. Errors are *bridge.Error.
type Webhooks interface {
	Create(ctx context.Context, spec bridge.WebhookSpec) (*bridge.Webhook, bridge.WebhookSecret, error)
	Webhook(ctx context.Context, id bridge.WebhookID) (*bridge.Webhook, error)
	Webhooks(ctx context.Context, after bridge.WebhookID, limit int) ([]*bridge.Webhook, error)
	Update(ctx context.Context, id bridge.WebhookID, spec bridge.WebhookSpec) (*bridge.Webhook, error)
	Disable(ctx context.Context, id bridge.WebhookID, reason string) (*bridge.Webhook, error)
	Enable(ctx context.Context, id bridge.WebhookID) (*bridge.Webhook, error)
	Delete(ctx context.Context, id bridge.WebhookID) error
	// Rotate gives it a new secret; for a while both are valid.
	Rotate(ctx context.Context, id bridge.WebhookID, overlap time.Duration) (bridge.WebhookSecret, error)
	// Test sends a webhook.test at once.
	Test(ctx context.Context, id bridge.WebhookID) (*bridge.Attempt, error)
	// Deliveries lists those before a position, the latest first; before 0, from
	// the last.
	Deliveries(ctx context.Context, id bridge.WebhookID, state bridge.DeliveryState, before int64, limit int) ([]*bridge.Delivery, error)
	// Replay has events delivered once more; UpTo 0 is up to the last.
	Replay(ctx context.Context, r bridge.Replay) error
}

// A WebhookInput is what is said about a webhook.
type WebhookInput struct {
	URL         string             `json:"url" doc:"Where events are sent. It has to be https, and lead to a public address." maxLength:"2000" example:"https://example.com/hooks/telegram"`
	Description string             `json:"description,omitempty" maxLength:"500"`
	Types       []bridge.EventType `json:"event_types,omitempty" doc:"Which events; all if there are none." maxItems:"50"`
	Accounts    []bridge.AccountID `json:"account_ids,omitempty" doc:"Whose events. With neither accounts nor pools, those of all." maxItems:"1000"`
	Pools       []bridge.PoolID    `json:"pool_ids,omitempty" doc:"And those of whose accounts." maxItems:"100"`
}

func (in *WebhookInput) spec() bridge.WebhookSpec {
	return bridge.WebhookSpec{
		URL: in.URL, Description: in.Description, Types: in.Types, Accounts: in.Accounts, Pools: in.Pools,
	}
}

// A WebhookView is a webhook as the API shows it.
type WebhookView struct {
	ID bridge.WebhookID `json:"id" example:"hook_01KB0000000000000000000000"`
	WebhookInput
	Enabled     bool       `json:"enabled"`
	Disabled    string     `json:"disabled_reason,omitempty" doc:"Why nothing is sent to it."`
	CreatedAt   time.Time  `json:"created_at"`
	Position    string     `json:"position" doc:"How far it has come in the log: up to there everything is delivered, waits to be tried again, or was given up."`
	PausedUntil *time.Time `json:"paused_until,omitempty" doc:"When its receiver wants to be asked again."`
	Waiting     int64      `json:"waiting,omitempty" doc:"How many events wait to be tried again, or behind such. Left out in lists."`
	Dead        int64      `json:"dead,omitempty" doc:"How many events were given up. Left out in lists."`
	Secret      string     `json:"secret,omitempty" doc:"What its requests are signed with, by the Standard Webhooks scheme. Shown once, when the webhook is made."`
}

func webhookView(w *bridge.Webhook) *WebhookView {
	v := &WebhookView{
		ID: w.ID, WebhookInput: WebhookInput{w.URL, w.Description, w.Types, w.Accounts, w.Pools},
		Enabled: w.Disabled == "", Disabled: w.Disabled, CreatedAt: w.CreatedAt,
		Position: strconv.FormatInt(w.Position, 10), Waiting: w.Waiting, Dead: w.Dead,
	}
	if !w.PausedUntil.IsZero() {
		v.PausedUntil = &w.PausedUntil
	}
	return v
}

// An AttemptView is a request to a webhook.
type AttemptView struct {
	At     time.Time `json:"at"`
	TookMS int64     `json:"took_ms"`
	Status int       `json:"status,omitempty" doc:"Of the response; left out if there was none."`
	Error  string    `json:"error,omitempty" doc:"What went wrong."`
}

func attemptView(a *bridge.Attempt) *AttemptView {
	return &AttemptView{At: a.At, TookMS: a.Took.Milliseconds(), Status: a.Status, Error: a.Error}
}

// A DeliveryView is an event on its way to a webhook.
type DeliveryView struct {
	EventID   bridge.EventID       `json:"event_id"`
	Type      bridge.EventType     `json:"event_type"`
	AccountID bridge.AccountID     `json:"account_id"`
	Position  string               `json:"position" doc:"Of the event in the log."`
	State     bridge.DeliveryState `json:"state" enum:"pending,delivered,dead"`
	Attempts  int                  `json:"attempts"`
	Last      *AttemptView         `json:"last_attempt,omitempty"`
}

// deliveryList is a page of deliveries.
type deliveryList struct {
	Deliveries []*DeliveryView `json:"deliveries"`
	Next       string          `json:"next,omitempty" doc:"What before has to be for the next page; empty at the end."`
}

// webhookList is a page of webhooks.
type webhookList struct {
	Webhooks []*WebhookView `json:"webhooks"`
	Next     string         `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

// WebhookPath is what requests about a webhook begin with.
type WebhookPath struct {
	Webhook bridge.WebhookID `path:"webhook" doc:"The webhook's id." pattern:"^hook_[0-9A-HJKMNP-TV-Z]{26}$"`
}

// rotated is the answer to a rotation.
type rotated struct {
	Secret string `json:"secret" doc:"The new secret. Shown once."`
}

// replayInput is which events are to be delivered once more.
type replayInput struct {
	After    string `json:"after" doc:"Those behind this place in the log: the id of an event, next of a page of events, or 0." maxLength:"64"`
	UpTo     string `json:"up_to,omitempty" doc:"And up to this one, with it; up to the last if left out." maxLength:"64"`
	OnlyDead bool   `json:"only_dead,omitempty" doc:"Of these, those that were given up."`
}

const (
	webhooksTag = "Webhooks"
	webhookPart = "/v1/webhooks/{webhook}"
)

func (s *Server) registerWebhooks() {
	register(s, operation{
		method: http.MethodPost, path: "/v1/webhooks", id: "create-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Make a webhook", status: http.StatusCreated,
		detail: "It gets what happens from now on, signed by the Standard Webhooks scheme, each event at least once: events of one " +
			"conversation in their order, those of different ones beside each other. What is not answered with 2xx within 15 seconds " +
			"is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and given up then. Retry-After is " +
			"honoured, 410 disables the webhook, and redirects are not followed.",
	}, s.createWebhook)
	register(s, operation{
		method: http.MethodGet, path: "/v1/webhooks", id: "list-webhooks", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "List the webhooks", detail: "In the order in which they were made; those that the key may see.",
	}, s.listWebhooks)
	register(s, operation{
		method: http.MethodGet, path: webhookPart, id: "get-webhook", tag: webhooksTag, scope: ScopeWebhooks, summary: "Show a webhook",
	}, s.webhook(func(ctx context.Context, w *bridge.Webhook) (*bridge.Webhook, error) { return w, nil }))
	register(s, operation{
		method: http.MethodPut, path: webhookPart, id: "update-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Change a webhook", detail: "What waits goes to where it leads then.",
	}, s.updateWebhook)
	register(s, operation{
		method: http.MethodDelete, path: webhookPart, id: "delete-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Delete a webhook", status: http.StatusNoContent, detail: "What it was still to get is never sent.",
	}, managed(s, func(ctx context.Context, in *WebhookPath, _ *bridge.Webhook) (*nothing, error) {
		return nil, s.o.Webhooks.Delete(ctx, in.Webhook)
	}))
	register(s, operation{
		method: http.MethodPost, path: webhookPart + "/enable", id: "enable-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Enable a webhook", detail: "It goes on where it was.",
	}, s.webhook(func(ctx context.Context, w *bridge.Webhook) (*bridge.Webhook, error) {
		return s.o.Webhooks.Enable(ctx, w.ID)
	}))
	register(s, operation{
		method: http.MethodPost, path: webhookPart + "/disable", id: "disable-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Disable a webhook", detail: "Nothing is sent to it until it is enabled; then it gets what it has missed.",
	}, s.webhook(func(ctx context.Context, w *bridge.Webhook) (*bridge.Webhook, error) {
		return s.o.Webhooks.Disable(ctx, w.ID, "It was disabled over the API.")
	}))
	s.registerDeliveries()
}

// defaultOverlap is how long the old secret of a webhook stays valid where
// nothing else is said.
const defaultOverlap = 24 * time.Hour

func (s *Server) registerDeliveries() {
	register(s, operation{
		method: http.MethodPost, path: webhookPart + "/rotate-secret", id: "rotate-webhook-secret", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Give a webhook a new secret", detail: "For a while requests carry a signature by the old one too.",
	}, managed(s, func(ctx context.Context, in *struct {
		WebhookPath
		Body *struct {
			Overlap int `json:"overlap_seconds,omitempty" doc:"How long the old secret stays valid." minimum:"0" maximum:"604800" default:"86400"`
		}
	}, w *bridge.Webhook) (*body[rotated], error) {
		overlap := defaultOverlap
		if in.Body != nil {
			overlap = time.Duration(in.Body.Overlap) * time.Second
		}
		secret, err := s.o.Webhooks.Rotate(ctx, w.ID, overlap)
		return &body[rotated]{rotated{string(secret)}}, err
	}))
	register(s, operation{
		method: http.MethodPost, path: webhookPart + "/test", id: "test-webhook", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Try a webhook out", detail: "Sends an event of type webhook.test at once, and says what came of it. It is not tried again.",
	}, managed(s, func(ctx context.Context, _ *WebhookPath, w *bridge.Webhook) (*body[*AttemptView], error) {
		a, err := s.o.Webhooks.Test(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		return &body[*AttemptView]{attemptView(a)}, nil
	}))
	register(s, operation{
		method: http.MethodGet, path: webhookPart + "/deliveries", id: "list-deliveries", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "List a webhook's deliveries", detail: "The latest events first. Those that were given up, the dead letters, are those of state dead.",
	}, managed(s, s.listDeliveries))
	register(s, operation{
		method: http.MethodPost, path: webhookPart + "/replay", id: "replay-events", tag: webhooksTag, scope: ScopeWebhooks,
		summary: "Have events delivered once more", status: http.StatusAccepted,
		detail: "Those of a part of the log that the webhook wants, or of these the dead letters. The header webhook-id is as it was the first time.",
	}, managed(s, s.replay))
}

// manages reports whether a caller may do with a webhook what he likes: if his
// key is for certain accounts, it has to be for all of the webhook's.
func manages(caller Caller, spec *bridge.WebhookSpec) bool {
	if !caller.Limited() {
		return true
	}
	for _, id := range spec.Accounts {
		if !caller.Allows(ScopeWebhooks, id) {
			return false
		}
	}
	return len(spec.Accounts) > 0 && len(spec.Pools) == 0
}

var errUnmanaged = bridge.Errorf(bridge.CodeForbidden,
	"This API key is for certain accounts: its webhooks have to name accounts of these in account_ids, and no pools.")

// named is a request about a webhook.
type named interface{ name() bridge.WebhookID }

func (p *WebhookPath) name() bridge.WebhookID { return p.Webhook }

// managed is the handler of what is done with a webhook that the caller manages.
func managed[I, O any, P interface {
	*I
	named
}](s *Server, do func(context.Context, *I, *bridge.Webhook) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		w, err := s.o.Webhooks.Webhook(ctx, P(in).name())
		if err != nil {
			return nil, err
		}
		if !manages(callerOf(ctx), &w.WebhookSpec) {
			return nil, errUnmanaged
		}
		return do(ctx, in, w)
	}
}

// webhook is the handler of what is done with one webhook and shows it.
func (s *Server) webhook(
	do func(context.Context, *bridge.Webhook) (*bridge.Webhook, error),
) func(context.Context, *WebhookPath) (*body[*WebhookView], error) {
	return managed(s, func(ctx context.Context, _ *WebhookPath, w *bridge.Webhook) (*body[*WebhookView], error) {
		w, err := do(ctx, w)
		if err != nil {
			return nil, err
		}
		return &body[*WebhookView]{webhookView(w)}, nil
	})
}

func (s *Server) createWebhook(ctx context.Context, in *body[WebhookInput]) (*body[*WebhookView], error) {
	spec := in.Body.spec()
	if !manages(callerOf(ctx), &spec) {
		return nil, errUnmanaged
	}
	w, secret, err := s.o.Webhooks.Create(ctx, spec)
	if err != nil {
		return nil, err
	}
	v := webhookView(w)
	v.Secret = string(secret)
	return &body[*WebhookView]{v}, nil
}

func (s *Server) updateWebhook(ctx context.Context, in *struct {
	WebhookPath
	Body WebhookInput
}) (*body[*WebhookView], error) {
	return s.webhook(func(ctx context.Context, w *bridge.Webhook) (*bridge.Webhook, error) {
		spec := in.Body.spec()
		if !manages(callerOf(ctx), &spec) {
			return nil, errUnmanaged
		}
		return s.o.Webhooks.Update(ctx, w.ID, spec)
	})(ctx, &in.WebhookPath)
}

func (s *Server) listWebhooks(ctx context.Context, in *Page) (*body[webhookList], error) {
	webhooks, err := s.o.Webhooks.Webhooks(ctx, bridge.WebhookID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	list := webhookList{Webhooks: []*WebhookView{}}
	for _, w := range webhooks {
		if manages(callerOf(ctx), &w.WebhookSpec) {
			list.Webhooks = append(list.Webhooks, webhookView(w))
		}
	}
	list.Next = nextOf(webhooks, in.Limit, func(w *bridge.Webhook) bridge.WebhookID { return w.ID })
	return &body[webhookList]{list}, nil
}

// deliveriesInput is which deliveries are asked for.
type deliveriesInput struct {
	WebhookPath
	State  bridge.DeliveryState `query:"state" enum:"pending,delivered,dead" doc:"In this state alone."`
	Before int64                `query:"before" minimum:"0" doc:"next of the page before."`
	Limit  int                  `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listDeliveries(ctx context.Context, in *deliveriesInput, w *bridge.Webhook) (*body[deliveryList], error) {
	deliveries, err := s.o.Webhooks.Deliveries(ctx, w.ID, in.State, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	list := deliveryList{Deliveries: make([]*DeliveryView, len(deliveries))}
	for i, d := range deliveries {
		v := &DeliveryView{
			EventID: d.EventID, Type: d.Type, AccountID: d.AccountID, Position: strconv.FormatInt(d.Position, 10),
			State: d.State, Attempts: d.Attempts,
		}
		if d.Attempts > 0 {
			v.Last = attemptView(&d.Attempt)
		}
		list.Deliveries[i] = v
		if i+1 == in.Limit {
			list.Next = v.Position
		}
	}
	return &body[deliveryList]{list}, nil
}

// replayRequest asks for a replay.
type replayRequest struct {
	WebhookPath
	Body replayInput
}

func (s *Server) replay(ctx context.Context, in *replayRequest, w *bridge.Webhook) (*nothing, error) {
	after, err := s.from(ctx, in.Body.After, "0")
	if err != nil {
		return nil, err
	}
	upTo, err := s.from(ctx, in.Body.UpTo, "latest")
	if err != nil {
		return nil, err
	}
	return nil, s.o.Webhooks.Replay(ctx, bridge.Replay{WebhookID: w.ID, After: after, UpTo: upTo, OnlyDead: in.Body.OnlyDead})
}

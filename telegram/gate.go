package telegram

import (
	"context"
	"strings"
	"sync"
	"time"

	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// DefaultPatience is for how long a request may be held back by the waits that
// Telegram imposes, unless something else is said.
const DefaultPatience = time.Minute

type contextKey uint8

const (
	priorityKey contextKey = iota
	patienceKey
)

// WithPriority returns a context whose requests have a priority:
// flow.Conversation unless one is given.
func WithPriority(ctx context.Context, p flow.Priority) context.Context {
	return context.WithValue(ctx, priorityKey, p)
}

// WithPatience returns a context whose requests may be held back for so long,
// in place of Options.Patience. 0 means that they fail at once, with a
// *flow.WaitError that tells from when on they can be tried again.
func WithPatience(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey, d)
}

// Waits returns what the client is waiting for, the soonest over first.
func (c *Client) Waits() []flow.Wait {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	return c.gate.scheduler.Waits(time.Now())
}

// A gate holds requests back for as long as Telegram wants them to be. Whoever
// waits there holds no connection.
type gate struct {
	closed <-chan struct{} // when the client ends
	onWait func(flow.Wait)

	mu        sync.Mutex
	scheduler *flow.Scheduler
	waiting   map[*flow.Ticket]chan<- error // with room for one decision
	timer     *time.Timer
}

func newGate(o *Options, closed <-chan struct{}) *gate {
	return &gate{
		closed: closed, onWait: o.OnWait, waiting: make(map[*flow.Ticket]chan<- error),
		scheduler: flow.New(flow.Options{Waits: o.Waits}),
	}
}

// pass calls send when the request may be sent, and again for as long as
// Telegram wants it later.
func (g *gate) pass(ctx context.Context, r flow.Request, send func() ([]byte, error)) ([]byte, error) {
	decided := make(chan error, 1)
	var t *flow.Ticket
	g.update(func(now time.Time) {
		t = g.scheduler.Add(now, r)
		g.waiting[t] = decided
	})
	defer g.update(func(now time.Time) {
		g.scheduler.Remove(now, t)
		delete(g.waiting, t)
	})
	for {
		select {
		case err := <-decided:
			if err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-g.closed:
			return nil, ErrClosed
		}
		body, err := send()
		again := false
		g.update(func(now time.Time) { again, err = g.scheduler.Finish(now, t, err) })
		if !again {
			return body, err
		}
	}
}

// update changes the scheduler and carries out what comes of it.
func (g *gate) update(change func(now time.Time)) {
	g.mu.Lock()
	change(time.Now())
	for _, d := range g.scheduler.Decisions() {
		if decided, ok := g.waiting[d.Ticket]; ok {
			decided <- d.Err
		}
	}
	imposed := g.scheduler.Imposed()
	g.schedule()
	g.mu.Unlock()
	if g.onWait != nil {
		for _, w := range imposed {
			g.onWait(w)
		}
	}
}

// schedule sets the timer to the scheduler's deadline. g.mu is held.
func (g *gate) schedule() {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	at := g.scheduler.Deadline()
	if at.IsZero() {
		return
	}
	g.timer = time.AfterFunc(time.Until(at), func() { g.update(g.scheduler.Tick) })
}

// awaitDC waits until a data centre that has refused connections may be tried
// again, by whichever of its connections that was learned (R-TR-30).
func (g *gate) awaitDC(ctx context.Context, dc int) error {
	g.mu.Lock()
	until := g.scheduler.CongestedUntil(dc)
	g.mu.Unlock()
	if left := time.Until(until); left > 0 {
		return pause(ctx, left)
	}
	return nil
}

// stop leaves no timer behind.
func (g *gate) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
	}
}

// flowRequest returns what the scheduler has to know of a request.
func (c *Client) flowRequest(ctx context.Context, req tg.Request) flow.Request {
	req = unwrapped(req)
	method := tg.MethodName(tl.TypeID(req))
	r := flow.Request{
		Method: method, Chat: slowChat(req), DC: c.mainDC(), Patience: c.o.Patience, Safe: changesNothing(method),
	}
	if p, ok := ctx.Value(priorityKey).(flow.Priority); ok {
		r.Priority = p
	}
	if d, ok := ctx.Value(patienceKey).(time.Duration); ok {
		r.Patience = d
	}
	if deadline, ok := ctx.Deadline(); ok {
		r.Patience = min(r.Patience, time.Until(deadline)) // there is no use in waiting for what comes later
	}
	return r
}

// unwrapped returns the call inside of wrappers: it is what Telegram counts.
func unwrapped(req tg.Request) tg.Request {
	for {
		switch w := req.(type) {
		case *tg.InvokeWithoutUpdates:
			req = w.Query
		case *tg.InvokeWithTakeout:
			req = w.Query
		case *tg.InvokeAfterMsg:
			req = w.Query
		case *tg.InvokeWithMessagesRange:
			req = w.Query
		case *tg.InvokeWithBusinessConnection:
			req = w.Query
		default:
			return req
		}
	}
}

// changesNothing reports whether a method only reads, so that it may be
// repeated when nobody knows whether it was carried out (R-ER-05).
func changesNothing(method string) bool {
	_, name, _ := strings.Cut(method, ".")
	if name == "getBotCallbackAnswer" { // it presses a button
		return false
	}
	for _, verb := range []string{"get", "search", "resolve"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// slowChat returns the supergroup whose slow mode a request falls under, 0
// for none (R-ER-06).
func slowChat(req tg.Request) int64 {
	var peer tg.InputPeerClass
	switch req := req.(type) {
	case *tg.MessagesSendMessage:
		peer = req.Peer
	case *tg.MessagesSendMedia:
		peer = req.Peer
	case *tg.MessagesSendMultiMedia:
		peer = req.Peer
	case *tg.MessagesForwardMessages:
		peer = req.ToPeer
	case *tg.MessagesSendInlineBotResult:
		peer = req.Peer
	}
	if p, ok := peerOf(peer, 0).(*tg.PeerChannel); ok {
		return p.ChannelID
	}
	return 0
}

package telegram

import (
	"context"
	"fmt"
	"sync"
	"time"

	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/updates"
)

// A Handler gets what happens to the account: runs of updates, in order, one
// after the other. When it returns nil, the change of the state that came with
// them is saved, or was by the handler itself: see Options.LoadState. If the
// program ends before that, they are delivered again to the next one. An error ends the client: [Client.Err] wraps it.
//
// A Handler may call every method of the client but Close. While it runs,
// nothing else is delivered.
type Handler func(ctx context.Context, c *Client, d updates.Delivery) error

// OnMessage returns a Handler that calls f for every new chat message, those
// that the account itself sends included: their Out is set.
func OnMessage(f func(ctx context.Context, c *Client, m *tg.Message) error) Handler {
	return func(ctx context.Context, c *Client, d updates.Delivery) error {
		for _, u := range d.Updates {
			m, ok := newMessage(u).(*tg.Message)
			if !ok {
				continue
			}
			if err := f(ctx, c, m); err != nil {
				return err
			}
		}
		return nil
	}
}

// newMessage returns the message that an update brings, nil if it brings none.
func newMessage(u tg.UpdateClass) tg.MessageClass {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return u.Message
	case *tg.UpdateNewChannelMessage:
		return u.Message
	}
	return nil
}

// maxQueue is how many things a pump lets wait. More updates than that are
// thrown away and fetched again later (R-IX-28).
const maxQueue = 10000

// A pump moves updates: what arrives goes into the engine, what the engine
// puts out to the handler, with the state after it to the store. Fetches run
// beside it. It has a goroutine only while there is something to move.
type pump struct {
	c      *Client
	ctx    context.Context
	cancel context.CancelFunc
	begin  updates.Options // what the engine starts with
	engine *updates.Engine // of run alone; nil before its first time
	after  <-chan struct{} // the pump before this one has stopped
	done   chan struct{}   // closed once the pump has stopped

	mu       sync.Mutex
	queue    []func(now time.Time)
	overflow bool
	due      bool        // the engine's deadline has come
	timer    *time.Timer // for that; nil before the first
	running  bool
	stopped  bool
}

// newPump returns a pump that goes on from the stored state. c.mu is held.
func newPump(c *Client, bot bool, after <-chan struct{}) *pump {
	p := &pump{c: c, after: after, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(c.ctx)
	p.begin = updates.Options{State: c.credentials.State, Bot: bot, Knows: c.peers.knows}
	return p
}

// start makes the engine, if there is none, once the pump before has stopped.
func (p *pump) start() error {
	if p.engine != nil {
		return nil
	}
	<-p.after
	if load := p.c.o.LoadState; load != nil {
		state, err := load(p.ctx)
		if err != nil {
			return fmt.Errorf("telegram: loading the state of the updates: %w", err)
		}
		p.begin.State = state
	}
	p.engine = updates.New(p.begin)
	p.engine.Start(time.Now())
	return nil
}

// push queues something to be done on the pump's goroutine. It never waits.
func (p *pump) push(f func(now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, f)
	p.wake()
}

// wake has the pump run. p.mu is held.
func (p *pump) wake() {
	if !p.running && !p.stopped {
		p.running = true
		p.c.tasks.Go(p.run)
	}
}

// tick is called at the engine's deadline.
func (p *pump) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = true
	p.wake()
}

// stop has the pump move nothing more. It does not wait for what it is busy with.
func (p *pump) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.stopped = true
	p.cancel()
	if p.timer != nil {
		p.timer.Stop()
	}
	if !p.running {
		close(p.done)
	}
}

// received queues what Telegram has sent by itself.
func (p *pump) received(body []byte) {
	p.mu.Lock()
	full := len(p.queue) >= maxQueue
	p.overflow = p.overflow || full
	p.mu.Unlock()
	if !full {
		p.push(func(now time.Time) { p.receive(now, body) })
	}
}

// lost queues that updates may have been lost (R-UP-30).
func (p *pump) lost() { p.push(func(now time.Time) { p.engine.Lost(now) }) }

// Lagging returns which channels and other boxes of updates are behind what
// Telegram is known to have, or wait for something, the furthest behind first;
// none for a client without a Handler. It waits until the handler is between
// two deliveries.
func (c *Client) Lagging(ctx context.Context) ([]updates.Lag, error) {
	p := c.pumpOf(c.mainDC())
	if p == nil {
		return nil, c.Err()
	}
	answer := make(chan []updates.Lag, 1)
	p.push(func(time.Time) { answer <- p.engine.Lagging() })
	select {
	case lags := <-answer:
		return lags, nil
	case <-p.done:
		return nil, c.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// work is what a pump has to do next.
type work struct {
	queue         []func(now time.Time)
	overflow, due bool
}

// take returns what is to be done, false if that is nothing: then run ends.
func (p *pump) take() (w work, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w = work{p.queue, p.overflow, p.due}
	p.queue, p.overflow, p.due = nil, false, false
	switch {
	case p.stopped:
		close(p.done)
	case len(w.queue) > 0 || w.overflow || w.due:
		return w, true
	default:
		p.schedule(p.engine.Deadline())
	}
	p.running = false
	return work{}, false
}

// schedule has tick be called at a time, never for the zero time. p.mu is held.
func (p *pump) schedule(at time.Time) {
	switch {
	case at.IsZero():
	case p.timer == nil:
		p.timer = time.AfterFunc(time.Until(at), p.tick)
	default:
		p.timer.Reset(time.Until(at))
	}
}

// run moves updates until there are none left.
func (p *pump) run() {
	if err := p.start(); err != nil && p.ctx.Err() == nil {
		p.c.end(err)
	}
	for {
		w, ok := p.take()
		if !ok {
			return
		}
		if err := p.do(w); err != nil {
			p.c.end(err)
		}
	}
}

// do does some work. The error is one that ends the client.
func (p *pump) do(w work) error {
	if w.due {
		p.engine.Tick(time.Now())
	}
	if w.overflow {
		p.engine.LostAll(time.Now())
	}
	for _, f := range w.queue {
		f(time.Now())
		if err := p.deliver(); err != nil {
			return err
		}
	}
	return p.deliver()
}

// receive gives what Telegram has sent to the engine (R-UP-01). What cannot be
// decoded may have held anything (R-UP-30).
func (p *pump) receive(now time.Time, body []byte) {
	r := tl.NewReader(body)
	u := tg.Decode[tg.UpdatesClass](r)
	if err := r.Finish(); err != nil {
		p.c.o.Logger.Warn("updates that cannot be decoded", "error", err)
		p.engine.Lost(now)
		return
	}
	p.give(now, u)
}

func (p *pump) give(now time.Time, u tg.UpdatesClass) {
	switch u := u.(type) {
	case *tg.Updates:
		p.c.peers.learn(u.Users, u.Chats)
	case *tg.UpdatesCombined:
		p.c.peers.learn(u.Users, u.Chats)
	}
	p.engine.Receive(now, u)
}

// deliver hands on what the engine has put out: effect first, then the state
// that goes with it.
func (p *pump) deliver() error {
	for _, f := range p.engine.Fetches() {
		p.c.tasks.Go(func() { p.fetch(f) })
	}
	for _, d := range p.engine.Deliveries() {
		if p.ctx.Err() != nil {
			return nil //nolint:nilerr // it was stopped
		}
		p.c.peers.origins.note(messagesIn(d.Updates), d.Users, d.Chats)
		if err := p.c.o.Handler(p.ctx, p.c, d); err != nil {
			return fmt.Errorf("telegram: handler: %w", err)
		}
		if d.Change.IsZero() || p.c.o.LoadState != nil {
			continue
		}
		// What has been handled counts even if the client was closed meanwhile,
		// but not if it was signed out: then the state is somebody else's.
		if err := p.c.save(func(c *Credentials) {
			if p.c.pump == p {
				c.State.Apply(d.Change)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// fetch makes a request for the engine and queues its answer.
func (p *pump) fetch(f updates.Fetch) {
	ctx, cancel := context.WithTimeout(p.ctx, fetchTimeout)
	defer cancel()
	answer, err := p.request(ctx, f)
	if p.ctx.Err() != nil {
		return
	}
	if err != nil {
		p.c.o.Logger.Info("updates not fetched", "channel", f.Channel, "error", err)
		answer = func(now time.Time) { p.engine.Failed(now, f, err) }
	}
	p.push(answer)
}

// request returns what to do with the answer.
func (p *pump) request(ctx context.Context, f updates.Fetch) (func(time.Time), error) {
	switch f.Kind {
	case updates.FetchState:
		s, err := tg.Call(ctx, p.c, &tg.UpdatesGetState{})
		return func(now time.Time) { p.engine.GotState(now, s) }, err
	case updates.FetchDifference:
		d, err := tg.Call(ctx, p.c, &tg.UpdatesGetDifference{Pts: f.PTS, Qts: f.QTS, Date: f.Date})
		switch d := d.(type) {
		case *tg.UpdatesDifference:
			p.c.peers.learn(d.Users, d.Chats)
		case *tg.UpdatesDifferenceSlice:
			p.c.peers.learn(d.Users, d.Chats)
		}
		return func(now time.Time) { p.engine.GotDifference(now, d) }, err
	}
	channel, err := p.c.peers.channel(f.Channel)
	if err != nil {
		return nil, err
	}
	d, err := tg.Call(ctx, p.c, &tg.UpdatesGetChannelDifference{
		Channel: channel, Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: f.PTS, Limit: f.Limit,
	})
	switch d := d.(type) {
	case *tg.UpdatesChannelDifference:
		p.c.peers.learn(d.Users, d.Chats)
	case *tg.UpdatesChannelDifferenceTooLong:
		p.c.peers.learn(d.Users, d.Chats)
	}
	return func(now time.Time) { p.engine.GotChannelDifference(now, f.Channel, d) }, err
}

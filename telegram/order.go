package telegram

import (
	"context"
	"sync"

	"godwit/mtproto/mtclient"
)

// A Sequence is an order in which Telegram is to carry requests out, although
// none waits for the answer to the one before (R-SM-70 to R-SM-72). It is for
// requests of one [Client]. The zero Sequence is ready to use.
//
//	var order telegram.Sequence
//	for _, text := range texts {
//		ctx := order.Next(ctx)
//		go client.SendText(ctx, peer, text)
//	}
//
// A request that Telegram refuses, or asks to wait with once it has been sent,
// holds nothing up: those after it are carried out all the same.
type Sequence struct {
	mu   sync.Mutex
	last *turn
}

type turnKey struct{}

// Next returns a context for one request, or for one call of a method such as
// [Client.Send], which takes the next place in the order. Those after it wait
// until it has been sent or ctx has ended, so it has to be used, or ctx to end.
func (s *Sequence) Next(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &turn{before: s.last, placed: make(chan struct{}), over: make(chan struct{})}
	context.AfterFunc(ctx, t.end)
	s.last = t
	return context.WithValue(ctx, turnKey{}, t)
}

// A turn is one place in a Sequence.
type turn struct {
	before *turn // nil for the first, and when it does not matter any more

	settle sync.Once
	placed chan struct{} // closed once the request has its place, or will never get one
	link   *link         // that it is sent over; nil for none. Set before placed is closed
	order  *mtclient.Sequence

	finish sync.Once
	over   chan struct{} // closed once the request is over
}

// turnOf returns the turn of a context, nil if there is none.
func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

// withoutTurn returns a context for what another request needs done first.
func withoutTurn(ctx context.Context) context.Context {
	return context.WithValue(ctx, turnKey{}, (*turn)(nil))
}

// wait waits until the requests before have their places.
func (t *turn) wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	for before := t.before; before != nil; before = before.before {
		if err := await(ctx, before.placed); err != nil {
			return err
		}
		if before.link != nil {
			return nil
		}
	}
	return nil
}

func await(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take returns the place of a request that is about to be sent over a
// connection, nil for one that has had it. Between two connections there is no
// order: there, the request waits until the one before is over.
func (t *turn) take(ctx context.Context, l *link) (*mtclient.Place, error) {
	if t == nil {
		return nil, nil
	}
	before := t.before
	for before != nil && before.link == nil {
		before = before.before // which was never sent
	}
	if before != nil && before.link != l {
		if err := await(ctx, before.over); err != nil {
			return nil, err
		}
		before = nil
	}
	var place *mtclient.Place
	t.settle.Do(func() {
		t.link, t.order, t.before = l, new(mtclient.Sequence), nil
		if before != nil {
			t.order = before.order
		}
		place = t.order.Next()
		close(t.placed)
	})
	return place, nil
}

// end says that the request is over, sent or not.
func (t *turn) end() {
	if t == nil {
		return
	}
	t.settle.Do(func() { close(t.placed) })
	t.finish.Do(func() { close(t.over) })
}

package botapi

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
)

// TestCertain has nothing be asked of Telegram for a bot that may be another node's
// by now, and what was to be sent be known not to have been.
func TestCertain(t *testing.T) {
	s := newStage(t)
	var uncertain atomic.Bool
	var ahead atomic.Int64
	s.e.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	later := func() { ahead.Add(int64(time.Minute)) } // bots may send one message a second
	s.e.Certain = func(context.Context) error {
		if uncertain.Load() {
			return errors.New("another node's")
		}
		return nil
	}
	r := s.start()
	_, err := s.ann.SendText(s.ctx, s.bot, "hello")
	s.check(err)
	s.awaitEvent("message.received hello")
	s.send(r, s.queue(s.peer, 1, bridge.Content{Text: "ours"}))
	s.annGets("ours")

	later()
	uncertain.Store(true)
	_, err = r.Send(s.ctx, s.peer, s.queue(s.peer, 2, bridge.Content{Text: "not ours"}))
	if bridge.CodeOf(err) != bridge.CodeUnavailable {
		t.Errorf("sent for another node: %v", err)
	}
	later()
	uncertain.Store(false)
	s.send(r, s.queue(s.peer, 3, bridge.Content{Text: "ours again"}))
	select {
	case got := <-s.got:
		if got != "ours again" {
			t.Errorf("Ann was told %q", got)
		}
	case <-s.ctx.Done():
		t.Error("Ann is told nothing")
	}
}

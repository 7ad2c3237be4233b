package telegram

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto/mtclient"
	"godwit/mtproto/transport"
	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// answering returns a network on which users.getUsers works, and everything
// else gets the answers of a list, then no answer but an error.
func answering(t *testing.T, answers ...error) *fakeNetwork {
	var mu sync.Mutex // a request that was given up is answered beside the next one
	return &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := request.(*tg.UsersGetUsers); ok {
			return self(), nil
		}
		if len(answers) == 0 {
			return nil, errUnexpected
		}
		err := answers[0]
		answers = answers[1:]
		return &tg.NearestDC{Country: "NL"}, err
	}}
}

// nearest asks something that has no effect, and returns how long that took.
func nearest(ctx context.Context, c *Client) (time.Duration, error) {
	began := time.Now()
	_, err := tg.Call(ctx, c, &tg.HelpGetNearestDC{})
	return time.Since(began), err
}

// TestFloodWait: a request is held back for as long as Telegram asks, shown
// while it is, and answered then; others go on (R-ER-06).
func TestFloodWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := answering(t, refuse(420, "FLOOD_WAIT_30"), nil, nil)
		var told []flow.Wait
		c := n.client(Options{Store: signedInStore(t), OnWait: func(w flow.Wait) { told = append(told, w) }})
		began := time.Now()
		var took time.Duration
		var err error
		var asking sync.WaitGroup
		asking.Go(func() { took, err = nearest(t.Context(), c) })
		synctest.Wait()
		want := []flow.Wait{{
			Method: "help.getNearestDc", Cause: "FLOOD_WAIT", Since: began, Until: began.Add(30 * time.Second),
		}}
		if got := c.Waits(); !slices.Equal(got, want) || !slices.Equal(told, want) {
			t.Errorf("waits %v, told %v, want %v", got, told, want)
		}
		if _, err := c.whoAmI(t.Context()); err != nil || !time.Now().Equal(began) {
			t.Errorf("another method was held up: %v", err)
		}
		asking.Wait()
		if err != nil || took != 30*time.Second {
			t.Errorf("answered after %v, with %v", took, err)
		}
		if took, err := nearest(t.Context(), c); err != nil || took != 0 || len(c.Waits()) > 0 {
			t.Errorf("afterwards: %v, %v", took, err)
		}
	})
}

// TestImpatience: whoever does not want to wait is told until when it takes.
func TestImpatience(t *testing.T) {
	soon := func(ctx context.Context) context.Context { return WithPatience(ctx, 29*time.Second) }
	deadline := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithTimeout(ctx, 29*time.Second)
		t.Cleanup(cancel)
		return ctx
	}
	tests := []struct {
		name    string
		ctx     func(context.Context) context.Context
		options Options
	}{
		{"of the client", func(ctx context.Context) context.Context { return ctx }, Options{Patience: -1}},
		{"of one request", soon, Options{}},
		{"by a deadline", deadline, Options{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := answering(t, refuse(420, "FLOOD_WAIT_30"))
				test.options.Store = signedInStore(t)
				c := n.client(test.options)
				until := time.Now().Add(30 * time.Second)
				for range 2 { // the second one is not even sent
					took, err := nearest(test.ctx(t.Context()), c)
					var wait *flow.WaitError
					if !errors.Is(err, tg.ErrFloodWait) || !errors.As(err, &wait) || took != 0 {
						t.Fatalf("after %v: %v", took, err)
					}
					if !wait.Wait.Until.Equal(until) {
						t.Errorf("until %v, want %v", wait.Wait.Until, until)
					}
				}
				n.wantLog("1 users.getUsers", "1 help.getNearestDc")
			})
		})
	}
}

// TestWaitsKept: the waits of an earlier run hold.
func TestWaitsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := answering(t, nil)
		c := n.client(Options{Store: signedInStore(t), Waits: []flow.Wait{
			{Method: "help.getNearestDc", Cause: "FLOOD_WAIT", Until: time.Now().Add(20 * time.Second)},
		}})
		if took, err := nearest(t.Context(), c); err != nil || took != 20*time.Second {
			t.Errorf("answered after %v, with %v", took, err)
		}
	})
}

// TestGivingUp: neither a caller that goes away nor a client that is closed
// leaves anything waiting.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := answering(t, refuse(420, "FLOOD_WAIT_50"), refuse(420, "FLOOD_WAIT_50")) // both may have been sent
		c := n.client(Options{Store: signedInStore(t)})
		ctx, cancel := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		var gone, closed error
		asking.Go(func() { _, gone = nearest(ctx, c) })
		synctest.Wait() // the wait has begun
		asking.Go(func() { _, closed = nearest(t.Context(), c) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		c.Close()
		asking.Wait()
		if !errors.Is(gone, context.Canceled) || !errors.Is(closed, ErrClosed) {
			t.Errorf("ended with %v and %v", gone, closed)
		}
		if len(c.gate.waiting) > 0 {
			t.Error("something waits still")
		}
	})
}

// TestRepeatedReads: what only reads is repeated when the server fails, and
// nothing else (R-ER-05).
func TestRepeatedReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := answering(t, refuse(500, "RPC_CALL_FAIL"), refuse(-503, "Timedout"), nil, refuse(500, "RPC_CALL_FAIL"))
		c := n.client(Options{Store: signedInStore(t)})
		if took, err := nearest(t.Context(), c); err != nil || took != 3*time.Second {
			t.Errorf("answered after %v, with %v", took, err)
		}
		_, err := tg.Call(t.Context(), c, &tg.AccountUpdateStatus{})
		if !errors.Is(err, refuse(500, "RPC_CALL_FAIL")) {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestSlowChat: a slow supergroup does not slow down the others.
func TestSlowChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := true
		n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
			m, ok := request.(*tg.MessagesSendMessage)
			if !ok {
				return self(), nil
			}
			if p := m.Peer.(*tg.InputPeerChannel); p.ChannelID == 5 && slow {
				slow = false
				return nil, refuse(420, "SLOWMODE_WAIT_40")
			}
			return &tg.Updates{Updates: []tg.UpdateClass{
				&tg.UpdateNewChannelMessage{Message: &tg.Message{ID: 1, PeerID: &tg.PeerChannel{ChannelID: 5}}, Pts: 1},
			}}, nil
		}}
		c := n.client(Options{Store: signedInStore(t)})
		began := time.Now()
		took := make(map[int64]time.Duration)
		var mu sync.Mutex
		var sending sync.WaitGroup
		for _, id := range []int64{5, 6} {
			sending.Go(func() {
				_, err := c.SendText(t.Context(), &tg.InputPeerChannel{ChannelID: id}, "x")
				mu.Lock()
				defer mu.Unlock()
				took[id] = time.Since(began)
				if err != nil {
					t.Error(err)
				}
			})
		}
		sending.Wait()
		if took[5] != 40*time.Second || took[6] != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestCongestedDC: all connections to a data centre keep away from it when one
// has been refused (R-TR-30).
func TestCongestedDC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := answering(t, nil)
		c := n.client(Options{Store: signedInStore(t)})
		l, err := c.linkTo(1)
		if err != nil {
			t.Fatal(err)
		}
		l.changed(mtclient.State{Phase: mtclient.Waiting, Err: &transport.Error{Code: transport.CodeFlood}})
		l.changed(mtclient.State{Phase: mtclient.Waiting, Err: &transport.Error{Code: transport.CodeFlood}})
		began := time.Now()
		if took, err := nearest(t.Context(), c); err != nil || took != 2*time.Second {
			t.Errorf("answered after %v, with %v", took, err)
		}
		l.changed(mtclient.State{Phase: mtclient.Waiting, Err: &transport.Error{Code: transport.CodeFlood}})
		if err := c.gate.awaitDC(t.Context(), 1); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("dialed after %v, with %v", time.Since(began), err)
		}
	})
}

// TestWrapped: what is counted is the method inside of wrappers.
func TestWrapped(t *testing.T) {
	c := answering(t).client(Options{Store: signedInStore(t)})
	peer := &tg.InputPeerChannel{ChannelID: 9}
	var req tg.Request = &tg.MessagesSendMedia{Peer: peer}
	for _, wrap := range []func(tg.Request) tg.Request{
		func(q tg.Request) tg.Request { return &tg.InvokeWithoutUpdates{Query: q} },
		func(q tg.Request) tg.Request { return &tg.InvokeWithTakeout{Query: q} },
		func(q tg.Request) tg.Request { return &tg.InvokeAfterMsg{Query: q} },
		func(q tg.Request) tg.Request { return &tg.InvokeWithMessagesRange{Query: q} },
		func(q tg.Request) tg.Request { return &tg.InvokeWithBusinessConnection{Query: q} },
	} {
		req = wrap(req)
	}
	got := c.flowRequest(WithPriority(t.Context(), flow.Backfill), req)
	want := flow.Request{
		Method: "messages.sendMedia", Chat: 9, DC: 1, Priority: flow.Backfill, Patience: DefaultPatience,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, req := range []tg.Request{
		&tg.MessagesSendMessage{Peer: peer}, &tg.MessagesSendMultiMedia{Peer: peer},
		&tg.MessagesForwardMessages{ToPeer: peer}, &tg.MessagesSendInlineBotResult{Peer: peer},
	} {
		if got := slowChat(req); got != 9 {
			t.Errorf("%T: chat %d", req, got)
		}
	}
	if got := slowChat(&tg.MessagesReadHistory{Peer: peer}); got != 0 {
		t.Errorf("reading falls under slow mode of %d", got)
	}
}

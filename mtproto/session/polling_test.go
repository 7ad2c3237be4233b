package session_test

import (
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/tl"
)

// R-HT-03, R-HT-04: a request that the server may hold says for how long, one
// that goes beside it is to be answered at once, and none goes without need.
// What is told comes out on the other side, and an empty container says nothing.
func TestHTTPWait(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	if packet, _, err := p.client.SendHTTP(p.clientNow(), 0); packet != nil || err != nil {
		t.Fatalf("a request without need: %d bytes, %v", len(packet), err)
	}
	for _, test := range []struct {
		wait time.Duration
		want mt.HTTPWait
	}{
		{25 * time.Second, mt.HTTPWait{MaxDelay: 30, WaitAfter: 10, MaxWait: 25000}},
		{0, mt.HTTPWait{}},
	} {
		p.client.Ask(session.Request{Body: query(1), Repeat: true})
		packet, _, err := p.client.SendHTTP(p.clientNow(), test.wait)
		if err != nil {
			t.Fatal(err)
		}
		_, seqnos, bodies := messagesOf(opened(t, mtproto.Client, packet))
		var got mt.HTTPWait
		i := slices.IndexFunc(bodies, func(b []byte) bool { return tl.NewReader(b).PeekID() == mt.IDHTTPWait })
		if i < 0 {
			t.Fatal("no http_wait")
		}
		r := tl.NewReader(bodies[i])
		r.Object(&got)
		if r.Err() != nil || got != test.want || seqnos[i]&1 != 0 {
			t.Errorf("%+v with seqno %d, want %+v: %v", got, seqnos[i], test.want, r.Err())
		}
		events, err := p.server.Receive(p.now, packet)
		if err != nil {
			t.Fatal(err)
		}
		want := session.HTTPWait{
			MaxDelay:  time.Duration(test.want.MaxDelay) * time.Millisecond,
			WaitAfter: time.Duration(test.want.WaitAfter) * time.Millisecond, MaxWait: test.wait,
		}
		if events[0] != want {
			t.Errorf("the server sees %+v, want %+v", events[0], want)
		}
	}
	packet, err := p.server.SendEmpty(p.now)
	if err != nil {
		t.Fatal(err)
	}
	if events, err := p.client.Receive(p.clientNow(), packet); err != nil || len(events) != 0 {
		t.Errorf("an empty container is %v, %v", events, err)
	}
}

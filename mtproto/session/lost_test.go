package session_test

import (
	"errors"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// forget makes the server begin its session anew.
func (p *pair) forget() {
	p.server = mustNew(p.t, session.Options{
		Side: mtproto.Server, Key: testKey(), Rand: p.random, ServerSalts: p.salts, ID: p.client.ID(),
	})
}

// wait lets time pass, in which the client does what is due and the two talk.
func (p *pair) wait(d time.Duration) error {
	p.t.Helper()
	for end := p.now.Add(d); p.now.Before(end); p.now = p.now.Add(time.Second) {
		if err := p.client.Tick(p.clientNow()); err != nil {
			return err
		}
		p.settle()
		p.happened(p.client.Events())
	}
	return nil
}

// R-SM-12, R-SM-42: a query that the server says it does not have may be on its
// way over an earlier connection. It is carried out once all the same.
func TestLateOverAnEarlierConnection(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	late := p.clientPackets()
	p.cut()
	p.settle() // the server has told that it does not have the query, and got it again
	p.wantResult(id, query(1))
	for _, packet := range late {
		if err := p.deliverToServer(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	if handled != 1 {
		t.Errorf("handled %d times", handled)
	}
}

// R-SM-40, R-SM-61: a server whose clock was set back and that has forgotten the
// session takes ids of before for ones of the future. That says nothing about
// the queries, which it may have carried out.
func TestForgottenInTheFuture(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(session.Query) { handled++ }
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	p.settle()
	p.now, p.skew = p.now.Add(-20*time.Minute), p.skew+20*time.Minute
	p.forget()
	p.cut()
	for range 5 {
		p.settle()
	}
	p.wantOutcome(id, mtproto.ErrOutcomeUnknown)
	if handled != 1 {
		t.Errorf("handled %d times", handled)
	}
}

// R-EM-15, R-EM-16: a server whose clock was set back sends ids that are lower
// than all that the client remembers. The client does not go on with its
// session for ever.
func TestServerGoesBack(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	for range 2100 {
		p.client.Request(query(1))
		p.settle()
		p.now = p.now.Add(time.Millisecond)
	}
	before := p.client.ID()
	p.now, p.skew = p.now.Add(-time.Hour), p.skew+time.Hour
	p.forget()
	p.cut()
	id := p.client.Request(query(2))
	p.toServer()
	var violation *mtproto.ViolationError
	packets := p.serverPackets()
	if len(packets) == 0 {
		t.Fatal("the server says nothing")
	}
	if err := p.deliverToClient(packets[0]); !errors.As(err, &violation) || violation.Rule != "R-EM-15" {
		t.Fatalf("error %v", err)
	}
	p.cut()
	p.settle()
	p.settle()
	if p.client.ID() == before {
		t.Error("the session goes on")
	}
	p.happened(p.client.Events())
	if got, ok := p.results[id]; !ok || got.Err != nil && !errors.Is(got.Err, mtproto.ErrOutcomeUnknown) {
		t.Errorf("result %+v", got)
	}
}

// R-SM-20, R-SM-26, R-SM-47: an answer that is lost on a connection which lives
// on comes over the next one; where it does not, the query ends as carried out,
// or is made again if that does no harm.
func TestAnswerIsLost(t *testing.T) {
	for name, again := range map[string]bool{"comes over the next connection": true, "never comes": false} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, nil)
			handled := 0
			p.answer = func(q session.Query) { handled++; p.echo(q) }
			p.connect()
			p.settle()
			once, repeated := p.client.Request(query(1)), p.repeatable(query(2))
			p.toServer()
			p.serverPackets() // lost
			err := p.wait(5 * time.Minute)
			if !errors.Is(err, session.ErrSilent) {
				t.Fatalf("error %v", err)
			}
			p.client.Disconnected()
			if err := p.client.Connected(p.clientNow()); err != nil {
				t.Fatal(err)
			}
			if again {
				p.server.Disconnected()
				if err := p.server.Connected(p.now); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.wait(5 * time.Minute); err != nil {
				t.Fatal(err)
			}
			p.wantResult(repeated, query(2))
			if again {
				p.wantResult(once, query(1))
			} else {
				p.wantOutcome(once, mtproto.ErrExecuted, session.ErrNoAnswer)
			}
			if want := map[bool]int{true: 2, false: 3}[again]; handled != want {
				t.Errorf("handled %d times, want %d", handled, want)
			}
		})
	}
}

// A query that takes long is asked about now and then, and nothing else comes of
// that.
func TestSlowQuery(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	id := p.client.Request(query(1))
	if err := p.wait(30 * time.Minute); err != nil {
		t.Fatal(err)
	}
	p.echo(p.queries[0])
	p.settle()
	p.wantResult(id, query(1))
	if len(p.queries) != 1 {
		t.Errorf("%d queries", len(p.queries))
	}
}

// What has been answered is not kept, though its container may be named for
// long (R-SM-14).
func TestAnsweredBodiesAreDropped(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	for range 20 {
		p.client.Request(query(50_000))
		p.client.Request(query(50_000))
		p.settle()
	}
	if held := p.client.Remembered()["held"]; held > 10_000 {
		t.Errorf("%d bytes are held", held)
	}
}

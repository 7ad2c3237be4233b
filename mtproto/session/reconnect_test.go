package session_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// cut breaks the connection and opens the next: what was on the way is lost.
func (p *pair) cut() {
	p.client.Disconnected()
	p.server.Disconnected()
	p.connect()
}

// R-EM-62, R-EM-63, R-SM-26, R-SM-42, R-SM-47: whatever a broken connection
// swallows, the query is handled once and answered.
func TestReconnect(t *testing.T) {
	tests := []struct {
		name string
		lose func(p *pair) // after the query has been queued
	}{
		{"before the query leaves", func(*pair) {}},
		{"the query is lost", func(p *pair) { p.clientPackets() }},
		{"the answer is lost", func(p *pair) {
			for _, packet := range p.clientPackets() {
				if err := p.deliverToServer(packet); err != nil {
					p.t.Fatal(err)
				}
			}
			p.serverPackets()
		}},
		{"the query is lost twice", func(p *pair) { p.clientPackets(); p.cut(); p.clientPackets() }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t, nil)
			handled := 0
			p.answer = func(q session.Query) { handled++; p.echo(q) }
			p.connect()
			p.client.Request(query(2)) // the server knows the session
			p.settle()
			handled = 0
			id := p.client.Request(query(1))
			test.lose(p)
			p.cut()
			p.settle()
			p.wantResult(id, query(1))
			if handled != 1 {
				t.Errorf("handled %d times", handled)
			}
		})
	}
}

// R-EM-61, R-SM-60, R-SM-61: a server that has forgotten the session says so,
// and gets the queries that it does not have. One that it may have carried out
// is not sent again, unless that does no harm.
func TestServerForgetsSession(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	first := p.client.Ask(session.Request{Body: query(1), Repeat: true})
	once := p.client.Request(query(1))
	p.settle()
	p.now = p.now.Add(time.Second)
	p.server = mustNew(t, session.Options{
		Side: mtproto.Server, Key: testKey(), Rand: p.random, ServerSalts: p.salts, ID: p.client.ID(),
	})
	p.answer = p.echo
	second := p.client.Request(query(2))
	p.settle()
	p.wantResult(first, query(1))
	p.wantResult(second, query(2))
	p.wantOutcome(once, mtproto.ErrOutcomeUnknown, session.ErrForgotten)
	if p.created != 2 {
		t.Errorf("session created %d times, want 2", p.created)
	}
}

// R-TR-09: a client that comes back with nothing to say pings at once, for the
// server sends nothing over the new connection before it has had a packet.
func TestGreeting(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	p.cut()
	if err := p.client.Tick(p.clientNow()); err != nil {
		t.Fatal(err)
	}
	if packets := p.clientPackets(); len(packets) != 1 {
		t.Fatalf("%d packets after coming back, want a ping", len(packets))
	}
	if at := p.client.Deadline(); !at.After(p.clientNow()) {
		t.Errorf("due again at %v, it is %v", at, p.clientNow())
	}
}

// A server that never tells the state of a query gets it again under its old
// id, in a container (R-SM-12), and does not carry it out twice, provided that
// this would do no harm. Any other ends.
func TestStateIsNeverTold(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.connect()
	p.client.Request(query(2))
	p.settle()
	handled = 0
	id := p.client.Ask(session.Request{Body: query(1), Repeat: true})
	once := p.client.Request(query(3))
	lost := opened(t, mtproto.Client, p.clientPackets()[0])
	p.cut()
	p.clientPackets() // the question is swallowed
	p.now = p.now.Add(15 * time.Second)
	if err := p.client.Tick(p.clientNow()); err != nil {
		t.Fatal(err)
	}
	packets := p.clientPackets()
	again := opened(t, mtproto.Client, packets[0])
	ids, _, _ := messagesOf(again)
	before, _, _ := messagesOf(lost)
	if ids[len(ids)-1] != before[len(before)-2] || again.MsgID == ids[0] {
		t.Fatalf("resent as %v in %d, was %v", ids, again.MsgID, before)
	}
	for range 2 {
		if err := p.deliverToServer(packets[0]); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	p.wantResult(id, query(1))
	p.wantOutcome(once, mtproto.ErrOutcomeUnknown, session.ErrNoState)
	if handled != 1 {
		t.Errorf("handled %d times", handled)
	}
}

// R-SM-43, R-SM-44, R-SM-45: announced messages are asked for and come.
func TestDetailedInfo(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	if err := p.server.Push(query(9)); err != nil {
		t.Fatal(err)
	}
	lost := opened(t, mtproto.Server, p.serverPackets()[0])
	ids, _, _ := messagesOf(lost)
	p.server.Reply(marshal(t, &mt.MsgNewDetailedInfo{AnswerMsgID: int64(ids[0]), Bytes: 40}))
	p.settle()
	if len(p.updates) != 1 {
		t.Fatalf("%d updates", len(p.updates))
	}
	p.server.Reply(marshal(t, &mt.MsgDetailedInfo{AnswerMsgID: int64(ids[0]), Bytes: 40}))
	p.settle()
	if len(p.updates) != 1 {
		t.Fatalf("%d updates after a second announcement", len(p.updates))
	}
}

// R-SM-33: after each code that speaks of wrong numbers a new session answers
// everything, but for times: see TestClockAheadForATime. A server that always
// refuses ends the query with an error.
func TestBadMsgCodes(t *testing.T) {
	for _, code := range []int32{16, 17, 18, 19, 20, 32, 33, 34, 35, 64} {
		t.Run(fmt.Sprint("code ", code), func(t *testing.T) {
			p := newPair(t, nil)
			p.connect()
			p.settle()
			id := p.client.Ask(session.Request{Body: query(1), Repeat: true})
			refused := refuseOnce(p, code)
			p.settle()
			p.wantResult(id, query(1))
			if renewed := p.client.ID() != refused; renewed != (code != 16 && code != 17 && code != 20) {
				t.Errorf("new session: %v", renewed)
			}

			stubborn := p.client.Ask(session.Request{Body: query(2), Repeat: true})
			for range 10 {
				if _, done := p.results[stubborn]; done {
					break
				}
				refuseOnce(p, code)
			}
			var bad *mtproto.BadMsgError
			if !errors.As(p.results[stubborn].Err, &bad) || bad.Code != int(code) {
				t.Errorf("a server that always refuses: %v", p.results[stubborn].Err)
			}
		})
	}
}

// refuseOnce loses the client's packets and refuses the newest with code. It
// returns the session that they belonged to.
func refuseOnce(p *pair, code int32) mtproto.SessionID {
	p.t.Helper()
	packets := p.clientPackets()
	if len(packets) == 0 {
		p.t.Fatal("nothing was sent")
	}
	p.now = p.now.Add(10 * time.Millisecond)
	e := opened(p.t, mtproto.Client, packets[len(packets)-1])
	body := marshal(p.t, &mt.BadMsgNotification{BadMsgID: int64(e.MsgID), BadMsgSeqno: e.SeqNo, ErrorCode: code})
	answer := sealed(p.t, mtproto.Server, session.Envelope{
		SessionID: e.SessionID, MsgID: mtproto.MsgIDAt(p.now.Add(-time.Millisecond)) | 1, Body: body,
	})
	if err := p.deliverToClient(answer); err != nil {
		p.t.Fatal(err)
	}
	return e.SessionID
}

// Push stops before a client that acknowledges nothing costs too much memory.
func TestPendingIsBounded(t *testing.T) {
	p := newPair(t, func(_, server *session.Options) { server.MaxPending = 10_000 })
	p.connect()
	pushed := 0
	var err error
	for err == nil && pushed < 1000 {
		err = p.server.Push(query(100))
		pushed++
		p.serverPackets()
	}
	if !errors.Is(err, session.ErrPendingFull) || pushed > 25 {
		t.Fatalf("%d pushed, %v", pushed, err)
	}
}

// Answers that a client never acknowledges are not kept for ever, and do not
// keep updates from it.
func TestUnacknowledgedAnswersAreBounded(t *testing.T) {
	p := newPair(t, func(_, server *session.Options) { server.MaxPending = 40_000 })
	p.answer = func(q session.Query) { p.server.Answer(q.MsgID, query(200)) }
	p.connect()
	p.settle()
	for range 100 {
		id := p.client.Request(query(1))
		for _, packet := range p.clientPackets() {
			e := opened(t, mtproto.Client, packet)
			ids, seqnos, bodies := messagesOf(e)
			last := len(ids) - 1 // what goes before the query are acknowledgements
			alone := session.Envelope{SessionID: e.SessionID, Salt: e.Salt, MsgID: ids[last], SeqNo: seqnos[last], Body: bodies[last]}
			if err := p.deliverToServer(sealed(t, mtproto.Client, alone)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.server.Push(query(10)); err != nil {
			t.Fatal(err)
		}
		for _, packet := range p.serverPackets() {
			if err := p.deliverToClient(packet); err != nil {
				t.Fatal(err)
			}
		}
		if p.results[id].Body == nil {
			t.Fatalf("query %d has no answer", id)
		}
	}
}

// TestBadNetwork runs conversations over a network that cuts, loses nothing
// silently within a connection (TCP), and moves clocks: every query ends once,
// is handled once, or at most once where that is all that is known of it, and every update arrives once and in order.
func TestBadNetwork(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { badNetwork(t, seed) })
	}
}

func badNetwork(t *testing.T, seed uint64) {
	r := rand.New(testRand(seed))
	p := newPair(t, func(client, _ *session.Options) {
		client.ClockKnown = r.IntN(2) == 0
		client.Salts[0].Value = mtproto.Salt(77 - r.Int64N(2))
	})
	handled := map[uint32]int{}
	p.answer = func(q session.Query) { handled[binary.LittleEndian.Uint32(q.Body[4:])]++; p.echo(q) }
	p.skew = time.Duration(r.Int64N(400)-200) * time.Second
	p.connect()
	asked := map[session.RequestID][]byte{}
	pushed := 0
	var toServer, toClient [][]byte
	for step := range 400 {
		switch r.IntN(12) {
		case 0, 1:
			q := query(1 + r.IntN(5))
			binary.LittleEndian.PutUint32(q[4:], uint32(step))
			asked[p.client.Ask(session.Request{Body: q, Repeat: step%2 == 0})] = q
		case 2:
			body := query(1)
			binary.LittleEndian.PutUint32(body[4:], uint32(pushed))
			if err := p.server.Push(body); err != nil {
				t.Fatal(err)
			}
			pushed++
		case 3, 4:
			toServer = append(toServer, p.clientPackets()...)
		case 5, 6:
			toClient = append(toClient, p.serverPackets()...)
		case 7, 8:
			if len(toServer) > 0 {
				if err := p.deliverToServer(toServer[0]); err != nil {
					t.Fatalf("server: %v", err)
				}
				toServer = toServer[1:]
			}
		case 9, 10:
			if len(toClient) > 0 {
				err := p.deliverToClient(toClient[0])
				var v *mtproto.ViolationError
				if errors.As(err, &v) && v.Rule == "R-EM-17" && p.skew < -30*time.Second {
					// The client took its clock for right. It finds out on the next
					// connection.
					toServer, toClient = nil, nil
					p.cut()
					continue
				}
				if err != nil {
					t.Fatalf("client: %v", err)
				}
				toClient = toClient[1:]
			}
		case 11:
			p.now = p.now.Add(time.Duration(r.Int64N(3000)) * time.Millisecond)
			if r.IntN(6) == 0 {
				toServer, toClient = nil, nil
				p.cut()
			}
			if err := p.client.Tick(p.clientNow()); err != nil {
				toServer, toClient = nil, nil
				p.cut()
			}
		}
	}
	p.cut()
	for range 3 {
		p.settle()
		p.now = p.now.Add(16 * time.Second)
		if err := p.client.Tick(p.clientNow()); err != nil {
			p.cut()
		}
	}
	p.settle()
	p.happened(p.client.Events())
	for id, q := range asked {
		step := binary.LittleEndian.Uint32(q[4:])
		least := 1
		if step%2 == 1 && errors.Is(p.results[id].Err, mtproto.ErrOutcomeUnknown) {
			least = 0
		} else {
			p.wantResult(id, q)
		}
		if n := handled[step]; n > 1 || n < least {
			t.Errorf("query %d handled %d times, its end is %v", id, n, p.results[id].Err)
		}
	}
	if p.created > 1 || p.renewed {
		return // a new session: updates of the old one are fetched by getDifference
	}
	if len(p.updates) != pushed {
		t.Fatalf("%d updates of %d", len(p.updates), pushed)
	}
	for i, body := range p.updates {
		if got := binary.LittleEndian.Uint32(body[4:]); got != uint32(i) {
			t.Fatalf("update %d stands at %d", got, i)
		}
	}
}

func FuzzReceive(f *testing.F) {
	p := newPair(f, nil)
	p.connect()
	p.client.Request(query(3))
	p.client.Request(query(1))
	for _, packet := range p.clientPackets() {
		f.Add(opened(f, mtproto.Client, packet).Body, true)
		if err := p.deliverToServer(packet); err != nil {
			f.Fatal(err)
		}
	}
	for _, packet := range p.serverPackets() {
		f.Add(opened(f, mtproto.Server, packet).Body, false)
	}
	f.Fuzz(func(t *testing.T, body []byte, fromClient bool) {
		if len(body) > 1<<16 {
			return
		}
		p := newPair(t, nil)
		p.connect()
		p.client.Request(query(1))
		p.clientPackets()
		body = body[:len(body)&^3]
		e := session.Envelope{SessionID: p.client.ID(), MsgID: mtproto.MsgIDAt(epoch), SeqNo: 1, Salt: 77, Body: body}
		var err error
		if fromClient {
			err = p.deliverToServer(sealed(t, mtproto.Client, e))
		} else {
			e.MsgID |= 1
			err = p.deliverToClient(sealed(t, mtproto.Server, e))
		}
		var v *mtproto.ViolationError
		if err != nil && !errors.As(err, &v) {
			t.Errorf("%x: %v", body, err)
		}
		p.clientPackets()
		p.serverPackets()
	})
}

func FuzzOpen(f *testing.F) {
	key := testKey()
	packet := sealed(f, mtproto.Client, session.Envelope{SessionID: 1, MsgID: 4, Body: query(4)})
	f.Add(packet)
	f.Add(packet[:40])
	f.Fuzz(func(t *testing.T, packet []byte) {
		e, err := session.Open(&key, mtproto.Client, packet)
		var v *mtproto.ViolationError
		if err != nil && !errors.As(err, &v) {
			t.Errorf("error %v", err)
		}
		if err == nil && len(e.Body)%4 != 0 {
			t.Errorf("body of %d bytes (R-EM-12)", len(e.Body))
		}
	})
}

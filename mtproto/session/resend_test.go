package session_test

import (
	"encoding/binary"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// R-SM-40, R-SV-06: a query that is being worked on is known, however many
// messages came after it, and is not carried out twice.
func TestSlowQueryOutlivesTheWindow(t *testing.T) {
	for _, told := range []bool{true, false} {
		p := newPair(t, nil)
		p.connect()
		p.settle()
		p.answer = nil
		slow := p.repeatable(query(9))
		p.settle()
		p.answer = p.echo
		for range 5000 {
			p.repeatable(query(1))
			p.toServer()
			p.toClient()
		}
		p.answer = func(session.Query) { t.Error("carried out twice") }
		p.cut()
		if !told { // the question is lost, and the query itself comes again
			p.clientPackets()
			p.now = p.now.Add(15 * time.Second)
			if err := p.client.Tick(p.clientNow()); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
		p.echo(p.queries[0])
		p.settle()
		p.wantResult(slow, query(9))
	}
}

// Code 20: a server that cannot tell whether it has had an element says so of
// that element, does the others, and the client sends it anew.
func TestElementTooOld(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	old, oldID := p.sentQuery(query(9)) // lost
	for range 3000 {
		p.repeatable(query(1))
		p.toServer()
		p.toClient()
	}
	at := mtproto.MsgIDAt(p.now.Add(time.Second))
	if err := p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
		SessionID: p.client.ID(), Salt: 77, MsgID: at + 8, SeqNo: 1 << 20,
		Body: containerOf(elementOf{oldID, 1, query(9)}, elementOf{at, 1<<20 - 1, query(2)}),
	})); err != nil {
		t.Fatal(err)
	}
	packets := p.serverPackets()
	var bad mt.BadMsgNotification
	if !find(t, mtproto.Server, packets, mt.IDBadMsgNotification, &bad) || bad.ErrorCode != 20 || bad.BadMsgID != int64(oldID) {
		t.Errorf("notification %+v", bad)
	}
	var result mt.RPCResult
	if !find(t, mtproto.Server, packets, mt.IDRPCResult, &result) || result.ReqMsgID != int64(at) {
		t.Errorf("result %+v", result)
	}
	for _, packet := range packets {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	if again, newID := p.sentQuery(query(1)); again == old || newID == oldID {
		t.Error("the client does not go on")
	}
}

// R-SM-34: the first answer wins, be it to the id that a query had before.
func TestFirstAnswerWins(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, before := p.sentQuery(query(1))
	bad := marshal(t, &mt.BadMsgNotification{BadMsgID: int64(before), BadMsgSeqno: 1, ErrorCode: 20})
	if err := p.fromServer(bad); err != nil {
		t.Fatal(err)
	}
	if err := p.fromServer(marshal(t, &mt.RPCResult{ReqMsgID: int64(before), Result: echoOf(query(1))})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(id, query(1))
	p.answer = func(session.Query) { t.Error("asked again after the answer") }
	p.settle()
}

// R-IX-13: a salt is refused for the packet as it was. What has been sent again
// since is not sent a third time, and so not carried out twice.
func TestLateRefusal(t *testing.T) {
	for _, code := range []int32{48, 16} {
		p := newPair(t, nil)
		handled := 0
		p.answer = func(q session.Query) { handled++; p.echo(q) }
		p.connect()
		p.settle()
		first, second := p.repeatable(query(1)), p.repeatable(query(2))
		lost := opened(t, mtproto.Client, p.clientPackets()[0])
		p.cut()
		p.toServer() // what became of them?
		p.toClient() // they are missing
		p.toServer() // here they are
		late := marshal(t, &mt.BadServerSalt{BadMsgID: int64(lost.MsgID), ErrorCode: 48, NewServerSalt: 77})
		if code != 48 {
			late = marshal(t, &mt.BadMsgNotification{BadMsgID: int64(lost.MsgID), ErrorCode: code})
		}
		if err := p.fromServer(late); err != nil {
			t.Fatal(err)
		}
		p.settle()
		p.wantResult(first, query(1))
		p.wantResult(second, query(2))
		if handled != 2 {
			t.Errorf("code %d: 2 queries were handled %d times", code, handled)
		}
	}
}

// R-SM-42: a state that was told before the query came again says nothing about
// it.
func TestLateState(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.connect()
	p.settle()
	id, _ := p.sentQuery(query(1)) // lost
	p.cut()
	p.toServer()
	told := p.serverPackets() // late
	p.now = p.now.Add(15 * time.Second)
	if err := p.client.Tick(p.clientNow()); err != nil {
		t.Fatal(err)
	}
	p.toServer()
	for _, packet := range told {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	p.wantResult(id, query(1))
	if handled != 1 {
		t.Errorf("handled %d times", handled)
	}
}

// R-SM-47, R-EM-40: a question about queries that is refused for its salt is
// asked again at once.
func TestStateQuestionIsRefused(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, _ := p.sentQuery(query(1)) // lost
	p.now = p.now.Add(5 * time.Hour)
	p.cut()
	p.settle()
	p.wantResult(id, query(1))
}

// R-SM-22, R-SM-47: more queries than one question may name are asked about in
// several.
func TestManyQueriesAreLost(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.connect()
	p.settle()
	const n = session.MaxAckIDs + 1000
	for range n {
		p.repeatable(query(1))
	}
	p.clientPackets()
	p.cut()
	p.settle()
	if len(p.results) != n || handled != n {
		t.Fatalf("%d of %d queries were answered, %d handled", len(p.results), n, handled)
	}
}

// R-IX-02, R-SM-36: the client's clock was ahead and is set right. The session
// goes on, and what was taken in before is not asked twice.
func TestClockAheadForATime(t *testing.T) {
	for _, ahead := range []time.Duration{35 * time.Second, time.Hour, 100 * time.Hour} {
		p := newPair(t, nil)
		handled := 0
		p.answer = func(q session.Query) {
			if handled++; handled != 2 {
				p.echo(q)
			} else {
				p.queries = append(p.queries, q)
			}
		}
		p.connect()
		ids := []session.RequestID{p.repeatable(query(1))}
		p.settle()
		ids = append(ids, p.repeatable(query(2))) // takes long
		p.settle()
		before := p.client.ID()
		p.skew = ahead
		ids = append(ids, p.repeatable(query(3)))
		p.toServer()
		ids = append(ids, p.repeatable(query(4)))
		p.toServer()
		p.toClient()
		p.settle()
		p.echo(p.queries[0])
		p.settle()
		for i, id := range ids {
			p.wantResult(id, query(i+1))
		}
		if handled != 4 || p.client.ID() != before {
			t.Errorf("%v: 4 queries handled %d times, session renewed: %v", ahead, handled, p.client.ID() != before)
		}
	}
}

// R-SM-33, R-EM-64, R-IX-18: a session that is given up is destroyed before its
// queries are asked again in the next.
func TestSessionGivenUpIsDestroyed(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	p.repeatable(query(1))
	before := refuseOnce(p, 32)
	_, _, bodies := messagesOf(opened(t, mtproto.Client, p.clientPackets()[0]))
	var destroy mt.DestroySession
	if binary.LittleEndian.Uint32(bodies[0]) != mt.IDDestroySession {
		t.Fatalf("the new session begins with %x", bodies[0][:4])
	}
	if !find(t, mtproto.Client, [][]byte{sealed(t, mtproto.Client, session.Envelope{Body: bodies[0]})}, mt.IDDestroySession, &destroy) ||
		destroy.SessionID != int64(before) {
		t.Errorf("destroys %d, not %d", destroy.SessionID, before)
	}
}

// R-SM-25, R-SM-34: what else is in the packet that ends a session counts.
func TestAnswerBesideRefusal(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	first, firstID := p.sentQuery(query(1))
	second, secondID := p.sentQuery(query(2))
	at := mtproto.MsgIDAt(p.now.Add(time.Second))
	if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
		SessionID: p.client.ID(), MsgID: at | 9, Body: containerOf(
			elementOf{at | 1, 0, marshal(t, &mt.BadMsgNotification{BadMsgID: int64(secondID), ErrorCode: 32})},
			elementOf{at | 5, 1, marshal(t, &mt.RPCResult{ReqMsgID: int64(firstID), Result: echoOf(query(1))})},
		),
	})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(first, query(1))
	p.settle()
	p.wantResult(second, query(2))
}

// R-IX-01: an old message that comes again tells the time at which it was made,
// not that at which it comes.
func TestOldMessagesDoNotSetTheClock(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	p.repeatable(query(1))
	p.toServer()
	p.serverPackets() // new_session_created is lost
	p.now = p.now.Add(10 * time.Minute)
	p.cut()
	p.settle()
	if offset, known := p.client.ClockOffset(); known && (offset < -time.Second || offset > time.Second) {
		t.Errorf("offset %v", offset)
	}
}

// R-EM-40, R-EM-43: the salt that the server has just named is used, though
// the clock is set back a little and others are known for later.
func TestSaltAfterClockWasSet(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle() // 32 salts for later are known
	p.now = p.now.Add(20 * time.Hour)
	p.skew = 2 * time.Second
	p.cut()
	first := p.repeatable(query(1))
	p.settle()
	p.wantResult(first, query(1))
	p.skew = -20 * time.Second
	id := p.repeatable(query(1))
	for range 3 {
		p.toServer()
		p.toClient()
	}
	p.wantResult(id, query(1))
}

// R-SM-12: a query that came again in a container which is refused for its salt
// or time keeps its id, since it may have been taken in the first time.
func TestResentQueryIsRefused(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	p.settle()
	id := p.repeatable(query(1))
	p.toServer()
	p.serverPackets()
	p.cut()
	p.clientPackets() // the question is lost
	p.now = p.now.Add(15 * time.Second)
	if err := p.client.Tick(p.clientNow()); err != nil {
		t.Fatal(err)
	}
	p.skew = time.Minute
	p.answer = func(session.Query) { t.Error("carried out twice") }
	p.settle() // code 17
	p.echo(p.queries[0])
	p.settle()
	p.wantResult(id, query(1))
}

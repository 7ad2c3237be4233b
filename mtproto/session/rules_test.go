package session_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// R-SM-14: a container that is refused after one of its queries was answered has
// only the others sent again.
func TestContainerPartlyAnswered(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	first, second := p.client.Request(query(1)), p.client.Request(query(2))
	e := opened(t, mtproto.Client, p.clientPackets()[0])
	ids, _, bodies := messagesOf(e)
	i := slices.IndexFunc(bodies, func(b []byte) bool { return bytes.Equal(b, query(1)) })
	if err := p.fromServer(marshal(t, &mt.RPCResult{ReqMsgID: int64(ids[i]), Result: echoOf(query(1))})); err != nil {
		t.Fatal(err)
	}
	if err := p.fromServer(marshal(t, &mt.BadServerSalt{BadMsgID: int64(e.MsgID), ErrorCode: 48, NewServerSalt: 77})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(first, query(1))
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.settle()
	p.wantResult(second, query(2))
	if handled != 1 {
		t.Errorf("%d queries were sent again", handled)
	}
}

// R-IX-17, R-IX-22: a client that has acknowledged all gets nothing again when
// it comes back; a second answer is acknowledged and no more.
func TestNothingIsRepeated(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, asked := p.sentQuery(query(1))
	answer := marshal(t, &mt.RPCResult{ReqMsgID: int64(asked), Result: echoOf(query(1))})
	for range 2 { // happened reports a query that ends twice
		at := mtproto.MsgIDAt(p.now) | 1
		p.now = p.now.Add(time.Millisecond)
		if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{SessionID: p.client.ID(), MsgID: at, SeqNo: 1, Body: answer})); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(31 * time.Second)
		var acks mt.MsgsAck
		if !find(t, mtproto.Client, p.clientPackets(), mt.IDMsgsAck, &acks) || !slices.Contains(acks.MsgIDs, int64(at)) {
			t.Errorf("acks %d, without %d", acks.MsgIDs, at)
		}
	}
	p.wantResult(id, query(1))

	q := newPair(t, nil)
	q.connect()
	q.client.Request(query(1))
	if err := q.server.Push(query(2)); err != nil {
		t.Fatal(err)
	}
	q.settle()
	q.now = q.now.Add(31 * time.Second)
	q.settle() // acks
	q.cut()
	q.toServer()
	for _, packet := range q.serverPackets() {
		_, _, bodies := messagesOf(opened(t, mtproto.Server, packet))
		for _, body := range bodies {
			if constructor := binary.LittleEndian.Uint32(body); constructor == mt.IDRPCResult || constructor == 0x11223344 {
				t.Errorf("%08x comes again", constructor)
			}
		}
	}
}

// R-SM-46: msgs_all_info acknowledges what it says has been received.
func TestAllInfoAcknowledges(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	var ids []int64
	for range 3 {
		if err := p.server.Push(query(1)); err != nil {
			t.Fatal(err)
		}
		sent, _, _ := messagesOf(opened(t, mtproto.Server, p.serverPackets()[0]))
		ids = append(ids, int64(sent[0]))
	}
	info := func(body []byte) error {
		at := mtproto.MsgIDAt(p.now.Add(time.Second))
		return p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
			SessionID: p.client.ID(), Salt: 77, MsgID: at, SeqNo: 1000, Body: body,
		}))
	}
	if err := info(marshal(t, &mt.MsgsAllInfo{MsgIDs: ids, Info: []byte{4, 2, 4 + 8}})); err != nil {
		t.Fatal(err)
	}
	p.server.Disconnected()
	if err := p.server.Connected(p.now); err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, packet := range p.serverPackets() {
		_, _, bodies := messagesOf(opened(t, mtproto.Server, packet))
		for _, body := range bodies {
			if bytes.Equal(body, query(1)) {
				again++
			}
		}
	}
	if again != 1 {
		t.Errorf("%d updates come again, want the one that was not received", again)
	}
	violates(t, p.fromServer(marshal(t, &mt.MsgsAllInfo{MsgIDs: []int64{4, 8}, Info: []byte{4}})), "R-SM-46")
}

// R-SM-62: a server that names a container as the first message of the session
// has its queries.
func TestCreatedNamesContainer(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	p.answer = nil
	ids := []session.RequestID{p.client.Request(query(1)), p.client.Request(query(2))}
	packet := p.clientPackets()[0]
	e := opened(t, mtproto.Client, packet)
	if err := p.deliverToServer(packet); err != nil {
		t.Fatal(err)
	}
	if err := p.fromServer(marshal(t, &mt.NewSessionCreated{FirstMsgID: int64(e.MsgID), UniqueID: 9, ServerSalt: 77})); err != nil {
		t.Fatal(err)
	}
	for _, q := range p.queries {
		p.echo(q)
	}
	p.settle()
	for i, id := range ids {
		p.wantResult(id, query(i+1))
	}
}

// R-SM-44: a client that repeats its query because a large answer was lost is
// told of it, and fetches it; one that does not want it any more acknowledges.
func TestLargeAnswerIsAnnounced(t *testing.T) {
	p := newPair(t, nil)
	p.answer = func(q session.Query) { p.server.Answer(q.MsgID, query(2000)) }
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	packet := p.clientPackets()[0]
	if err := p.deliverToServer(packet); err != nil {
		t.Fatal(err)
	}
	answer := p.serverPackets() // lost
	if err := p.deliverToServer(packet); err != nil {
		t.Fatal(err)
	}
	packets := p.serverPackets()
	var detailed mt.MsgDetailedInfo
	if !find(t, mtproto.Server, packets, mt.IDMsgDetailedInfo, &detailed) || detailed.Bytes != 2001*4+12 {
		t.Fatalf("announced: %+v", detailed)
	}
	for _, packet := range packets {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	if result := p.results[id]; len(result.Body) != 2001*4 {
		t.Errorf("answer of %d bytes, %v", len(result.Body), result.Err)
	}
	_ = answer
	if err := p.fromServer(marshal(t, &mt.MsgDetailedInfo{MsgID: 400, AnswerMsgID: int64(mtproto.MsgIDAt(p.now)) | 1, Bytes: 9})); err != nil {
		t.Fatal(err)
	}
	var resend mt.MsgResendReq
	if find(t, mtproto.Client, p.clientPackets(), mt.IDMsgResendReq, &resend) {
		t.Error("fetches an answer that nobody waits for")
	}
}

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

// R-EM-30, R-EM-34, R-EM-36, R-TL-32, R-IX-04: ids and sequence numbers are
// given in the order in which messages leave, however they were made; a packed
// query counts as what it holds, and no service message counts.
func TestNumbersInOrder(t *testing.T) {
	p := newPair(t, func(client, _ *session.Options) { client.CompressAbove = 100 })
	p.connect()
	p.settle()
	first, last, content := true, mtproto.MsgID(0), int32(0)
	for range 5 {
		for n := range 20 {
			p.client.Request(query(n * 10))
		}
		if err := p.server.Push(query(1)); err != nil { // to be acknowledged, in between
			t.Fatal(err)
		}
		p.toClient()
		for _, packet := range p.clientPackets() {
			e := opened(t, mtproto.Client, packet)
			ids, seqnos, bodies := messagesOf(e)
			for i := range ids {
				constructor := binary.LittleEndian.Uint32(bodies[i])
				isQuery := constructor == 0x11223344 || constructor == mt.IDGzipPacked
				if first {
					first, content = false, seqnos[i]/2
				}
				want := 2 * content
				if isQuery {
					want++
					content++
				}
				if !last.Before(ids[i]) || seqnos[i] != want {
					t.Errorf("%08x: id %d after %d, seqno %d, want %d", constructor, ids[i], last, seqnos[i], want)
				}
				last = ids[i]
			}
			if !last.Before(e.MsgID) {
				t.Errorf("container %d after %d", e.MsgID, last)
			}
			last = e.MsgID
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// R-EM-31, R-SM-68, R-SM-64: what has an odd seqno is acknowledged and nothing
// else is; pings and pongs may have either.
func TestParityDecidesOnAcks(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	p.now = p.now.Add(time.Minute)
	p.clientPackets() // the acks of before
	var odd []int64
	for seqno := range int32(4) {
		at := mtproto.MsgIDAt(p.now) | 1
		p.now = p.now.Add(time.Millisecond)
		if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
			SessionID: p.client.ID(), MsgID: at, SeqNo: seqno, Body: marshal(t, &mt.Ping{PingID: int64(seqno)}),
		})); err != nil {
			t.Fatal(err)
		}
		if seqno%2 == 1 {
			odd = append(odd, int64(at))
		}
		var pong mt.Pong
		packets := p.clientPackets()
		if !find(t, mtproto.Client, packets, mt.IDPong, &pong) || pong.PingID != int64(seqno) || pong.MsgID != int64(at) {
			t.Errorf("ping %d is answered %+v", seqno, pong)
		}
		var acks mt.MsgsAck
		if find(t, mtproto.Client, packets, mt.IDMsgsAck, &acks); !slices.Equal(acks.MsgIDs, odd) {
			t.Errorf("acks %d, want %d", acks.MsgIDs, odd)
		}
		odd = nil
	}
}

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

// R-SM-15, R-IX-14, R-IX-15: gzip_packed as a message, as an element and in an
// rpc_result; elements are as long as they claim, whatever their objects are.
func TestNesting(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, asked := p.sentQuery(query(1))
	pack := func(body []byte) []byte { return gzipped(t, body) }
	at := mtproto.MsgIDAt(p.now.Add(time.Second))
	trailing := append(marshal(t, &mt.Pong{MsgID: 4, PingID: 1}), 1, 2, 3, 4, 5, 6, 7, 8)
	result := append(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(nil, mt.IDRPCResult), uint64(asked)), pack(echoOf(query(1)))...)
	p.now = p.now.Add(2 * time.Second)
	if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
		SessionID: p.client.ID(), MsgID: at | 1 + 40, Body: containerOf(
			elementOf{at | 1, 0, trailing},
			elementOf{at | 1 + 4, 3, pack(query(60))},
			elementOf{at | 1 + 8, 5, result},
		),
	})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(id, query(1))
	if err := p.fromServer(pack(query(70))); err != nil {
		t.Fatal(err)
	}
	if len(p.updates) != 2 || !bytes.Equal(p.updates[0], query(60)) || !bytes.Equal(p.updates[1], query(70)) {
		t.Errorf("updates %x", p.updates)
	}
	p.now = p.now.Add(time.Minute)
	var acks mt.MsgsAck
	if !find(t, mtproto.Client, p.clientPackets(), mt.IDMsgsAck, &acks) {
		t.Fatal("no acks")
	}
	for _, want := range []mtproto.MsgID{at | 1 + 4, at | 1 + 8} { // once, not for what is inside too
		if n := len(slices.DeleteFunc(slices.Clone(acks.MsgIDs), func(id int64) bool { return id != int64(want) })); n != 1 {
			t.Errorf("%d acknowledged %d times", want, n)
		}
	}
}

// R-IX-16, R-EM-08: what a transport has added at the end is cut off.
func TestTransportPadding(t *testing.T) {
	key := testKey()
	packet := sealed(t, mtproto.Client, session.Envelope{SessionID: 1, MsgID: 4, Body: query(4)})
	for n := range 16 {
		if e, err := session.Open(&key, mtproto.Client, append(slices.Clone(packet), make([]byte, n)...)); err != nil || !bytes.Equal(e.Body, query(4)) {
			t.Errorf("%d bytes more: %v", n, err)
		}
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
func TestAllInfo(t *testing.T) {
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

// R-IX-05, R-EM-60: a session is never called 0.
func TestSessionIDIsNotZero(t *testing.T) {
	random := bytes.NewReader(append(make([]byte, 16), 1, 2, 3, 4, 5, 6, 7, 8))
	s := mustNew(t, session.Options{Side: mtproto.Client, Key: testKey(), Rand: random})
	if s.ID() != 0x0807060504030201 {
		t.Errorf("id %x", int64(s.ID()))
	}
}

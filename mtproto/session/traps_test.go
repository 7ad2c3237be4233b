package session_test

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// acksOf returns the ids that packets of the client acknowledge.
func acksOf(t *testing.T, packets [][]byte) []int64 {
	t.Helper()
	var v mt.MsgsAck
	find(t, mtproto.Client, packets, mt.IDMsgsAck, &v)
	return v.MsgIDs
}

// R-EM-31, R-IX-17: what comes with an odd seqno is acknowledged, alone if there
// is nothing to send for long; the rest is not.
func TestOddIsAcknowledged(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	at := mtproto.MsgIDAt(p.now.Add(time.Millisecond)) | 3
	for i, seqno := range []int32{101, 102, 103} {
		if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
			SessionID: p.client.ID(), MsgID: at + mtproto.MsgID(i*4), SeqNo: seqno, Body: query(1),
		})); err != nil {
			t.Fatal(err)
		}
	}
	var acks []int64 // that of new_session_created comes first
	for end := p.now.Add(2 * time.Minute); p.now.Before(end) && len(acks) == 0; p.now = p.now.Add(time.Second) {
		if err := p.client.Tick(p.clientNow()); err != nil {
			t.Fatal(err)
		}
		acks = acksOf(t, p.clientPackets())
	}
	if want := []int64{int64(at), int64(at + 8)}; len(acks) != 3 || !slices.Equal(acks[1:], want) {
		t.Errorf("acknowledged %d, want %d", acks, want)
	}
}

// R-EM-30, R-EM-36, R-IX-03, R-IX-04: ids and sequence numbers are given out in
// one step, in the order in which messages leave, on a clock that stands still
// too.
func TestNumbersInOrder(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	var last mtproto.MsgID
	content := int32(0)
	for range 30 {
		for range 40 {
			p.client.Request(query(1))
		}
		for _, packet := range p.clientPackets() {
			e := opened(t, mtproto.Client, packet)
			ids, seqnos, _ := messagesOf(e)
			for i := range ids {
				if !last.Before(ids[i]) || seqnos[i]/2 != content {
					t.Fatalf("%d with seqno %d after %d, and %d content-related ones", ids[i], seqnos[i], last, content)
				}
				last, content = ids[i], content+seqnos[i]&1
			}
			if e.MsgID != last && !last.Before(e.MsgID) || e.SeqNo < seqnos[len(seqnos)-1] {
				t.Fatalf("packet %d with seqno %d after %d", e.MsgID, e.SeqNo, last)
			}
			last = e.MsgID
		}
	}
}

// R-EM-34, R-SM-68: service messages may have either parity.
func TestEitherParity(t *testing.T) {
	for _, seqno := range []int32{0, 1} {
		p := newPair(t, nil)
		p.connect()
		at := mtproto.MsgIDAt(p.now)
		if err := p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
			SessionID: p.client.ID(), Salt: 77, MsgID: at, SeqNo: seqno, Body: marshal(t, &mt.Ping{PingID: 5}),
		})); err != nil {
			t.Fatal(err)
		}
		var pong mt.Pong
		if !find(t, mtproto.Server, p.serverPackets(), mt.IDPong, &pong) || pong.PingID != 5 {
			t.Errorf("seqno %d: no pong", seqno)
		}
		if err := p.fromServer(marshal(t, &mt.Pong{MsgID: 4, PingID: 5})); err != nil {
			t.Errorf("seqno %d: %v", seqno, err)
		}
	}
}

// R-SM-15, R-IX-14, R-IX-15: what is packed is read wherever it stands, an
// element is as long as it says, and each message is acknowledged once.
func TestPackedEverywhere(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, sent := p.sentQuery(query(1))
	result := append(marshal(t, &mt.RPCResult{ReqMsgID: int64(sent)})[:12], gzipped(t, echoOf(query(1)))...)
	pong := append(marshal(t, &mt.Pong{MsgID: 4}), 0, 0, 0, 0) // with a tail
	at := mtproto.MsgIDAt(p.now.Add(time.Millisecond)) | 1
	if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
		SessionID: p.client.ID(), MsgID: at + 400, SeqNo: 6, Body: containerOf(
			elementOf{at + 2, 1, gzipped(t, query(300))}, elementOf{at + 4, 2, pong}, elementOf{at + 8, 3, result},
		),
	})); err != nil {
		t.Fatal(err)
	}
	if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
		SessionID: p.client.ID(), MsgID: at + 406, SeqNo: 7, Body: gzipped(t, query(400)),
	})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(id, query(1))
	if len(p.updates) != 2 || !bytes.Equal(p.updates[0], query(300)) || !bytes.Equal(p.updates[1], query(400)) {
		t.Errorf("%d updates", len(p.updates))
	}
	p.client.Request(query(1)) // takes the acknowledgements along
	acks := acksOf(t, p.clientPackets())
	if want := []int64{int64(at + 2), int64(at + 8), int64(at + 406)}; !slices.Equal(acks, want) {
		t.Errorf("acknowledged %d, want %d", acks, want)
	}
}

// R-TL-32: a compressed query is content-related, as the query is.
func TestPackedQueryIsContent(t *testing.T) {
	p := newPair(t, func(client, _ *session.Options) { client.CompressAbove = 100 })
	p.connect()
	p.settle()
	p.client.Request(query(1000))
	found := false
	for _, packet := range p.clientPackets() {
		_, seqnos, bodies := messagesOf(opened(t, mtproto.Client, packet))
		for i, body := range bodies {
			if bytes.HasPrefix(body, marshal(t, &mt.GzipPacked{})[:4]) {
				found = true
				if seqnos[i]&1 != 1 {
					t.Errorf("seqno %d", seqnos[i])
				}
			}
		}
	}
	if !found {
		t.Error("nothing was packed")
	}
}

// R-SM-46: msgs_all_info is news that asks for nothing.
func TestAllInfo(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, sent := p.sentQuery(query(1))
	if err := p.fromServer(marshal(t, &mt.MsgsAllInfo{MsgIDs: []int64{int64(sent)}, Info: []byte{1}})); err != nil {
		t.Fatal(err)
	}
	if packets := p.clientPackets(); len(packets) != 0 || p.client.Pending() != 1 {
		t.Errorf("%d packets, %d pending", len(packets), p.client.Pending())
	}
	if err := p.fromServer(marshal(t, &mt.RPCResult{ReqMsgID: int64(sent), Result: echoOf(query(1))})); err != nil {
		t.Fatal(err)
	}
	p.wantResult(id, query(1))
}

// R-SM-24, R-IX-22: an answer that comes again after it was delivered, because
// its acknowledgement was lost, is acknowledged again and ends nothing.
func TestAnswerComesAgain(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	id := p.client.Request(query(1))
	p.settle() // pair notes a second end
	for range 3 {
		p.client.Disconnected()
		p.server.Disconnected()
		p.clientPackets() // lost, with what they acknowledge
		p.connect()
		p.settle()
	}
	p.wantResult(id, query(1))
	if err := p.wait(time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := p.server.Remembered()["answers"]; n != 0 {
		t.Errorf("%d answers are not acknowledged", n)
	}
}

// R-EM-60, R-IX-05: no session is called 0.
func TestSessionIDIsNotZero(t *testing.T) {
	zeros := io.MultiReader(bytes.NewReader(make([]byte, 24)), testRand(1))
	s := mustNew(t, session.Options{Side: mtproto.Client, Key: testKey(), Rand: zeros})
	if s.ID() == 0 {
		t.Error("session 0")
	}
}

// R-EM-08, R-IX-16: what the padded transport has put behind a packet is cut off
// before it is decrypted.
func TestTransportTail(t *testing.T) {
	for n := range 16 {
		p := newPair(t, nil)
		p.connect()
		id := p.client.Request(query(1))
		for _, packet := range p.clientPackets() {
			if err := p.deliverToServer(append(packet, make([]byte, n)...)); err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		p.settle()
		p.wantResult(id, query(1))
	}
}

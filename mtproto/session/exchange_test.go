package session_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"slices"
	"testing"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

func TestQueryIsAnswered(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	id := p.client.Request(query(3))
	p.settle()
	p.wantResult(id, query(3))
	if p.created != 1 {
		t.Errorf("new_session_created came %d times, want once (R-SM-60)", p.created)
	}
	if p.client.Pending() != 0 {
		t.Errorf("%d queries pending", p.client.Pending())
	}
}

// R-SM-10, R-SM-12, R-EM-22, R-EM-35: several messages share a container whose
// id is the highest and whose seqno is even and no lower than theirs.
func TestContainersBothWays(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	var ids []session.RequestID
	for n := range 20 {
		ids = append(ids, p.client.Request(query(n)))
	}
	packets := p.clientPackets()
	if len(packets) != 1 {
		t.Fatalf("20 queries in %d packets", len(packets))
	}
	checkContainer(t, opened(t, mtproto.Client, packets[0]), 20)
	if err := p.deliverToServer(packets[0]); err != nil {
		t.Fatal(err)
	}
	answers := p.serverPackets()
	if len(answers) != 1 {
		t.Fatalf("20 answers in %d packets", len(answers))
	}
	checkContainer(t, opened(t, mtproto.Server, answers[0]), 20)
	if err := p.deliverToClient(answers[0]); err != nil {
		t.Fatal(err)
	}
	for n, id := range ids {
		p.wantResult(id, query(n))
	}
}

func checkContainer(t *testing.T, e *session.Envelope, atLeast int) {
	t.Helper()
	ids, seqnos, _ := messagesOf(e)
	if len(ids) < atLeast {
		t.Fatalf("container of %d messages, want at least %d", len(ids), atLeast)
	}
	if e.SeqNo&1 != 0 || e.SeqNo < slices.Max(seqnos) {
		t.Errorf("container seqno %d, elements %v (R-EM-35)", e.SeqNo, seqnos)
	}
	if !slices.IsSorted(ids) || !slices.IsSorted(seqnos) {
		t.Errorf("ids %v and seqnos %v must rise (R-EM-20, R-EM-30)", ids, seqnos)
	}
	if e.MsgID <= ids[len(ids)-1] {
		t.Errorf("container id %d is not above %d (R-EM-22)", e.MsgID, ids[len(ids)-1])
	}
}

// R-EM-20, R-EM-30: ids and sequence numbers of a whole conversation.
func TestClientNumbers(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	var last mtproto.MsgID
	for range 10 { // the clock stands still: ids must rise all the same (R-IX-03)
		p.client.Request(query(0))
		e := opened(t, mtproto.Client, p.clientPackets()[0])
		ids, _, _ := messagesOf(e)
		if e.MsgID%4 != 0 || e.MsgID <= last || ids[0] <= last {
			t.Fatalf("id %d after %d", e.MsgID, last)
		}
		if uint64(e.MsgID)&0xffffffff == 0 {
			t.Fatal("low half of the id is empty")
		}
		last = e.MsgID
	}
}

func TestCompression(t *testing.T) {
	p := newPair(t, func(client, server *session.Options) {
		client.CompressAbove, server.CompressAbove = 100, 100
	})
	var seen int
	p.answer = func(q session.Query) {
		seen = len(q.Body)
		p.server.Answer(q.MsgID, query(5000))
	}
	p.connect()
	p.settle()
	id := p.client.Request(query(2000)) // R-TL-31 (e), and (a) for the answer
	packets := p.clientPackets()
	if n := len(packets[0]); n > 2000 {
		t.Errorf("packet of %d bytes", n)
	}
	for _, packet := range packets {
		if err := p.deliverToServer(packet); err != nil {
			t.Fatal(err)
		}
	}
	if seen != 8004 {
		t.Fatalf("server saw a query of %d bytes", seen)
	}
	if err := p.server.Push(query(3000)); err != nil { // (b) and (c)
		t.Fatal(err)
	}
	p.settle()
	if got := p.results[id]; got.Err != nil || len(got.Body) != 20004 {
		t.Fatalf("answer of %d bytes, %v", len(got.Body), got.Err)
	}
	if len(p.updates) != 1 || len(p.updates[0]) != 12004 {
		t.Fatalf("updates: %d", len(p.updates))
	}
}

func TestUnpack(t *testing.T) {
	want := bytes.Repeat([]byte{1}, 300)
	got, err := session.Unpack(vectors.Hex(t, "gzip_packed.0.gzip_packed_hex"))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("gzip: %x, %v", got, err)
	}
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(want)
	_ = w.Close()
	got, err = session.Unpack(marshal(t, &mt.GzipPacked{PackedData: z.Bytes()}))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("zlib: %x, %v", got, err)
	}
	// R-TL-31: what inflates without bound is refused.
	z.Reset()
	w = zlib.NewWriter(&z)
	_, _ = w.Write(make([]byte, session.MaxUnpacked+1))
	_ = w.Close()
	_, err = session.Unpack(marshal(t, &mt.GzipPacked{PackedData: z.Bytes()}))
	if !errors.Is(err, session.ErrUnpackedTooLarge) {
		t.Fatalf("bomb: %v", err)
	}
	if _, err := session.Unpack(marshal(t, &mt.GzipPacked{PackedData: []byte("not packed")})); err == nil {
		t.Fatal("garbage was unpacked")
	}
}

// R-SM-20, R-SM-21, R-SM-23: acknowledgements ride along, or go alone when
// many wait or much time has passed.
func TestAcknowledgements(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.repeatable(query(0))
	p.settle() // result and new_session_created wait for their acks
	if len(p.clientPackets()) != 0 {
		t.Fatal("acks left at once")
	}
	p.client.Request(query(0))
	var acks mt.MsgsAck
	packets := p.clientPackets()
	if !find(t, mtproto.Client, packets, mt.IDMsgsAck, &acks) || len(acks.MsgIDs) != 2 {
		t.Fatalf("acks with the next query: %v", acks.MsgIDs)
	}
	if err := p.deliverToServer(packets[0]); err != nil {
		t.Fatal(err)
	}
	p.settle()

	if p.client.Deadline().IsZero() {
		t.Fatal("no deadline though an ack waits")
	}
	p.now = p.now.Add(31 * time.Second)
	if !find(t, mtproto.Client, p.clientPackets(), mt.IDMsgsAck, &acks) || len(acks.MsgIDs) != 1 {
		t.Fatalf("acks by time: %v", acks.MsgIDs)
	}
	for range 17 {
		if err := p.server.Push(query(0)); err != nil {
			t.Fatal(err)
		}
	}
	for _, packet := range p.serverPackets() {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	if !find(t, mtproto.Client, p.clientPackets(), mt.IDMsgsAck, &acks) || len(acks.MsgIDs) != 17 {
		t.Fatalf("acks by number: %v", acks.MsgIDs)
	}
}

// R-SM-20: a server acknowledges a query whose answer is slow.
func TestSlowAnswerIsAcknowledged(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.client.Request(query(0))
	p.settle()
	p.answer = nil
	id := p.client.Request(query(0))
	for _, packet := range p.clientPackets() {
		if err := p.deliverToServer(packet); err != nil {
			t.Fatal(err)
		}
	}
	if packets := p.serverPackets(); len(packets) != 0 {
		t.Fatal("acknowledged at once, though the answer may be quick")
	}
	p.now = p.now.Add(2 * time.Second)
	var acks mt.MsgsAck
	packets := p.serverPackets()
	if !find(t, mtproto.Server, packets, mt.IDMsgsAck, &acks) || acks.MsgIDs[0] != int64(p.queries[0].MsgID) {
		t.Fatalf("acks %v", acks.MsgIDs)
	}
	for _, packet := range packets {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.echo(p.queries[0])
	p.settle()
	p.wantResult(id, query(0))
}

// R-ER-01: an rpc_error ends the query as an RPCError.
func TestQueryIsRefused(t *testing.T) {
	p := newPair(t, nil)
	p.answer = func(q session.Query) {
		p.server.AnswerError(q.MsgID, &mtproto.RPCError{Code: 420, Type: "FLOOD_WAIT", Argument: 7})
	}
	p.connect()
	id := p.client.Request(query(0))
	p.settle()
	var refused *mtproto.RPCError
	if err := p.results[id].Err; !errors.As(err, &refused) || refused.Argument != 7 || refused.Code != 420 {
		t.Fatalf("error %v", err)
	}
}

// R-SM-50: dropping an answer, from both ends.
func TestCancel(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	unsent := p.client.Request(query(1))
	if outcome := p.client.Cancel(unsent); outcome != mtproto.NotExecuted {
		t.Errorf("unsent: %v", outcome)
	}
	cancel := func(id session.RequestID) {
		t.Helper()
		if outcome := p.client.Cancel(id); outcome != mtproto.OutcomeUnknown {
			t.Errorf("sent: %v", outcome)
		}
		p.settle()
	}
	running := p.client.Request(query(2))
	p.settle()
	cancel(running)
	p.wantOutcome(running, mtproto.ErrOutcomeUnknown, session.ErrCancelled)
	p.echo(p.queries[0]) // too late: the answer is dropped

	answered := p.client.Request(query(2))
	p.toServer()
	p.echo(p.queries[1])
	underWay := p.serverPackets()
	p.client.Cancel(answered)
	for _, packet := range underWay {
		if err := p.deliverToClient(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.settle()
	p.wantResult(answered, query(2))

	lost := p.client.Request(query(2))
	p.toServer()
	p.echo(p.queries[2])
	p.serverPackets()
	cancel(lost)
	p.wantOutcome(lost, mtproto.ErrExecuted, session.ErrCancelled)

	missing, _ := p.sentQuery(query(2))
	cancel(missing)
	p.wantOutcome(missing, mtproto.ErrOutcomeUnknown, session.ErrCancelled)

	gone := p.client.Request(query(2))
	p.toServer()
	p.client.Cancel(gone)
	p.cut()
	p.wantOutcome(gone, mtproto.ErrOutcomeUnknown, session.ErrCancelled)
	if p.settle(); len(p.results) != 5 || p.client.Pending() != 0 {
		t.Fatalf("results %v, %d pending", p.results, p.client.Pending())
	}
	p.answer = p.echo
	id := p.client.Request(query(3))
	p.settle()
	p.wantResult(id, query(3))
}

// R-EM-40, R-SM-32, R-IX-12, R-IX-13: a wrong salt is corrected, for a
// container as for a single message, and costs nothing but time.
func TestWrongSalt(t *testing.T) {
	for _, n := range []int{1, 5} {
		p := newPair(t, func(client, _ *session.Options) { client.Salts[0].Value = 78 })
		p.connect()
		var ids []session.RequestID
		for i := range n {
			ids = append(ids, p.client.Request(query(i)))
		}
		p.settle()
		for i, id := range ids {
			p.wantResult(id, query(i))
		}
		if got := p.client.Salts(); !slices.ContainsFunc(got, func(s session.Salt) bool { return s.Value == 77 }) {
			t.Errorf("salts %v", got)
		}
	}
}

// R-EM-41 to R-EM-43, R-SM-63: salts change for hours, and those asked for in
// advance are used, so that no message is ever refused.
func TestSaltsChange(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	for range 40 {
		p.now = p.now.Add(10 * time.Minute)
		if err := p.client.Tick(p.clientNow()); err != nil {
			t.Fatal(err)
		}
		p.settle()
		id := p.client.Request(query(0))
		packets := p.clientPackets()
		for _, packet := range packets {
			if e := opened(t, mtproto.Client, packet); !p.salts.Valid(p.now, e.Salt) {
				t.Fatalf("salt %d is not valid", e.Salt)
			}
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
		p.wantResult(id, query(0))
	}
}

// R-EM-17, R-EM-18, R-SM-31, R-SM-36, R-IX-01, R-IX-02: clocks wrong by hours,
// known to be or not, are corrected by the server's notifications.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-72 * time.Hour, -301 * time.Second, 0, 31 * time.Second, 26 * time.Hour} {
		for _, known := range []bool{false, true} {
			p := newPair(t, func(client, _ *session.Options) {
				client.ClockKnown = known
				client.Salts[0] = session.NewSalt(client.Salts[0].Value, epoch.Add(-100*time.Hour), epoch.Add(100*time.Hour))
			})
			p.skew = skew
			p.connect()
			first, second := p.client.Request(query(1)), p.client.Request(query(2))
			p.settle()
			p.wantResult(first, query(1))
			p.wantResult(second, query(2))
			offset, synced := p.client.ClockOffset()
			if d := offset + skew; !synced || d < -time.Second || d > time.Second {
				t.Errorf("skew %v: offset %v, known %v", skew, offset, synced)
			}
		}
	}
}

// R-SM-64, R-SM-65: pings keep the connection, and their absence ends it.
func TestPings(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	for range 5 {
		p.now = p.client.Deadline()
		if err := p.client.Tick(p.clientNow()); err != nil {
			t.Fatal(err)
		}
		var ping mt.PingDelayDisconnect
		packets := p.clientPackets()
		if find(t, mtproto.Client, packets, mt.IDPingDelayDisconnect, &ping) && ping.DisconnectDelay != 75 {
			t.Errorf("disconnect_delay %d", ping.DisconnectDelay)
		}
		for _, packet := range packets {
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
	}
	for range 5 { // the server is silent now
		p.now = p.client.Deadline()
		if err := p.client.Tick(p.clientNow()); errors.Is(err, session.ErrSilent) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		p.clientPackets()
	}
	t.Fatal("a silent server was never given up")
}

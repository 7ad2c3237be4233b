package session_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

// R-EM-19: a packet of which one element is broken is not used at all: the
// answer beside it is still awaited, and taken when it comes again.
func TestBrokenPacketTakesNothing(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	p.toServer()
	answer := opened(t, mtproto.Server, p.serverPackets()[0])
	ids, seqnos, bodies := messagesOf(answer)
	cut := marshal(t, &mt.Pong{MsgID: 4, PingID: 1})[:12]
	for name, broken := range map[string][]byte{
		"R-TL-05": cut,
		"R-SM-24": marshal(t, &mt.RPCResult{Result: query(1)}),
	} {
		at := mtproto.MsgIDAt(p.now.Add(time.Second)) | 1
		violates(t, p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{
			SessionID: p.client.ID(), MsgID: at + 4,
			Body: containerOf(elementOf{ids[0], seqnos[0], bodies[0]}, elementOf{at, 0, broken}),
		})), name)
		if len(p.results) != 0 || p.client.Pending() != 1 {
			t.Fatalf("results %v, %d pending", p.results, p.client.Pending())
		}
	}
	p.cut()
	p.settle()
	p.wantResult(id, query(1))
}

// R-EM-19, on the server: a query beside a broken message is not handled, and
// is not taken for handled when it comes again.
func TestBrokenPacketAsksNothing(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	at := mtproto.MsgIDAt(p.now)
	cut := marshal(t, &mt.Ping{PingID: 1})[:8]
	violates(t, p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
		SessionID: p.client.ID(), Salt: 77, MsgID: at + 8, SeqNo: 2,
		Body: containerOf(elementOf{at, 1, query(1)}, elementOf{at + 4, 2, cut}),
	})), "R-TL-05")
	if len(p.queries) != 0 {
		t.Fatal("the query was handled")
	}
	if err := p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
		SessionID: p.client.ID(), Salt: 77, MsgID: at, SeqNo: 1, Body: query(1),
	})); err != nil || len(p.queries) != 1 {
		t.Fatalf("%d queries, %v", len(p.queries), err)
	}
}

func gzipped(t testing.TB, body []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(body)
	_ = w.Close()
	return marshal(t, &mt.GzipPacked{PackedData: z.Bytes()})
}

// R-TL-31: the elements of one packet share a limit, so that a megabyte does
// not inflate to a gigabyte; and R-TL-05: what is packed must be something.
func TestPackedPackets(t *testing.T) {
	bomb := gzipped(t, make([]byte, session.MaxUnpacked))
	p := newPair(t, nil)
	p.connect()
	send := func(body []byte) error {
		return p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
			SessionID: p.client.ID(), Salt: 77, MsgID: mtproto.MsgIDAt(p.now) + 400, SeqNo: 2, Body: body,
		}))
	}
	at := mtproto.MsgIDAt(p.now)
	violates(t, send(containerOf(elementOf{at, 1, bomb}, elementOf{at + 4, 3, bomb})), "R-TL-30")
	violates(t, send(containerOf(elementOf{at, 1, gzipped(t, nil)})), "R-TL-05")
	violates(t, p.fromServer(gzipped(t, []byte{1, 2, 3})), "R-TL-05")
}

// R-SM-63, R-SM-64: answers to service messages are no answers to queries, and
// acknowledgements are not answers.
func TestServiceAnswersLeaveQueriesAlone(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, sent := p.sentQuery(query(1))
	for _, body := range [][]byte{
		marshal(t, &mt.Pong{MsgID: int64(sent), PingID: 1}),
		marshal(t, &mt.FutureSalts{ReqMsgID: int64(sent)}),
		marshal(t, &mt.MsgsStateInfo{ReqMsgID: int64(sent), Info: []byte{4}}),
		marshal(t, &mt.RPCResult{ReqMsgID: int64(sent), Result: echoOf(query(1))}),
	} {
		if err := p.fromServer(body); err != nil {
			t.Fatal(err)
		}
	}
	p.wantResult(id, query(1))

	p.now = p.client.Deadline()
	for p.client.Tick(p.clientNow()) == nil {
		var ping mt.PingDelayDisconnect
		packets := p.clientPackets()
		if !find(t, mtproto.Client, packets, mt.IDPingDelayDisconnect, &ping) {
			p.now = p.client.Deadline()
			continue
		}
		ids, _, bodies := messagesOf(opened(t, mtproto.Client, packets[0]))
		i := slices.IndexFunc(bodies, func(b []byte) bool { return binary.LittleEndian.Uint32(b) == mt.IDPingDelayDisconnect })
		// 300 packets go by before the pong, which still counts.
		for range 300 {
			p.client.Request(query(1))
			p.clientPackets()
		}
		if err := p.fromServer(marshal(t, &mt.MsgsAck{MsgIDs: []int64{int64(ids[i])}})); err != nil {
			t.Fatal(err)
		}
		if err := p.fromServer(marshal(t, &mt.Pong{MsgID: int64(ids[i]), PingID: ping.PingID})); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(31 * time.Second)
		if err := p.client.Tick(p.clientNow()); err != nil {
			t.Fatalf("after the pong: %v", err)
		}
		return
	}
	t.Fatal("no ping was sent")
}

// R-SM-50: rpc_answer_dropped_running for a query that nobody cancelled ends
// it, since nothing else will.
func TestDroppedByTheServer(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id, sent := p.sentQuery(query(1))
	dropped := marshal(t, &mt.RPCAnswerDroppedRunning{})
	if err := p.fromServer(marshal(t, &mt.RPCResult{ReqMsgID: int64(sent), Result: dropped})); err != nil {
		t.Fatal(err)
	}
	if got, ended := p.results[id]; !ended || !bytes.Equal(got.Body, dropped) {
		t.Errorf("result %+v, %v", got, ended)
	}
}

// R-EM-17, R-EM-18: a message out of its time is let in only if it mends a
// message that is really ours.
func TestOutOfTime(t *testing.T) {
	for name, test := range map[string]struct {
		body func(ours mtproto.MsgID) []byte
		ok   bool
	}{
		"bad_server_salt of ours": {func(id mtproto.MsgID) []byte {
			return marshal(t, &mt.BadServerSalt{BadMsgID: int64(id), ErrorCode: 48, NewServerSalt: 77})
		}, true},
		"bad_msg_notification of ours": {func(id mtproto.MsgID) []byte {
			return marshal(t, &mt.BadMsgNotification{BadMsgID: int64(id), ErrorCode: 16})
		}, true},
		"new_session_created of ours": {func(id mtproto.MsgID) []byte {
			return marshal(t, &mt.NewSessionCreated{FirstMsgID: int64(id), UniqueID: 8})
		}, true},
		"bad_server_salt of somebody's":      {func(mtproto.MsgID) []byte { return marshal(t, &mt.BadServerSalt{BadMsgID: 4, ErrorCode: 48}) }, false},
		"bad_msg_notification of somebody's": {func(mtproto.MsgID) []byte { return marshal(t, &mt.BadMsgNotification{BadMsgID: 4, ErrorCode: 16}) }, false},
		"new_session_created of somebody's":  {func(mtproto.MsgID) []byte { return marshal(t, &mt.NewSessionCreated{FirstMsgID: 4, UniqueID: 8}) }, false},
		"an answer":                          {func(id mtproto.MsgID) []byte { return marshal(t, &mt.RPCResult{ReqMsgID: int64(id), Result: query(1)}) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, age := range []time.Duration{-31 * time.Second, 301 * time.Second} {
				p := newPair(t, nil)
				p.connect()
				p.settle()
				p.client.Request(query(1))
				p.settle()
				_, id := p.sentQuery(query(1))
				at := mtproto.MsgIDAt(p.now.Add(-age))
				err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{SessionID: p.client.ID(), MsgID: at | 1, Body: test.body(id)}))
				if test.ok && err != nil {
					t.Errorf("%v old: %v", age, err)
				} else if !test.ok {
					violates(t, err, "R-EM-17")
				}
			}
		})
	}
}

// R-SM-10, R-SM-35: a container under the id of another one, with something
// new in it, is refused with code 19 and not acknowledged.
func TestContainerIDTwice(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	at := mtproto.MsgIDAt(p.now)
	send := func(id mtproto.MsgID) {
		if err := p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
			SessionID: p.client.ID(), Salt: 77, MsgID: at + 80, SeqNo: 4, Body: containerOf(elementOf{id, 1, query(1)}),
		})); err != nil {
			t.Fatal(err)
		}
	}
	send(at)
	p.serverPackets()
	send(at)
	p.serverPackets()
	send(at + 4)
	wantRefusal(t, p.serverPackets()[0], 19)
	if len(p.queries) != 1 {
		t.Errorf("%d queries", len(p.queries))
	}
}

// R-EM-37: the messages of one container are held to it too.
func TestSeqnosInAContainer(t *testing.T) {
	for _, test := range []struct{ first, second, code int32 }{{3, 1, 32}, {3, 3, 32}, {1, 3, 0}} {
		p := newPair(t, nil)
		p.answer = nil
		p.connect()
		at := mtproto.MsgIDAt(p.now)
		if err := p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
			SessionID: p.client.ID(), Salt: 77, MsgID: at + 8, SeqNo: 4,
			Body: containerOf(elementOf{at, test.first, query(1)}, elementOf{at + 4, test.second, query(1)}),
		})); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, p.serverPackets()[0], test.code)
	}
}

// R-SM-22: lists of ids that are too long cost either side the connection.
func TestTooManyIDs(t *testing.T) {
	ids := make([]int64, session.MaxAckIDs+1)
	for name, body := range map[string][]byte{
		"msgs_ack":       marshal(t, &mt.MsgsAck{MsgIDs: ids}),
		"msgs_state_req": marshal(t, &mt.MsgsStateReq{MsgIDs: ids}),
		"msg_resend_req": marshal(t, &mt.MsgResendReq{MsgIDs: ids}),
	} {
		t.Run("R-SM-22 "+name, func(t *testing.T) {
			p := newPair(t, nil)
			p.connect()
			violates(t, p.fromServer(body), "R-SM-22")
			violates(t, p.deliverToServer(sealed(t, mtproto.Client, session.Envelope{
				SessionID: p.client.ID(), Salt: 77, MsgID: mtproto.MsgIDAt(p.now), Body: body,
			})), "R-SM-22")
		})
	}
}

// R-EM-40, R-IX-13, R-IX-24: a server that never likes its own salt ends a
// query, and what one salt list may hold is bounded (R-SM-63).
func TestHostileSalts(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	for i := range 10 {
		packets := p.clientPackets()
		if len(packets) == 0 {
			break
		}
		e := opened(t, mtproto.Client, packets[0])
		if err := p.fromServer(marshal(t, &mt.BadServerSalt{BadMsgID: int64(e.MsgID), ErrorCode: 48, NewServerSalt: int64(i)})); err != nil {
			t.Fatal(err)
		}
	}
	var bad *mtproto.BadMsgError
	if !errors.As(p.results[id].Err, &bad) || bad.Code != 48 {
		t.Errorf("ended with %v", p.results[id].Err)
	}

	p = newPair(t, func(client, _ *session.Options) { client.Salts[0].ValidUntil = int32(epoch.Add(time.Minute).Unix()) })
	p.connect()
	packets := p.clientPackets()
	ids, _, bodies := messagesOf(opened(t, mtproto.Client, packets[0]))
	i := slices.IndexFunc(bodies, func(b []byte) bool { return binary.LittleEndian.Uint32(b) == mt.IDGetFutureSalts })
	if i < 0 {
		t.Fatal("no get_future_salts")
	}
	salts := make([]mt.FutureSalt, 20_000)
	for i := range salts {
		salts[i] = mt.FutureSalt{ValidSince: int32(i), ValidUntil: math.MaxInt32, Salt: int64(i)}
	}
	if err := p.fromServer(marshal(t, &mt.FutureSalts{ReqMsgID: int64(ids[i]), Salts: salts})); err != nil {
		t.Fatal(err)
	}
	if n := len(p.client.Salts()); n > 128 {
		t.Errorf("%d salts are kept", n)
	}
}

// R-SV-06: an answer that had to be forgotten before it was acknowledged is not
// waited for in vain.
func TestForgottenAnswer(t *testing.T) {
	for _, asks := range []bool{true, false} {
		p := newPair(t, func(_, server *session.Options) { server.MaxPending = 2000 })
		p.answer = func(q session.Query) { p.server.Answer(q.MsgID, query(100)) }
		p.connect()
		p.settle()
		for range 10 {
			p.client.Request(query(1))
			p.toServer()
			p.serverPackets() // lost
		}
		p.cut()
		if !asks { // the question is lost: the queries come again
			p.clientPackets()
			p.now = p.now.Add(15 * time.Second)
			if err := p.client.Tick(p.clientNow()); err != nil {
				t.Fatal(err)
			}
		}
		p.settle()
		if p.client.Pending() != 0 || len(p.results) != 10 {
			t.Fatalf("%d results, %d queries wait", len(p.results), p.client.Pending())
		}
	}
}

// What many small messages cost is counted too, and answers that cannot be sent
// at all are not kept without end.
func TestSmallAndUnsentIsBounded(t *testing.T) {
	p := newPair(t, func(_, server *session.Options) { server.MaxPending = 10_000 })
	p.connect()
	p.settle()
	for err := error(nil); err == nil; {
		if err = p.server.Push(query(0)); p.server.Remembered()["sent"] > 200 {
			t.Fatalf("%d messages in 10 kB", p.server.Remembered()["sent"])
		}
		p.serverPackets()
	}

	p = newPair(t, func(_, server *session.Options) { server.MaxPending = 10_000 })
	p.answer = nil
	p.connect()
	for range 400 {
		p.client.Request(query(1))
	}
	p.toServer()
	for _, q := range p.queries {
		p.server.Answer(q.MsgID, query(1000))
	}
	if n := p.server.Remembered()["bytes"]; n > 100_000 {
		t.Errorf("%d bytes of answers wait", n)
	}
}

// R-EM-15, R-EM-40, R-SM-35: a packet that an outsider sends again when its
// salt or its time has ended, or when the window has moved on, is not refused:
// the client would ask a second time.
func TestLateReplay(t *testing.T) {
	for name, wait := range map[string]func(p *pair){
		"R-EM-17 time": func(p *pair) { p.now = p.now.Add(10 * time.Minute) },
		"R-EM-40 salt": func(p *pair) { p.now = p.now.Add(3 * time.Hour) },
		"R-EM-15 window": func(p *pair) {
			p.answer = p.echo
			for range 3000 {
				p.client.Request(query(1))
				p.toServer()
				p.toClient()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, nil)
			p.answer = nil
			p.connect()
			p.settle()
			slow := []session.RequestID{p.client.Request(query(1)), p.client.Request(query(2))}
			packet := p.clientPackets()[0]
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
			p.settle()
			wait(p)
			p.answer = func(session.Query) { t.Error("carried out twice") }
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
			p.settle()
			for _, q := range p.queries {
				p.echo(q)
			}
			p.settle()
			p.wantResult(slow[0], query(1))
			p.wantResult(slow[1], query(2))
		})
	}
}

// R-EM-15, R-EM-17: a packet that was refused as ahead of time, and that an
// outsider sends again when its time has come, is not carried out: the client
// has sent the query anew.
func TestReplayOfRefusedPacket(t *testing.T) {
	for _, salt := range []mtproto.Salt{77, 78} {
		p := newPair(t, func(client, _ *session.Options) { client.Salts[0].Value = salt })
		handled := 0
		p.answer = func(q session.Query) { handled++; p.echo(q) }
		p.connect()
		p.skew = time.Minute
		id := p.client.Request(query(1))
		refused := p.clientPackets()[0]
		if err := p.deliverToServer(refused); err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(90 * time.Second)
		p.settle()
		p.wantResult(id, query(1))
		e := opened(t, mtproto.Client, refused)
		e.Salt = 77
		if err := p.deliverToServer(sealed(t, mtproto.Client, *e)); err != nil {
			t.Fatal(err)
		}
		p.settle()
		if handled != 1 {
			t.Errorf("salt %d: handled %d times", salt, handled)
		}
	}
}

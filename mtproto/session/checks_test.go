package session_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
)

const vectorSession = mtproto.SessionID(0x0102030405060708)

func violates(t *testing.T, err error, rule string) {
	t.Helper()
	var v *mtproto.ViolationError
	if !errors.As(err, &v) {
		t.Fatalf("error %v, want a violation of %s", err, rule)
	}
	if rule != "" && v.Rule != rule {
		t.Fatalf("violation of %s (%s), want %s", v.Rule, v.Detail, rule)
	}
}

// The recorded cases of R-EM-08 to R-EM-17 and R-SM-35, in a fresh session
// each.
func TestReceiverVectors(t *testing.T) {
	salt := mtproto.Salt(0x1122334455667788)
	now := time.Unix(vectors.Int(t, "receiver_checks_synthetic.now_unix"), 0)
	key := testKey()
	for i := range vectors.Len(t, "receiver_checks_synthetic.cases") {
		c := vectors.Get(t, "receiver_checks_synthetic.cases."+strconv.Itoa(i)).(map[string]any)
		name := c["name"].(string)
		packet, err := hex.DecodeString(c["packet"].(string))
		if err != nil {
			t.Fatal(err)
		}
		accept := c["accept"].(bool)
		t.Run(name, func(t *testing.T) {
			if c["direction"] == "server->client" {
				client := mustNew(t, session.Options{
					Side: mtproto.Client, Key: key, ID: vectorSession, Rand: testRand(1), ClockKnown: true,
				})
				events, err := client.Receive(now, packet)
				if accept {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				violates(t, err, ruleOf(t, c["reason"].(string)))
				if len(events) != 0 {
					t.Errorf("events of a refused packet: %v (R-EM-19)", events)
				}
				return
			}
			server := mustNew(t, session.Options{
				Side: mtproto.Server, Key: key, ID: vectorSession, Rand: testRand(1),
				ServerSalts: session.NewServerSalts(key, salt, now),
			})
			events, err := server.Receive(now, packet)
			if err != nil {
				t.Fatal(err)
			}
			if name == "C2S ack with odd seqno" {
				accept = true // Telegram puts up with what mtcute sends; see seqnoCode
			} else if accept != (len(events) == 1) {
				t.Fatalf("events %v", events)
			}
			answer, _, err := server.Send(now)
			if err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, answer, refusalCode(c))
		})
	}
}

// ruleOf returns the rule that a refused packet of the server breaks.
func ruleOf(t *testing.T, reason string) string {
	t.Helper()
	for text, rule := range map[string]string{
		"auth_key_id": "R-EM-10", "msg_key": "R-EM-11", "length": "R-EM-12", "padding": "R-EM-12",
		"session_id": "R-EM-13", "parity": "R-EM-14", "window": "R-EM-17",
	} {
		if strings.Contains(reason, text) {
			return rule
		}
	}
	t.Fatalf("unknown reason %q", reason)
	return ""
}

// refusalCode returns the code at the end of expected_server_reply, 0 for an
// accepted message.
func refusalCode(c map[string]any) int32 {
	reply, _ := c["expected_server_reply"].(string)
	for _, code := range []struct {
		text string
		code int32
	}{{"notification 16", 16}, {"notification 17", 17}, {"notification 18", 18}, {"salt 48", 48}, {"notification 35", 35}, {"notification 64", 64}} {
		if strings.Contains(reply, code.text) {
			return code.code
		}
	}
	return 0
}

func wantRefusal(t *testing.T, packet []byte, code int32) {
	t.Helper()
	if packet == nil {
		t.Fatal("no answer")
	}
	_, _, bodies := messagesOf(opened(t, mtproto.Server, packet))
	var got int32
	switch binary.LittleEndian.Uint32(bodies[0]) {
	case mt.IDBadMsgNotification, mt.IDBadServerSalt:
		got = int32(binary.LittleEndian.Uint32(bodies[0][16:]))
	}
	if got != code {
		t.Fatalf("server answered with code %d, want %d", got, code)
	}
}

func TestPacketVectors(t *testing.T) {
	key := testKey()
	for i, from := range []mtproto.Side{mtproto.Client, mtproto.Server} {
		path := "encrypted_messages." + strconv.Itoa(i) + "."
		e, err := session.Open(&key, from, vectors.Hex(t, path+"packet"))
		if err != nil {
			t.Fatal(err)
		}
		if int64(e.MsgID) != vectors.Int(t, path+"msg_id_int") || hex.EncodeToString(e.Body) != vectors.String(t, path+"body") {
			t.Errorf("%v packet opened as %+v", from, e)
		}
		packet, token, err := session.Seal(testRand(3), &key, from, e)
		if err != nil {
			t.Fatal(err)
		}
		again, err := session.Open(&key, from, packet)
		if err != nil || again.MsgID != e.MsgID || string(again.Body) != string(e.Body) || token>>31 != 1 {
			t.Errorf("%v packet sealed and opened: %+v, %v", from, again, err)
		}
	}
}

// Every rule that a server can break costs it the connection (R-EM-19).
func TestViolatingServer(t *testing.T) {
	at := mtproto.MsgIDAt(epoch) | 1
	result := marshal(t, &mt.Pong{MsgID: 4, PingID: 1})
	element := func(id mtproto.MsgID, size int32, body []byte) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(id))
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, uint32(size))
		return append(b, body...)
	}
	container := func(n uint32, elements ...[]byte) []byte {
		b := binary.LittleEndian.AppendUint32(nil, 0x73f1f8dc)
		b = binary.LittleEndian.AppendUint32(b, n)
		for _, e := range elements {
			b = append(b, e...)
		}
		return b
	}
	tests := []struct {
		name, rule string
		e          session.Envelope
	}{
		{"empty body", "R-TL-05", session.Envelope{MsgID: at}},
		{"even element id", "R-EM-14", session.Envelope{MsgID: at, Body: container(1, element(at-5, 20, result))}},
		{"element not older than its container", "R-EM-22", session.Envelope{MsgID: at, Body: container(1, element(at, 20, result))}},
		{"element longer than the packet", "R-SM-11", session.Envelope{MsgID: at, Body: container(1, element(at-4, 24, result))}},
		{"element of a negative length", "R-SM-11", session.Envelope{MsgID: at, Body: container(1, element(at-4, -4, result))}},
		{"element of an odd length", "R-SM-11", session.Envelope{MsgID: at, Body: container(1, element(at-4, 18, result))}},
		{"bytes after the last element", "R-SM-11", session.Envelope{MsgID: at, Body: container(1, element(at-4, 20, result), []byte{0, 0, 0, 0})}},
		{"more elements than there are", "R-SM-11", session.Envelope{MsgID: at, Body: container(2, element(at-4, 20, result))}},
		{"more elements than allowed", "R-SM-10", session.Envelope{MsgID: at, Body: container(1025, element(at-4, 20, result))}},
		{"container in a container", "R-SM-10", session.Envelope{MsgID: at, Body: container(1, element(at-4, 8, container(0)))}},
		{"result of nothing", "R-SM-24", session.Envelope{MsgID: at, Body: marshal(t, &mt.RPCResult{Result: result})}},
		{"cut service message", "R-TL-05", session.Envelope{MsgID: at, Body: result[:12]}},
		{"gzip of garbage", "R-TL-30", session.Envelope{MsgID: at, Body: marshal(t, &mt.GzipPacked{PackedData: []byte("garbage")})}},
	}
	for _, test := range tests {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			p := newPair(t, nil)
			p.connect()
			test.e.SessionID = p.client.ID()
			violates(t, p.deliverToClient(sealed(t, mtproto.Server, test.e)), test.rule)
			if len(p.updates)+len(p.results) != 0 {
				t.Error("something of the packet was used (R-EM-19)")
			}
		})
	}
}

// R-EM-15, R-EM-16: a replayed packet is not processed again but acknowledged
// again; one older than all that is remembered ends the connection.
func TestReplayToClient(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	push := func() []byte {
		if err := p.server.Push(query(1)); err != nil {
			t.Fatal(err)
		}
		return p.serverPackets()[0]
	}
	first := push()
	for range 2 {
		if err := p.deliverToClient(first); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.updates) != 1 {
		t.Fatalf("%d updates of one packet", len(p.updates))
	}
	p.now = p.now.Add(31 * time.Second)
	var acks mt.MsgsAck
	if !find(t, mtproto.Client, p.clientPackets(), mt.IDMsgsAck, &acks) || len(acks.MsgIDs) != 3 { // new_session_created is the third
		t.Errorf("acks %v", acks.MsgIDs)
	}
	for range 3000 {
		if err := p.deliverToClient(push()); err != nil {
			t.Fatal(err)
		}
		for _, packet := range p.clientPackets() {
			if err := p.deliverToServer(packet); err != nil {
				t.Fatal(err)
			}
		}
	}
	violates(t, p.deliverToClient(first), "R-EM-15")
}

// R-EM-15, R-SM-35, R-SV-06: a server handles a replayed query once and answers
// it again as long as it has the answer.
func TestReplayToServer(t *testing.T) {
	p := newPair(t, nil)
	handled := 0
	p.answer = func(q session.Query) { handled++; p.echo(q) }
	p.connect()
	p.settle()
	id := p.client.Request(query(1))
	var queryPacket []byte
	for _, packet := range p.clientPackets() {
		queryPacket = packet
		if err := p.deliverToServer(packet); err != nil {
			t.Fatal(err)
		}
	}
	p.serverPackets() // the answer is lost
	if err := p.deliverToServer(queryPacket); err != nil {
		t.Fatal(err)
	}
	p.settle()
	p.wantResult(id, query(1))
	if handled != 1 {
		t.Errorf("handled %d times", handled)
	}
}

// R-EM-13: a message of another session ends the connection.
func TestForeignSession(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	packet := sealed(t, mtproto.Server, session.Envelope{
		SessionID: p.client.ID() + 1, MsgID: mtproto.MsgIDAt(epoch) | 1, Body: query(1),
	})
	violates(t, p.deliverToClient(packet), "R-EM-13")
}

// R-SM-31: notifications about messages that are not ours change nothing.
func TestForeignNotifications(t *testing.T) {
	p := newPair(t, nil)
	p.connect()
	p.settle()
	before, _ := p.client.ClockOffset()
	salts := len(p.client.Salts())
	bodies := [][]byte{
		marshal(t, &mt.BadServerSalt{BadMsgID: 1 << 40, ErrorCode: 48, NewServerSalt: 5}),
		marshal(t, &mt.BadMsgNotification{BadMsgID: 1 << 40, ErrorCode: 16}),
		marshal(t, &mt.BadMsgNotification{BadMsgID: 1 << 40, ErrorCode: 32}),
		marshal(t, &mt.FutureSalts{ReqMsgID: 1 << 40, Salts: []mt.FutureSalt{{Salt: 5}}}),
		marshal(t, &mt.MsgsStateInfo{ReqMsgID: 1 << 40, Info: []byte{1}}),
	}
	session0 := p.client.ID()
	for i, body := range bodies {
		at := mtproto.MsgIDAt(epoch.Add(time.Duration(i+1)*time.Second)) | 1
		if err := p.deliverToClient(sealed(t, mtproto.Server, session.Envelope{SessionID: session0, MsgID: at, Body: body})); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := p.client.ClockOffset(); after != before {
		t.Errorf("clock moved from %v to %v", before, after)
	}
	if len(p.client.Salts()) != salts || p.client.ID() != session0 {
		t.Error("salts or session changed")
	}
}

// R-SM-41: a state of the wrong length ends the connection.
func TestStateOfWrongLength(t *testing.T) {
	p := newPair(t, nil)
	p.answer = nil
	p.connect()
	p.client.Request(query(1))
	p.settle()
	p.client.Disconnected()
	p.client.Connected(p.clientNow())
	packets := p.clientPackets()
	ids, _, bodies := messagesOf(opened(t, mtproto.Client, packets[0]))
	for i, body := range bodies {
		if binary.LittleEndian.Uint32(body) != mt.IDMsgsStateReq {
			continue
		}
		info := marshal(t, &mt.MsgsStateInfo{ReqMsgID: int64(ids[i]), Info: []byte{4, 4}})
		packet := sealed(t, mtproto.Server, session.Envelope{
			SessionID: p.client.ID(), MsgID: mtproto.MsgIDAt(p.now.Add(time.Second)) | 1, Body: info,
		})
		violates(t, p.deliverToClient(packet), "R-SM-41")
		return
	}
	t.Fatal("no msgs_state_req after the reconnect (R-SM-47)")
}

// manyMessages are more queries than a window remembers.
func manyMessages(at mtproto.MsgID) (list []session.Envelope) {
	for i := range 2100 {
		list = append(list, session.Envelope{MsgID: at + mtproto.MsgID(4*i+400), SeqNo: int32(2*i + 1)})
	}
	return list
}

// R-EM-32, R-EM-37, R-SM-35: each wrong number of a client is refused with its
// code, and nothing is handled.
func TestViolatingClient(t *testing.T) {
	at := mtproto.MsgIDAt(epoch)
	type message = session.Envelope
	tests := []struct {
		name   string
		before []message
		bad    message
		code   int32
	}{
		{"seqno lower than that of an older message", []message{{MsgID: at + 4, SeqNo: 5}}, message{MsgID: at + 8, SeqNo: 3}, 32},
		{"seqno of an older message", []message{{MsgID: at + 4, SeqNo: 5}}, message{MsgID: at + 8, SeqNo: 5}, 32},
		{"seqno higher than that of a newer message", []message{{MsgID: at + 8, SeqNo: 3}}, message{MsgID: at + 4, SeqNo: 5}, 33},
		{"even seqno of a query", nil, message{MsgID: at + 4, SeqNo: 2}, 35},
		{"id that is not a client's", nil, message{MsgID: at + 5, SeqNo: 1}, 18},
		{"id from the past", nil, message{MsgID: at - 301<<32, SeqNo: 1}, 16},
		{"id from the future", nil, message{MsgID: at + 31<<32, SeqNo: 1}, 17},
		{"R-EM-15 id lower than all remembered", manyMessages(at), message{MsgID: at, SeqNo: 1}, 20},
		{"container under the id of a message", []message{{MsgID: at + 8, SeqNo: 1}},
			message{MsgID: at + 8, SeqNo: 2, Body: binary.LittleEndian.AppendUint64(nil, 0x73f1f8dc)}, 19},
		{"container with an odd seqno", nil,
			message{MsgID: at + 8, SeqNo: 1, Body: binary.LittleEndian.AppendUint64(nil, 0x73f1f8dc)}, 34},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t, nil)
			send := func(e message) {
				e.SessionID, e.Salt = p.server.ID(), 77
				if e.Body == nil {
					e.Body = query(1)
				}
				if err := p.deliverToServer(sealed(t, mtproto.Client, e)); err != nil {
					t.Fatal(err)
				}
			}
			p.answer = nil
			for _, e := range test.before {
				send(e)
			}
			p.serverPackets()
			send(test.bad)
			packets := p.serverPackets()
			if len(packets) == 0 {
				t.Fatal("no answer")
			}
			wantRefusal(t, packets[0], test.code)
			if len(p.queries) != len(test.before) {
				t.Errorf("%d queries were handled", len(p.queries))
			}
		})
	}
}

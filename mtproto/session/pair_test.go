package session_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/tl"
)

var epoch = time.Unix(1_700_000_000, 250_000_000)

func testKey() mtproto.AuthKey {
	var value [256]byte
	for i := range value {
		value[i] = byte(i)
	}
	return mtproto.NewAuthKey(value)
}

func testRand(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	binary.LittleEndian.PutUint64(s[:], seed)
	return rand.NewChaCha8(s)
}

// A pair is a client and a server session and the wire between them.
type pair struct {
	t      testing.TB
	now    time.Time     // the server's clock
	skew   time.Duration // the client's clock minus the server's
	client *session.Session
	server *session.Session
	salts  *session.ServerSalts
	random *rand.ChaCha8

	results map[session.RequestID]session.Result
	updates [][]byte
	created int
	renewed bool // the client has begun another session
	queries []session.Query
	answer  func(session.Query) // nil: collect in queries
}

func newPair(t testing.TB, change func(client, server *session.Options)) *pair {
	t.Helper()
	p := &pair{t: t, now: epoch, random: testRand(1), results: map[session.RequestID]session.Result{}}
	p.salts = session.NewServerSalts(testKey(), 77, epoch)
	clientOptions := session.Options{
		Side: mtproto.Client, Key: testKey(), Rand: p.random, ClockKnown: true,
		Salts: []session.Salt{session.NewSalt(77, epoch.Add(-time.Minute), epoch.Add(2*time.Hour))},
	}
	serverOptions := session.Options{Side: mtproto.Server, Key: testKey(), Rand: p.random, ServerSalts: p.salts}
	if change != nil {
		change(&clientOptions, &serverOptions)
	}
	p.client = mustNew(t, clientOptions)
	serverOptions.ID = p.client.ID()
	p.server = mustNew(t, serverOptions)
	p.answer = p.echo
	return p
}

func mustNew(t testing.TB, o session.Options) *session.Session {
	t.Helper()
	s, err := session.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// echo answers a query with a long that holds its length.
func (p *pair) echo(q session.Query) { p.server.Answer(q.MsgID, echoOf(q.Body)) }

func echoOf(query []byte) []byte {
	var b tl.Buffer
	b.ID(0x0e0e0e0e)
	b.Int(int32(len(query)))
	return b.Bytes()
}

// query returns a body that no service message has.
func query(n int) []byte {
	p := make([]byte, 4+4*n)
	binary.LittleEndian.PutUint32(p, 0x11223344)
	return p
}

func (p *pair) clientNow() time.Time { return p.now.Add(p.skew) }

func (p *pair) connect() {
	p.client.Connected(p.clientNow())
	p.server.Connected(p.now)
}

// clientPackets takes what the client wants to send.
func (p *pair) clientPackets() [][]byte { return p.drain(p.client, p.clientNow()) }

func (p *pair) serverPackets() [][]byte { return p.drain(p.server, p.now) }

func (p *pair) drain(s *session.Session, now time.Time) (packets [][]byte) {
	p.t.Helper()
	for {
		packet, _, err := s.Send(now)
		if err != nil {
			p.t.Fatal(err)
		}
		if packet == nil {
			return packets
		}
		packets = append(packets, packet)
	}
}

func (p *pair) deliverToServer(packet []byte) error {
	p.t.Helper()
	key := testKey()
	e, err := session.Open(&key, mtproto.Client, packet)
	if err != nil {
		return err
	}
	if e.SessionID != p.server.ID() { // the client has started afresh
		p.renewed = true
		p.server = mustNew(p.t, session.Options{
			Side: mtproto.Server, Key: key, Rand: p.random, ServerSalts: p.salts, ID: e.SessionID,
		})
	}
	events, err := p.server.ReceiveEnvelope(p.now, e)
	for _, event := range events {
		if q, ok := event.(session.Query); ok {
			if p.answer != nil {
				p.answer(q)
			} else {
				p.queries = append(p.queries, q)
			}
		}
	}
	return err
}

func (p *pair) deliverToClient(packet []byte) error {
	events, err := p.client.Receive(p.clientNow(), packet)
	p.happened(events)
	return err
}

// happened notes what a client's session has told.
func (p *pair) happened(events []session.Event) {
	for _, event := range events {
		switch e := event.(type) {
		case session.Result:
			if _, twice := p.results[e.Request]; twice {
				p.t.Errorf("request %d ended twice", e.Request)
			}
			p.results[e.Request] = e
		case session.Update:
			p.updates = append(p.updates, e.Body)
		case session.Created:
			p.created++
		}
	}
}

// repeatable queues a query that may be carried out twice.
func (p *pair) repeatable(body []byte) session.RequestID {
	return p.client.Ask(session.Request{Body: body, Repeat: true})
}

// wantOutcome checks that a query has ended without an answer, and what is
// known of it.
func (p *pair) wantOutcome(id session.RequestID, targets ...error) {
	p.t.Helper()
	p.happened(p.client.Events())
	for _, target := range targets {
		if err := p.results[id].Err; !errors.Is(err, target) {
			p.t.Errorf("request %d: %v, want %v", id, err, target)
		}
	}
}

// settle carries packets to and fro until nothing moves.
func (p *pair) settle() {
	p.t.Helper()
	for range 50 {
		toServer := p.clientPackets()
		for _, packet := range toServer {
			if err := p.deliverToServer(packet); err != nil {
				p.t.Fatalf("server: %v", err)
			}
		}
		toClient := p.serverPackets()
		for _, packet := range toClient {
			if err := p.deliverToClient(packet); err != nil {
				p.t.Fatalf("client: %v", err)
			}
		}
		if len(toServer)+len(toClient) == 0 {
			return
		}
	}
	p.t.Fatal("the two never stop talking")
}

func (p *pair) wantResult(id session.RequestID, query []byte) {
	p.t.Helper()
	got, ok := p.results[id]
	switch {
	case !ok:
		p.t.Fatalf("request %d has no result", id)
	case got.Err != nil:
		p.t.Fatalf("request %d: %v", id, got.Err)
	case string(got.Body) != string(echoOf(query)):
		p.t.Fatalf("request %d: answer %x", id, got.Body)
	}
}

// opened decrypts a packet.
func opened(t testing.TB, from mtproto.Side, packet []byte) *session.Envelope {
	t.Helper()
	key := testKey()
	e, err := session.Open(&key, from, packet)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sealed encrypts an envelope as the side from.
func sealed(t testing.TB, from mtproto.Side, e session.Envelope) []byte {
	t.Helper()
	key := testKey()
	packet, _, err := session.Seal(testRand(9), &key, from, &e)
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

// messagesOf takes apart the body of an envelope, trusting it.
func messagesOf(e *session.Envelope) (ids []mtproto.MsgID, seqnos []int32, bodies [][]byte) {
	if binary.LittleEndian.Uint32(e.Body) != 0x73f1f8dc {
		return []mtproto.MsgID{e.MsgID}, []int32{e.SeqNo}, [][]byte{e.Body}
	}
	rest := e.Body[8:]
	for len(rest) > 0 {
		size := binary.LittleEndian.Uint32(rest[12:])
		ids = append(ids, mtproto.MsgID(binary.LittleEndian.Uint64(rest)))
		seqnos = append(seqnos, int32(binary.LittleEndian.Uint32(rest[8:])))
		bodies = append(bodies, rest[16:16+size])
		rest = rest[16+size:]
	}
	return ids, seqnos, bodies
}

// find returns the first message of the given constructor in packets.
func find(t testing.TB, from mtproto.Side, packets [][]byte, id uint32, into tl.Object) bool {
	t.Helper()
	for _, packet := range packets {
		_, _, bodies := messagesOf(opened(t, from, packet))
		for _, body := range bodies {
			if binary.LittleEndian.Uint32(body) == id {
				if err := tl.Unmarshal(body, into); err != nil {
					t.Fatal(err)
				}
				return true
			}
		}
	}
	return false
}

func marshal(t testing.TB, v tl.Object) []byte {
	t.Helper()
	p, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// elementOf is one message of a container.
type elementOf struct {
	id    mtproto.MsgID
	seqno int32
	body  []byte
}

// containerOf writes a msg_container.
func containerOf(elements ...elementOf) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x73f1f8dc)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(elements)))
	for _, e := range elements {
		b = binary.LittleEndian.AppendUint64(b, uint64(e.id))
		b = binary.LittleEndian.AppendUint32(b, uint32(e.seqno))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e.body)))
		b = append(b, e.body...)
	}
	return b
}

// toServer delivers all that the client has to say.
func (p *pair) toServer() {
	p.t.Helper()
	for _, packet := range p.clientPackets() {
		if err := p.deliverToServer(packet); err != nil {
			p.t.Fatalf("server: %v", err)
		}
	}
}

// toClient delivers all that the server has to say.
func (p *pair) toClient() {
	p.t.Helper()
	for _, packet := range p.serverPackets() {
		if err := p.deliverToClient(packet); err != nil {
			p.t.Fatalf("client: %v", err)
		}
	}
}

// fromServer delivers one message as the server's, made a moment ago.
func (p *pair) fromServer(body []byte) error {
	at := mtproto.MsgIDAt(p.now.Add(time.Millisecond))
	p.now = p.now.Add(2 * time.Millisecond)
	return p.deliverToClient(sealed(p.t, mtproto.Server, session.Envelope{SessionID: p.client.ID(), MsgID: at | 1, Body: body}))
}

// sentQuery queues a query, takes it from the client and returns its id.
func (p *pair) sentQuery(body []byte) (session.RequestID, mtproto.MsgID) {
	p.t.Helper()
	id := p.repeatable(body)
	for _, packet := range p.clientPackets() {
		ids, _, bodies := messagesOf(opened(p.t, mtproto.Client, packet))
		for i := range bodies {
			if bytes.Equal(bodies[i], body) {
				return id, ids[i]
			}
		}
	}
	p.t.Fatal("the query was not sent")
	return 0, 0
}

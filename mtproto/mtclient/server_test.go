package mtclient

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

var testKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

const testDC = 2

// A server is a DC in memory, built from the server's side of the same cores.
// Its fields up to mu are set before it is used.
type server struct {
	t     *testing.T
	clock time.Duration // its clock minus the client's
	// see, if not nil, looks at each packet before it is dealt with; false
	// drops the packet. first says that it is the connection's first.
	see       func(c *serverConn, packet []byte) bool
	temporary bool // clients use temporary keys
	fault     func() authkey.Fault
	// refuseBinding, if not nil, says why a binding is refused.
	refuseBinding func() *mtproto.RPCError
	// answer answers a query; errHold leaves it unanswered until release.
	answer func(c *serverConn, query []byte) ([]byte, error)

	// answerTo, if not nil, is called in place of answer.
	answerTo func(id mtproto.MsgID, query []byte) ([]byte, error)

	down  atomic.Bool // nobody is there
	mu    sync.Mutex
	keys  map[mtproto.KeyID]*serverKey
	conns int
	last  *serverConn
	held  []held
	tasks sync.WaitGroup
	log   []string // what happened, in order
}

type serverKey struct {
	key      mtproto.AuthKey
	expires  time.Time     // of a temporary key
	bound    mtproto.KeyID // the key that it speaks for
	salts    *session.ServerSalts
	sessions map[mtproto.SessionID]*session.Session
	bodies   [][]byte // of all packets, decrypted
}

type serverConn struct {
	*transport.Conn
	number  int // from 1
	packets int
	key     *serverKey
	session *session.Session
}

type held struct {
	conn    *serverConn
	session *session.Session
	query   session.Query
}

var errHold = errors.New("answer later")

func newServer(t *testing.T) *server {
	return &server{t: t, keys: make(map[mtproto.KeyID]*serverKey), answer: echo}
}

// Queries and answers of the tests: an id and eight bytes.
const (
	queryID  uint32 = 0x11111111
	answerID uint32 = 0x22222222
	updateID uint32 = 0x33333333
	initID   uint32 = 0x44444444 // precedes a query that was wrapped
)

func message(id uint32, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(nil, id), n)
}

func echo(_ *serverConn, query []byte) ([]byte, error) {
	return message(answerID, binary.LittleEndian.Uint64(query[4:])), nil
}

func (s *server) now() time.Time { return time.Now().Add(s.clock) }

func (s *server) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

func (s *server) notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// dial is for Options.Dial.
func (s *server) dial(context.Context) (net.Conn, error) {
	if s.down.Load() {
		return nil, errors.New("nobody is there")
	}
	client, remote := net.Pipe()
	s.tasks.Go(func() { s.serve(remote) })
	return client, nil
}

func (s *server) serve(remote net.Conn) {
	defer remote.Close()
	s.mu.Lock()
	s.conns++
	c := &serverConn{number: s.conns}
	s.last = c
	s.mu.Unlock()
	framed, err := transport.Accept(remote, transport.Options{})
	if err != nil {
		return
	}
	s.mu.Lock()
	c.Conn = framed
	s.mu.Unlock()
	exchange := authkey.NewServer(authkey.ServerOptions{Key: testKey(), DC: testDC, Rand: rand.Reader, Fault: s.fault})
	for {
		packet, err := c.ReadPacket(nil)
		if err != nil {
			return
		}
		c.packets++
		if s.see != nil && !s.see(c, packet) {
			continue
		}
		if id, ok := session.PacketKeyID(packet); ok && id == 0 {
			err = s.plain(c, exchange, packet)
		} else {
			err = s.encrypted(c, id, packet)
		}
		if err != nil {
			return
		}
	}
}

func (s *server) plain(c *serverConn, exchange *authkey.Server, packet []byte) error {
	out, err := exchange.Receive(s.now(), packet)
	var rejected *authkey.Reject
	if errors.As(err, &rejected) {
		return c.WriteError(rejected.Code)
	}
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if made, done := exchange.Done(); done {
		s.addKey(made.Key, made.Salt).expires = made.ExpiresAt
	}
	return c.WritePacket(out)
}

// addKey makes a key known to the server.
func (s *server) addKey(key mtproto.AuthKey, salt mtproto.Salt) *serverKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &serverKey{
		key: key, salts: session.NewServerSalts(key, salt, s.now()),
		sessions: make(map[mtproto.SessionID]*session.Session),
	}
	s.keys[key.ID()] = k
	return k
}

// credentials returns those of a key that the server knows.
func (s *server) credentials() Credentials {
	var raw [mtproto.AuthKeySize]byte
	rand.Read(raw[:])
	key := mtproto.NewAuthKey(raw)
	s.addKey(key, 77)
	return Credentials{Key: key, Salts: []session.Salt{session.NewSalt(77, s.now(), s.now().Add(time.Hour))}}
}

func (s *server) encrypted(c *serverConn, id mtproto.KeyID, packet []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[id]
	if k == nil || !k.expires.IsZero() && !s.now().Before(k.expires) {
		return c.WriteError(transport.CodeAuthKeyNotFound)
	}
	c.key = k
	envelope, err := session.Open(&k.key, mtproto.Client, packet)
	if err != nil {
		s.t.Errorf("server: %v", err)
		return err
	}
	k.bodies = append(k.bodies, envelope.Body)
	if err := s.attach(c, k, envelope.SessionID); err != nil {
		return err
	}
	events, err := c.session.ReceiveEnvelope(s.now(), envelope)
	if err != nil {
		s.t.Errorf("server: %v", err)
		return err
	}
	for _, event := range events {
		switch e := event.(type) {
		case session.Query:
			s.query(c, e)
		case session.DestroySession:
			s.log = append(s.log, fmt.Sprintf("destroy %x", int64(e.Session)))
		}
	}
	return s.flush(c)
}

// attach gives the connection the session of its packet.
func (s *server) attach(c *serverConn, k *serverKey, id mtproto.SessionID) error {
	if k.sessions[id] == nil {
		made, err := session.New(session.Options{
			Side: mtproto.Server, Key: k.key, ID: id, ServerSalts: k.salts, Rand: rand.Reader,
		})
		if err != nil {
			return err
		}
		k.sessions[id] = made
	}
	if c.session != k.sessions[id] {
		c.session = k.sessions[id]
		c.session.Connected(s.now())
	}
	return nil
}

func (s *server) query(c *serverConn, q session.Query) {
	var bind mt.AuthBindTempAuthKey
	switch {
	case tl.Unmarshal(q.Body, &bind) == nil:
		s.bind(c, q, &bind)
		return
	case !c.key.expires.IsZero() && c.key.bound == 0:
		c.session.AnswerError(q.MsgID, mtproto.NewRPCError(401, "AUTH_KEY_PERM_EMPTY"))
		return
	}
	s.log = append(s.log, fmt.Sprintf("query %x", q.Body))
	var body []byte
	var err error
	if s.answerTo != nil {
		body, err = s.answerTo(q.MsgID, q.Body)
	} else {
		body, err = s.answer(c, q.Body)
	}
	var refusal *mtproto.RPCError
	switch {
	case errors.Is(err, errHold):
		s.held = append(s.held, held{c, c.session, q})
	case errors.As(err, &refusal):
		c.session.AnswerError(q.MsgID, refusal)
	default:
		c.session.Answer(q.MsgID, body)
	}
}

// bind takes a binding, which has to be right (R-PF-10), and ends the one
// before.
func (s *server) bind(c *serverConn, q session.Query, call *mt.AuthBindTempAuthKey) {
	s.log = append(s.log, "bind")
	if refusal := s.refuseBinding; refusal != nil {
		if err := refusal(); err != nil {
			c.session.AnswerError(q.MsgID, err)
			return
		}
	}
	permanent := s.keys[mtproto.KeyID(call.PermAuthKeyID)]
	if permanent == nil || !permanent.expires.IsZero() {
		c.session.AnswerError(q.MsgID, mtproto.NewRPCError(400, "ENCRYPTED_MESSAGE_INVALID"))
		return
	}
	e, err := session.OpenV1(&permanent.key, mtproto.Client, call.EncryptedMessage)
	var inner mt.BindAuthKeyInner
	if err == nil {
		err = tl.Unmarshal(e.Body, &inner)
	}
	want := mt.BindAuthKeyInner{
		Nonce: call.Nonce, TempAuthKeyID: int64(c.key.key.ID()), PermAuthKeyID: call.PermAuthKeyID,
		TempSessionID: int64(c.session.ID()), ExpiresAt: int32(c.key.expires.Unix()),
	}
	if err != nil || e.MsgID != q.MsgID || e.SeqNo != 0 || inner != want || call.ExpiresAt != want.ExpiresAt {
		s.t.Errorf("binding %+v in %+v, want %+v: %v", inner, e, want, err)
	}
	for _, k := range s.keys {
		if k.bound == permanent.key.ID() {
			k.bound = 0
		}
	}
	c.key.bound = permanent.key.ID()
	c.session.Answer(q.MsgID, binary.LittleEndian.AppendUint32(nil, tl.IDBoolTrue))
}

func (s *server) flush(c *serverConn) error {
	for {
		packet, _, err := c.session.Send(s.now())
		if err != nil || packet == nil {
			return err
		}
		if err := c.WritePacket(packet); err != nil {
			return err
		}
	}
}

// release answers what was held, over the last connection.
func (s *server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		body, err := echo(nil, h.query.Body)
		if err != nil {
			s.t.Error(err)
		}
		h.session.Answer(h.query.MsgID, body)
	}
	s.held = nil
	if err := s.flush(s.last); err != nil {
		s.t.Error(err)
	}
}

// releaseOn answers what was held, over the connections that it came by.
func (s *server) releaseOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		body, err := echo(nil, h.query.Body)
		if err != nil {
			s.t.Error(err)
		}
		h.session.Answer(h.query.MsgID, body)
		if err := s.flush(h.conn); err != nil {
			s.t.Error(err)
		}
	}
	s.held = nil
}

// push sends an update over the last connection.
func (s *server) push(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.last.session.Push(message(updateID, n)); err != nil {
		s.t.Error(err)
	}
	if err := s.flush(s.last); err != nil {
		s.t.Error(err)
	}
}

// cut closes the last connection.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.last.Close()
}

// sent reports whether the client has sent a packet that contains p.
func (s *server) sent(p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		for _, body := range k.bodies {
			if bytes.Contains(body, p) {
				return true
			}
		}
	}
	return false
}

// A harness is a client that runs.
type harness struct {
	*Client
	t      *testing.T
	cancel context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	states []State
	saved  []Credentials
}

// run starts a client, of the server if options say no other Dial.
func run(t *testing.T, s *server, o Options) *harness {
	t.Helper()
	h := &harness{t: t, ended: make(chan error, 1)}
	if o.Dial == nil {
		o.Dial = s.dial
	}
	o.DC = testDC
	o.PermanentKeyOnly = !s.temporary
	if o.PublicKeys == nil {
		o.PublicKeys = []mtcrypto.PublicKey{testKey().Public()}
	}
	if o.Save == nil {
		o.Save = func(c Credentials) error {
			s.note("saved")
			h.mu.Lock()
			defer h.mu.Unlock()
			h.saved = append(h.saved, c)
			return nil
		}
	}
	o.OnState = func(state State) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.states = append(h.states, state)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.Client = c
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() { h.ended <- c.Run(ctx) }()
	return h
}

// stop ends the client and the server's goroutines. What is left over after
// that fails the test, since synctest.Test waits for every goroutine.
func (h *harness) stop(s *server) {
	h.t.Helper()
	h.cancel()
	if err := <-h.ended; !errors.Is(err, context.Canceled) {
		h.t.Errorf("Run: %v", err)
	}
	s.tasks.Wait()
}

// ask invokes a query and checks that its answer is an echo.
func (h *harness) ask(n uint64) {
	h.t.Helper()
	h.do(n, Request{Query: message(queryID, n)})
}

// askRepeatable is ask for a query that may be carried out twice.
func (h *harness) askRepeatable(n uint64) {
	h.t.Helper()
	h.do(n, Request{Query: message(queryID, n), Repeat: true})
}

func (h *harness) do(n uint64, r Request) {
	h.t.Helper()
	body, err := h.Do(context.Background(), r)
	if err != nil || !bytes.Equal(body, message(answerID, n)) {
		h.t.Errorf("query %d: %x, %v", n, body, err)
	}
}

func (h *harness) phases() (phases []Phase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.states {
		phases = append(phases, s.Phase)
	}
	return phases
}

// errors returns why connections ended.
func (h *harness) errors() (list []error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.states {
		if s.Err != nil {
			list = append(list, s.Err)
		}
	}
	return list
}

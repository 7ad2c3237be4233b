package session_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// A world is a client and a server that are treated badly: connections break,
// the server forgets sessions, the client's clock jumps, queries take long or
// are cancelled, salts change.
type world struct {
	t      *testing.T
	r      *rand.Rand
	random *rand.ChaCha8
	now    time.Time     // the server's clock
	skew   time.Duration // the client's clock minus the server's
	jumped bool          // the client's clock was set since the connection began
	unsure bool          // the client's clock was wrong at some time
	salts  *session.ServerSalts

	client *session.Session
	asked  map[session.RequestID]*asked
	open   []session.RequestID // not ended, oldest first
	life   int                 // of the server
	last   update

	server             *life
	compress           int
	toServer, toClient [][]byte // on the way
	arrived            [][]byte // at the server, in this life
	cutAt              time.Time
	number             uint32
	handled            map[uint32]int // in all lives
	byNumber           map[uint32]*asked
}

// asked is a query that the client has made.
type asked struct {
	number    uint32
	repeat    bool // may be carried out in two lives
	cancelled bool
	ended     bool
	never     bool // has ended as not executed
}

// A life is the server's session from one restart to the next.
type life struct {
	s        *session.Session
	attached bool // to the connection there is now
	handled  map[uint32]int
	slow     []session.Query
	pushed   uint32
}

// An update is the place of a push: that many pushes into that life.
type update struct{ life, n uint32 }

const (
	simQuery  = 0x51515151
	simAnswer = 0x0e0e0e0e
	simUpdate = 0x07070707
)

// TestSimulation runs the world for many seeds. Every query ends exactly once,
// with its own answer or, if it must not be carried out twice or was cancelled,
// with what is true of it; within one life of the server it is handled at most
// once, and those that must not be carried out twice in all lives; the pushes of one life arrive exactly once
// and in order; what both sides remember stays bounded (R-EM-15, R-EM-40,
// R-EM-61 to R-EM-63, R-SM-26, R-SM-34, R-SM-42, R-SM-61).
func TestSimulation(t *testing.T) {
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 500 {
				w.step()
				if t.Failed() {
					return
				}
			}
			w.end()
		})
	}
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, r: rand.New(testRand(seed)), random: testRand(seed + 1<<32), now: epoch,
		salts: session.NewServerSalts(testKey(), 77, epoch), asked: map[session.RequestID]*asked{},
		handled: map[uint32]int{}, byNumber: map[uint32]*asked{},
	}
	if w.r.IntN(4) == 0 {
		w.compress = 150
	}
	w.skew = time.Duration(w.r.Int64N(800)-400) * time.Second
	w.client = mustNew(t, session.Options{
		Side: mtproto.Client, Key: testKey(), Rand: w.random, CompressAbove: w.compress,
		Salts: []session.Salt{session.NewSalt(mtproto.Salt(76+w.r.Int64N(2)), epoch, epoch.Add(time.Hour))},
	})
	w.unsure = w.skew > session.MaxAhead
	w.restart()
	return w
}

func (w *world) clientNow() time.Time { return w.now.Add(w.skew) }

// restart makes the server forget the session, which ends the connection too.
func (w *world) restart() {
	w.now = w.now.Add(time.Second) // it takes a while: ids of two lives differ
	w.begin()
	w.cut()
}

// begin makes the server begin a session.
func (w *world) begin() {
	w.life++
	w.arrived = nil
	w.server = &life{handled: map[uint32]int{}, s: mustNew(w.t, session.Options{
		Side: mtproto.Server, Key: testKey(), Rand: w.random, ServerSalts: w.salts,
		ID: w.client.ID(), CompressAbove: w.compress,
	})}
}

// cut breaks the connection and opens another one.
func (w *world) cut() {
	w.toServer, w.toClient, w.cutAt = nil, nil, time.Time{}
	w.client.Disconnected()
	w.server.s.Disconnected()
	w.server.attached = false
	w.jumped = false
	w.client.Connected(w.clientNow())
}

// step does one thing, most often something harmless.
func (w *world) step() {
	switch n := w.r.IntN(100); {
	case n < 12:
		w.request(1 + w.r.IntN(3))
	case n < 13:
		w.request(w.r.IntN(700))
	case n < 17:
		w.push(1 + w.r.IntN(3))
	case n < 18:
		w.push(w.r.IntN(100))
	case n < 22:
		w.cancel()
	case n < 38:
		w.send()
	case n < 54:
		w.deliver(&w.toServer, 1, w.atServer)
	case n < 58:
		w.deliver(&w.toServer, 100, w.atServer)
	case n < 74:
		w.deliver(&w.toClient, 1, w.atClient)
	case n < 78:
		w.deliver(&w.toClient, 100, w.atClient)
	case n < 82:
		w.answerSlow(w.r.IntN(4))
	case n < 93:
		w.pass(time.Duration(w.r.Int64N(int64(4 * time.Second))))
	case n < 94:
		w.idle(time.Duration(w.r.Int64N(int64(50 * time.Minute))))
	case n < 95:
		w.jump()
	case n < 97:
		w.cut()
	case n < 98:
		w.replay()
	case n < 99 && w.r.IntN(3) == 0:
		w.restart()
	}
}

func (w *world) request(n int) {
	for range n {
		w.number++
		body := query(1 + w.r.IntN(1+w.r.IntN(60)))
		binary.LittleEndian.PutUint32(body, simQuery)
		binary.LittleEndian.PutUint32(body[4:], w.number)
		a := &asked{number: w.number, repeat: w.r.IntN(2) == 0}
		id := w.client.Ask(session.Request{Body: body, Repeat: a.repeat})
		w.asked[id], w.byNumber[a.number] = a, a
		w.open = append(w.open, id)
	}
}

func (w *world) cancel() {
	if len(w.open) == 0 {
		return
	}
	i := w.r.IntN(len(w.open))
	id := w.open[i]
	w.open = append(w.open[:i], w.open[i+1:]...)
	a := w.asked[id]
	a.cancelled = true
	if w.client.Cancel(id) == mtproto.NotExecuted {
		a.ended, a.never = true, true
	}
}

func (w *world) push(n int) {
	for range n {
		body := query(2 + w.r.IntN(40))
		binary.LittleEndian.PutUint32(body, simUpdate)
		binary.LittleEndian.PutUint32(body[4:], uint32(w.life))
		binary.LittleEndian.PutUint32(body[8:], w.server.pushed)
		w.server.pushed++
		if err := w.server.s.Push(body); err != nil {
			w.t.Fatal(err)
		}
	}
}

// send puts what either side has to say on the way.
func (w *world) send() {
	w.take(w.client, w.clientNow(), &w.toServer)
	if w.server.attached {
		w.take(w.server.s, w.now, &w.toClient)
	}
}

func (w *world) take(s *session.Session, now time.Time, wire *[][]byte) {
	for {
		packet, _, err := s.Send(now)
		if err != nil {
			w.t.Fatal(err)
		}
		if packet == nil {
			return
		}
		*wire = append(*wire, packet)
	}
}

func (w *world) deliver(wire *[][]byte, n int, to func([]byte)) {
	for ; n > 0 && len(*wire) > 0; n-- {
		packet := (*wire)[0]
		*wire = (*wire)[1:]
		to(packet) // which may cut the wire
	}
}

func (w *world) atServer(packet []byte) {
	e := opened(w.t, mtproto.Client, packet)
	switch {
	case e.SessionID == w.server.s.ID():
	case !w.unsure || e.SessionID != w.client.ID():
		w.t.Fatal("a new session, though the clock was always right")
	default:
		// Numbers got in disorder when the clock was set while packets were on
		// their way for long. The new session has the old one destroyed.
		w.begin()
	}
	w.arrived = append(w.arrived, packet)
	events, err := w.server.s.ReceiveEnvelope(w.now, e)
	if err != nil {
		w.t.Fatalf("server: %v", err)
	}
	if !w.server.attached {
		w.server.attached = true
		w.server.s.Connected(w.now)
	}
	for _, event := range events {
		switch event := event.(type) {
		case session.Query:
			number := binary.LittleEndian.Uint32(event.Body[4:])
			if w.server.handled[number]++; w.server.handled[number] > 1 {
				w.t.Errorf("query %d handled %d times in one life", number, w.server.handled[number])
			}
			if w.handled[number]++; w.handled[number] > 1 && !w.byNumber[number].repeat {
				w.t.Errorf("query %d handled %d times in all", number, w.handled[number])
			}
			if w.r.IntN(4) == 0 {
				w.server.slow = append(w.server.slow, event)
			} else {
				w.answer(event)
			}
		case session.DisconnectAfter:
			w.cutAt = w.now.Add(event.Delay)
		}
	}
}

func (w *world) answer(q session.Query) {
	body := query(1 + w.r.IntN(1+w.r.IntN(100)))
	binary.LittleEndian.PutUint32(body, simAnswer)
	copy(body[4:8], q.Body[4:8])
	w.server.s.Answer(q.MsgID, body)
}

func (w *world) answerSlow(n int) {
	for ; n > 0 && len(w.server.slow) > 0; n-- {
		i := w.r.IntN(len(w.server.slow))
		q := w.server.slow[i]
		w.server.slow = append(w.server.slow[:i], w.server.slow[i+1:]...)
		w.answer(q)
	}
}

func (w *world) atClient(packet []byte) {
	events, err := w.client.Receive(w.clientNow(), packet)
	w.happened(events)
	var v *mtproto.ViolationError
	if errors.As(err, &v) && v.Rule == "R-EM-17" && w.jumped {
		w.cut() // the client took its clock for right; the next connection tells
	} else if err != nil {
		w.t.Fatalf("client: %v", err)
	}
}

func (w *world) happened(events []session.Event) {
	for _, event := range events {
		switch event := event.(type) {
		case session.Result:
			w.ended(event)
		case session.Update:
			w.updated(event.Body)
		}
	}
}

func (w *world) ended(e session.Result) {
	a := w.asked[e.Request]
	var lost *mtproto.OutcomeError
	switch {
	case a.ended:
		w.t.Errorf("query %d ended twice", a.number)
	case errors.As(e.Err, &lost):
		a.never = lost.Outcome == mtproto.NotExecuted
		if a.repeat && !a.cancelled || lost.Outcome == mtproto.Executed && w.handled[a.number] == 0 {
			w.t.Errorf("query %d: %v", a.number, e.Err)
		}
	case e.Err != nil:
		w.t.Errorf("query %d: %v", a.number, e.Err)
	case binary.LittleEndian.Uint32(e.Body) != simAnswer || binary.LittleEndian.Uint32(e.Body[4:]) != a.number:
		w.t.Errorf("query %d has the answer %x", a.number, e.Body[:8])
	}
	a.ended = true
	for i, id := range w.open {
		if id == e.Request {
			w.open = append(w.open[:i], w.open[i+1:]...)
			break
		}
	}
}

func (w *world) updated(body []byte) {
	if len(body) < 12 || binary.LittleEndian.Uint32(body) != simUpdate {
		w.t.Errorf("update %x", body)
		return
	}
	u := update{binary.LittleEndian.Uint32(body[4:]), binary.LittleEndian.Uint32(body[8:])}
	want := update{u.life, 0} // the first of a later life
	if u.life == w.last.life {
		want.n = w.last.n
	}
	if u.life < w.last.life || u.n != want.n {
		w.t.Errorf("update %+v after %+v", u, w.last)
	}
	w.last = update{u.life, u.n + 1}
}

// pass lets time go by, all at once.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if !w.cutAt.IsZero() && !w.now.Before(w.cutAt) {
		w.cut()
	}
	if err := w.client.Tick(w.clientNow()); err != nil {
		w.cut()
	}
	w.happened(w.client.Events())
}

// idle lets time go by with nothing but what the two say by themselves.
func (w *world) idle(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end) && !w.t.Failed(); {
		w.pass(10 * time.Second)
		w.settle()
	}
}

func (w *world) settle() {
	for range 100 {
		w.send()
		if len(w.toServer)+len(w.toClient) == 0 || w.t.Failed() {
			return
		}
		w.deliver(&w.toServer, 1<<30, w.atServer)
		w.send()
		w.deliver(&w.toClient, 1<<30, w.atClient)
	}
	w.t.Errorf("the two never stop talking")
}

// jump sets the client's clock, a little or a lot.
func (w *world) jump() {
	by := int64(time.Second) << w.r.IntN(18)
	w.skew += time.Duration(w.r.Int64N(2*by) - by)
	w.jumped, w.unsure = true, true
}

// replay has an outsider send a packet again that the server has had.
func (w *world) replay() {
	if len(w.arrived) > 0 && w.server.attached {
		w.atServer(w.arrived[w.r.IntN(len(w.arrived))])
	}
}

// end lets everything come to its end on a good network.
func (w *world) end() {
	w.cut()
	for range 30 {
		w.settle()
		w.answerSlow(len(w.server.slow))
		w.pass(16 * time.Second)
		if w.t.Failed() {
			return
		}
	}
	w.settle()
	for id, a := range w.asked {
		if !a.ended {
			w.t.Errorf("request %d (query %d) has not ended; handled %d times", id, a.number, w.handled[a.number])
		}
		if a.never && w.handled[a.number] > 0 {
			w.t.Errorf("query %d was handled, though it ended as not executed", a.number)
		}
	}
	if w.last.life == uint32(w.life) && w.last.n != w.server.pushed || w.last.life != uint32(w.life) && w.server.pushed > 0 {
		w.t.Errorf("updates end with %+v, not with %d of life %d", w.last, w.server.pushed, w.life)
	}
	for side, state := range map[string]map[string]int{"client": w.client.Remembered(), "server": w.server.s.Remembered()} {
		for what, limit := range map[string]int{
			"queue": 0, "sent": 300, "containers": 300, "services": 600, "acks": 16, "requests": 0,
			"processing": 0, "answers": 16, "answered": 2048, "window": 2048, "salts": 130, "bytes": 1 << 14,
		} {
			if state[what] > limit {
				w.t.Errorf("%s: %d %s are left, more than %d", side, state[what], what, limit)
			}
		}
	}
}

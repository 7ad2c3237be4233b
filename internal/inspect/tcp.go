package inspect

import (
	"net/netip"
	"time"

	"godwit/internal/capture"
	"godwit/mtproto"
)

// How long bytes that are missing are waited for by the clock of the capture:
// longer than a retransmission takes, or less if the other side has said that
// it has them, which means that only the capture lacks them.
const (
	patience      = 10 * time.Second
	patienceAcked = 200 * time.Millisecond
)

// maxIdle is how long after its last packet a connection is given up, which
// frees what it holds.
const maxIdle = 2 * time.Hour

// A tracker follows all connections of a capture.
type tracker struct {
	handle  func(*Record) error
	err     error // of handle
	now     time.Time
	conns   map[flow]*connection
	swept   time.Time
	count   int
	summary Summary

	messages *reader
}

// A flow is one direction of a TCP connection.
type flow struct{ src, dst netip.AddrPort }

func (f flow) reverse() flow { return flow{f.dst, f.src} }

func newTracker(o *Options, handle func(*Record) error) *tracker {
	t := &tracker{handle: handle, conns: make(map[flow]*connection)}
	t.summary.Missing = make(map[mtproto.KeyID]int)
	t.summary.Refused = make(map[mtproto.KeyID]int)
	t.messages = newReader(o, t)
	return t
}

// emit hands out a record with the time of the packet that completed it.
func (t *tracker) emit(r *Record) {
	if t.err != nil {
		return
	}
	r.Time = t.now
	t.err = t.handle(r)
}

// packet takes a packet of the network; whatever is not TCP is passed over.
func (t *tracker) packet(p capture.Packet) {
	if p.Time.After(t.now) {
		t.now = p.Time // never back, so that records are in order
	}
	segment, ok := p.Segment()
	if !ok {
		return
	}
	f := flow{segment.Src, segment.Dst}
	c := t.connection(f, segment)
	if c == nil {
		return
	}
	c.seen = t.now
	c.segment(c.side(f), segment)
	t.sweep()
}

// connection finds the connection of a segment. A SYN with another number than
// before begins a new one on the same ports.
func (t *tracker) connection(f flow, tcp capture.Segment) *connection {
	c, key := t.conns[f], f
	if c == nil {
		c, key = t.conns[f.reverse()], f.reverse()
	}
	if c != nil && tcp.SYN && !tcp.ACK && (c.flow != f || c.first != tcp.Seq) {
		c.end()
		delete(t.conns, key)
		c = nil
	}
	if c == nil {
		if tcp.RST || tcp.FIN && len(tcp.Payload) == 0 {
			return nil // what is left of one that is over
		}
		c = newConnection(t, f, tcp)
		t.conns[c.flow] = c
	}
	return c
}

// sweep frees connections that have been silent for long.
func (t *tracker) sweep() {
	if t.now.Sub(t.swept) < maxIdle/4 {
		return
	}
	t.swept = t.now
	for f, c := range t.conns {
		if t.now.Sub(c.seen) > maxIdle {
			c.end()
			delete(t.conns, f)
		}
	}
}

// finish reads what waits for bytes that will not come any more.
func (t *tracker) finish() {
	ordered := make([]*connection, t.count+1)
	for _, c := range t.conns {
		ordered[c.number] = c
	}
	for _, c := range ordered {
		if c != nil {
			c.end()
		}
	}
}

// newConnection begins a connection with its first segment in the capture.
func newConnection(t *tracker, f flow, tcp capture.Segment) *connection {
	t.count++
	c := &connection{t: t, flow: f, number: t.count, first: tcp.Seq, keys: make(map[mtproto.KeyID]bool)}
	if tcp.SYN && tcp.ACK || !tcp.SYN && f.src.Port() < f.dst.Port() {
		c.flow = f.reverse() // the server speaks first, or so it seems
	}
	c.sideKnown = tcp.SYN
	for side := range c.halves {
		c.halves[side].init(c, mtproto.Side(side))
	}
	return c
}

// segment takes a segment of the connection. A half that the capture has not
// from its beginning starts where the capture does.
func (c *connection) segment(from mtproto.Side, tcp capture.Segment) {
	if c.over {
		return
	}
	h, to := &c.halves[from], &c.halves[from.Remote()]
	if tcp.SYN && tcp.ACK {
		to.start, to.startKnown = tcp.Ack, true
	}
	if !h.order.Begun() && !tcp.SYN {
		h.headless = !h.startKnown || h.start != tcp.Seq
	}
	now := c.t.now
	h.order.Take(tcp, now, c.deliver(from))
	h.order.Skip(now.Add(-patience), c.deliver(from))
	wait := patience
	if tcp.ACK && to.order.Lacks(tcp.Ack) {
		wait = patienceAcked
	}
	to.order.Skip(now.Add(-wait), c.deliver(from.Remote()))
	if c.foreign {
		c.release()
	}
}

// deliver returns what hands bytes to a half.
func (c *connection) deliver(side mtproto.Side) func(lost int, p []byte) {
	return func(lost int, p []byte) {
		c.halves[side].feed(lost, p)
		c.releaseServer()
	}
}

func (c *connection) side(f flow) mtproto.Side {
	if f == c.flow {
		return mtproto.Client
	}
	return mtproto.Server
}

// address returns one end of the connection as host:port.
func (f flow) address(src bool) string {
	if src {
		return f.src.String()
	}
	return f.dst.String()
}

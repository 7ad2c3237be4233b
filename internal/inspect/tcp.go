package inspect

import (
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"godwit/mtproto"
)

// How long bytes that are missing are waited for by the clock of the capture:
// longer than a retransmission takes, or less if the other side has said that
// it has them, which means that only the capture lacks them.
const (
	patience      = 10 * time.Second
	patienceAcked = 200 * time.Millisecond
)

// maxWaiting bounds the segments of one connection that wait for an earlier
// one, each of up to 1,900 bytes.
const maxWaiting = 8192

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
type flow struct{ network, ports gopacket.Flow }

func (f flow) reverse() flow { return flow{f.network.Reverse(), f.ports.Reverse()} }

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
func (t *tracker) packet(data []byte, ci gopacket.CaptureInfo, link layers.LinkType) {
	if ci.Timestamp.After(t.now) {
		t.now = ci.Timestamp // never back, so that records are in order
	}
	p := gopacket.NewPacket(data, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok || p.NetworkLayer() == nil {
		return
	}
	f := flow{p.NetworkLayer().NetworkFlow(), tcp.TransportFlow()}
	c := t.connection(f, tcp)
	if c == nil {
		return
	}
	c.seen = t.now
	c.segment(f, tcp, gopacket.CaptureInfo{Timestamp: t.now, CaptureLength: ci.CaptureLength, Length: ci.Length})
	t.sweep()
}

// connection finds the connection of a segment. A SYN with another number than
// before begins a new one on the same ports.
func (t *tracker) connection(f flow, tcp *layers.TCP) *connection {
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
func newConnection(t *tracker, f flow, tcp *layers.TCP) *connection {
	t.count++
	c := &connection{t: t, flow: f, number: t.count, first: tcp.Seq, keys: make(map[mtproto.KeyID]bool)}
	if tcp.SYN && tcp.ACK || !tcp.SYN && tcp.SrcPort < tcp.DstPort {
		c.flow = f.reverse() // the server speaks first, or so it seems
	}
	c.sideKnown = tcp.SYN
	for side := range c.halves {
		c.halves[side].init(c, mtproto.Side(side))
	}
	// An assembler for each connection, so that it alone can be told to wait no
	// longer.
	c.assembler = reassembly.NewAssembler(reassembly.NewStreamPool(c))
	c.assembler.MaxBufferedPagesPerConnection = maxWaiting
	return c
}

// New implements reassembly.StreamFactory: a connection is its own stream.
func (c *connection) New(gopacket.Flow, gopacket.Flow, *layers.TCP, reassembly.AssemblerContext) reassembly.Stream {
	return c
}

// captured is the reassembly.AssemblerContext of a segment.
type captured gopacket.CaptureInfo

// GetCaptureInfo implements reassembly.AssemblerContext.
func (c *captured) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(*c) }

// segment takes a segment of the connection.
func (c *connection) segment(f flow, tcp *layers.TCP, ci gopacket.CaptureInfo) {
	if c.assembler == nil {
		return // it is of no interest, or over
	}
	c.from = c.side(f)
	to := &c.halves[c.from.Remote()]
	if tcp.SYN && tcp.ACK {
		to.start, to.startKnown = tcp.Ack, true
	}
	context := captured(ci)
	c.assembler.AssembleWithContext(f.network, tcp, &context)
	if c.gaps {
		wait := patience
		if tcp.ACK && to.next.Difference(reassembly.Sequence(tcp.Ack)) > 0 {
			wait = patienceAcked
		}
		c.assembler.FlushWithOptions(reassembly.FlushOptions{T: c.t.now.Add(-wait)})
	}
	if c.foreign {
		c.release()
	}
}

func (c *connection) side(f flow) mtproto.Side {
	if f == c.flow {
		return mtproto.Client
	}
	return mtproto.Server
}

// Accept implements reassembly.Stream. A half that the capture has not from its
// beginning starts where the capture does.
func (c *connection) Accept(tcp *layers.TCP, _ gopacket.CaptureInfo, dir reassembly.TCPFlowDirection,
	next reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	h := &c.halves[c.from]
	c.clientWay = dir
	if c.from == mtproto.Server {
		c.clientWay = dir.Reverse()
	}
	h.next = next
	switch {
	case next >= 0:
		if len(tcp.Payload) > 0 && next.Difference(reassembly.Sequence(tcp.Seq)) > 0 {
			c.gaps = true
		}
	case !tcp.SYN:
		*start = true
		h.headless = !h.startKnown || h.start != tcp.Seq
	}
	return true
}

// ReassembledSG implements reassembly.Stream.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, _, lost := sg.Info()
	h := &c.halves[mtproto.Client]
	if dir != c.clientWay {
		h = &c.halves[mtproto.Server]
	}
	if n, _ := sg.Lengths(); n > 0 {
		h.feed(lost, sg.Fetch(n))
		c.releaseServer()
	}
}

// ReassemblyComplete implements reassembly.Stream.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool { return false }

// address returns one end of the connection as host:port.
func (f flow) address(src bool) string {
	host, port := f.network.Dst(), f.ports.Dst()
	if src {
		host, port = f.network.Src(), f.ports.Src()
	}
	return net.JoinHostPort(host.String(), port.String())
}

package inspect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// maxLost is the largest gap after which a stream is read on: the most that
// TCP has under way.
const maxLost = 1 << 30

// A connection is a TCP connection that may be Telegram's.
type connection struct {
	t      *tracker
	flow   flow   // from client to server
	number int    // counted from 1
	first  uint32 // number of the first segment
	seen   time.Time
	over   bool // nothing more is to be read
	halves [2]half

	sideKnown bool              // which end is the client
	swapped   bool              // it is the other one
	carrier   string            // what the transport is carried by, such as a WebSocket
	polling   bool              // packets are in the bodies of HTTP requests
	server    io.Reader         // what the server sends, out of what carries it; nil for the bytes of TCP
	answers   *transport.Reader // what the server sends, once it is known how
	searching bool              // both directions are read each for itself
	keys      map[mtproto.KeyID]bool
	told      bool // a record of kind Connection has been written
	foreign   bool // it is not MTProto
}

// end reads what is left of both directions.
func (c *connection) end() {
	if c.over {
		return
	}
	for side := range c.halves {
		c.halves[side].order.Flush(c.deliver(mtproto.Side(side)))
	}
	client, server := &c.halves[mtproto.Client], &c.halves[mtproto.Server]
	client.end()
	c.releaseServer()
	if server.in.size > 0 && !c.foreign {
		server.held = false // it has to be read without the client
	}
	server.end()
	if !c.told && c.searching {
		c.tell("unknown: the capture lacks its beginning, and no packet of a given key was found")
		c.t.summary.Others++
	}
	c.over = true
}

// release gives the connection up.
func (c *connection) release() {
	c.halves[mtproto.Client].finish()
	c.halves[mtproto.Server].finish()
	c.over = true
}

// releaseServer reads what the server has sent meanwhile, as soon as it is
// known how.
func (c *connection) releaseServer() {
	server := &c.halves[mtproto.Server]
	if server.held && (c.answers != nil || c.searching || c.polling) {
		server.held = false
		server.run()
	}
}

// read reads a direction to its end. It runs as the half's coroutine.
func (c *connection) read(h *half) {
	in := bufio.NewReaderSize(&h.in, 1<<14)
	switch {
	case h.side == mtproto.Server && c.polling:
		c.readResponses(h)
	case h.side == mtproto.Server && c.answers == nil:
		c.search(h, &h.in)
	case h.side == mtproto.Server:
		c.packets(h, c.answers)
	case !h.headless && speaksHTTP(in):
		c.readHTTP(h, in)
	default:
		c.readClient(h, in)
	}
}

// readClient tells the transport from what the client has sent first, and reads
// on.
func (c *connection) readClient(h *half, stream *bufio.Reader) {
	requests, in, err := c.overhear(stream)
	var lost *lostError
	switch {
	case err == nil && (!h.headless || certain(requests)):
		c.open(requests)
		c.packets(h, requests)
	case h.headless || errors.As(err, &lost):
		c.answers = nil
		c.search(h, in)
	case errors.Is(err, io.EOF): // nothing came
	default:
		c.tell(err.Error())
		c.t.summary.Others++
		c.foreign = true
	}
}

// overhear tells the transport from what the client has sent first, with every
// secret in turn. Where there is none, or it may be a mistake, in reads all of
// the stream again.
func (c *connection) overhear(stream *bufio.Reader) (requests *transport.Reader, in *bufio.Reader, err error) {
	server, in := c.server, stream
	if server == nil {
		server = &c.halves[mtproto.Server].in
	}
	secrets := []*transport.Secret{nil}
	for i := range c.t.messages.o.Secrets {
		secrets = append(secrets, &c.t.messages.o.Secrets[i])
	}
	for _, secret := range secrets {
		begins, _ := in.Peek(1)
		begins = bytes.Clone(begins)
		requests, c.answers, err = transport.Overhear(in, server, transport.Options{Secret: secret, QuickAck: c.quickAck})
		var unknown *transport.UnknownTransportError
		if err == nil {
			// Of what is read by mistake only one byte has been taken.
			return requests, again(begins, in), nil
		}
		if !errors.As(err, &unknown) {
			break
		}
		in = again(unknown.First, in)
	}
	return nil, in, err
}

// again puts bytes back before a stream.
func again(first []byte, rest io.Reader) *bufio.Reader {
	return bufio.NewReaderSize(io.MultiReader(bytes.NewReader(first), rest), 1<<14)
}

// certain reports whether the transport cannot have been seen by chance in the
// middle of a stream.
func certain(r *transport.Reader) bool {
	return r.Obfuscated() || r.Framing() != transport.Abridged
}

// open notes that the connection is of MTProto.
func (c *connection) open(r *transport.Reader) {
	if c.told {
		return
	}
	how := c.carrier + r.Framing().String()
	if r.Obfuscated() {
		how += ", obfuscated"
	}
	if c.searching {
		how += ", from the middle on"
	}
	c.t.summary.Connections++
	c.tell(how)
}

func (c *connection) tell(note string) {
	c.told = true
	c.emit(mtproto.Client, &Record{
		Kind: Connection, Client: c.flow.address(!c.swapped), Server: c.flow.address(c.swapped), Note: note,
	})
}

// emit hands out a record of what a half has sent.
func (c *connection) emit(side mtproto.Side, r *Record) {
	r.Connection, r.From = c.number, side
	if c.swapped {
		r.From = side.Remote()
	}
	c.t.emit(r)
}

func (c *connection) note(h *half, format string, args ...any) {
	c.emit(h.side, &Record{Kind: Note, Note: fmt.Sprintf(format, args...)})
}

func (c *connection) quickAck(token uint32) {
	c.emit(mtproto.Server, &Record{Kind: QuickAck, Token: token})
}

// search looks for packets where the beginning of the connection is missing.
func (c *connection) search(h *half, in io.Reader) {
	c.searching = true
	r, err := transport.NewReader(in, h.side, transport.Options{QuickAck: c.quickAck})
	if err != nil {
		c.note(h, "%v", err)
		return
	}
	if c.resync(h, r, 0) {
		c.open(r)
		c.packets(h, r)
	}
}

// packets reads packets to the end of the stream.
func (c *connection) packets(h *half, r *transport.Reader) {
	for {
		p, err := r.ReadPacket(nil)
		var (
			refusal   *transport.Error
			lost      *lostError
			violation *mtproto.ViolationError
		)
		switch {
		case err == nil:
			c.t.messages.packet(c, h, p, r.QuickAckRequested())
		case errors.As(err, &refusal):
			c.emit(h.side, &Record{Kind: TransportError, Code: refusal.Code})
		case errors.As(err, &lost):
			c.note(h, "%v", err)
			if !c.resync(h, r, lost.bytes) {
				return
			}
		case errors.As(err, &violation):
			c.note(h, "no packet where one should begin: %v", err)
			if !c.resync(h, r, 0) {
				return
			}
		case errors.Is(err, io.ErrUnexpectedEOF):
			c.note(h, "ends in the middle of a packet")
			return
		default:
			return
		}
	}
}

// resync finds the next packet after a gap and reports whether there is one.
// What names a key that is given, or that has been seen on the connection, is
// taken for one.
func (c *connection) resync(h *half, r *transport.Reader, lost int) bool {
	begins := func(_ int, first []byte) bool {
		id, _ := session.PacketKeyID(first)
		return c.keys[id] || c.t.messages.key(id) != nil
	}
	for {
		if lost > maxLost {
			c.note(h, "the capture lacks too much to go on")
			return false
		}
		_, err := r.Resync(lost, begins)
		var again *lostError
		switch {
		case err == nil:
			return true
		case errors.As(err, &again):
			lost = again.bytes
		default:
			if c.told {
				c.note(h, "nothing after that could be read")
			}
			return false
		}
	}
}

package simulation

import (
	"fmt"
	"slices"
	"time"
)

// A network carries packets over connections, of which the client uses one at
// a time. The server may still hold older ones for open, and packets of those
// may still arrive.
type network struct {
	w     *world
	conns []*conn  // that are open at either end
	old   [][]byte // packets that have passed, for those who replay them

	replaying bool // the packet that the server deals with comes from an outsider
}

// A conn is a connection. Its two ends learn of its end at different times.
type conn struct {
	net        *network
	number     int
	clientOpen bool
	serverOpen bool
	silent     bool // nothing arrives any more, and nobody is told
	tampered   bool // packets were forged, or come where they should not
	toServer   way
	toClient   way
	serverSide serverConn
}

// A way is one direction of a connection.
type way struct {
	last      time.Time // when the last packet arrives, or is thought to
	busyUntil time.Time // the sender can't write before
	name      string
}

// dial opens a connection.
func (n *network) dial() *conn {
	n.w.report.Connects++
	c := &conn{net: n, number: n.w.report.Connects, clientOpen: true, serverOpen: true}
	c.toServer.name, c.toClient.name = fmt.Sprint("to server over ", c.number), fmt.Sprint("to client over ", c.number)
	n.conns = append(n.conns, c)
	return c
}

// live returns the connection that the client uses, nil for none.
func (n *network) live() *conn {
	if c := n.w.client.conn; c != nil && c.clientOpen {
		return c
	}
	return nil
}

// send puts a packet on its way. deliver is what its arrival does.
func (c *conn) send(way *way, packet []byte, deliver func([]byte)) {
	w := c.net.w
	way.busyUntil = w.now.Add(time.Duration(len(packet)) * w.p.perByte)
	if w.quiet && w.o.Sabotage == BlackHole {
		return
	}
	at := way.busyUntil.Add(w.p.latency + w.upTo(w.p.jitter))
	if !w.quiet {
		if packet = c.meddle(way, packet); packet == nil {
			return
		}
		if w.chance(w.p.reorder) {
			w.at(at.Add(w.upTo(3*time.Second)), "arrives out of order "+way.name, func() { c.arrive(packet, deliver) })
			return
		}
	}
	if at.Before(way.last) {
		at = way.last
	}
	way.last = at
	w.at(at, "arrives "+way.name, func() {
		if !w.quiet && w.chance(w.p.repeat) {
			w.after(w.upTo(10*time.Second), "arrives again "+way.name, func() { c.arrive(packet, deliver) })
		}
		c.arrive(packet, deliver)
	})
}

// meddle is what somebody does on the way. It returns the packet that goes on,
// nil for none.
func (c *conn) meddle(way *way, packet []byte) []byte {
	w := c.net.w
	switch {
	case w.chance(w.p.lose):
		w.tracef("lost %s", way.name)
		return nil
	case w.chance(w.p.forge):
		w.tracef("forged %s", way.name)
		packet = slices.Clone(packet)
		packet[w.choice.IntN(len(packet))] ^= 1 << w.choice.IntN(8)
		c.tampered = w.o.Sabotage != ForgedPackets
	}
	return packet
}

func (c *conn) arrive(packet []byte, deliver func([]byte)) {
	if c.silent {
		return
	}
	deliver(packet)
}

// remember keeps a packet that a server has received, for replay.
func (n *network) remember(packet []byte) {
	if n.w.p.replay == 0 {
		return
	}
	if len(n.old) < 64 {
		n.old = append(n.old, packet)
		return
	}
	n.old[n.w.choice.IntN(len(n.old))] = packet
}

// replay has an outsider send a packet of the client again, over a connection
// of the client's or one of its own.
func (n *network) replay() {
	if len(n.old) == 0 {
		return
	}
	packet := n.old[n.w.choice.IntN(len(n.old))]
	c := n.live()
	if c == nil || n.w.chance(0.5) {
		c = n.dial()
		c.clientOpen = false
		n.w.after(10*time.Second, "outsider hangs up", func() { n.w.server.closed(c) })
	}
	c.tampered = true
	n.replaying = true
	n.w.server.receive(c, packet)
	n.replaying = false
}

// cut breaks the connection. What is on the way is lost, up to a point that
// the two may see differently, or both sides are told at once.
func (n *network) cut() {
	c := n.live()
	if c == nil {
		return
	}
	c.silent = true
	n.w.after(n.w.upTo(3*time.Second), "client sees the end", func() { n.w.client.closed(c, errCut) })
	n.w.after(n.w.upTo(90*time.Second), "server sees the end", func() { n.w.server.closed(c) })
}

// silence makes a connection carry nothing more, without either side being
// told.
func (n *network) silence() {
	if c := n.live(); c != nil {
		c.silent = true
	}
}

// hangUp ends the client's part of a connection; the server learns of it when
// what was sent before has arrived.
func (n *network) hangUp(c *conn) {
	if !c.clientOpen {
		return
	}
	c.clientOpen = false
	n.forget(c)
	if c.silent {
		return
	}
	at := n.w.now.Add(n.w.p.latency)
	if at.Before(c.toServer.last) {
		at = c.toServer.last
	}
	n.w.at(at, "server sees the end", func() { n.w.server.closed(c) })
}

// shut ends the server's part of a connection.
func (n *network) shut(c *conn) {
	if !c.serverOpen {
		return
	}
	n.w.server.closed(c)
	if c.silent {
		return
	}
	at := n.w.now.Add(n.w.p.latency)
	if at.Before(c.toClient.last) {
		at = c.toClient.last
	}
	n.w.at(at, "client sees the end", func() { n.w.client.closed(c, errCut) })
}

// forget drops a connection that is open at neither end.
func (n *network) forget(c *conn) {
	if !c.clientOpen && !c.serverOpen {
		n.conns = slices.DeleteFunc(n.conns, func(other *conn) bool { return other == c })
	}
}

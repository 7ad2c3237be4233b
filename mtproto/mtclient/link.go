package mtclient

import (
	"cmp"
	"time"

	"godwit/mtproto/transport"
)

// A link is an open connection with the goroutine that reads from it, and one for as
// long as a packet is being written to it. What happens on it they tell the loop.
type link struct {
	conn   transport.PacketConn
	closed chan struct{} // ends both
	busy   bool          // the loop's: a packet is being written
	open   int           // the loop's: packets written less packets read, for a transport.Poller
	quick  quickAcks     // the loop's
}

// openLink begins to use a connection for a line.
func (n *line) openLink(conn transport.PacketConn) {
	k := &link{conn: conn, closed: make(chan struct{})}
	n.link = k
	n.expectQuickAcks(k)
	n.tasks.Go(func() { n.read(k) })
}

// close ends the connection. The goroutines end soon after.
func (k *link) close() {
	close(k.closed)
	_ = k.conn.Close() // whatever it says, nobody uses the connection any more
}

// tell has the loop do something about a link, if that is still in use then. It
// reports false when the link is closed.
func (n *line) tell(k *link, do func() error) bool {
	select {
	case n.inbox <- event{n, func() error {
		if n.link != k {
			return nil
		}
		return do()
	}}:
		return true
	case <-k.closed:
		return false
	}
}

// fail tells the loop of the end of a link.
func (n *line) fail(k *link, err error) { n.tell(k, func() error { return err }) }

// silences is how many times the interval of pings a server may say nothing. The
// session finds a silent one out after one and a half; this is for a loop that
// is held up, or an exchange that makes a key slowly.
const silences = 3

// read reads packets until the link is closed.
func (n *line) read(k *link) {
	timeout := silences * cmp.Or(n.o.PingInterval, time.Minute)
	for {
		err := k.conn.SetReadDeadline(time.Now().Add(timeout))
		var packet []byte
		if err == nil {
			packet, err = k.conn.ReadPacket(nil)
		}
		if err != nil {
			n.fail(k, err)
			return
		}
		if !n.tell(k, func() error { k.open--; return n.receive(packet) }) {
			return
		}
	}
}

// write writes a packet, of which there is one at a time.
func (n *line) write(k *link, packet outgoing) {
	err := k.conn.SetWriteDeadline(time.Now().Add(n.o.WriteTimeout))
	if err == nil {
		err = packet.write(k.conn)
	}
	n.tell(k, func() error { k.busy = false; return err })
}

package mtclient

import (
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// An outgoing packet, and whether the server is to tell at once that it has it
// (R-TR-20).
type outgoing struct {
	body  []byte
	quick bool
}

func (p outgoing) write(c transport.PacketConn) error {
	if quick, ok := c.(transport.QuickAcker); ok && p.quick {
		return quick.WritePacketQuickAck(p.body)
	}
	return c.WritePacket(p.body)
}

// quickAcks are the queries of the packets for which the server's word is
// awaited, by token, and the tokens, oldest first.
type quickAcks struct {
	queries map[uint32][]session.RequestID
	tokens  []uint32
}

// maxQuickAcks is for how many packets the word is awaited: a server need not
// give it.
const maxQuickAcks = 256

// tokenFlag is the top bit of a token, which the two ends of some framings set
// and those of others do not (R-TR-21, R-TR-22).
const tokenFlag = 1 << 31

// expectQuickAcks has the loop told of quick acknowledgements.
func (n *line) expectQuickAcks(k *link) {
	if conn, ok := k.conn.(transport.QuickAcker); ok {
		conn.OnQuickAck(func(token uint32) {
			n.tell(k, func() error { n.quickAcked(token); return nil })
		})
	}
}

// quicken makes a packet of the session one to write, and notes what its quick
// acknowledgement will be about.
func (n *line) quicken(packet []byte, token uint32) outgoing {
	queries := n.session.QuickAcks()
	if packet == nil || len(queries) == 0 {
		return outgoing{body: packet}
	}
	q := &n.link.quick
	if q.queries == nil {
		q.queries = make(map[uint32][]session.RequestID)
	}
	if len(q.tokens) >= maxQuickAcks {
		delete(q.queries, q.tokens[0])
		q.tokens = q.tokens[1:]
	}
	token |= tokenFlag
	q.queries[token] = queries
	q.tokens = append(q.tokens, token)
	return outgoing{body: packet, quick: true}
}

// quickAcked tells those whose queries the server has.
func (n *line) quickAcked(token uint32) {
	token |= tokenFlag
	queries := n.link.quick.queries[token]
	delete(n.link.quick.queries, token)
	for _, id := range queries {
		if call := n.calls[id]; call != nil && !call.cancelled {
			call.Received()
		}
	}
}

package mtclient

import "godwit/mtproto/transport"

// pack takes the next packet from the session. Over HTTP the server sends
// nothing by itself: there is always one request for it to answer, which it may
// hold as long as it likes, and all others are answered at once (R-HT-02,
// R-HT-03).
func (n *line) pack() (outgoing, error) {
	poller, ok := n.link.conn.(transport.Poller)
	if !ok {
		packet, token, err := n.session.Send(n.o.Now())
		return n.quicken(packet, token), err
	}
	wait := poller.PollInterval()
	if n.link.open > 0 {
		wait = 0
	}
	packet, _, err := n.session.SendHTTP(n.o.Now(), wait)
	return outgoing{body: packet}, err
}

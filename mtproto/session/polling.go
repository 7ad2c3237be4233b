package session

import (
	"time"

	"godwit/mtproto/internal/mt"
)

// An HTTPWait event tells a server how long the client lets it hold the HTTP
// request in which the packet came (R-HT-03). Over anything else it means
// nothing.
type HTTPWait struct {
	MaxDelay  time.Duration // after the first message that is queued
	WaitAfter time.Duration // after the latest
	MaxWait   time.Duration // with nothing to send; goes before the others
}

func (HTTPWait) event() {}

// What a client lets a server wait for more to send, as TDLib does (R-HT-04).
const (
	pollMaxDelay  = 30 // milliseconds
	pollWaitAfter = 10
)

// Sendable reports whether Send has something to send now.
func (s *Session) Sendable(now time.Time) bool {
	return s.renew && s.settled(now) || s.ready() ||
		len(s.acks) > ackCount || len(s.acks) > 0 && !now.Before(s.acksAt)
}

// SendHTTP is Send for a client whose packets are HTTP requests (R-HT-03). With
// a wait, the server may hold this one for so long until it has something to
// send, and there is a packet in any case; without, it is to answer at once.
func (s *Session) SendHTTP(now time.Time, wait time.Duration) (packet []byte, token uint32, err error) {
	if !s.connected || wait <= 0 && !s.Sendable(now) {
		return nil, 0, nil
	}
	polls := new(mt.HTTPWait)
	if wait > 0 {
		polls = &mt.HTTPWait{MaxDelay: pollMaxDelay, WaitAfter: pollWaitAfter, MaxWait: int32(wait.Milliseconds())}
	}
	m := s.service(polls, false)
	copy(s.queue[1:], s.queue) // it is about this packet
	s.queue[0] = m
	return s.Send(now)
}

// SendEmpty returns a packet without messages: a server's answer to an HTTP
// request for which it has nothing (R-HT-02).
func (s *Session) SendEmpty(now time.Time) ([]byte, error) {
	e := &Envelope{Salt: s.o.ServerSalts.Current(now), SessionID: s.id, Body: container(nil)}
	e.MsgID, e.SeqNo = s.ids.next(s.serverTime(now), 1, false)
	packet, _, err := Seal(s.o.Rand, &s.o.Key, s.o.Side, e)
	return packet, err
}

// httpWait reads the times of http_wait, whatever a client wrote there.
func httpWait(v *mt.HTTPWait) HTTPWait {
	milliseconds := func(n int32) time.Duration { return time.Duration(max(n, 0)) * time.Millisecond }
	return HTTPWait{milliseconds(v.MaxDelay), milliseconds(v.WaitAfter), milliseconds(v.MaxWait)}
}

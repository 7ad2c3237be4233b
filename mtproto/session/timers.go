package session

import (
	"errors"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
)

// ErrSilent says that the remote has not answered a ping, or holds back the
// state of queries, for so long that the connection must be given up.
var ErrSilent = errors.New("mtproto: remote is silent")

// Connected says that a connection to the remote is open, and fails only where
// Options.Rand does. What the remote may
// not have received is taken care of: a client asks for the state of its
// queries, a server sends what was not acknowledged again (R-EM-62, R-EM-63).
func (s *Session) Connected(now time.Time) error {
	s.connected = true
	s.pongBy, s.stateAt, s.saltsAsked = time.Time{}, time.Time{}, time.Time{}
	if s.o.Side == mtproto.Server {
		s.resendUnacknowledged()
		return nil
	}
	s.clock.start(now)
	if s.connections++; s.connections > 1 {
		s.synced = false // our clock may have been set since; the next answer tells (R-IX-01)
	}
	s.pingAt = now.Add(s.o.PingInterval)
	for id, m := range s.sent {
		if m.wants { // in vain, now
			delete(s.sent, id)
		}
	}
	for _, m := range s.inOrder(func(*message) bool { return true }) {
		if m.asked = nil; m.cancelled {
			s.lapse(m, ErrCancelled)
		}
	}
	if s.askStates(func(*message) bool { return true }) {
		s.stateAt = now.Add(stateDelay)
	}
	s.wantSalts(now)
	// The server sends nothing over a connection before it has had a packet of
	// the session there (R-TR-09), and queries may wait for a sign of it.
	if s.known && s.ready() {
		return nil
	}
	return s.ping(now)
}

// Disconnected says that the connection is gone. Nothing is lost by it.
func (s *Session) Disconnected() { s.connected = false }

// resendUnacknowledged queues what a client has not acknowledged, oldest
// first and before anything new (R-SM-26).
func (s *Session) resendUnacknowledged() {
	queue := s.queue
	s.queue = nil
	for _, m := range s.sent {
		if m.content && !m.queued {
			s.resendSame(m)
		}
	}
	sortByID(s.queue)
	s.queue = append(s.queue, queue...)
}

// Deadline returns when Tick is to be called, the zero time for never.
func (s *Session) Deadline() time.Time {
	var at time.Time
	earliest := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if len(s.acks) > 0 {
		earliest(s.acksAt)
	}
	if s.connected && s.o.Side == mtproto.Client {
		earliest(s.pingAt)
		earliest(s.pongBy)
		earliest(s.stateAt)
	}
	return at
}

// Tick does what is due. ErrSilent asks for a new connection.
func (s *Session) Tick(now time.Time) error {
	if !s.connected || s.o.Side == mtproto.Server {
		return nil
	}
	if due(s.pongBy, now) {
		return ErrSilent
	}
	if due(s.pingAt, now) {
		if err := s.ping(now); err != nil {
			return err
		}
		s.wantSalts(now)
		return s.checkStalled(now)
	}
	if due(s.stateAt, now) {
		// No word about queries from before the connection was lost. A server
		// that remembers them does not carry them out twice under their old ids, but
		// one that has forgotten them would.
		s.stateAt = time.Time{}
		for _, m := range s.inOrder(func(m *message) bool { return m.asked != nil && !m.queued && s.sent[m.id] == m }) {
			if m.asked = nil; m.repeat {
				s.resendSame(m)
			} else {
				s.lapse(m, ErrNoState)
			}
		}
	}
	return nil
}

// ping queues a ping, which has to be answered.
func (s *Session) ping(now time.Time) error {
	id, err := s.random64()
	if err != nil {
		return err
	}
	// The server waits a quarter longer than the next ping takes (R-SM-65).
	delay := s.o.PingInterval * 5 / 4
	ping := s.service(&mt.PingDelayDisconnect{PingID: id, DisconnectDelay: int32(delay / time.Second)}, false)
	ping.wants, ping.greets = true, !s.known
	s.pingAt = now.Add(s.o.PingInterval)
	if s.pongBy.IsZero() {
		s.pongBy = now.Add(s.o.PingInterval / 2)
	}
	return nil
}

// checkStalled looks for queries of which the server has said nothing for long:
// their state is asked for, then the connection is given up (R-SM-47). So it is
// where the server told that there is an answer which does not come: over the
// next connection it sends again what was not acknowledged. Where even that
// brings no answer, there is none to be had.
func (s *Session) checkStalled(now time.Time) error {
	quiet := func(m *message, d time.Duration) bool { return now.Sub(m.sentAt) > d && now.Sub(m.toldAt) > d }
	for _, m := range s.inOrder(func(m *message) bool { return m.id != 0 && !m.queued }) {
		switch {
		case m.drop != nil && !m.drop.acked && quiet(m.drop, stallDelay):
			s.lapse(m, ErrCancelled)
		case m.asked != nil && !m.acked && quiet(m, 2*stallDelay):
			return ErrSilent
		case m.answeredOn == 0 || !quiet(m, stallDelay):
		case m.answeredOn == s.connections:
			return ErrSilent
		case m.repeat && !m.cancelled:
			s.resendAnew(m)
		default:
			s.endAs(m, mtproto.Executed, ErrNoAnswer)
		}
	}
	s.askStates(func(m *message) bool { return m.asked == nil && quiet(m, stallDelay) })
	return nil
}

// wantSalts asks for future salts when those at hand end soon (R-SM-63).
func (s *Session) wantSalts(now time.Time) {
	if s.salts.ahead().Sub(s.serverTime(now)) > saltLifetime || !s.saltsAsked.IsZero() && now.Sub(s.saltsAsked) < saltPeriod {
		return
	}
	s.saltsAsked = now
	s.service(&mt.GetFutureSalts{Num: maxSalts / 2}, false).wants = true
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

package session

import "time"

// A clock tells the server's time by ours. It measures how long ago it was set,
// so that where our time carries a monotonic reading nobody who sets our wall
// clock moves it (R-IX-01, R-IX-02).
type clock struct {
	offset time.Duration // the server's time minus ours when it was set
	ours   time.Time     // when it was set; zero for not yet
	server time.Time     // the server's time then
}

// start sets a clock of which only the offset is known.
func (c *clock) start(now time.Time) {
	if c.ours.IsZero() {
		c.set(now, now.Add(c.offset))
	}
}

func (c *clock) set(now, server time.Time) {
	c.ours, c.server = now, server.Round(0)
	c.offset = c.server.Sub(now)
}

func (c *clock) at(now time.Time) time.Time {
	if c.ours.IsZero() {
		return now.Add(c.offset)
	}
	return c.server.Add(now.Sub(c.ours))
}

// serverTime returns the server's time when ours is now.
func (s *Session) serverTime(now time.Time) time.Time { return s.clock.at(now) }

// syncClock sets our idea of the server's time by the packet that is being
// dealt with (R-SM-36, R-AK-35). The packet counts, not a message in it, which
// may be an old one that comes again.
func (s *Session) syncClock(now time.Time) {
	s.clock.set(now, s.packet.Time())
	s.synced = true
}

// learnClock is syncClock if the server's time is not known, and if m, which
// the packet answers, shows that the packet was made a moment ago: m has been
// sent over this connection only.
func (s *Session) learnClock(now time.Time, m *message) {
	if !s.synced && s.fresh(m) {
		s.syncClock(now)
	}
}

// fresh reports whether m was sent for the first time over this connection.
func (s *Session) fresh(m *message) bool { return m.connection == s.connections && !m.again }

// ServerTime returns what the server's clock shows when ours shows now, as far
// as that is known.
func (s *Session) ServerTime(now time.Time) time.Time { return s.serverTime(now) }

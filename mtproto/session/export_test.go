package session

// Remembered tells how much a session holds of each kind, for the tests of what
// has to stay bounded.
func (s *Session) Remembered() map[string]int {
	held := 0
	for _, batch := range s.containers {
		for _, m := range batch {
			held += len(m.body)
		}
	}
	return map[string]int{
		"held":       held,
		"queue":      len(s.queue),
		"sent":       len(s.sent),
		"containers": len(s.containers),
		"services":   len(s.services),
		"acks":       len(s.acks),
		"requests":   len(s.requests),
		"former":     len(s.former),
		"recent":     len(s.recent),
		"processing": len(s.processing),
		"answers":    len(s.answers),
		"answered":   len(s.answered),
		"window":     len(s.seen.entries),
		"salts":      len(s.salts.known),
		"bytes":      s.pending,
	}
}

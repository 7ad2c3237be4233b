package sandbox

// A DuplicateRule says when a key that is signed in counts as used in two
// places at once, after which it is of no use any more: 406 AUTH_KEY_DUPLICATED
// (R-ER-09, R-IX-20).
//
// Telegram's page on errors says that a data centre not for files alone sees an
// authorization send requests over two TCP connections in parallel, whatever
// their addresses. Yet clients in wide use keep several connections under one
// key to one data centre, and no reports tell that this was punished; those
// that there are tell of two machines, of a container that was started before
// the last one had ended, or of a VPN. So one rule goes by the letter and one by
// what happens.
//
// Of temporary keys only one at a time speaks for the key, so that a second
// place shows when it binds its own. A client that replaces its temporary key in
// time does that too, over another connection even, but from the same address,
// and does not go back to the key before.
type DuplicateRule uint8

// The rules.
const (
	DuplicatesAllowed      DuplicateRule = iota // nothing is one
	DuplicatesByAddress                         // requests from two IP addresses, both connected
	DuplicatesByConnection                      // requests over two connections, both open
)

// duplicated reports whether a query that has come in s makes its key one that
// is used in two places, and puts an end to the key if so. The world is locked.
func (d *dc) duplicated(s *session) bool {
	k := s.key
	if k.duplicated || k.auth == nil || d.options.Duplicates == DuplicatesAllowed || s.link.Media() {
		return k.duplicated
	}
	if d.displaces(s) {
		d.end(s, "a client that binds its temporary key again")
		return true
	}
	for other := range k.sessions {
		if other == s || !other.link.Attached() || other.link.Media() {
			continue
		}
		same := other.link.Connection() == s.link.Connection()
		if d.options.Duplicates == DuplicatesByAddress {
			same = other.link.Address() == s.link.Address()
		}
		if !same {
			d.end(s, other.link.Connection())
			return true
		}
	}
	return false
}

// displaces reports whether a session's temporary key is in use where that of
// another place was, or is again.
func (d *dc) displaces(s *session) bool {
	if d.options.Duplicates == DuplicatesByConnection {
		return s.link.Rebound()
	}
	address, ok := s.link.Displaced()
	return ok && address != s.link.Address()
}

// end puts an end to the key of a session.
func (d *dc) end(s *session, other string) {
	d.log.Info("auth key used in two places", "dc", d.id, "one", s.link.Connection(), "other", other)
	d.world.signOut(s.key)
	s.key.duplicated = true
}

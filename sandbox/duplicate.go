package sandbox

import (
	"iter"
	"time"
)

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
	DuplicatesAllowed DuplicateRule = iota // nothing is one
	// DuplicatesByAddress is a request while a client at another IP address is
	// connected with the same key, if that one is heard from after it, or is
	// connected still when another request comes a second later or more. So neither
	// a client that goes on with its session from another address is one, nor one
	// that has closed its connection when the next one comes, though the server has
	// not noticed.
	DuplicatesByAddress
	// DuplicatesByConnection is requests that come by turns over two connections,
	// both open. A client that has begun anew while the server takes its last
	// connection for open is none.
	DuplicatesByConnection
)

// An Incident is a key that was found to be used in two places at once.
type Incident struct {
	Date   time.Time `json:"date"`
	UserID int64     `json:"user_id"` // whose it was
	DC     int       `json:"dc"`
	One    string    `json:"one"`   // where the request came from that showed it: host and port
	Other  string    `json:"other"` // where the key was in use besides
}

// Incidents returns the keys that were found to be used in two places at once by
// Options.Duplicates, the first one first.
func (sb *Sandbox) Incidents() []Incident {
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	return append([]Incident{}, sb.world.incidents...)
}

// duplicated reports whether a query that has come in s makes its key one that
// is used in two places, and puts an end to the key if so. The world is locked.
func (d *dc) duplicated(s *session) bool {
	k := s.key
	if k.duplicated || k.auth == nil || s.link.Media() {
		return k.duplicated
	}
	var other string
	switch d.options.Duplicates {
	case DuplicatesByAddress:
		other = d.elsewhere(s)
	case DuplicatesByConnection:
		other = k.inTurn(s)
	}
	if other == "" {
		return false
	}
	d.log.Info("auth key used in two places", "dc", d.id, "one", s.link.Connection(), "other", other)
	w := d.world
	w.incidents = append(w.incidents, Incident{
		Date: w.now(), UserID: k.auth.user.id, DC: d.id, One: s.link.Connection(), Other: other,
	})
	w.signOut(k)
	k.duplicated, k.suspicions = true, nil
	return true
}

// inTurn counts a query that has come in s, and returns where its key is in use
// besides, by queries that take turns; "" if it is not.
func (k *key) inTurn(s *session) string {
	k.turns++
	if s.first == 0 {
		s.first = k.turns
	}
	s.latest = k.turns
	if s.link.Rebound() {
		return "a client that binds its temporary key again"
	}
	for other := range k.connected(s) {
		o := other.session
		if o != nil && other.link.Connection() != s.link.Connection() && s.first < o.latest && o.first < s.latest {
			return other.link.Connection()
		}
	}
	return ""
}

// A suspicion is what was known of a place when a query came from another one.
type suspicion struct {
	heard int // of the place
	since time.Time
}

// lingering is how long a connection can seem open that has been closed.
const lingering = time.Second

// elsewhere returns at which other address the key of a session in which a query
// has come is in use too; "" if at none.
func (d *dc) elsewhere(s *session) string {
	k, now := s.key, d.world.now()
	for other := range k.connected(s) {
		l := other.link
		if l.Address() == s.link.Address() {
			continue
		}
		// What it was suspected of when it asked for something itself.
		if mutual, ok := k.suspicions[[2]link{l, s.link}]; ok && s.link.Heard() > mutual.heard {
			return l.Connection()
		}
		pair := [2]link{s.link, l}
		before, ok := k.suspicions[pair]
		switch {
		case !ok:
			if k.suspicions == nil {
				k.suspicions = make(map[[2]link]suspicion)
			}
			k.suspicions[pair] = suspicion{heard: l.Heard(), since: now}
		case l.Heard() > before.heard, now.Sub(before.since) >= lingering:
			return l.Connection()
		}
	}
	return ""
}

// A holder is who is connected with a key.
type holder struct {
	link    link
	session *session // nil if its temporary key was replaced
}

// connected returns who is connected with the key of s besides, not for files
// alone: with the key that s uses, or with a temporary one that was replaced by
// that of s.
func (k *key) connected(s *session) iter.Seq[holder] {
	return func(yield func(holder) bool) {
		for other := range k.sessions {
			if other != s && other.link.Attached() && !other.link.Media() && !yield(holder{other.link, other}) {
				return
			}
		}
		if l, ok := s.link.Displaced(); ok && l.Attached() {
			yield(holder{link: l})
		}
	}
}

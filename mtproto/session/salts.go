package session

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"godwit/mtproto"
)

const (
	saltPeriod   = 30 * time.Minute // a new salt begins (R-EM-41)
	saltLifetime = 60 * time.Minute
	saltEarly    = 5 * time.Minute // a client whose clock is fast may use a salt so much before its time
	maxSalts     = 64              // that one get_future_salts may ask for
)

// A Salt is a server salt and when it may be used. Programs with thousands of
// sessions keep dozens for each, so it is as small as on the wire.
type Salt struct {
	Value      mtproto.Salt
	ValidSince int32 // Unix time by the server's clock
	ValidUntil int32
}

// NewSalt returns a salt that is valid from one time until another, to the second.
func NewSalt(value mtproto.Salt, since, until time.Time) Salt {
	seconds := func(t time.Time) int32 { return int32(min(max(t.Unix(), math.MinInt32), math.MaxInt32)) }
	return Salt{value, seconds(since), seconds(until)}
}

func (s Salt) since() time.Time { return time.Unix(int64(s.ValidSince), 0) }
func (s Salt) until() time.Time { return time.Unix(int64(s.ValidUntil), 0) }

// clientSalts are the salts a client knows (R-EM-40 to R-EM-43).
type clientSalts struct{ known []Salt }

func (c *clientSalts) list() []Salt { return slices.Clone(c.known) }

// add remembers salts and reports whether any was new; that one is good for longer
// than was known is not worth storing. What has ended is forgotten, and so is what
// begins last if there are too many.
func (c *clientSalts) add(now time.Time, salts ...Salt) bool {
	changed := false
	for _, salt := range salts {
		i := slices.IndexFunc(c.known, func(k Salt) bool { return k.Value == salt.Value })
		switch {
		case i < 0:
			c.known = append(c.known, salt)
			changed = true
		case c.known[i].ValidUntil < salt.ValidUntil:
			c.known[i] = salt
		}
	}
	sort.SliceStable(c.known, func(i, j int) bool { return c.known[i].ValidSince < c.known[j].ValidSince })
	if ended := now.Add(-saltLifetime); len(c.known) > 1 {
		last := c.known[len(c.known)-1].Value
		c.known = slices.DeleteFunc(c.known, func(k Salt) bool { return k.Value != last && k.until().Before(ended) })
	}
	c.known = c.known[:min(len(c.known), maxSalts)]
	return changed
}

// replace forgets every salt that claims to be valid now in favour of one that
// the server has just named, and what is known of that one if it claims not to
// be.
func (c *clientSalts) replace(now time.Time, value mtproto.Salt) {
	c.known = slices.DeleteFunc(c.known, func(k Salt) bool {
		begun := !k.since().After(now)
		if k.Value == value {
			return !begun || k.until().Before(now)
		}
		return begun
	})
	c.add(now, named(now, value))
}

// named returns a salt that the server has named at now. It began before that,
// so it does not end if our clock is set back a little.
func named(now time.Time, value mtproto.Salt) Salt {
	return NewSalt(value, now.Add(-saltPeriod), now.Add(saltPeriod))
}

// current returns the salt valid at now that stays so longest (R-EM-43); if
// none is, the one that is closest to being so, for the server to correct.
func (c *clientSalts) current(now time.Time) mtproto.Salt {
	var best Salt
	var off, left time.Duration // by how much best is not valid, or how long it still is
	for i, salt := range c.known {
		saltOff := max(salt.since().Sub(now), now.Sub(salt.until()), 0)
		saltLeft := salt.until().Sub(now)
		if i == 0 || saltOff < off || saltOff == off && saltLeft > left {
			best, off, left = salt, saltOff, saltLeft
		}
	}
	return best.Value
}

// ahead returns until when salts are at hand.
func (c *clientSalts) ahead() (until time.Time) {
	for _, salt := range c.known {
		if salt.until().After(until) {
			until = salt.until()
		}
	}
	return until
}

// ServerSalts are the salts that a server accepts for one auth key. They
// follow from the key and the time, so nothing has to be stored: a server that
// restarts knows them again. Safe for concurrent use.
type ServerSalts struct {
	key     mtproto.AuthKey
	initial mtproto.Salt
	created time.Time

	generation atomic.Uint64 // of Renew
}

// NewServerSalts returns the salts of a key made at the time created, whose
// exchange ended with the given initial salt (R-AK-34).
func NewServerSalts(key mtproto.AuthKey, initial mtproto.Salt, created time.Time) *ServerSalts {
	return &ServerSalts{key: key, initial: initial, created: created}
}

// of returns the salt whose period began at the n-th multiple of saltPeriod.
func (k *ServerSalts) of(n int64) Salt {
	var p [8]byte
	binary.LittleEndian.PutUint64(p[:], uint64(n))
	h := sha256.New()
	h.Write([]byte("godwit server salt"))
	h.Write(k.key.Bytes())
	h.Write(p[:])
	if g := k.generation.Load(); g != 0 {
		binary.LittleEndian.PutUint64(p[:], g)
		h.Write(p[:])
	}
	since := time.Unix(n*int64(saltPeriod/time.Second), 0)
	return NewSalt(mtproto.Salt(binary.LittleEndian.Uint64(h.Sum(nil))), since, since.Add(saltLifetime))
}

// Renew has other salts accepted than before, all of them, for each generation
// that is not 0. They follow from that too.
func (k *ServerSalts) Renew(generation uint64) { k.generation.Store(generation) }

func period(now time.Time) int64 { return now.Unix() / int64(saltPeriod/time.Second) }

// Current returns the salt to hand out at now.
func (k *ServerSalts) Current(now time.Time) mtproto.Salt {
	if k.generation.Load() == 0 && now.Before(k.created.Add(saltPeriod)) {
		return k.initial
	}
	return k.of(period(now)).Value
}

// Valid reports whether a message that arrives at now may carry the salt.
func (k *ServerSalts) Valid(now time.Time, salt mtproto.Salt) bool {
	if k.generation.Load() == 0 && salt == k.initial && now.Before(k.created.Add(saltLifetime)) {
		return true
	}
	n := period(now)
	return salt == k.of(n).Value || salt == k.of(n-1).Value || salt == k.of(period(now.Add(saltEarly))).Value
}

// Future returns up to n salts, the one valid now first.
func (k *ServerSalts) Future(now time.Time, n int) []Salt {
	salts := make([]Salt, 0, min(max(n, 0), maxSalts))
	for i := range int64(cap(salts)) {
		salts = append(salts, k.of(period(now)+i))
	}
	return salts
}

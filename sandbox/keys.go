package sandbox

import (
	"time"

	"godwit/internal/layer"
	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
)

// A key is what the server knows of an auth key (R-TL-40).
type key struct {
	id       mtproto.KeyID
	dc       int
	layer    int         // that its client reads; 0 before initConnection
	init     *layer.Init // nil before initConnection
	sessions map[*session]struct{}

	auth    *authorization    // nil until signed in
	ended   *mtproto.RPCError // was signed in until this happened, which is what its client is told; else nil
	pending *authorization    // gave the right code and owes the password
	qr      *loginToken       // that another device has accepted
	srp     *srpChallenge
	// duplicated says that it was used in two places at once, which has ended it.
	duplicated bool
	turns      int                   // queries, as DuplicatesByConnection counts them
	suspicions map[[2]link]suspicion // for DuplicatesByAddress: of the second place, since a query of the first
}

// An authorization is a key that is signed in (R-LG-40).
type authorization struct {
	user    *user
	hash    int64
	created int32
	active  int32
	address string
	ended   bool

	confirmed   bool // by the code that it shows, or by another device (R-LG-42)
	noEncrypted bool // takes no secret chats (R-LG-44)
	noCalls     bool // takes no calls

	parent *authorization // on the home DC, if brought here from there (R-AP-06)
}

// user returns who the key is signed in as, nil if nobody.
func (k *key) user() *user {
	if k.auth == nil {
		return nil
	}
	return k.auth.user
}

// An srpChallenge is the server's half of a password check, good for one try
// (R-SP-09).
type srpChallenge struct {
	id     int64
	server *mtcrypto.SRPServer
}

// An export carries a sign-in to another DC (R-AP-06).
type export struct {
	from    *authorization
	token   []byte
	dc      int
	expires time.Time
}

// key returns the state of an auth key, new if there is none.
func (w *world) key(id mtproto.KeyID, dc int) *key {
	k := w.keys[id]
	if k == nil {
		k = &key{id: id, dc: dc, sessions: make(map[*session]struct{})}
		w.keys[id] = k
	}
	return k
}

// authorization returns a sign-in that no key has yet.
func (w *world) authorization(u *user, address string) *authorization {
	now := w.unix()
	return &authorization{user: u, hash: w.randomID(), created: now, active: now, address: address}
}

// signInAs makes the key act for somebody.
func (w *world) signInAs(k *key, auth *authorization) {
	w.signOut(k)
	k.auth = auth
	k.ended = nil
	auth.user.keys[k] = struct{}{}
	w.present[auth.user] = struct{}{}
}

// signOut makes the key act for nobody, and with it the keys on other DCs
// that it was carried to.
func (w *world) signOut(k *key) {
	k.pending, k.srp, k.qr = nil, nil, nil
	auth := k.auth
	if auth == nil {
		return
	}
	delete(auth.user.keys, k)
	k.auth, auth.ended = nil, true
	for other := range auth.user.keys {
		if other.auth.parent == auth {
			w.signOut(other)
		}
	}
	if len(auth.user.keys) == 0 {
		delete(w.present, auth.user)
	}
}

// session returns the state of a session. A session over a temporary key
// passes to the permanent one when that is bound (R-PF-07).
func (w *world) session(l link, dc int) *session {
	s := w.sessions[l]
	if s == nil {
		s = &session{link: l}
		w.sessions[l] = s
	}
	if id := l.KeyID(); s.key == nil || s.key.id != id {
		if s.key != nil {
			delete(s.key.sessions, s)
		}
		s.key = w.key(id, dc)
		s.key.sessions[s] = struct{}{}
	}
	return s
}

// closed forgets a session that is over.
func (w *world) closed(l link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.sessions[l]; s != nil {
		delete(s.key.sessions, s)
		delete(w.sessions, l)
	}
}

// destroyed forgets a key that its client has destroyed (R-AK-40).
func (w *world) destroyed(id mtproto.KeyID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.keys[id]; k != nil {
		w.signOut(k)
		delete(w.keys, id)
	}
}

package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/tg"
)

// A peerKey names a conversation partner: a user, a basic group or a channel.
type peerKey struct {
	kind peerKind
	id   int64
}

type peerKind uint8

const (
	peerUser peerKind = iota + 1
	peerChat
	peerChannel
)

// A world is all that this Telegram knows, over all its DCs. Everything in it
// is guarded by mu.
type world struct {
	mu     sync.Mutex
	now    func() time.Time
	rand   io.Reader
	secret [32]byte // access hashes are made of it

	users    map[int64]*user
	service  *user // Telegram itself, who writes to people
	phones   map[string]*user
	tokens   map[string]*user   // bots
	names    map[string]peerKey // usernames, in lower case
	chats    map[int64]*chat
	channels map[int64]*channel
	keys     map[mtproto.KeyID]*key
	sessions map[link]*session
	present  map[*user]struct{} // who is signed in anywhere
	invites  map[string]*invite // by hash
	polls    map[int64]*poll
	takeouts map[int64]*takeout
	presses  map[int64]*press // by query id
	watchers []func(token string)
	logins   logins
	exports  map[int64]*export
	ledger   []Entry

	faults    faults
	incidents []Incident

	blobs        *blobs
	uploads      map[uploadKey]*upload
	files        map[int64]*file
	referenceTTL time.Duration
	cdnFiles     map[string]*cdnFile // by token
	cdnByFile    map[int64]*cdnFile
	pictures     *reactionPictures // nil until somebody asks

	lastUser, lastChat, lastChannel int64
	lastScheduled                   int32
	lastLogged                      int64

	due   int32  // when the next scheduled message is to be sent, 0: none
	alarm func() // has somebody see to it by then; nil: the next call does
}

// First ids handed out. Telegram's own are as large.
const (
	firstUserID    = 10_000_000
	firstChatID    = 50_000
	firstChannelID = 1_000_000_000
)

func newWorld(o *Options) (*world, error) {
	w := &world{
		now: o.Now, rand: o.Rand,
		users:    make(map[int64]*user),
		phones:   make(map[string]*user),
		tokens:   make(map[string]*user),
		names:    make(map[string]peerKey),
		chats:    make(map[int64]*chat),
		channels: make(map[int64]*channel),
		keys:     make(map[mtproto.KeyID]*key),
		sessions: make(map[link]*session),
		present:  make(map[*user]struct{}),
		invites:  make(map[string]*invite),
		polls:    make(map[int64]*poll),
		takeouts: make(map[int64]*takeout),
		presses:  make(map[int64]*press),
		logins:   newLogins(),
		exports:  make(map[int64]*export),
		blobs:    &blobs{dir: o.FileDir, room: o.FileMemory}, referenceTTL: o.FileReferenceTTL,
		uploads: make(map[uploadKey]*upload), files: make(map[int64]*file),
		cdnFiles: make(map[string]*cdnFile), cdnByFile: make(map[int64]*cdnFile),
		lastUser: firstUserID, lastChat: firstChatID, lastChannel: firstChannelID,
	}
	_, err := io.ReadFull(o.Rand, w.secret[:])
	w.service = w.addUser(&user{id: serviceID, dc: 1, first: "Telegram"})
	return w, err
}

// random fills p. Without randomness nothing here is safe to go on.
func (w *world) random(p []byte) {
	if _, err := io.ReadFull(w.rand, p); err != nil {
		panic("sandbox: no randomness: " + err.Error())
	}
}

// randomID returns a random positive number.
func (w *world) randomID() int64 {
	var p [8]byte
	w.random(p[:])
	return int64(binary.LittleEndian.Uint64(p[:])>>1 | 1)
}

// unix returns the time as TL carries it.
func (w *world) unix() int32 { return int32(w.now().Unix()) }

// accessHash returns the hash under which a user knows a peer. It differs from
// viewer to viewer, so that ids passed between accounts do not work, as on
// Telegram.
func (w *world) accessHash(viewer int64, p peerKey) int64 {
	h := sha256.New()
	h.Write(w.secret[:])
	var b [17]byte
	binary.LittleEndian.PutUint64(b[:], uint64(viewer))
	binary.LittleEndian.PutUint64(b[8:], uint64(p.id))
	b[16] = byte(p.kind)
	h.Write(b[:])
	return int64(binary.LittleEndian.Uint64(h.Sum(nil)) | 1)
}

// A user is an account, of a person or of a bot.
type user struct {
	id       int64
	dc       int // home
	phone    string
	token    string // of a bot, else empty
	first    string
	last     string
	username string
	about    string
	created  int32
	seen     int32 // when last online
	online   int32 // until when online, 0 if not
	premium  bool
	photos   []*file // the newest is shown
	bot      *bot    // nil for a person

	deleted    bool
	banned     bool
	restricted time.Time // until when it writes to nobody who has not written to it

	password *password // nil without 2FA
	access   access
	filters  []*tg.DialogFilter
	contacts map[int64]contact
	blocked  map[int64]int32 // who may not write, and since when
	box      box
	dialogs  map[peerKey]*dialog
	sent     map[int64]*message // by random id
	keys     map[*key]struct{}  // signed in as this user, on any DC
}

func (u *user) key() peerKey { return peerKey{peerUser, u.id} }
func (u *user) isBot() bool  { return u != nil && u.token != "" }

// A contact is what a user calls another.
type contact struct {
	first, last string
}

// A password is the 2FA of an account (R-SP-11).
type password struct {
	params   mtcrypto.SRPParams
	verifier []byte
	hint     string
	email    string // to recover it by; "" without
}

// A dialog is one conversation as one user sees it.
type dialog struct {
	peer       peerKey
	ids        []int32 // messages of the user's box, rising; unused for channels
	readInbox  int32
	readOutbox int32
	joined     int32                      // when, of a channel
	from       int32                      // newest message before that, which a hidden history begins after
	folder     int32                      // 1: archived
	pinned     int                        // place among the pinned, from 1; 0: not pinned
	marked     bool                       // as unread
	unheard    idSet                      // mentions of the owner that have not been read
	unseen     idSet                      // messages of the owner with reactions that it has not seen
	drafts     map[int32]*tg.DraftMessage // by topic, 0 for none
	readTopics map[int32]int32            // by topic, up to where
	scheduled  []*scheduled
	index      index // unused for channels
}

// addUser enters a user, who gets an id without having one.
func (w *world) addUser(u *user) *user {
	for u.id == 0 || w.users[u.id] != nil {
		w.lastUser++
		u.id = w.lastUser
	}
	u.created = w.unix()
	u.contacts = make(map[int64]contact)
	u.dialogs = make(map[peerKey]*dialog)
	u.sent = make(map[int64]*message)
	u.keys = make(map[*key]struct{})
	u.box.pts = firstPts
	w.users[u.id] = u
	if u.phone != "" {
		w.phones[u.phone] = u
	}
	if u.token != "" {
		w.tokens[u.token] = u
		u.bot = &bot{commands: make(map[commandsKey][]tg.BotCommand)}
	}
	return u
}

// dialog returns the user's conversation with p, new if there is none.
func (u *user) dialog(p peerKey) *dialog {
	d := u.dialogs[p]
	if d == nil {
		d = &dialog{peer: p}
		u.dialogs[p] = d
	}
	return d
}

// setName gives a username to a peer, or takes it away where it is empty.
func (w *world) setName(p peerKey, old, name string) {
	delete(w.names, strings.ToLower(old))
	if name != "" {
		w.names[strings.ToLower(name)] = p
	}
}

// validName tells whether Telegram would take s as a username.
func validName(s string) bool {
	if len(s) < 5 || len(s) > 32 {
		return false
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

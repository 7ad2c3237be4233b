package sandbox

import (
	"slices"
	"sort"

	"godwit/tg"
	"godwit/tl"
)

// firstPts is the pts of a box in which nothing has happened.
const firstPts = 1

// maxLog is how many events a box remembers. Who has missed more is told
// differenceTooLong (R-UP-32).
const maxLog = 20_000

// A message is what was said, wherever copies of it lie.
type message struct {
	from      int64   // user; 0 where a channel is the sender
	as        peerKey // the channel that is the sender, else the zero peerKey
	to        peerKey // the channel, chat or user that it was sent to
	date      int32
	edited    int32 // when, 0 if never
	text      string
	entities  []tg.MessageEntityClass
	media     *media // nil without, and with a poll
	poll      *poll
	action    tg.MessageActionClass // of a service message, else nil
	reply     *reply
	forward   *tg.MessageFwdHeader
	thread    int32 // id of the topic, or of the message that began the thread; of channels alone
	group     int64 // of an album, 0 without
	randomID  int64
	silent    bool
	protected bool // may not be forwarded
	scheduled bool // was sent at a time that had been set
	author    string
	shared    int32 // how often it was forwarded
	reactions []reaction
	markup    tg.ReplyMarkupClass // buttons; of bots alone
	lastBot   int64               // the bot that had written last before, in a group
	copies    map[int64]int32     // box owner → id there; 0 is the channel's box

	comments *message // of a channel's post: its copy in the discussion group, nil for none
	post     *message // of such a copy: the post
}

// sender returns who has sent a message.
func (m *message) sender() peerKey {
	if m.from == 0 {
		return m.as
	}
	return peerKey{peerUser, m.from}
}

// A reply is what a message answers.
type reply struct {
	to       *message
	origin   *tg.MessageFwdHeader // of a message in another chat, else nil
	quote    string
	whole    bool // the quote is what the answered message says, and not chosen
	entities []tg.MessageEntityClass
	offset   tl.Optional[int32]
}

// replyTo returns the message of the same chat that m answers, nil if it answers
// none.
func (m *message) replyTo() *message {
	if m.reply == nil || m.reply.origin != nil {
		return nil
	}
	return m.reply.to
}

// An entry is a message in a box.
type entry struct {
	*message
	id     int32
	peer   peerKey // conversation in which the owner of the box sees it
	out    bool    // sent by the owner; means nothing in a channel's box
	pinned bool
	pts    int // of the box when it came
}

// An eventKind is what happened in a box.
type eventKind uint8

const (
	eventNew eventKind = iota
	eventEdit
	eventDelete
	eventReadInbox
	eventReadOutbox
	eventPin
	eventUnpin
	eventFolder
	eventReadContents
)

// An event is one step of a box's pts.
type event struct {
	kind   eventKind
	pts    int // after it
	count  int
	id     int32   // of the message that came or was edited
	ids    []int32 // that were deleted, pinned or seen
	peer   peerKey // conversation
	maxID  int32   // up to where
	unread int     // left then

	folders []tg.FolderPeer // into which dialogs were moved
}

// A box is a sequence of messages with a pts that counts what happens to
// them: the common box of a user, or the one of a channel (R-UP-10, R-UP-11).
type box struct {
	pts     int
	entries []*entry // by id-1; nil once deleted
	log     []event  // in rising pts
	pins    map[peerKey][]int32
}

// add appends a message.
func (b *box) add(m *message, peer peerKey, out bool) *entry {
	e := &entry{message: m, id: int32(len(b.entries) + 1), peer: peer, out: out}
	b.entries = append(b.entries, e)
	e.pts = b.record(event{kind: eventNew, id: e.id, count: 1})
	return e
}

// get returns the message with an id, nil if there is none.
func (b *box) get(id int32) *entry {
	if id < 1 || int(id) > len(b.entries) {
		return nil
	}
	return b.entries[id-1]
}

// pin pins a message, or unpins it.
func (b *box) pin(e *entry, pinned bool) {
	e.pinned = pinned
	list := b.pins[e.peer]
	at, found := slices.BinarySearch(list, e.id)
	switch {
	case found && !pinned:
		b.pins[e.peer] = slices.Delete(list, at, at+1)
	case pinned && !found:
		if b.pins == nil {
			b.pins = make(map[peerKey][]int32)
		}
		b.pins[e.peer] = slices.Insert(list, at, e.id)
	}
}

// pinned returns the ids of the pinned messages of a conversation, rising. They
// must not be changed.
func (b *box) pinned(p peerKey) []int32 { return b.pins[p] }

// newestPinned returns the id of the message that was sent last of those that are
// pinned in a conversation.
func (b *box) newestPinned(p peerKey) (id tl.Optional[int32]) {
	if pinned := b.pins[p]; len(pinned) > 0 {
		id = tl.Some(pinned[len(pinned)-1])
	}
	return id
}

// last returns the highest id given out.
func (b *box) last() int32 { return int32(len(b.entries)) }

// record enters an event and returns the new pts.
func (b *box) record(e event) int {
	b.pts += e.count
	e.pts = b.pts
	if len(b.log) >= maxLog {
		b.log = slices.Delete(b.log, 0, maxLog/2)
	}
	b.log = append(b.log, e)
	return b.pts
}

// since returns the events after a pts, at most limit of them, and whether
// there are more. It is not ok if the log does not reach back so far.
func (b *box) since(pts, limit int) (events []event, more, ok bool) {
	if len(b.log) > 0 && pts < b.log[0].pts-b.log[0].count {
		return nil, false, false
	}
	first := sort.Search(len(b.log), func(i int) bool { return b.log[i].pts > pts })
	events = b.log[first:]
	if len(events) > limit {
		return events[:limit], true, true
	}
	return events, false, true
}

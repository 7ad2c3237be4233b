package sandbox

import (
	"slices"
	"sort"
	"strings"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(searchMessages)
	register(searchGlobal)
	register(getSearchCounters)
}

// A query says which messages are looked for.
type query struct {
	text             string
	from             int64 // 0: anybody
	thread           int32
	filter           tg.MessagesFilterClass
	minDate, maxDate int32
}

// finds tells whether a message is among those that are looked for, the text
// being made of words.
func (q *query) finds(e *entry, text []string) bool {
	if e == nil || !q.passes(e) || q.from != 0 && e.from != q.from || q.thread != 0 && e.thread != q.thread ||
		q.minDate != 0 && e.date < q.minDate || q.maxDate != 0 && e.date > q.maxDate {
		return false
	}
	if len(text) == 0 {
		return true
	}
	has := words(e.text)
	return !slices.ContainsFunc(text, func(w string) bool { return !slices.Contains(has, w) })
}

// passes tells whether the filter lets a message through.
func (q *query) passes(e *entry) bool {
	switch q.filter.(type) {
	case *tg.InputMessagesFilterPinned:
		return e.pinned
	case *tg.InputMessagesFilterMyMentions:
		return true // of those alone that are mentions
	}
	kinds, all := kindsOf(q.filter)
	if all {
		return e.action == nil
	}
	has := e.mediaKinds()
	return slices.ContainsFunc(kinds, func(k mediaKind) bool { return slices.Contains(has, k) })
}

// candidates returns the shortest list that holds all of the caller's messages
// with p that are looked for, which rise.
func (c *call) candidates(p peerKey, ids []int32, q *query, text []string) []int32 {
	best := ids
	consider := func(list []int32) {
		if len(list) < len(best) {
			best = list
		}
	}
	x := c.index(p)
	for _, w := range text {
		consider(x.any(term{what: termWord, text: w}))
	}
	if q.from != 0 {
		consider(x.any(term{what: termSender, id: q.from}))
	}
	if q.thread != 0 {
		consider(x.any(term{what: termThread, id: int64(q.thread)}))
	}
	b, _ := c.boxOf(p)
	switch q.filter.(type) {
	case *tg.InputMessagesFilterPinned:
		consider(b.pinned(p))
	case *tg.InputMessagesFilterMyMentions:
		return c.unreadIn(p, 0, mentionsOf)
	default:
		kinds, all := kindsOf(q.filter)
		if all {
			break
		}
		terms := make([]term, len(kinds))
		for i, k := range kinds {
			terms[i] = term{what: termMedia, id: int64(k)}
		}
		consider(x.any(terms...))
	}
	return best
}

// everything tells whether all that was said is looked for.
func (q *query) everything() bool {
	_, all := kindsOf(q.filter)
	return all && q.text == "" && q.from == 0 && q.thread == 0 && q.minDate == 0 && q.maxDate == 0
}

// search returns the ids of the caller's messages with p that are looked for,
// rising, which must not be changed. A text without any word, such as punctuation,
// finds nothing.
func (c *call) search(p peerKey, q *query) ([]int32, error) {
	ids, err := c.messageIDs(p)
	text := words(q.text)
	if err != nil || len(ids) == 0 || len(text) == 0 && strings.TrimSpace(q.text) != "" {
		return nil, err
	}
	if q.everything() {
		return c.index(p).from(ids[0], term{what: termSaid}), nil
	}
	b, _ := c.boxOf(p)
	var found []int32
	for _, id := range c.candidates(p, ids, q, text) {
		if id >= ids[0] && q.finds(b.get(id), text) { // older ones are hidden
			found = append(found, id)
		}
	}
	return found, nil
}

// searchMessages serves messages.search in one conversation, or in all with
// users and basic groups.
func searchMessages(c *call, q *tg.MessagesSearch) (tg.MessagesMessagesClass, error) {
	want := &query{
		text: q.Q, thread: q.TopMsgID.Or(0), filter: q.Filter, minDate: q.MinDate, maxDate: q.MaxDate,
	}
	if q.FromID != nil {
		from, err := c.findPeer(q.FromID)
		if err != nil || from.kind != peerUser {
			return nil, refusal(400, "FROM_PEER_INVALID")
		}
		want.from = from.id
	}
	if _, all := q.Peer.(*tg.InputPeerEmpty); all {
		return c.global(want, func(p peerKey) bool { return p.kind != peerChannel }, nil, int(q.Limit))
	}
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	found, err := c.search(p, want)
	if err != nil {
		return nil, err
	}
	return c.messages(p, found, page{q.OffsetID, 0, q.AddOffset, q.Limit, q.MaxID, q.MinID}), nil
}

// searchGlobal serves messages.searchGlobal: in all conversations, the newest
// first. The page after one begins after its last message.
func searchGlobal(c *call, q *tg.MessagesSearchGlobal) (tg.MessagesMessagesClass, error) {
	if _, empty := q.Filter.(*tg.InputMessagesFilterEmpty); empty && strings.TrimSpace(q.Q) == "" {
		return nil, refusal(400, "SEARCH_QUERY_EMPTY")
	}
	want := &query{text: q.Q, filter: q.Filter, minDate: q.MinDate, maxDate: q.MaxDate}
	var offset *entry
	if p, err := c.findPeer(q.OffsetPeer); err == nil && q.OffsetID != 0 {
		offset = &entry{message: &message{date: q.OffsetRate}, id: q.OffsetID, peer: p}
	}
	within := func(p peerKey) bool {
		ch := c.world().channels[p.id]
		channel := p.kind == peerChannel && ch != nil && ch.broadcast
		switch {
		case q.FolderID.Set && c.user.dialogs[p].folder != q.FolderID.Value:
			return false
		case q.BroadcastsOnly:
			return channel
		case q.GroupsOnly:
			return p.kind != peerUser && !channel
		case q.UsersOnly:
			return p.kind == peerUser
		}
		return true
	}
	return c.global(want, within, offset, int(q.Limit))
}

// global searches the conversations that are within, from an offset on.
func (c *call) global(want *query, within func(peerKey) bool, offset *entry, limit int) (tg.MessagesMessagesClass, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	var all []*entry
	count := 0
	for p := range c.user.dialogs {
		if !within(p) || p.kind == peerChannel && c.world().channels[p.id].members[c.user.id] == nil {
			continue
		}
		ids, err := c.search(p, want)
		if err != nil {
			continue // a channel that is gone
		}
		b, _ := c.boxOf(p)
		count += len(ids)
		if offset != nil {
			ids = ids[:sort.Search(len(ids), func(i int) bool { return newer(b.get(ids[i]), offset) <= 0 })]
		}
		// More than fit on the page are of no use, but for one, which tells that there are.
		for _, id := range ids[max(0, len(ids)-limit-1):] {
			all = append(all, b.get(id))
		}
	}
	slices.SortFunc(all, newer)
	more := len(all) > limit
	all = all[:min(limit, len(all))]
	out := &tg.MessagesMessagesSlice{Count: int32(count), Messages: []tg.MessageClass{}}
	var seen refs
	for _, e := range all {
		_, owner := c.boxOf(e.peer)
		seen.entry(e)
		out.Messages = append(out.Messages, c.world().messageObject(c.user, owner, e))
	}
	if more {
		out.NextRate = tl.Some(all[len(all)-1].date)
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

func getSearchCounters(c *call, q *tg.MessagesGetSearchCounters) (vector[*tg.MessagesSearchCounter], error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return nil, err
	}
	out := vector[*tg.MessagesSearchCounter]{}
	for _, f := range q.Filters {
		found, err := c.search(p, &query{filter: f, thread: q.TopMsgID.Or(0)})
		if err != nil {
			return nil, err
		}
		out = append(out, &tg.MessagesSearchCounter{Filter: f, Count: int32(len(found))})
	}
	return out, nil
}

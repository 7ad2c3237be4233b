package inbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// conversation returns that of an account with a peer. It is made if there is
// none.
func (w *work) conversation(b *Batch, peer bridge.Peer) (*conversation, error) {
	key := store.PeerOf{Account: b.Account, Peer: peer}
	if c := w.conversations[key]; c != nil {
		return c, nil
	}
	id, err := newID[bridge.ConversationID](w)
	if err != nil {
		return nil, err
	}
	c := &conversation{
		Conversation: &bridge.Conversation{ID: id, AccountID: b.Account, Peer: peer, CreatedAt: w.now}, fresh: true,
	}
	for _, p := range b.Peers {
		if p.Peer == peer {
			c.show(p)
		}
	}
	w.keepConversation(c)
	w.newConversations = append(w.newConversations, c)
	return c, nil
}

// show takes how a peer is shown. No phone number means that the account may not
// see it: what is known of it stays.
func (c *conversation) show(p Peer) {
	for _, field := range []struct {
		to   *string
		told string
		keep bool
	}{{&c.Title, p.Title, p.Partly}, {&c.Username, p.Username, p.Partly}, {&c.Phone, p.Phone, true}} {
		if field.told != "" || !field.keep {
			*field.to = withoutNUL(field.told)
		}
	}
}

// withoutNUL is what the store makes of a text, so that a title that holds the
// character 0 is not taken for changed each time.
func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "\ufffd") }

// message returns a message of a conversation, nil where it is not known.
func (w *work) message(b *Batch, peer bridge.Peer, telegramID int) (*conversation, *message) {
	c := w.conversations[store.PeerOf{Account: b.Account, Peer: peer}]
	if c == nil {
		return nil, nil
	}
	return c, w.messages[store.Numbered{Conversation: c.ID, TelegramID: telegramID}]
}

func (m *Message) apply(w *work, b *Batch) error {
	c, added, err := w.add(b, m)
	if err != nil || added == nil || m.Old {
		return err
	}
	kind := bridge.MessageSent
	if m.Direction == bridge.Inbound {
		kind = bridge.MessageReceived
		if m.TelegramID > c.ReadUpTo {
			c.Unread++
		}
	}
	return w.event(b, kind, c.ID, bridge.DataOf(added.Message, c.Peer))
}

// add adds a message, unless it is there already: then it returns nil for it.
func (w *work) add(b *Batch, m *Message) (*conversation, *message, error) {
	c, err := w.conversation(b, m.Peer)
	if err != nil {
		return nil, nil, err
	}
	if w.messages[store.Numbered{Conversation: c.ID, TelegramID: m.TelegramID}] != nil {
		return c, nil, nil
	}
	id, err := newID[bridge.MessageID](w)
	if err != nil {
		return nil, nil, err
	}
	added := &message{Message: &bridge.Message{
		ID: id, AccountID: b.Account, ConversationID: c.ID, Source: b.Source, TelegramID: m.TelegramID,
		Direction: m.Direction, Sender: m.Sender, At: m.At, Content: m.Content, EditedAt: m.EditedAt, CreatedAt: w.now,
	}}
	w.newMessages = append(w.newMessages, added)
	w.name(added)
	if !m.Old || m.At.After(c.LastAt) { // a history goes backwards, and may do so within a second
		c.last(added.Message)
	}
	if m.Direction == bridge.Inbound && m.Content.Service == "" {
		c.PersonWrote = true
	}
	if m.Direction == bridge.Inbound && !m.Old && m.Peer.Kind == bridge.UserPeer && bridge.IsStop(m.Content.Text) {
		return c, added, w.suppress(b, c.Conversation, bridge.SuppressedByStop)
	}
	return c, added, nil
}

func (m *Blocked) apply(w *work, b *Batch) error {
	about := &bridge.Conversation{Peer: m.Peer}
	if c := w.conversations[store.PeerOf{Account: b.Account, Peer: m.Peer}]; c != nil {
		about = c.Conversation
	}
	return w.suppress(b, about, bridge.SuppressedByBlock)
}

// suppress has nobody write to the person any more whom a conversation is with.
func (w *work) suppress(b *Batch, c *bridge.Conversation, why bridge.SuppressionReason) error {
	id, err := newID[bridge.SuppressionID](w)
	if err != nil {
		return err
	}
	_, err = w.tx.Suppress(&bridge.Suppression{
		ID: id, Reason: why, AddedBy: bridge.DaemonActor, AddedAt: w.now, Note: "in a conversation of " + string(b.Account),
		Person: bridge.Person{UserID: c.Peer.ID, Phone: c.Phone},
	})
	return err
}

// last notes a message in its conversation, if there is none after it.
func (c *conversation) last(m *bridge.Message) {
	if m.At.Before(c.LastAt) {
		return
	}
	c.LastAt, c.LastText = m.At, beginning(&m.Content)
}

// beginningSize is how much of its last message a conversation shows, in bytes.
const beginningSize = 200

// beginning returns the beginning of what a message says.
func beginning(c *bridge.Content) string {
	s := withoutNUL(c.Text)
	switch {
	case s != "":
	case c.Media != nil:
		return "[" + c.Media.Type + "]"
	case c.Service != "":
		return "[" + c.Service + "]"
	}
	if len(s) <= beginningSize {
		return s
	}
	end := beginningSize
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// apply changes a message, or adds it where it was not known: then it is older
// than what has been stored of its conversation, and news all the same.
func (e *Edit) apply(w *work, b *Batch) error {
	c, m := w.message(b, e.Peer, e.TelegramID)
	if m == nil {
		c, added, err := w.add(b, &e.Message)
		if err != nil {
			return err
		}
		return w.event(b, bridge.MessageEdited, c.ID, bridge.DataOf(added.Message, c.Peer))
	}
	if e.EditedAt.Before(m.EditedAt) && !e.EditedAt.IsZero() {
		return nil // a later edit is known
	}
	before, after := m.Content, e.Content
	reacted := !same(before.Reactions, after.Reactions)
	before.Reactions, after.Reactions = nil, nil
	edited := !same(before, after)
	if !reacted && !edited {
		return nil
	}
	wasLast := c.isLast(m.Message)
	m.Content, m.changed = e.Content, true
	if edited && !e.EditedAt.IsZero() {
		m.EditedAt = e.EditedAt
	}
	if wasLast {
		c.LastText = beginning(&m.Content)
	}
	if reacted {
		if err := w.reacted(b, c, m); err != nil {
			return err
		}
	}
	if !edited {
		return nil
	}
	return w.event(b, bridge.MessageEdited, c.ID, bridge.DataOf(m.Message, c.Peer))
}

// same reports whether two things are stored alike.
func same(a, b any) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

func (c *conversation) isLast(m *bridge.Message) bool {
	return m.At.Equal(c.LastAt) && beginning(&m.Content) == c.LastText
}

func (w *work) reacted(b *Batch, c *conversation, m *message) error {
	list := m.Reactions
	if list == nil {
		list = []bridge.Reaction{}
	}
	return w.event(b, bridge.MessageReaction, c.ID, &bridge.ReactionData{
		ID: m.ID, ConversationID: c.ID, Peer: c.Peer, TelegramID: m.TelegramID, Reactions: list,
	})
}

func (r *Reacted) apply(w *work, b *Batch) error {
	c, m := w.message(b, r.Peer, r.TelegramID)
	if m == nil {
		return nil
	}
	list := slices.Clone(r.Reactions)
	for i := range list {
		if r.MineUnknown {
			list[i].Mine = slices.ContainsFunc(m.Reactions, func(was bridge.Reaction) bool {
				return was.Mine && was.Emoji == list[i].Emoji
			})
		}
	}
	if same(m.Reactions, list) {
		return nil
	}
	m.Reactions, m.changed = list, true
	return w.reacted(b, c, m)
}

func (d *Deletion) apply(w *work, b *Batch) error {
	for _, id := range d.TelegramIDs {
		var m *message
		if d.Channel == (bridge.Peer{}) {
			m = w.outside[store.NumberOf{Account: b.Account, Number: int64(id)}]
		} else {
			_, m = w.message(b, d.Channel, id)
		}
		if m == nil || !m.DeletedAt.IsZero() {
			continue
		}
		if err := w.deleted(b, m); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) deleted(b *Batch, m *message) error {
	c := w.byID[m.ConversationID]
	if c.isLast(m.Message) {
		c.LastText = ""
	}
	if m.Direction == bridge.Inbound && m.TelegramID > c.ReadUpTo && c.Unread > 0 {
		c.Unread--
	}
	m.DeletedAt, m.changed = w.now, true
	return w.event(b, bridge.MessageDeleted, c.ID, &bridge.DeletedData{
		ID: m.ID, ConversationID: c.ID, Peer: c.Peer, TelegramID: m.TelegramID, At: w.now,
	})
}

// apply notes that Telegram has a message of the bridge's. Whether the answer
// to the request or the update comes first, it is told of once.
func (s *Sent) apply(w *work, b *Batch) error {
	m := w.byRandomID[store.NumberOf{Account: b.Account, Number: s.RandomID}]
	if m == nil || m.TelegramID != 0 {
		return nil
	}
	c := w.byID[m.ConversationID]
	var replaces bridge.MessageID
	if learned := w.messages[store.Numbered{Conversation: c.ID, TelegramID: s.TelegramID}]; learned != nil {
		replaces = learned.ID
		w.replace(m, learned)
	}
	m.TelegramID, m.State, m.Error, m.changed = s.TelegramID, bridge.Delivered, "", true
	if s.TelegramID <= c.ReadByPeer {
		m.State = bridge.Read
	}
	if as := b.message(c.Peer, s.TelegramID); as != nil {
		m.At, m.Sender, m.Content = as.At, as.Sender, as.Content
	}
	w.name(m)
	c.last(m.Message)
	if b.Source == bridge.BotAPI { // bots mark nothing as read: what one has answered, it has read
		c.Unread, c.ReadUpTo = 0, max(c.ReadUpTo, s.TelegramID)
	}
	data := bridge.DataOf(m.Message, c.Peer)
	data.Replaces = replaces
	return w.event(b, bridge.MessageSent, c.ID, data)
}

// message returns the message that a batch brings, nil if it brings none.
func (b *Batch) message(peer bridge.Peer, telegramID int) *Message {
	for _, c := range b.Changes {
		if m, ok := c.(*Message); ok && m.Peer == peer && m.TelegramID == telegramID {
			return m
		}
	}
	return nil
}

// replace puts a message in the place of one that was learned of before it was
// known that both are the same.
func (w *work) replace(m, learned *message) {
	m.At, m.Sender, m.Content = learned.At, learned.Sender, learned.Content
	m.EditedAt, m.DeletedAt = learned.EditedAt, learned.DeletedAt
	learned.changed = false
	if w.loaded[learned.ID] {
		w.removed = append(w.removed, learned.ID)
		return
	}
	for i, fresh := range w.newMessages {
		if fresh == learned {
			w.newMessages = append(w.newMessages[:i:i], w.newMessages[i+1:]...)
			return
		}
	}
}

func (r *Read) apply(w *work, b *Batch) error {
	c := w.conversations[store.PeerOf{Account: b.Account, Peer: r.Peer}]
	if c == nil {
		return nil
	}
	switch {
	case r.By == bridge.ReadByPeer && r.UpTo > c.ReadByPeer:
		w.read = append(w.read, store.ReadUpTo{Conversation: c.ID, After: c.ReadByPeer, UpTo: r.UpTo})
		c.ReadByPeer = r.UpTo
	case r.By == bridge.ReadByAccount && (r.UpTo > c.ReadUpTo || r.UpTo == c.ReadUpTo && r.Unread != c.Unread):
		c.ReadUpTo, c.Unread = r.UpTo, r.Unread
	default:
		return nil
	}
	return w.event(b, bridge.ConversationRead, c.ID, &bridge.ReadData{
		ConversationID: c.ID, Peer: c.Peer, By: r.By, UpTo: r.UpTo, Unread: c.Unread,
	})
}

func (d *Dialog) apply(w *work, b *Batch) error {
	c, err := w.conversation(b, d.Peer)
	if err != nil {
		return err
	}
	if d.ReadByPeer > c.ReadByPeer {
		w.read = append(w.read, store.ReadUpTo{Conversation: c.ID, After: c.ReadByPeer, UpTo: d.ReadByPeer})
		c.ReadByPeer = d.ReadByPeer
	}
	if d.ReadUpTo >= c.ReadUpTo {
		c.ReadUpTo, c.Unread = d.ReadUpTo, d.Unread
	}
	switch {
	case !c.fresh:
		return nil
	case d.News:
		w.gaps = append(w.gaps, c.Conversation)
		return nil
	case d.History > 0:
		w.histories = append(w.histories, history{c.Conversation, d.History})
	}
	if d.Last == nil {
		return nil
	}
	_, _, err = w.add(b, d.Last)
	return err
}

// apply has what was missed fetched from where the conversations end now.
func (l *Lost) apply(w *work, b *Batch) error { return w.tx.AskForGaps(b.Account, l.Channel, w.now) }

func (d *Device) apply(w *work, b *Batch) error {
	return w.event(b, bridge.AccountDevice, "", &d.DeviceData)
}

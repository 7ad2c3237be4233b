package inbox

import (
	"maps"
	"slices"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// A names is a set of what changes are about.
type names struct {
	peers    map[store.PeerOf]bool
	messages map[store.Numbered]bool
	random   map[store.NumberOf]bool
	outside  map[store.NumberOf]bool
}

// load loads what the changes of some batches are about.
func (w *work) load(batches []*Batch) error {
	n := &names{
		make(map[store.PeerOf]bool), make(map[store.Numbered]bool), make(map[store.NumberOf]bool), make(map[store.NumberOf]bool),
	}
	for _, b := range batches {
		n.ofBatch(b)
	}
	w.conversations = make(map[store.PeerOf]*conversation, len(n.peers))
	w.byID = make(map[bridge.ConversationID]*conversation, len(n.peers))
	if len(n.peers) > 0 {
		list, err := w.tx.ConversationsWith(slices.Collect(maps.Keys(n.peers)))
		if err != nil {
			return err
		}
		for _, c := range list {
			w.keepConversation(&conversation{Conversation: c, before: *c})
		}
	}
	return w.loadMessages(batches, n)
}

func (w *work) keepConversation(c *conversation) {
	w.conversations[store.PeerOf{Account: c.AccountID, Peer: c.Peer}] = c
	w.byID[c.ID] = c
}

// ofBatch adds what a batch is about, but for messages of conversations, whose
// names are not known yet.
func (n *names) ofBatch(b *Batch) {
	for _, p := range b.Peers {
		n.peers[store.PeerOf{Account: b.Account, Peer: p.Peer}] = true
	}
	for _, c := range b.Changes {
		if peer, _ := about(c); peer != (bridge.Peer{}) {
			n.peers[store.PeerOf{Account: b.Account, Peer: peer}] = true
		}
		switch c := c.(type) {
		case *Sent:
			n.random[store.NumberOf{Account: b.Account, Number: c.RandomID}] = true
		case *Deletion:
			if c.Channel == (bridge.Peer{}) {
				for _, id := range c.TelegramIDs {
					n.outside[store.NumberOf{Account: b.Account, Number: int64(id)}] = true
				}
			}
		}
	}
}

// about returns the conversation that a change is about, and the messages in
// it.
func about(c Change) (peer bridge.Peer, ids []int) {
	switch c := c.(type) {
	case *Message:
		return c.Peer, []int{c.TelegramID}
	case *Edit:
		return c.Peer, []int{c.TelegramID}
	case *Reacted:
		return c.Peer, []int{c.TelegramID}
	case *Deletion:
		return c.Channel, c.TelegramIDs
	case *Read:
		return c.Peer, nil
	case *Dialog:
		return c.Peer, nil
	case *Blocked:
		return c.Peer, nil
	}
	return bridge.Peer{}, nil
}

// messagesOf adds the messages of conversations that a batch is about.
func (n *names) messagesOf(b *Batch, w *work) {
	for _, c := range b.Changes {
		peer, ids := about(c)
		if sent, ok := c.(*Sent); ok {
			if m := w.byRandomID[store.NumberOf{Account: b.Account, Number: sent.RandomID}]; m != nil {
				n.messages[store.Numbered{Conversation: m.ConversationID, TelegramID: sent.TelegramID}] = true
			}
		}
		conversation := w.conversations[store.PeerOf{Account: b.Account, Peer: peer}]
		if conversation == nil {
			continue // there are no messages in what is not there
		}
		if m, ok := c.(*Message); ok && !w.wary && m.Direction == bridge.Inbound && !m.Old {
			continue // it is likely to be new
		}
		for _, id := range ids {
			n.messages[store.Numbered{Conversation: conversation.ID, TelegramID: id}] = true
		}
	}
}

func (w *work) loadMessages(batches []*Batch, n *names) error {
	w.messages = make(map[store.Numbered]*message, len(n.messages))
	w.byRandomID = make(map[store.NumberOf]*message, len(n.random))
	w.outside = make(map[store.NumberOf]*message, len(n.outside))
	if len(n.random) > 0 {
		list, err := w.tx.MessagesByRandomID(slices.Collect(maps.Keys(n.random)))
		if err := w.keep(list, err); err != nil {
			return err
		}
	}
	if len(n.outside) > 0 {
		list, err := w.tx.MessagesOutsideChannels(slices.Collect(maps.Keys(n.outside)))
		if err := w.keep(list, err); err != nil {
			return err
		}
	}
	for _, b := range batches {
		n.messagesOf(b, w)
	}
	if len(n.messages) == 0 {
		return nil
	}
	list, err := w.tx.MessagesNumbered(slices.Collect(maps.Keys(n.messages)))
	return w.keep(list, err)
}

// keep takes messages that were loaded, unless loading them has failed, and
// loads the conversations that they belong to.
func (w *work) keep(list []*bridge.Message, err error) error {
	if err != nil {
		return err
	}
	var unknown []bridge.ConversationID
	for _, m := range list {
		if w.byID[m.ConversationID] == nil {
			unknown = append(unknown, m.ConversationID)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		conversations, err := w.tx.ConversationsNamed(slices.Compact(unknown))
		if err != nil {
			return err
		}
		for _, c := range conversations {
			w.keepConversation(&conversation{Conversation: c, before: *c})
		}
	}
	for _, loaded := range list {
		if w.loaded[loaded.ID] {
			continue
		}
		if w.loaded == nil {
			w.loaded = make(map[bridge.MessageID]bool)
		}
		w.loaded[loaded.ID] = true
		m := &message{Message: loaded}
		w.known = append(w.known, m)
		w.name(m)
	}
	return nil
}

// name has a message be found by everything that names it.
func (w *work) name(m *message) {
	if m.RandomID != 0 {
		w.byRandomID[store.NumberOf{Account: m.AccountID, Number: m.RandomID}] = m
	}
	if m.TelegramID == 0 {
		return
	}
	w.messages[store.Numbered{Conversation: m.ConversationID, TelegramID: m.TelegramID}] = m
	if w.byID[m.ConversationID].Peer.Kind != bridge.ChannelPeer {
		w.outside[store.NumberOf{Account: m.AccountID, Number: int64(m.TelegramID)}] = m
	}
}

package inbox

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// errOvertaken says that somebody else has written what was to be written.
var errOvertaken = errors.New("somebody else has stored the same")

// A work is a transaction in the making: what the changes are about is loaded,
// the changes are made in memory, and what has changed is stored.
type work struct {
	inbox *Inbox
	tx    *store.Tx
	now   time.Time
	wary  bool // all messages are looked for, also those that are likely to be new

	conversations map[store.PeerOf]*conversation
	byID          map[bridge.ConversationID]*conversation
	loaded        map[bridge.MessageID]bool
	messages      map[store.Numbered]*message
	byRandomID    map[store.NumberOf]*message
	outside       map[store.NumberOf]*message // channels

	// In the order in which they are stored.
	newConversations []*conversation
	newMessages      []*message
	known            []*message // those that were loaded
	removed          []bridge.MessageID
	read             []store.ReadUpTo
	events           []*bridge.Event
	traces           []store.Trace // of these, where they came from
	states           []store.UpdateChange
	backfills        []*store.Backfill
	histories        []history
	gaps             []*bridge.Conversation // that are new, and all of whose messages are
	listed           []bridge.AccountID
}

// A history is one that is to be fetched.
type history struct {
	of    *bridge.Conversation
	limit int
}

// A conversation is one that may change.
type conversation struct {
	*bridge.Conversation
	before bridge.Conversation // as it is stored
	fresh  bool                // it is not stored yet
}

// A message is one that may change.
type message struct {
	*bridge.Message
	changed bool // of those that are stored
}

// lock takes the accounts of a group, and returns those of its batches whose
// accounts are still owned by whom they come from.
func (w *work) lock(group []*request) (outcome []error, owned []*Batch, err error) {
	var ids []bridge.AccountID
	for _, r := range group {
		ids = append(ids, r.batch.Account)
	}
	slices.Sort(ids)
	epochs, err := w.tx.LockAccounts(slices.Compact(ids))
	if err != nil {
		return nil, nil, err
	}
	outcome = make([]error, len(group))
	for i, r := range group {
		switch epoch, there := epochs[r.batch.Account]; {
		case !there:
			outcome[i] = bridge.Errorf(bridge.CodeNotFound, "There is no account %s.", r.batch.Account)
		case epoch != r.batch.Epoch:
			outcome[i] = fmt.Errorf("%w: account %s, epoch %d, now %d", store.ErrNotOwner, r.batch.Account, r.batch.Epoch, epoch)
		default:
			owned = append(owned, r.batch)
		}
	}
	return outcome, owned, nil
}

// apply makes the changes of a batch in memory.
func (w *work) apply(b *Batch) error {
	for _, p := range b.Peers {
		if c := w.conversations[store.PeerOf{Account: b.Account, Peer: p.Peer}]; c != nil {
			c.show(p)
		}
	}
	// Whoever reads that a message is there has to know whether the bridge has
	// sent it.
	for _, sent := range []bool{true, false} {
		for _, c := range b.Changes {
			if _, is := c.(*Sent); is != sent {
				continue
			}
			if err := c.apply(w, b); err != nil {
				return err
			}
		}
	}
	if b.State != nil {
		change := *b.State
		change.Account = b.Account
		w.state(change)
	}
	if b.Backfill != nil {
		w.backfills = append(w.backfills, b.Backfill)
	}
	if b.Listed {
		w.listed = append(w.listed, b.Account)
	}
	return nil
}

// state notes a change of the update state, of which the store takes one for
// each account.
func (w *work) state(change store.UpdateChange) {
	for i := range w.states {
		s := &w.states[i]
		if s.Account != change.Account {
			continue
		}
		if change.Counters != nil {
			s.Counters = change.Counters
		}
		for _, channel := range change.Channels {
			s.Channels = slices.DeleteFunc(slices.Clone(s.Channels), func(p store.ChannelPTS) bool {
				return p.Channel == channel.Channel
			})
			s.Channels = append(s.Channels, channel)
		}
		return
	}
	w.states = append(w.states, change)
}

// event tells of something; of a conversation, if about is not empty.
func (w *work) event(b *Batch, kind bridge.EventType, about bridge.ConversationID, data any) error {
	e, err := bridge.NewEvent(w.now, w.inbox.entropy, kind, b.Account, b.Source, about, data)
	if err != nil {
		return err
	}
	w.events = append(w.events, e)
	if b.parent != "" {
		w.traces = append(w.traces, store.TraceOf(e, b.parent))
	}
	return nil
}

func newID[T bridge.MessageID | bridge.ConversationID | bridge.SuppressionID](w *work) (T, error) {
	return bridge.NewID[T](w.now, w.inbox.entropy)
}

// store stores what has changed.
func (w *work) store() error {
	if err := w.tx.AddTraces(w.traces); err != nil {
		return err
	}
	if err := w.storeConversations(); err != nil {
		return err
	}
	if err := w.storeMessages(); err != nil {
		return err
	}
	if len(w.read) > 0 {
		if err := w.tx.MarkRead(w.read); err != nil {
			return err
		}
	}
	if err := w.tx.AddEvents(w.events...); err != nil {
		return err
	}
	if err := w.storeBackfills(); err != nil {
		return err
	}
	if len(w.states) == 0 {
		return nil
	}
	return w.tx.SetUpdateStates(w.states)
}

func (w *work) storeBackfills() error {
	for _, b := range w.backfills {
		if err := w.tx.SetBackfill(b); err != nil {
			return err
		}
	}
	for _, h := range w.histories {
		if err := w.tx.AskForHistory(h.of, h.limit, false, w.now); err != nil {
			return err
		}
	}
	for _, c := range w.gaps {
		if err := w.tx.AskForGaps(c.AccountID, c.Peer, w.now); err != nil {
			return err
		}
	}
	for _, id := range w.listed {
		if err := w.tx.SetDialogsListed(id); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) storeConversations() error {
	var added, changed []*bridge.Conversation
	for _, c := range w.newConversations {
		added = append(added, c.Conversation)
	}
	for _, c := range w.conversations {
		if !c.fresh && *c.Conversation != c.before {
			changed = append(changed, c.Conversation)
		}
	}
	if len(added) > 0 {
		switch n, err := w.tx.AddConversations(added); {
		case err != nil:
			return err
		case n != int64(len(added)):
			return errOvertaken
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return w.tx.ChangeConversations(changed)
}

func (w *work) storeMessages() error {
	if len(w.removed) > 0 {
		if err := w.tx.RemoveMessages(w.removed); err != nil {
			return err
		}
	}
	var added, changed []*bridge.Message
	for _, m := range w.newMessages {
		added = append(added, m.Message)
	}
	for _, m := range w.known {
		if m.changed {
			changed = append(changed, m.Message)
		}
	}
	if len(changed) > 0 {
		if err := w.tx.ChangeMessages(changed); err != nil {
			return err
		}
	}
	if len(added) == 0 {
		return nil
	}
	n, err := w.tx.AddMessages(added)
	if err == nil && n != int64(len(added)) {
		return errOvertaken
	}
	return err
}

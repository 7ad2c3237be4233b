package service

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
)

var _ httpapi.Messages = (*Service)(nil)

// The most that Telegram takes, in characters (config message_length_max and
// caption_length_max of accounts without premium).
const (
	maxText    = 4096
	maxCaption = 1024
)

// content returns what a message says, checked.
func (s *Service) content(ctx context.Context, n httpapi.NewContent) (bridge.Content, error) {
	c := bridge.Content{ReplyTo: n.ReplyTo, Topic: n.Topic, Silent: n.Silent}
	if n.Format != "" && n.Format != "plain" && len(n.Entities) > 0 {
		return c, bridge.Errorf(bridge.CodeInvalidRequest, "entities go with a plain text; this one is %s.", n.Format)
	}
	var err error
	if c.Text, c.Entities, err = account.Format(n.Format, n.Text); err != nil {
		return c, err
	}
	if len(n.Entities) > 0 {
		c.Entities = n.Entities
	}
	limit := maxText
	if n.Media != nil {
		limit = maxCaption
		id, err := bridge.ParseID[bridge.UploadID](n.Media.File)
		if err != nil {
			return c, bridge.Errorf(bridge.CodeInvalidRequest, "media.file: %v.", err)
		}
		u, _, err := s.Store.Upload(ctx, id)
		if err != nil {
			return c, err
		}
		c.Media = &bridge.Media{
			Type: n.Media.Type, Name: u.Name, MIMEType: u.MIMEType, Size: u.Size, Duration: n.Media.Duration,
			Width: n.Media.Width, Height: n.Media.Height, File: string(u.ID),
		}
	}
	switch length := utf8.RuneCountInString(c.Text); {
	case length > limit:
		return c, bridge.Errorf(bridge.CodeTooLarge, "The text has %d characters; Telegram takes %d.", length, limit)
	case strings.TrimSpace(c.Text) == "" && c.Media == nil:
		return c, bridge.Errorf(bridge.CodeInvalidRequest, "The message has neither text nor media.")
	}
	return c, nil
}

// Send stores a message to be sent, and wakes the node that sends it.
func (s *Service) Send(ctx context.Context, r httpapi.SendRequest) (*httpapi.Accepted, error) {
	content, err := s.content(ctx, r.Content)
	if err != nil {
		return nil, err
	}
	a, err := s.Store.Account(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	if err := signedIn(a); err != nil {
		return nil, err
	}
	var accepted httpapi.Accepted
	err = s.Store.Change(ctx, func(t *store.Tx) (err error) {
		accepted, err = store.Once(t, "send "+string(r.By)+" "+string(r.Account), r.Idempotency, r, s.Now(),
			func() (httpapi.Accepted, error) {
				if err := s.admit(t, r); err != nil {
					return httpapi.Accepted{}, err
				}
				// What an account is given is stored one after the other. Locked later, by
				// what reads its budget, two would wait for each other. What is stored first
				// goes first, so the time that orders messages is read under the lock.
				locked, err := t.Account(a.ID)
				if err != nil {
					return httpapi.Accepted{}, err
				}
				now := s.Now()
				accepted, err := s.queue(t, now, locked, r, content)
				if parent := trace.Parent(ctx); err == nil && parent != "" {
					err = t.AddTraces([]store.Trace{{Subject: string(accepted.ID), Parent: parent, At: now}})
				}
				return accepted, err
			})
		return err
	})
	return &accepted, err
}

// admit fails unless the account may write to whom a message is for, as far as
// the suppression list and its pool go.
func (s *Service) admit(t *store.Tx, r httpapi.SendRequest) error {
	if s.Pools == nil {
		return nil
	}
	keys, err := personKeys(t, r)
	if err != nil || len(keys) == 0 {
		return err
	}
	_, err = s.Pools.Admit(t, r.Account, keys)
	return err
}

// personKeys returns everything by which the account knows whom a message is for,
// besides the name that was given.
func personKeys(t *store.Tx, r httpapi.SendRequest) ([]bridge.PersonKey, error) {
	named := bridge.Conversation{Peer: r.To}
	keys := named.PersonKeys()
	var known *bridge.Conversation
	if r.Conversation != "" {
		list, err := t.ConversationsNamed([]bridge.ConversationID{r.Conversation})
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			known = list[0]
		}
	} else if len(keys) > 0 {
		var err error
		if known, err = t.KnownAs(r.Account, r.To); err != nil {
			return nil, err
		}
	}
	if known == nil {
		return keys, nil
	}
	for _, key := range known.PersonKeys() {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Enqueue stores a message that a pool has given to one of its accounts, and
// wakes the node that sends it when that is permanent.
func (s *Service) Enqueue(t *store.Tx, id bridge.AccountID, m bridge.PoolMessage) (bridge.MessageID, error) {
	a, err := t.Account(id)
	if err != nil {
		return "", err
	}
	keys, err := m.Person.Keys()
	if err != nil {
		return "", err
	}
	// The account may know the person by one of the names alone.
	for _, key := range keys {
		var to bridge.Peer
		var accepted httpapi.Accepted
		if to, err = bridge.ParsePeer(string(key)); err != nil {
			return "", err
		}
		accepted, err = s.queue(t, s.Now(), a, httpapi.SendRequest{
			Account: id, To: to, Priority: m.Priority, SendAt: m.NotBefore, By: m.RequestBy,
		}, m.Content)
		switch bridge.CodeOf(err) {
		case bridge.CodeNotFound, bridge.CodeSurfaceUnable:
		default:
			return accepted.ID, err
		}
	}
	return "", err
}

// queue stores a message.
func (s *Service) queue(
	t *store.Tx, now time.Time, a *bridge.Account, r httpapi.SendRequest, content bridge.Content,
) (httpapi.Accepted, error) {
	if err := ableToSend(a, r, content); err != nil {
		return httpapi.Accepted{}, err
	}
	c, err := s.conversationOf(t, now, a, r)
	if err != nil {
		return httpapi.Accepted{}, err
	}
	last, err := t.LastPending(c.ID)
	if err != nil {
		return httpapi.Accepted{}, err
	}
	id, err := bridge.NewIDAfter(last, now, entropy) // another node's clock, or this one's, may have been ahead
	if err != nil {
		return httpapi.Accepted{}, err
	}
	random, err := bridge.NewRandomID(rand.Reader)
	if err != nil {
		return httpapi.Accepted{}, err
	}
	m := &bridge.Message{
		ID: id, AccountID: a.ID, ConversationID: c.ID, Source: a.Kind.Source(), Direction: bridge.Outbound, At: now,
		Content: content, State: bridge.Queued, RandomID: random, Priority: r.Priority, NotBefore: r.SendAt,
		CreatedAt: now, RequestBy: r.By,
	}
	if !a.Status.State.Runs() {
		m.State, m.Error = bridge.Parked, string(bridge.CodeAccountNotOnline)+": the account is "+string(a.Status.State)
	}
	if _, err := t.AddMessages([]*bridge.Message{m}); err != nil {
		return httpapi.Accepted{}, err
	}
	t.AfterCommit(func() { s.Wake(a.ID) })
	earliest, err := s.earliest(t, now, a, c, m)
	return httpapi.Accepted{ID: m.ID, ConversationID: c.ID, State: m.State, EarliestSendAt: earliest}, err
}

// earliest returns when a message may go, as far as its budgets and Telegram's
// waits are known. The error is of CodeBudgetExhausted where it never may.
func (s *Service) earliest(
	t *store.Tx, now time.Time, a *bridge.Account, c *bridge.Conversation, m *bridge.Message,
) (time.Time, error) {
	at := now
	if m.NotBefore.After(at) {
		at = m.NotBefore
	}
	acquaintance := bridge.Stranger
	if c.PersonWrote {
		acquaintance = bridge.Known
	}
	kind := c.Peer.Kind
	if !c.Peer.Resolved() {
		kind = bridge.UserPeer
	}
	row, err := t.Budget(a.ID)
	if err != nil {
		return at, err
	}
	b, err := spend.Of(a.ID, row)
	if err != nil {
		return at, err
	}
	of := bridge.BudgetOf(kind, acquaintance)
	v := b.Next(of, at)
	if v.At.IsZero() && !v.Now() {
		return at, bridge.Errorf(bridge.CodeBudgetExhausted, "The budget of account %s for %s lets nothing go at all.", a.ID, of)
	}
	before, err := t.QueuedBefore(m, of, at, maxForecast)
	if err != nil {
		return at, err
	}
	if last := b.Forecast(of, before+1, at); !last.At.IsZero() { // zero: further ahead than is looked
		v = last
	}
	if v.At.After(at) {
		at = v.At
	}
	return at, nil
}

// maxForecast is how many messages before another one are counted at most when it
// is foreseen when that goes. It may go later where there are more, and not
// earlier.
const maxForecast = 500

// conversationOf returns the conversation that a message goes into, which is
// made if there is none.
func (s *Service) conversationOf(t *store.Tx, now time.Time, a *bridge.Account, r httpapi.SendRequest) (*bridge.Conversation, error) {
	id := a.ID
	if r.Conversation != "" {
		list, err := t.ConversationsNamed([]bridge.ConversationID{r.Conversation})
		if err == nil && len(list) == 0 {
			err = bridge.Errorf(bridge.CodeNotFound, "There is no conversation %s.", r.Conversation)
		}
		if err != nil {
			return nil, err
		}
		return list[0], nil
	}
	known, err := t.KnownAs(id, r.To)
	if err != nil || known != nil {
		return known, err
	}
	// Telegram takes ids from bots without what else people need to know.
	if a.Kind == bridge.UserAccount && (r.To.Kind == bridge.UserPeer || r.To.Kind == bridge.ChannelPeer) {
		met, err := t.Met(id, r.To)
		if err == nil && !met {
			err = bridge.Errorf(bridge.CodeNotFound,
				"Account %s has not come across %s. Give a username or a phone number.", id, r.To)
		}
		if err != nil {
			return nil, err
		}
	}
	name, err := bridge.NewID[bridge.ConversationID](now, entropy)
	if err != nil {
		return nil, err
	}
	c := &bridge.Conversation{ID: name, AccountID: id, Peer: r.To, CreatedAt: now}
	switch r.To.Kind {
	case bridge.UsernamePeer:
		c.Username = r.To.Name
	case bridge.PhonePeer:
		c.Phone = r.To.Name
	}
	if _, err := t.AddConversations([]*bridge.Conversation{c}); err != nil {
		return nil, err
	}
	// Somebody else may have added it at the same time.
	return t.KnownAs(id, r.To)
}

// Message returns a message.
func (s *Service) Message(ctx context.Context, id bridge.MessageID) (*bridge.Message, error) {
	return s.Store.Message(ctx, id)
}

// Cancel takes back a message that is not on its way yet.
func (s *Service) Cancel(ctx context.Context, id bridge.MessageID) (*bridge.Message, error) {
	if _, err := s.Store.Message(ctx, id); err != nil {
		return nil, err
	}
	if err := s.Store.Change(ctx, func(t *store.Tx) error { return t.CancelMessage(id) }); err != nil {
		return nil, err
	}
	return s.Store.Message(ctx, id)
}

// there returns a message that Telegram has, with whom it is exchanged and what
// runs its account.
func (s *Service) there(ctx context.Context, id bridge.MessageID) (*bridge.Message, bridge.Peer, fleet.Runner, error) {
	m, err := s.Store.Message(ctx, id)
	if err != nil {
		return nil, bridge.Peer{}, nil, err
	}
	peer, r, err := s.reach(ctx, m)
	return m, peer, r, err
}

// reach returns with whom a message is exchanged that Telegram has, and what runs
// its account.
func (s *Service) reach(ctx context.Context, m *bridge.Message) (bridge.Peer, fleet.Runner, error) {
	if m.TelegramID == 0 {
		return bridge.Peer{}, nil, bridge.Errorf(bridge.CodeConflict, "Message %s is %s: Telegram does not have it.", m.ID, m.State)
	}
	c, err := s.Store.Conversation(ctx, m.ConversationID)
	if err != nil {
		return bridge.Peer{}, nil, err
	}
	r, err := s.Fleet.Runner(m.AccountID)
	return c.Peer, r, err
}

// Edit changes a message that was sent.
func (s *Service) Edit(ctx context.Context, id bridge.MessageID, n httpapi.NewContent) error {
	m, peer, r, err := s.there(ctx, id)
	if err != nil {
		return err
	}
	if n.Media != nil {
		return bridge.Errorf(bridge.CodeInvalidRequest, "The media of a message cannot be changed; its text can.")
	}
	content, err := s.content(ctx, n)
	if err != nil {
		return err
	}
	edited := *m
	edited.Content = content
	return r.Edit(ctx, peer, &edited)
}

// Delete deletes a message at Telegram.
func (s *Service) Delete(ctx context.Context, id bridge.MessageID, everybody bool) error {
	m, peer, r, err := s.there(ctx, id)
	if err != nil {
		return err
	}
	return r.Delete(ctx, peer, m.TelegramID, everybody)
}

// React sets the account's reactions to a message.
func (s *Service) React(ctx context.Context, id bridge.MessageID, emoji []string) error {
	m, peer, r, err := s.there(ctx, id)
	if err != nil {
		return err
	}
	return r.React(ctx, peer, m.TelegramID, emoji)
}

// Conversation returns a conversation.
func (s *Service) Conversation(ctx context.Context, id bridge.ConversationID) (*bridge.Conversation, error) {
	return s.Store.Conversation(ctx, id)
}

// MarkRead marks a conversation as read.
func (s *Service) MarkRead(ctx context.Context, id bridge.ConversationID, upTo int) error {
	c, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return err
	}
	if err := s.able(ctx, c.AccountID, bridge.MarkRead); err != nil {
		return err
	}
	return s.in(ctx, id, func(r fleet.Runner, p bridge.Peer) error { return r.MarkRead(ctx, p, upTo) })
}

// Typing shows that somebody is writing.
func (s *Service) Typing(ctx context.Context, id bridge.ConversationID) error {
	return s.in(ctx, id, func(r fleet.Runner, p bridge.Peer) error { return r.Typing(ctx, p) })
}

func (s *Service) in(ctx context.Context, id bridge.ConversationID, do func(fleet.Runner, bridge.Peer) error) error {
	c, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return err
	}
	if !c.Peer.Resolved() {
		return bridge.Errorf(bridge.CodeConflict, "Nobody has looked up %s yet; the first message does.", c.Peer)
	}
	r, err := s.Fleet.Runner(c.AccountID)
	if err != nil {
		return err
	}
	return do(r, c.Peer)
}

// Conversations returns a page of conversations.
func (s *Service) Conversations(ctx context.Context, q httpapi.ConversationQuery) ([]*bridge.Conversation, string, error) {
	p := store.ConversationPage{Accounts: []bridge.AccountID{q.Account}, Unread: q.Unread, Limit: q.Limit}
	at, id, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	p.AfterAt, p.AfterID = at, bridge.ConversationID(id)
	list, err := s.Store.Conversations(ctx, p)
	if err != nil || len(list) < q.Limit {
		return list, "", err
	}
	last := list[len(list)-1]
	return list, cursorOf(store.Recent(last), string(last.ID)), nil
}

// Messages returns a page of messages.
func (s *Service) Messages(ctx context.Context, q httpapi.MessageQuery) ([]*bridge.Message, string, error) {
	at, id, err := cursor(q.After)
	if err != nil {
		return nil, "", err
	}
	list, err := s.Store.Messages(ctx, store.MessagePage{
		Conversation: q.Conversation, OldestFirst: q.OldestFirst, AfterAt: at, AfterID: bridge.MessageID(id), Limit: q.Limit,
	})
	if err != nil || len(list) < q.Limit {
		return list, "", err
	}
	last := list[len(list)-1]
	return list, cursorOf(last.At, string(last.ID)), nil
}

// cursorOf returns the text by which a page goes on after a row.
func cursorOf(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", at.UnixMicro(), id))
}

// cursor reads what cursorOf wrote.
func cursor(s string) (at time.Time, id string, err error) {
	if s == "" {
		return time.Time{}, "", nil
	}
	var micro int64
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		_, err = fmt.Sscanf(string(data), "%d %s", &micro, &id)
	}
	if err != nil {
		return time.Time{}, "", errors.Join(bridge.Errorf(bridge.CodeInvalidRequest, "after is not the next of a page."), err)
	}
	return time.UnixMicro(micro).UTC(), id, nil
}

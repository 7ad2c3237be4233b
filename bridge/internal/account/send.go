package account

import (
	"context"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/tg"
)

// priorities are those of package flow, by the bridge's.
var priorities = map[bridge.Priority]flow.Priority{
	bridge.PriorityConversation: flow.Conversation,
	bridge.PriorityBulk:         flow.Bulk,
	bridge.PriorityBackfill:     flow.Backfill,
}

// input returns how a peer is named in requests.
func input(c *telegram.Client, p bridge.Peer) (tg.InputPeerClass, error) {
	return c.InputPeer(telegramPeer(p))
}

// Send sends a message to a peer that is known by its id, and returns what the
// inbox is to store of it. The Changes are empty where Telegram says that it has
// the message already, but not as which.
//
// The error is a *bridge.Error. Of CodeFloodWait, CodeUnavailable and
// CodeAccountNotOnline the message can be sent again, with the same RandomID,
// which has it sent once at most; of others it cannot be sent.
func (r *Runner) Send(ctx context.Context, p bridge.Peer, m *bridge.Message) (*inbox.Batch, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	peer, err := input(c, p)
	if err != nil {
		return nil, told(err)
	}
	ctx = telegram.WithPriority(ctx, priorities[m.Priority])
	sent, err := r.sendContent(ctx, c, peer, m)
	if err != nil {
		return nil, r.refused(err)
	}
	b := &inbox.Batch{Account: r.account.ID, Epoch: r.epoch, Source: bridge.MTProto}
	if sent.ID == 0 {
		return b, nil
	}
	b.Changes = converter{self: selfOf(r.account, c)}.message([]inbox.Change{
		&inbox.Sent{RandomID: m.RandomID, TelegramID: int(sent.ID)},
	}, sent)
	return b, nil
}

// sendContent sends what a message says.
func (r *Runner) sendContent(ctx context.Context, c *telegram.Client, peer tg.InputPeerClass, m *bridge.Message) (*tg.Message, error) {
	out, err := outgoing(c, m)
	switch {
	case err != nil:
		return nil, err
	case m.Media != nil:
		return r.sendMedia(ctx, c, peer, m, out)
	}
	return c.Send(ctx, peer, out)
}

// outgoing returns the text of a message as the client sends it.
func outgoing(c *telegram.Client, m *bridge.Message) (telegram.Outgoing, error) {
	entities, err := entitiesOf(m.Entities, func(id int64) tg.InputUserClass {
		peer, err := c.InputPeer(&tg.PeerUser{UserID: id})
		if err != nil {
			return nil
		}
		return telegram.InputUserOf(peer)
	})
	if err != nil {
		return telegram.Outgoing{}, err
	}
	return telegram.Outgoing{
		Text: m.Text, Entities: entities, Silent: m.Silent, RandomID: m.RandomID,
		Reply: telegram.Reply{Message: m.ReplyTo, Topic: m.Topic},
	}, nil
}

// refused reports what an error means for the account, and returns what it means
// for the request.
func (r *Runner) refused(err error) error {
	cause, ok := CauseOf(err)
	// Waits have been reported by the client already, and what ends the session
	// ends the Runner.
	if ok && cause.Kind == bridge.PeerFlood {
		r.watcher.Happened(cause)
		return &bridge.Error{
			Code: bridge.CodeAccountRestricted, Err: err,
			Detail: "Telegram does not let the account write to people who have not written to it.",
		}
	}
	var b *bridge.Error
	var wait *flow.WaitError
	var outcome *mtproto.OutcomeError
	switch {
	case errors.As(err, &b), errors.As(err, &wait):
		return told(err)
	case ok && lostSession(cause.Kind):
		return told(err)
	case ok, errors.As(err, &outcome), errors.Is(err, telegram.ErrClosed), errors.Is(err, context.Canceled),
		errors.Is(err, context.DeadlineExceeded):
		return &bridge.Error{Code: bridge.CodeUnavailable, Detail: "Telegram has not answered.", RetryAt: r.e.Now().Add(retryPause), Err: err}
	}
	return told(err)
}

// retryPause is how long a request that got no answer is left alone at least.
const retryPause = time.Second

func lostSession(k bridge.Kind) bool {
	switch k {
	case bridge.KeyUnregistered, bridge.KeyUnknown, bridge.SessionRevoked, bridge.SessionExpired,
		bridge.KeyDuplicated, bridge.Deactivated:
		return true
	}
	return false
}

// Edit changes a message that the account has sent.
func (r *Runner) Edit(ctx context.Context, p bridge.Peer, m *bridge.Message) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	out, err := outgoing(c, m)
	if err != nil {
		return r.refused(err)
	}
	_, err = c.Edit(ctx, peer, m.TelegramID, out)
	if errors.Is(err, tg.ErrMessageNotModified) {
		return nil
	}
	return r.refusedOrNil(err)
}

// Delete deletes a message, for everybody or for the account alone.
func (r *Runner) Delete(ctx context.Context, p bridge.Peer, telegramID int, everybody bool) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	if _, err = c.Delete(ctx, peer, []int{telegramID}, everybody); err != nil {
		return r.refused(err)
	}
	return r.e.Inbox.Deleted(ctx, r.account.ID, r.epoch, p, telegramID)
}

// MarkRead marks what a peer has written as read, up to a message; 0: all.
func (r *Runner) MarkRead(ctx context.Context, p bridge.Peer, upTo int) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	if err := c.MarkRead(ctx, peer, upTo); err != nil {
		return r.refused(err)
	}
	return r.e.Inbox.Read(ctx, r.account.ID, r.epoch, p, upTo)
}

// Typing shows a peer that the account is writing, for a few seconds.
func (r *Runner) Typing(ctx context.Context, p bridge.Peer) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	_, err = tg.Call(ctx, c, &tg.MessagesSetTyping{Peer: peer, Action: &tg.SendMessageTypingAction{}})
	return r.refusedOrNil(err)
}

// React sets the account's reactions to a message.
func (r *Runner) React(ctx context.Context, p bridge.Peer, telegramID int, emoji []string) error {
	c, peer, err := r.at(p)
	if err != nil {
		return err
	}
	return r.refusedOrNil(c.React(ctx, peer, telegramID, emoji...))
}

func (r *Runner) at(p bridge.Peer) (*telegram.Client, tg.InputPeerClass, error) {
	c, err := r.online()
	if err != nil {
		return nil, nil, err
	}
	peer, err := input(c, p)
	return c, peer, told(err)
}

func (r *Runner) refusedOrNil(err error) error {
	if err == nil {
		return nil
	}
	return r.refused(err)
}

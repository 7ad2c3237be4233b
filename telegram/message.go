package telegram

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"godwit/mtproto"
	"godwit/tg"
)

// sendTries is how often a message is sent while Telegram's servers fail.
const sendTries = 4

// SendText sends a text and returns the message as Telegram has stored it.
//
// It is sent once: the random_id that Telegram knows it by stays the same when
// it has to be sent again, because the connection or one of Telegram's servers
// failed. Where Telegram says that it has the message already but not as
// which, the returned message has no ID.
func (c *Client) SendText(ctx context.Context, peer tg.InputPeerClass, text string) (*tg.Message, error) {
	request := &tg.MessagesSendMessage{Peer: peer, Message: text, RandomID: randomID()}
	wait := time.Second
	for try := 1; ; try++ {
		answer, err := tg.Call(ctx, c, request)
		switch {
		case err == nil:
			return c.sentMessage(request, answer)
		case errors.Is(err, tg.ErrRandomIDDuplicate) && try > 1:
			return &tg.Message{Out: true, Message: text}, nil
		case !isServerFailure(err) || try == sendTries:
			return nil, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// isServerFailure reports whether a request that is safe to repeat may be
// repeated (R-ER-05).
func isServerFailure(err error) bool {
	var rpc *mtproto.RPCError
	return errors.As(err, &rpc) && (rpc.Code >= 500 || rpc.Code < 0)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// randomID returns what tells a message from its repetitions; never 0.
func randomID() int64 {
	var p [8]byte
	for {
		rand.Read(p[:])
		if id := int64(binary.LittleEndian.Uint64(p[:])); id != 0 {
			return id
		}
	}
}

var errNotAmongUpdates = errors.New("telegram: the message was sent, but is not among the updates that answer it")

// sentMessage finds the message in the updates that a request was answered
// with: updateMessageID names it.
func (c *Client) sentMessage(request *tg.MessagesSendMessage, answer tg.UpdatesClass) (*tg.Message, error) {
	var list []tg.UpdateClass
	switch u := answer.(type) {
	case *tg.UpdateShortSentMessage:
		if whole, ok := c.expandSent(u, request).(*tg.Updates); ok {
			list = whole.Updates
		}
	case *tg.UpdateShort:
		list = []tg.UpdateClass{u.Update}
	case *tg.Updates:
		c.peers.learn(u.Users, u.Chats)
		list = u.Updates
	case *tg.UpdatesCombined:
		c.peers.learn(u.Users, u.Chats)
		list = u.Updates
	}
	var id int32
	for _, u := range list {
		if u, ok := u.(*tg.UpdateMessageID); ok && u.RandomID == request.RandomID {
			id = u.ID
		}
	}
	for _, u := range list {
		if m, ok := newMessage(u).(*tg.Message); ok && (m.ID == id || id == 0) {
			return m, nil
		}
	}
	return nil, errNotAmongUpdates
}

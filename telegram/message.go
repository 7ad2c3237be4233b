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

// repeat makes a request that carries random ids, and makes it again while
// Telegram's servers fail: they take each id once (R-ER-05). It reports
// whether Telegram said that it had them already.
func repeat(ctx context.Context, request func() (tg.UpdatesClass, error)) (answer tg.UpdatesClass, had bool, err error) {
	wait := time.Second
	for try := 1; ; try++ {
		answer, err := request()
		switch {
		case err == nil:
			return answer, false, nil
		case errors.Is(err, tg.ErrRandomIDDuplicate) && try > 1:
			return nil, true, nil
		case !isServerFailure(err) || try == sendTries:
			return nil, false, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, false, err
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

// updatesOf returns the updates that a request was answered with, and learns
// whom they mention.
func (c *Client) updatesOf(request tg.Request, answer tg.UpdatesClass) []tg.UpdateClass {
	switch u := answer.(type) {
	case *tg.UpdateShortSentMessage:
		if whole, ok := c.expandSent(u, request).(*tg.Updates); ok {
			return whole.Updates
		}
	case *tg.UpdateShort:
		return []tg.UpdateClass{u.Update}
	case *tg.Updates:
		c.peers.learn(u.Users, u.Chats)
		return u.Updates
	case *tg.UpdatesCombined:
		c.peers.learn(u.Users, u.Chats)
		return u.Updates
	}
	return nil
}

// sentMessages finds the messages with some random ids in the updates that a
// request was answered with: updateMessageID names them (R-UP-16).
func (c *Client) sentMessages(request tg.Request, answer tg.UpdatesClass, randomIDs []int64) ([]*tg.Message, error) {
	list := c.updatesOf(request, answer)
	ids := make(map[int64]int32, len(randomIDs))
	for _, u := range list {
		if u, ok := u.(*tg.UpdateMessageID); ok {
			ids[u.RandomID] = u.ID
		}
	}
	messages := make(map[int32]*tg.Message, len(list))
	var only *tg.Message
	for _, u := range list {
		if m, ok := arrived(u).(*tg.Message); ok {
			messages[m.ID], only = m, m
		}
	}
	var out []*tg.Message
	for _, random := range randomIDs {
		switch m := messages[ids[random]]; {
		case m != nil:
			out = append(out, m)
		case len(ids) == 0 && len(messages) == 1 && len(randomIDs) == 1:
			out = append(out, only)
		default:
			return out, errNotAmongUpdates
		}
	}
	return out, nil
}

// arrived returns the message that an update brings, one that waits to be sent
// included, nil if it brings none.
func arrived(u tg.UpdateClass) tg.MessageClass {
	if u, ok := u.(*tg.UpdateNewScheduledMessage); ok {
		return u.Message
	}
	return newMessage(u)
}

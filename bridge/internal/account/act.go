package account

import (
	"context"
	"errors"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

// Act does a queued action, and returns what Telegram numbers the message of a
// post; 0 of the other kinds, and where Telegram has had the post before. Done
// again, a join or leave that is done already does nothing. The error is as that
// of Send.
func (r *Runner) Act(ctx context.Context, a *bridge.QueuedAction) (telegramID int, err error) {
	c, err := r.online()
	if err != nil {
		return 0, err
	}
	target := "https://t.me/" + a.Target
	ctx = telegram.WithPriority(ctx, priorities[bridge.PriorityBulk])
	if a.Kind == bridge.JoinAction {
		_, err := groups.Join(ctx, c, target)
		if errors.Is(err, tg.ErrUserAlreadyParticipant) {
			return 0, nil
		}
		return 0, r.refusedOrNil(err)
	}
	peer, _, err := c.Resolve(ctx, target)
	if err != nil {
		return 0, r.refused(err)
	}
	if a.Kind == bridge.LeaveAction {
		err := groups.Leave(ctx, c, peer)
		if errors.Is(err, tg.ErrUserNotParticipant) {
			return 0, nil
		}
		return 0, r.refusedOrNil(err)
	}
	sent, err := r.sendContent(ctx, c, peer, &bridge.Message{Content: a.Content, RandomID: a.RandomID})
	if err != nil {
		return 0, r.refused(err)
	}
	return int(sent.ID), nil
}

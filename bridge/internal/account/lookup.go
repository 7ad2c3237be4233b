package account

import (
	"context"
	"errors"
	"fmt"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/telegram"
	"godwit/tg"
)

// Resolve finds out whom a username or phone number belongs to.
func (r *Runner) Resolve(ctx context.Context, p bridge.Peer) (inbox.Peer, error) {
	if p.Kind != bridge.UsernamePeer && p.Kind != bridge.PhonePeer {
		return inbox.Peer{Peer: p, Partly: true}, nil
	}
	c, err := r.online()
	if err != nil {
		return inbox.Peer{}, err
	}
	answer, err := lookUp(ctx, c, p)
	if err != nil {
		return inbox.Peer{}, r.refused(err)
	}
	found := inbox.Peer{Peer: convertPeer(answer.Peer), Partly: true}
	if p.Kind == bridge.UsernamePeer {
		found.Username = p.Name
	} else {
		found.Phone = p.Name
	}
	return found, nil
}

// lookUp asks Telegram who has a username or phone number. Where nobody has, the
// error is a *bridge.Error of CodeNotFound.
func lookUp(ctx context.Context, c *telegram.Client, p bridge.Peer) (*tg.ContactsResolvedPeer, error) {
	var answer *tg.ContactsResolvedPeer
	var err error
	if p.Kind == bridge.UsernamePeer {
		answer, err = tg.Call(ctx, c, &tg.ContactsResolveUsername{Username: p.Name})
	} else {
		answer, err = tg.Call(ctx, c, &tg.ContactsResolvePhone{Phone: p.Name})
	}
	switch {
	case errors.Is(err, tg.ErrUsernameNotOccupied), errors.Is(err, tg.ErrUsernameInvalid):
		return nil, &bridge.Error{Code: bridge.CodeNotFound, Detail: "Nobody on Telegram has the username @" + p.Name + ".", Err: err}
	case errors.Is(err, tg.ErrPhoneNotOccupied):
		return nil, notFoundBy(p.Name, err)
	case err != nil:
		return nil, err
	case convertPeer(answer.Peer) == bridge.Peer{}:
		return nil, bridge.Errorf(bridge.CodeNotFound, "Telegram does not say who %s is.", p)
	}
	c.Learn(answer.Users, answer.Chats)
	return answer, nil
}

func notFoundBy(phone string, err error) error {
	return &bridge.Error{
		Code: bridge.CodeNotFound, Err: err,
		Detail: fmt.Sprintf("Nobody on Telegram has the phone number +%s, or its owner does not want to be found by it.", phone),
	}
}

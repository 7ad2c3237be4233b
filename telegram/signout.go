package telegram

import (
	"context"
	"errors"

	"godwit/mtproto/mtclient"
	"godwit/tg"
)

// SignOut ends the session at Telegram and throws the keys away. Then the
// client can sign in as somebody else. What Telegram leaves for the next
// sign-in of the same account is kept (R-LG-21).
func (c *Client) SignOut(ctx context.Context) error {
	c.signing.Lock()
	defer c.signing.Unlock()
	if c.Self() == nil {
		return ErrNotSignedIn
	}
	c.setLeaving(true)
	defer c.setLeaving(false)
	answer, err := tg.Call(ctx, c, &tg.AuthLogOut{})
	// The key may die before the answer is here (R-LG-21, R-IX-21).
	if err != nil && !isEnd(err) && !errors.Is(err, mtclient.ErrKeyUnknown) {
		return err
	}
	c.mu.Lock()
	c.self = nil
	if c.pump != nil {
		c.pump.stop()
		c.pump = nil
	}
	c.mu.Unlock()
	if err := c.forgetKeys(); err != nil {
		return err
	}
	if answer == nil || answer.FutureAuthToken == nil {
		return nil
	}
	return c.save(func(c *Credentials) { c.addLogoutToken(answer.FutureAuthToken) })
}

func (c *Client) setLeaving(leaving bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = leaving
}

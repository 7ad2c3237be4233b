package sandbox

import (
	"godwit/tg"
)

func init() {
	register(initTakeoutSession)
	register(finishTakeoutSession)
}

// takeoutDelay is how long the account's owner has to veto an export that a
// device asks for right after its sign-in, in seconds.
const takeoutDelay = 24 * 3600

// A takeout is an export that a device is making.
type takeout struct {
	id   int64
	user *user
}

// initTakeoutSession serves account.initTakeoutSession. Where
// Options.TakeoutDelay is set, a device that has signed in less than a day ago
// is told to wait; other devices may be asked to allow it earlier, which
// nobody is here.
func initTakeoutSession(c *call, _ *tg.AccountInitTakeoutSession) (*tg.AccountTakeout, error) {
	w := c.world()
	if wait := c.key.auth.created + takeoutDelay - w.unix(); c.dc.options.TakeoutDelay && wait > 0 {
		return nil, wait420("TAKEOUT_INIT_DELAY", int(wait))
	}
	t := &takeout{id: w.randomID(), user: c.user}
	w.takeouts[t.id] = t
	return &tg.AccountTakeout{ID: t.id}, nil
}

// finishTakeoutSession serves account.finishTakeoutSession, which has to be
// called within the takeout.
func finishTakeoutSession(c *call, _ *tg.AccountFinishTakeoutSession) (boolean, error) {
	if c.takeout == nil {
		return false, refusal(403, "TAKEOUT_REQUIRED")
	}
	delete(c.world().takeouts, c.takeout.id)
	return true, nil
}

// exports checks the takeout that the query names.
func (c *call) exports() error {
	if c.takeoutID == 0 {
		return nil
	}
	c.takeout = c.world().takeouts[c.takeoutID]
	if c.takeout == nil || c.takeout.user != c.user {
		return refusal(400, "TAKEOUT_INVALID")
	}
	return nil
}

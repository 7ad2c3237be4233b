package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"godwit/mtproto"
	"godwit/tg"
)

// What happens once, beside the rules of Fault: somebody loses something, or
// the servers do.

// A SessionEnd is why a session is over, as its client is told.
type SessionEnd string

// The ends of sessions.
const (
	SessionUnregistered SessionEnd = "AUTH_KEY_UNREGISTERED"
	SessionRevoked      SessionEnd = "SESSION_REVOKED" // by the account's owner, on another device
	SessionExpired      SessionEnd = "SESSION_EXPIRED" // not used for too long
)

var sessionEnds = map[SessionEnd]*mtproto.RPCError{
	SessionUnregistered: errUnregistered, SessionRevoked: errRevoked, SessionExpired: errExpired,
}

// An Authorization is a device that is signed in to an account (R-LG-40).
type Authorization struct {
	Hash    int64  `json:"hash,string"` // names it, as account.authorization does
	Model   string `json:"model"`
	Address string `json:"address"` // from which it has signed in
}

// SetControl notes where package sandbox/control serves all of this, for the
// connection file.
func (sb *Sandbox) SetControl(url string) {
	sb.mu.Lock()
	defer sb.mu.Unlock()
	sb.control = url
}

// account returns the account with a phone number or a user id. The world is
// locked.
func (w *world) account(name string) (*user, error) {
	if u := w.phones[cleanPhone(name)]; u != nil {
		return u, nil
	}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil && w.users[id] != nil {
		return w.users[id], nil
	}
	return nil, fmt.Errorf("sandbox: nobody has the phone number or user id %q", name)
}

// on does something to an account with the world locked, and tells the sessions
// that are concerned.
func (sb *Sandbox) on(account string, do func(c *call, u *user) error) error {
	w := sb.world
	c := &call{Context: context.Background(), dc: sb.dcs[0]}
	w.mu.Lock()
	u, err := w.account(account)
	if err == nil {
		err = do(c, u)
	}
	w.mu.Unlock()
	for told := range c.told {
		told.flush(sb.log)
	}
	return err
}

// Authorizations returns the devices of an account, in no order. Here as below,
// accounts are named by phone number or user id.
func (sb *Sandbox) Authorizations(account string) (list []Authorization, err error) {
	err = sb.on(account, func(_ *call, u *user) error {
		for _, k := range u.own() {
			a := Authorization{Hash: k.auth.hash, Address: k.auth.address}
			if k.init != nil {
				a.Model = k.init.DeviceModel
			}
			list = append(list, a)
		}
		return nil
	})
	return list, err
}

// EndSessions signs devices of an account out: those with the given hashes, all
// if there are none. Their clients find out by the error that why is.
func (sb *Sandbox) EndSessions(account string, why SessionEnd, hashes ...int64) error {
	refusal := sessionEnds[why]
	if refusal == nil {
		return fmt.Errorf("sandbox: sessions do not end by %q", why)
	}
	return sb.on(account, func(c *call, u *user) error {
		for _, hash := range hashes {
			if !slices.ContainsFunc(u.own(), func(k *key) bool { return k.auth.hash == hash }) {
				return fmt.Errorf("sandbox: %s has no device %d", account, hash)
			}
		}
		for _, k := range u.own() {
			if len(hashes) == 0 || slices.Contains(hashes, k.auth.hash) {
				c.revoke(k, refusal)
			}
		}
		return nil
	})
}

// own returns the keys of an account that were not brought from another DC.
func (u *user) own() []*key {
	var own []*key
	for k := range u.keys {
		if k.auth.parent == nil {
			own = append(own, k)
		}
	}
	return own
}

// Ban closes an account, as Telegram does with those of spammers: all that its
// clients ask for is refused with 401 USER_DEACTIVATED_BAN, and its number gets
// no code any more. Its messages stay.
func (sb *Sandbox) Ban(account string) error {
	return sb.on(account, func(c *call, u *user) error {
		c.ban(u, refusal(401, "USER_DEACTIVATED_BAN"))
		return nil
	})
}

// Unban opens a banned account again, for people to sign in.
func (sb *Sandbox) Unban(account string) error {
	return sb.on(account, func(c *call, u *user) error {
		u.banned = false
		delete(c.world().logins.refused, u.phone)
		return nil
	})
}

func (c *call) ban(u *user, why *mtproto.RPCError) {
	u.banned = true
	if u.phone != "" {
		c.world().logins.refused[u.phone] = PhoneBanned
	}
	for _, k := range u.own() {
		c.revoke(k, why)
	}
}

// Restrict lets an account write to nobody who has not written to it, as
// Telegram does with those that are reported as spam: it gets 400 PEER_FLOOD,
// for some time. 0 ends it.
func (sb *Sandbox) Restrict(account string, d time.Duration) error {
	return sb.on(account, func(c *call, u *user) error {
		u.restricted = c.world().now().Add(d)
		return nil
	})
}

// EndKeys has the DCs forget the auth keys of an account, so that its clients
// get the transport error -404. With temporary true they forget the temporary
// keys alone, which clients can replace.
func (sb *Sandbox) EndKeys(account string, temporary bool) error {
	var keys []*key
	err := sb.on(account, func(_ *call, u *user) error {
		for k := range u.keys {
			keys = append(keys, k)
		}
		return nil
	})
	// The servers call the world with their locks held, so not the other way round.
	for _, k := range keys {
		server := sb.dcs[k.dc-1].server
		if temporary {
			err = errors.Join(err, server.ForgetTemporary(k.id))
			continue
		}
		err = errors.Join(err, server.ForgetKey(k.id))
		sb.world.destroyed(k.id)
	}
	return err
}

// DropConnections closes the connections of an account at once, those for files
// too.
func (sb *Sandbox) DropConnections(account string) error {
	var open []wire
	err := sb.on(account, func(_ *call, u *user) error {
		for k := range u.keys {
			for s := range k.sessions {
				if w, ok := s.link.(wire); ok {
					open = append(open, w)
				}
			}
		}
		return nil
	})
	for _, w := range open {
		w.Disconnect()
	}
	return err
}

// DropAllConnections closes every connection at once, whoever's it is.
func (sb *Sandbox) DropAllConnections() {
	for _, d := range sb.all() {
		d.server.Disconnect()
	}
}

// ChangeSalts has all DCs accept none of the salts that clients know.
func (sb *Sandbox) ChangeSalts() {
	for _, d := range sb.all() {
		d.server.ChangeSalts()
	}
}

// SkewClock sets the servers' clock that much ahead of Options.Now, or behind
// it. The sessions that there are end, since message ids only rise in one.
func (sb *Sandbox) SkewClock(d time.Duration) {
	sb.options.skew.Store(int64(d))
	for _, d := range sb.all() {
		for s := range d.server.Sessions() {
			s.Close()
		}
	}
}

// MoveAccount gives an account another home. Its clients get 303 USER_MIGRATE_X
// where they were, and carry their sign-in over (R-AP-06).
func (sb *Sandbox) MoveAccount(account string, dc int) error {
	if dc < 1 || dc > len(sb.dcs) {
		return fmt.Errorf("sandbox: there is no DC %d", dc)
	}
	return sb.on(account, func(c *call, u *user) error {
		for k := range u.keys {
			for s := range k.sessions {
				if s.wants {
					c.enqueue(s, &notice{updates: &tg.UpdatesTooLong{}})
				}
			}
		}
		u.dc = dc
		return nil
	})
}

// suffer takes from the caller what it has lost, if an error says so. The world
// is locked.
func (c *call) suffer(why *mtproto.RPCError) {
	k := c.session.key
	u := k.user()
	switch {
	case u == nil:
	case why.Type == "USER_DEACTIVATED", why.Type == "USER_DEACTIVATED_BAN":
		c.ban(u, why)
	case why.Type == "SESSION_REVOKED", why.Type == "SESSION_EXPIRED":
		c.revoke(k, why)
	}
}

// wroteFirst reports whether somebody has written to an account.
func (u *user) wroteFirst(other peerKey) bool {
	d := u.dialogs[other]
	return d != nil && slices.ContainsFunc(d.ids, func(id int32) bool {
		e := u.box.get(id)
		return e != nil && !e.out
	})
}

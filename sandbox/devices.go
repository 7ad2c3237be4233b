package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getAuthorizations)
	register(resetAuthorization)
	register(resetAuthorizations)
	register(changeAuthorizationSettings)
	register(setAuthorizationTTL)
}

// defaultTTLDays is after how many days unused devices are signed out.
const defaultTTLDays = 180

// confirmedAfter is after how many seconds a sign-in counts as confirmed
// (R-LG-43).
const confirmedAfter = 604_800

// day is how many seconds there are in one.
const day = 24 * 3600

// getAuthorizations serves account.getAuthorizations (R-LG-40). Devices that
// still owe the password are among them.
func getAuthorizations(c *call, _ *tg.AccountGetAuthorizations) (*tg.AccountAuthorizations, error) {
	w := c.world()
	out := &tg.AccountAuthorizations{AuthorizationTTLDays: c.user.ttlDays()}
	for k := range c.user.keys {
		w.lapse(k)
	}
	for k := range c.user.keys {
		if k.auth.parent == nil {
			out.Authorizations = append(out.Authorizations, w.authorizationObject(k, k.auth, k == c.key))
		}
	}
	for _, k := range w.keys {
		if k.pending != nil && k.pending.user == c.user {
			one := w.authorizationObject(k, k.pending, false)
			one.PasswordPending = true
			out.Authorizations = append(out.Authorizations, one)
		}
	}
	slices.SortFunc(out.Authorizations, func(a, b tg.Authorization) int {
		if a.Current != b.Current {
			return map[bool]int{true: -1, false: 1}[a.Current]
		}
		return cmp.Or(cmp.Compare(b.DateActive, a.DateActive), cmp.Compare(a.Hash, b.Hash))
	})
	return out, nil
}

func (u *user) ttlDays() int32 { return cmp.Or(u.access.ttlDays, defaultTTLDays) }

// lapse ends the sign-in of a key that has not been used for too long
// (R-LG-44).
func (w *world) lapse(k *key) {
	if k.auth == nil || k.auth.user.isBot() || w.unix()-k.auth.active <= k.auth.user.ttlDays()*day {
		return
	}
	w.signOut(k)
	k.ended = errExpired
}

// unconfirmed reports whether nobody has confirmed a sign-in yet (R-LG-42,
// R-LG-43).
func (w *world) unconfirmed(a *authorization) bool {
	return !a.confirmed && w.unix()-a.created < confirmedAfter
}

func (w *world) authorizationObject(k *key, a *authorization, current bool) tg.Authorization {
	out := tg.Authorization{
		Current: current, Hash: a.hash, Unconfirmed: !current && w.unconfirmed(a),
		EncryptedRequestsDisabled: a.noEncrypted, CallRequestsDisabled: a.noCalls,
		DeviceModel: k.init.DeviceModel, SystemVersion: k.init.SystemVersion,
		APIID: int32(k.init.APIID), AppName: "sandbox", AppVersion: k.init.AppVersion,
		DateCreated: a.created, DateActive: a.active, IP: a.address, Country: country,
	}
	if current {
		out.Hash = 0
	}
	return out
}

// device returns another device of the caller's account.
func (c *call) device(hash int64) (*key, *authorization) {
	for k := range c.user.keys {
		if k.auth.parent == nil && k.auth.hash == hash {
			return k, k.auth
		}
	}
	for _, k := range c.world().keys {
		if k.pending != nil && k.pending.user == c.user && k.pending.hash == hash {
			return k, k.pending
		}
	}
	return nil, nil
}

// fresh refuses what a device may not do that has just signed in (R-LG-41).
func (c *call) fresh() error {
	if time.Duration(c.world().unix()-c.key.auth.created)*time.Second < c.dc.options.FreshFor {
		return refusal(406, "FRESH_RESET_AUTHORISATION_FORBIDDEN")
	}
	return nil
}

// resetAuthorization serves account.resetAuthorization (R-LG-41, R-LG-42).
func resetAuthorization(c *call, q *tg.AccountResetAuthorization) (boolean, error) {
	k, a := c.device(q.Hash)
	switch {
	case k == nil || k == c.key:
		return false, refusal(400, "HASH_INVALID")
	case !c.world().unconfirmed(a): // what nobody has confirmed can be denied at once
		if err := c.fresh(); err != nil {
			return false, err
		}
	}
	c.revoke(k, errRevoked)
	return true, nil
}

// resetAuthorizations serves auth.resetAuthorizations (R-LG-22).
func resetAuthorizations(c *call, _ *tg.AuthResetAuthorizations) (boolean, error) {
	if err := c.fresh(); err != nil {
		return false, err
	}
	for k := range c.user.keys {
		if k != c.key && k.auth != nil && k.auth.parent == nil && c.key.auth.parent != k.auth {
			c.revoke(k, errRevoked)
		}
	}
	for _, k := range c.world().keys {
		if k.pending != nil && k.pending.user == c.user {
			c.revoke(k, errRevoked)
		}
	}
	return true, nil
}

// revoke ends a device's sign-in and lets it find out why: it is told that there
// is something to fetch.
func (c *call) revoke(k *key, why *mtproto.RPCError) {
	c.world().signOut(k)
	k.ended = why
	for s := range k.sessions {
		if s.wants {
			c.enqueue(s, &notice{updates: &tg.UpdatesTooLong{}})
		}
	}
}

// changeAuthorizationSettings serves account.changeAuthorizationSettings
// (R-LG-42, R-LG-44).
func changeAuthorizationSettings(c *call, q *tg.AccountChangeAuthorizationSettings) (boolean, error) {
	_, a := c.device(q.Hash)
	if q.Hash == 0 {
		a = c.key.auth
	}
	if a == nil {
		return false, refusal(400, "HASH_INVALID")
	}
	if q.Confirmed && c.world().unconfirmed(a) {
		a.confirmed = true
		c.tell(c.user, &tg.UpdateNewAuthorization{Hash: a.hash})
	}
	a.noEncrypted = q.EncryptedRequestsDisabled.Or(a.noEncrypted)
	a.noCalls = q.CallRequestsDisabled.Or(a.noCalls)
	return true, nil
}

// setAuthorizationTTL serves account.setAuthorizationTTL (R-LG-44).
func setAuthorizationTTL(c *call, q *tg.AccountSetAuthorizationTTL) (boolean, error) {
	if q.AuthorizationTTLDays < 1 || q.AuthorizationTTLDays > 366 {
		return false, refusal(400, "TTL_DAYS_INVALID")
	}
	if err := c.fresh(); err != nil {
		return false, err
	}
	c.user.access.ttlDays = q.AuthorizationTTLDays
	return true, nil
}

// serviceID is the user as whom Telegram writes to people.
const serviceID = 777000

// write has Telegram itself write to somebody. The ledger knows nothing of it:
// no client has sent it.
func (c *call) write(u *user, text string) {
	w := c.world()
	m := &message{from: serviceID, to: u.key(), date: w.unix(), text: text, copies: make(map[int64]int32)}
	c.put(m, u, w.service.key(), false)
}

// tellOfSignIn tells the other devices of an account that the caller's has
// signed in (R-LG-42). Where there is no other, nobody is told.
func (c *call) tellOfSignIn() {
	u, auth := c.user, c.key.auth
	switch {
	case u.isBot():
		return
	case !u.elsewhere(c.key):
		auth.confirmed = true
		return
	}
	w := c.world()
	update := &tg.UpdateNewAuthorization{Hash: auth.hash}
	if !auth.confirmed {
		update.Unconfirmed, update.Date = true, tl.Some(auth.created)
		update.Device, update.Location = text(c.key.init.DeviceModel), text(auth.address)
	}
	c.tell(u, update)
	c.write(u, fmt.Sprintf("New login: %s, %s, at %s. If that was not you, end it in the list of your devices.",
		c.key.init.DeviceModel, auth.address, w.now().UTC().Format(time.DateTime)))
}

// elsewhere reports whether an account is signed in on another device too.
func (u *user) elsewhere(than *key) bool {
	for k := range u.keys {
		if k != than && k.auth.parent == nil {
			return true
		}
	}
	return false
}

package sandbox

import (
	"cmp"
	"slices"
	"strings"

	"godwit/tg"
)

func init() {
	register(getAuthorizations)
	register(resetAuthorization)
	register(updateStatus)
	register(getNotifySettings)
	register(updateProfile)
	register(checkUsername)
	register(updateUsername)
}

// onlineFor is how long a client that says it is online stays so, in seconds.
const onlineFor = 300

// getAuthorizations serves account.getAuthorizations (R-LG-40).
func getAuthorizations(c *call, _ *tg.AccountGetAuthorizations) (*tg.AccountAuthorizations, error) {
	out := &tg.AccountAuthorizations{AuthorizationTTLDays: 180}
	for k := range c.user.keys {
		if k.auth.parent == nil {
			out.Authorizations = append(out.Authorizations, authorizationObject(k, k == c.key))
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

func authorizationObject(k *key, current bool) tg.Authorization {
	out := tg.Authorization{
		Current: current, Hash: k.auth.hash,
		DeviceModel: k.init.DeviceModel, SystemVersion: k.init.SystemVersion,
		APIID: int32(k.init.APIID), AppName: "sandbox", AppVersion: k.init.AppVersion,
		DateCreated: k.auth.created, DateActive: k.auth.active, IP: k.auth.address, Country: country,
	}
	if current {
		out.Hash = 0
	}
	return out
}

// resetAuthorization serves account.resetAuthorization (R-LG-41).
func resetAuthorization(c *call, q *tg.AccountResetAuthorization) (boolean, error) {
	for k := range c.user.keys {
		if k != c.key && k.auth.hash == q.Hash && k.auth.parent == nil {
			c.revoke(k)
			return true, nil
		}
	}
	return false, refusal(400, "HASH_INVALID")
}

func updateStatus(c *call, q *tg.AccountUpdateStatus) (boolean, error) {
	w := c.world()
	c.user.seen, c.user.online = w.unix(), 0
	if !q.Offline {
		c.user.online = w.unix() + onlineFor
	}
	for _, d := range c.user.dialogs {
		if other := w.users[d.peer.id]; d.peer.kind == peerUser && other != nil && other != c.user {
			c.tell(other, &tg.UpdateUserStatus{UserID: c.user.id, Status: w.status(c.user)}, c.user.key())
		}
	}
	return true, nil
}

// getNotifySettings serves account.getNotifySettings. Nothing is muted here.
func getNotifySettings(*call, *tg.AccountGetNotifySettings) (*tg.PeerNotifySettings, error) {
	return &tg.PeerNotifySettings{}, nil
}

func updateProfile(c *call, q *tg.AccountUpdateProfile) (tg.UserClass, error) {
	if q.FirstName.Set && !validPersonName(q.FirstName.Value) {
		return nil, refusal(400, "FIRSTNAME_INVALID")
	}
	if len(q.About.Value) > 280 {
		return nil, refusal(400, "ABOUT_TOO_LONG")
	}
	u := c.user
	u.first, u.last, u.about = q.FirstName.Or(u.first), q.LastName.Or(u.last), q.About.Or(u.about)
	c.renamed()
	return c.world().userObject(u, u), nil
}

// renamed tells the caller's other devices and its partners of its new name.
func (c *call) renamed() {
	u := c.user
	update := &tg.UpdateUserName{UserID: u.id, FirstName: u.first, LastName: u.last}
	if u.username != "" {
		update.Usernames = []tg.Username{{Editable: true, Active: true, Username: u.username}}
	}
	c.tell(u, update, u.key())
	for _, d := range u.dialogs {
		if other := c.world().users[d.peer.id]; d.peer.kind == peerUser && other != nil && other != u {
			c.tell(other, update, u.key())
		}
	}
}

func checkUsername(c *call, q *tg.AccountCheckUsername) (boolean, error) {
	return boolean(c.nameFree(q.Username) == nil), nil
}

// nameFree tells whether anybody may take a username.
func (c *call) nameFree(name string) error {
	switch _, taken := c.world().names[strings.ToLower(name)]; {
	case !validName(name):
		return refusal(400, "USERNAME_INVALID")
	case taken:
		return refusal(400, "USERNAME_OCCUPIED")
	}
	return nil
}

func updateUsername(c *call, q *tg.AccountUpdateUsername) (tg.UserClass, error) {
	u := c.user
	if q.Username == u.username {
		return nil, refusal(400, "USERNAME_NOT_MODIFIED")
	}
	if q.Username != "" && !strings.EqualFold(q.Username, u.username) {
		if err := c.nameFree(q.Username); err != nil {
			return nil, err
		}
	}
	c.world().setName(u.key(), u.username, q.Username)
	u.username = q.Username
	c.renamed()
	return c.world().userObject(u, u), nil
}

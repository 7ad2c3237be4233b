package sandbox

import (
	"strings"

	"godwit/tg"
)

func init() {
	register(updateStatus)
	register(getNotifySettings)
	register(updateProfile)
	register(checkUsername)
	register(updateUsername)
}

// onlineFor is how long a client that says it is online stays so, in seconds.
const onlineFor = 300

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

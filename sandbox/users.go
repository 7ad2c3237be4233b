package sandbox

import (
	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getUsers)
	register(getFullUser)
}

// getUsers serves users.getUsers. Users that the caller may not know are
// empty.
func getUsers(c *call, q *tg.UsersGetUsers) (vector[tg.UserClass], error) {
	out := vector[tg.UserClass]{}
	for _, in := range q.ID {
		u, err := c.findUser(in)
		if err != nil {
			if id, ok := in.(*tg.InputUser); ok {
				out = append(out, &tg.UserEmpty{ID: id.UserID})
			}
			continue
		}
		out = append(out, c.world().userObject(c.user, u))
	}
	return out, nil
}

func getFullUser(c *call, q *tg.UsersGetFullUser) (*tg.UsersUserFull, error) {
	u, err := c.findUser(q.ID)
	if err != nil {
		return nil, err
	}
	full := tg.UserFull{ID: u.id, About: text(u.about), CanPinMessage: true, Blocked: c.user.blocks(u)}
	if n := len(u.photos); n > 0 {
		full.ProfilePhoto = c.world().photoObject(c.user, u.photos[n-1])
	}
	full.PinnedMsgID = c.user.box.newestPinned(u.key())
	if u.isBot() {
		full.BotInfo = &tg.BotInfo{UserID: tl.Some(u.id), Commands: u.bot.commands[defaultCommands]}
	}
	var seen refs
	seen.add(u.key())
	return &tg.UsersUserFull{
		FullUser: full,
		Users:    c.world().userObjects(c.user, &seen),
	}, nil
}

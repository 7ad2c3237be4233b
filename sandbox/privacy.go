package sandbox

import (
	"slices"
	"strings"

	"godwit/tg"
)

// wroteIn notes which bot has written last to a group, and with the message
// which had before.
func (g *group) wroteIn(sender *user, m *message) {
	if g == nil {
		return
	}
	m.lastBot = g.lastBot
	if sender.isBot() {
		g.lastBot = sender.id
	}
}

// sees reports whether a message of a group is shown to u. Only from bots is
// anything hidden: what other bots write, and, of those whose privacy mode is on
// and who are no administrators, whatever is not meant for them
// (https://core.telegram.org/bots/features#privacy-mode). A command that names
// nobody is for the bot that has written last; if none has, it is for all, as
// BotFather says of those that begin with a slash.
func (w *world) sees(u *user, m *message) bool {
	if !u.isBot() || m.from == u.id || m.action != nil || m.to.kind == peerUser {
		return true
	}
	if m.to.kind == peerChannel && w.channels[m.to.id].broadcast {
		return true
	}
	switch sender := w.users[m.from]; {
	case sender.isBot():
		return false
	case u.bot.readsAll, w.isAdmin(u, m.to):
		return true
	}
	if to := m.replyTo(); to != nil {
		if answered := w.users[to.from]; answered.isBot() {
			return answered == u // a reply is stronger than all else
		}
	}
	return w.meantFor(u, m)
}

// meantFor reports whether a message names u, or begins with a command for it.
func (w *world) meantFor(u *user, m *message) bool {
	return slices.ContainsFunc(m.entities, func(e tg.MessageEntityClass) bool {
		switch e := e.(type) {
		case *tg.MessageEntityMentionName:
			return e.UserID == u.id
		case *tg.MessageEntityMention:
			return strings.EqualFold(slice(m.text, e.Offset+1, e.Length-1), u.username)
		case *tg.MessageEntityBotCommand:
			_, name, named := strings.Cut(slice(m.text, e.Offset, e.Length), "@")
			switch {
			case named:
				return strings.EqualFold(name, u.username)
			case e.Offset == 0:
				return m.lastBot == u.id || m.lastBot == 0
			}
		}
		return false
	})
}

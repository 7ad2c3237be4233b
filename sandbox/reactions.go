package sandbox

import (
	"cmp"
	"slices"
	"strings"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(sendReaction)
	register(getMessagesReactions)
	register(getMessageReactionsList)
	register(setChatAvailableReactions)
}

// reactionEmoji are the reactions that everybody may give.
var reactionEmoji = strings.Fields(
	"👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 " +
		"👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡")

// A reaction is what one user has reacted with.
type reaction struct {
	user  *user
	emoji string
	date  int32
	big   bool
}

func sendReaction(c *call, q *tg.MessagesSendReaction) (tg.UpdatesClass, error) {
	e, err := c.findMessage(q.Peer, q.MsgID)
	switch {
	case err != nil:
		return nil, err
	case e.action != nil:
		return nil, errMessageInvalid
	case len(q.Reaction) > 1:
		return nil, refusal(400, "REACTIONS_TOO_MANY")
	}
	if p := e.peer; p.kind == peerChannel {
		ch := c.world().channels[p.id]
		switch b := c.world().ban(ch, c.user); {
		case ch.members[c.user.id] == nil:
			return nil, errWriteForbidden
		case b != nil && b.rights.SendReactions, ch.limits.SendReactions && !c.world().isAdmin(c.user, p):
			return nil, errWriteForbidden
		}
	}
	emoji := ""
	if len(q.Reaction) == 1 {
		if emoji, err = c.reaction(e.peer, q.Reaction[0]); err != nil {
			return nil, err
		}
	}
	i := slices.IndexFunc(e.reactions, func(r reaction) bool { return r.user == c.user })
	switch {
	case i < 0 && emoji == "", i >= 0 && e.reactions[i].emoji == emoji:
		return nil, refusal(400, "MESSAGE_NOT_MODIFIED")
	}
	before := ""
	if i >= 0 {
		before = e.reactions[i].emoji
		e.reactions = slices.Delete(e.reactions, i, i+1)
	}
	if emoji != "" {
		e.reactions = append(e.reactions, reaction{c.user, emoji, c.world().unix(), q.Big})
	}
	c.reacted(e.message)
	c.tellOfReaction(e, before, emoji)
	return c.updates(c.user), nil
}

// reaction returns the emoji of a reaction that may be given at p.
func (c *call) reaction(p peerKey, in tg.ReactionClass) (string, error) {
	switch in := in.(type) {
	case *tg.ReactionEmpty:
		return "", nil
	case *tg.ReactionCustomEmoji:
		return "", refusal(403, "PREMIUM_ACCOUNT_REQUIRED")
	case *tg.ReactionEmoji:
		emoji := strings.ReplaceAll(in.Emoticon, "\ufe0f", "")
		if slices.Contains(reactionEmoji, emoji) && c.reactionAllowed(p, emoji) {
			return emoji, nil
		}
	}
	return "", refusal(400, "REACTION_INVALID")
}

func (c *call) reactionAllowed(p peerKey, emoji string) bool {
	g := c.world().group(p)
	if g == nil {
		return true
	}
	switch allowed := g.reactions.(type) {
	case *tg.ChatReactionsNone:
		return false
	case *tg.ChatReactionsSome:
		return slices.ContainsFunc(allowed.Reactions, func(r tg.ReactionClass) bool {
			one, ok := r.(*tg.ReactionEmoji)
			return ok && one.Emoticon == emoji
		})
	}
	return true
}

// reacted tells all who have a copy of m of its reactions.
func (c *call) reacted(m *message) {
	w := c.world()
	tell := func(u *user, e *entry) {
		if u.isBot() {
			return // bots are told by tellOfReaction
		}
		update := &tg.UpdateMessageReactions{Peer: e.peer.object(), MsgID: e.id, Reactions: tg.MessageReactions{Results: []tg.ReactionCount{}}}
		if r := w.reactionsObject(u, m); r != nil {
			update.Reactions = *r
		}
		c.tell(u, update, e.peer)
		for _, r := range m.reactions {
			c.batch(u).seen.add(r.user.key())
		}
	}
	for owner, id := range m.copies {
		if owner != 0 {
			if u := w.users[owner]; u.box.get(id) != nil {
				tell(u, u.box.get(id))
			}
			continue
		}
		ch := w.channels[m.to.id]
		for u := range w.online(ch) {
			tell(u, ch.box.get(id))
		}
	}
}

// Lists of who has reacted.
const (
	recentReactions = 3
	maxReactors     = 100
)

// reactionsObject returns the reactions to a message, nil without any.
func (w *world) reactionsObject(viewer *user, m *message) *tg.MessageReactions {
	if len(m.reactions) == 0 {
		return nil
	}
	list := m.to.kind != peerChannel || !w.channels[m.to.id].broadcast
	out := &tg.MessageReactions{CanSeeList: list, Results: []tg.ReactionCount{}}
	for _, r := range m.reactions {
		i := slices.IndexFunc(out.Results, func(n tg.ReactionCount) bool {
			return n.Reaction.(*tg.ReactionEmoji).Emoticon == r.emoji
		})
		if i < 0 {
			i = len(out.Results)
			out.Results = append(out.Results, tg.ReactionCount{Reaction: &tg.ReactionEmoji{Emoticon: r.emoji}})
		}
		out.Results[i].Count++
		if r.user == viewer {
			out.Results[i].ChosenOrder = tl.Some[int32](0)
		}
	}
	slices.SortStableFunc(out.Results, func(a, b tg.ReactionCount) int { return cmp.Compare(b.Count, a.Count) })
	if list {
		for _, r := range slices.Backward(m.reactions[max(0, len(m.reactions)-recentReactions):]) {
			out.RecentReactions = append(out.RecentReactions, reactor(viewer, r))
		}
	}
	return out
}

func reactor(viewer *user, r reaction) tg.MessagePeerReaction {
	return tg.MessagePeerReaction{
		Big: r.big, My: r.user == viewer, PeerID: r.user.key().object(), Date: r.date,
		Reaction: &tg.ReactionEmoji{Emoticon: r.emoji},
	}
}

func getMessagesReactions(c *call, q *tg.MessagesGetMessagesReactions) (tg.UpdatesClass, error) {
	out := &tg.Updates{Date: c.world().unix(), Updates: []tg.UpdateClass{}}
	var seen refs
	for _, id := range q.ID {
		e, err := c.findMessage(q.Peer, id)
		if err != nil {
			return nil, err
		}
		seen.entry(e)
		if r := c.world().reactionsObject(c.user, e.message); r != nil {
			out.Updates = append(out.Updates, &tg.UpdateMessageReactions{Peer: e.peer.object(), MsgID: id, Reactions: *r})
		}
	}
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

// getMessageReactionsList serves messages.getMessageReactionsList, newest
// first. The offset is the number of those that came before.
func getMessageReactionsList(c *call, q *tg.MessagesGetMessageReactionsList) (*tg.MessagesMessageReactionsList, error) {
	e, err := c.findMessage(q.Peer, q.ID)
	if err != nil {
		return nil, err
	}
	if e.peer.kind == peerChannel && c.world().channels[e.peer.id].broadcast {
		return nil, refusal(403, "BROADCAST_FORBIDDEN")
	}
	var all []reaction
	for _, r := range slices.Backward(e.reactions) {
		if want, ok := q.Reaction.(*tg.ReactionEmoji); !ok || want.Emoticon == r.emoji {
			all = append(all, r)
		}
	}
	out := &tg.MessagesMessageReactionsList{Count: int32(len(all)), Reactions: []tg.MessagePeerReaction{}}
	part, next, err := pageOf(all, q.Offset.Or(""), q.Limit, maxReactors)
	if err != nil {
		return nil, err
	}
	var seen refs
	seen.add(e.peer)
	for _, r := range part {
		seen.add(r.user.key())
		out.Reactions = append(out.Reactions, reactor(c.user, r))
	}
	out.NextOffset = text(next)
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

func setChatAvailableReactions(c *call, q *tg.MessagesSetChatAvailableReactions) (tg.UpdatesClass, error) {
	p, err := c.findGroup(q.Peer, actChangeInfo)
	if err != nil {
		return nil, err
	}
	c.world().group(p).reactions = q.AvailableReactions
	c.groupChanged(p)
	return c.updates(c.user), nil
}

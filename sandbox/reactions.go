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

// An emotion is what one reacts with: an emoji or, of those that users make, a
// document.
type emotion struct {
	emoji    string
	document int64
}

func (e emotion) object() tg.ReactionClass {
	if e.document != 0 {
		return &tg.ReactionCustomEmoji{DocumentID: e.document}
	}
	return &tg.ReactionEmoji{Emoticon: e.emoji}
}

// emotionOf reads what a client reacts with; not ok if it is no emotion.
func emotionOf(in tg.ReactionClass) (e emotion, ok bool) {
	switch in := in.(type) {
	case *tg.ReactionEmoji:
		return emotion{emoji: strings.ReplaceAll(in.Emoticon, "\ufe0f", "")}, true
	case *tg.ReactionCustomEmoji:
		return emotion{document: in.DocumentID}, true
	}
	return emotion{}, false
}

// A reaction is what one user has reacted with, one of several maybe.
type reaction struct {
	user *user
	with emotion
	date int32
	big  bool

	unread bool // the message's author has not seen it
}

// How many reactions to one message a user may have, as the settings
// reactions_user_max_default and reactions_user_max_premium say.
const (
	maxReactions       = 1
	maxReactionsPaying = 3
)

func sendReaction(c *call, q *tg.MessagesSendReaction) (tg.UpdatesClass, error) {
	e, err := c.findMessage(q.Peer, q.MsgID)
	most := maxReactions
	if c.user.premium {
		most = maxReactionsPaying
	}
	switch {
	case err != nil:
		return nil, err
	case e.action != nil:
		return nil, errMessageInvalid
	case len(q.Reaction) > most:
		return nil, refusal(400, "REACTIONS_TOO_MANY")
	}
	if err := c.mayReact(e.peer); err != nil {
		return nil, err
	}
	chosen, err := c.emotions(e.peer, q.Reaction)
	if err != nil {
		return nil, err
	}
	before := emotionsOf(c.user, e.message)
	if slices.Equal(before, chosen) {
		return nil, refusal(400, "MESSAGE_NOT_MODIFIED")
	}
	e.reactions = slices.DeleteFunc(e.reactions, func(r reaction) bool { return r.user == c.user })
	written, _ := c.world().written(e.message)
	unread := written != nil && e.from != c.user.id
	for _, with := range chosen {
		e.reactions = append(e.reactions, reaction{c.user, with, c.world().unix(), q.Big, unread})
	}
	c.world().noteReactions(e.message)
	c.reacted(e.message)
	c.tellOfReaction(e, before, chosen)
	return c.updates(c.user), nil
}

func (c *call) mayReact(p peerKey) error {
	if p.kind != peerChannel {
		return nil
	}
	ch := c.world().channels[p.id]
	switch b := c.world().ban(ch, c.user); {
	case ch.members[c.user.id] == nil:
		return errWriteForbidden
	case b != nil && b.rights.SendReactions, ch.limits.SendReactions && !c.world().isAdmin(c.user, p):
		return errWriteForbidden
	}
	return nil
}

// emotionsOf returns what a user has reacted to a message with, in its order.
func emotionsOf(u *user, m *message) (out []emotion) {
	for _, r := range m.reactions {
		if r.user == u {
			out = append(out, r.with)
		}
	}
	return out
}

// emotions returns what the caller may react with at p.
func (c *call) emotions(p peerKey, list []tg.ReactionClass) (out []emotion, err error) {
	for _, in := range list {
		if _, none := in.(*tg.ReactionEmpty); none {
			continue
		}
		with, ok := emotionOf(in)
		if !ok || slices.Contains(out, with) {
			return nil, errReaction
		}
		if err := c.mayReactWith(p, with); err != nil {
			return nil, err
		}
		out = append(out, with)
	}
	return out, nil
}

var errReaction = refusal(400, "REACTION_INVALID")

// mayReactWith tells whether the caller may react with something at p. Of the
// emoji that users make, everybody may use those that a chat lists, and the
// others who pays, where they are allowed
// (https://core.telegram.org/api/reactions).
func (c *call) mayReactWith(p peerKey, with emotion) error {
	custom := with.document != 0
	switch {
	case custom && c.world().customEmoji(with.document) == nil:
		return refusal(400, "DOCUMENT_INVALID")
	case !custom && !slices.Contains(reactionEmoji, with.emoji):
		return errReaction
	}
	listed, others := false, true
	if g := c.world().group(p); g != nil {
		switch allowed := g.reactions.(type) {
		case *tg.ChatReactionsNone:
			others = false
		case *tg.ChatReactionsSome:
			others = false
			listed = slices.ContainsFunc(allowed.Reactions, func(r tg.ReactionClass) bool {
				one, ok := emotionOf(r)
				return ok && one == with
			})
		case *tg.ChatReactionsAll:
			others = !custom || allowed.AllowCustom
		default:
			others = !custom
		}
	}
	switch {
	case listed:
		return nil
	case !others:
		return errReaction
	case custom && !c.user.premium:
		return refusal(403, "PREMIUM_ACCOUNT_REQUIRED")
	}
	return nil
}

// reacted tells all who have a copy of m of its reactions.
func (c *call) reacted(m *message) {
	w := c.world()
	tell := func(u *user, e *entry) {
		if u.isBot() {
			return // bots are told by tellOfReaction
		}
		update := &tg.UpdateMessageReactions{
			Peer: e.peer.object(), MsgID: e.id, TopMsgID: w.topicOf(e), Reactions: tg.MessageReactions{Results: []tg.ReactionCount{}},
		}
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
	at, own := make(map[emotion]int), 0
	for _, r := range m.reactions {
		i, seen := at[r.with]
		if !seen {
			i = len(out.Results)
			at[r.with] = i
			out.Results = append(out.Results, tg.ReactionCount{Reaction: r.with.object()})
		}
		out.Results[i].Count++
		if r.user == viewer {
			out.Results[i].ChosenOrder = tl.Some(int32(own))
			own++
		}
	}
	slices.SortStableFunc(out.Results, func(a, b tg.ReactionCount) int { return cmp.Compare(b.Count, a.Count) })
	if list {
		for _, r := range slices.Backward(m.reactions[max(0, len(m.reactions)-recentReactions):]) {
			out.RecentReactions = append(out.RecentReactions, m.reactor(viewer, r))
		}
	}
	return out
}

// reactor tells who has reacted to m, as the viewer sees it.
func (m *message) reactor(viewer *user, r reaction) tg.MessagePeerReaction {
	return tg.MessagePeerReaction{
		Big: r.big, My: r.user == viewer, Unread: r.unread && viewer.id == m.from, PeerID: r.user.key().object(), Date: r.date,
		Reaction: r.with.object(),
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
			out.Updates = append(out.Updates, &tg.UpdateMessageReactions{
				Peer: e.peer.object(), MsgID: id, TopMsgID: c.world().topicOf(e), Reactions: *r,
			})
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
	want, one := emotionOf(q.Reaction)
	for _, r := range slices.Backward(e.reactions) {
		if !one || want == r.with {
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
		out.Reactions = append(out.Reactions, e.reactor(c.user, r))
	}
	out.NextOffset = text(next)
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

// reactionsOf returns which reactions a group allows, as it was never asked to
// say otherwise.
func reactionsOf(g *group) tg.ChatReactionsClass {
	if g.reactions == nil {
		return &tg.ChatReactionsAll{}
	}
	return g.reactions
}

func setChatAvailableReactions(c *call, q *tg.MessagesSetChatAvailableReactions) (tg.UpdatesClass, error) {
	p, err := c.findGroup(q.Peer, actChangeInfo)
	if err != nil {
		return nil, err
	}
	g := c.world().group(p)
	c.log(p, logSettings, &tg.ChannelAdminLogEventActionChangeAvailableReactions{
		PrevValue: reactionsOf(g), NewValue: q.AvailableReactions,
	})
	g.reactions = q.AvailableReactions
	c.groupChanged(p)
	return c.updates(c.user), nil
}

package sandbox

import (
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getState)
	register(getDifference)
	register(getChannelDifference)
}

// Sizes of differences (R-UP-25, R-UP-32).
const (
	maxDifference           = 100
	maxChannelDifference    = 100
	maxBotChannelDifference = 100_000
	pollSeconds             = 30 // after which to ask again for a channel that is not joined
)

// seq is the seq of every account: nothing here is counted by it, so that all
// updates carry seq 0 (R-UP-13).
const seq = 1

var (
	errPtsEmpty   = refusal(400, "PERSISTENT_TIMESTAMP_EMPTY")
	errPtsInvalid = refusal(400, "PERSISTENT_TIMESTAMP_INVALID")
)

// state is where the caller's common box stands (R-UP-10).
func (c *call) state() *tg.UpdatesState {
	unread := 0
	for _, d := range c.user.dialogs {
		if c.world().listed(c.user, d) {
			unread += c.world().unread(c.user, d)
		}
	}
	return &tg.UpdatesState{
		Pts: int32(c.user.box.pts), Qts: c.user.qts(), Date: c.world().unix(), Seq: seq, UnreadCount: int32(unread),
	}
}

func getState(c *call, _ *tg.UpdatesGetState) (*tg.UpdatesState, error) { return c.state(), nil }

// A difference is what has happened in a box, ready to be told.
type difference struct {
	messages []tg.MessageClass
	updates  []tg.UpdateClass
	seen     refs
}

// getDifference serves updates.getDifference (R-UP-21, R-UP-22).
func getDifference(c *call, q *tg.UpdatesGetDifference) (tg.UpdatesDifferenceClass, error) {
	b := &c.user.box
	pts := int(q.Pts)
	switch {
	case pts < 1:
		return nil, errPtsEmpty
	case pts > b.pts:
		return nil, errPtsInvalid
	}
	limit := maxDifference
	if asked := int(q.PtsLimit.Or(0)); asked > 0 {
		limit = min(limit, asked)
	}
	events, more, ok := b.since(pts, limit)
	if total := q.PtsTotalLimit; !ok || total.Set && b.pts-pts > int(total.Value) {
		return &tg.UpdatesDifferenceTooLong{Pts: int32(b.pts)}, nil
	}
	w := c.world()
	diff := c.difference(b, c.user.id, events)
	if !more {
		for _, ev := range c.user.botEvents(q.Qts) {
			diff.updates = append(diff.updates, ev.update)
			diff.seen.add(ev.seen...)
		}
		c.changedChannels(diff, q.Date)
	}
	if len(diff.messages) == 0 && len(diff.updates) == 0 && !more && pts == b.pts {
		return &tg.UpdatesDifferenceEmpty{Date: w.unix(), Seq: seq}, nil
	}
	state := *c.state()
	users, chats := w.userObjects(c.user, &diff.seen), w.chatObjects(c.user, &diff.seen)
	if more {
		state.Pts, state.Qts = int32(events[len(events)-1].pts), q.Qts
		return &tg.UpdatesDifferenceSlice{
			NewMessages: diff.messages, OtherUpdates: diff.updates, Users: users, Chats: chats, IntermediateState: state,
		}, nil
	}
	return &tg.UpdatesDifference{
		NewMessages: diff.messages, OtherUpdates: diff.updates, Users: users, Chats: chats, State: state,
	}, nil
}

// changedChannels adds the channels of the caller that have changed since a
// date, for which it has to ask one by one (R-UP-31).
func (c *call) changedChannels(diff *difference, since int32) {
	for _, ch := range c.joined() {
		if ch.changed >= since {
			diff.updates = append(diff.updates, &tg.UpdateChannelTooLong{ChannelID: ch.id, Pts: tl.Some(int32(ch.box.pts))})
			diff.seen.add(ch.key())
		}
	}
}

// joined returns the channels that the caller is in, by id.
func (c *call) joined() []*channel {
	var all []*channel
	for p := range c.user.dialogs {
		if ch := c.world().channels[p.id]; p.kind == peerChannel && ch != nil && ch.members[c.user.id] != nil {
			all = append(all, ch)
		}
	}
	slices.SortFunc(all, func(a, b *channel) int { return int(a.id - b.id) })
	return all
}

// difference renders events of a box whose owner has the given id, 0 for a
// channel.
func (c *call) difference(b *box, owner int64, events []event) *difference {
	diff := &difference{messages: []tg.MessageClass{}, updates: []tg.UpdateClass{}}
	for _, ev := range events {
		switch ev.kind {
		case eventNew:
			if e := b.get(ev.id); e != nil && c.world().sees(c.user, e.message) {
				diff.seen.entry(e)
				diff.messages = append(diff.messages, c.world().messageObject(c.user, owner, e))
			}
		case eventEdit:
			if e := b.get(ev.id); e != nil && c.world().sees(c.user, e.message) {
				diff.seen.entry(e)
				diff.updates = append(diff.updates, c.editUpdate(owner, e, ev))
			}
		case eventPin, eventUnpin:
			diff.seen.add(ev.peer)
			diff.updates = append(diff.updates, pinUpdate(ev))
		case eventFolder:
			for _, one := range ev.folders {
				diff.seen.peer(one.Peer)
			}
			diff.updates = append(diff.updates, folderUpdate(ev))
		case eventReadContents:
			diff.updates = append(diff.updates, contentsUpdate(ev))
		case eventDelete:
			diff.updates = append(diff.updates, deleteUpdate(ev))
		case eventReadInbox:
			diff.seen.add(ev.peer)
			diff.updates = append(diff.updates, readInbox(ev.peer, ev.maxID, ev.unread, ev.pts))
		case eventReadOutbox:
			diff.seen.add(ev.peer)
			diff.updates = append(diff.updates, readOutbox(ev.peer, ev.maxID, ev.pts))
		}
	}
	return diff
}

// getChannelDifference serves updates.getChannelDifference (R-UP-25, R-UP-26).
func getChannelDifference(c *call, q *tg.UpdatesGetChannelDifference) (tg.UpdatesChannelDifferenceClass, error) {
	ch, err := c.readable(q.Channel)
	if err != nil {
		return nil, err
	}
	b := &ch.box
	pts := int(q.Pts)
	switch {
	case pts < 1:
		return nil, errPtsEmpty
	case pts > b.pts:
		return nil, errPtsInvalid
	case pts == b.pts:
		return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: q.Pts, Timeout: tl.Some[int32](pollSeconds)}, nil
	}
	most := maxChannelDifference
	if c.user.isBot() {
		most = maxBotChannelDifference
	}
	events, more, ok := b.since(pts, max(1, min(int(q.Limit), most)))
	if !ok {
		return c.channelTooLong(ch), nil
	}
	w := c.world()
	diff := c.difference(b, 0, events)
	diff.seen.add(ch.key())
	return &tg.UpdatesChannelDifference{
		Final: !more, Pts: int32(events[len(events)-1].pts), Timeout: tl.Some[int32](pollSeconds),
		NewMessages: diff.messages, OtherUpdates: diff.updates,
		Users: w.userObjects(c.user, &diff.seen), Chats: w.chatObjects(c.user, &diff.seen),
	}, nil
}

// channelTooLong has the caller begin again with the newest message.
func (c *call) channelTooLong(ch *channel) tg.UpdatesChannelDifferenceClass {
	d := c.user.dialogs[ch.key()]
	if d == nil {
		d = &dialog{peer: ch.key()}
	}
	list := c.dialogList([]*dialog{d})
	return &tg.UpdatesChannelDifferenceTooLong{
		Final: true, Timeout: tl.Some[int32](pollSeconds),
		Dialog: list.dialogs[0], Messages: list.messages, Chats: list.chats, Users: list.users,
	}
}

// editUpdate tells of an edit in a box.
func (c *call) editUpdate(owner int64, e *entry, ev event) tg.UpdateClass {
	m := c.world().messageObject(c.user, owner, e)
	if owner == 0 {
		return &tg.UpdateEditChannelMessage{Message: m, Pts: int32(ev.pts), PtsCount: int32(ev.count)}
	}
	return &tg.UpdateEditMessage{Message: m, Pts: int32(ev.pts), PtsCount: int32(ev.count)}
}

// deleteUpdate tells of messages that were deleted from a box.
func deleteUpdate(ev event) tg.UpdateClass {
	if ev.peer.kind == peerChannel {
		return &tg.UpdateDeleteChannelMessages{
			ChannelID: ev.peer.id, Messages: ev.ids, Pts: int32(ev.pts), PtsCount: int32(ev.count),
		}
	}
	return &tg.UpdateDeleteMessages{Messages: ev.ids, Pts: int32(ev.pts), PtsCount: int32(ev.count)}
}

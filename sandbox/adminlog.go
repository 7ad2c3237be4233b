package sandbox

import (
	"slices"
	"strings"

	"godwit/tg"
)

func init() {
	register(getAdminLog)
}

// Limits of the log of a supergroup or channel.
const (
	logKept    = 48 * 3600 // seconds, as https://core.telegram.org/api/recent-actions says
	maxLogged  = 20_000
	maxLogPage = 100
)

// A logKind is what a filter of the log asks for.
type logKind uint8

const (
	logJoin logKind = iota
	logLeave
	logInvite
	logBan
	logUnban
	logKick
	logUnkick
	logPromote
	logDemote
	logInfo
	logSettings
	logPinned
	logEdit
	logDelete
	logInvites
	logSend
	logForums
)

// wanted tells whether a filter lets a kind of event through.
func (k logKind) wanted(f *tg.ChannelAdminLogEventsFilter) bool {
	return f == nil || [...]bool{
		logJoin: f.Join, logLeave: f.Leave, logInvite: f.Invite, logBan: f.Ban, logUnban: f.Unban, logKick: f.Kick,
		logUnkick: f.Unkick, logPromote: f.Promote, logDemote: f.Demote, logInfo: f.Info, logSettings: f.Settings,
		logPinned: f.Pinned, logEdit: f.Edit, logDelete: f.Delete, logInvites: f.Invites, logSend: f.Send, logForums: f.Forums,
	}[k]
}

// An adminEvent is what somebody has done in a supergroup or channel, for its
// administrators to read.
type adminEvent struct {
	id   int64
	date int32
	by   *user
	kind logKind
	text string // to be searched, in lower case
	seen refs   // whom it mentions
	// action is what has been done, as the viewer sees it.
	action func(viewer *user) tg.ChannelAdminLogEventActionClass
}

// record enters an event into the log of a supergroup or channel. Basic groups
// have none.
func (c *call) record(p peerKey, e adminEvent) {
	w := c.world()
	ch := w.channels[p.id]
	if p.kind != peerChannel || ch == nil {
		return
	}
	w.lastLogged++
	e.id, e.date = w.lastLogged, w.unix()
	if e.by == nil {
		e.by = c.user
	}
	e.seen.add(e.by.key(), p)
	if len(ch.log) >= maxLogged {
		ch.log = slices.Delete(ch.log, 0, maxLogged/2)
	}
	ch.log = append(ch.log, e)
}

// log enters what is the same for everybody who reads it.
func (c *call) log(p peerKey, kind logKind, action tg.ChannelAdminLogEventActionClass, text ...string) {
	c.record(p, adminEvent{
		kind: kind, text: strings.ToLower(strings.Join(text, " ")),
		action: func(*user) tg.ChannelAdminLogEventActionClass { return action },
	})
}

// logPhoto enters a change of the photo.
func (c *call) logPhoto(p peerKey, before *file) {
	w := c.world()
	now := w.group(p).photo
	c.record(p, adminEvent{kind: logInfo, action: func(viewer *user) tg.ChannelAdminLogEventActionClass {
		return &tg.ChannelAdminLogEventActionChangePhoto{
			PrevPhoto: w.wholePhoto(viewer, before), NewPhoto: w.wholePhoto(viewer, now),
		}
	}})
}

// snapshot returns a message as it is now, whatever becomes of it.
func snapshot(e *entry) *entry {
	m, out := *e.message, *e
	m.entities = slices.Clone(e.entities)
	out.message = &m
	return &out
}

// logMessage enters what was done with a message. action is given the message as it
// was when it was logged.
func (c *call) logMessage(kind logKind, e *entry, action func(tg.MessageClass) tg.ChannelAdminLogEventActionClass) {
	if e == nil || e.peer.kind != peerChannel {
		return
	}
	w, then := c.world(), snapshot(e)
	event := adminEvent{kind: kind, text: strings.ToLower(e.text)}
	event.seen.entry(then)
	event.action = func(viewer *user) tg.ChannelAdminLogEventActionClass { return action(w.messageObject(viewer, 0, then)) }
	c.record(e.peer, event)
}

// logEdited enters that a message has changed from what it was.
func (c *call) logEdited(before, e *entry) {
	w := c.world()
	c.logMessage(logEdit, e, func(now tg.MessageClass) tg.ChannelAdminLogEventActionClass {
		// Which administrators see the message does not matter to what it said.
		return &tg.ChannelAdminLogEventActionEditMessage{
			PrevMessage: w.messageObject(w.service, 0, before), NewMessage: now,
		}
	})
}

// removeLogged is removeChannel, and enters what it deletes in the log.
func (c *call) removeLogged(ch *channel, ids []int32) int {
	for _, id := range ids {
		c.logMessage(logDelete, ch.box.get(id), func(m tg.MessageClass) tg.ChannelAdminLogEventActionClass {
			return &tg.ChannelAdminLogEventActionDeleteMessage{Message: m}
		})
	}
	return c.removeChannel(ch, ids)
}

// logMember returns what logs a change of somebody's standing in a supergroup or
// channel, to be called after it with what kind of change it was.
func (c *call) logMember(p peerKey, u *user) func(kind logKind) {
	before := c.standing(p, u).inLog(u)
	return func(kind logKind) {
		now := c.standing(p, u).inLog(u)
		var action tg.ChannelAdminLogEventActionClass
		switch kind {
		case logInvite:
			action = &tg.ChannelAdminLogEventActionParticipantInvite{Participant: now}
		case logPromote, logDemote:
			action = &tg.ChannelAdminLogEventActionParticipantToggleAdmin{PrevParticipant: before, NewParticipant: now}
		default:
			action = &tg.ChannelAdminLogEventActionParticipantToggleBan{PrevParticipant: before, NewParticipant: now}
		}
		e := adminEvent{kind: kind, action: func(*user) tg.ChannelAdminLogEventActionClass { return action }}
		e.seen.add(u.key())
		c.record(p, e)
	}
}

// inLog is a standing as the log has it, who is not in the channel included.
func (s standing) inLog(u *user) tg.ChannelParticipantClass {
	if s.channel == nil {
		return &tg.ChannelParticipantLeft{Peer: u.key().object()}
	}
	return s.channel
}

// getAdminLog serves channels.getAdminLog: the newest first.
func getAdminLog(c *call, q *tg.ChannelsGetAdminLog) (*tg.ChannelsAdminLogResults, error) {
	ch, err := c.readable(q.Channel)
	switch {
	case err != nil:
		return nil, err
	case !c.world().isAdmin(c.user, ch.key()):
		return nil, errAdminRequired
	}
	var by map[*user]bool
	for _, in := range q.Admins {
		u, err := c.findUser(in)
		if err != nil {
			return nil, err
		}
		if by == nil {
			by = make(map[*user]bool)
		}
		by[u] = true
	}
	limit := int(q.Limit)
	if limit <= 0 || limit > maxLogPage {
		limit = maxLogPage
	}
	text := strings.ToLower(strings.TrimSpace(q.Q))
	out := &tg.ChannelsAdminLogResults{Events: []tg.ChannelAdminLogEvent{}}
	var seen refs
	for _, e := range slices.Backward(ch.log) {
		switch {
		case len(out.Events) == limit, e.id <= q.MinID, e.date < c.world().unix()-logKept:
			return c.logged(out, &seen), nil
		case q.MaxID != 0 && e.id >= q.MaxID, by != nil && !by[e.by], !e.kind.wanted(q.EventsFilter), !c.world().says(&e, text):
			continue
		}
		out.Events = append(out.Events, tg.ChannelAdminLogEvent{ID: e.id, Date: e.date, UserID: e.by.id, Action: e.action(c.user)})
		for p := range e.seen {
			seen.add(p)
		}
	}
	return c.logged(out, &seen), nil
}

// says tells whether an event has to do with a text, which is in lower case: by
// what it says or whom it mentions.
func (w *world) says(e *adminEvent, text string) bool {
	if text == "" || strings.Contains(e.text, text) {
		return true
	}
	for p := range e.seen {
		if u := w.users[p.id]; p.kind == peerUser && u != nil && matches(u, text) {
			return true
		}
	}
	return false
}

// logged completes a page of the log.
func (c *call) logged(out *tg.ChannelsAdminLogResults, seen *refs) *tg.ChannelsAdminLogResults {
	out.Users, out.Chats = c.world().userObjects(c.user, seen), c.world().chatObjects(c.user, seen)
	return out
}

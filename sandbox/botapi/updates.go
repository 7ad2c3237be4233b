package botapi

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/tg"
)

// Kinds of updates, as the server orders them. Those that only come when they
// are asked for are told apart.
var (
	updateKinds = []string{
		"message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member", "chat_member",
		"message_reaction",
	}
	askedFor = []string{"chat_member", "message_reaction"}
)

func defaultAllowed() map[string]bool {
	all := make(map[string]bool)
	for _, kind := range updateKinds {
		all[kind] = !slices.Contains(askedFor, kind)
	}
	return all
}

// retention is for how long updates are kept
// (https://core.telegram.org/bots/api#getting-updates), in seconds.
const retention = 24 * 3600

// Lanes of webhooks: updates of one are delivered in order. Those of a chat's
// messages have the chat's id.
const (
	laneCallback = int64(3) << 33
	laneMine     = int64(5) << 33
	laneMember   = int64(6) << 33
	laneReaction = int64(8) << 33
)

// allow sets which kinds of updates are wanted from now on, if a request says
// so.
func (q *request) allow() {
	var list []string
	if json.Unmarshal([]byte(q.args["allowed_updates"]), &list) != nil {
		return
	}
	wanted := make(map[string]bool)
	for _, kind := range list {
		if kind = strings.ToLower(kind); slices.Contains(updateKinds, kind) {
			wanted[kind] = true
		}
	}
	if len(wanted) == 0 {
		wanted = defaultAllowed()
	}
	q.b.mu.Lock()
	defer q.b.mu.Unlock()
	q.b.allowed = wanted
}

// convert makes updates of what the bot has been told.
func (b *bot) convert(ctx context.Context) {
	b.converting.Lock()
	defer b.converting.Unlock()
	for {
		b.mu.Lock()
		list := b.incoming
		b.incoming = nil
		b.expireLocked()
		b.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for _, u := range list {
			all, ok := u.updates.(*tg.Updates)
			if !ok {
				continue
			}
			b.learn(all.Users, all.Chats)
			for _, one := range all.Updates {
				if u.missed || !b.known(one) {
					b.convertOne(ctx, one)
				}
			}
		}
	}
}

// known reports whether an update that was pushed has been caught up with.
func (b *bot) known(in tg.UpdateClass) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	qts := int32(math.MaxInt32)
	switch u := in.(type) {
	case *tg.UpdateNewMessage:
		h := headOf(u.Message)
		return h != nil && h.id <= b.caught.messages[0]
	case *tg.UpdateNewChannelMessage:
		h := headOf(u.Message)
		return h != nil && h.id <= b.caught.messages[h.chat]
	case *tg.UpdateBotStopped:
		qts = u.Qts
	case *tg.UpdateChatParticipant:
		qts = u.Qts
	case *tg.UpdateChannelParticipant:
		qts = u.Qts
	case *tg.UpdateBotMessageReaction:
		qts = u.Qts
	}
	return qts <= b.caught.qts
}

// expireLocked forgets what is too old.
func (b *bot) expireLocked() {
	now := b.s.now()
	b.queue = slices.DeleteFunc(b.queue, func(u *update) bool { return u.expires <= now })
}

func (b *bot) convertOne(ctx context.Context, in tg.UpdateClass) {
	switch u := in.(type) {
	case *tg.UpdateNewMessage:
		b.addMessage(ctx, u.Message, false)
	case *tg.UpdateNewChannelMessage:
		b.addMessage(ctx, u.Message, false)
	case *tg.UpdateEditMessage:
		b.addMessage(ctx, u.Message, true)
	case *tg.UpdateEditChannelMessage:
		b.addMessage(ctx, u.Message, true)
	case *tg.UpdateBotCallbackQuery:
		b.addCallback(ctx, u)
	case *tg.UpdateBotStopped:
		b.addStopped(u)
	case *tg.UpdateChatParticipant:
		b.addMember(-u.ChatID, u.ActorID, u.Date, member{u.UserID, u.PrevParticipant, nil}, member{u.UserID, u.NewParticipant, nil})
	case *tg.UpdateChannelParticipant:
		b.addMember(channelChatID(u.ChannelID), u.ActorID, u.Date,
			member{u.UserID, nil, u.PrevParticipant}, member{u.UserID, nil, u.NewParticipant})
	case *tg.UpdateBotMessageReaction:
		chatID := chatIDOfPeer(u.Peer)
		b.add("message_reaction", chatID+laneReaction, u.Date, &messageReaction{
			Chat: b.chatObject(chatID), MessageID: u.MsgID, User: b.userObject(chatIDOfPeer(u.Actor)), Date: u.Date,
			Old: reactionObjects(u.OldReactions), New: reactionObjects(u.NewReactions),
		})
	}
}

// add puts an update into the queue, if it is wanted and not too old.
func (b *bot) add(kind string, lane int64, date int32, body any) {
	raw, err := encode(body)
	if err != nil {
		b.s.log.Error("update cannot be encoded", "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	expires := int(date) + retention
	if !b.allowed[kind] || expires <= b.s.now() {
		return
	}
	b.last++
	b.queue = append(b.queue, &update{id: b.last, kind: kind, body: raw, expires: expires, lane: lane})
}

// addMessage tells of a message, unless it is the bot's own.
func (b *bot) addMessage(ctx context.Context, m tg.MessageClass, edited bool) {
	h := headOf(m)
	if h == nil || b.skips(h, m) {
		return
	}
	kind := "message"
	if c, ok := b.chat(h.chat).(*tg.Channel); ok && c.Broadcast {
		kind = "channel_post"
	}
	date := h.date
	if edited {
		kind = "edited_" + kind
		if full, ok := m.(*tg.Message); ok {
			date = full.EditDate.Or(date)
		}
	}
	b.add(kind, h.chat, date, b.message(ctx, m, true))
}

// skips tells whether a bot is not told of a message: of what it has written
// itself, and of groups that it is not in.
func (b *bot) skips(h *head, m tg.MessageClass) bool {
	service, isService := m.(*tg.MessageService)
	if h.out {
		if !isService {
			return true
		}
		switch service.Action.(type) {
		case *tg.MessageActionChatEditTitle, *tg.MessageActionChatDeleteUser, *tg.MessageActionPinMessage,
			*tg.MessageActionTopicCreate, *tg.MessageActionTopicEdit:
		default:
			return true
		}
	}
	switch c := b.chat(h.chat).(type) {
	case *tg.ChannelForbidden:
		return true
	case *tg.Channel:
		return c.Left
	}
	return false
}

func (b *bot) addCallback(ctx context.Context, u *tg.UpdateBotCallbackQuery) {
	chatID := chatIDOfPeer(u.Peer)
	out := &callbackQuery{
		ID: strconv.FormatInt(u.QueryID, 10), From: b.userObject(u.UserID),
		ChatInstance: strconv.FormatInt(u.ChatInstance, 10), Data: string(u.Data),
		Message: &message{ID: u.MsgID, Chat: b.chatObject(chatID)}, // one that cannot be had
	}
	if m, err := b.fetch(ctx, chatID, u.MsgID); err == nil {
		out.Message = b.message(ctx, m, true)
	}
	b.add("callback_query", u.UserID+laneCallback, int32(b.s.now()), out)
}

// addStopped tells that somebody has blocked the bot, or does not any more.
func (b *bot) addStopped(u *tg.UpdateBotStopped) {
	no := int32(0)
	me := b.userObject(b.id)
	kept, gone := &chatMember{User: me, Status: "member"}, &chatMember{User: me, Status: "kicked", UntilDate: &no}
	out := &chatMemberUpdated{Chat: b.chatObject(u.UserID), From: b.userObject(u.UserID), Date: u.Date, Old: kept, New: gone}
	if !u.Stopped {
		out.Old, out.New = gone, kept
	}
	b.add("my_chat_member", u.UserID+laneMine, u.Date, out)
}

func (b *bot) addMember(chatID, actor int64, date int32, before, now member) {
	p := &place{id: chatID}
	if c, ok := b.chat(chatID).(*tg.Channel); ok {
		p.channel = c
	}
	kind, lane := "chat_member", now.user+laneMember
	if now.user == b.id {
		kind, lane = "my_chat_member", chatID+laneMine
	}
	b.add(kind, lane, date, &chatMemberUpdated{
		Chat: b.chatObject(chatID), From: b.userObject(actor), Date: date,
		Old: b.memberObject(p, before), New: b.memberObject(p, now),
	})
}

// A poll is a getUpdates that waits.
type poll struct {
	ended chan error // has room for one
}

// endPoll ends a getUpdates that waits with an error.
func (b *bot) endPoll(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endPollLocked(err)
}

func (b *bot) endPollLocked(err error) {
	if b.poll != nil {
		b.poll.ended <- err
		b.poll = nil
	}
}

// longestPoll is how many seconds a getUpdates waits at most.
const longestPoll = 50

var (
	errHooked = refuse(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "+
		"webhook first")
	errOtherPoll = refuse(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
	errHookSet   = refuse(409, "Conflict: terminated by setWebhook request")
)

// getUpdates serves getUpdates.
func getUpdates(q *request) (any, error) {
	b := q.b
	offset := q.integer("offset", 0, math.MinInt32, math.MaxInt32)
	limit := q.integer("limit", 100, 1, 100)
	timeout := time.Duration(q.integer("timeout", 0, 0, longestPoll)) * time.Second
	p := &poll{ended: make(chan error, 1)}
	b.mu.Lock()
	if b.hook != nil {
		b.mu.Unlock()
		return nil, errHooked
	}
	b.mu.Unlock()
	q.allow()
	b.mu.Lock()
	b.confirmLocked(offset)
	if len(b.queue) > 0 || timeout == 0 {
		defer b.mu.Unlock()
		return b.updatesLocked(limit), nil
	}
	b.endPollLocked(errOtherPoll)
	b.poll = p
	b.mu.Unlock()
	if err := b.wait(q, p, timeout); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.poll == p {
		b.poll = nil
	}
	return b.updatesLocked(limit), nil
}

// wait returns when there are updates, or none after a time.
func (b *bot) wait(ctx context.Context, p *poll, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		b.mu.Lock()
		arrived := b.arrived
		b.mu.Unlock()
		b.convert(ctx)
		b.mu.Lock()
		some := len(b.queue) > 0
		b.mu.Unlock()
		if some {
			select {
			case err := <-p.ended:
				return err // another one gets them
			default:
				return nil
			}
		}
		select {
		case <-arrived:
		case <-timer.C:
			return nil
		case err := <-p.ended:
			return err
		case <-ctx.Done():
			b.mu.Lock()
			if b.poll == p {
				b.poll = nil
			}
			b.mu.Unlock()
			return ctx.Err()
		case <-b.s.ctx.Done():
			return errClosing
		}
	}
}

// farOffset is how far an offset may lie beyond the newest update and still
// confirm all of them.
const farOffset = 10

// confirmLocked forgets what an offset confirms: all before it, or all but the
// last so many if it is negative.
func (b *bot) confirmLocked(offset int) {
	switch {
	case offset < 0:
		b.queue = b.queue[max(0, len(b.queue)+offset):]
	case offset > b.last+1+farOffset:
	case offset > 0:
		b.queue = slices.DeleteFunc(b.queue, func(u *update) bool { return u.id < offset })
	}
}

func (b *bot) updatesLocked(limit int) []*update {
	return append([]*update{}, b.queue[:min(limit, len(b.queue))]...)
}

// clearLocked forgets all updates.
func (b *bot) clearLocked() { b.queue, b.incoming = nil, nil }

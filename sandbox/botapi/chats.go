package botapi

import (
	"context"
	"strconv"
	"strings"

	"godwit/tg"
	"godwit/tl"
)

// firstChannel is what ids of supergroups and channels begin at, towards
// smaller ones (https://core.telegram.org/api/bots/ids).
const firstChannel = -1_000_000_000_000

func channelChatID(id int64) int64 { return firstChannel - id }

// chatIDOf returns the chat id of a group or channel, 0 for what is none.
func chatIDOf(c tg.ChatClass) int64 {
	switch c := c.(type) {
	case *tg.Chat:
		return -c.ID
	case *tg.ChatForbidden:
		return -c.ID
	case *tg.Channel:
		return channelChatID(c.ID)
	case *tg.ChannelForbidden:
		return channelChatID(c.ID)
	}
	return 0
}

// chatIDOfPeer returns the chat id of a peer.
func chatIDOfPeer(p tg.PeerClass) int64 {
	switch p := p.(type) {
	case *tg.PeerUser:
		return p.UserID
	case *tg.PeerChat:
		return -p.ChatID
	case *tg.PeerChannel:
		return channelChatID(p.ChannelID)
	}
	return 0
}

// peerOf returns a chat as requests name it: bots need no access hashes.
func peerOf(chatID int64) tg.InputPeerClass {
	switch {
	case chatID > 0:
		return &tg.InputPeerUser{UserID: chatID}
	case chatID > firstChannel:
		return &tg.InputPeerChat{ChatID: -chatID}
	}
	return &tg.InputPeerChannel{ChannelID: firstChannel - chatID}
}

func channelOf(chatID int64) *tg.InputChannel {
	return &tg.InputChannel{ChannelID: firstChannel - chatID}
}

// access is what a request needs of a chat.
type access uint8

const (
	toRead access = iota
	toReadMembers
	toEdit
	toWrite
)

// A place is a chat that a request names, as it is now.
type place struct {
	id      int64
	user    *tg.User    // of a private chat
	group   *tg.Chat    // a basic group
	channel *tg.Channel // a supergroup or channel
	kicked  bool        // the bot was
}

func (p *place) peer() tg.InputPeerClass { return peerOf(p.id) }

// place finds the chat that an argument names, and checks that the bot may do
// there what the request is about.
func (q *request) place(argument string, need access) (*place, error) {
	text := strings.TrimSpace(q.args[argument])
	if text == "" {
		return nil, bad("chat_id is empty")
	}
	var p *place
	var err error
	if strings.HasPrefix(text, "@") {
		p, err = q.b.placeByName(q, text)
	} else {
		id, _ := strconv.ParseInt(text, 10, 64) // what is no number names nothing
		p, err = q.b.placeByID(q, id)
	}
	if err != nil {
		return nil, err
	}
	return p, p.check(need)
}

// placeByName finds a bot, supergroup or channel by its username.
func (b *bot) placeByName(ctx context.Context, name string) (*place, error) {
	found, err := call(ctx, b, &tg.ContactsResolveUsername{Username: name})
	if err != nil {
		return nil, errChatNotFound
	}
	b.learn(found.Users, found.Chats)
	switch p := found.Peer.(type) {
	case *tg.PeerUser:
		if u := b.user(p.UserID); u != nil && u.Bot {
			return &place{id: p.UserID, user: u}, nil
		}
	case *tg.PeerChannel:
		return b.placeByID(ctx, channelChatID(p.ChannelID))
	}
	return nil, errChatNotFound
}

func (b *bot) placeByID(ctx context.Context, id int64) (*place, error) {
	switch {
	case id > 0:
		return b.privatePlace(ctx, id)
	case id == 0:
		return nil, errChatNotFound
	case id > firstChannel:
		found, err := call(ctx, b, &tg.MessagesGetChats{ID: []int64{-id}})
		if err != nil {
			return nil, errChatNotFound
		}
		return b.placeAmong(id, found)
	}
	if b.chat(id) == nil {
		return nil, errChatNotFound // one that the bot has never met
	}
	found, err := call(ctx, b, &tg.ChannelsGetChannels{ID: []tg.InputChannelClass{channelOf(id)}})
	if err != nil {
		return nil, errChatNotFound
	}
	return b.placeAmong(id, found)
}

// privatePlace finds somebody whom the bot has met.
func (b *bot) privatePlace(ctx context.Context, id int64) (*place, error) {
	if b.user(id) == nil && id != b.id {
		return nil, errChatNotFound
	}
	found, err := call(ctx, b, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUser{UserID: id}}})
	if err != nil || len(found) != 1 {
		return nil, errChatNotFound
	}
	b.learn(found, nil)
	if u, ok := found[0].(*tg.User); ok {
		return &place{id: id, user: u}, nil
	}
	return nil, errChatNotFound
}

func (b *bot) placeAmong(id int64, found tg.MessagesChatsClass) (*place, error) {
	all, ok := found.(*tg.MessagesChats)
	if !ok || len(all.Chats) != 1 {
		return nil, errChatNotFound
	}
	old := b.chat(id)
	b.learn(nil, all.Chats)
	p := &place{id: id}
	switch c := all.Chats[0].(type) {
	case *tg.Chat:
		p.group = c
	case *tg.ChatForbidden:
		p.kicked, p.group = true, &tg.Chat{ID: c.ID, Title: c.Title}
	case *tg.Channel:
		p.channel = c
	case *tg.ChannelForbidden:
		p.kicked, p.channel = true, &tg.Channel{ID: c.ID, Title: c.Title, Broadcast: c.Broadcast, Megagroup: c.Megagroup}
	}
	if p.kicked && old != nil {
		b.learn(nil, []tg.ChatClass{old}) // it is still shown as it was
	}
	return p, nil
}

// check refuses what the bot may not do, in the words of the server.
func (p *place) check(need access) error {
	edit, write := need == toEdit || need == toWrite, need == toWrite
	switch {
	case p.user != nil:
		if p.user.Deleted && edit {
			return forbidden("user is deactivated")
		}
	case p.group != nil:
		if need == toReadMembers {
			edit, write = true, true
		}
		return p.checkGroup(edit, write)
	case p.channel != nil:
		kind := "channel"
		if p.channel.Megagroup {
			kind = "supergroup"
		}
		switch {
		case p.kicked:
			return forbidden("bot was kicked from the " + kind + " chat")
		case p.channel.Left && (edit || !p.channel.Username.Set):
			return forbidden("bot is not a member of the " + kind + " chat")
		}
	}
	return nil
}

func (p *place) checkGroup(edit, write bool) error {
	to, moved := p.group.MigratedTo.(*tg.InputChannel)
	switch {
	case moved && write:
		e := bad("group chat was upgraded to a supergroup chat")
		e.migratedTo = channelChatID(to.ChannelID)
		return e
	case p.group.Deactivated && write:
		return forbidden("the group chat was deleted")
	case p.kicked && edit:
		return forbidden("bot was kicked from the group chat")
	case p.group.Left && edit:
		return forbidden("bot is not a member of the group chat")
	}
	return nil
}

func userObject(u *tg.User) *user {
	return &user{
		ID: u.ID, IsBot: u.Bot, FirstName: u.FirstName.Or(""), LastName: u.LastName.Or(""), Username: u.Username.Or(""),
		IsPremium: u.Premium,
	}
}

// userObject returns a user by id, with nothing but the id if the bot does not
// know more.
func (b *bot) userObject(id int64) *user {
	if u := b.user(id); u != nil {
		return userObject(u)
	}
	return &user{ID: id}
}

// chatObject returns a chat by id.
func (b *bot) chatObject(id int64) *chat {
	if id > 0 {
		u := b.userObject(id)
		return &chat{ID: id, FirstName: u.FirstName, LastName: u.LastName, Username: u.Username, Type: "private"}
	}
	switch c := b.chat(id).(type) {
	case *tg.Chat:
		out := &chat{ID: id, Title: c.Title, Type: "group", AcceptedGiftTypes: &giftTypes{}}
		limits := tg.ChatBannedRights{}
		if c.DefaultBannedRights != nil {
			limits = *c.DefaultBannedRights
		}
		limits.UntilDate = 0
		all := limits == tg.ChatBannedRights{}
		out.AllMembersAreAdministrators = &all
		return out
	case *tg.ChatForbidden:
		return &chat{ID: id, Title: c.Title, Type: "group"}
	case *tg.Channel:
		out := &chat{ID: id, Title: c.Title, Username: c.Username.Or(""), Type: "channel"}
		if c.Megagroup {
			out.Type, out.IsForum = "supergroup", c.Forum
		}
		return out
	case *tg.ChannelForbidden:
		out := &chat{ID: id, Title: c.Title, Type: "channel"}
		if c.Megagroup {
			out.Type = "supergroup"
		}
		return out
	}
	return &chat{ID: id, Type: "group"}
}

// maxReactions is how many reactions a message can have.
const maxReactions = 11

// getChat serves getChat.
func getChat(q *request) (any, error) {
	p, err := q.place("chat_id", toRead)
	if err != nil {
		return nil, err
	}
	out := &fullChat{chat: *q.b.chatObject(p.id), MaxReactionCount: maxReactions}
	out.AllMembersAreAdministrators = q.b.chatObject(p.id).AllMembersAreAdministrators
	out.AcceptedGiftTypes = &giftTypes{}
	if out.Username != "" && p.group == nil {
		out.ActiveUsernames = []string{out.Username}
	}
	switch {
	case p.user != nil:
		full, err := call(q, q.b, &tg.UsersGetFullUser{ID: &tg.InputUser{UserID: p.id}})
		if err != nil {
			return nil, err
		}
		out.Bio = full.FullUser.About.Or("")
		return out, nil
	case p.group != nil:
		return out, q.fillGroup(p, out)
	}
	return out, q.fillChannel(p, out)
}

func (q *request) fillGroup(p *place, out *fullChat) error {
	got, err := call(q, q.b, &tg.MessagesGetFullChat{ChatID: -p.id})
	if err != nil {
		return err
	}
	q.b.learn(got.Users, got.Chats)
	if full, ok := got.FullChat.(*tg.ChatFull); ok {
		out.Description = full.About
		q.fillCommon(p, out, full.ExportedInvite, full.PinnedMsgID, full.AvailableReactions)
	}
	out.Permissions = permissionsOf(p.group.DefaultBannedRights)
	out.HasProtected = p.group.Noforwards
	return nil
}

func (q *request) fillChannel(p *place, out *fullChat) error {
	got, err := call(q, q.b, &tg.ChannelsGetFullChannel{Channel: channelOf(p.id)})
	if err != nil {
		return err
	}
	q.b.learn(got.Users, got.Chats)
	if full, ok := got.FullChat.(*tg.ChannelFull); ok {
		out.Description = full.About
		out.HasVisibleHistory, out.HasHiddenMembers = p.channel.Megagroup && !full.HiddenPrehistory, full.ParticipantsHidden
		out.SlowModeDelay = int(full.SlowmodeSeconds.Or(0))
		q.fillCommon(p, out, full.ExportedInvite, full.PinnedMsgID, full.AvailableReactions)
	}
	if p.channel.Megagroup {
		out.Permissions = permissionsOf(p.channel.DefaultBannedRights)
		out.JoinByRequest = p.channel.JoinRequest
	}
	out.HasProtected = p.channel.Noforwards
	return nil
}

func (q *request) fillCommon(p *place, out *fullChat, invite tg.ExportedChatInviteClass, pinned tl.Optional[int32], allowed tg.ChatReactionsClass) {
	if link, ok := invite.(*tg.ChatInviteExported); ok {
		out.InviteLink = link.Link
	}
	if pinned.Set {
		if m, err := q.b.fetch(q, p.id, pinned.Value); err == nil {
			out.PinnedMessage = q.b.message(q, m, false)
		}
	}
	if some, ok := allowed.(*tg.ChatReactionsSome); ok {
		out.AvailableReactions = reactionObjects(some.Reactions)
	}
}

// permissionsOf returns what members may do who may not do some things.
func permissionsOf(limits *tg.ChatBannedRights) *permissions {
	r := limits
	if r == nil {
		r = &tg.ChatBannedRights{}
	}
	may := func(denied ...bool) bool {
		for _, d := range denied {
			if d || r.SendMessages {
				return false
			}
		}
		return true
	}
	out := &permissions{
		SendMessages: may(r.SendPlain), SendAudios: may(r.SendMedia, r.SendAudios), SendDocuments: may(r.SendMedia, r.SendDocs),
		SendPhotos: may(r.SendMedia, r.SendPhotos), SendVideos: may(r.SendMedia, r.SendVideos),
		SendNotes: may(r.SendMedia, r.SendRoundvideos), SendVoice: may(r.SendMedia, r.SendVoices), SendPolls: may(r.SendPolls),
		SendOther: may(r.SendMedia, r.SendStickers), AddPreviews: may(r.EmbedLinks), React: !r.SendReactions, EditTag: !r.EditRank,
		ChangeInfo: !r.ChangeInfo, InviteUsers: !r.InviteUsers, PinMessages: !r.PinMessages, ManageTopics: !r.ManageTopics,
	}
	out.SendMedia = out.SendAudios || out.SendDocuments || out.SendPhotos || out.SendVideos || out.SendNotes || out.SendVoice
	return out
}

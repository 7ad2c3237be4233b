package groups

import (
	"context"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// SetTitle changes the title.
func SetTitle(ctx context.Context, api telegram.API, peer tg.InputPeerClass, title string) error {
	if id, ok := chatID(peer); ok {
		return update(ctx, api, &tg.MessagesEditChatTitle{ChatID: id, Title: title})
	}
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsEditTitle{Channel: in, Title: title})
}

// SetAbout changes the description, of at most 255 characters.
func SetAbout(ctx context.Context, api telegram.API, peer tg.InputPeerClass, about string) error {
	_, err := tg.Call(ctx, api, &tg.MessagesEditChatAbout{Peer: peer, About: about})
	return err
}

// SetPhoto changes the photo: to a *tg.InputChatUploadedPhoto, which is what
// package telegram/files has uploaded, or to a *tg.InputChatPhoto, which was sent
// before. nil takes it away. Info has the photo that there is, and files.OfChat
// fetches it.
func SetPhoto(ctx context.Context, api telegram.API, peer tg.InputPeerClass, photo tg.InputChatPhotoClass) error {
	if photo == nil {
		photo = &tg.InputChatPhotoEmpty{}
	}
	if id, ok := chatID(peer); ok {
		return update(ctx, api, &tg.MessagesEditChatPhoto{ChatID: id, Photo: photo})
	}
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsEditPhoto{Channel: in, Photo: photo})
}

// SetUsername makes a supergroup or channel public under a name, or private
// with an empty one.
func SetUsername(ctx context.Context, api telegram.API, peer tg.InputPeerClass, name string) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	_, err = tg.Call(ctx, api, &tg.ChannelsUpdateUsername{Channel: in, Username: name})
	return err
}

// SetSlowMode has members wait between messages: 10 s, 30 s, 1 min, 5 min,
// 15 min or 1 h; 0 ends it. Who does not wait gets a SLOWMODE_WAIT.
func SetSlowMode(ctx context.Context, api telegram.API, peer tg.InputPeerClass, wait time.Duration) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsToggleSlowMode{Channel: in, Seconds: int32(wait / time.Second)})
}

// SetMembersHidden has a supergroup show its members to administrators alone,
// or to everybody (R-PT-10).
func SetMembersHidden(ctx context.Context, api telegram.API, peer tg.InputPeerClass, hidden bool) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsToggleParticipantsHidden{Channel: in, Enabled: hidden})
}

// SetHistoryHidden has new members of a supergroup not see what was written
// before, or see it.
func SetHistoryHidden(ctx context.Context, api telegram.API, peer tg.InputPeerClass, hidden bool) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsTogglePreHistoryHidden{Channel: in, Enabled: hidden})
}

// SetJoinApproval has administrators approve who joins a public supergroup, or
// not.
func SetJoinApproval(ctx context.Context, api telegram.API, peer tg.InputPeerClass, needed bool) error {
	in, err := channel(peer)
	if err != nil {
		return err
	}
	return update(ctx, api, &tg.ChannelsToggleJoinRequest{Channel: in, Enabled: needed})
}

// SetProtected has nobody forward what is written, or allows it.
func SetProtected(ctx context.Context, api telegram.API, peer tg.InputPeerClass, protected bool) error {
	return update(ctx, api, &tg.MessagesToggleNoForwards{Peer: peer, Enabled: protected})
}

// An Info is what a group or channel says of itself.
type Info struct {
	About   string
	Members int // that there are; 0 where that is not told
	// CanViewMembers says that the account may list the members.
	CanViewMembers bool
	MembersHidden  bool // from those who are no administrators
	SlowMode       time.Duration
	Pinned         int               // id of the newest message that is pinned; 0: none
	Requests       int               // to join, that wait for an approval
	MigratedTo     tg.InputPeerClass // the supergroup that a basic group has become; nil: none
	Photo          *tg.Photo         // nil: none
	// Linked is the supergroup in which a channel is discussed, or the channel that
	// is discussed in a supergroup; nil: none.
	Linked tg.InputPeerClass
	Raw    tg.ChatFullClass
}

// Describe fetches what a group or channel says of itself.
func Describe(ctx context.Context, api telegram.API, peer tg.InputPeerClass) (Info, error) {
	var answer *tg.MessagesChatFull
	var err error
	if id, ok := chatID(peer); ok {
		answer, err = tg.Call(ctx, api, &tg.MessagesGetFullChat{ChatID: id})
	} else {
		in, wrong := channel(peer)
		if wrong != nil {
			return Info{}, wrong
		}
		answer, err = tg.Call(ctx, api, &tg.ChannelsGetFullChannel{Channel: in})
	}
	if err != nil {
		return Info{}, err
	}
	api.Learn(answer.Users, answer.Chats)
	info := Info{Raw: answer.FullChat}
	switch full := answer.FullChat.(type) {
	case *tg.ChatFull:
		info.About, info.Pinned, info.Requests = full.About, int(full.PinnedMsgID.Or(0)), int(full.RequestsPending.Or(0))
		if list, ok := full.Participants.(*tg.ChatParticipants); ok {
			info.Members, info.CanViewMembers = len(list.Participants), true
		}
		info.MigratedTo = migratedTo(answer.Chats, full.ID)
		info.Photo, _ = full.ChatPhoto.(*tg.Photo)
	case *tg.ChannelFull:
		info.About, info.Pinned, info.Requests = full.About, int(full.PinnedMsgID.Or(0)), int(full.RequestsPending.Or(0))
		info.Members, info.CanViewMembers = int(full.ParticipantsCount.Or(0)), full.CanViewParticipants
		info.MembersHidden = full.ParticipantsHidden
		info.SlowMode = time.Duration(full.SlowmodeSeconds.Or(0)) * time.Second
		info.Photo, _ = full.ChatPhoto.(*tg.Photo)
		if id := full.LinkedChatID; id.Set {
			info.Linked, err = api.InputPeer(&tg.PeerChannel{ChannelID: id.Value})
		}
	}
	return info, err
}

// migratedTo returns the supergroup that a basic group has become.
func migratedTo(chats []tg.ChatClass, id int64) tg.InputPeerClass {
	for _, c := range chats {
		if c, ok := c.(*tg.Chat); ok && c.ID == id {
			if to, ok := c.MigratedTo.(*tg.InputChannel); ok {
				return &tg.InputPeerChannel{ChannelID: to.ChannelID, AccessHash: to.AccessHash}
			}
		}
	}
	return nil
}

package sandbox

import (
	"fmt"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

func (d *device) inputUser(phone string) *tg.InputUser {
	d.l.t.Helper()
	p := d.meet(phone)
	return &tg.InputUser{UserID: p.UserID, AccessHash: p.AccessHash}
}

// R-PT-14: basic groups live in the box of each member.
func TestBasicGroup(t *testing.T) {
	l, alice, bob, _, _ := pair(t)
	carol := l.person(carolPhone, "Carol")
	bobAs, carolAs := alice.inputUser(bobPhone), alice.inputUser(carolPhone)
	fails(alice, &tg.MessagesCreateChat{Title: " ", Users: []tg.InputUserClass{bobAs}}, 400, "CHAT_TITLE_EMPTY")
	fails(alice, &tg.MessagesCreateChat{Title: "T", Users: []tg.InputUserClass{&tg.InputUserSelf{}}}, 400, "USERS_TOO_FEW")
	made := must(alice, &tg.MessagesCreateChat{Title: "Team", Users: []tg.InputUserClass{bobAs}})
	chat := made.Updates.(*tg.Updates).Chats[0].(*tg.Chat)
	if chat.Title != "Team" || !chat.Creator || chat.ParticipantsCount != 2 {
		t.Errorf("chat %+v", chat)
	}
	peer := &tg.InputPeerChat{ChatID: chat.ID}
	fails(carol, &tg.MessagesSendMessage{Peer: peer, Message: "x", RandomID: 1}, 400, "PEER_ID_INVALID")
	fails(carol, &tg.MessagesGetFullChat{ChatID: chat.ID}, 400, "CHAT_ID_INVALID")
	if n := len(bob.updates()); n != 2 { // the members, and the message that says so
		t.Errorf("Bob got %d updates of the new chat", n)
	}

	alice.say(peer, "before Carol")
	fails(alice, &tg.MessagesAddChatUser{ChatID: chat.ID, UserID: bobAs}, 400, "USER_ALREADY_PARTICIPANT")
	must(alice, &tg.MessagesAddChatUser{ChatID: chat.ID, UserID: carolAs})
	bob.say(peer, "welcome")
	must(alice, &tg.MessagesEditChatTitle{ChatID: chat.ID, Title: "Crew"})
	h := must(carol, &tg.MessagesGetHistory{Peer: peer, Limit: 10}).(*tg.MessagesMessages)
	same(t, "Carol's history", texts(h.Messages), "ChatEditTitle", "welcome", "ChatAddUser")
	full := must(carol, &tg.MessagesGetFullChat{ChatID: chat.ID})
	members := full.FullChat.(*tg.ChatFull).Participants.(*tg.ChatParticipants)
	if len(members.Participants) != 3 || len(full.Users) != 3 {
		t.Errorf("members %+v", members)
	}

	must(carol, &tg.MessagesReadHistory{Peer: peer})
	bob.updates()
	fails(bob, &tg.MessagesDeleteChatUser{ChatID: chat.ID, UserID: bob.inputUser(carolPhone)}, 400, "CHAT_ADMIN_REQUIRED")
	must(carol, &tg.MessagesDeleteChatUser{ChatID: chat.ID, UserID: &tg.InputUserSelf{}})
	fails(carol, &tg.MessagesSendMessage{Peer: peer, Message: "x", RandomID: 1}, 400, "PEER_ID_INVALID")
	left := must(carol, &tg.MessagesGetChats{ID: []int64{chat.ID}}).(*tg.MessagesChats).Chats[0].(*tg.Chat)
	if !left.Left || left.ParticipantsCount != 2 {
		t.Errorf("who has left sees %+v", left)
	}
	carol.updates()
	alice.say(peer, "without Carol")
	if got := carol.updates(); len(got) != 0 {
		t.Errorf("who has left is told %v", got)
	}
}

func (d *device) newChannel(title string, broadcast bool) *tg.InputChannel {
	d.l.t.Helper()
	u := must(d, &tg.ChannelsCreateChannel{Title: title, Broadcast: broadcast, Megagroup: !broadcast}).(*tg.Updates)
	ch := u.Chats[0].(*tg.Channel)
	return &tg.InputChannel{ChannelID: ch.ID, AccessHash: ch.AccessHash.Value}
}

func inputPeer(ch *tg.InputChannel) *tg.InputPeerChannel {
	return &tg.InputPeerChannel{ChannelID: ch.ChannelID, AccessHash: ch.AccessHash}
}

// known returns a channel as d addresses it, taken from what d was told last.
func (d *device) known() *tg.InputChannel {
	d.l.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range d.pushed {
		for _, c := range u.(*tg.Updates).Chats {
			if ch, ok := c.(*tg.Channel); ok {
				return &tg.InputChannel{ChannelID: ch.ID, AccessHash: ch.AccessHash.Value}
			}
		}
	}
	d.l.t.Fatal("told of no channel")
	return nil
}

// R-UP-11, R-UP-25, R-UP-26, R-UP-27, R-UP-31: channels have a box of their
// own.
func TestSupergroup(t *testing.T) {
	_, alice, bob, _, _ := pair(t)
	must(bob, &tg.UpdatesGetState{})
	ch := alice.newChannel("Club", false)
	state := must(bob, &tg.UpdatesGetState{})
	must(alice, &tg.ChannelsInviteToChannel{Channel: ch, Users: []tg.InputUserClass{alice.inputUser(bobPhone)}})
	bobs := bob.known()
	if bobs.AccessHash == ch.AccessHash {
		t.Error("both know the channel by the same hash")
	}
	fails(bob, &tg.ChannelsGetFullChannel{Channel: ch}, 400, "CHANNEL_INVALID")
	bob.updates()
	alice.say(inputPeer(ch), "first")
	u := bob.updates()
	if len(u) != 1 {
		t.Fatalf("Bob got %v", u)
	}
	n := u[0].(*tg.UpdateNewChannelMessage)
	if m := n.Message.(*tg.Message); m.Message != "first" || m.Out || m.ID != 3 || n.Pts != firstPts+3 {
		t.Errorf("Bob got %+v with %+v", n, m)
	}
	bob.say(inputPeer(bobs), "second")
	if now := must(bob, &tg.UpdatesGetState{}); now.Pts != state.Pts {
		t.Errorf("the common pts went from %d to %d", state.Pts, now.Pts)
	}

	diff := must(bob, &tg.UpdatesGetDifference{Pts: state.Pts, Date: state.Date}).(*tg.UpdatesDifference)
	if len(diff.OtherUpdates) != 1 || diff.OtherUpdates[0].(*tg.UpdateChannelTooLong).Pts.Value != n.Pts+1 {
		t.Errorf("difference tells %v", diff.OtherUpdates)
	}
	filter := &tg.ChannelMessagesFilterEmpty{}
	get := func(pts, limit int32) tg.UpdatesChannelDifferenceClass {
		return must(bob, &tg.UpdatesGetChannelDifference{Channel: bobs, Filter: filter, Pts: pts, Limit: limit})
	}
	part := get(1, 3).(*tg.UpdatesChannelDifference)
	same(t, "part", texts(part.NewMessages), "ChannelCreate", "ChatAddUser", "first")
	if part.Final || part.Pts != 4 {
		t.Errorf("part %+v", part)
	}
	rest := get(part.Pts, 100).(*tg.UpdatesChannelDifference)
	same(t, "rest", texts(rest.NewMessages), "second")
	if !rest.Final || !rest.NewMessages[0].(*tg.Message).Out {
		t.Errorf("rest %+v", rest)
	}
	if empty := get(rest.Pts, 100).(*tg.UpdatesChannelDifferenceEmpty); !empty.Final || empty.Pts != rest.Pts {
		t.Errorf("empty %+v", empty)
	}
	fails(bob, &tg.UpdatesGetChannelDifference{Channel: bobs, Filter: filter, Pts: rest.Pts + 1, Limit: 1}, 400, "PERSISTENT_TIMESTAMP_INVALID")

	must(alice, &tg.ChannelsReadHistory{Channel: ch, MaxID: 4})
	if got := bob.updates(); len(got) != 1 || got[0].(*tg.UpdateReadChannelOutbox).MaxID != 4 {
		t.Errorf("the writer was told %v", got)
	}
	fails(bob, &tg.ChannelsDeleteMessages{Channel: bobs, ID: []int32{3}}, 403, "MESSAGE_DELETE_FORBIDDEN")
	must(alice, &tg.ChannelsDeleteMessages{Channel: ch, ID: []int32{4}})
	h := must(bob, &tg.MessagesGetHistory{Peer: inputPeer(bobs), Limit: 1}).(*tg.MessagesChannelMessages)
	same(t, "after the deletion", texts(h.Messages), "first")
	must(alice, &tg.MessagesEditMessage{Peer: inputPeer(ch), ID: 3, Message: tl.Some("first!")})
	after := get(rest.Pts, 100).(*tg.UpdatesChannelDifference)
	if len(after.OtherUpdates) != 2 {
		t.Errorf("deletion and edit are told as %v", after.OtherUpdates)
	}
}

func TestBroadcastChannel(t *testing.T) {
	_, alice, bob, _, _ := pair(t)
	ch := alice.newChannel("News", true)
	fails(alice, &tg.ChannelsUpdateUsername{Channel: ch, Username: "no"}, 400, "USERNAME_INVALID")
	must(alice, &tg.ChannelsUpdateUsername{Channel: ch, Username: "daily_news"})
	fails(bob, &tg.AccountUpdateUsername{Username: "Daily_News"}, 400, "USERNAME_OCCUPIED")
	found := must(bob, &tg.ContactsResolveUsername{Username: "daily_news"}).Chats[0].(*tg.Channel)
	if !found.Left || !found.Broadcast {
		t.Errorf("found %+v", found)
	}
	bobs := &tg.InputChannel{ChannelID: found.ID, AccessHash: found.AccessHash.Value}
	joined := must(bob, &tg.ChannelsJoinChannel{Channel: bobs})
	if _, ok := joined.(*tg.MessagesChatInviteJoinResultOK); !ok {
		t.Errorf("joined with %T", joined)
	}
	fails(bob, &tg.ChannelsJoinChannel{Channel: bobs}, 400, "USER_ALREADY_PARTICIPANT")
	fails(bob, &tg.MessagesSendMessage{Peer: inputPeer(bobs), Message: "x", RandomID: 1}, 403, "CHAT_WRITE_FORBIDDEN")
	fails(bob, &tg.ChannelsGetParticipants{Channel: bobs, Filter: &tg.ChannelParticipantsRecent{}}, 400, "CHAT_ADMIN_REQUIRED") // R-PT-11
	alice.say(inputPeer(ch), "news")
	u := bob.updates()
	if len(u) != 1 {
		t.Fatalf("Bob got %v", u)
	}
	if m := u[0].(*tg.UpdateNewChannelMessage).Message.(*tg.Message); !m.Post || m.FromID != nil {
		t.Errorf("post %+v", m)
	}
	fails(alice, &tg.ChannelsLeaveChannel{Channel: ch}, 400, "USER_CREATOR")
	must(bob, &tg.ChannelsLeaveChannel{Channel: bobs})
	alice.say(inputPeer(ch), "more news")
	if u := bob.updates(); len(u) != 0 {
		t.Errorf("who has left got %v", u)
	}
}

// R-PT-01 to R-PT-13.
func TestParticipants(t *testing.T) {
	l, alice, _, _, _ := pair(t)
	ch := alice.newChannel("Crowd", false)
	l.world.mu.Lock()
	crowd := l.world.channels[ch.ChannelID]
	for i := range 10_050 {
		u := l.world.addUser(&user{dc: 1, first: fmt.Sprintf("Member %05d", i)})
		l.world.join(crowd, u, alice.self.ID)
	}
	l.world.mu.Unlock()
	get := func(filter tg.ChannelParticipantsFilterClass, offset, limit int32) *tg.ChannelsChannelParticipants {
		q := &tg.ChannelsGetParticipants{Channel: ch, Filter: filter, Offset: offset, Limit: limit}
		return must(alice, q).(*tg.ChannelsChannelParticipants)
	}
	recent := &tg.ChannelParticipantsRecent{}
	seen := make(map[int64]bool)
	var offset int32
	for {
		page := get(recent, offset, 1000)
		if len(page.Participants) == 0 {
			break
		}
		if len(page.Participants) > maxParticipants || page.Count != 10_051 {
			t.Fatalf("page of %d of %d", len(page.Participants), page.Count)
		}
		offset += int32(len(page.Participants))
		for _, u := range page.Users {
			seen[u.(*tg.User).ID] = true
		}
	}
	if len(seen) != visibleMembers { // R-PT-04
		t.Errorf("saw %d members, want %d", len(seen), visibleMembers)
	}
	if admins := get(&tg.ChannelParticipantsAdmins{}, 0, 10); len(admins.Participants) != 1 {
		t.Errorf("admins %v", admins.Participants)
	}
	if found := get(&tg.ChannelParticipantsSearch{Q: "member 0000"}, 0, 200); found.Count != 10 {
		t.Errorf("found %d", found.Count)
	}
	var ids []int64
	page := get(recent, 0, 50)
	for _, p := range page.Participants {
		switch p := p.(type) {
		case *tg.ChannelParticipant:
			ids = append(ids, p.UserID)
		case *tg.ChannelParticipantCreator:
			ids = append(ids, p.UserID)
		}
	}
	again := must(alice, &tg.ChannelsGetParticipants{Channel: ch, Filter: recent, Limit: 50, Hash: listHash(ids)}) // R-PT-08
	if _, ok := again.(*tg.ChannelsChannelParticipantsNotModified); !ok {
		t.Errorf("unchanged, got %T", again)
	}
	self := must(alice, &tg.ChannelsGetParticipant{Channel: ch, Participant: &tg.InputPeerSelf{}})
	if _, ok := self.Participant.(*tg.ChannelParticipantCreator); !ok {
		t.Errorf("the creator is a %T", self.Participant)
	}
	fails(alice, &tg.ChannelsGetParticipant{Channel: ch, Participant: alice.meet(bobPhone)}, 400, "USER_NOT_PARTICIPANT")
}

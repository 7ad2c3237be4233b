package sandbox

import (
	"testing"

	"godwit/tg"
)

func like(emoji ...string) []tg.ReactionClass {
	out := []tg.ReactionClass{}
	for _, one := range emoji {
		out = append(out, &tg.ReactionEmoji{Emoticon: one})
	}
	return out
}

// unread returns how many messages of d with p have reactions and mentions that it
// has not seen, by the list of dialogs.
func (d *device) unread(p tg.InputPeerClass) (reactions, mentions int32) {
	d.l.t.Helper()
	got := must(d, &tg.MessagesGetPeerDialogs{Peers: []tg.InputDialogPeerClass{&tg.InputDialogPeer{Peer: p}}})
	o := got.Dialogs[0].(*tg.Dialog)
	return o.UnreadReactionsCount, o.UnreadMentionsCount
}

func (d *device) wantUnread(what string, p tg.InputPeerClass, reactions, mentions int32) {
	d.l.t.Helper()
	if r, m := d.unread(p); r != reactions || m != mentions {
		d.l.t.Errorf("%s: %d unread reactions and %d mentions, want %d and %d", what, r, m, reactions, mentions)
	}
}

// unseen returns how many of the reactions to a message that an update tells of
// have not been seen.
func unseen(u *tg.UpdateMessageReactions) (n int) {
	for _, r := range u.Reactions.RecentReactions {
		if r.Unread {
			n++
		}
	}
	return n
}

// Who has written a message is told of reactions to it until it has seen them: all
// at once, or message by message.
func TestUnreadReactions(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	phone := l.device(1).signIn(alicePhone)
	first := alice.say(toBob, "one").Updates[0].(*tg.UpdateMessageID).ID
	second := alice.say(toBob, "two").Updates[0].(*tg.UpdateMessageID).ID
	bobs := must(bob, &tg.MessagesGetHistory{Peer: toAlice, Limit: 2}).(*tg.MessagesMessages).Messages
	react := func(at int, emoji ...string) {
		t.Helper()
		id := bobs[at].(*tg.Message).ID
		must(bob, &tg.MessagesSendReaction{Peer: toAlice, MsgID: id, Reaction: like(emoji...)})
	}
	alice.updates()
	react(1, "👍")
	if got := one[*tg.UpdateMessageReactions](t, alice.updates()); got.MsgID != first || unseen(got) != 1 || got.TopMsgID.Set {
		t.Errorf("Alice is told %+v", got)
	}
	react(0, "🔥")
	must(alice, &tg.MessagesSendReaction{Peer: toBob, MsgID: second, Reaction: like("🔥")}) // her own
	alice.wantUnread("two messages", toBob, 2, 0)
	bob.wantUnread("who has reacted", toAlice, 0, 0)
	list := must(alice, &tg.MessagesGetUnreadReactions{Peer: toBob, Limit: 10}).(*tg.MessagesMessages)
	same(t, "unread", texts(list.Messages), "two", "one")

	react(0) // taken back
	alice.wantUnread("after one was taken back", toBob, 1, 0)
	react(0, "👍")
	phone.updates()
	state := must(alice, &tg.UpdatesGetState{})
	affected := must(alice, &tg.MessagesReadMessageContents{ID: []int32{first, 999}})
	told := one[*tg.UpdateReadMessagesContents](t, phone.updates())
	if affected.PtsCount != 1 || told.Pts != affected.Pts || len(told.Messages) != 1 || told.Messages[0] != first {
		t.Errorf("seeing one: %+v, the phone is told %+v", affected, told)
	}
	alice.wantUnread("after one was seen", toBob, 1, 0)
	all := must(alice, &tg.MessagesReadReactions{Peer: toBob})
	if all.PtsCount != 1 || all.Pts != state.Pts+2 {
		t.Errorf("seeing all: %+v after %d", all, state.Pts)
	}
	same(t, "Alice's difference", kinds(alice.since(state).OtherUpdates), "ReadMessagesContents", "ReadMessagesContents")
	if again := must(alice, &tg.MessagesReadReactions{Peer: toBob}); again.PtsCount != 0 {
		t.Errorf("seeing none: %+v", again)
	}

	react(1, "❤")
	must(alice, &tg.MessagesDeleteMessages{ID: []int32{first}})
	alice.wantUnread("after it was deleted", toBob, 0, 0)
}

// In a forum reactions and mentions count by topic; of a channel's posts nobody is
// told.
func TestUnreadInForum(t *testing.T) {
	l, alice, bob, _, _ := pair(t)
	if err := l.SetUsername(alicePhone, "alice_a"); err != nil {
		t.Fatal(err)
	}
	ch := alice.newChannel("Club", false)
	club := inputPeer(ch)
	must(alice, &tg.ChannelsToggleForum{Channel: ch, Enabled: true})
	must(alice, &tg.ChannelsInviteToChannel{Channel: ch, Users: []tg.InputUserClass{alice.inputUser(bobPhone)}})
	bobs := inputPeer(bob.known())
	made := must(alice, &tg.MessagesCreateForumTopic{Peer: club, Title: "Waders", RandomID: lastRandomID.Add(1)})
	topic := made.(*tg.Updates).Updates[0].(*tg.UpdateMessageID).ID
	say := func(d *device, to tg.InputPeerClass, text string, in int32) int32 {
		t.Helper()
		q := &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: lastRandomID.Add(1)}
		if in != 0 {
			q.ReplyTo = &tg.InputReplyToMessage{ReplyToMsgID: in}
		}
		return must(d, q).(*tg.Updates).Updates[0].(*tg.UpdateMessageID).ID
	}
	general, within := say(alice, club, "hello", 0), say(alice, club, "a curlew", topic)
	alice.updates()
	must(bob, &tg.MessagesSendReaction{Peer: bobs, MsgID: general, Reaction: like("👍")})
	must(bob, &tg.MessagesSendReaction{Peer: bobs, MsgID: within, Reaction: like("👍")})
	var topics []int32
	for _, u := range alice.updates() {
		if u, ok := u.(*tg.UpdateMessageReactions); ok {
			topics = append(topics, u.TopMsgID.Value)
		}
	}
	if len(topics) != 2 || topics[0] != generalTopic || topics[1] != topic {
		t.Errorf("told of reactions in topics %v, want %d and %d", topics, generalTopic, topic)
	}
	say(bob, bobs, "where, @alice_a?", topic)
	alice.wantUnread("the forum", club, 2, 1)
	counts := func() (got [2]int32) {
		t.Helper()
		o := must(alice, &tg.MessagesGetForumTopicsByID{Peer: club, Topics: []int32{topic}}).Topics[0].(*tg.ForumTopic)
		return [2]int32{o.UnreadReactionsCount, o.UnreadMentionsCount}
	}
	if got := counts(); got != [2]int32{1, 1} {
		t.Errorf("the topic has %v unread, want a reaction and a mention", got)
	}
	phone := l.device(1).signIn(alicePhone)
	q := &tg.MessagesReadReactions{Peer: club}
	q.TopMsgID.Set, q.TopMsgID.Value = true, topic
	must(alice, q)
	if got := one[*tg.UpdateChannelReadMessagesContents](t, phone.updates()); len(got.Messages) != 1 || got.Messages[0] != within {
		t.Errorf("the phone is told %+v", got)
	}
	if got := counts(); got != [2]int32{0, 1} {
		t.Errorf("the topic has %v unread, want a mention", got)
	}
	alice.wantUnread("what is left", club, 1, 1)
	must(alice, &tg.ChannelsDeleteMessages{Channel: ch, ID: []int32{general, within + 1, within + 2}})
	alice.wantUnread("after all was deleted", club, 0, 0)
	must(bob, &tg.ChannelsLeaveChannel{Channel: bob.known()})
	fails(bob, &tg.MessagesGetUnreadReactions{Peer: bobs, Limit: 1}, 400, "CHANNEL_PRIVATE")

	news := alice.newChannel("News", true)
	post := say(alice, inputPeer(news), "Extra!", 0)
	must(alice, &tg.MessagesSendReaction{Peer: inputPeer(news), MsgID: post, Reaction: like("👍")})
	alice.wantUnread("a channel", inputPeer(news), 0, 0)
}

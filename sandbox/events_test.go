package sandbox

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

// kinds names updates by their types.
func kinds(list []tg.UpdateClass) []string {
	out := []string{}
	for _, u := range list {
		out = append(out, strings.TrimPrefix(reflect.TypeOf(u).Elem().Name(), "Update"))
	}
	return out
}

// since returns what a device finds in its difference.
func (d *device) since(state *tg.UpdatesState) *tg.UpdatesDifference {
	d.l.t.Helper()
	return must(d, &tg.UpdatesGetDifference{Pts: state.Pts, Date: state.Date}).(*tg.UpdatesDifference)
}

// R-UP-11, R-UP-32: what counts moves pts, is pushed to other devices and the
// other side, and is in the difference.
func TestEventsOfMessages(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	phone := l.device(1).signIn(alicePhone)
	must(phone, &tg.UpdatesGetState{})
	must(bob, &tg.UpdatesGetState{})
	mine := alice.say(toBob, "one").Updates[0].(*tg.UpdateMessageID).ID
	state := must(alice, &tg.UpdatesGetState{})
	theirs := must(bob, &tg.UpdatesGetState{})
	phone.updates()
	bobs := bob.updates()[0].(*tg.UpdateNewMessage).Message.(*tg.Message).ID

	must(alice, &tg.MessagesUpdatePinnedMessage{Peer: toBob, ID: mine})
	same(t, "Bob is told of a pin", kinds(bob.updates()), "PinnedMessages", "NewMessage")
	same(t, "the phone is told of a pin", kinds(phone.updates()), "PinnedMessages", "NewMessage")
	alice.updates()
	must(bob, &tg.MessagesSendReaction{Peer: toAlice, MsgID: bobs, Reaction: []tg.ReactionClass{&tg.ReactionEmoji{Emoticon: "❤️"}}})
	same(t, "Alice is told of a reaction", kinds(alice.updates()), "MessageReactions")
	affected := must(alice, &tg.MessagesUnpinAllMessages{Peer: toBob})
	if affected.PtsCount != 1 || affected.Pts != state.Pts+3 {
		t.Errorf("unpinned with %+v after %d", affected, state.Pts)
	}
	must(alice, &tg.FoldersEditPeerFolders{FolderPeers: []tg.InputFolderPeer{{Peer: toBob, FolderID: 1}}})
	same(t, "the phone is told", kinds(phone.updates()), "MessageReactions", "PinnedMessages", "FolderPeers")
	diff := alice.since(state)
	same(t, "Alice's difference", kinds(diff.OtherUpdates), "PinnedMessages", "PinnedMessages", "FolderPeers")
	if len(diff.NewMessages) != 1 || diff.State.Pts != state.Pts+4 {
		t.Errorf("difference to %d with %d messages, from %d", diff.State.Pts, len(diff.NewMessages), state.Pts)
	}
	same(t, "Bob's difference", kinds(bob.since(theirs).OtherUpdates), "PinnedMessages", "PinnedMessages")

	phone.updates()
	must(alice, &tg.MessagesSaveDraft{Peer: toBob, Message: "half a"})
	same(t, "the phone is told of a draft", kinds(phone.updates()), "DraftMessage")
	must(alice, &tg.MessagesSetTyping{Peer: toBob, Action: &tg.SendMessageTypingAction{}})
	bob.updates()
	must(alice, &tg.MessagesDeleteHistory{Peer: toBob, Revoke: true})
	same(t, "Bob is told", kinds(bob.updates()), "DeleteMessages")
}

// A server finds links, mentions, hashtags and commands by itself, and checks
// what clients say.
func TestEntities(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	if err := l.SetUsername(bobPhone, "bob_b"); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"see https://example.org/a?b=c, or http://x.y.": {"URL 4 25", "URL 34 10"},
		"hello @bob_b and (@alice_a) @x a@bob_b":        {"Mention 6 6", "Mention 18 8"},
		"#tag #тег ##no 5#no":                           {"Hashtag 0 4", "Hashtag 5 4"},
		"/start /help@bob_b a/b":                        {"BotCommand 0 6", "BotCommand 7 11"},
		"🦆 @bob_b":                                      {"Mention 3 6"},
		"https:// nothing":                              {},
	} {
		m := alice.say(toBob, text).Updates[1].(*tg.UpdateNewMessage).Message.(*tg.Message)
		got := []string{}
		for _, e := range m.Entities {
			o, n := bounds(e)
			got = append(got, fmt.Sprintf("%s %d %d", strings.TrimPrefix(reflect.TypeOf(e).Elem().Name(), "MessageEntity"), o, n))
		}
		same(t, text, got, want...)
	}
	bad := &tg.MessagesSendMessage{Peer: toBob, Message: "🦆", RandomID: 5, Entities: []tg.MessageEntityClass{
		&tg.MessageEntityBold{Offset: 1, Length: 2},
	}}
	fails(alice, bad, 400, "ENTITY_BOUNDS_INVALID")
	nobody := &tg.InputMessageEntityMentionName{Offset: 0, Length: 2, UserID: &tg.InputUser{UserID: 1}}
	bad.Entities = []tg.MessageEntityClass{nobody}
	fails(alice, bad, 400, "ENTITY_MENTION_USER_INVALID")

	// Whom a message of a group mentions finds it among the mentions.
	ch := alice.newChannel("Club", false)
	must(alice, &tg.ChannelsInviteToChannel{Channel: ch, Users: []tg.InputUserClass{alice.inputUser(bobPhone)}})
	bobs := inputPeer(bob.known())
	alice.say(inputPeer(ch), "for @bob_b alone")
	alice.say(inputPeer(ch), "for nobody")
	unread := must(bob, &tg.MessagesGetUnreadMentions{Peer: bobs, Limit: 10}).(*tg.MessagesChannelMessages)
	same(t, "mentions", texts(unread.Messages), "for @bob_b alone")
	must(bob, &tg.MessagesReadMentions{Peer: bobs})
	if left := must(bob, &tg.MessagesGetUnreadMentions{Peer: bobs, Limit: 10}).(*tg.MessagesChannelMessages); len(left.Messages) != 0 {
		t.Errorf("left to read: %q", texts(left.Messages))
	}
}

func TestFolders(t *testing.T) {
	l, alice, _, toBob, _ := pair(t)
	l.person(carolPhone, "Carol")
	toCarol := alice.meet(carolPhone)
	alice.say(toBob, "to Bob")
	l.clock.advance(10e9)
	alice.say(toCarol, "to Carol")
	list := func(folder tl.Optional[int32]) []string {
		q := &tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}, FolderID: folder}
		got := []string{}
		d := must(alice, q).(*tg.MessagesDialogs)
		for _, one := range d.Dialogs {
			switch one := one.(type) {
			case *tg.Dialog:
				got = append(got, fmt.Sprint(one.Peer.(*tg.PeerUser).UserID, one.Pinned, one.FolderID.Or(0)))
			case *tg.DialogFolder:
				got = append(got, one.Folder.Title)
			}
		}
		return got
	}
	carol, bob := toCarol.UserID, toBob.UserID
	must(alice, &tg.MessagesToggleDialogPin{Pinned: true, Peer: &tg.InputDialogPeer{Peer: toBob}})
	same(t, "with one pinned", list(tl.Some[int32](0)), fmt.Sprint(bob, true, 0), fmt.Sprint(carol, false, 0))
	must(alice, &tg.FoldersEditPeerFolders{FolderPeers: []tg.InputFolderPeer{{Peer: toBob, FolderID: 1}}})
	same(t, "the main list", list(tl.Some[int32](0)), "Archived Chats", fmt.Sprint(carol, false, 0))
	same(t, "the archive", list(tl.Some[int32](1)), fmt.Sprint(bob, false, 1))
	same(t, "all folders", list(tl.Optional[int32]{}), fmt.Sprint(carol, false, 0), fmt.Sprint(bob, false, 1))
	fails(alice, &tg.FoldersEditPeerFolders{FolderPeers: []tg.InputFolderPeer{{Peer: toBob, FolderID: 2}}}, 400, "FOLDER_ID_INVALID")
	fails(alice, &tg.MessagesToggleDialogPin{Pinned: true, Peer: &tg.InputDialogPeer{Peer: &tg.InputPeerSelf{}}}, 400, "PEER_HISTORY_EMPTY")

	filter := &tg.DialogFilter{ID: 2, Title: tg.TextWithEntities{Text: "Friends"}, Contacts: true, PinnedPeers: []tg.InputPeerClass{}}
	must(alice, &tg.MessagesUpdateDialogFilter{ID: 2, Filter: filter})
	if got := must(alice, &tg.MessagesGetDialogFilters{}).Filters; len(got) != 2 {
		t.Errorf("filters %v", got)
	}
	fails(alice, &tg.MessagesUpdateDialogFilter{ID: 1, Filter: filter}, 400, "FILTER_ID_INVALID")
	must(alice, &tg.MessagesUpdateDialogFilter{ID: 2})
	if got := must(alice, &tg.MessagesGetDialogFilters{}).Filters; len(got) != 1 {
		t.Errorf("filters %v", got)
	}
}

// What is due goes out with the next call, whoever makes it, and by itself
// where the sandbox runs.
func TestDue(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	now := int32(l.clock.Now().Unix())
	send := func(text string, at int32) {
		must(alice, &tg.MessagesSendMessage{Peer: toBob, Message: text, RandomID: lastRandomID.Add(1), ScheduleDate: tl.Some(at)})
	}
	send("second", now+20)
	send("first", now+10)
	send("third", now+30)
	must(bob, &tg.UpdatesGetState{})
	if got := bob.updates(); len(got) != 0 {
		t.Errorf("Bob is told %v before the time", kinds(got))
	}
	l.clock.advance(25e9)
	must(bob, &tg.UpdatesGetState{})
	var got []string
	for _, u := range bob.updates() {
		got = append(got, u.(*tg.UpdateNewMessage).Message.(*tg.Message).Message)
	}
	same(t, "sent", got, "first", "second")
	left := must(alice, &tg.MessagesGetScheduledHistory{Peer: toBob}).(*tg.MessagesMessages)
	same(t, "left", texts(left.Messages), "third")
	id := left.Messages[0].(*tg.Message).ID
	fails(alice, &tg.MessagesSendScheduledMessages{Peer: toBob, ID: []int32{id + 1}}, 400, "MESSAGE_ID_INVALID")
	must(alice, &tg.MessagesSendScheduledMessages{Peer: toBob, ID: []int32{id}})
	if n := len(bob.updates()); n != 1 {
		t.Errorf("%d updates of what was sent early", n)
	}
	send("never", now+100)
	left = must(alice, &tg.MessagesGetScheduledHistory{Peer: toBob}).(*tg.MessagesMessages)
	must(alice, &tg.MessagesDeleteScheduledMessages{Peer: toBob, ID: []int32{left.Messages[0].(*tg.Message).ID}})
	l.clock.advance(200e9)
	must(bob, &tg.UpdatesGetState{})
	if got := bob.updates(); len(got) != 0 {
		t.Errorf("what was deleted is sent: %v", kinds(got))
	}
	at := must(alice, &tg.UpdatesGetState{}).Date
	fails(alice, &tg.MessagesSendMessage{Peer: toBob, Message: "x", RandomID: 9, ScheduleDate: tl.Some(at + maxAhead + 10)}, 400, "SCHEDULE_DATE_TOO_LATE")
}

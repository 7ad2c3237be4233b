package sandbox

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"godwit/internal/layer"
	"godwit/tg"
	"godwit/tl"
)

const botToken = "777:secret"

// robot adds a bot and returns a device that is signed in to it.
func (l *lab) robot(token, username string) *device {
	l.t.Helper()
	if _, err := l.AddBot(token, "Robot", username); err != nil {
		l.t.Fatal(err)
	}
	d := l.device(1)
	auth := must(d, &tg.AuthImportBotAuthorization{APIID: DefaultAPIID, APIHash: DefaultAPIHash, BotAuthToken: token})
	d.self = auth.(*tg.AuthAuthorization).User.(*tg.User)
	return d
}

// bot resolves a bot's username for d.
func (d *device) bot(username string) *tg.InputPeerUser {
	d.l.t.Helper()
	u := must(d, &tg.ContactsResolveUsername{Username: username}).Users[0].(*tg.User)
	return &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Value}
}

func inputUser(p *tg.InputPeerUser) *tg.InputUser {
	return &tg.InputUser{UserID: p.UserID, AccessHash: p.AccessHash}
}

func keyboard(buttons ...tg.InlineButtonTypeClass) *tg.ReplyInlineMarkup {
	row := tg.KeyboardInlineButtonRow{}
	for _, b := range buttons {
		row.Buttons = append(row.Buttons, tg.KeyboardInlineButton{Text: "B", Type: b})
	}
	return &tg.ReplyInlineMarkup{Rows: []tg.KeyboardInlineButtonRow{row}}
}

// one returns the only update of type T among those that came.
func one[T tg.UpdateClass](t *testing.T, all []tg.UpdateClass) T {
	t.Helper()
	var found []T
	for _, u := range all {
		if u, ok := u.(T); ok {
			found = append(found, u)
		}
	}
	if len(found) != 1 {
		var zero T
		t.Fatalf("%d updates of type %T among %d", len(found), zero, len(all))
	}
	return found[0]
}

func TestButtons(t *testing.T) { synctest.Test(t, testButtons) }

func testButtons(t *testing.T) {
	l := newLab(t)
	alice, robot := l.person(alicePhone, "Alice"), l.robot(botToken, "robot_bot")
	to := alice.bot("robot_bot")
	alice.say(to, "/start")
	user := &tg.InputPeerUser{UserID: alice.self.ID}
	send := func(m tg.ReplyMarkupClass) *tg.MessagesSendMessage {
		return &tg.MessagesSendMessage{Peer: user, Message: "Choose", RandomID: lastRandomID.Add(1), ReplyMarkup: m}
	}
	for _, test := range []struct {
		button tg.InlineButtonTypeClass
		want   string
	}{
		{&tg.InlineButtonTypeCallback{}, "BUTTON_DATA_INVALID"},
		{&tg.InlineButtonTypeCallback{Data: make([]byte, 65)}, "BUTTON_DATA_INVALID"},
		{&tg.InlineButtonTypeURL{URL: "nowhere"}, "BUTTON_URL_INVALID"},
		{&tg.InlineButtonTypeWebView{URL: "http://example.org"}, "BUTTON_URL_INVALID"},
		{&tg.InlineButtonTypeCopy{}, "BUTTON_COPY_TEXT_INVALID"},
		{&tg.InputInlineButtonTypeUserProfile{UserID: &tg.InputUser{UserID: 5}}, "BUTTON_USER_INVALID"},
		{&tg.InlineButtonTypeBuy{}, "BUTTON_TYPE_INVALID"},
	} {
		fails(robot, send(keyboard(test.button)), 400, test.want)
	}
	fails(robot, send(&tg.ReplyKeyboardMarkup{}), 400, "REPLY_MARKUP_INVALID")

	alice.updates()
	sent := must(robot, send(keyboard(&tg.InlineButtonTypeCallback{Data: []byte("yes")}))).(*tg.Updates)
	m := one[*tg.UpdateNewMessage](t, alice.updates()).Message.(*tg.Message)
	if !hasData(m.ReplyMarkup, []byte("yes")) {
		t.Fatalf("keyboard %+v", m.ReplyMarkup)
	}
	// Older layers have buttons of other types. Their clients get the message
	// without any.
	raw := marshal(t, &tg.Updates{Updates: []tg.UpdateClass{&tg.UpdateNewMessage{Message: m, Pts: 2, PtsCount: 1}}})
	for _, n := range layer.Layers() {
		if p, err := layer.Updates(raw, n); err != nil || !bytes.Contains(p, []byte("Choose")) {
			t.Errorf("layer %d: %x, %v", n, p, err)
		}
	}
	robot.updates()
	fails(alice, &tg.MessagesGetBotCallbackAnswer{Peer: to, MsgID: m.ID, Data: []byte("no")}, 400, "DATA_INVALID")

	var pressing sync.WaitGroup
	var answer *tg.MessagesBotCallbackAnswer
	pressing.Go(func() {
		answer = must(alice, &tg.MessagesGetBotCallbackAnswer{Peer: to, MsgID: m.ID, Data: []byte("yes")})
	})
	synctest.Wait()
	query := one[*tg.UpdateBotCallbackQuery](t, robot.updates())
	ids := sent.Updates[0].(*tg.UpdateMessageID)
	if query.UserID != alice.self.ID || query.MsgID != ids.ID || string(query.Data) != "yes" {
		t.Errorf("query %+v, want message %d", query, ids.ID)
	}
	fails(robot, &tg.MessagesSetBotCallbackAnswer{QueryID: 5}, 400, "QUERY_ID_INVALID")
	fails(robot, &tg.MessagesSetBotCallbackAnswer{QueryID: query.QueryID, Message: tl.Some(strings.Repeat("x", 201))}, 400, "MESSAGE_TOO_LONG")
	must(robot, &tg.MessagesSetBotCallbackAnswer{QueryID: query.QueryID, Alert: true, Message: tl.Some("Done"), CacheTime: 7})
	pressing.Wait()
	if !answer.Alert || answer.Message.Value != "Done" || answer.CacheTime != 7 {
		t.Errorf("answer %+v", answer)
	}
	fails(robot, &tg.MessagesSetBotCallbackAnswer{QueryID: query.QueryID}, 400, "QUERY_ID_INVALID")
	fails(alice, &tg.MessagesGetBotCallbackAnswer{Peer: to, MsgID: m.ID, Data: []byte("yes")}, 400, "BOT_RESPONSE_TIMEOUT")

	// Other buttons, then none.
	edit := &tg.MessagesEditMessage{Peer: user, ID: ids.ID, ReplyMarkup: keyboard(&tg.InlineButtonTypeCallback{Data: []byte("2")})}
	must(robot, edit)
	fails(robot, edit, 400, "MESSAGE_NOT_MODIFIED")
	m = one[*tg.UpdateEditMessage](t, alice.updates()).Message.(*tg.Message)
	if m.Message != "Choose" || !hasData(m.ReplyMarkup, []byte("2")) {
		t.Errorf("edited %+v", m)
	}
	must(robot, &tg.MessagesEditMessage{Peer: user, ID: ids.ID, Message: tl.Some("Chosen")})
	if m = one[*tg.UpdateEditMessage](t, alice.updates()).Message.(*tg.Message); m.ReplyMarkup != nil {
		t.Errorf("buttons stay: %+v", m.ReplyMarkup)
	}
}

// What bots see of a group: table by who wrote and what.
func TestPrivacy(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	quiet, other := l.robot(botToken, "quiet_bot"), l.robot("778:secret", "other_bot")
	members := []tg.InputUserClass{inputUser(alice.meet(bobPhone)), inputUser(alice.bot("quiet_bot")), inputUser(alice.bot("other_bot"))}
	must(alice, &tg.MessagesCreateChat{Title: "Basic", Users: members})
	basic := &tg.InputPeerChat{ChatID: firstChatID + 1}
	created := must(alice, &tg.ChannelsCreateChannel{Title: "Super", Megagroup: true}).(*tg.Updates).Chats[0].(*tg.Channel)
	must(alice, &tg.ChannelsInviteToChannel{
		Channel: &tg.InputChannel{ChannelID: created.ID, AccessHash: created.AccessHash.Value}, Users: members,
	})
	for name, peer := range map[string]tg.InputPeerClass{
		"basic": basic, "super": &tg.InputPeerChannel{ChannelID: created.ID, AccessHash: created.AccessHash.Value},
	} {
		botPeer := peer
		if ch, ok := peer.(*tg.InputPeerChannel); ok {
			botPeer = &tg.InputPeerChannel{ChannelID: ch.ChannelID}
		}
		say := func(d *device, to tg.InputPeerClass, text string, reply int32) {
			t.Helper()
			q := &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: lastRandomID.Add(1)}
			if reply != 0 {
				q.ReplyTo = &tg.InputReplyToMessage{ReplyToMsgID: reply}
			}
			must(d, q)
		}
		see := func(d *device, what string) []string {
			t.Helper()
			var texts []string
			for _, u := range d.updates() {
				switch u := u.(type) {
				case *tg.UpdateNewMessage:
					if m, ok := u.Message.(*tg.Message); ok {
						texts = append(texts, m.Message)
					}
				case *tg.UpdateNewChannelMessage:
					if m, ok := u.Message.(*tg.Message); ok {
						texts = append(texts, m.Message)
					}
				}
			}
			return texts
		}
		check := func(what string, want bool) {
			t.Helper()
			got := see(quiet, what)
			if (len(got) == 1) != want {
				t.Errorf("%s: %s: the bot sees %q, want %v", name, what, got, want)
			}
		}
		quiet.updates()
		say(alice, peer, "/start", 0)
		check("a command before any bot has written", true)
		say(alice, peer, "hello", 0)
		check("plain text", false)
		say(alice, peer, "hello @Quiet_Bot", 0)
		check("a mention", true)
		say(alice, peer, "/help@quiet_bot", 0)
		check("a command for it", true)
		say(alice, peer, "/help@other_bot", 0)
		check("a command for another", false)
		say(other, botPeer, "I am a bot", 0)
		check("what a bot says", false)
		say(alice, peer, "/help", 0)
		check("a command after another bot has written", false)
		alice.updates()
		say(quiet, botPeer, "mine", 0)
		var mine int32
		for _, u := range alice.updates() {
			switch u := u.(type) {
			case *tg.UpdateNewMessage:
				mine = u.Message.(*tg.Message).ID
			case *tg.UpdateNewChannelMessage:
				mine = u.Message.(*tg.Message).ID
			}
		}
		say(alice, peer, "/help", 0)
		check("a command after it has written", true)
		say(alice, peer, "yes", mine)
		check("a reply to it", true)
		see(other, "")
		say(alice, peer, "yes @other_bot", mine)
		if got := see(other, ""); len(got) != 0 {
			t.Errorf("%s: a reply to one bot is shown to another: %q", name, got)
		}
		quiet.updates()
		if err := l.SetBotPrivacy(777, false); err != nil {
			t.Fatal(err)
		}
		say(alice, peer, "open", 0)
		check("anything, with privacy off", true)
		if err := l.SetBotPrivacy(777, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.SetBotPrivacy(bob.self.ID, true); err == nil {
		t.Error("a person has a privacy mode")
	}
}

// Bots are told of members, reactions and blocks in their qts, also afterwards.
func TestBotEvents(t *testing.T) {
	l := newLab(t)
	alice, bob, robot := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob"), l.robot(botToken, "robot_bot")
	to := alice.bot("robot_bot")
	must(alice, &tg.MessagesCreateChat{Title: "G", Users: []tg.InputUserClass{inputUser(to)}})
	chat := &tg.InputPeerChat{ChatID: firstChatID + 1}
	joined := one[*tg.UpdateChatParticipant](t, robot.updates())
	if joined.UserID != 777 || joined.PrevParticipant != nil || joined.NewParticipant == nil || joined.Qts != 1 {
		t.Errorf("joined: %+v", joined)
	}
	must(alice, &tg.MessagesEditChatAdmin{ChatID: chat.ChatID, UserID: inputUser(to), IsAdmin: true})
	if got := one[*tg.UpdateChatParticipant](t, robot.updates()); got.Qts != 2 {
		t.Errorf("promoted: %+v", got)
	}
	must(alice, &tg.MessagesAddChatUser{ChatID: chat.ChatID, UserID: inputUser(alice.meet(bobPhone))})
	if got := one[*tg.UpdateChatParticipant](t, robot.updates()); got.UserID != bob.self.ID || got.ActorID != alice.self.ID {
		t.Errorf("another joined: %+v", got)
	}
	sent := alice.say(chat, "react").Updates[0].(*tg.UpdateMessageID)
	heard := one[*tg.UpdateNewMessage](t, robot.updates()).Message.(*tg.Message)
	must(alice, &tg.MessagesSendReaction{Peer: chat, MsgID: sent.ID, Reaction: []tg.ReactionClass{&tg.ReactionEmoji{Emoticon: "👍"}}})
	if got := one[*tg.UpdateBotMessageReaction](t, robot.updates()); got.MsgID != heard.ID || len(got.OldReactions) != 0 || len(got.NewReactions) != 1 {
		t.Errorf("reaction: %+v", got)
	}
	alice.say(to, "hi")
	must(alice, &tg.ContactsBlock{ID: to})
	must(alice, &tg.ContactsBlock{ID: to})
	if got := one[*tg.UpdateBotStopped](t, robot.updates()); !got.Stopped || got.Qts != 5 {
		t.Errorf("blocked: %+v", got)
	}
	fails(robot, &tg.MessagesSendMessage{Peer: &tg.InputPeerUser{UserID: alice.self.ID}, Message: "x", RandomID: lastRandomID.Add(1)}, 400, "USER_IS_BLOCKED")
	fails(alice, &tg.MessagesSendMessage{Peer: to, Message: "x", RandomID: lastRandomID.Add(1)}, 400, "YOU_BLOCKED_USER")
	if got := must(alice, &tg.ContactsGetBlocked{Limit: 10}).(*tg.ContactsBlockedSlice); got.Count != 1 || len(got.Users) != 1 {
		t.Errorf("blocked: %+v", got)
	}
	must(alice, &tg.ContactsUnblock{ID: to})

	state := must(robot, &tg.UpdatesGetState{})
	if state.Qts != 6 {
		t.Errorf("qts %d, want 6", state.Qts)
	}
	diff := must(robot, &tg.UpdatesGetDifference{Pts: state.Pts, Qts: 4, Date: 1}).(*tg.UpdatesDifference)
	if len(diff.OtherUpdates) != 2 || diff.State.Qts != 6 {
		t.Errorf("after qts 4: %+v", diff)
	}
	// Who blocks a person is not written to, which that person does not notice.
	must(bob, &tg.ContactsBlock{ID: bob.meet(alicePhone)})
	bob.updates()
	alice.say(alice.meet(bobPhone), "psst")
	if got := bob.updates(); len(got) != 0 {
		t.Errorf("a blocked person is heard: %T", got[0])
	}
}

// Who is made an administrator without having been there comes once.
func TestBotEventOfPromotion(t *testing.T) {
	l, alice, bob, _, _ := pair(t)
	robot := l.robot(botToken, "robot_bot")
	ch := alice.newChannel("News", true)
	rights := tg.ChatAdminRights{PostMessages: true}
	must(alice, &tg.ChannelsEditAdmin{Channel: ch, UserID: inputUser(alice.bot("robot_bot")), AdminRights: rights})
	itself := one[*tg.UpdateChannelParticipant](t, robot.updates())
	if itself.PrevParticipant != nil || itself.Qts != 1 {
		t.Errorf("the bot is told %+v", itself)
	}
	must(alice, &tg.ChannelsEditAdmin{Channel: ch, UserID: inputUser(alice.meet(bobPhone)), AdminRights: rights})
	got := one[*tg.UpdateChannelParticipant](t, robot.updates())
	if _, admin := got.NewParticipant.(*tg.ChannelParticipantAdmin); got.UserID != bob.self.ID || got.PrevParticipant != nil || !admin {
		t.Errorf("the bot is told %+v", got)
	}
}

func TestBotCommands(t *testing.T) {
	l := newLab(t)
	alice, robot := l.person(alicePhone, "Alice"), l.robot(botToken, "robot_bot")
	set := func(command, description string) *tg.BotsSetBotCommands {
		return &tg.BotsSetBotCommands{
			Scope: &tg.BotCommandScopeDefault{}, Commands: []tg.BotCommand{{Command: command, Description: description}},
		}
	}
	fails(robot, set("No", "x"), 400, "BOT_COMMAND_INVALID")
	fails(robot, set("no", ""), 400, "BOT_COMMAND_DESCRIPTION_INVALID")
	fails(robot, &tg.BotsSetBotCommands{Scope: &tg.BotCommandScopeDefault{}, LangCode: "xxx"}, 400, "LANG_CODE_INVALID")
	must(robot, set("help", "What it does"))
	full := must(alice, &tg.UsersGetFullUser{ID: inputUser(alice.bot("robot_bot"))})
	if info := full.FullUser.BotInfo; len(info.Commands) != 1 || info.Commands[0].Command != "help" {
		t.Errorf("bot info %+v", info)
	}
	must(robot, &tg.BotsResetBotCommands{Scope: &tg.BotCommandScopeDefault{}})
	if got := must(robot, &tg.BotsGetBotCommands{Scope: &tg.BotCommandScopeDefault{}}); len(got) != 0 {
		t.Errorf("commands %v", got)
	}
}

// A bot within the process is one of its devices.
func TestBotWithin(t *testing.T) {
	l := newLab(t)
	alice, robot := l.person(alicePhone, "Alice"), l.robot(botToken, "robot_bot")
	var watched []string
	l.WatchBots(func(token string) { watched = append(watched, token) })
	if _, err := l.AddBot("778:secret", "Late", "late_bot"); err != nil {
		t.Fatal(err)
	}
	if strings.Join(watched, " ") != botToken+" 778:secret" || len(l.Bots()) != 2 {
		t.Errorf("watched %q, bots %v", watched, l.Bots())
	}
	if _, err := l.SignInBot("777:wrong", nil); !errors.Is(err, ErrBotToken) {
		t.Errorf("wrong token: %v", err)
	}
	var told []tg.UpdatesClass
	b, err := l.SignInBot(botToken, func(u tg.UpdatesClass) { told = append(told, u) })
	if err != nil {
		t.Fatal(err)
	}
	alice.say(alice.bot("robot_bot"), "hi")
	if len(told) != 1 || len(robot.updates()) != 1 {
		t.Errorf("told %d times", len(told))
	}
	me, err := tg.Call(context.Background(), b, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	if err != nil || me[0].(*tg.User).ID != b.ID() {
		t.Errorf("self: %v, %v", me, err)
	}
	b.SignOut()
	alice.say(alice.bot("robot_bot"), "hi again")
	if len(told) != 1 {
		t.Error("told after it had ended")
	}
	if _, ok := b.File(5, ""); ok {
		t.Error("a file that is not there")
	}
}

package botapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"godwit/tg"
)

// A person and a bot write to each other in private.
func TestPrivateChat(t *testing.T) {
	s := newStage(t, Options{})
	ann := fmt.Sprint(s.ann.id)
	s.ask("sendMessage", "chat_id", ann, "text", "hi").fails(400, "Bad Request: chat not found")
	s.ann.say(s.ann.robot(), "/start now")
	u := s.update()
	m := u.Message
	if m == nil || m.Text != "/start now" || m.From.ID != s.ann.id || m.Chat.Type != "private" || m.Chat.ID != s.ann.id ||
		m.From.FirstName != "Ann" || m.Entities[0].Type != "bot_command" || m.Date != 1_800_000_000 {
		t.Fatalf("update %+v", u)
	}
	a := s.ask("sendMessage", "chat_id", ann, "text", "<b>Hello</b> & <a href=\"http://example.org/\">more</a>", "parse_mode", "HTML",
		"reply_parameters", fmt.Sprintf(`{"message_id":%d}`, m.ID),
		"reply_markup", `{"inline_keyboard":[[{"text":"Yes","callback_data":"y"},{"text":"Site","url":"example.org"}]]}`)
	a.has(`"from":{"id":777,"is_bot":true,"first_name":"Robot","username":"robot_bot"}`,
		`"chat":{"id":`+ann+`,"first_name":"Ann","type":"private"}`,
		`"entities":[{"offset":0,"length":5,"type":"bold"},{"offset":8,"length":4,"type":"text_link","url":"http://example.org/"}]`,
		`"reply_markup":{"inline_keyboard":[[{"text":"Yes","callback_data":"y"},{"text":"Site","url":"http://example.org"}]]}`,
		`"reply_to_message":{"message_id":`+fmt.Sprint(m.ID))
	heard := s.ann.read()
	if heard.Message != "Hello & more" || len(heard.Entities) != 2 || heard.ReplyMarkup == nil || heard.ReplyTo == nil {
		t.Errorf("heard %+v", heard)
	}
	if all := s.updates(); len(all) != 0 {
		t.Errorf("the bot is told of its own message: %+v", all)
	}

	edited := s.ask("editMessageText", "chat_id", ann, "message_id", fmt.Sprint(a.message().ID), "text", "Bye").message()
	if edited.Text != "Bye" || edited.EditDate == 0 || edited.ReplyMarkup != nil || s.ann.read().Message != "Bye" {
		t.Errorf("edited %+v", edited)
	}
	s.ask("editMessageText", "chat_id", ann, "message_id", fmt.Sprint(edited.ID), "text", "Bye").fails(400,
		"Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "+
			"current content and reply markup of the message")

	id := s.ann.say(s.ann.robot(), "mistaek")
	s.update()
	edit := &tg.MessagesEditMessage{Peer: s.ann.robot(), ID: id}
	edit.Message.Value, edit.Message.Set = "mistake", true
	does(s.ann, edit)
	if u := s.update(); u.Edited == nil || u.Edited.Text != "mistake" || u.Edited.EditDate == 0 {
		t.Errorf("edited %+v", u)
	}

	if s.ask("deleteMessage", "chat_id", ann, "message_id", fmt.Sprint(edited.ID)).ok(); len(s.ann.heard()) != 1 {
		t.Error("nobody is told of the deletion")
	}
	s.ask("deleteMessage", "chat_id", ann, "message_id", fmt.Sprint(edited.ID)).fails(400, "Bad Request: message to delete not found")
}

func TestRefusals(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "hi")
	first := s.update().Message
	// The bot meets Bob in a group, but Bob has never written to it.
	_, robot := s.ann.find("robot_bot")
	bob := does(s.ann, &tg.ContactsResolvePhone{Phone: bobPhone}).Users[0].(*tg.User)
	group, groupID := s.ann.group("Group", robot, &tg.InputUser{UserID: bob.ID, AccessHash: bob.AccessHash.Value})
	s.updates()
	ann := fmt.Sprint(s.ann.id)
	for _, test := range []struct {
		method string
		args   []string
		code   int
		want   string
	}{
		{"noSuchMethod", nil, 404, "Not Found: method not found"},
		{"sendMessage", []string{"text", "x"}, 400, "Bad Request: chat_id is empty"},
		{"sendMessage", []string{"chat_id", ann}, 400, "Bad Request: message text is empty"},
		{"sendMessage", []string{"chat_id", ann, "text", "  "}, 400, "Bad Request: text must be non-empty"},
		{"sendMessage", []string{"chat_id", ann, "text", strings.Repeat("x", 4097)}, 400, "Bad Request: message is too long"},
		{"sendMessage", []string{"chat_id", "12345", "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []string{"chat_id", "-5", "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []string{"chat_id", "-1001234567890", "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []string{"chat_id", "@nobody_here", "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []string{"chat_id", "@other_bot", "text", "x"}, 403, "Forbidden: bot can't send messages to bots"},
		{"sendMessage", []string{"chat_id", fmt.Sprint(s.bob.id), "text", "x"}, 403, "Forbidden: bot can't initiate conversation with a user"},
		{"sendChatAction", []string{"chat_id", fmt.Sprint(s.bob.id), "action", "typing"}, 403, "Forbidden: bot can't initiate conversation with a user"},
		{"sendChatAction", []string{"chat_id", ann, "action", "sleeping"}, 400, "Bad Request: wrong parameter action in request"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "parse_mode", "LaTeX"}, 400, "Bad Request: unsupported parse_mode"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_to_message_id", "99"}, 400, "Bad Request: message to be replied not found"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_parameters", "?"}, 400, "Bad Request: can't parse reply parameters JSON object"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_markup", "?"}, 400, "Bad Request: can't parse reply keyboard markup JSON object"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_markup", "[]"}, 400, "Bad Request: object expected as reply markup"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_markup", `{"inline_keyboard":[[{"text":"B"}]]}`}, 400,
			"Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_markup", `{"inline_keyboard":[{"text":"B"}]}`}, 400,
			`Bad Request: field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays`},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "reply_markup",
			`{"inline_keyboard":[[{"text":"B","callback_data":"` + strings.Repeat("x", 65) + `"}]]}`}, 400, "Bad Request: BUTTON_DATA_INVALID"},
		{"sendMessage", []string{"chat_id", ann, "text", "x", "entities", `[{"type":"bold","length":1}]`}, 400,
			`Bad Request: can't parse MessageEntity: Can't find field "offset"`},
		{"editMessageText", []string{"chat_id", ann, "message_id", "99", "text", "x"}, 400, "Bad Request: message to edit not found"},
		{"editMessageText", []string{"chat_id", ann, "message_id", fmt.Sprint(first.ID), "text", "x"}, 400, "Bad Request: message can't be edited"},
		{"editMessageText", []string{"text", "x"}, 400, "Bad Request: message identifier is not specified"},
		{"editMessageCaption", []string{"chat_id", ann, "message_id", fmt.Sprint(first.ID)}, 400, "Bad Request: there is no caption in the message to edit"},
		{"deleteMessage", []string{"chat_id", ann}, 400, "Bad Request: message identifier is not specified"},
		{"deleteMessages", []string{"chat_id", ann, "message_ids", "[0]"}, 400, "Bad Request: invalid message identifier specified"},
		{"deleteMessages", []string{"chat_id", ann}, 400, "Bad Request: message identifiers are not specified"},
		{"forwardMessage", []string{"chat_id", ann, "from_chat_id", ann, "message_id", "99"}, 400, "Bad Request: message to forward not found"},
		{"forwardMessage", []string{"chat_id", ann, "message_id", "1"}, 400, `Bad Request: parameter "from_chat_id" is required`},
		{"copyMessage", []string{"chat_id", ann, "from_chat_id", ann, "message_id", "99"}, 400, "Bad Request: message to copy not found"},
		{"setMessageReaction", []string{"chat_id", ann, "message_id", "99"}, 400, "Bad Request: message to react not found"},
		{"setMessageReaction", []string{"chat_id", ann, "message_id", fmt.Sprint(first.ID), "reaction", `[{"type":"emoji","emoji":"x"}]`}, 400, "Bad Request: REACTION_INVALID"},
		{"answerCallbackQuery", []string{"callback_query_id", "5"}, 400,
			"Bad Request: query is too old and response timeout expired or query ID is invalid"},
		{"getChatMember", []string{"chat_id", ann}, 400, "Bad Request: invalid user_id specified"},
		{"getChatMember", []string{"chat_id", ann, "user_id", "5"}, 400, "Bad Request: user not found"},
		{"getChatAdministrators", []string{"chat_id", ann}, 400, "Bad Request: there are no administrators in the private chat"},
		{"getFile", nil, 400, "Bad Request: file_id not specified"},
		{"getFile", []string{"file_id", "abc"}, 400, "Bad Request: invalid file_id"},
		{"sendDocument", []string{"chat_id", ann}, 400, "Bad Request: there is no document in the request"},
		{"sendPhoto", []string{"chat_id", ann, "photo", "https://example.org/x.png"}, 400, "Bad Request: failed to get HTTP URL content"},
		{"sendPhoto", []string{"chat_id", ann, "photo", "???"}, 400, "Bad Request: wrong remote file identifier specified: Wrong character in the string"},
		{"sendMediaGroup", []string{"chat_id", ann, "media", "["}, 400, "Bad Request: can't parse media JSON object"},
		{"setMyCommands", []string{"commands", `[{"command":"NO","description":"x"}]`}, 400, "Bad Request: BOT_COMMAND_INVALID"},
		{"setWebhook", []string{"url", "ftp://example.org"}, 400, "Bad Request: invalid webhook URL specified"},
		{"setWebhook", []string{"url", "https://example.org", "secret_token", "a b"}, 400, "Bad Request: secret token contains unallowed characters"},
		{"close", nil, 429, "Too Many Requests: retry after 600"},
	} {
		s.ask(test.method, test.args...).fails(test.code, test.want)
	}
	// Blocked, deleted, thrown out, moved.
	does(s.ann, &tg.ContactsBlock{ID: s.ann.robot()})
	s.ask("sendMessage", "chat_id", ann, "text", "x").fails(403, "Forbidden: bot was blocked by the user")
	does(s.ann, &tg.MessagesDeleteChatUser{ChatID: group.ChatID, UserID: robot})
	s.ask("sendMessage", "chat_id", fmt.Sprint(groupID), "text", "x").fails(403, "Forbidden: bot was kicked from the group chat")
	s.token = "779:secret"
	s.ask("getMe").fails(401, "Unauthorized")
	s.token = "nonsense"
	s.ask("getMe").fails(401, "Unauthorized: invalid token specified")
}

func TestMigrated(t *testing.T) {
	s := newStage(t, Options{})
	_, robot := s.ann.find("robot_bot")
	group, groupID := s.ann.group("Group", robot)
	s.updates()
	does(s.ann, &tg.MessagesMigrateChat{ChatID: group.ChatID})
	a := s.ask("sendMessage", "chat_id", fmt.Sprint(groupID), "text", "x")
	a.fails(400, "Bad Request: group chat was upgraded to a supergroup chat")
	if a.body.Parameters.MigrateTo > firstChannel || a.body.Parameters.MigrateTo == 0 {
		t.Errorf("answer %s", a.raw)
	}
	s.ask("sendMessage", "chat_id", fmt.Sprint(a.body.Parameters.MigrateTo), "text", "x").has(`"type":"supergroup"`)
	var to, from int64
	for _, u := range s.updates() {
		if u.Message != nil {
			to, from = to+u.Message.MigrateTo, from+u.Message.MigrateFrom
		}
	}
	if to != a.body.Parameters.MigrateTo || from != groupID {
		t.Errorf("told of a move to %d and from %d", to, from)
	}
}

// A bot in a group: who comes, who goes, what it sees, and what it may do.
func TestGroups(t *testing.T) {
	s := newStage(t, Options{})
	_, robot := s.ann.find("robot_bot")
	group, groupID := s.ann.group("Group", robot)
	chat := fmt.Sprint(groupID)
	all := s.updates()
	if len(all) != 2 || !strings.Contains(string(all[0].MyChatMember), `"old_chat_member":{"user":{"id":777,"is_bot":true,`+
		`"first_name":"Robot","username":"robot_bot"},"status":"left"},"new_chat_member":{"user":{"id":777,"is_bot":true,`+
		`"first_name":"Robot","username":"robot_bot"},"status":"member"}`) || !all[1].Message.GroupCreated {
		t.Fatalf("updates %s %+v", all[0].MyChatMember, all)
	}
	s.ann.say(group, "nothing for a bot")
	s.ann.say(group, "hey @robot_bot")
	u := s.update()
	if u.Message.Text != "hey @robot_bot" || u.Message.Chat.Type != "group" || u.Message.Chat.Title != "Group" {
		t.Fatalf("update %+v", u)
	}
	s.ask("deleteMessage", "chat_id", chat, "message_id", fmt.Sprint(u.Message.ID)).fails(400, "Bad Request: message can't be deleted for everyone")
	does(s.ann, &tg.MessagesEditChatAdmin{ChatID: group.ChatID, UserID: robot, IsAdmin: true})
	if u := s.update(); !strings.Contains(string(u.MyChatMember), `"status":"administrator","can_be_edited":false,"can_manage_chat":true`) {
		t.Errorf("promoted: %s", u.MyChatMember)
	}
	s.ask("deleteMessage", "chat_id", chat, "message_id", fmt.Sprint(u.Message.ID)).ok()

	bob := does(s.ann, &tg.ContactsResolvePhone{Phone: bobPhone}).Users[0].(*tg.User)
	s.ask("getUpdates", "allowed_updates", `["message","chat_member","message_reaction"]`).ok()
	does(s.ann, &tg.MessagesAddChatUser{ChatID: group.ChatID, UserID: &tg.InputUser{UserID: bob.ID, AccessHash: bob.AccessHash.Value}})
	all = s.updates()
	if len(all) != 2 || !strings.Contains(string(all[0].ChatMember), `"status":"member"`) || all[1].Message.NewMember.ID != s.bob.id {
		t.Fatalf("Bob has come: %+v", all)
	}
	s.ann.say(group, "love it")
	m := s.update().Message
	does(s.bob, &tg.MessagesSendReaction{Peer: group, MsgID: s.bob.read().ID, Reaction: []tg.ReactionClass{&tg.ReactionEmoji{Emoticon: "👍"}}})
	if u := s.update(); !strings.Contains(string(u.Reaction), fmt.Sprintf(`"message_id":%d,`, m.ID)) ||
		!strings.Contains(string(u.Reaction), `"old_reaction":[],"new_reaction":[{"type":"emoji","emoji":"👍"}]`) {
		t.Errorf("reaction %s", u.Reaction)
	}
	s.ask("setMessageReaction", "chat_id", chat, "message_id", fmt.Sprint(m.ID), "reaction", `[{"type":"emoji","emoji":"🔥"}]`).ok()

	s.ask("getChat", "chat_id", chat).has(`"title":"Group","type":"group","all_members_are_administrators":true`, `"can_send_messages":true`)
	s.ask("getChatMemberCount", "chat_id", chat).has(`"result":3`)
	s.ask("getChatMember", "chat_id", chat, "user_id", fmt.Sprint(s.ann.id)).has(`"status":"creator","is_anonymous":false`)
	s.ask("getChatMember", "chat_id", chat, "user_id", fmt.Sprint(s.bob.id)).has(`"status":"member"`)
	s.ask("getChatAdministrators", "chat_id", chat).has(`"status":"creator"`, `"status":"administrator"`)
	s.updates()
	s.ask("getUpdates", "allowed_updates", `[]`).ok()
	s.ask("leaveChat", "chat_id", chat).ok()
	left := s.updates()
	if len(left) != 2 || !strings.Contains(string(left[1].MyChatMember)+string(left[0].MyChatMember), `"status":"left"`) {
		t.Errorf("left: %+v", left)
	}
	s.ask("sendMessage", "chat_id", chat, "text", "x").fails(403, "Forbidden: bot is not a member of the group chat")
}

func TestSupergroupAndChannel(t *testing.T) {
	s := newStage(t, Options{})
	_, robot := s.ann.find("robot_bot")
	super, superID := s.ann.channel("Super", false)
	does(s.ann, &tg.ChannelsInviteToChannel{Channel: super, Users: []tg.InputUserClass{robot}})
	chat := fmt.Sprint(superID)
	all := s.updates()
	if len(all) != 2 || all[1].Message.NewMember.ID != 777 || all[1].Message.Chat.Type != "supergroup" {
		t.Fatalf("joined: %+v", all)
	}
	s.ann.say(peerOfChannel(super), "hidden")
	s.ann.say(peerOfChannel(super), "/help")
	m := s.update().Message
	reply := s.ask("sendMessage", "chat_id", chat, "text", "How?", "reply_to_message_id", fmt.Sprint(m.ID)).message()
	if reply.ReplyTo == nil || reply.ReplyTo.ID != m.ID {
		t.Errorf("reply %+v", reply)
	}
	q := &tg.MessagesSendMessage{Peer: peerOfChannel(super), Message: "So", RandomID: lastRandom.Add(1), ReplyTo: &tg.InputReplyToMessage{ReplyToMsgID: reply.ID}}
	does(s.ann, q)
	if u := s.update(); u.Message.Text != "So" || u.Message.ReplyTo.ID != reply.ID || u.Message.ReplyTo.From.ID != 777 {
		t.Errorf("reply to the bot: %+v", u.Message)
	}
	s.ask("getChatMember", "chat_id", chat, "user_id", "777").has(`"status":"member"`)
	s.ask("getChatMemberCount", "chat_id", chat).has(`"result":2`)
	s.ask("getChat", "chat_id", chat).has(`"type":"supergroup"`, `"can_change_info":false`)
	does(s.ann, &tg.ChannelsEditAdmin{Channel: super, UserID: robot, AdminRights: tg.ChatAdminRights{DeleteMessages: true}})
	if u := s.update(); !strings.Contains(string(u.MyChatMember), `"can_delete_messages":true`) {
		t.Errorf("promoted: %s", u.MyChatMember)
	}
	s.ann.say(peerOfChannel(super), "seen")
	s.ask("deleteMessages", "chat_id", chat, "message_ids", fmt.Sprintf("[%d,99]", s.update().Message.ID)).ok()
	does(s.ann, &tg.ChannelsEditBanned{
		Channel: super, Participant: s.ann.robot(), BannedRights: tg.ChatBannedRights{ViewMessages: true, UntilDate: 1<<31 - 1},
	})
	s.ask("sendMessage", "chat_id", chat, "text", "x").fails(403, "Forbidden: bot was kicked from the supergroup chat")
	if u := s.update(); !strings.Contains(string(u.MyChatMember), `"status":"kicked","until_date":0`) {
		t.Errorf("kicked: %s", u.MyChatMember)
	}

	news, newsID := s.ann.channel("News", true)
	does(s.ann, &tg.ChannelsEditAdmin{Channel: news, UserID: robot, AdminRights: tg.ChatAdminRights{PostMessages: true}})
	s.updates()
	s.ann.say(peerOfChannel(news), "Extra!")
	if u := s.update(); u.Post == nil || u.Post.Text != "Extra!" || u.Post.SenderChat.ID != newsID || u.Post.From != nil {
		t.Errorf("post %+v", u)
	}
	s.ask("sendMessage", "chat_id", fmt.Sprint(newsID), "text", "From a bot").has(`"sender_chat":{"id":` + fmt.Sprint(newsID) + `,"title":"News","type":"channel"}`)
	does(s.ann, &tg.ChannelsEditAdmin{Channel: news, UserID: robot})
	s.ask("sendMessage", "chat_id", fmt.Sprint(newsID), "text", "x").fails(400, "Bad Request: need administrator rights in the channel chat")
}

func TestForwardAndCopy(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "original")
	m := s.update().Message
	ann := fmt.Sprint(s.ann.id)
	from := []string{"chat_id", ann, "from_chat_id", ann, "message_id", fmt.Sprint(m.ID)}
	s.ask("forwardMessage", from...).has(`"forward_origin":{"type":"user","sender_user":{"id":`+ann, `"forward_from":{"id":`+ann, `"text":"original"`)
	s.ask("copyMessage", from...).has(`"result":{"message_id":`)
	if all := s.ann.heard(); len(all) != 2 || all[1].(*tg.UpdateNewMessage).Message.(*tg.Message).FwdFrom != nil {
		t.Errorf("a copy is forwarded: %+v", all)
	}
	ids := []string{"chat_id", ann, "from_chat_id", ann, "message_ids", fmt.Sprintf("[%d,99]", m.ID)}
	var list []messageID
	for _, method := range []string{"forwardMessages", "copyMessages"} {
		s.check(json.Unmarshal(s.ask(method, ids...).ok(), &list))
		if len(list) != 1 {
			t.Errorf("%s: %v", method, list)
		}
	}
}

func TestMyCommands(t *testing.T) {
	s := newStage(t, Options{})
	s.ask("getMyCommands").has(`"result":[]`)
	s.ask("setMyCommands", "commands", `[{"command":"/help","description":"What it does"}]`).ok()
	s.ask("getMyCommands").has(`"result":[{"command":"help","description":"What it does"}]`)
	s.ask("getMyCommands", "scope", `{"type":"all_private_chats"}`).has(`"result":[]`)
	s.ask("deleteMyCommands").ok()
	s.ask("getMyCommands").has(`"result":[]`)
	s.ask("getMe").has(`"result":{"id":777,"is_bot":true,"first_name":"Robot","username":"robot_bot","can_join_groups":true,` +
		`"can_read_all_group_messages":false,"supports_inline_queries":false`)
}

package botapi

import (
	"encoding/json"
	"fmt"
	"testing"

	"godwit/tg"
)

// A bot that administers a forum pins, changes title and photo, and runs topics.
func TestGovern(t *testing.T) {
	s := newStage(t, Options{})
	_, robot := s.ann.find("robot_bot")
	talk, talkID := s.ann.channel("Talk", false)
	chat := fmt.Sprint(talkID)
	does(s.ann, &tg.ChannelsToggleForum{Channel: talk, Enabled: true})
	does(s.ann, &tg.ChannelsEditAdmin{Channel: talk, UserID: robot, AdminRights: tg.ChatAdminRights{
		PinMessages: true, ChangeInfo: true, ManageTopics: true, DeleteMessages: true,
	}})
	s.updates()

	m := s.ask("sendMessage", "chat_id", chat, "text", "to be pinned").message()
	id := fmt.Sprint(m.ID)
	s.ask("pinChatMessage", "chat_id", chat, "message_id", "999").fails(400, "Bad Request: message to pin not found")
	s.ask("pinChatMessage", "chat_id", chat, "message_id", id).ok()
	s.ask("pinChatMessage", "chat_id", chat, "message_id", id).ok()
	s.ask("getChat", "chat_id", chat).ok()
	s.ask("unpinChatMessage", "chat_id", chat).ok() // the newest
	s.ask("unpinChatMessage", "chat_id", chat).fails(400, "Bad Request: message to unpin not found")
	s.ask("pinChatMessage", "chat_id", chat, "message_id", id, "disable_notification", "true").ok()
	s.ask("unpinChatMessage", "chat_id", chat, "message_id", id).ok()
	s.ask("unpinAllChatMessages", "chat_id", chat).ok()

	s.ask("setChatTitle", "chat_id", chat).fails(400, "Bad Request: title must be non-empty")
	s.ask("setChatTitle", "chat_id", chat, "title", "Birds").ok()
	s.ask("setChatTitle", "chat_id", chat, "title", "Birds").ok()
	s.ask("setChatPhoto", "chat_id", chat).fails(400, "Bad Request: there is no photo in the request")
	s.ask("setChatPhoto", "chat_id", chat, "photo", "x").fails(400, "Bad Request: photo must be uploaded as an InputFile")
	s.ask("deleteChatPhoto", "chat_id", chat).ok()
	s.upload("setChatPhoto", "photo", "x.png", testImage(t), "chat_id", chat).ok()
	s.ask("deleteChatPhoto", "chat_id", chat).ok()
	ann := fmt.Sprint(s.ann.id)
	s.ann.say(s.ann.robot(), "/start")
	s.ask("setChatTitle", "chat_id", ann, "title", "Ann").fails(400, "Bad Request: can't change private chat title")
	heard := s.ann.heard()
	kinds := make(map[string]bool)
	for _, u := range heard {
		if u, ok := u.(*tg.UpdateNewChannelMessage); ok {
			if m, ok := u.Message.(*tg.MessageService); ok {
				kinds[fmt.Sprintf("%T", m.Action)] = true
			}
		}
	}
	for _, want := range []string{"PinMessage", "ChatEditTitle", "ChatEditPhoto", "ChatDeletePhoto"} {
		if !kinds["*tg.MessageAction"+want] {
			t.Errorf("Ann has not heard of %s: %v", want, kinds)
		}
	}

	var topic forumTopic
	s.check(json.Unmarshal(s.ask("createForumTopic", "chat_id", chat, "name", "Waders").ok(), &topic))
	if topic.Name != "Waders" || topic.ThreadID == 0 || topic.IconColor == 0 {
		t.Errorf("topic %+v", topic)
	}
	thread := fmt.Sprint(topic.ThreadID)
	in := s.ask("sendMessage", "chat_id", chat, "message_thread_id", thread, "text", "A godwit").message()
	if in.ThreadID != topic.ThreadID || !in.IsTopicMessage {
		t.Errorf("in the topic %+v", in)
	}
	s.ask("editForumTopic", "chat_id", chat, "message_thread_id", thread, "name", "Godwits").ok()
	s.ask("closeForumTopic", "chat_id", chat, "message_thread_id", thread).ok()
	s.ask("closeForumTopic", "chat_id", chat, "message_thread_id", thread).fails(400, "Bad Request: TOPIC_NOT_MODIFIED")
	s.ask("reopenForumTopic", "chat_id", chat, "message_thread_id", thread).ok()
	s.ask("deleteForumTopic", "chat_id", chat, "message_thread_id", thread).ok()
	s.ask("closeForumTopic", "chat_id", chat, "message_thread_id", thread).fails(400, "Bad Request: TOPIC_ID_INVALID")
	s.ask("createForumTopic", "chat_id", ann, "name", "x").fails(400, "Bad Request: the chat is not a forum")

	does(s.ann, &tg.ChannelsEditAdmin{Channel: talk, UserID: robot, AdminRights: tg.ChatAdminRights{DeleteMessages: true}})
	s.ask("pinChatMessage", "chat_id", chat, "message_id", id).fails(400, "Bad Request: not enough rights to manage pinned messages in the chat")
	s.ask("setChatTitle", "chat_id", chat, "title", "Mine").fails(400, "Bad Request: not enough rights to change chat title")
}

// A bot sends polls, people vote, and it closes them.
func TestPolls(t *testing.T) {
	s := newStage(t, Options{})
	ann := fmt.Sprint(s.ann.id)
	s.ann.say(s.ann.robot(), "/start")
	s.updates()
	for _, test := range [][]string{
		{"options", "x", "can't parse options JSON object"},
		{"options", `"x"`, "expected an Array of String as options"},
		{"options", `[1,2]`, "expected an option to be of type String"},
		{"type", "other", "unsupported poll type specified"},
	} {
		args := map[string]string{"chat_id": ann, "question": "Which?", "options": `["a","b"]`}
		args[test[0]] = test[1]
		var list []string
		for name, value := range args {
			list = append(list, name, value)
		}
		s.ask("sendPoll", list...).fails(400, "Bad Request: "+test[2])
	}
	m := s.ask("sendPoll", "chat_id", ann, "question", "Which *bird*?", "question_parse_mode", "Markdown", "options",
		`["Tern",{"text":"<b>Godwit</b>","text_parse_mode":"HTML"}]`, "is_anonymous", "false").message()
	if p := m.Poll; p == nil || p.Question != "Which bird?" || p.IsAnonymous || len(p.Options) != 2 || p.Options[1].Text != "Godwit" {
		t.Fatalf("poll %+v", m.Poll)
	}
	var id int32
	for _, u := range s.ann.heard() {
		if u, ok := u.(*tg.UpdateNewMessage); ok {
			if p, ok := u.Message.(*tg.Message).Media.(*tg.MessageMediaPoll); ok {
				id = u.Message.(*tg.Message).ID
				does(s.ann, &tg.MessagesSendVote{Peer: s.ann.robot(), MsgID: id, Options: [][]byte{p.Poll.Answers[1].(*tg.PollAnswer).Option}})
			}
		}
	}
	if id == 0 {
		t.Fatal("Ann has not got the poll")
	}
	s.ask("stopPoll", "chat_id", ann, "message_id", "1").fails(400, "Bad Request: message is not a poll")
	var ended pollObject
	s.check(json.Unmarshal(s.ask("stopPoll", "chat_id", ann, "message_id", fmt.Sprint(m.ID)).ok(), &ended))
	if !ended.IsClosed || ended.TotalVoters != 1 || ended.Options[1].Voters != 1 {
		t.Errorf("the poll ended as %+v", ended)
	}
	s.ask("stopPoll", "chat_id", ann, "message_id", fmt.Sprint(m.ID)).fails(400, "Bad Request: poll can't be stopped")
	quiz := s.ask("sendPoll", "chat_id", ann, "question", "Which?", "options", `["a","b"]`, "type", "quiz", "correct_option_id", "1", "explanation", "Because").message()
	if quiz.Poll.Type != "quiz" || !quiz.Poll.IsAnonymous {
		t.Errorf("quiz %+v", quiz.Poll)
	}
	s.ask("sendPoll", "chat_id", ann, "question", "Which?", "options", `["a"]`).fails(400, "Bad Request: POLL_ANSWERS_INVALID")
}

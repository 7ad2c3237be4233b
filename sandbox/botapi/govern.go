package botapi

import (
	"encoding/json"
	"math"

	"godwit/tg"
	"godwit/tl"
)

// pinChatMessage serves pinChatMessage.
func pinChatMessage(q *request) (any, error) {
	p, _, err := q.existing(toWrite, "message to pin")
	if err != nil {
		return nil, err
	}
	_, err = call(q, q.b, &tg.MessagesUpdatePinnedMessage{
		Silent: q.flag("disable_notification"), Peer: p.peer(), ID: q.id("message_id"),
	})
	return true, p.pinning(err)
}

// pinning says who may not pin. What is as it is wanted is no error.
func (p *place) pinning(err error) error {
	switch {
	case is(err, "CHAT_NOT_MODIFIED"):
		return nil
	case is(err, "CHAT_ADMIN_REQUIRED"):
		return bad("Not enough rights to manage pinned messages in the chat")
	}
	return err
}

// unpinChatMessage serves unpinChatMessage: without an id it unpins the message that
// was written last.
func unpinChatMessage(q *request) (any, error) {
	id := q.id("message_id")
	p, err := q.place("chat_id", toWrite)
	if err != nil {
		return nil, err
	}
	if id == 0 {
		if id, err = q.b.pinned(q, p); err != nil || id == 0 {
			return nil, bad("Message to unpin not found")
		}
	} else if _, _, err := q.existing(toWrite, "message to unpin"); err != nil {
		return nil, err
	}
	_, err = call(q, q.b, &tg.MessagesUpdatePinnedMessage{Unpin: true, Peer: p.peer(), ID: id})
	return true, p.pinning(err)
}

// pinned returns the id of the newest message of a chat that is pinned, 0 without
// any.
func (b *bot) pinned(q *request, p *place) (int32, error) {
	switch {
	case p.channel != nil:
		full, err := call(q, b, &tg.ChannelsGetFullChannel{Channel: channelOf(p.id)})
		if err != nil {
			return 0, err
		}
		return full.FullChat.(*tg.ChannelFull).PinnedMsgID.Or(0), nil
	case p.group != nil:
		full, err := call(q, b, &tg.MessagesGetFullChat{ChatID: -p.id})
		if err != nil {
			return 0, err
		}
		return full.FullChat.(*tg.ChatFull).PinnedMsgID.Or(0), nil
	}
	full, err := call(q, b, &tg.UsersGetFullUser{ID: &tg.InputUser{UserID: p.id}})
	if err != nil {
		return 0, err
	}
	return full.FullUser.PinnedMsgID.Or(0), nil
}

// unpinAllChatMessages serves unpinAllChatMessages.
func unpinAllChatMessages(q *request) (any, error) {
	p, err := q.place("chat_id", toWrite)
	if err != nil {
		return nil, err
	}
	_, err = call(q, q.b, &tg.MessagesUnpinAllMessages{Peer: p.peer()})
	return true, p.pinning(err)
}

// change changes what a group or channel says of itself. what is that in words.
func (q *request) change(what string, basic, others func(*place) tg.Method[tg.UpdatesClass]) (any, error) {
	p, err := q.place("chat_id", toWrite)
	if err != nil {
		return nil, err
	}
	request := others
	switch {
	case p.user != nil:
		return nil, bad("Can't change private chat %s", what)
	case p.group != nil:
		request = basic
	}
	u, err := call(q, q.b, request(p))
	switch {
	case is(err, "CHAT_NOT_MODIFIED"):
		return true, nil
	case is(err, "CHAT_ADMIN_REQUIRED"):
		return nil, bad("Not enough rights to change chat %s", what)
	case err != nil:
		return nil, err
	}
	if all, ok := u.(*tg.Updates); ok {
		q.b.learn(all.Users, all.Chats)
	}
	return true, nil
}

// setChatTitle serves setChatTitle.
func setChatTitle(q *request) (any, error) {
	title := q.args["title"]
	if title == "" {
		return nil, bad("Title must be non-empty")
	}
	return q.change("title",
		func(p *place) tg.Method[tg.UpdatesClass] {
			return &tg.MessagesEditChatTitle{ChatID: -p.id, Title: title}
		},
		func(p *place) tg.Method[tg.UpdatesClass] {
			return &tg.ChannelsEditTitle{Channel: channelOf(p.id), Title: title}
		})
}

// setChatPhoto serves setChatPhoto. The photo has to come with the request.
func setChatPhoto(q *request) (any, error) {
	f := q.attached(q.args["photo"], "photo")
	if f == nil {
		if q.args["photo"] == "" {
			return nil, bad("There is no photo in the request")
		}
		return nil, bad("Photo must be uploaded as an InputFile")
	}
	in, err := q.upload(f)
	if err != nil {
		return nil, err
	}
	return q.changePhoto(&tg.InputChatUploadedPhoto{File: in})
}

// deleteChatPhoto serves deleteChatPhoto.
func deleteChatPhoto(q *request) (any, error) { return q.changePhoto(&tg.InputChatPhotoEmpty{}) }

func (q *request) changePhoto(in tg.InputChatPhotoClass) (any, error) {
	return q.change("photo",
		func(p *place) tg.Method[tg.UpdatesClass] { return &tg.MessagesEditChatPhoto{ChatID: -p.id, Photo: in} },
		func(p *place) tg.Method[tg.UpdatesClass] {
			return &tg.ChannelsEditPhoto{Channel: channelOf(p.id), Photo: in}
		})
}

// sendPoll serves sendPoll.
func sendPoll(q *request) (any, error) {
	question, err := q.formatted(q.args["question"], q.args["question_parse_mode"], q.args["question_entities"])
	if err != nil {
		return nil, err
	}
	answers, err := q.pollOptions()
	if err != nil {
		return nil, err
	}
	in := &tg.InputMediaPoll{Poll: tg.Poll{
		Question: question.marked(), Answers: answers, PublicVoters: q.args["is_anonymous"] != "" && !q.flag("is_anonymous"),
		MultipleChoice: q.flag("allows_multiple_answers"),
	}}
	switch q.args["type"] {
	case "", "regular":
	case "quiz":
		in.Poll.Quiz = true
		if q.args["correct_option_id"] != "" {
			in.CorrectAnswers = []int32{int32(q.integer("correct_option_id", -1, -1, math.MaxInt32))}
		}
		why, err := q.formatted(q.args["explanation"], q.args["explanation_parse_mode"], q.args["explanation_entities"])
		if err != nil {
			return nil, err
		}
		if why.text != "" {
			in.Solution, in.SolutionEntities = tl.Some(why.text), why.entities
		}
	default:
		return nil, bad("Unsupported poll type specified")
	}
	return q.sendPlain(in)
}

// marked returns a text as parts of polls have it.
func (f formatted) marked() tg.TextWithEntities {
	return tg.TextWithEntities{Text: f.text, Entities: f.entities}
}

// pollOptions returns the answers of a poll: texts, or objects with one.
func (q *request) pollOptions() ([]tg.PollAnswerClass, error) {
	raw := []byte(q.args["options"])
	var list []json.RawMessage
	switch {
	case !json.Valid(raw):
		return nil, bad("Can't parse options JSON object")
	case json.Unmarshal(raw, &list) != nil:
		return nil, bad("Expected an Array of String as options")
	}
	var out []tg.PollAnswerClass
	for _, one := range list {
		var text string
		var object struct {
			Text     string          `json:"text"`
			Mode     string          `json:"text_parse_mode"`
			Entities json.RawMessage `json:"text_entities"`
		}
		if json.Unmarshal(one, &text) == nil {
			out = append(out, &tg.InputPollAnswer{Text: tg.TextWithEntities{Text: text}})
			continue
		}
		if json.Unmarshal(one, &object) != nil {
			return nil, bad("Expected an option to be of type String")
		}
		f, err := q.formatted(object.Text, object.Mode, string(object.Entities))
		if err != nil {
			return nil, err
		}
		out = append(out, &tg.InputPollAnswer{Text: f.marked()})
	}
	return out, nil
}

// stopPoll serves stopPoll, which answers with the poll as it has ended.
func stopPoll(q *request) (any, error) {
	p, m, err := q.existing(toEdit, "message with poll to stop")
	if err != nil {
		return nil, err
	}
	of, _ := m.(*tg.Message)
	if of == nil {
		return nil, bad("Message is not a poll")
	}
	poll, ok := of.Media.(*tg.MessageMediaPoll)
	switch {
	case !ok:
		return nil, bad("Message is not a poll")
	case !of.Out || poll.Poll.Closed:
		return nil, bad("Poll can't be stopped")
	}
	closed := poll.Poll
	closed.Closed = true
	if _, err := call(q, q.b, &tg.MessagesEditMessage{Peer: p.peer(), ID: of.ID, Media: &tg.InputMediaPoll{Poll: closed}}); err != nil {
		return nil, err
	}
	now, err := q.b.fetch(q, p.id, of.ID)
	if err != nil {
		return nil, err
	}
	return q.b.message(q, now, false).Poll, nil
}

// A forumTopic is a topic as createForumTopic answers it.
type forumTopic struct {
	ThreadID  int32  `json:"message_thread_id"`
	Name      string `json:"name"`
	IconColor int32  `json:"icon_color"`
}

// forum finds the forum that a request names.
func (q *request) forum() (*place, error) {
	p, err := q.place("chat_id", toWrite)
	if err == nil && (p.channel == nil || !p.channel.Forum) {
		err = bad("The chat is not a forum")
	}
	return p, err
}

// createForumTopic serves createForumTopic.
func createForumTopic(q *request) (any, error) {
	p, err := q.forum()
	if err != nil {
		return nil, err
	}
	in := &tg.MessagesCreateForumTopic{Peer: p.peer(), Title: q.args["name"], RandomID: randomID()}
	if color := q.id("icon_color"); color != 0 {
		in.IconColor = tl.Some(color)
	}
	u, err := call(q, q.b, in)
	all, err := q.sent(p, u, err)
	if err != nil {
		return nil, topicRights("create", err)
	}
	made := all[0].TopicCreated
	return &forumTopic{all[0].ID, made.Name, made.IconColor}, nil
}

// topicRights says what may not be done with a topic.
func topicRights(what string, err error) error {
	if is(err, "CHAT_ADMIN_REQUIRED") {
		return bad("Not enough rights to %s the topic", what)
	}
	return err
}

// editForumTopic serves editForumTopic and what opens and closes topics. change says
// what is to become of one.
func editForumTopic(change func(q *request, in *tg.MessagesEditForumTopic)) method {
	return func(q *request) (any, error) {
		p, err := q.forum()
		if err != nil {
			return nil, err
		}
		in := &tg.MessagesEditForumTopic{Peer: p.peer(), TopicID: q.id("message_thread_id")}
		change(q, in)
		_, err = call(q, q.b, in)
		return true, topicRights("edit", err)
	}
}

func renameTopic(q *request, in *tg.MessagesEditForumTopic) {
	if name := q.args["name"]; name != "" {
		in.Title = tl.Some(name)
	}
}

func closeTopic(_ *request, in *tg.MessagesEditForumTopic)  { in.Closed = tl.Some(true) }
func reopenTopic(_ *request, in *tg.MessagesEditForumTopic) { in.Closed = tl.Some(false) }

// deleteForumTopic serves deleteForumTopic.
func deleteForumTopic(q *request) (any, error) {
	p, err := q.forum()
	if err != nil {
		return nil, err
	}
	for {
		left, err := call(q, q.b, &tg.MessagesDeleteTopicHistory{Peer: p.peer(), TopMsgID: q.id("message_thread_id")})
		if err != nil || left.Offset == 0 {
			return true, topicRights("delete", err)
		}
	}
}

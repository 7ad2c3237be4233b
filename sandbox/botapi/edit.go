package botapi

import (
	"encoding/json"

	"godwit/tg"
	"godwit/tl"
)

// existing finds the message that a request is about.
func (q *request) existing(need access, what string) (*place, tg.MessageClass, error) {
	p, err := q.place("chat_id", need)
	if err != nil {
		return nil, nil, err
	}
	id := q.id("message_id")
	if id == 0 {
		return nil, nil, bad("%s not found", what)
	}
	m, err := q.b.fetch(q, p.id, id)
	if err != nil {
		return nil, nil, bad("%s not found", what)
	}
	return p, m, nil
}

// editable finds a message that is to be edited.
func (q *request) editable() (*place, *tg.Message, error) {
	if q.args["chat_id"] == "" && q.id("message_id") == 0 {
		if q.args["inline_message_id"] == "" {
			return nil, nil, bad("Message identifier is not specified")
		}
		return nil, nil, bad("MESSAGE_ID_INVALID") // nothing is sent inline here
	}
	p, m, err := q.existing(toEdit, "message to edit")
	if err != nil {
		return nil, nil, err
	}
	full, ok := m.(*tg.Message)
	if !ok {
		return nil, nil, bad("message can't be edited")
	}
	return p, full, nil
}

// edit changes a message and returns it.
func (q *request) edit(p *place, m *tg.Message, e *tg.MessagesEditMessage) (any, error) {
	e.Peer, e.ID = p.peer(), m.ID
	u, err := call(q, q.b, e)
	return q.only(p, u, err)
}

func hasText(m *tg.Message) bool {
	switch m.Media.(type) {
	case nil, *tg.MessageMediaEmpty, *tg.MessageMediaWebPage:
		return true
	}
	return false
}

// editMessageText serves editMessageText.
func editMessageText(q *request) (any, error) {
	f, err := q.text()
	if err != nil {
		return nil, err
	}
	markup, err := q.markup()
	if err != nil {
		return nil, err
	}
	p, m, err := q.editable()
	if err != nil {
		return nil, err
	}
	if !hasText(m) {
		return nil, bad("there is no text in the message to edit")
	}
	return q.edit(p, m, &tg.MessagesEditMessage{Message: tl.Some(f.text), Entities: f.entities, ReplyMarkup: markup})
}

// editMessageCaption serves editMessageCaption.
func editMessageCaption(q *request) (any, error) {
	markup, err := q.markup()
	if err != nil {
		return nil, err
	}
	f, err := q.caption()
	if err != nil {
		return nil, err
	}
	p, m, err := q.editable()
	if err != nil {
		return nil, err
	}
	if hasText(m) {
		return nil, bad("there is no caption in the message to edit")
	}
	return q.edit(p, m, &tg.MessagesEditMessage{Message: tl.Some(f.text), Entities: f.entities, ReplyMarkup: markup})
}

// editMessageMedia serves editMessageMedia.
func editMessageMedia(q *request) (any, error) {
	markup, err := q.markup()
	if err != nil {
		return nil, err
	}
	p, m, err := q.editable()
	if err != nil {
		return nil, err
	}
	if q.args["media"] == "" {
		return nil, bad("Input media is not specified")
	}
	in, caption, err := q.mediaObject(json.RawMessage(q.args["media"]))
	if err != nil {
		return nil, err
	}
	return q.edit(p, m, &tg.MessagesEditMessage{
		Media: in, Message: tl.Some(caption.text), Entities: caption.entities, ReplyMarkup: markup,
	})
}

// editMessageReplyMarkup serves editMessageReplyMarkup.
func editMessageReplyMarkup(q *request) (any, error) {
	markup, err := q.markup()
	if err != nil {
		return nil, err
	}
	p, m, err := q.editable()
	if err != nil {
		return nil, err
	}
	return q.edit(p, m, &tg.MessagesEditMessage{ReplyMarkup: markup})
}

// deleteWithin is for how long a message can be deleted
// (https://core.telegram.org/bots/api#deletemessage), in seconds.
const deleteWithin = 48 * 3600

// deleteMessage serves deleteMessage.
func deleteMessage(q *request) (any, error) {
	switch {
	case q.args["chat_id"] == "":
		return nil, bad("Chat identifier is not specified")
	case q.id("message_id") == 0:
		return nil, bad("Message identifier is not specified")
	}
	p, m, err := q.existing(toWrite, "message to delete")
	if err != nil {
		return nil, err
	}
	return true, q.remove(p, []tg.MessageClass{m})
}

// deleteMessages serves deleteMessages: those that are there.
func deleteMessages(q *request) (any, error) {
	ids, err := q.messageIDs()
	if err != nil {
		return nil, err
	}
	p, err := q.place("chat_id", toWrite)
	if err != nil {
		return nil, err
	}
	found, err := q.b.fetchAll(q, p.id, ids)
	if err != nil {
		return nil, err
	}
	return true, q.remove(p, found)
}

// remove deletes messages for everybody.
func (q *request) remove(p *place, messages []tg.MessageClass) error {
	var ids []int32
	for _, m := range messages {
		h := headOf(m)
		if !q.mayDelete(p, h) {
			return bad("message can't be deleted for everyone")
		}
		ids = append(ids, h.id)
	}
	if len(ids) == 0 {
		return nil
	}
	var err error
	if p.channel != nil {
		_, err = call(q, q.b, &tg.ChannelsDeleteMessages{Channel: channelOf(p.id), ID: ids})
	} else {
		_, err = call(q, q.b, &tg.MessagesDeleteMessages{ID: ids, Revoke: true})
	}
	return err
}

// mayDelete tells whether the bot may delete a message: its own and those
// written to it for some time, in groups those of others as an administrator.
func (q *request) mayDelete(p *place, h *head) bool {
	var rights *tg.ChatAdminRights
	switch {
	case p.group != nil:
		rights = p.group.AdminRights
	case p.channel != nil:
		rights = p.channel.AdminRights
	}
	if rights != nil && rights.DeleteMessages {
		return true
	}
	young := q.s.now()-int(h.date) < deleteWithin
	return young && (p.user != nil || h.out)
}

package botapi

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"godwit/tg"
	"godwit/tl"
)

// An outgoing message is what all methods that send have in common.
type outgoing struct {
	place   *place
	reply   tg.InputReplyToClass
	markup  tg.ReplyMarkupClass
	silent  bool
	protect bool
}

// outgoing reads where a message goes and what comes with it.
func (q *request) outgoing() (*outgoing, error) {
	wanted, err := q.replyParameters()
	if err != nil {
		return nil, err
	}
	out := &outgoing{silent: q.flag("disable_notification"), protect: q.flag("protect_content")}
	if out.markup, err = q.markup(); err != nil {
		return nil, err
	}
	if out.place, err = q.place("chat_id", toWrite); err != nil {
		return nil, err
	}
	thread := q.id("message_thread_id")
	if thread != 0 && (out.place.channel == nil || !out.place.channel.Forum) {
		thread = 0
	}
	if out.reply, err = q.reply(out.place, thread, wanted); err != nil {
		return nil, err
	}
	if wait := q.b.meter.allow(q.s.options.Limits, out.place.id, q.s.sandbox.Now()); wait > 0 {
		return nil, tooMany(wait)
	}
	return out, nil
}

// replyParameters are what a message answers.
type replyParameters struct {
	MessageID     int32           `json:"message_id"`
	ChatID        json.RawMessage `json:"chat_id"`
	AllowWithout  bool            `json:"allow_sending_without_reply"`
	Quote         string          `json:"quote"`
	QuoteMode     string          `json:"quote_parse_mode"`
	QuoteEntities json.RawMessage `json:"quote_entities"`
	QuotePosition int32           `json:"quote_position"`
}

func (q *request) replyParameters() (*replyParameters, error) {
	text, given := q.args["reply_parameters"]
	if !given {
		return &replyParameters{MessageID: q.id("reply_to_message_id"), AllowWithout: q.flag("allow_sending_without_reply")}, nil
	}
	out := &replyParameters{}
	if text == "" || text == "{}" {
		return out, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, bad("Can't parse reply parameters JSON object")
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return nil, bad("Object expected as reply parameters")
	}
	return out, nil
}

// reply checks what a message answers, and into which topic it goes.
func (q *request) reply(p *place, thread int32, wanted *replyParameters) (tg.InputReplyToClass, error) {
	into := tl.Optional[int32]{Value: thread, Set: thread != 0}
	if wanted.MessageID <= 0 {
		if thread == 0 {
			return nil, nil
		}
		return &tg.InputReplyToMessage{ReplyToMsgID: thread, TopMsgID: into}, nil
	}
	if where := strings.Trim(string(wanted.ChatID), `"`); where != "" && where != q.args["chat_id"] {
		return nil, bad("replies to messages of other chats are not served")
	}
	if _, err := q.b.fetch(q, p.id, wanted.MessageID); err != nil {
		if wanted.AllowWithout {
			return q.reply(p, thread, &replyParameters{})
		}
		return nil, bad("message to be replied not found")
	}
	out := &tg.InputReplyToMessage{ReplyToMsgID: wanted.MessageID, TopMsgID: into}
	if wanted.Quote != "" {
		quoted, err := q.formatted(wanted.Quote, wanted.QuoteMode, string(wanted.QuoteEntities))
		if err != nil {
			return nil, err
		}
		out.QuoteText, out.QuoteEntities = tl.Some(quoted.text), quoted.entities
		out.QuoteOffset = tl.Some(wanted.QuotePosition)
	}
	return out, nil
}

// sent returns the messages of an answer as objects.
func (q *request) sent(p *place, u tg.UpdatesClass, err error) ([]*message, error) {
	switch {
	case p.user != nil && is(err, "PEER_ID_INVALID"):
		return nil, forbidden("bot can't initiate conversation with a user")
	case p.channel != nil && p.channel.Broadcast && is(err, "CHAT_WRITE_FORBIDDEN"):
		return nil, bad("need administrator rights in the channel chat")
	case err != nil:
		return nil, err
	}
	all, ok := u.(*tg.Updates)
	if !ok {
		return nil, bad("message was not sent")
	}
	q.b.learn(all.Users, all.Chats)
	var out []*message
	for _, u := range all.Updates {
		var m tg.MessageClass
		switch u := u.(type) {
		case *tg.UpdateNewMessage:
			m = u.Message
		case *tg.UpdateNewChannelMessage:
			m = u.Message
		case *tg.UpdateEditMessage:
			m = u.Message
		case *tg.UpdateEditChannelMessage:
			m = u.Message
		default:
			continue
		}
		if one := q.b.message(q, m, true); one != nil {
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		return nil, bad("message was not sent")
	}
	return out, nil
}

// only returns the one message of an answer.
func (q *request) only(p *place, u tg.UpdatesClass, err error) (any, error) {
	all, err := q.sent(p, u, err)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// sendMessage serves sendMessage.
func sendMessage(q *request) (any, error) {
	f, err := q.text()
	if err != nil {
		return nil, err
	}
	o, err := q.outgoing()
	if err != nil {
		return nil, err
	}
	u, err := call(q, q.b, o.text(f))
	return q.only(o.place, u, err)
}

func (o *outgoing) text(f formatted) *tg.MessagesSendMessage {
	return &tg.MessagesSendMessage{
		Peer: o.place.peer(), ReplyTo: o.reply, Message: f.text, Entities: f.entities, ReplyMarkup: o.markup,
		Silent: o.silent, Noforwards: o.protect, RandomID: randomID(),
	}
}

func (o *outgoing) media(in tg.InputMediaClass, caption formatted) *tg.MessagesSendMedia {
	return &tg.MessagesSendMedia{
		Peer: o.place.peer(), ReplyTo: o.reply, Media: in, Message: caption.text, Entities: caption.entities,
		ReplyMarkup: o.markup, Silent: o.silent, Noforwards: o.protect, RandomID: randomID(),
	}
}

// sendFile serves the methods that send a file of a kind, which is in a field of
// the request.
func sendFile(kind fileKind, field string) method {
	return func(q *request) (any, error) {
		caption, err := q.caption()
		if err != nil {
			return nil, err
		}
		form := &mediaForm{
			kind: kind, source: q.args[field], field: field, thumb: cmp.Or(q.args["thumbnail"], q.args["thumb"]),
			arg: func(name string) string { return q.args[name] },
		}
		if q.attached(form.source, field) == nil && form.source == "" {
			return nil, bad("There is no %s in the request", names[kind])
		}
		o, err := q.outgoing()
		if err != nil {
			return nil, err
		}
		in, err := q.inputMedia(form)
		if err != nil {
			return nil, err
		}
		u, err := call(q, q.b, o.media(in, caption))
		return q.only(o.place, u, q.mediaRights(kind, err))
	}
}

// mediaRights says what may not be sent.
func (q *request) mediaRights(kind fileKind, err error) error {
	if is(err, "CHAT_SEND_MEDIA_FORBIDDEN") {
		return bad("not enough rights to send %ss to the chat", names[kind])
	}
	return err
}

// sendLocation serves sendLocation.
func sendLocation(q *request) (any, error) {
	in, err := q.geo()
	if err != nil {
		return nil, err
	}
	return q.sendPlain(in)
}

// sendContact serves sendContact.
func sendContact(q *request) (any, error) {
	for _, name := range []string{"phone_number", "first_name"} {
		if q.args[name] == "" {
			return nil, bad("Parameter %q is required", name)
		}
	}
	return q.sendPlain(&tg.InputMediaContact{
		PhoneNumber: q.args["phone_number"], FirstName: q.args["first_name"], LastName: q.args["last_name"], Vcard: q.args["vcard"],
	})
}

func (q *request) sendPlain(in tg.InputMediaClass) (any, error) {
	o, err := q.outgoing()
	if err != nil {
		return nil, err
	}
	u, err := call(q, q.b, o.media(in, formatted{}))
	return q.only(o.place, u, err)
}

// maxAlbum is how many files an album has at most.
const maxAlbum = 10

// sendMediaGroup serves sendMediaGroup.
func sendMediaGroup(q *request) (any, error) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(q.args["media"]), &list) != nil {
		return nil, bad("Can't parse media JSON object")
	}
	switch {
	case len(list) == 0:
		return nil, bad("There are no messages to send")
	case len(list) > maxAlbum:
		return nil, bad("Too many messages to send as an album")
	}
	o, err := q.outgoing()
	if err != nil {
		return nil, err
	}
	send := &tg.MessagesSendMultiMedia{Peer: o.place.peer(), ReplyTo: o.reply, Silent: o.silent, Noforwards: o.protect}
	for _, raw := range list {
		in, caption, err := q.mediaObject(raw)
		if err != nil {
			return nil, err
		}
		if in, err = q.lasting(o.place, in); err != nil {
			return nil, err
		}
		send.MultiMedia = append(send.MultiMedia, tg.InputSingleMedia{
			Media: in, RandomID: randomID(), Message: caption.text, Entities: caption.entities,
		})
	}
	u, err := call(q, q.b, send)
	return q.sent(o.place, u, err)
}

// A messageID is what copying returns.
type messageID struct {
	ID int32 `json:"message_id"`
}

// A use is what messages are taken for.
type use struct{ what, done string }

var (
	toForward = use{"message to forward", "forwarded"}
	toCopy    = use{"message to copy", "copied"}
)

// source finds messages that others are made of.
func (q *request) source(ids []int32, u use) (*place, []*tg.Message, error) {
	if q.args["from_chat_id"] == "" {
		return nil, nil, bad(`Parameter "from_chat_id" is required`)
	}
	from, err := q.place("from_chat_id", toRead)
	if err != nil {
		return nil, nil, err
	}
	found, err := q.b.fetchAll(q, from.id, ids)
	if err != nil {
		return nil, nil, bad("%s not found", u.what)
	}
	var out []*tg.Message
	for _, m := range found {
		switch m := m.(type) {
		case *tg.Message:
			out = append(out, m)
		case *tg.MessageService:
			if len(ids) == 1 {
				return nil, nil, bad("message can't be %s", u.done)
			}
		}
	}
	if len(out) == 0 {
		return nil, nil, bad("%s not found", u.what)
	}
	slices.SortFunc(out, func(a, b *tg.Message) int { return cmp.Compare(a.ID, b.ID) })
	return from, out, nil
}

// forwardMessage serves forwardMessage.
func forwardMessage(q *request) (any, error) {
	to, u, err := q.forward([]int32{q.id("message_id")})
	if err != nil {
		return nil, err
	}
	return q.only(to, u, nil)
}

// forwardMessages serves forwardMessages: those that are there.
func forwardMessages(q *request) (any, error) {
	ids, err := q.messageIDs()
	if err != nil {
		return nil, err
	}
	to, u, err := q.forward(ids)
	if err != nil {
		return nil, err
	}
	all, err := q.sent(to, u, nil)
	var out []messageID
	for _, m := range all {
		out = append(out, messageID{m.ID})
	}
	return out, err
}

func (q *request) forward(ids []int32) (*place, tg.UpdatesClass, error) {
	from, found, err := q.source(ids, toForward)
	if err != nil {
		return nil, nil, err
	}
	o, err := q.outgoing()
	if err != nil {
		return nil, nil, err
	}
	send := &tg.MessagesForwardMessages{
		FromPeer: from.peer(), ToPeer: o.place.peer(), ReplyTo: o.reply, Silent: o.silent, Noforwards: o.protect,
	}
	for _, m := range found {
		send.ID = append(send.ID, m.ID)
		send.RandomID = append(send.RandomID, randomID())
	}
	u, err := call(q, q.b, send)
	if err != nil {
		_, err = q.sent(o.place, nil, err)
	}
	return o.place, u, err
}

// copyMessage serves copyMessage.
func copyMessage(q *request) (any, error) {
	var caption *formatted
	if _, given := q.args["caption"]; given {
		f, err := q.caption()
		if err != nil {
			return nil, err
		}
		caption = &f
	}
	_, found, err := q.source([]int32{q.id("message_id")}, toCopy)
	if err != nil {
		return nil, err
	}
	o, err := q.outgoing()
	if err != nil {
		return nil, err
	}
	return q.copy(o, found[0], caption)
}

// copyMessages serves copyMessages: those that are there.
func copyMessages(q *request) (any, error) {
	ids, err := q.messageIDs()
	if err != nil {
		return nil, err
	}
	_, found, err := q.source(ids, toForward) // as the server says of copies too
	if err != nil {
		return nil, err
	}
	o, err := q.outgoing()
	if err != nil {
		return nil, err
	}
	var caption *formatted
	if q.flag("remove_caption") {
		caption = &formatted{}
	}
	var out []any
	for _, m := range found {
		one, err := q.copy(o, m, caption)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// copy sends what a message says once more. Media get another caption if there
// is one.
func (q *request) copy(o *outgoing, m *tg.Message, caption *formatted) (any, error) {
	if m.Noforwards {
		return nil, bad("message can't be copied")
	}
	said := q.b.tidy(formatted{m.Message, slices.Clone(m.Entities)})
	var u tg.UpdatesClass
	var err error
	switch m.Media.(type) {
	case nil, *tg.MessageMediaEmpty, *tg.MessageMediaWebPage:
		u, err = call(q, q.b, o.text(said))
	default:
		in := again(m.Media)
		if in == nil {
			return nil, bad("message can't be copied")
		}
		if caption != nil {
			said = *caption
		}
		u, err = call(q, q.b, o.media(in, said))
	}
	all, err := q.sent(o.place, u, err)
	if err != nil {
		return nil, err
	}
	return messageID{all[0].ID}, nil
}

// chatActions are what a bot can be seen doing.
var chatActions = map[string]tg.SendMessageActionClass{
	"cancel": &tg.SendMessageCancelAction{}, "typing": &tg.SendMessageTypingAction{},
	"record_video": &tg.SendMessageRecordVideoAction{}, "upload_video": &tg.SendMessageUploadVideoAction{},
	"record_audio": &tg.SendMessageRecordAudioAction{}, "record_voice": &tg.SendMessageRecordAudioAction{},
	"upload_audio": &tg.SendMessageUploadAudioAction{}, "upload_voice": &tg.SendMessageUploadAudioAction{},
	"upload_photo": &tg.SendMessageUploadPhotoAction{}, "upload_document": &tg.SendMessageUploadDocumentAction{},
	"choose_sticker": &tg.SendMessageChooseStickerAction{}, "pick_up_location": &tg.SendMessageGeoLocationAction{},
	"find_location": &tg.SendMessageGeoLocationAction{}, "record_video_note": &tg.SendMessageRecordRoundAction{},
	"upload_video_note": &tg.SendMessageUploadRoundAction{},
}

// sendChatAction serves sendChatAction.
func sendChatAction(q *request) (any, error) {
	action, ok := chatActions[strings.ToLower(q.args["action"])]
	if !ok {
		return nil, bad("Wrong parameter action in request")
	}
	p, err := q.place("chat_id", toWrite)
	if err != nil {
		return nil, err
	}
	_, err = call(q, q.b, &tg.MessagesSetTyping{Peer: p.peer(), Action: action})
	if p.user != nil && is(err, "PEER_ID_INVALID") {
		return nil, forbidden("bot can't initiate conversation with a user")
	}
	return true, err
}

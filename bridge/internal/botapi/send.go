package botapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
)

// Send sends a message to a peer, and returns what the inbox is to store of it.
//
// The error is a *bridge.Error. Of CodeFloodWait, CodeUnavailable and
// CodeAccountNotOnline the message was not sent and can be sent again; of
// CodeOutcomeUnknown it may have been, and would be sent twice. Of others it
// cannot be sent.
func (r *Runner) Send(ctx context.Context, p bridge.Peer, m *bridge.Message) (*inbox.Batch, error) {
	b, t, err := r.client()
	if err != nil {
		return nil, err
	}
	o := outgoing{chat: chatOf(p), m: m}
	if m.Media != nil && m.Media.File != "" {
		if o.upload, err = r.upload(ctx, m.Media); err != nil {
			return nil, err
		}
	}
	method, send, err := o.request(b)
	if err != nil {
		return nil, err
	}
	if err := r.room(o.chat); err != nil {
		return nil, err
	}
	sent, err := send(ctx)
	if err != nil {
		return nil, r.failed(t.redacted(err), method)
	}
	as := convertMessage(sent)
	as.Direction = bridge.Outbound
	return r.batch(&inbox.Sent{RandomID: m.RandomID, TelegramID: sent.ID}, as), nil
}

// upload returns the file that the bridge keeps of a message.
func (r *Runner) upload(ctx context.Context, m *bridge.Media) (*models.InputFileUpload, error) {
	id, err := bridge.ParseID[bridge.UploadID](m.File)
	if err != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The media's file %q is no upload.", m.File)
	}
	u, content, err := r.e.Store.Upload(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case u.Size > bridge.MaxBotUpload:
		return nil, bridge.Can(bridge.BotAccount, bridge.SendLargeFile)
	}
	return &models.InputFileUpload{Filename: u.Name, Data: io.NewSectionReader(content, 0, u.Size)}, nil
}

// room takes room for a message to a chat, or says when there is some.
func (r *Runner) room(chat int64) error {
	now := r.e.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := r.limits.take(now, chat); !at.IsZero() {
		return &bridge.Error{
			Code: bridge.CodeFloodWait, RetryAt: at,
			Detail: "Bots may send one message a second to a person, 20 a minute to a group, and 30 a second in all.",
		}
	}
	return nil
}

// An outgoing is a message on its way.
type outgoing struct {
	chat   int64
	m      *bridge.Message
	upload *models.InputFileUpload // nil: nothing, or something that Telegram has
}

// request returns the method that sends the message, and the request.
func (o *outgoing) request(b *bot.Bot) (string, func(context.Context) (*models.Message, error), error) {
	media := o.m.Media
	if media == nil {
		return "sendMessage", func(ctx context.Context) (*models.Message, error) {
			return b.SendMessage(ctx, &bot.SendMessageParams{
				ChatID: o.chat, MessageThreadID: o.m.Topic, Text: o.m.Text, Entities: entitiesOf(o.m.Entities),
				DisableNotification: o.m.Silent, ReplyParameters: o.reply(),
			})
		}, nil
	}
	switch media.Type {
	case "location":
		return "sendLocation", func(ctx context.Context) (*models.Message, error) {
			return b.SendLocation(ctx, &bot.SendLocationParams{
				ChatID: o.chat, MessageThreadID: o.m.Topic, Latitude: media.Latitude, Longitude: media.Longitude,
				DisableNotification: o.m.Silent, ReplyParameters: o.reply(),
			})
		}, nil
	case "contact":
		return "sendContact", func(ctx context.Context) (*models.Message, error) {
			return b.SendContact(ctx, &bot.SendContactParams{
				ChatID: o.chat, MessageThreadID: o.m.Topic, PhoneNumber: media.Phone, FirstName: media.Title,
				DisableNotification: o.m.Silent, ReplyParameters: o.reply(),
			})
		}, nil
	}
	return o.file(b, media)
}

// file returns the request that sends a file.
func (o *outgoing) file(b *bot.Bot, media *bridge.Media) (string, func(context.Context) (*models.Message, error), error) {
	var file models.InputFile
	switch {
	case o.upload != nil:
		file = o.upload
	case media.Reference != "":
		file = &models.InputFileString{Data: media.Reference}
	default:
		return "", nil, bridge.Errorf(bridge.CodeInvalidRequest, "The %s has no file.", media.Type)
	}
	chat, topic, caption, entities := o.chat, o.m.Topic, o.m.Text, entitiesOf(o.m.Entities)
	silent, reply, seconds := o.m.Silent, o.reply(), int(media.Duration)
	switch media.Type {
	case "photo":
		return "sendPhoto", func(ctx context.Context) (*models.Message, error) {
			return b.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: chat, MessageThreadID: topic, Photo: file, Caption: caption,
				CaptionEntities: entities, DisableNotification: silent, ReplyParameters: reply})
		}, nil
	case "video":
		return "sendVideo", func(ctx context.Context) (*models.Message, error) {
			return b.SendVideo(ctx, &bot.SendVideoParams{ChatID: chat, MessageThreadID: topic, Video: file, Duration: seconds,
				Caption: caption, CaptionEntities: entities, DisableNotification: silent, ReplyParameters: reply})
		}, nil
	case "audio":
		return "sendAudio", func(ctx context.Context) (*models.Message, error) {
			return b.SendAudio(ctx, &bot.SendAudioParams{ChatID: chat, MessageThreadID: topic, Audio: file, Duration: seconds,
				Caption: caption, CaptionEntities: entities, DisableNotification: silent, ReplyParameters: reply})
		}, nil
	case "voice":
		return "sendVoice", func(ctx context.Context) (*models.Message, error) {
			return b.SendVoice(ctx, &bot.SendVoiceParams{ChatID: chat, MessageThreadID: topic, Voice: file, Duration: seconds,
				Caption: caption, CaptionEntities: entities, DisableNotification: silent, ReplyParameters: reply})
		}, nil
	case "document":
		return "sendDocument", func(ctx context.Context) (*models.Message, error) {
			return b.SendDocument(ctx, &bot.SendDocumentParams{ChatID: chat, MessageThreadID: topic, Document: file,
				Caption: caption, CaptionEntities: entities, DisableNotification: silent, ReplyParameters: reply})
		}, nil
	}
	return "", nil, bridge.Errorf(bridge.CodeInvalidRequest,
		"Bots send photo, video, audio, voice, document, location and contact, not %s.", media.Type)
}

func (o *outgoing) reply() *models.ReplyParameters {
	if o.m.ReplyTo == 0 {
		return nil
	}
	return &models.ReplyParameters{MessageID: o.m.ReplyTo}
}

// Edit changes the text, or the caption, of a message that the bot has sent to
// what m says. It is stored, since the bot is not told of what it does itself.
func (r *Runner) Edit(ctx context.Context, p bridge.Peer, m *bridge.Message) error {
	b, t, err := r.client()
	if err != nil {
		return err
	}
	var edited *models.Message
	method := "editMessageText"
	if m.Media == nil {
		edited, err = b.EditMessageText(ctx, &bot.EditMessageTextParams{
			ChatID: chatOf(p), MessageID: m.TelegramID, Text: m.Text, Entities: entitiesOf(m.Entities),
		})
	} else {
		method = "editMessageCaption"
		edited, err = b.EditMessageCaption(ctx, &bot.EditMessageCaptionParams{
			ChatID: chatOf(p), MessageID: m.TelegramID, Caption: m.Text, CaptionEntities: entitiesOf(m.Entities),
		})
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "message is not modified"):
		return nil
	case err != nil:
		return r.failed(t.redacted(err), method)
	}
	as := convertMessage(edited)
	as.Direction = bridge.Outbound
	return r.e.Inbox.Apply(ctx, r.batch(&inbox.Edit{Message: *as}))
}

// Delete deletes a message, and stores that: a bot deletes for everybody,
// whatever is asked for.
func (r *Runner) Delete(ctx context.Context, p bridge.Peer, telegramID int, _ bool) error {
	b, t, err := r.client()
	if err != nil {
		return err
	}
	if _, err := b.DeleteMessage(ctx, &bot.DeleteMessageParams{ChatID: chatOf(p), MessageID: telegramID}); err != nil {
		return r.failed(t.redacted(err), "deleteMessage")
	}
	d := &inbox.Deletion{TelegramIDs: []int{telegramID}}
	if p.Kind == bridge.ChannelPeer {
		d.Channel = p
	}
	return r.e.Inbox.Apply(ctx, r.batch(d))
}

// Typing shows a peer that the bot is writing, for a few seconds.
func (r *Runner) Typing(ctx context.Context, p bridge.Peer) error {
	b, t, err := r.client()
	if err != nil {
		return err
	}
	if _, err := b.SendChatAction(ctx, &bot.SendChatActionParams{ChatID: chatOf(p), Action: models.ChatActionTyping}); err != nil {
		return r.failed(t.redacted(err), "sendChatAction")
	}
	return nil
}

// React sets the bot's reactions to a message.
func (r *Runner) React(ctx context.Context, p bridge.Peer, telegramID int, emoji []string) error {
	b, t, err := r.client()
	if err != nil {
		return err
	}
	set := &bot.SetMessageReactionParams{ChatID: chatOf(p), MessageID: telegramID}
	for _, e := range emoji {
		kind := models.ReactionType{Type: models.ReactionTypeTypeEmoji, ReactionTypeEmoji: &models.ReactionTypeEmoji{Emoji: e}}
		if id, custom := strings.CutPrefix(e, customEmoji); custom {
			kind = models.ReactionType{
				Type: models.ReactionTypeTypeCustomEmoji, ReactionTypeCustomEmoji: &models.ReactionTypeCustomEmoji{CustomEmojiID: id},
			}
		}
		set.Reaction = append(set.Reaction, kind)
	}
	if _, err := b.SetMessageReaction(ctx, set); err != nil {
		return r.failed(t.redacted(err), "setMessageReaction")
	}
	return nil
}

// batch returns what the bot has done itself, for the inbox.
func (r *Runner) batch(changes ...inbox.Change) *inbox.Batch {
	return &inbox.Batch{Account: r.account.ID, Epoch: r.epoch, Source: bridge.BotAPI, Changes: changes}
}

// Download returns the file that a received message carries, for the caller to
// close. The error is a *bridge.Error.
func (r *Runner) Download(ctx context.Context, media *bridge.Media) (io.ReadCloser, error) {
	b, t, err := r.client()
	switch {
	case err != nil:
		return nil, err
	case media == nil || media.Reference == "":
		return nil, bridge.Errorf(bridge.CodeNotFound, "The message carries no file.")
	case media.Size > bridge.MaxBotDownload:
		return nil, bridge.Can(bridge.BotAccount, bridge.DownloadLargeFile)
	}
	file, err := b.GetFile(ctx, &bot.GetFileParams{FileID: media.Reference})
	if err != nil {
		return nil, r.failed(t.redacted(err), "getFile")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.FileDownloadLink(file), nil)
	if err != nil {
		return nil, t.redacted(err)
	}
	answer, err := t.Do(request)
	if err != nil {
		return nil, r.failed(t.redacted(err), "file")
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, &bridge.Error{
			Code: bridge.CodeTelegramRefused, Detail: fmt.Sprintf("Telegram does not give the file: status %d.", answer.StatusCode),
			Err: errors.New(answer.Status),
		}
	}
	return answer.Body, nil
}

package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

// A goTelegramRobot talks through github.com/go-telegram/bot.
type goTelegramRobot struct {
	bot     *bot.Bot
	client  *http.Client
	updates chan *models.Update
}

func startGoTelegram(ctx context.Context, t *testing.T, url, token string, hook func(http.Handler) string) robot {
	t.Helper()
	r := &goTelegramRobot{client: hookClient(t), updates: make(chan *models.Update, 64)}
	ctx, cancel := context.WithCancel(ctx)
	var err error
	r.bot, err = bot.New(token, bot.WithServerURL(url), bot.WithHTTPClient(20*time.Second, r.client), bot.WithNotAsyncHandlers(),
		bot.WithWebhookSecretToken(secretToken), bot.WithErrorsHandler(func(error) {}),
		bot.WithDefaultHandler(func(_ context.Context, _ *bot.Bot, u *models.Update) { r.updates <- u }))
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	if hook == nil {
		running.Go(func() { r.bot.Start(ctx) })
	} else {
		if _, err := r.bot.SetWebhook(ctx, &bot.SetWebhookParams{URL: hook(r.bot.WebhookHandler()), SecretToken: secretToken}); err != nil {
			t.Fatal(err)
		}
		running.Go(func() { r.bot.StartWebhook(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return r
}

func (r *goTelegramRobot) Next(ctx context.Context) (told, error) {
	var u *models.Update
	select {
	case u = <-r.updates:
	case <-ctx.Done():
		return told{}, ctx.Err()
	}
	switch {
	case u.Message != nil:
		out := told{kind: "message", text: u.Message.Text + u.Message.Caption, chat: u.Message.Chat.ID}
		if d := u.Message.Document; d != nil {
			out.file = d.FileID
		}
		return out, nil
	case u.EditedMessage != nil:
		return told{kind: "edited", text: u.EditedMessage.Text, chat: u.EditedMessage.Chat.ID}, nil
	case u.CallbackQuery != nil:
		return told{
			kind: "callback", text: u.CallbackQuery.Data, query: u.CallbackQuery.ID, chat: u.CallbackQuery.Message.Message.Chat.ID,
		}, nil
	case u.MyChatMember != nil:
		return told{kind: "member", text: string(u.MyChatMember.NewChatMember.Type), chat: u.MyChatMember.Chat.ID}, nil
	}
	return told{}, fmt.Errorf("update %d is of no kind that is expected", u.ID)
}

func (r *goTelegramRobot) Say(ctx context.Context, chat int64, html, button string) (int, error) {
	params := &bot.SendMessageParams{ChatID: chat, Text: html, ParseMode: models.ParseModeHTML}
	if button != "" {
		params.ReplyMarkup = &models.InlineKeyboardMarkup{
			InlineKeyboard: [][]models.InlineKeyboardButton{{{Text: "B", CallbackData: button}}},
		}
	}
	m, err := r.bot.SendMessage(ctx, params)
	if err != nil {
		return 0, err
	}
	return m.ID, nil
}

func (r *goTelegramRobot) Change(ctx context.Context, chat int64, id int, text string) error {
	_, err := r.bot.EditMessageText(ctx, &bot.EditMessageTextParams{ChatID: chat, MessageID: id, Text: text})
	return err
}

func (r *goTelegramRobot) Answer(ctx context.Context, query, text string) error {
	_, err := r.bot.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: query, Text: text})
	return err
}

func (r *goTelegramRobot) Give(ctx context.Context, chat int64, name string, content []byte) (string, error) {
	m, err := r.bot.SendDocument(ctx, &bot.SendDocumentParams{
		ChatID: chat, Document: &models.InputFileUpload{Filename: name, Data: bytes.NewReader(content)},
	})
	if err != nil {
		return "", err
	}
	return m.Document.FileID, nil
}

func (r *goTelegramRobot) Fetch(ctx context.Context, id string) ([]byte, error) {
	f, err := r.bot.GetFile(ctx, &bot.GetFileParams{FileID: id})
	if err != nil {
		return nil, err
	}
	return fetch(ctx, r.client, r.bot.FileDownloadLink(f))
}

func (r *goTelegramRobot) RetryAfter(err error) int {
	var refused *bot.TooManyRequestsError
	if errors.As(err, &refused) {
		return refused.RetryAfter
	}
	return 0
}

package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/mymmrac/telego"
	"github.com/mymmrac/telego/telegoapi"
	tu "github.com/mymmrac/telego/telegoutil"
)

// A telegoRobot talks through telego.
type telegoRobot struct {
	bot     *telego.Bot
	client  *http.Client
	updates <-chan telego.Update
}

func startTelego(ctx context.Context, t *testing.T, url, token string, hook func(http.Handler) string) robot {
	t.Helper()
	r := &telegoRobot{client: hookClient(t)}
	ctx, cancel := context.WithCancel(ctx)
	var err error
	r.bot, err = telego.NewBot(token, telego.WithAPIServer(url), telego.WithHTTPClient(r.client), telego.WithDiscardLogger(),
		telego.WithHealthCheck(ctx))
	if err != nil {
		t.Fatal(err)
	}
	if hook == nil {
		r.updates, err = r.bot.UpdatesViaLongPolling(ctx, &telego.GetUpdatesParams{Timeout: 20})
	} else {
		mux := http.NewServeMux()
		to := hook(mux)
		r.updates, err = r.bot.UpdatesViaWebhook(ctx, telego.WebhookHTTPServeMux(mux, "POST /hook", secretToken),
			telego.WithWebhookSet(ctx, &telego.SetWebhookParams{URL: to, SecretToken: secretToken}))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for range r.updates { // until it is closed
		}
	})
	return r
}

func (r *telegoRobot) Next(ctx context.Context) (told, error) {
	var u telego.Update
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
			kind: "callback", text: u.CallbackQuery.Data, query: u.CallbackQuery.ID, chat: u.CallbackQuery.Message.GetChat().ID,
		}, nil
	case u.MyChatMember != nil:
		return told{kind: "member", text: u.MyChatMember.NewChatMember.MemberStatus(), chat: u.MyChatMember.Chat.ID}, nil
	}
	return told{}, fmt.Errorf("update %d is of no kind that is expected", u.UpdateID)
}

func (r *telegoRobot) Say(ctx context.Context, chat int64, html, button string) (int, error) {
	params := tu.Message(tu.ID(chat), html).WithParseMode(telego.ModeHTML)
	if button != "" {
		params = params.WithReplyMarkup(tu.InlineKeyboard(tu.InlineKeyboardRow(tu.InlineKeyboardButton("B").WithCallbackData(button))))
	}
	m, err := r.bot.SendMessage(ctx, params)
	if err != nil {
		return 0, err
	}
	return m.MessageID, nil
}

func (r *telegoRobot) Change(ctx context.Context, chat int64, id int, text string) error {
	_, err := r.bot.EditMessageText(ctx, &telego.EditMessageTextParams{ChatID: tu.ID(chat), MessageID: id, Text: text})
	return err
}

func (r *telegoRobot) Answer(ctx context.Context, query, text string) error {
	return r.bot.AnswerCallbackQuery(ctx, tu.CallbackQuery(query).WithText(text))
}

func (r *telegoRobot) Give(ctx context.Context, chat int64, name string, content []byte) (string, error) {
	m, err := r.bot.SendDocument(ctx, tu.Document(tu.ID(chat), tu.FileFromBytes(content, name)))
	if err != nil {
		return "", err
	}
	return m.Document.FileID, nil
}

func (r *telegoRobot) Fetch(ctx context.Context, id string) ([]byte, error) {
	f, err := r.bot.GetFile(ctx, &telego.GetFileParams{FileID: id})
	if err != nil {
		return nil, err
	}
	return fetch(ctx, r.client, r.bot.FileDownloadURL(f.FilePath))
}

func (r *telegoRobot) RetryAfter(err error) int {
	var refused *telegoapi.Error
	if errors.As(err, &refused) && refused.ErrorCode == http.StatusTooManyRequests {
		return refused.Parameters.RetryAfter
	}
	return 0
}

// fetch downloads a file.
func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("download: %s", answer.Status)
	}
	return io.ReadAll(answer.Body)
}

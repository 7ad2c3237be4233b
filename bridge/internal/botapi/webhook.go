package botapi

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// maxUpdate bounds what a webhook is sent, in bytes.
const maxUpdate = 1 << 20

// listen has Telegram call the webhook until ctx ends. Connections are one at a
// time, so that updates come in their order. release is called when it will.
func (r *Runner) listen(ctx context.Context, b *bot.Bot, t *transport, release func()) error {
	secret := newSecret()
	r.mu.Lock()
	r.secret = secret // before Telegram knows it
	r.mu.Unlock()
	_, err := b.SetWebhook(ctx, &bot.SetWebhookParams{
		URL: r.e.Webhook(r.account.ID), SecretToken: secret, MaxConnections: 1, AllowedUpdates: allowedUpdates,
	})
	if err != nil {
		return t.redacted(err)
	}
	release()
	r.online(b, t, secret)
	<-ctx.Done()
	return ctx.Err()
}

// ServeHTTP takes an update that Telegram sends to the webhook. It is answered
// when it is stored; Telegram sends it again otherwise
// (https://core.telegram.org/bots/api#setwebhook).
func (r *Runner) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	secret := r.secret
	r.mu.Unlock()
	given := q.Header.Get("X-Telegram-Bot-Api-Secret-Token")
	if secret == "" || subtle.ConstantTimeCompare([]byte(given), []byte(secret)) != 1 {
		http.Error(w, "not from Telegram", http.StatusForbidden)
		return
	}
	update := new(models.Update)
	if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, maxUpdate)).Decode(update); err != nil {
		http.Error(w, "not an update", http.StatusBadRequest)
		return
	}
	r.storing.Lock()
	defer r.storing.Unlock()
	if update.ID == r.last {
		return // sent again, since the answer was lost
	}
	switch err := r.store(q.Context(), []*models.Update{update}); {
	case err == nil:
		r.last = update.ID
	case errors.Is(err, store.ErrNotOwner):
		http.Error(w, "another node has the bot by now", http.StatusServiceUnavailable)
	default:
		r.e.Logger.Error("update not stored", "account", r.account.ID, "error", err)
		http.Error(w, string(bridge.CodeUnavailable), http.StatusServiceUnavailable)
	}
}

package botapi

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// maxUpdate bounds what a webhook is sent, in bytes.
const maxUpdate = 1 << 20

// checkInterval is how often it is looked whether a webhook is as it was set.
const checkInterval = time.Minute

// listen has Telegram call the webhook until ctx ends, or it does not any more.
// Connections are one at a time, so that updates come in their order. release is
// called when it will.
//
// How far updates have been polled for stays as it is meanwhile. When they are
// polled for again it is from there on: Telegram then has what it could not
// deliver, which may be older than what it could.
func (r *Runner) listen(ctx context.Context, b *bot.Bot, t *transport, release func()) error {
	url, secret := r.e.Webhook(r.account.ID), newSecret()
	r.mu.Lock()
	r.secret = secret // before Telegram knows it
	r.mu.Unlock()
	defer r.deaf()
	_, err := b.SetWebhook(ctx, &bot.SetWebhookParams{
		URL: url, SecretToken: secret, MaxConnections: 1, AllowedUpdates: allowedUpdates,
	})
	if err != nil {
		return t.redacted(err)
	}
	release()
	r.online(b, t, secret)
	tick := time.NewTicker(cmp.Or(r.e.Check, checkInterval))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		info, err := b.GetWebhookInfo(ctx)
		if err != nil {
			return t.redacted(err)
		}
		if info.URL != url {
			return fmt.Errorf("%w, the webhook has been set to another URL", bot.ErrorConflict)
		}
		r.pending.Store(int64(info.PendingUpdateCount))
		if info.PendingUpdateCount > 0 && info.LastErrorMessage != "" {
			r.e.Logger.Warn("telegram could not call the webhook of a bot", "account", r.account.ID,
				"pending", info.PendingUpdateCount, "error", info.LastErrorMessage)
		}
	}
}

// deaf has the webhook take nothing more, and waits for what it takes.
func (r *Runner) deaf() {
	r.mu.Lock()
	r.secret = ""
	r.mu.Unlock()
	r.pending.Store(0)
	r.storing.Lock()
	defer r.storing.Unlock()
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
	if update.ID == r.last || update.ID <= r.polled {
		return // it was stored, and Telegram was not told or did not hear
	}
	r.mu.Lock()
	secret = r.secret
	r.mu.Unlock()
	if secret == "" {
		http.Error(w, "updates are not brought here any more", http.StatusServiceUnavailable)
		return
	}
	switch err := r.store(q.Context(), []*models.Update{update}, nil); {
	case err == nil:
		r.last = update.ID
	case errors.Is(err, store.ErrNotOwner):
		http.Error(w, "another node has the bot by now", http.StatusServiceUnavailable)
	default:
		r.e.Logger.Error("update not stored", "account", r.account.ID, "error", err)
		http.Error(w, string(bridge.CodeUnavailable), http.StatusServiceUnavailable)
	}
}

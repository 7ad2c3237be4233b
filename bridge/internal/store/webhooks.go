package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// A Webhook is a webhook as it is stored: with its secret, and the data key of
// its own that seals it.
type Webhook struct {
	bridge.Webhook
	Key    DataKey
	Secret Sealed
	// Version rises when its users change it.
	Version int64
	// Epoch counts those that have delivered to it. What is written under one
	// is refused when there has been another since.
	Epoch int64
}

const webhookColumns = `id, url, description, types, accounts, pools, disabled, created_at, position, paused_until,
	version, epoch, kek, wrapped, secret_version, secret`

func scanWebhook(row scanner) (*Webhook, error) {
	w := new(Webhook)
	err := row.Scan(&w.ID, &w.URL, &w.Description, jsonColumn{&w.Types}, jsonColumn{&w.Accounts}, jsonColumn{&w.Pools},
		&w.Disabled, timeColumn{&w.CreatedAt}, &w.Position, timeColumn{&w.PausedUntil}, &w.Version, &w.Epoch,
		&w.Key.KEK, &w.Key.Wrapped, &w.Secret.Version, &w.Secret.Ciphertext)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// asJSON returns a list as it is stored.
func asJSON[T ~string](list []T) string {
	if list == nil {
		list = []T{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always have a form in JSON
	}
	return string(text)
}

// noWebhook says that there is no webhook of an id, if that is what err says.
func noWebhook(id bridge.WebhookID, err error) error { return absent("webhook", string(id), err) }

// Webhook returns a webhook. The error is a *bridge.Error of CodeNotFound where
// there is none. Waiting and Dead are left out.
func (s *Store) Webhook(ctx context.Context, id bridge.WebhookID) (*Webhook, error) {
	w, err := scanWebhook(s.read.QueryRowContext(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, id))
	return w, noWebhook(id, err)
}

// Webhooks returns up to limit webhooks whose id comes after another, in the
// order in which they were made.
func (s *Store) Webhooks(ctx context.Context, after bridge.WebhookID, limit int) ([]*Webhook, error) {
	return collect(ctx, s.read, s.dialect, "webhooks", scanWebhook,
		`SELECT `+webhookColumns+` FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// AddWebhook adds a webhook.
func (t *Tx) AddWebhook(w *Webhook) error {
	_, err := t.exec(`INSERT INTO webhooks (`+webhookColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		w.ID, w.URL, w.Description, asJSON(w.Types), asJSON(w.Accounts), asJSON(w.Pools), w.Disabled, w.CreatedAt,
		w.Position, w.PausedUntil, w.Version, w.Epoch, w.Key.KEK, w.Key.Wrapped, w.Secret.Version, w.Secret.Ciphertext)
	return err
}

// SetWebhookSpec changes what somebody says about a webhook.
func (t *Tx) SetWebhookSpec(id bridge.WebhookID, s *bridge.WebhookSpec) error {
	return t.changeWebhook(id, `url = $2, description = $3, types = $4, accounts = $5, pools = $6`,
		s.URL, s.Description, asJSON(s.Types), asJSON(s.Accounts), asJSON(s.Pools))
}

// SetWebhookDisabled disables a webhook, for a reason, or, for none, enables it.
func (t *Tx) SetWebhookDisabled(id bridge.WebhookID, reason string) error {
	return t.changeWebhook(id, `disabled = $2, paused_until = NULL`, reason)
}

// SetWebhookSecret replaces the secret of a webhook. The error is ErrStale
// unless its version is one more than that of what it replaces.
func (t *Tx) SetWebhookSecret(id bridge.WebhookID, s Sealed) error {
	n, err := t.exec(`UPDATE webhooks SET secret_version = $2, secret = $3, version = version + 1
		WHERE id = $1 AND secret_version = $2 - 1`, id, s.Version, s.Ciphertext)
	if err == nil && n == 0 {
		return fmt.Errorf("%w: the secret of %s, version %d", ErrStale, id, s.Version)
	}
	return err
}

func (t *Tx) changeWebhook(id bridge.WebhookID, set string, args ...any) error {
	n, err := t.exec(`UPDATE webhooks SET `+set+`, version = version + 1 WHERE id = $1`, append([]any{id}, args...)...)
	if err == nil && n == 0 {
		return noWebhook(id, sql.ErrNoRows)
	}
	return err
}

// DeleteWebhook deletes a webhook and its deliveries.
func (t *Tx) DeleteWebhook(id bridge.WebhookID) error {
	n, err := t.exec(`DELETE FROM webhooks WHERE id = $1`, id)
	if err == nil && n == 0 {
		return noWebhook(id, sql.ErrNoRows)
	}
	if err == nil { // nobody can add any more
		_, err = t.exec(`DELETE FROM webhook_deliveries WHERE webhook_id = $1`, id)
	}
	return err
}

// ClaimWebhook returns a webhook for its caller to deliver to, under a new
// epoch.
func (t *Tx) ClaimWebhook(id bridge.WebhookID) (*Webhook, error) {
	w, err := scanWebhook(t.row(`UPDATE webhooks SET epoch = epoch + 1 WHERE id = $1 RETURNING `+webhookColumns, id))
	return w, noWebhook(id, err)
}

// A WebhookVersion says which version of a webhook there is.
type WebhookVersion struct {
	ID      bridge.WebhookID
	Version int64
	Enabled bool
}

// WebhookVersions returns the versions of all webhooks.
func (s *Store) WebhookVersions(ctx context.Context) ([]WebhookVersion, error) {
	return collect(ctx, s.read, s.dialect, "webhooks", func(row scanner) (v WebhookVersion, err error) {
		err = row.Scan(&v.ID, &v.Version, &v.Enabled)
		return v, err
	}, `SELECT id, version, disabled = '' FROM webhooks`)
}

// AddReplay asks for events to be delivered once more, after what was asked for
// before.
func (t *Tx) AddReplay(r *bridge.Replay) error {
	_, err := t.exec(`INSERT INTO webhook_replays (webhook_id, id, after, up_to, only_dead)
		VALUES ($1, (SELECT COALESCE(MAX(id), 0) + 1 FROM webhook_replays WHERE webhook_id = $1), $2, $3, $4)`,
		r.WebhookID, r.After, r.UpTo, r.OnlyDead)
	if err != nil {
		return err
	}
	return t.changeWebhook(r.WebhookID, `disabled = disabled`) // whoever delivers to it has to see
}

// A Replay is one that is under way.
type Replay struct {
	bridge.Replay
	ID int64
}

// Replay returns the replay of a webhook that is to go on first, nil for none.
func (s *Store) Replay(ctx context.Context, id bridge.WebhookID) (*Replay, error) {
	r := &Replay{Replay: bridge.Replay{WebhookID: id}}
	err := s.read.QueryRowContext(ctx, `SELECT id, after, up_to, only_dead FROM webhook_replays WHERE webhook_id = $1
		ORDER BY id LIMIT 1`, id).Scan(&r.ID, &r.After, &r.UpTo, &r.OnlyDead)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: replay of %s: %w", id, err)
	}
	return r, nil
}

// AdvanceReplay notes how far a replay has come, and forgets it at its end.
func (t *Tx) AdvanceReplay(r *Replay) error {
	statement := `UPDATE webhook_replays SET after = $3 WHERE webhook_id = $1 AND id = $2`
	args := []any{r.WebhookID, r.ID, r.After}
	if r.After >= r.UpTo {
		statement, args = `DELETE FROM webhook_replays WHERE webhook_id = $1 AND id = $2`, args[:2]
	}
	_, err := t.exec(statement, args...)
	return err
}

// AdvanceWebhook notes how far a webhook has come. The error is ErrNotOwner
// where epoch is not its present one.
func (t *Tx) AdvanceWebhook(id bridge.WebhookID, epoch, position int64, pausedUntil time.Time) error {
	n, err := t.exec(`UPDATE webhooks SET position = $3, paused_until = $4 WHERE id = $1 AND epoch = $2`,
		id, epoch, position, pausedUntil)
	if err == nil && n == 0 {
		return fmt.Errorf("%w: webhook %s, epoch %d", ErrNotOwner, id, epoch)
	}
	return err
}

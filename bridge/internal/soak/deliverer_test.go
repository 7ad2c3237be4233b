package soak

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/bridge/internal/jobs"
	"godwit/bridge/internal/store"
	"godwit/tg"
)

// TestKilledDeliverer has the node killed that delivers to a webhook, and the other
// one go on with it, long before the job itself is taken for stuck.
func TestKilledDeliverer(t *testing.T) {
	w := newWorld(t, 2)
	ctx := t.Context()
	ids := w.signInAll(ctx, 2)
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	w.settled(ctx)
	w.answering(ctx, s, nil, nil)
	hook := newHook(t)
	w.ask(ctx, 0, "POST", "/v1/webhooks", "", map[string]any{"url": hook.URL, "event_types": []string{"message.received"}}, nil)
	people := w.writers(ctx, ids)
	write := func(n int) {
		p := people[n%len(people)]
		_, err := tg.Call(ctx, p, &tg.MessagesSendMessage{Peer: p.to, Message: fmt.Sprintf("%09d", n), RandomID: int64(n + 1)})
		w.check(err)
		hook.await(n + 1)
	}
	write(0)
	for n := 1; n <= 2; n++ {
		victim := w.deliverer(ctx, s.Writer())
		begun := time.Now()
		victim.kill()
		write(n)
		took := time.Since(begun)
		t.Logf("a message came to the webhook %.1f s after the node that delivers had been killed", took.Seconds())
		if took > jobs.RescueAfter {
			t.Error("that is not before its job was taken for stuck")
		}
		victim.start()
		w.settled(ctx)
	}
}

// deliverer returns the node that delivers to the only webhook.
func (w *world) deliverer(ctx context.Context, db *sql.DB) *process {
	w.Helper()
	for {
		var name string
		err := db.QueryRowContext(ctx, `SELECT attempted_by[array_upper(attempted_by, 1)] FROM river_job
			WHERE kind = 'deliver_webhook' AND state = 'running'`).Scan(&name)
		if !errors.Is(err, sql.ErrNoRows) {
			w.check(err)
		}
		for _, n := range w.nodes {
			if n.named(name) {
				return n
			}
		}
		<-time.After(10 * time.Millisecond) // it is between two slices
	}
}

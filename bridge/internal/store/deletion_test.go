package store_test

import (
	"fmt"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// TestDeletion has nothing left of what is deleted, and everything of the others.
func TestDeletion(t *testing.T) {
	onBoth(t, func(b *bench) {
		var accounts []bridge.AccountID
		var webhooks []bridge.WebhookID
		for i := range 2 {
			a := b.add(0)
			c := b.meet(a.ID, user(5), 0)
			b.put(1, newMessage(b, c, 7, 0, 0))
			w := &store.Webhook{
				Webhook: bridge.Webhook{ID: bridge.WebhookID(fmt.Sprint("whk_", i)), CreatedAt: epoch},
				Key:     store.DataKey{Wrapped: []byte("key")}, Secret: store.Sealed{Version: 1, Ciphertext: []byte("secret")},
			}
			b.change(func(t *store.Tx) error {
				if err := t.AddWebhook(w); err != nil {
					return err
				}
				if err := t.PutLanes(w.ID, []store.Lane{{Key: "lane", Due: epoch}}); err != nil {
					return err
				}
				if err := t.PutDeliveries([]*bridge.Delivery{{
					WebhookID: w.ID, Position: int64(i + 1), Lane: "lane", State: bridge.DeliveryPending,
				}}); err != nil {
					return err
				}
				return t.AddEvent(&bridge.Event{
					ID: newID[bridge.EventID](b, 0), Type: bridge.MessageReceived, Timestamp: epoch, AccountID: a.ID, Data: []byte(`{}`),
				})
			})
			accounts, webhooks = append(accounts, a.ID), append(webhooks, w.ID)
		}
		b.change(func(t *store.Tx) error {
			if err := t.DeleteAccount(accounts[0]); err != nil {
				return err
			}
			return t.DeleteWebhook(webhooks[0])
		})
		for table, owner := range map[string]string{
			"accounts": "id", "conversations": "account_id", "messages": "account_id", "events": "account_id",
			"webhooks": "id", "webhook_lanes": "webhook_id", "webhook_deliveries": "webhook_id",
		} {
			var left string
			if err := b.Writer().QueryRowContext(b.ctx(), `SELECT `+owner+` FROM `+table).Scan(&left); err != nil {
				b.Fatalf("%s: %v", table, err)
			}
			var n int
			b.check(b.Writer().QueryRowContext(b.ctx(), `SELECT count(*) FROM `+table).Scan(&n))
			if n != 1 || left != string(accounts[1]) && left != string(webhooks[1]) {
				b.Errorf("%s: %d rows, one of %s", table, n, left)
			}
		}
	})
}

package daemon

import (
	"context"
	"fmt"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// admit spends what something of a kind costs that an account is about to do. The
// error is of CodeBudgetExhausted where that has to wait.
func (n *node) admit(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error {
	now := time.Now()
	return n.store.Change(ctx, func(t *store.Tx) error {
		v, err := spend.Start(t, id, kind, now)
		if err != nil || v.Now() {
			return err
		}
		at := v.At
		if at.IsZero() { // it lets nothing go, until somebody changes it
			at = now.Add(time.Hour)
		}
		return &bridge.Error{
			Code: bridge.CodeBudgetExhausted, RetryAt: at,
			Detail: fmt.Sprintf("The account's budget for %s is used up for now.", kind),
		}
	})
}

// refused notes for how long Telegram wants nothing of a kind of an account.
func (n *node) refused(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind, wait time.Duration) error {
	return n.store.Change(ctx, func(t *store.Tx) error { return spend.Refused(t, id, kind, time.Now(), wait) })
}

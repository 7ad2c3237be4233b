package daemon

import (
	"context"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// admit spends what something of a kind costs that an account is about to do. The
// error is of CodeBudgetExhausted where that has to wait.
func (n *node) admit(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind) error {
	now := time.Now()
	err := spend.Once(ctx, n.store, id, kind, now)
	var refused *bridge.Error
	if errors.As(err, &refused) && refused.Code == bridge.CodeBudgetExhausted && refused.RetryAt.IsZero() {
		refused.RetryAt = now.Add(time.Hour) // somebody may have changed it by then
	}
	return err
}

// refused notes for how long Telegram wants nothing of a kind of an account.
func (n *node) refused(ctx context.Context, id bridge.AccountID, kind bridge.BudgetKind, wait time.Duration) error {
	return n.store.Change(ctx, func(t *store.Tx) error { return spend.Refused(t, id, kind, time.Now(), wait) })
}

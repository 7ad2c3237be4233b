package daemon

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/spend"
	"godwit/bridge/internal/store"
)

// admitPage spends what a page of an account's history costs. The error is of
// CodeBudgetExhausted where that has to wait.
func (n *node) admitPage(ctx context.Context, id bridge.AccountID) error {
	now := time.Now()
	return n.store.Change(ctx, func(t *store.Tx) error {
		v, err := spend.StartAll(t, id, []bridge.BudgetKind{bridge.BudgetHistory}, now)
		if err != nil || v.Now() {
			return err
		}
		at := v.At
		if at.IsZero() { // it lets nothing go, until somebody changes it
			at = now.Add(time.Hour)
		}
		return &bridge.Error{
			Code: bridge.CodeBudgetExhausted, RetryAt: at, Detail: "The account's budget for history is used up for now.",
		}
	})
}

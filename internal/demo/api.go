package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"godwit/bridge/client"
)

// again is how long a program waits before it repeats a request.
const again = 100 * time.Millisecond

// insist makes a request until the daemon answers it, which may be down.
func insist(ctx context.Context, request func() error) error {
	for {
		err := request()
		var refused *client.Error
		if err == nil || errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && !errors.Is(err, client.CodeConflict) {
			return err
		}
		if waited := pause(ctx, again); waited != nil {
			return errors.Join(waited, err)
		}
	}
}

// ready waits until the daemon at an address says that it holds its accounts.
func ready(ctx context.Context, base string) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, again/4); err != nil {
			return fmt.Errorf("the daemon is not ready: %w", err)
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

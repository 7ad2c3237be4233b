package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

const (
	rotatePage    = 200 // accounts that are looked up at once
	rotateWorkers = 8   // since most of the time goes into waiting for a service
	rotateTries   = 6   // while a service cannot be reached: about half a minute
)

// A RotateError says which data keys could not be brought under another
// key-encryption key, because theirs was not given.
type RotateError struct {
	Left map[string]int64 // by the name of their key-encryption key
}

func (e *RotateError) Error() string {
	s := "vault: there are data keys under key-encryption keys that were not given:"
	for kek, n := range e.Left {
		s += fmt.Sprintf(" %d under %s;", n, kek)
	}
	return s[:len(s)-1]
}

// Rotate brings all data keys under the vault's primary key-encryption key,
// while daemons use them, and tells how many it has done, one call after the
// other. Each is replaced by
// itself: who begins again after an interruption goes on with the rest. The
// daemons must know both key-encryption keys until it is done.
//
// A service that cannot be reached is tried again for a while. The error is a
// *RotateError where some data keys are under keys that the vault does not have;
// all others have been done then.
func Rotate(ctx context.Context, s *store.Store, v *Vault, tell func(done int64)) error {
	r := &rotation{store: s, vault: v, tell: tell, pause: pause}
	for {
		before := r.done
		if err := r.pass(ctx); err != nil {
			return err
		}
		if r.done == before { // none was added under another key meanwhile
			break
		}
	}
	left, err := s.DataKeyCounts(ctx)
	if err != nil {
		return err
	}
	delete(left, v.Primary())
	if len(left) > 0 {
		return &RotateError{left}
	}
	return nil
}

type rotation struct {
	store *store.Store
	vault *Vault
	pause func(ctx context.Context, failures int) error

	mu   sync.Mutex
	tell func(done int64)
	done int64
}

func (r *rotation) count() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.tell(r.done)
}

// pass goes once through all accounts.
func (r *rotation) pass(ctx context.Context) error {
	var after bridge.AccountID
	for {
		page, err := r.store.DataKeysNotUnder(ctx, r.vault.Primary(), after, rotatePage)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := r.page(ctx, page); err != nil {
			return err
		}
		after = page[len(page)-1]
	}
}

func (r *rotation) page(ctx context.Context, page []bridge.AccountID) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan bridge.AccountID, len(page))
	for _, id := range page {
		todo <- id
	}
	close(todo)
	var workers sync.WaitGroup
	for range rotateWorkers {
		workers.Go(func() {
			for id := range todo {
				if ctx.Err() != nil {
					return
				}
				if err := r.account(ctx, id); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// account brings one data key under the other key-encryption key. One that is
// gone meanwhile, or was replaced by somebody else, needs nothing, and one under
// a key that is not known is left.
func (r *rotation) account(ctx context.Context, id bridge.AccountID) error {
	for failures := 0; ; {
		done, err := r.replace(ctx, id)
		var unknown *UnknownKEKError
		switch {
		case err == nil:
			if done {
				r.count()
			}
			return nil
		case errors.Is(err, &bridge.Error{Code: bridge.CodeNotFound}), errors.As(err, &unknown):
			return nil
		case !errors.Is(err, &KEKError{Reason: KEKUnreachable}):
			return err
		}
		if failures++; failures == rotateTries {
			return err
		}
		if r.pause(ctx, failures) != nil {
			return err
		}
	}
}

func (r *rotation) replace(ctx context.Context, id bridge.AccountID) (done bool, err error) {
	old, err := r.store.DataKey(ctx, id)
	if err != nil || old.KEK == r.vault.Primary() {
		return false, err
	}
	anew, err := r.vault.Rewrap(ctx, id, old)
	if err != nil {
		return false, err
	}
	err = r.store.Change(ctx, func(t *store.Tx) error {
		done, err = t.ReplaceDataKey(id, old, anew)
		return err
	})
	return done, err
}

// pause waits: 1 s after the first failure, and twice as long after each other.
func pause(ctx context.Context, failures int) error {
	timer := time.NewTimer(time.Second << (failures - 1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

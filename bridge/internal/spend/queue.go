package spend

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// Queue gives work to a ramp: all of it, or, where anything of it is wrong,
// none. It returns what the accounts are to do, in that order. Repeated with the
// same idempotency key, which may be empty, it does nothing and returns what it
// did before.
func (r *Ramps) Queue(ctx context.Context, id bridge.RampID, work []bridge.RampWork, by bridge.KeyID, idempotencyKey string) ([]*bridge.QueuedAction, error) {
	var list []*bridge.QueuedAction
	err := r.store.Change(ctx, func(t *store.Tx) error {
		if _, err := t.Ramp(id); err != nil { // one at a time
			return err
		}
		var err error
		list, err = store.Once(t, string(id)+" "+string(by), idempotencyKey, work, r.now(), func() ([]*bridge.QueuedAction, error) {
			var list []*bridge.QueuedAction
			for i, w := range work {
				added, err := r.queue(t, id, w, by)
				if err != nil {
					return nil, about(i, err)
				}
				list = append(list, added...)
			}
			return list, nil
		})
		return err
	})
	return list, err
}

// about says which of several works an error is about.
func about(i int, err error) error {
	var e *bridge.Error
	if errors.As(err, &e) {
		return bridge.Errorf(e.Code, "Action %d: %s", i+1, e.Detail)
	}
	return err
}

func (r *Ramps) queue(t *store.Tx, id bridge.RampID, w bridge.RampWork, by bridge.KeyID) ([]*bridge.QueuedAction, error) {
	if !slices.Contains(bridge.ActionKinds, w.Kind) {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "There is no kind %q; there are %v.", w.Kind, bridge.ActionKinds)
	}
	if (w.Kind == bridge.PostAction) != (w.Content.Text != "" || w.Content.Media != nil) {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "A post has a text or media, and nothing else has.")
	}
	target, err := bridge.ParseTarget(w.Target)
	if err != nil {
		return nil, err
	}
	loads, err := t.RampLoads(id, w.Kind, target)
	if err != nil {
		return nil, err
	}
	accounts, err := share(w, loads)
	if err != nil {
		return nil, err
	}
	var list []*bridge.QueuedAction
	for _, account := range accounts {
		a := &bridge.QueuedAction{
			AccountID: account, RampID: id, Kind: w.Kind, Target: target, Content: w.Content, State: bridge.ActionQueued,
			NotBefore: w.NotBefore, CreatedAt: r.now(), RequestBy: by,
		}
		if a.ID, err = newID[bridge.ActionID](r); err != nil {
			return nil, err
		}
		if a.Kind == bridge.PostAction {
			if a.RandomID, err = bridge.NewRandomID(r.entropy); err != nil {
				return nil, err
			}
		}
		if err := t.AddAction(a); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// share says which accounts of a ramp do some work, by what they have to do
// already and whether they are in its target.
func share(w bridge.RampWork, loads []store.RampLoad) ([]bridge.AccountID, error) {
	if w.AccountID != "" && w.Each {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "It is for account %s or for each, not both.", w.AccountID)
	}
	var able []store.RampLoad // who can do it
	for _, l := range loads {
		if l.AccountID == w.AccountID {
			return []bridge.AccountID{l.AccountID}, nil // whether it is there, Telegram says
		}
		if l.Joins == (w.Kind != bridge.JoinAction) {
			able = append(able, l)
		}
	}
	switch {
	case w.AccountID != "":
		return nil, bridge.Errorf(bridge.CodeNotFound, "Account %s is not on the ramp.", w.AccountID)
	case len(able) == 0 && w.Kind == bridge.JoinAction:
		return nil, bridge.Errorf(bridge.CodeConflict, "All accounts of the ramp are in %s, or are to join it.", w.Target)
	case len(able) == 0:
		return nil, bridge.Errorf(bridge.CodeConflict,
			"No account of the ramp has joined %s through it. Queue a join first, or name an account that is there.", w.Target)
	case w.Each:
		var all []bridge.AccountID
		for _, l := range able {
			all = append(all, l.AccountID)
		}
		return all, nil
	case w.Kind == bridge.LeaveAction:
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "Say which account is to leave %s, or that each is.", w.Target)
	}
	least := slices.MinFunc(able, func(a, b store.RampLoad) int {
		return cmp.Or(cmp.Compare(a.Queued, b.Queued), cmp.Compare(a.AccountID, b.AccountID))
	})
	return []bridge.AccountID{least.AccountID}, nil
}

// Actions returns up to limit actions of a ramp whose id comes after another, in
// the order in which they were given.
func (r *Ramps) Actions(ctx context.Context, id bridge.RampID, after bridge.ActionID, limit int) ([]*bridge.QueuedAction, error) {
	if _, err := r.store.Ramp(ctx, id); err != nil {
		return nil, err
	}
	return r.store.RampActions(ctx, id, after, limit)
}

// Cancel cancels an action of a ramp that has not been started.
func (r *Ramps) Cancel(ctx context.Context, id bridge.RampID, action bridge.ActionID) error {
	return r.store.Change(ctx, func(t *store.Tx) error {
		a, err := t.Action(action)
		if err != nil {
			return err
		}
		if a.RampID != id {
			return bridge.Errorf(bridge.CodeNotFound, "There is no action %s of ramp %s.", action, id)
		}
		return t.CancelAction(action, r.now())
	})
}

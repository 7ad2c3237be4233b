package operator

import (
	"context"
	"crypto/rand"
	"fmt"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// page is how many rows are read at once.
const page = 500

// CreateKey makes an API key: its Name, Scopes, Accounts, Pools and ExpiresAt
// are given, the rest is set. The token is not kept anywhere: who loses it makes
// another key. The error is a *bridge.Error of CodeInvalidRequest, or of
// CodeNotFound for an account or a pool that does not exist.
func (o *Operator) CreateKey(ctx context.Context, k *bridge.APIKey) (bridge.APIToken, error) {
	token, err := k.Make(o.now(), rand.Reader)
	if err != nil {
		return token, err
	}
	err = o.change(ctx, &bridge.AuditEntry{Action: bridge.AuditKeyCreate, Subject: string(k.ID)}, map[string]any{
		"name": k.Name, "scopes": k.Scopes, "accounts": k.Accounts, "pools": k.Pools,
	}, func(t *store.Tx) error {
		if err := t.CheckKey(k); err != nil {
			return err
		}
		return t.AddKey(k, token.Hash())
	})
	return token, err
}

// Keys returns all API keys, in the order in which they were made.
func (o *Operator) Keys(ctx context.Context) ([]bridge.APIKey, error) {
	return all(func(last *bridge.APIKey) ([]bridge.APIKey, error) { return o.store.Keys(ctx, last.ID, page) })
}

// all returns what comes on all pages. The first comes after the zero value.
func all[T any](next func(last *T) ([]T, error)) ([]T, error) {
	var list []T
	last := new(T)
	for {
		found, err := next(last)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
		if len(found) < page {
			return list, nil
		}
		last = &found[len(found)-1]
	}
}

// RevokeKey makes an API key useless from now on. The error is a *bridge.Error of
// CodeNotFound where there is none, and of CodeConflict where it is revoked.
func (o *Operator) RevokeKey(ctx context.Context, id bridge.KeyID) error {
	return o.change(ctx, &bridge.AuditEntry{Action: bridge.AuditKeyRevoke, Subject: string(id)}, nil, func(t *store.Tx) error {
		return t.RevokeKey(id, o.now())
	})
}

// Suppress puts a person on the suppression list, and reports whether that was
// new. ID, Reason, AddedBy and AddedAt are set.
func (o *Operator) Suppress(ctx context.Context, v *bridge.Suppression) (added bool, err error) {
	if err := o.prepare(v); err != nil {
		return false, err
	}
	e, err := o.entry(&bridge.AuditEntry{Action: bridge.AuditSuppress, Subject: string(v.ID)},
		map[string]any{"person": v.Person, "reason": v.Reason})
	if err != nil {
		return false, err
	}
	err = o.store.Change(ctx, func(t *store.Tx) error {
		if added, err = t.Suppress(v); err != nil || !added {
			return err
		}
		return t.Audit(e)
	})
	return added, err
}

func (o *Operator) prepare(v *bridge.Suppression) (err error) {
	v.Reason, v.AddedBy, v.AddedAt = bridge.SuppressedByOperator, bridge.OperatorActor, o.now().UTC()
	v.ID, err = bridge.NewID[bridge.SuppressionID](v.AddedAt, rand.Reader)
	return err
}

// SuppressAll is Suppress for many, in parts: who is interrupted does it once
// more. It returns how many were new.
func (o *Operator) SuppressAll(ctx context.Context, list []bridge.Suppression) (added int, err error) {
	for start := 0; start < len(list); start += page {
		part := list[start:min(start+page, len(list))]
		n := 0
		err := o.change(ctx, &bridge.AuditEntry{Action: bridge.AuditSuppressImport}, map[string]any{"people": len(part)},
			func(t *store.Tx) error {
				for i := range part {
					if err := o.prepare(&part[i]); err != nil {
						return err
					}
					isNew, err := t.Suppress(&part[i])
					if err != nil {
						return fmt.Errorf("person %d: %w", start+i+1, err)
					}
					if isNew {
						n++
					}
				}
				return nil
			})
		if err != nil {
			return added, err
		}
		added += n
	}
	return added, nil
}

// Suppressions returns the whole suppression list, in the order in which people
// were added.
func (o *Operator) Suppressions(ctx context.Context) ([]bridge.Suppression, error) {
	return all(func(last *bridge.Suppression) ([]bridge.Suppression, error) {
		return o.store.Suppressions(ctx, last.ID, page)
	})
}

// Suppression returns an entry of the suppression list. The error is a
// *bridge.Error of CodeNotFound where there is none.
func (o *Operator) Suppression(ctx context.Context, id bridge.SuppressionID) (*bridge.Suppression, error) {
	return o.store.Suppression(ctx, id)
}

// Unsuppress takes an entry off the suppression list. Another one of the same
// person still holds. The error is a *bridge.Error of CodeNotFound where there is
// none.
func (o *Operator) Unsuppress(ctx context.Context, v *bridge.Suppression) error {
	e := &bridge.AuditEntry{Action: bridge.AuditUnsuppress, Subject: string(v.ID)}
	return o.change(ctx, e, map[string]any{"person": v.Person, "reason": v.Reason}, func(t *store.Tx) error {
		return t.Unsuppress(v.ID)
	})
}

// Audited returns up to limit entries of the audit log that are older than one,
// the newest first. What is empty does not matter.
func (o *Operator) Audited(
	ctx context.Context, account bridge.AccountID, actor bridge.Actor, before bridge.AuditID, limit int,
) ([]bridge.AuditEntry, error) {
	return o.store.Audited(ctx, store.AuditFilter{AccountID: account, Actor: actor, Before: before}, limit)
}

package store_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func (b *bench) addKey(k *bridge.APIKey) bridge.APIToken {
	b.Helper()
	token, err := bridge.NewAPIToken(rand.Reader)
	b.check(err)
	b.change(func(t *store.Tx) error { return t.AddKey(k, token.Hash()) })
	return token
}

var unauthorized = &bridge.Error{Code: bridge.CodeUnauthorized}

func TestKeys(t *testing.T) {
	onBoth(t, func(b *bench) {
		ann, bob, pool := b.add(0), b.add(0), b.pool()
		b.change(func(t *store.Tx) error { return t.AddPoolMember(pool.ID, bob.ID) })
		full := &bridge.APIKey{
			ID: newID[bridge.KeyID](b, 0), Name: "crm", CreatedAt: epoch, ExpiresAt: epoch.Add(time.Hour),
			Scopes: []bridge.KeyScope{bridge.ScopeMessagesSend}, Pools: []bridge.PoolID{pool.ID},
		}
		plain := &bridge.APIKey{ID: newID[bridge.KeyID](b, 1), Name: "all", CreatedAt: epoch, Scopes: []bridge.KeyScope{bridge.ScopeAdmin}}
		fullToken, plainToken := b.addKey(full), b.addKey(plain)
		grant, err := b.AuthenticateKey(b.ctx(), fullToken, epoch.Add(time.Minute))
		b.check(err)
		if grant.KeyID() != full.ID || !grant.Allows(bridge.ScopeMessagesSend, bob.ID) || grant.Allows(bridge.ScopeMessagesSend, ann.ID) {
			b.Errorf("it grants %+v", grant)
		}
		for _, at := range []time.Duration{2*time.Minute - 1, time.Second} { // not noted: too soon, and the past
			_, err = b.AuthenticateKey(b.ctx(), fullToken, epoch.Add(at))
			b.check(err)
		}
		full.LastUsedAt = epoch.Add(time.Minute)
		for range 2 {
			keys, err := b.Keys(b.ctx(), "", 10)
			b.check(err)
			if want := []bridge.APIKey{*full, *plain}; !reflect.DeepEqual(keys, want) {
				b.Errorf("got  %+v\nwant %+v", keys, want)
			}
			if page, err := b.Keys(b.ctx(), full.ID, 1); err != nil || len(page) != 1 || page[0].ID != plain.ID {
				b.Errorf("the second page is %v, %v", page, err)
			}
			_, err = b.AuthenticateKey(b.ctx(), plainToken, epoch.Add(time.Hour))
			b.check(err)
			plain.LastUsedAt = epoch.Add(time.Hour)
			if _, err := b.AuthenticateKey(b.ctx(), fullToken, epoch.Add(time.Hour)); !errors.Is(err, unauthorized) {
				b.Errorf("expired: %v", err)
			}
		}
		other, err := bridge.NewAPIToken(bytes.NewReader(make([]byte, 32)))
		b.check(err)
		if _, err := b.AuthenticateKey(b.ctx(), other, epoch); !errors.Is(err, unauthorized) {
			b.Errorf("another token: %v", err)
		}
		b.change(func(t *store.Tx) error { return t.RevokeKey(plain.ID, epoch) })
		if _, err := b.AuthenticateKey(b.ctx(), plainToken, epoch); !errors.Is(err, unauthorized) {
			b.Errorf("revoked: %v", err)
		}
		b.refuse(conflict, func(t *store.Tx) error { return t.RevokeKey(plain.ID, epoch) })
		b.refuse(notFound, func(t *store.Tx) error { return t.RevokeKey("key_none", epoch) })
	})
}

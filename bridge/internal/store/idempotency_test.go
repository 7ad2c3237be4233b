package store_test

import (
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func TestIdempotency(t *testing.T) {
	onBoth(t, func(b *bench) {
		expect := func(scope, key string, want string) {
			b.Helper()
			b.change(func(t *store.Tx) error {
				answer, ok, err := t.Repeated(scope, key, []byte("hash"))
				if answer != want || ok != (want != "") {
					b.Errorf("%s %s: %q, %t", scope, key, answer, ok)
				}
				return err
			})
		}
		expect("key_1", "a", "")
		b.change(func(t *store.Tx) error { return t.Answered("key_1", "a", []byte("hash"), "msg_1", epoch) })
		b.change(func(t *store.Tx) error {
			return t.Answered("key_2", "a", []byte("hash"), "msg_2", epoch.Add(time.Hour))
		})
		expect("key_1", "a", "msg_1")
		expect("key_2", "a", "msg_2")
		b.refuse(conflict, func(t *store.Tx) error { return t.Answered("key_1", "a", []byte("hash"), "msg_3", epoch) })
		b.refuse(&bridge.Error{Code: bridge.CodeIdempotencyReused}, func(t *store.Tx) error {
			_, _, err := t.Repeated("key_1", "a", []byte("another"))
			return err
		})
		if n, err := b.ForgetAnswers(b.ctx(), epoch.Add(time.Minute)); n != 1 || err != nil {
			b.Errorf("%d forgotten, %v", n, err)
		}
		expect("key_1", "a", "")
		expect("key_2", "a", "msg_2")
	})
}

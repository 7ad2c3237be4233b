package store_test

import (
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// suppress adds an entry and reports whether it was new.
func (b *bench) suppress(v *bridge.Suppression) (added bool) {
	b.Helper()
	b.change(func(t *store.Tx) (err error) {
		added, err = t.Suppress(v)
		return err
	})
	return added
}

// suppressed returns the entry by which a person is not written to.
func (b *bench) suppressed(p bridge.Person) bridge.SuppressionID {
	b.Helper()
	keys, err := p.Keys()
	b.check(err)
	got, err := b.Suppressed(b.ctx(), keys)
	b.check(err)
	b.change(func(t *store.Tx) error {
		again, err := t.Suppressed(keys)
		if !reflect.DeepEqual(again, got) {
			b.Errorf("in a transaction %+v, outside %+v", again, got)
		}
		if is, err := (store.SuppressionList{}).Suppressed(t, keys); err != nil || is != (got != nil) {
			b.Errorf("on the list: %v, %v", is, err)
		}
		return err
	})
	if got == nil {
		return ""
	}
	return got.ID
}

// TestSuppressions has a person found by whatever they are known by, and by
// nothing else.
func TestSuppressions(t *testing.T) {
	onBoth(t, func(b *bench) {
		entry := func(i int, p bridge.Person, reason bridge.SuppressionReason) *bridge.Suppression {
			return &bridge.Suppression{
				ID: newID[bridge.SuppressionID](b, i), Person: p, Reason: reason, AddedBy: bridge.OperatorActor,
				AddedAt: epoch.Add(time.Duration(i) * time.Millisecond), Note: "asked",
			}
		}
		whole := entry(0, bridge.Person{UserID: 5, Phone: "+49 30 123456", Username: "@Anna"}, bridge.SuppressedByOperator)
		stop := entry(1, bridge.Person{UserID: 5}, bridge.SuppressedByStop)
		phone := entry(2, bridge.Person{Phone: "15551234"}, bridge.SuppressedByBlock)
		for _, v := range []*bridge.Suppression{whole, stop, phone} {
			if !b.suppress(v) {
				b.Errorf("%s is not new", v.ID)
			}
		}
		for _, p := range []bridge.Person{{UserID: 5}, {Username: "ANNA"}, {Phone: "4930123456"}, {UserID: 5, Username: "anna"}} {
			if b.suppress(entry(3, p, bridge.SuppressedByOperator)) {
				b.Errorf("%+v is there twice", p)
			}
		}
		more := entry(4, bridge.Person{UserID: 5, Username: "anna_new"}, bridge.SuppressedByOperator)
		if !b.suppress(more) {
			b.Error("what is new of a person is not added")
		}
		for _, test := range []struct {
			person bridge.Person
			want   bridge.SuppressionID
		}{
			{bridge.Person{UserID: 5}, whole.ID}, {bridge.Person{Username: "aNNA"}, whole.ID}, {bridge.Person{Phone: "+4930 12 34 56"}, whole.ID},
			{bridge.Person{UserID: 6, Username: "anna_new"}, more.ID}, {bridge.Person{UserID: 6, Phone: "15551234", Username: "bob_1"}, phone.ID},
			{bridge.Person{UserID: 6}, ""}, {bridge.Person{UserID: 55}, ""}, {bridge.Person{Phone: "30123456", Username: "annaa"}, ""},
		} {
			if got := b.suppressed(test.person); got != test.want {
				b.Errorf("%+v: %q, want %q", test.person, got, test.want)
			}
		}
		many := []bridge.PersonKey{"user:1", "user:2", "user:3", "user:4", "phone:15551234"}
		if got, err := b.Suppressed(b.ctx(), many); err != nil || got == nil || got.ID != phone.ID {
			b.Errorf("the fifth key: %+v, %v", got, err)
		}
		if got, err := b.Suppressed(b.ctx(), nil); err != nil || got != nil {
			b.Errorf("nobody: %+v, %v", got, err)
		}
		list, err := b.Suppressions(b.ctx(), "", 3)
		b.check(err)
		rest, err := b.Suppressions(b.ctx(), list[2].ID, 3)
		b.check(err)
		if got, want := append(list, rest...), []bridge.Suppression{*whole, *stop, *phone, *more}; !reflect.DeepEqual(got, want) {
			b.Errorf("got  %+v\nwant %+v", got, want)
		}
		b.change(func(t *store.Tx) error { return t.Unsuppress(whole.ID) })
		if got := b.suppressed(bridge.Person{UserID: 5}); got != stop.ID {
			b.Errorf("by %q, want the other entry", got)
		}
		if got := b.suppressed(bridge.Person{Username: "anna"}); got != "" {
			b.Errorf("by %q, which is removed", got)
		}
		if got, err := b.Suppression(b.ctx(), stop.ID); err != nil || !reflect.DeepEqual(got, stop) {
			b.Errorf("%+v, %v", got, err)
		}
		if _, err := b.Suppression(b.ctx(), whole.ID); bridge.CodeOf(err) != bridge.CodeNotFound {
			b.Errorf("removed: %v", err)
		}
		b.refuse(notFound, func(t *store.Tx) error { return t.Unsuppress(whole.ID) })
		b.refuse(&bridge.Error{Code: bridge.CodeInvalidRequest}, func(t *store.Tx) error {
			_, err := t.Suppress(&bridge.Suppression{Reason: bridge.SuppressedByStop})
			return err
		})
	})
}

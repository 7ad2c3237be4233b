package store_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func (b *bench) pool() *bridge.Pool {
	p := &bridge.Pool{
		ID: newID[bridge.PoolID](b, 0), Name: "sales", CreatedAt: epoch,
		Policy: bridge.PoolPolicy{FirstMessages: 1, HandOver: []bridge.State{bridge.Banned}},
	}
	b.change(func(t *store.Tx) error { return t.SetPool(p) })
	return p
}

func TestPools(t *testing.T) {
	onBoth(t, func(b *bench) {
		p, a := b.pool(), b.add(0)
		got, err := b.Pool(b.ctx(), p.ID)
		if err != nil || !reflect.DeepEqual(got, p) {
			b.Errorf("%+v, want %+v, %v", got, p, err)
		}
		p.Name, p.Policy = "support", bridge.PoolPolicy{FirstMessages: 2}
		b.change(func(t *store.Tx) error { return t.SetPool(p) })
		if list, err := b.Pools(b.ctx(), "", 9); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], p) {
			b.Errorf("%+v, %v", list, err)
		}
		poolOf := func() (found *bridge.Pool) {
			b.change(func(t *store.Tx) (err error) {
				found, err = t.PoolOf(a.ID)
				return err
			})
			return found
		}
		if found := poolOf(); found != nil {
			b.Errorf("in pool %s", found.ID)
		}
		for range 2 { // the second time it is there already
			b.change(func(t *store.Tx) error { return t.AddPoolMember(p.ID, a.ID) })
		}
		if found := poolOf(); !reflect.DeepEqual(found, p) {
			b.Errorf("%+v", found)
		}
		second := b.pool()
		b.refuse(conflict, func(t *store.Tx) error { return t.AddPoolMember(second.ID, a.ID) })
		b.refuse(notFound, func(t *store.Tx) error { return t.AddPoolMember(p.ID, "acc_none") })
		b.refuse(notFound, func(t *store.Tx) error { return t.RemovePoolMember(second.ID, a.ID) })
		b.change(func(t *store.Tx) error { return t.RemovePoolMember(p.ID, a.ID) })
		if list, err := b.PoolMembers(b.ctx(), p.ID); err != nil || len(list) != 0 {
			b.Errorf("%+v, %v", list, err)
		}
		b.change(func(t *store.Tx) error { return t.DeletePool(p.ID) })
		b.refuse(notFound, func(t *store.Tx) error { return t.DeletePool(p.ID) })
		if _, err := b.Pool(b.ctx(), p.ID); !errors.Is(err, notFound) {
			b.Errorf("%v", err)
		}
	})
}

// TestPoolMembers has what is known of the members of a pool: their states,
// budgets, ramps, and how many first messages wait.
func TestPoolMembers(t *testing.T) {
	onBoth(t, func(b *bench) {
		p, r, a := b.pool(), b.ramp(), b.add(0)
		plan := bridge.BudgetPlan{bridge.BudgetJoins: {Limits: map[bridge.Window]int{bridge.PerDay: 3}}}
		member := bridge.RampMember{RampID: r.ID, AccountID: a.ID, StartsOn: "2030-01-02"}
		b.change(func(t *store.Tx) error { return t.AddPoolMember(p.ID, a.ID) })
		b.change(func(t *store.Tx) error { return t.SetBudgetPlan(a.ID, "Europe/Berlin", plan) })
		b.change(func(t *store.Tx) error { return t.SetRampMember(member) })
		for i, c := range []struct {
			peer  string
			wrote bool
			state bridge.SendState
		}{
			{"user:1", false, "queued"}, {"user:2", false, "parked"}, {"user:3", false, "delivered"}, {"user:4", true, "queued"}, {"channel:5", false, "queued"},
		} {
			b.message(b.talk(a.ID, c.peer, "", "", c.wrote), i, bridge.Outbound, c.state, bridge.Content{})
		}
		want := []store.PoolMember{{
			AccountID: a.ID, State: bridge.New, Queued: 2,
			Budget: store.BudgetRow{Zone: "Europe/Berlin", Plan: plan, Member: &member, Ramp: &r.Plan},
		}}
		got, err := b.PoolMembers(b.ctx(), p.ID)
		if err != nil || !reflect.DeepEqual(got, want) {
			b.Errorf("%+v, want %+v, %v", got, want, err)
		}
		b.change(func(t *store.Tx) error {
			if got, err := t.PoolMembers(p.ID); err != nil || !reflect.DeepEqual(got, want) {
				b.Errorf("%+v, %v", got, err)
			}
			return nil
		})
	})
}

// talk adds a conversation.
func (b *bench) talk(account bridge.AccountID, peer, username, phone string, wrote bool) *bridge.Conversation {
	b.Helper()
	with, err := bridge.ParsePeer(peer)
	b.check(err)
	c := &bridge.Conversation{
		ID: newID[bridge.ConversationID](b, 0), AccountID: account, Peer: with, Username: username, Phone: phone,
		PersonWrote: wrote, CreatedAt: epoch,
	}
	b.change(func(t *store.Tx) error {
		_, err := t.AddConversations([]*bridge.Conversation{c})
		return err
	})
	return c
}

// message adds the nth message of a conversation.
func (b *bench) message(c *bridge.Conversation, n int, direction bridge.Direction, state bridge.SendState, content bridge.Content) {
	b.Helper()
	c.LastAt = epoch.Add(time.Duration(n) * time.Second)
	m := &bridge.Message{
		ID: newID[bridge.MessageID](b, n), AccountID: c.AccountID, ConversationID: c.ID, Source: bridge.MTProto,
		Direction: direction, At: c.LastAt, Content: content, State: state, CreatedAt: c.LastAt,
	}
	b.change(func(t *store.Tx) error {
		if _, err := t.AddMessages([]*bridge.Message{m}); err != nil {
			return err
		}
		return t.ChangeConversations([]*bridge.Conversation{c})
	})
}

// TestPeople has people found by whatever they are known by, and be made one
// when they turn out to be the same, with all that was written to them.
func TestPeople(t *testing.T) {
	onBoth(t, func(b *bench) {
		p, other := b.pool(), b.pool()
		keys := func(s ...bridge.PersonKey) []bridge.PersonKey { return s }
		ann := store.PersonRow{Name: "phone:1234567", AccountID: "acc_1", FirstMessages: 1, AssignedAt: epoch.Add(time.Hour)}
		ben := store.PersonRow{Name: "username:ben", AccountID: "acc_2", FirstMessages: 2, AssignedAt: epoch}
		b.change(func(t *store.Tx) error { return t.SetPerson(p.ID, ann, keys("phone:1234567")) })
		b.change(func(t *store.Tx) error { return t.SetPerson(p.ID, ben, keys("username:ben", "user:5")) })
		find := func(pool bridge.PoolID, k ...bridge.PersonKey) (list []store.PersonRow) {
			b.Helper()
			b.change(func(t *store.Tx) (err error) {
				list, err = t.People(pool, k)
				return err
			})
			return list
		}
		expect := func(got []store.PersonRow, want ...store.PersonRow) {
			b.Helper()
			if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				b.Errorf("%+v, want %+v", got, want)
			}
		}
		expect(find(p.ID, "user:5", "username:ben"), ben)
		expect(find(p.ID, "user:6"))
		expect(find(other.ID, "user:5"))
		both := find(p.ID, "phone:1234567", "user:5")
		expect(both, ben, ann)
		b.change(func(t *store.Tx) error {
			one, err := t.MergePeople(p.ID, both)
			if err == nil {
				err = t.SetPerson(p.ID, one, keys("username:benjamin"))
			}
			return err
		})
		ben.FirstMessages = 3
		for _, key := range keys("phone:1234567", "user:5", "username:ben", "username:benjamin") {
			expect(find(p.ID, key), ben)
		}
		b.change(func(t *store.Tx) error { return t.DeletePool(p.ID) })
		expect(find(p.ID, "user:5"))
	})
}

// TestAcquaintances has the accounts of a pool that know somebody, and who of
// the two wrote first.
func TestAcquaintances(t *testing.T) {
	onBoth(t, func(b *bench) {
		p := b.pool()
		var ids []bridge.AccountID
		for i := range 4 {
			ids = append(ids, b.add(0).ID)
			if i < 3 { // the fourth is not in the pool
				b.change(func(t *store.Tx) error { return t.AddPoolMember(p.ID, ids[i]) })
			}
		}
		ours := b.talk(ids[0], "user:5", "", "", true)
		b.message(ours, 1, bridge.Inbound, "", bridge.Content{Service: "messageActionContactSignUp"})
		b.message(ours, 2, bridge.Outbound, bridge.Delivered, bridge.Content{Text: "hello"})
		b.message(ours, 3, bridge.Inbound, "", bridge.Content{Text: "hello"})
		theirs := b.talk(ids[1], "user:5", "Some_Body", "4930123456", true)
		b.message(theirs, 4, bridge.Inbound, "", bridge.Content{Text: "hello"})
		b.message(theirs, 5, bridge.Outbound, bridge.Delivered, bridge.Content{Text: "hello"})
		b.talk(ids[2], "user:6", "some_body", "", false)
		b.talk(ids[3], "user:5", "some_body", "4930123456", true)
		first := store.AcquaintanceRow{AccountID: ids[0], PersonWrote: true, First: bridge.Outbound, LastAt: epoch.Add(3 * time.Second)}
		second := store.AcquaintanceRow{AccountID: ids[1], PersonWrote: true, First: bridge.Inbound, LastAt: epoch.Add(5 * time.Second)}
		third := store.AcquaintanceRow{AccountID: ids[2]}
		for _, test := range []struct {
			keys []bridge.PersonKey
			want []store.AcquaintanceRow
		}{
			{[]bridge.PersonKey{"user:5"}, []store.AcquaintanceRow{second, first}},
			{[]bridge.PersonKey{"phone:4930123456"}, []store.AcquaintanceRow{second}},
			{[]bridge.PersonKey{"username:some_body"}, []store.AcquaintanceRow{second, third}},
			{[]bridge.PersonKey{"user:5", "username:some_body"}, []store.AcquaintanceRow{second, first, third}},
			{[]bridge.PersonKey{"user:7"}, nil},
		} {
			b.change(func(t *store.Tx) error {
				got, err := t.Acquaintances(p.ID, test.keys)
				if err == nil && !reflect.DeepEqual(got, test.want) {
					b.Errorf("%v: %+v, want %+v", test.keys, got, test.want)
				}
				return err
			})
		}
		if err := b.Change(b.ctx(), func(t *store.Tx) error { _, err := t.Acquaintances(p.ID, []bridge.PersonKey{"shoe:5"}); return err }); err == nil {
			b.Error("shoes are known")
		}
	})
}

package store_test

import (
	"crypto/rand"
	"reflect"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func (b *bench) newExport(a *bridge.Account, at time.Time) *bridge.Export {
	b.Helper()
	id, err := bridge.NewID[bridge.ExportID](at, rand.Reader)
	b.check(err)
	return &bridge.Export{
		ID: id, AccountID: a.ID, Group: bridge.Peer{Kind: bridge.ChannelPeer, ID: 5}, List: bridge.AllMembers,
		State: bridge.ExportQueued, Gap: bridge.GapUnfinished, CreatedAt: at.Truncate(time.Microsecond), RequestBy: "key_1",
	}
}

func TestExports(t *testing.T) {
	onBoth(t, func(b *bench) {
		a, other := b.add(0), b.add(0)
		first, second := b.newExport(a, epoch), b.newExport(a, epoch.Add(time.Second))
		b.change(func(t *store.Tx) error {
			for _, e := range []*bridge.Export{second, first} {
				if err := t.AddExport(e); err != nil {
					return err
				}
			}
			n, err := t.PendingExports(a.ID)
			if n != 2 {
				b.Errorf("%d are pending", n)
			}
			return err
		})
		if _, err := b.Export(b.ctx(), other.ID, first.ID); bridge.CodeOf(err) != bridge.CodeNotFound {
			b.Errorf("of another account: %v", err)
		}
		next, err := b.NextExport(b.ctx(), a.ID, "")
		b.check(err)
		if !reflect.DeepEqual(next, first) {
			b.Errorf("next is %+v\nwant %+v", next, first)
		}

		// A page is stored with how far the list is.
		members := []bridge.Member{
			{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 1}, FirstName: "Ann", Role: "creator", JoinedAt: epoch.Truncate(time.Second)},
			{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 2}, Username: "bob", Role: "member", Bot: true},
		}
		next.State, next.Seen, next.Total, next.Limit, next.Offset, next.Title = bridge.ExportRunning, 2, 3, 10000, 2, "Team"
		next.Code, next.Error, next.RetryAt = bridge.CodeBudgetExhausted, "Later.", epoch.Add(time.Hour).Truncate(time.Microsecond)
		next.StartedAt = epoch.Truncate(time.Microsecond)
		keep := func(e *bridge.Export, members []bridge.Member) (there bool) {
			b.change(func(t *store.Tx) (err error) {
				if there, err = t.SetExport(e); err != nil || !there {
					return err
				}
				return t.AddMembers(e.ID, e.Seen-len(members), members)
			})
			return there
		}
		if !keep(next, members) {
			b.Fatal("not stored")
		}
		got, err := b.open().Export(b.ctx(), a.ID, first.ID) // as another process sees it
		b.check(err)
		if !reflect.DeepEqual(got, next) {
			b.Errorf("got %+v\nwant %+v", got, next)
		}
		third := bridge.Member{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 3}, Role: "member"}
		next.Seen = 3
		next.End(bridge.ExportDone, epoch)
		if !keep(next, []bridge.Member{third}) {
			b.Error("the last page is not stored")
		}
		if keep(next, nil) {
			b.Error("what is done changes")
		}
		list, err := b.ExportMembers(b.ctx(), first.ID, 1, 10)
		b.check(err)
		if !reflect.DeepEqual(list, []bridge.Member{members[1], third}) {
			b.Errorf("members: %+v", list)
		}
		peers, err := b.ExportPeers(b.ctx(), first.ID)
		b.check(err)
		if len(peers) != 3 || peers[0].ID != 1 || peers[2].ID != 3 {
			b.Errorf("in it are %v", peers)
		}

		if next, err = b.NextExport(b.ctx(), a.ID, ""); err != nil || next == nil || next.ID != second.ID {
			b.Errorf("next is %v, %v", next, err)
		}
		page, err := b.Exports(b.ctx(), a.ID, "", 1)
		b.check(err)
		if len(page) != 1 || page[0].ID != second.ID {
			b.Errorf("listed first: %+v", page)
		}
		if page, err = b.Exports(b.ctx(), a.ID, page[0].ID, 10); err != nil || len(page) != 1 || page[0].ID != first.ID {
			b.Errorf("listed then: %+v, %v", page, err)
		}
		if n, err := b.DeleteExportsAt(b.ctx(), epoch.Add(bridge.ExportRetention-time.Second)); n != 0 || err != nil {
			b.Errorf("%d deleted too early, %v", n, err)
		}
		if n, err := b.DeleteExportsAt(b.ctx(), epoch.Add(bridge.ExportRetention)); n != 1 || err != nil {
			b.Errorf("%d deleted after a week, %v", n, err)
		}
		if left, err := b.ExportPeers(b.ctx(), first.ID); len(left) != 0 || err != nil {
			b.Errorf("members of what is deleted: %v, %v", left, err)
		}
		b.change(func(t *store.Tx) error { return t.DeleteExport(a.ID, second.ID) })
		b.refuse(notFound, func(t *store.Tx) error { return t.DeleteExport(a.ID, second.ID) })
		if next, err = b.NextExport(b.ctx(), a.ID, ""); err != nil || next != nil {
			b.Errorf("next is %v, %v", next, err)
		}
	})
}

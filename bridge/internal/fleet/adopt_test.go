package fleet_test

import (
	"crypto/rand"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
)

// TestAdoptAtOnce has accounts be adopted by whoever added them and by the fleet's
// own look at the same time: each is owned once, under the epoch that is stored.
func TestAdoptAtOnce(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		n.Await("everything is held", n.Fleet.Ready)
		for range 20 {
			id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
			p.Check(err)
			now := time.Now()
			p.Check(n.Store.Change(p.Context(), func(t *store.Tx) error {
				return t.AddAccount(&bridge.Account{ID: id, Kind: bridge.UserAccount, CreatedAt: now,
					Status: bridge.Status{State: bridge.New, Since: now}})
			}))
			var adopting sync.WaitGroup
			for range 4 {
				adopting.Go(func() {
					if err := n.Fleet.Adopt(p.Context(), id); err != nil {
						p.Error(err)
					}
				})
			}
			adopting.Wait()
			n.AwaitAccount(id, "owned", func(*bridge.Account) bool { return n.Fleet.Owns(id) })
			epoch, _ := n.Fleet.Epoch(id)
			if a, err := n.Store.Account(p.Context(), id); err != nil || a.Epoch != epoch {
				p.Errorf("owned under epoch %d, stored is %+v, %v", epoch, a, err)
			}
		}
	})
}

// TestCrashed has an account that its owner did not give back be shown as not
// connected while it is left alone.
func TestCrashed(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		const phone = "9996620001"
		_, err := p.Sandbox.AddUser(phone, "Ann", "")
		p.Check(err)
		first := p.Start("first")
		id := first.Add()
		first.SignIn(id, phone)
		first.End()
		s, err := store.Open(p.Context(), p.URL)
		p.Check(err)
		before, err := s.Events(p.Context(), id, 0, 100)
		p.Check(err)
		p.Check(s.Change(p.Context(), func(t *store.Tx) error {
			_, _, err := t.ClaimShard(bridge.ShardOf(id), "crashed")
			return err
		}))
		p.Check(s.Close())
		second := p.Start("second")
		second.AwaitAccount(id, "is online at the second", func(a *bridge.Account) bool {
			return a.Node == "second" && a.Status.State == bridge.Online
		})
		events, err := second.Store.Events(p.Context(), id, before[len(before)-1].Seq, 100)
		p.Check(err)
		if len(events) == 0 {
			p.Fatal("nobody is told that it is not connected")
		}
		var data bridge.AccountChange
		p.Check(json.Unmarshal(events[0].Data, &data))
		if events[0].Type != bridge.AccountConnecting || data.Cause != bridge.Disconnected {
			p.Errorf("told first of %s: %s", events[0].Type, events[0].Data)
		}
	})
}

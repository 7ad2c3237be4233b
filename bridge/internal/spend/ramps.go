package spend

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/budget"
	"godwit/bridge/internal/store"
)

// Ramps are the ramps of a daemon. They are safe for concurrent use.
type Ramps struct {
	store   *store.Store
	now     func() time.Time
	entropy io.Reader
	ids     io.Reader // so that what is queued at once sorts as it was given
}

// NewRamps returns the ramps that are stored. Entropy is for ids, and for the
// numbers by which Telegram tells repetitions of posts; it is safe for concurrent
// use.
func NewRamps(s *store.Store, now func() time.Time, entropy io.Reader) *Ramps {
	return &Ramps{store: s, now: now, entropy: entropy, ids: bridge.MonotonicEntropy(entropy)}
}

func newID[T bridge.RampID | bridge.ActionID](r *Ramps) (T, error) {
	return bridge.NewID[T](r.now(), r.ids)
}

// Create makes a ramp and puts accounts on it, whose first day is today.
func (r *Ramps) Create(ctx context.Context, name string, plan bridge.RampPlan, accounts []bridge.AccountID, by bridge.KeyID) (*bridge.Ramp, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	id, err := newID[bridge.RampID](r)
	if err != nil {
		return nil, err
	}
	ramp := &bridge.Ramp{ID: id, Name: name, Plan: plan, State: bridge.RampRunning, CreatedAt: r.now(), RequestBy: by}
	err = r.store.Change(ctx, func(t *store.Tx) error {
		if err := t.SetRamp(ramp); err != nil {
			return err
		}
		for _, account := range accounts {
			if err := r.add(t, ramp, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ramp, nil
}

// add puts an account on a ramp.
func (r *Ramps) add(t *store.Tx, ramp *bridge.Ramp, account bridge.AccountID) error {
	a, err := t.Account(account)
	if err != nil {
		return err
	}
	if a.Kind != bridge.UserAccount {
		return bridge.Errorf(bridge.CodeSurfaceUnable, "Account %s is a bot. Bots are added to groups by others, so ramps have none.", account)
	}
	today, err := r.today(t, account)
	if err != nil {
		return err
	}
	m := bridge.RampMember{RampID: ramp.ID, AccountID: account, StartsOn: today}
	if ramp.State == bridge.RampPaused {
		m.PausedOn = today
	}
	return t.SetRampMember(m)
}

// today returns the date in an account's time zone.
func (r *Ramps) today(t *store.Tx, account bridge.AccountID) (string, error) {
	b, err := load(t, account)
	if err != nil {
		return "", err
	}
	return r.now().In(b.Zone).Format(time.DateOnly), nil
}

// Ramp returns a ramp.
func (r *Ramps) Ramp(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error) {
	return r.store.Ramp(ctx, id)
}

// List returns up to limit ramps whose id comes after another.
func (r *Ramps) List(ctx context.Context, after bridge.RampID, limit int) ([]*bridge.Ramp, error) {
	return r.store.Ramps(ctx, after, limit)
}

// Update changes the name and plan of a ramp.
func (r *Ramps) Update(ctx context.Context, id bridge.RampID, name string, plan bridge.RampPlan) (*bridge.Ramp, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	return r.change(ctx, id, func(_ *store.Tx, ramp *bridge.Ramp) error {
		ramp.Name, ramp.Plan = name, plan
		return nil
	})
}

func (r *Ramps) change(ctx context.Context, id bridge.RampID, change func(*store.Tx, *bridge.Ramp) error) (ramp *bridge.Ramp, err error) {
	err = r.store.Change(ctx, func(t *store.Tx) (err error) {
		if ramp, err = t.Ramp(id); err != nil {
			return err
		}
		if err := change(t, ramp); err != nil {
			return err
		}
		return t.SetRamp(ramp)
	})
	return ramp, err
}

// Pause stops a ramp: nothing of it goes, and its days do not count.
func (r *Ramps) Pause(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error) {
	return r.turn(ctx, id, bridge.RampPaused, func(m *bridge.RampMember, today string) { m.PausedOn = today })
}

// Resume has a ramp that was paused go on with the day that it was at.
func (r *Ramps) Resume(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error) {
	return r.turn(ctx, id, bridge.RampRunning, func(m *bridge.RampMember, today string) {
		m.StartsOn, m.PausedOn = later(m.StartsOn, m.PausedOn, today), ""
	})
}

// turn changes the state of a ramp, and all of its members with it.
func (r *Ramps) turn(ctx context.Context, id bridge.RampID, to bridge.RampState, turn func(m *bridge.RampMember, today string)) (*bridge.Ramp, error) {
	return r.change(ctx, id, func(t *store.Tx, ramp *bridge.Ramp) error {
		if ramp.State == to {
			return nil
		}
		ramp.State = to
		members, err := t.RampMembers(id)
		if err != nil {
			return err
		}
		for _, m := range members {
			today, err := r.today(t, m.AccountID)
			if err != nil {
				return err
			}
			turn(&m, today)
			if err := t.SetRampMember(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// later returns a date moved by the days between two others.
func later(date, from, to string) string {
	d, err := time.Parse(time.DateOnly, date)
	f, err2 := time.Parse(time.DateOnly, from)
	u, err3 := time.Parse(time.DateOnly, to)
	if cmp.Or(err, err2, err3) != nil || u.Before(f) {
		return date
	}
	return d.Add(u.Sub(f)).Format(time.DateOnly)
}

// Delete deletes a ramp and cancels what it has queued. Its accounts stay.
func (r *Ramps) Delete(ctx context.Context, id bridge.RampID) error {
	return r.store.Change(ctx, func(t *store.Tx) error { return t.DeleteRamp(id, r.now()) })
}

// AddMember puts an account on a ramp. Its first day is today.
func (r *Ramps) AddMember(ctx context.Context, id bridge.RampID, account bridge.AccountID) error {
	_, err := r.change(ctx, id, func(t *store.Tx, ramp *bridge.Ramp) error {
		members, err := t.RampMembers(id)
		if err != nil || slices.ContainsFunc(members, func(m bridge.RampMember) bool { return m.AccountID == account }) {
			return err
		}
		return r.add(t, ramp, account)
	})
	return err
}

// RemoveMember takes an account off a ramp and cancels what it has queued there.
func (r *Ramps) RemoveMember(ctx context.Context, id bridge.RampID, account bridge.AccountID) error {
	return r.store.Change(ctx, func(t *store.Tx) error { return t.RemoveRampMember(id, account, r.now()) })
}

// Members returns how far the accounts of a ramp have come.
func (r *Ramps) Members(ctx context.Context, id bridge.RampID) ([]bridge.RampAccount, error) {
	if _, err := r.store.Ramp(ctx, id); err != nil {
		return nil, err
	}
	members, err := r.store.RampMembers(ctx, id)
	if err != nil {
		return nil, err
	}
	counts, err := r.store.CountActions(ctx, id)
	if err != nil {
		return nil, err
	}
	list := make([]bridge.RampAccount, 0, len(members))
	for _, m := range members {
		b, err := Load(ctx, r.store, m.AccountID)
		if err != nil {
			return nil, err
		}
		if b.Ramp == nil { // taken off meanwhile
			continue
		}
		a := bridge.RampAccount{RampMember: m, Day: b.Ramp.Day(r.now(), b.Zone)}
		for _, kind := range bridge.ActionKinds {
			a.Work = append(a.Work, progress(b, kind, m.AccountID, counts, r.now()))
		}
		list = append(list, a)
	}
	return list, nil
}

func progress(b *budget.Budget, kind bridge.ActionKind, account bridge.AccountID, counts []store.ActionCount, now time.Time) bridge.RampProgress {
	p := bridge.RampProgress{Kind: kind, Today: -1, Counts: make(map[bridge.ActionState]int)}
	for _, c := range counts {
		if c.AccountID == account && c.Kind == kind {
			p.Counts[c.State] = c.Count
		}
	}
	spends, limited := kind.Budget()
	if !limited {
		return p
	}
	if n, ok := b.PerDay(spends, now); ok {
		p.Today = n
	}
	if n := p.Counts[bridge.ActionQueued]; n > 0 && b.Ramp.PausedOn == "" {
		p.Next, p.Last = b.Next(spends, now).At, b.Forecast(spends, n, now).At
	}
	return p
}

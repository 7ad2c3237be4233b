package budget

import (
	"encoding/json"
	"testing"
	"time"

	"godwit/bridge"
)

var start = time.Date(2030, 5, 1, 9, 0, 0, 0, time.UTC)

const joins = bridge.BudgetJoins

// planned returns a budget for joins in UTC.
func planned(a bridge.Allowance) *Budget {
	return &Budget{Zone: time.UTC, Plan: bridge.BudgetPlan{joins: a}}
}

func (b *Budget) expect(t *testing.T, now time.Time, after time.Duration, why Reason) {
	t.Helper()
	if got := b.Next(joins, now); !got.At.Equal(now.Add(after)) || got.Reason != why {
		t.Errorf("at %v: next after %v because of %q, want after %v because of %q", now, got.At.Sub(now), got.Reason, after, why)
	}
}

// TestWaiting has what an action waits for, limit by limit.
func TestWaiting(t *testing.T) {
	t.Run("nothing is planned", func(t *testing.T) {
		b := planned(bridge.Allowance{})
		for range 1000 {
			b.Start(joins, start)
		}
		b.expect(t, start, 0, NoWait)
	})
	t.Run("nothing is allowed", func(t *testing.T) {
		b := planned(bridge.Allowance{Limits: map[bridge.Window]int{bridge.PerHour: 0}})
		if v := b.Next(joins, start); !v.At.IsZero() || v.Reason != NotAtAll || v.Now() {
			t.Errorf("%+v", v)
		}
	})
	t.Run("minute", func(t *testing.T) {
		b := planned(bridge.Allowance{Limits: limits(2, 100, 100)})
		b.Start(joins, start)
		b.expect(t, start, 0, NoWait)
		b.Start(joins, start.Add(10*time.Second))
		b.expect(t, start.Add(10*time.Second), 51*time.Second, Minute)
		b.expect(t, start.Add(60*time.Second), time.Second, Minute)
		b.expect(t, start.Add(61*time.Second), 0, NoWait)
	})
	t.Run("hour", func(t *testing.T) {
		b := planned(bridge.Allowance{Limits: limits(9, 2, 100)})
		b.Start(joins, start.Add(30*time.Second))
		b.Start(joins, start.Add(40*time.Minute))
		b.expect(t, start.Add(41*time.Minute), 20*time.Minute, Hour)
	})
	t.Run("day", func(t *testing.T) {
		b := planned(bridge.Allowance{Limits: limits(9, 9, 2)})
		b.Start(joins, start)
		b.Start(joins, start.Add(time.Hour))
		b.expect(t, start.Add(2*time.Hour), 13*time.Hour, Day)
		b.expect(t, start.Add(15*time.Hour), 0, NoWait)
	})
	t.Run("spacing", func(t *testing.T) {
		b := planned(bridge.Allowance{Spacing: 90})
		b.Start(joins, start.Add(100*time.Microsecond))
		b.expect(t, start.Add(10*time.Second), 80*time.Second+time.Millisecond, Spacing)
	})
	t.Run("hours", func(t *testing.T) {
		b := planned(bridge.Allowance{Hours: &bridge.Hours{From: 10 * 60, To: 11 * 60}})
		b.expect(t, start, time.Hour, OutOfTime)
	})
	t.Run("one after the other", func(t *testing.T) {
		b := planned(bridge.Allowance{Spacing: 7200, Limits: limits(1, 1, 2), Hours: &bridge.Hours{From: 8 * 60, To: 10 * 60}})
		b.Start(joins, start)
		b.expect(t, start, 23*time.Hour, OutOfTime)
		if v := b.Forecast(joins, 2, start); !v.At.Equal(start.Add(47 * time.Hour)) {
			t.Errorf("the second: %+v", v)
		}
	})
	t.Run("flood wait", func(t *testing.T) {
		b := planned(bridge.Allowance{})
		b.Refused(joins, start, 30*time.Second)
		b.expect(t, start, 30*time.Second, FloodWait)
		b.Refused(joins, start, 10*time.Second) // one that ends before
		b.expect(t, start, 30*time.Second, FloodWait)
		b.Refused(joins, start, 9999*time.Hour)
		b.expect(t, start, MaxWait, FloodWait)
	})
	t.Run("another kind", func(t *testing.T) {
		b := planned(bridge.Allowance{})
		b.Refused(bridge.BudgetMessages, start, time.Hour)
		b.expect(t, start, 0, NoWait)
	})
	t.Run("the clock is put back", func(t *testing.T) {
		b := planned(bridge.Allowance{Limits: limits(1, 2, 9)})
		b.Start(joins, start)
		b.Start(joins, start.Add(-30*time.Minute))
		b.expect(t, start, 61*time.Minute, Hour)
	})
}

// TestDefaults has something allowed of every kind, and less than all.
func TestDefaults(t *testing.T) {
	b := &Budget{Zone: time.UTC}
	if err := Defaults().Check(); err != nil {
		t.Error(err)
	}
	for _, kind := range bridge.BudgetKinds {
		if v := b.Next(kind, start); !v.Now() {
			t.Errorf("%s: %+v", kind, v)
		}
		for _, w := range b.Report(kind, start).Windows {
			if !w.Limit.Set || w.Limit.Count < 1 || w.Limit.Source != Planned {
				t.Errorf("%s: %+v", kind, w)
			}
		}
	}
}

// TestLearning has flood waits lower the limit of the window that they speak of,
// and time give it back.
func TestLearning(t *testing.T) {
	tests := []struct {
		name     string
		planned  int // per minute, hour and day; -1: none
		used     int
		wait     time.Duration
		minute   int // what the limits are afterwards; -1: none
		hour     int
		day      int
		tomorrow int // what the one that was learned is a day later
	}{
		{"three quarters of what went", 100, 80, time.Minute, 60, 100, 100, 70},
		{"at most one less than it was", 100, 100, time.Minute, 75, 100, 100, 85},
		{"not less than half", 100, 3, time.Minute, 50, 100, 100, 60},
		{"an hour", 100, 80, time.Hour, 100, 60, 100, 70},
		{"more than an hour", 100, 80, time.Hour + time.Second, 100, 100, 60, 70},
		{"no time", 100, 80, 0, 100, 100, 60, 70},
		{"little", 3, 3, time.Second, 2, 3, 3, 3},
		{"one", 1, 1, time.Second, 1, 1, 1, 1},
		{"nothing planned", -1, 80, time.Second, 60, -1, -1, 60},
		{"nothing planned, nothing went", -1, 0, time.Second, 1, -1, -1, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := planned(bridge.Allowance{})
			if test.planned >= 0 {
				b = planned(bridge.Allowance{Limits: limits(test.planned, test.planned, test.planned)})
			}
			for range test.used {
				b.Start(joins, start)
			}
			b.Refused(joins, start, test.wait)
			want := map[bridge.Window]int{bridge.PerMinute: test.minute, bridge.PerHour: test.hour, bridge.PerDay: test.day}
			for _, w := range bridge.Windows {
				l := b.limit(joins, b.State[joins], w, start)
				if !l.Set {
					l.Count = -1
				}
				if l.Count != want[w] {
					t.Errorf("%d for each %s, want %d", l.Count, w, want[w])
				}
			}
			w := windowOf(test.wait)
			later := b.limit(joins, b.State[joins], w, start.Add(24*time.Hour))
			if later.Count != test.tomorrow {
				t.Errorf("a day later %d, want %d", later.Count, test.tomorrow)
			}
			last := b.limit(joins, b.State[joins], w, start.Add(Forget))
			if last.Set != (test.planned >= 0) || last.Set && (last.Count != test.planned || last.Source != Planned) {
				t.Errorf("in the end %+v", last)
			}
		})
	}
}

// TestLearningOnce has refusals of what was on its way teach nothing more, and
// those after the wait a lot.
func TestLearningOnce(t *testing.T) {
	for _, wait := range []time.Duration{30 * time.Second, 30 * time.Minute, 5 * time.Hour, 0} {
		b := planned(bridge.Allowance{Limits: limits(100, 100, 100)})
		learned := func(now time.Time) int { return b.limit(joins, b.State[joins], windowOf(wait), now).Count }
		for range 9 {
			b.Refused(joins, start, wait)
		}
		if n := learned(start); n != 50 {
			t.Errorf("%v: after many at once %d", wait, n)
		}
		again := start.Add(max(wait, time.Hour))
		b.Refused(joins, again, wait)
		if n := learned(again); n != 25 {
			t.Errorf("%v: after another one %d", wait, n)
		}
	}
}

// TestRamp has the first days of an account on a ramp across the end of summer
// time in Berlin.
func TestRamp(t *testing.T) {
	b := &Budget{
		Zone: zone(t, "Europe/Berlin"), Plan: bridge.BudgetPlan{joins: {Limits: limits(9, 9, 4)}},
		Ramp: &Ramp{
			StartsOn: "2030-10-26", Offset: 10 * time.Minute,
			Plan: bridge.RampPlan{PerDay: map[bridge.BudgetKind][]int{joins: {1, 0, 2, 9}}, Hours: &bridge.Hours{From: 9 * 60, To: 12 * 60}},
		},
	}
	var got []string
	now := at(t, "2030-10-24T12:00:00+02:00")
	for range 8 {
		now = b.Next(joins, now).At
		b.Start(joins, now)
		got = append(got, now.In(b.Zone).Format(time.RFC3339))
	}
	want := []string{
		"2030-10-26T09:10:00+02:00",                              // one on the first day
		"2030-10-28T09:10:00+01:00", "2030-10-28T09:10:00+01:00", // none on the second, two on the third
		"2030-10-29T09:10:00+01:00", "2030-10-29T09:10:00+01:00", "2030-10-29T09:10:00+01:00", "2030-10-29T09:10:00+01:00",
		"2030-10-30T09:10:00+01:00", // never more than is planned, and within the hours also when the ramp is over
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("the %d. goes at %s, want %s", i+1, got[i], want[i])
		}
	}
}

// TestRampDays has the days of a ramp that was paused not counted.
func TestRampDays(t *testing.T) {
	r := &Ramp{StartsOn: "2030-03-30", Plan: bridge.RampPlan{PerDay: map[bridge.BudgetKind][]int{joins: {1, 2, 3}}}}
	berlin := zone(t, "Europe/Berlin")
	for now, want := range map[string]int{
		"2030-03-29T23:59:59+01:00": -1, "2030-03-30T00:00:00+01:00": 0, "2030-03-31T23:59:59+02:00": 1, "2030-04-01T00:00:00+02:00": 2,
	} {
		if got := r.Day(at(t, now), berlin); got != want {
			t.Errorf("%s is day %d, want %d", now, got, want)
		}
	}
	r.PausedOn = "2030-03-31"
	b := planned(bridge.Allowance{})
	b.Ramp = r
	if got := b.Report(joins, at(t, "2030-05-01T00:00:00Z")); got.RampDay != 1 || got.Windows[2].Limit != (Limit{true, 2, Ramped}) {
		t.Errorf("%+v", got)
	}
	if got := b.Report(bridge.BudgetPosts, at(t, "2030-05-01T00:00:00Z")); got.RampDay != -1 {
		t.Errorf("the ramp limits posts: %+v", got)
	}
	if v := b.Next(joins, start); !v.Now() {
		t.Errorf("%+v", v)
	}
	b.Start(joins, start)
	b.Start(joins, start)
	b.expect(t, start, 15*time.Hour, RampDay)
}

func TestOffset(t *testing.T) {
	seen := make(map[time.Duration]bool)
	for _, id := range []bridge.AccountID{"acc_1", "acc_2", "acc_3"} {
		d := Offset(id, 60)
		if d < 0 || d >= time.Hour || d != Offset(id, 60) || Offset(id, 0) != 0 {
			t.Errorf("%s begins %v later", id, d)
		}
		seen[d] = true
	}
	if len(seen) < 2 {
		t.Error("all accounts begin at the same time")
	}
}

func TestReport(t *testing.T) {
	b := planned(bridge.Allowance{Limits: limits(2, 3, 20), Spacing: 5})
	b.Start(joins, start)
	b.Start(joins, start.Add(5*time.Second))
	now := start.Add(7 * time.Second)
	got := b.Report(joins, now)
	if got.Next != (Verdict{start.Add(61 * time.Second), Minute}) || got.Today != 18 || !got.Held.IsZero() || got.Spacing != 5*time.Second {
		t.Errorf("%+v", got)
	}
	want := []WindowReport{
		{bridge.PerMinute, Limit{true, 2, Planned}, 2, 0, start.Add(61 * time.Second)},
		{bridge.PerHour, Limit{true, 3, Planned}, 2, 1, start.Add(61 * time.Minute)},
		{bridge.PerDay, Limit{true, 20, Planned}, 2, 18, start.Add(15 * time.Hour)},
	}
	for i, w := range want {
		if got.Windows[i] != w {
			t.Errorf("%+v, want %+v", got.Windows[i], w)
		}
	}
	b.Refused(joins, now, time.Minute)
	if got := b.Report(joins, now); !got.Held.Equal(now.Add(time.Minute)) {
		t.Errorf("held until %v", got.Held)
	}
	if wake := b.Wake([]bridge.BudgetKind{joins, bridge.BudgetPosts}, now); !wake.Equal(now) {
		t.Errorf("wakes at %v", wake)
	}
	if wake := b.Wake(nil, now); !wake.IsZero() {
		t.Errorf("wakes at %v for nothing", wake)
	}
	if n := planned(bridge.Allowance{}).Today(joins, start); n != mostToday {
		t.Errorf("%d today", n)
	}
	if v := planned(bridge.Allowance{Limits: map[bridge.Window]int{bridge.PerDay: 1}}).Forecast(joins, 500, start); !v.At.IsZero() {
		t.Errorf("what goes in 500 days: %+v", v)
	}
}

// TestStateSize has the state stay small however much is done.
func TestStateSize(t *testing.T) {
	b := planned(bridge.Allowance{})
	now := start
	for range 20_000 {
		b.Start(joins, now)
		now = now.Add(500 * time.Millisecond)
	}
	text, err := json.Marshal(b.State)
	if err != nil || len(text) > 4096 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestTicksEnd has an action count until all of its step is out of the window, to the
// nanosecond.
func TestTicksEnd(t *testing.T) {
	b := planned(bridge.Allowance{})
	b.Start(joins, start)
	end := start.Truncate(time.Second).Add(time.Second + time.Minute)
	for at, want := range map[time.Time]int{end.Add(-1): 1, end: 0} {
		if n := b.State[joins].used(bridge.PerMinute, at); n != want {
			t.Errorf("%d count at %v, want %d", n, at, want)
		}
	}
}

package budget

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"godwit/bridge"
)

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"}

// hours draws hours of the day, or none.
func drawHours(t *rapid.T) *bridge.Hours {
	if rapid.Bool().Draw(t, "always") {
		return nil
	}
	minute := rapid.IntRange(0, 24*60-1)
	return &bridge.Hours{From: bridge.ClockTime(minute.Draw(t, "from")), To: bridge.ClockTime(minute.Draw(t, "to"))}
}

func drawBudget(t *rapid.T) *Budget {
	a := bridge.Allowance{Limits: make(map[bridge.Window]int), Spacing: rapid.SampledFrom([]int{0, 1, 60, 3700}).Draw(t, "spacing"), Hours: drawHours(t)}
	for i, w := range bridge.Windows {
		if rapid.Bool().Draw(t, "limited") {
			a.Limits[w] = rapid.IntRange(1, 4*(i+1)).Draw(t, string(w))
		}
	}
	zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	b := &Budget{Zone: zone, Plan: bridge.BudgetPlan{joins: a}}
	if rapid.Bool().Draw(t, "ramp") {
		b.Ramp = &Ramp{
			StartsOn: "2030-03-09", Offset: time.Duration(rapid.IntRange(0, 3599).Draw(t, "offset")) * time.Second,
			Plan: bridge.RampPlan{
				PerDay: map[bridge.BudgetKind][]int{joins: rapid.SliceOfN(rapid.IntRange(0, 5), 1, 30).Draw(t, "per day")},
			},
		}
	}
	return b
}

// A history is what was started, and until when Telegram wanted nothing.
type history struct {
	*Budget
	started []time.Time
	held    time.Time
}

// check has none of the limits exceeded by an action that is started now.
func (h *history) check(t *rapid.T, now time.Time) {
	a := h.Plan[joins]
	if now.Before(h.held) {
		t.Fatalf("one at %v, within a flood wait until %v", now, h.held)
	}
	if n := len(h.started); n > 0 && now.Sub(h.started[n-1]) < time.Duration(a.Spacing)*time.Second {
		t.Fatalf("one at %v, another at %v", h.started[n-1], now)
	}
	if a.Hours != nil {
		local := now.In(h.Zone)
		minute := local.Hour()*60 + local.Minute()
		from, to := int(a.Hours.From), int(a.Hours.To)
		if inside := minute >= from && minute < to || to <= from && (minute >= from || minute < to); !inside {
			t.Fatalf("one at %v, hours are %v", local, a.Hours)
		}
	}
	h.started = append(h.started, now)
	today := now.In(h.Zone).Format(time.DateOnly)
	counts := make(map[bridge.Window]int)
	for _, s := range h.started {
		if now.Sub(s) < time.Minute {
			counts[bridge.PerMinute]++
		}
		if now.Sub(s) < time.Hour {
			counts[bridge.PerHour]++
		}
		if s.In(h.Zone).Format(time.DateOnly) == today {
			counts[bridge.PerDay]++
		}
	}
	for w, limit := range a.Limits {
		if counts[w] > limit {
			t.Fatalf("%d in a %s at %v, limit %d", counts[w], w, now, limit)
		}
	}
	if h.Ramp != nil {
		list := h.Ramp.Plan.PerDay[joins]
		first, _ := time.Parse(time.DateOnly, h.Ramp.StartsOn)
		date, _ := time.Parse(time.DateOnly, today)
		day := int(date.Sub(first).Hours() / 24)
		if day < 0 || day < len(list) && counts[bridge.PerDay] > list[day] {
			t.Fatalf("%d on day %d of %v", counts[bridge.PerDay], day, list)
		}
	}
}

// restart has the state go through its stored form.
func (h *history) restart(t *rapid.T) {
	text, err := json.Marshal(h.State)
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(state); string(again) != string(text) {
		t.Fatalf("%s became %s", text, again)
	}
	h.State = state
}

// TestNeverOver has no window ever exceed its limit, whatever happens, and what
// was said to go at a time go then.
func TestNeverOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{Budget: drawBudget(t)}
		// Clocks change on 10 March in New York and on 31 March in Berlin.
		now := time.Date(2030, 3, rapid.IntRange(8, 31).Draw(t, "date"), 0, 0, 0, 0, time.UTC)
		act := func() {
			v := h.Next(joins, now)
			if v.Now() != v.At.Equal(now) {
				t.Fatalf("%+v at %v", v, now)
			}
			if v.Now() {
				h.check(t, now)
				h.Start(joins, now)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Hour/time.Millisecond)).Draw(t, "ms")) * time.Millisecond)
			},
			"act": func(*rapid.T) { act() },
			"act when it may": func(t *rapid.T) {
				v := h.Next(joins, now)
				if v.At.IsZero() {
					t.Fatalf("never, because of %s", v.Reason)
				}
				if v.At.After(now) {
					if early := v.At.Add(-time.Second); early.After(now) && h.Next(joins, early).Now() {
						t.Fatalf("%+v at %v, but may go at %v", v, now, early)
					}
					now = v.At
				}
				if v := h.Next(joins, now); !v.Now() {
					t.Fatalf("not even then: %+v", v)
				}
				act()
			},
			"refuse": func(t *rapid.T) {
				wait := time.Duration(rapid.SampledFrom([]int{0, 5, 120, 9000}).Draw(t, "wait")) * time.Second
				h.Refused(joins, now, wait)
				if end := now.Add(wait); end.After(h.held) {
					h.held = end
				}
			},
			"restart": h.restart,
		})
	})
}

// TestForecast has a forecast come true when nobody interferes, and leave the
// budget alone.
func TestForecast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBudget(t)
		now := time.Date(2030, 3, rapid.IntRange(8, 31).Draw(t, "date"), rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 5).Draw(t, "before") {
			b.Start(joins, now)
		}
		before, _ := json.Marshal(b.State)
		n := rapid.IntRange(1, 12).Draw(t, "n")
		want := b.Forecast(joins, n, now).At
		today := b.Today(joins, now)
		if after, _ := json.Marshal(b.State); !reflect.DeepEqual(before, after) {
			t.Fatalf("%s became %s", before, after)
		}
		end, at, went := endOfDay(now, b.Zone), now, 0
		for i := range max(n, min(today, 50)+1) {
			at = b.Next(joins, at).At
			if i == n-1 && !at.Equal(want) {
				t.Fatalf("the %d. went at %v, not at %v", n, at, want)
			}
			if at.Before(end) {
				went++
			}
			b.Start(joins, at)
		}
		if today <= 50 && went != today {
			t.Fatalf("%d went today, not %d", went, today)
		}
	})
}

func BenchmarkForecast(b *testing.B) {
	budget := &Budget{Zone: time.UTC}
	for b.Loop() {
		budget.Forecast(bridge.BudgetFirstMessages, 250, start)
	}
}

// BenchmarkToday counts as far as Today does, with nothing in the way.
func BenchmarkToday(b *testing.B) {
	for name, a := range map[string]bridge.Allowance{"unlimited": {}, "spaced": {Spacing: 1}, "limited": {Limits: map[bridge.Window]int{bridge.PerMinute: 20}}} {
		b.Run(name, func(b *testing.B) {
			budget := &Budget{Zone: time.UTC, Plan: bridge.BudgetPlan{joins: a}}
			for b.Loop() {
				budget.Today(joins, start)
			}
		})
	}
}

func BenchmarkStart(b *testing.B) {
	budget := &Budget{Zone: time.UTC}
	now := start
	for b.Loop() {
		now = budget.Next(bridge.BudgetMessages, now).At
		budget.Start(bridge.BudgetMessages, now)
	}
}

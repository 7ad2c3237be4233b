package files

import (
	"testing"
	"time"
)

// measured gives the window the parts that come over a line whose rate in bytes
// a second depends on how many are under way.
func measured(w *window, now time.Time, rate func(limit int) float64, rounds int) {
	for range rounds {
		const part = 512 << 10
		now = now.Add(time.Duration(part / rate(w.limit) * float64(time.Second)))
		w.done(now, part)
	}
}

// The window grows as long as that helps, goes back where it hurts, and stays
// within its bounds.
func TestWindow(t *testing.T) {
	const mb = 1 << 20
	perRequest := func(limit int) float64 { return mb * float64(limit) }
	left := 1e4 * mb
	for _, test := range []struct {
		name     string
		most     int
		rate     func(limit int) float64
		min, max int
	}{
		{"each request has a rate of its own", 64, perRequest, 64, 64},
		{"and few are allowed", 3, perRequest, 3, 3},
		{"one request fills the line", 64, func(int) float64 { return 10 * mb }, 4, 24},
		{"more than ten choke it", 64, func(limit int) float64 {
			if limit > 10 {
				return mb
			}
			return perRequest(limit)
		}, 5, 12},
		{"others take more and more of the line", 64, func(int) float64 {
			left *= 0.99
			return left
		}, 4, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWindow(test.most)
			measured(&w, time.Unix(1_800_000_000, 0), test.rate, 1500)
			if w.limit < test.min || w.limit > test.max {
				t.Errorf("limit %d, want %d to %d", w.limit, test.min, test.max)
			}
		})
	}
}

// R-FI-07: the window shrinks when Telegram asks to wait, never below one
// request, and grows again.
func TestWindowShrinks(t *testing.T) {
	w := newWindow(16)
	now := time.Unix(1_800_000_000, 0)
	measured(&w, now, func(limit int) float64 { return float64(limit << 20) }, 500)
	if w.limit != 16 {
		t.Fatalf("limit %d at first", w.limit)
	}
	now = now.Add(time.Hour)
	for _, want := range []int{8, 4, 2, 1, 1} {
		if w.slow(now); w.limit != want {
			t.Errorf("limit %d, want %d", w.limit, want)
		}
	}
	measured(&w, now, func(limit int) float64 { return float64(limit << 20) }, 500)
	if w.limit != 16 {
		t.Errorf("limit %d afterwards", w.limit)
	}
}

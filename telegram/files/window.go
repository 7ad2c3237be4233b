package files

import "time"

// A window decides how many parts may be under way at once. It grows for as
// long as that makes the whole faster, and shrinks when it makes it slower,
// when Telegram asks to wait, and on failures. Only the last two take it below
// where it began: a line on which others come and go seems to slow down too, and
// with one part at a time it would stand idle in between. It has no clock.
type window struct {
	limit, most int

	since time.Time // when this measurement began; zero before the first part
	bytes int64
	parts int

	best float64 // bytes a second, with the limit that is now
	idle int     // measurements without a change
}

const (
	firstLimit = 4
	// A measurement takes that many parts for each that may be under way, and
	// that long at least.
	partsMeasured = 2
	leastMeasured = 100 * time.Millisecond

	faster   = 1.05 // than before: worth going on
	slower   = 0.80 // than before: too many
	restless = 8    // measurements after which one more is tried all the same
)

func newWindow(most int) window { return window{limit: min(firstLimit, most), most: most} }

// done counts a part that has arrived.
func (w *window) done(now time.Time, bytes int) {
	if w.since.IsZero() {
		w.since = now
		return
	}
	w.bytes += int64(bytes)
	w.parts++
	took := now.Sub(w.since)
	if w.parts < partsMeasured*w.limit || took < leastMeasured {
		return
	}
	rate := float64(w.bytes) / took.Seconds()
	w.restart(now)
	w.idle++
	switch {
	case rate > w.best*faster:
		w.best = rate
		w.set(w.limit + max(1, w.limit/4))
	case rate < w.best*slower:
		w.best = rate
		w.set(max(w.limit*3/4, min(w.limit, firstLimit)))
	case w.idle >= restless:
		w.best = rate
		w.set(w.limit + 1)
	}
}

// slow notes that Telegram asks to wait, or has failed.
func (w *window) slow(now time.Time) {
	w.best = 0
	w.restart(now)
	w.set(w.limit / 2)
}

func (w *window) restart(now time.Time) { w.since, w.bytes, w.parts = now, 0, 0 }

func (w *window) set(limit int) {
	w.limit = max(1, min(limit, w.most))
	w.idle = 0
}

package budget

import (
	"time"

	"godwit/bridge"
)

// clock returns the first moment of a day at which its clocks show a time, in
// minutes after midnight, or later. A time that occurs twice, since clocks are
// put back, is the first of the two; one that is left out, since they are put
// forward, is the moment at which they are. Months and days out of range count
// on, as those of time.Date do.
func clock(year int, month time.Month, day, minute int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, 0, minute, 0, 0, zone)
	// How far the clocks are from what was asked for: not 0 if that is left out.
	asked := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	off := wall(t).Sub(asked)
	start, end := t.ZoneBounds()
	switch {
	case off > 0:
		return start
	case off < 0:
		return end
	}
	if !start.IsZero() {
		_, before := start.Add(-1).In(zone).Zone()
		_, after := t.Zone()
		if first := t.Add(time.Duration(after-before) * time.Second); first.Before(start) && wall(first).Equal(asked) {
			return first
		}
	}
	return t
}

// wall returns what clocks show at a time, as a time in UTC.
func wall(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// endOfDay returns when the day of a time ends in a zone.
func endOfDay(t time.Time, zone *time.Location) time.Time {
	year, month, day := t.In(zone).Date()
	end := clock(year, month, day+1, 0, zone)
	// Where clocks are put back across midnight, a day is come to twice.
	for !end.After(t) {
		day++
		end = clock(year, month, day+1, 0, zone)
	}
	return end
}

// opening returns t if it lies in the hours, or the moment at which they begin
// next. They begin an offset later than they say, and end when they say.
func opening(h *bridge.Hours, offset time.Duration, t time.Time, zone *time.Location) time.Time {
	if h == nil {
		return t
	}
	year, month, day := t.In(zone).Date()
	to := int(h.To)
	if to <= int(h.From) {
		to += 24 * 60
	}
	// Hours of the day before can reach into this one. On a day on which clocks
	// are put forward there can be none, but not for days on end.
	for d := day - 1; d <= day+7; d++ {
		from := clock(year, month, d, int(h.From), zone).Add(offset)
		until := clock(year, month, d, to, zone)
		if t.Before(until) && from.Before(until) {
			if t.Before(from) {
				return from
			}
			return t
		}
	}
	return t.Add(24 * time.Hour)
}

// dayNumber returns which day a date is, counted from 1970; 0 for what is no
// date.
func dayNumber(date string) int {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0
	}
	return int(t.Unix() / (24 * 60 * 60))
}

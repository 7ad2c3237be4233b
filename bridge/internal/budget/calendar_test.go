package budget

import (
	"testing"
	"time"

	"godwit/bridge"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestClock has times of day that clocks leave out or show twice.
func TestClock(t *testing.T) {
	tests := []struct {
		zone, date string
		minute     int
		want       string
	}{
		{"Europe/Berlin", "2030-03-30", 150, "2030-03-30T02:30:00+01:00"},
		{"Europe/Berlin", "2030-03-31", 119, "2030-03-31T01:59:00+01:00"},
		{"Europe/Berlin", "2030-03-31", 120, "2030-03-31T03:00:00+02:00"}, // left out
		{"Europe/Berlin", "2030-03-31", 150, "2030-03-31T03:00:00+02:00"}, // left out
		{"Europe/Berlin", "2030-03-31", 180, "2030-03-31T03:00:00+02:00"},
		{"Europe/Berlin", "2030-10-27", 119, "2030-10-27T01:59:00+02:00"},
		{"Europe/Berlin", "2030-10-27", 150, "2030-10-27T02:30:00+02:00"}, // the first of two
		{"Europe/Berlin", "2030-10-27", 180, "2030-10-27T03:00:00+01:00"},
		{"Europe/Berlin", "2030-10-26", 24*60 + 150, "2030-10-27T02:30:00+02:00"}, // counts on into the next day
		{"America/New_York", "2030-03-10", 150, "2030-03-10T03:00:00-04:00"},
		{"America/New_York", "2030-11-03", 90, "2030-11-03T01:30:00-04:00"},
		{"Africa/Cairo", "2024-04-26", 0, "2024-04-26T01:00:00+03:00"},          // a day without a midnight
		{"America/Sao_Paulo", "2018-11-04", 30, "2018-11-04T01:00:00-02:00"},    // as well
		{"America/Havana", "2024-11-03", 0, "2024-11-03T00:00:00-04:00"},        // a day with two
		{"Australia/Lord_Howe", "2030-10-06", 135, "2030-10-06T02:30:00+11:00"}, // clocks go half an hour
		{"Pacific/Apia", "2011-12-30", 600, "2011-12-31T00:00:00+14:00"},        // a day that was left out whole
		{"UTC", "2030-03-31", 150, "2030-03-31T02:30:00Z"},
	}
	for _, test := range tests {
		date := at(t, test.date+"T00:00:00Z")
		got := clock(date.Year(), date.Month(), date.Day(), test.minute, zone(t, test.zone))
		if want := at(t, test.want); !got.Equal(want) {
			t.Errorf("%s %s, minute %d: %v, want %v", test.zone, test.date, test.minute, got, want)
		}
	}
}

// TestEndOfDay has days of 23, 24 and 25 hours, and some that are stranger.
func TestEndOfDay(t *testing.T) {
	tests := []struct{ zone, now, want string }{
		{"Europe/Berlin", "2030-03-31T00:00:00+01:00", "2030-04-01T00:00:00+02:00"},
		{"Europe/Berlin", "2030-10-27T00:00:00+02:00", "2030-10-28T00:00:00+01:00"},
		{"Europe/Berlin", "2030-10-27T23:59:59+01:00", "2030-10-28T00:00:00+01:00"},
		{"Africa/Cairo", "2024-04-25T23:59:00+02:00", "2024-04-26T01:00:00+03:00"},
		{"Africa/Cairo", "2024-04-26T01:00:00+03:00", "2024-04-27T00:00:00+03:00"},
		{"America/Havana", "2024-11-03T00:30:00-05:00", "2024-11-04T00:00:00-05:00"},
		{"Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"UTC", "2030-12-31T23:59:59Z", "2031-01-01T00:00:00Z"},
	}
	for _, test := range tests {
		if got, want := endOfDay(at(t, test.now), zone(t, test.zone)), at(t, test.want); !got.Equal(want) {
			t.Errorf("%s %s ends %v, want %v", test.zone, test.now, got, want)
		}
	}
}

// TestOpening has hours across midnight and across changes of the clocks.
func TestOpening(t *testing.T) {
	day, night, gap := &bridge.Hours{From: 9 * 60, To: 18 * 60}, &bridge.Hours{From: 22 * 60, To: 6 * 60}, &bridge.Hours{From: 120, To: 180}
	tests := []struct {
		hours     *bridge.Hours
		offset    time.Duration
		now, want string
	}{
		{nil, 0, "2030-03-31T01:59:00+01:00", "2030-03-31T01:59:00+01:00"},
		{day, 0, "2030-03-30T17:59:59+01:00", "2030-03-30T17:59:59+01:00"},
		{day, 0, "2030-03-30T18:00:00+01:00", "2030-03-31T09:00:00+02:00"},
		{day, 0, "2030-10-26T18:00:00+02:00", "2030-10-27T09:00:00+01:00"},
		{day, time.Hour, "2030-10-26T18:00:00+02:00", "2030-10-27T10:00:00+01:00"},
		{day, time.Hour, "2030-10-27T09:30:00+01:00", "2030-10-27T10:00:00+01:00"},
		{night, 0, "2030-03-31T05:59:00+02:00", "2030-03-31T05:59:00+02:00"},
		{night, 0, "2030-03-31T06:00:00+02:00", "2030-03-31T22:00:00+02:00"},
		{night, 0, "2030-10-27T02:30:00+01:00", "2030-10-27T02:30:00+01:00"},
		{gap, 0, "2030-03-30T03:00:00+01:00", "2030-04-01T02:00:00+02:00"}, // there are none on the 31st
		{gap, 0, "2030-10-27T02:59:00+02:00", "2030-10-27T02:59:00+02:00"},
		{gap, 0, "2030-10-27T02:10:00+01:00", "2030-10-27T02:10:00+01:00"}, // and two of them on this day
		{&bridge.Hours{From: 480, To: 480}, 0, "2030-01-01T03:00:00+01:00", "2030-01-01T03:00:00+01:00"},
		{&bridge.Hours{From: 0, To: 1440}, 0, "2030-01-01T00:00:00+01:00", "2030-01-01T00:00:00+01:00"},
	}
	for _, test := range tests {
		if got, want := opening(test.hours, test.offset, at(t, test.now), zone(t, "Europe/Berlin")), at(t, test.want); !got.Equal(want) {
			t.Errorf("%+v after %v at %s open %v, want %v", test.hours, test.offset, test.now, got, want)
		}
	}
}

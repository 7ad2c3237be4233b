package webhook

import "time"

// A Clock tells the time, and when it has come.
type Clock interface {
	Now() time.Time
	// At returns a channel that receives when a time has come, and what gives
	// that up.
	At(time.Time) (come <-chan time.Time, stop func())
}

// SystemClock is the machine's.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// At implements Clock.
func (SystemClock) At(t time.Time) (<-chan time.Time, func()) {
	timer := time.NewTimer(time.Until(t))
	return timer.C, func() { timer.Stop() }
}

package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// delays are how long an event waits after each failure. After one more it is
// given up.
var delays = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// jitter is what part of a delay is up to chance, so that what failed together
// does not come back together.
const jitter = 0.2

// longestRetryAfter is how long a receiver can ask to be left alone.
const longestRetryAfter = 24 * time.Hour

// delay returns how long an event waits after it has failed some times, and
// false if it is given up. Chance is from 0 up to 1.
func delay(failures int, chance float64) (time.Duration, bool) {
	if failures > len(delays) {
		return 0, false
	}
	d := float64(delays[failures-1])
	return time.Duration(d * (1 - jitter/2 + jitter*chance)), true
}

// retryAfter returns until when a response wants no other request: the zero
// time if it does not say (RFC 9110, section 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Time {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return time.Time{}
	}
	until, err := http.ParseTime(value)
	if err != nil {
		seconds, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return time.Time{}
		}
		until = now.Add(time.Duration(seconds) * time.Second)
	}
	if latest := now.Add(longestRetryAfter); until.After(latest) {
		return latest
	}
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

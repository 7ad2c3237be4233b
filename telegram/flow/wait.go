package flow

import (
	"cmp"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"godwit/mtproto"
)

// A Wait is something that Telegram has asked to be left alone until a time.
// Exactly one of Method, Chat and DC is set.
type Wait struct {
	Method string    `json:"method,omitempty"` // the method that waits
	Chat   int64     `json:"chat,omitempty"`   // the supergroup that is not sent to
	DC     int       `json:"dc,omitempty"`     // the data centre that is not asked
	Cause  string    `json:"cause"`            // the error's type, such as FLOOD_WAIT
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// String says what waits, for how long, and why.
func (w Wait) String() string {
	what := w.Method
	switch {
	case w.Chat != 0:
		what = fmt.Sprintf("chat %d", w.Chat)
	case w.DC != 0:
		what = fmt.Sprintf("DC %d", w.DC)
	}
	return fmt.Sprintf("%s waits until %s (%s)", what, w.Until.Format(time.RFC3339), w.Cause)
}

// A WaitError says that a request was not carried out, because it would have
// had to wait for longer than it may. Wait tells from when on it can be tried
// again. It wraps what Telegram said, so that
// errors.Is(err, tg.ErrFloodWait) holds.
type WaitError struct {
	Wait Wait
	Err  error
}

func (e *WaitError) Error() string { return "telegram: " + e.Wait.String() + ": " + e.Err.Error() }

// Unwrap returns what Telegram said.
func (e *WaitError) Unwrap() error { return e.Err }

// A scope is what a wait is over.
type scope struct {
	method string
	chat   int64
	dc     int
}

func (w Wait) scope() scope { return scope{w.Method, w.Chat, w.DC} }

type wait struct {
	Wait
	err      error   // what was said; nil after a restart
	probe    *Ticket // the request that tries whether the wait is over
	failures int     // of a data centre, in a row
}

// refusal returns the error for a request that falls under the wait.
func (w *wait) refusal(now time.Time) error {
	err := w.err
	var rpc *mtproto.RPCError
	switch {
	case errors.As(err, &rpc):
		left := *rpc
		left.Argument = seconds(w.Until.Sub(now))
		err = &left
	case err == nil:
		err = &mtproto.RPCError{Code: 420, Type: w.Cause, Argument: seconds(w.Until.Sub(now)), Method: w.Method}
	}
	return &WaitError{Wait: w.Wait, Err: err}
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// over returns the waits that a request falls under.
func (s *Scheduler) over(t *Ticket) []*wait {
	var list []*wait
	for _, sc := range [...]scope{{method: t.Method}, {chat: t.Chat}, {dc: t.DC}} {
		if w := s.waits[sc]; w != nil && sc != (scope{}) {
			list = append(list, w)
		}
	}
	return list
}

// longest returns the wait that holds a request back for longest, nil if none
// does.
func (s *Scheduler) longest(t *Ticket) *wait {
	var longest *wait
	for _, w := range s.over(t) {
		if longest == nil || w.Until.After(longest.Until) {
			longest = w
		}
	}
	return longest
}

// answered ends the waits that are over for a request, now that Telegram has
// not asked for another. Those that began while it was under way go on.
func (s *Scheduler) answered(now time.Time, t *Ticket) {
	for _, w := range s.over(t) {
		if !w.Until.After(now) {
			delete(s.waits, w.scope())
		}
	}
}

// sweep forgets waits that have been over for long.
func (s *Scheduler) sweep(now time.Time) {
	for sc, w := range s.waits {
		if w.probe == nil && now.Sub(w.Until) > probation {
			delete(s.waits, sc)
		}
	}
}

// failed notes what a failure means for other requests, and returns for what
// this one has to wait before it is tried again; nil if it is not to be.
func (s *Scheduler) failed(now time.Time, t *Ticket, err error) *Wait {
	var rpc *mtproto.RPCError
	if !errors.As(err, &rpc) {
		return nil
	}
	if length, ok := waitOf(rpc); ok {
		sc := scope{method: t.Method}
		if rpc.Type == "SLOWMODE_WAIT" && t.Chat != 0 {
			sc = scope{chat: t.Chat}
		}
		return s.impose(now, sc, length, rpc.Type, err)
	}
	s.answered(now, t)
	if !t.Safe || rpc.Code < 500 && rpc.Code >= 0 || t.failures == maxFailures {
		return nil
	}
	t.ready = now.Add(min(firstBackoff<<t.failures, lastBackoff))
	if t.ready.After(t.giveUp) {
		return nil
	}
	t.failures++
	return &Wait{Method: t.Method, Cause: rpc.Type, Since: now, Until: t.ready}
}

// waitOf returns how long an error asks to wait, and whether it does. Others
// of code 420 are final (R-ER-06).
func waitOf(e *mtproto.RPCError) (time.Duration, bool) {
	switch e.Type {
	case "FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "SLOWMODE_WAIT", "TAKEOUT_INIT_DELAY",
		"FLOOD_TEST_PHONE_WAIT", "2FA_CONFIRM_WAIT", "FLOOD_SKIP_FAILED_WAIT":
	default:
		return 0, false
	}
	return min(time.Duration(max(e.Argument, 1))*time.Second, MaxWait), true
}

// impose begins a wait, or lengthens one.
func (s *Scheduler) impose(now time.Time, sc scope, length time.Duration, cause string, err error) *Wait {
	w := s.waits[sc]
	if w == nil {
		w = &wait{Wait: Wait{Method: sc.method, Chat: sc.chat, DC: sc.dc, Since: now}}
		s.waits[sc] = w
	}
	w.Cause, w.err = cause, err
	if until := now.Add(length); until.After(w.Until) {
		w.Until = until
		s.imposed = append(s.imposed, w.Wait)
	}
	return &w.Wait
}

// Congested says that a data centre has refused a connection because there
// were too many, with transport error -429, which is err. Nothing is sent there
// for a second, and twice as long each time that it happens again before a
// request has succeeded, up to a minute (R-TR-30).
func (s *Scheduler) Congested(now time.Time, dc int, err error) {
	sc := scope{dc: dc}
	failures := 0
	if w := s.waits[sc]; w != nil {
		failures = w.failures + 1
	}
	s.impose(now, sc, min(firstBackoff<<min(failures, 6), lastBackoff), "TOO_MANY_CONNECTIONS", err)
	s.waits[sc].failures = failures
	s.settle(now)
}

// CongestedUntil returns until when no connection to a data centre is to be
// opened; the zero time for one that has not refused any.
func (s *Scheduler) CongestedUntil(dc int) time.Time {
	if w := s.waits[scope{dc: dc}]; w != nil {
		return w.Until
	}
	return time.Time{}
}

// Waits returns what is being waited for, soonest over first.
func (s *Scheduler) Waits(now time.Time) []Wait {
	var list []Wait
	for _, w := range s.waits {
		if w.Until.After(now) {
			list = append(list, w.Wait)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		return cmp.Or(a.Until.Compare(b.Until), strings.Compare(a.Method, b.Method), cmp.Compare(a.Chat, b.Chat),
			cmp.Compare(a.DC, b.DC)) < 0
	})
	return list
}

// Queued returns how many requests of a priority are held back.
func (s *Scheduler) Queued(p Priority) int {
	n := 0
	for _, t := range s.queue {
		if t.Priority == p {
			n++
		}
	}
	return n
}

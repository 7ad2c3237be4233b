package files

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/telegram/flow"
)

// times returns a next that hands out a job so often.
func times(n int, do job) func(context.Context) (job, error) {
	return func(context.Context) (job, error) {
		if n == 0 {
			return nil, io.EOF
		}
		n--
		return do, nil
	}
}

func waitUntil(at time.Time) error {
	return &flow.WaitError{
		Wait: flow.Wait{Method: "upload.getFile", Cause: "FLOOD_PREMIUM_WAIT", Until: at},
		Err:  mtproto.NewRPCError(420, "FLOOD_PREMIUM_WAIT_5"),
	}
}

// R-FI-06, R-FI-17: several requests are under way at once, never more than
// allowed.
func TestEngineInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flying, most atomic.Int64
		e := newEngine(t.Context(), 8)
		began := time.Now()
		err := e.run(times(400, func(context.Context) (int, error) {
			now := flying.Add(1)
			defer flying.Add(-1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			<-time.After(100 * time.Millisecond)
			return 1000, nil
		}))
		if err != nil || most.Load() != 8 {
			t.Errorf("%d at once, %v", most.Load(), err)
		}
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// R-FI-07: while Telegram asks to wait, nothing is sent, and all is done in
// the end with fewer at once.
func TestEngineWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t.Context(), 16)
		until := time.Now().Add(5 * time.Second)
		var early, done atomic.Int64
		var refused atomic.Int64
		err := e.run(times(20, func(context.Context) (int, error) {
			if time.Now().Before(until) {
				refused.Add(1)
				<-time.After(10 * time.Millisecond)
				if refused.Load() > firstLimit {
					early.Add(1)
				}
				return 0, waitUntil(until)
			}
			done.Add(1)
			return 1, nil
		}))
		if err != nil || done.Load() != 20 || early.Load() != 0 {
			t.Errorf("%d done, %d sent into the wait, %v", done.Load(), early.Load(), err)
		}
		if e.window.limit >= 16 {
			t.Errorf("limit %d after a wait", e.window.limit)
		}
	})
}

// A transfer with patience ends with a wait that is longer, and goes through with
// others.
func TestEnginePatience(t *testing.T) {
	for wait, want := range map[time.Duration]bool{5 * time.Second: true, 10 * time.Second: true, 11 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			until := time.Now().Add(wait)
			f := New(nil, Options{Patience: 10 * time.Second})
			err := f.once(t.Context(), func(context.Context) (int, error) {
				if time.Now().Before(until) {
					return 0, waitUntil(until)
				}
				return 1, nil
			})
			var refused *flow.WaitError
			if (err == nil) != want || !want && (!errors.As(err, &refused) || !time.Now().Before(until)) {
				t.Errorf("a wait of %v: %v", wait, err)
			}
		})
	}
}

// R-ER-05: servers that fail are asked again, later each time, and not for
// ever.
func TestEngineRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := mtproto.NewRPCError(500, "INTERNAL")
		failures := 3
		began := time.Now()
		err := newEngine(t.Context(), 4).run(times(1, func(context.Context) (int, error) {
			if failures > 0 {
				failures--
				return 0, down
			}
			return 1, nil
		}))
		if took := time.Since(began); err != nil || took != 7*firstBackoff {
			t.Errorf("after %v: %v", took, err)
		}
		calls := 0
		err = newEngine(t.Context(), 4).run(times(1, func(context.Context) (int, error) { calls++; return 0, down }))
		if !errors.Is(err, down) || calls != maxFailures+1 {
			t.Errorf("after %d calls: %v", calls, err)
		}
	})
}

// The first error ends all, and so does the caller.
func TestEngineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		hang := func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
		jobs := []job{hang, hang, func(context.Context) (int, error) { return 0, broken }}
		err := newEngine(t.Context(), 4).run(func(context.Context) (job, error) {
			if len(jobs) == 0 {
				return hang, nil
			}
			do := jobs[0]
			jobs = jobs[1:]
			return do, nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("ended with %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := newEngine(ctx, 2).run(times(5, hang)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if err := newEngine(t.Context(), 2).run(func(context.Context) (job, error) { return nil, broken }); !errors.Is(err, broken) {
			t.Errorf("a source that fails: %v", err)
		}
	})
}

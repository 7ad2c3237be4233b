package files

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"godwit/mtproto"
	"godwit/telegram/flow"
)

const (
	maxFailures  = 6 // of Telegram's servers in a row, of one part
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second
	shortestWait = 200 * time.Millisecond
)

// An engine makes the requests of one transfer, as many at once as its window
// allows.
type engine struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	tasks    sync.WaitGroup
	patience time.Duration // for each wait; 0: without end

	mu     sync.Mutex
	window window
	flying int
	resume time.Time     // until when Telegram asks to wait
	freed  chan struct{} // closed and made anew when a request may be able to go
}

func newEngine(ctx context.Context, most int) *engine {
	e := &engine{window: newWindow(most), freed: make(chan struct{})}
	e.ctx, e.cancel = context.WithCancelCause(ctx)
	return e
}

// engine returns an engine for a transfer.
func (f *Files) engine(ctx context.Context, most int) *engine {
	e := newEngine(ctx, most)
	e.patience = f.o.Patience
	return e
}

// A job makes one request, and returns how many bytes it moved. It may be
// called again where it has failed.
type job func(ctx context.Context) (int, error)

// run does what next returns until that is io.EOF, and waits until all is
// done. The first error ends everything.
func (e *engine) run(next func(ctx context.Context) (job, error)) error {
	defer e.cancel(nil)
	for {
		do, err := next(e.ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = e.enter()
		}
		if err != nil {
			e.cancel(err)
			break
		}
		e.tasks.Go(func() {
			if err := e.insist(do); err != nil {
				e.cancel(err)
			}
		})
	}
	e.tasks.Wait()
	return context.Cause(e.ctx)
}

// once does one job, with all its waits and repetitions.
func (f *Files) once(ctx context.Context, do job) error {
	started := false
	return f.engine(ctx, 1).run(func(context.Context) (job, error) {
		if started {
			return nil, io.EOF
		}
		started = true
		return do, nil
	})
}

// enter waits until another request may be made.
func (e *engine) enter() error {
	for {
		e.mu.Lock()
		wait := time.Until(e.resume)
		if e.flying < e.window.limit && wait <= 0 {
			e.flying++
			e.mu.Unlock()
			return nil
		}
		freed := e.freed
		e.mu.Unlock()
		var due <-chan time.Time
		if wait > 0 {
			due = time.After(wait)
		}
		select {
		case <-freed:
		case <-due:
		case <-e.ctx.Done():
			return context.Cause(e.ctx)
		}
	}
}

// leave ends a request. note tells the window how it went.
func (e *engine) leave(note func(now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flying--
	note(time.Now())
	close(e.freed)
	e.freed = make(chan struct{})
}

// limit returns how many requests may be under way.
func (e *engine) limit() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.window.limit
}

// insist makes a request, which has been let in, until it succeeds. Waiting
// keeps nobody else from going on.
func (e *engine) insist(do job) error {
	for failures := 0; ; {
		n, err := do(e.ctx)
		if err == nil {
			e.leave(func(now time.Time) { e.window.done(now, n) })
			return nil
		}
		if e.ctx.Err() != nil {
			return context.Cause(e.ctx)
		}
		var wait *flow.WaitError
		switch {
		case errors.As(err, &wait) && e.bears(wait):
			e.leave(func(now time.Time) { e.wait(now, wait.Wait.Until) })
		case isServerFailure(err) && failures < maxFailures:
			e.leave(e.window.slow)
			if pause(e.ctx, min(firstBackoff<<failures, lastBackoff)) != nil {
				return context.Cause(e.ctx)
			}
			failures++
		default:
			return err
		}
		if err := e.enter(); err != nil {
			return err
		}
	}
}

// bears reports whether a wait is one that the transfer goes through with.
func (e *engine) bears(w *flow.WaitError) bool {
	return e.patience == 0 || time.Until(w.Wait.Until) <= e.patience
}

// wait lets nothing go before a time. Requests that are refused for one and
// the same wait shrink the window once.
func (e *engine) wait(now, until time.Time) {
	until = later(until, now.Add(shortestWait))
	if now.Before(e.resume) {
		e.resume = later(e.resume, until)
		return
	}
	e.resume = until
	e.window.slow(now)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// isServerFailure reports whether one of Telegram's servers has failed
// (R-ER-05). To move a part twice does no harm.
func isServerFailure(err error) bool {
	var rpc *mtproto.RPCError
	return errors.As(err, &rpc) && (rpc.Code >= 500 || rpc.Code < 0)
}

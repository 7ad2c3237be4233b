package fleet

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// What asks whether the locks are held is told at once while that was seen a short
// while ago, waits for it to be seen again, and hears of it when they are lost.
func TestCertainty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCertainty(time.Now, 4*time.Second)
		if err := c.wait(t.Context()); !errors.Is(err, errUncertain) {
			t.Errorf("before there are locks: %v", err)
		}
		answer := func() chan error {
			answered := make(chan error, 1)
			go func() { answered <- c.wait(t.Context()) }()
			synctest.Wait()
			return answered
		}
		c.proved(time.Now())
		<-time.After(3 * time.Second)
		if err := <-answer(); err != nil {
			t.Errorf("a short while later: %v", err)
		}
		<-time.After(time.Minute) // the process was frozen
		answered := answer()
		select {
		case err := <-answered:
			t.Fatalf("a minute later: %v, without a look", err)
		default:
		}
		c.proved(time.Now().Add(-5 * time.Second)) // a look that took too long proves nothing
		synctest.Wait()
		c.proved(time.Now())
		if err := <-answered; err != nil {
			t.Errorf("seen again: %v", err)
		}
		<-time.After(time.Minute)
		answered = answer()
		c.lost()
		if err := <-answered; !errors.Is(err, errUncertain) {
			t.Errorf("lost: %v", err)
		}
		c.proved(time.Now().Add(-time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while nobody looks: %v", err)
		}
	})
}

// A clock that goes on while the other one stands still is enough.
func TestCertaintyAsleep(t *testing.T) {
	begun := time.Now()
	wall := begun.Round(0).Add(time.Minute) // without a monotonic reading
	c := newCertainty(func() time.Time { return wall }, 4*time.Second)
	c.proved(begun)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.wait(ctx); err == nil {
		t.Error("the locks of a machine that was asleep for a minute are taken for held")
	}
}

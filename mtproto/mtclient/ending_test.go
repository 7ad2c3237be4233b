package mtclient

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestInvokeWhileEnding has OnUpdate invoke something when Run is about to end, which
// waits for OnUpdate.
func TestInvokeWhileEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var h *harness
		var asked error
		h = run(t, s, Options{
			Credentials: s.credentials(),
			OnUpdate: func([]byte) {
				<-time.After(time.Minute)
				_, asked = h.Invoke(context.Background(), message(queryID, 1))
			},
		})
		h.ask(1)
		s.push(1)
		synctest.Wait()
		h.cancel()
		synctest.Wait()
		h.stop(s)
		if !errors.Is(asked, ErrClosed) {
			t.Errorf("invoked while Run ended: %v", asked)
		}
	})
}

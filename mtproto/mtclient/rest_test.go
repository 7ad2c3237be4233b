package mtclient

import (
	"bytes"
	"runtime/pprof"
	"testing"
	"testing/synctest"
	"time"
)

// TestRestingGoroutines has a client that only pings keep two goroutines: thousands
// of accounts rest in one process.
func TestRestingGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		h := run(t, s, Options{OnUpdate: func([]byte) {}, OnNewSession: func() {}})
		h.ask(1)
		advance(5 * time.Minute)
		synctest.Wait()
		var all bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
			t.Fatal(err)
		}
		for method, want := range map[string]int{
			"(*loop).step(": 1, "(*line).read(": 1, "(*line).write(": 0, "(*line).dial": 0, "(*updates).run(": 0,
		} {
			if n := bytes.Count(all.Bytes(), []byte("mtclient."+method)); n != want {
				t.Errorf("%d goroutines are in %s, want %d", n, method, want)
			}
		}
		h.stop(s)
	})
}

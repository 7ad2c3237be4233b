package telegram

import (
	"bytes"
	"runtime/pprof"
	"testing"
)

// TestPumpRests has the pump use no goroutine while there is nothing to move.
func TestPumpRests(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.push(t, chat("a", 11))
		f.want(t, 11, "a")
		if stacks := stacks(t); bytes.Contains(stacks, []byte("(*pump).run")) {
			t.Errorf("%s", stacks)
		}
		f.hold = make(chan struct{})
		f.push(t, chat("b", 12))
		if stacks := stacks(t); !bytes.Contains(stacks, []byte("(*pump).run")) {
			t.Errorf("%s", stacks)
		}
		close(f.hold)
	})
}

// stacks returns what all goroutines are doing.
func stacks(t *testing.T) []byte {
	t.Helper()
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 2); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

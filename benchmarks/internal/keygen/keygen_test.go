package keygen

import (
	"runtime"
	"testing"
)

// One handshake of each completes against the same kind of server, and takes
// time. What the times are is for make bench to say.
func TestMeasure(t *testing.T) {
	result, err := Measure(1)
	if err != nil {
		t.Fatal(err)
	}
	if result.Godwit <= 0 || result.Gotd <= 0 {
		t.Errorf("%+v: nothing was measured", result)
	}
}

// The meter stands still while it is stopped.
func TestMeter(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var m meter
	m.start()
	m.stop()
	before := m.total
	end := threadTime() + 5_000_000
	for threadTime() < end {
	}
	if m.total != before {
		t.Errorf("%v became %v", before, m.total)
	}
}

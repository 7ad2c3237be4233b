package resting

import (
	"testing"
	"time"
)

// Both programs bring accounts online and measure them.
func TestCompare(t *testing.T) {
	each, err := Compare("../..", 50, 100*time.Millisecond, "./resting/godwit", "./resting/gotd")
	if err != nil {
		t.Fatal(err)
	}
	if len(each) != 2 || each[0] <= 0 || each[1] <= 0 {
		t.Errorf("each takes %d bytes", each)
	}
}

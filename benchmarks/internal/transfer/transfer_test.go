package transfer

import (
	"io"
	"testing"
)

// Both programs move a file there and back.
func TestCompare(t *testing.T) {
	results, err := Compare("../..", 11<<20, "./transfer/godwit", "./transfer/gotd")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Upload <= 0 || r.Download <= 0 || r.CPU <= 0 || r.Memory <= 0 {
			t.Errorf("program %d: %+v", i, r)
		}
	}
}

func TestNoise(t *testing.T) {
	s := NewSink()
	if n, err := io.Copy(s, Noise(3<<20+5)); n != 3<<20+5 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := s.Check(3<<20 + 5); err != nil {
		t.Error(err)
	}
}

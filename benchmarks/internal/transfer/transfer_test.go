package transfer

import (
	"io"
	"testing"
)

// Both programs move a file there and back.
func TestMeasure(t *testing.T) {
	for _, program := range []string{"./transfer/godwit", "./transfer/gotd"} {
		r, err := Measure("../..", program, 11<<20)
		if err != nil {
			t.Fatal(err)
		}
		if r.Upload <= 0 || r.Download <= 0 || r.CPU <= 0 || r.Memory <= 0 {
			t.Errorf("%s: %+v", program, r)
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

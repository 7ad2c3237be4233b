package gz

import (
	"bytes"
	"compress/zlib"
	"errors"
	"sync"
	"testing"
)

func zlibbed(t testing.TB, p []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(p); err != nil || w.Close() != nil {
		t.Fatal("zlib does not write")
	}
	return z.Bytes()
}

// R-TL-30: what was packed is unpacked, after whatever came before.
func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 300, 1 << 20} {
		want := bytes.Repeat([]byte{7}, n)
		for name, packed := range map[string][]byte{"gzip": Pack(want), "zlib": zlibbed(t, want)} {
			if _, err := Unpack(packed[:len(packed)/2], n); err == nil {
				t.Errorf("%s: half of %d bytes was taken", name, n)
			}
			got, err := Unpack(packed, n)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes become %d, %v", name, n, len(got), err)
			}
		}
	}
}

// R-TL-31: what inflates without end is refused.
func TestTooLarge(t *testing.T) {
	for _, packed := range [][]byte{Pack(make([]byte, 1001)), zlibbed(t, make([]byte, 1001))} {
		if _, err := Unpack(packed, 1000); !errors.Is(err, ErrTooLarge) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := Unpack([]byte("garbage"), 1000); err == nil || errors.Is(err, ErrTooLarge) {
		t.Errorf("garbage: %v", err)
	}
}

func TestConcurrently(t *testing.T) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			want := bytes.Repeat([]byte{byte(i)}, 500)
			for range 50 {
				if got, err := Unpack(Pack(want), 500); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkPack(b *testing.B) {
	p := bytes.Repeat([]byte("a chat message "), 200)
	b.ReportAllocs()
	for b.Loop() {
		Pack(p)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack([]byte("gzip")))
	f.Add(zlibbed(f, []byte("zlib")))
	f.Fuzz(func(t *testing.T, packed []byte) {
		got, err := Unpack(packed, 1<<16)
		if err != nil {
			return
		}
		if again, err := Unpack(Pack(got), 1<<16); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%d bytes packed again: %v", len(got), err)
		}
	})
}

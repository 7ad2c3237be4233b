package tl_test

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"

	"godwit/tl"
)

// R-TL-20: the longest string fits, one byte more does not, and the failure
// sticks.
func TestLengthLimits(t *testing.T) {
	long := make([]byte, tl.MaxBytes+1)
	var b tl.Buffer
	b.ByteString(long[:tl.MaxBytes])
	if b.Err() != nil || b.Len() != tl.MaxBytes+1+4 {
		t.Fatalf("longest value: %d bytes, %v", b.Len(), b.Err())
	}
	r := tl.NewReader(b.Bytes())
	r.Borrow(true)
	if got := r.ByteString(); len(got) != tl.MaxBytes || r.Finish() != nil {
		t.Errorf("longest value: read %d bytes, %v", len(got), r.Err())
	}
	for name, put := range map[string]func(*tl.Buffer){
		"bytes":  func(b *tl.Buffer) { b.ByteString(long) },
		"string": func(b *tl.Buffer) { b.String(string(long)) },
		"count":  func(b *tl.Buffer) { b.Count(math.MaxInt32 + 1) },
		"vector": func(b *tl.Buffer) { b.Vector(math.MaxInt32 + 1) },
	} {
		b.Reset()
		put(&b)
		b.Fail(errors.New("later"))
		b.Int(1)
		if !errors.Is(b.Err(), tl.ErrTooLong) {
			t.Errorf("%s: %v", name, b.Err())
		}
		if b.Reset(); b.Err() != nil || b.Len() != 0 {
			t.Errorf("%s: reset leaves %d bytes, %v", name, b.Len(), b.Err())
		}
	}
}

// R-TL-26: a count is believed only as far as the input can hold elements of
// the least size, and of 4 bytes at least.
func TestCountBounds(t *testing.T) {
	tests := []struct {
		count   int32
		rest    int
		minSize int
		ok      bool
	}{
		{0, 0, 4, true}, {3, 12, 4, true}, {4, 12, 4, false}, {4, 15, 4, false}, {4, 16, 4, true},
		{2, 16, 8, true}, {3, 16, 8, false}, {-1, 16, 4, false}, {math.MinInt32, 0, 4, false},
		{math.MaxInt32, 1024, 4, false}, {3, 12, 0, true}, {4, 12, 0, false}, {4, 12, 1, false},
	}
	for _, test := range tests {
		for _, boxed := range []bool{false, true} {
			var b tl.Buffer
			if boxed {
				b.ID(tl.IDVector)
			}
			b.Int(test.count)
			b.Raw(make([]byte, test.rest))
			r := tl.NewReader(b.Bytes())
			read := r.Count
			if boxed {
				read = r.Vector
			}
			n := read(test.minSize)
			if test.ok && (n != int(test.count) || r.Err() != nil) || !test.ok && (n != 0 || !errors.Is(r.Err(), tl.ErrUnexpectedEnd)) {
				t.Errorf("%+v, boxed %t: %d, %v", test, boxed, n, r.Err())
			}
		}
	}
}

// R-TL-26: nested vectors cannot each claim what only one of them can hold.
func TestNestedCounts(t *testing.T) {
	input := encode(t, func(b *tl.Buffer) {
		for range 3 {
			b.Count(100) // of elements that are vectors themselves
		}
		b.Raw(make([]byte, 1000))
	})
	r := tl.NewReader(input)
	if n, m := r.Count(4), r.Count(4); n != 100 || m != 100 || r.Err() != nil {
		t.Errorf("%d and %d elements of 4 bytes in %d: %v", n, m, len(input), r.Err())
	}
	if n := r.Count(4); n != 0 || !errors.Is(r.Err(), tl.ErrUnexpectedEnd) {
		t.Errorf("%d elements more: %v", n, r.Err())
	}
	r.Reset(input)
	if n := r.Count(10); n != 100 || r.Err() != nil {
		t.Errorf("after Reset: %d, %v", n, r.Err())
	}
}

// allocated returns how many bytes f allocates, by the mean of a few runs.
func allocated(f func()) uint64 {
	const runs = 5
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// R-TL-26: no length makes a Reader allocate more than the input can justify.
func TestVectorBombs(t *testing.T) {
	const size = 64 << 10
	for name, read := range map[string]func(*tl.Reader){
		"ints":         func(r *tl.Reader) { r.Ints() },
		"longs":        func(r *tl.Reader) { r.Longs() },
		"strings":      func(r *tl.Reader) { r.Strings() },
		"byte strings": func(r *tl.Reader) { r.ByteStrings() },
	} {
		for _, count := range []int32{math.MaxInt32, 1 << 24, size} {
			var b tl.Buffer
			b.ID(tl.IDVector)
			b.Int(count)
			b.Raw(make([]byte, size))
			var err error
			got := allocated(func() {
				r := tl.NewReader(b.Bytes())
				read(r)
				err = r.Err()
			})
			if !errors.Is(err, tl.ErrUnexpectedEnd) || got > 4096 {
				t.Errorf("%s, count %d: %d bytes allocated, %v", name, count, got, err)
			}
		}
	}
	bomb := append([]byte{254, 255, 255, 255}, make([]byte, size)...)
	if got := allocated(func() { tl.NewReader(bomb).ByteString() }); got > 4096 {
		t.Errorf("bytes: %d bytes allocated", got)
	}
}

// Small values share blocks; what the blocks take stays near what was read.
func TestBlocksAreBounded(t *testing.T) {
	var b tl.Buffer
	for range 1000 {
		b.String("abcdefg")
	}
	read := func() {
		r := tl.NewReader(b.Bytes())
		for range 1000 {
			_ = r.String()
		}
		if r.Finish() != nil {
			t.Error(r.Err())
		}
	}
	if got := allocated(read); got > 3*uint64(b.Len()) {
		t.Errorf("%d bytes allocated for %d of input", got, b.Len())
	}
	if got := testing.AllocsPerRun(10, read); got > 100 {
		t.Errorf("%.0f allocations for 1000 short strings", got)
	}
	fixed := func() {
		r := tl.NewReader(b.Bytes())
		r.Int()
		r.Long()
		r.Int128()
		r.Int256()
		r.Double()
	}
	if got := testing.AllocsPerRun(10, fixed); got > 1 { // the Reader itself
		t.Errorf("%.0f allocations for fixed fields", got)
	}
}

func TestDepth(t *testing.T) {
	r := tl.NewReader(make([]byte, 4))
	for i := range tl.MaxDepth {
		if !r.Enter() {
			t.Fatalf("refused at depth %d", i)
		}
	}
	r.Leave()
	if !r.Enter() {
		t.Fatal("Leave did not make room")
	}
	if r.Enter() || !errors.Is(r.Err(), tl.ErrTooDeep) {
		t.Errorf("deeper than MaxDepth: %v", r.Err())
	}
}

type wrapper struct{ inner tl.Object }

func (w *wrapper) TL(c *tl.Codec) {
	c.Begin(1, "wrapper")
	c.Query(&w.inner, "wrapper.inner")
}

// R-TL-06: a query in a wrapper needs somebody to decode it, and its nesting
// is bounded as all nesting is.
func TestQueryDepth(t *testing.T) {
	var w wrapper
	if err := tl.Unmarshal([]byte{1, 0, 0, 0, 1, 0, 0, 0}, &w); err == nil || w.inner != nil {
		t.Errorf("no decoder: %v, %v", w.inner, err)
	}
	nested := func(depth int) error {
		r := tl.NewReader(bytes.Repeat([]byte{1, 0, 0, 0}, depth))
		left := depth
		r.OnQuery(func(r *tl.Reader) tl.Object {
			v := new(wrapper)
			if left--; left > 1 {
				r.Object(v)
			} else {
				r.Expect(1, "innermost")
			}
			return v
		})
		r.Object(new(wrapper))
		return r.Finish()
	}
	if err := nested(tl.MaxDepth); err != nil {
		t.Errorf("at MaxDepth: %v", err)
	}
	if err := nested(10 * tl.MaxDepth); !errors.Is(err, tl.ErrTooDeep) {
		t.Errorf("far below MaxDepth: %v", err)
	}
}

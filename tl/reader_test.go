package tl_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"godwit/tl"
)

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// R-TL-21: what strings may look like, and what they may not.
func TestStringForms(t *testing.T) {
	refused := errors.New("any error")
	tests := []struct {
		name, wire, want string
		err              error
	}{
		{"padding may hold anything", "0161ffee", "a", nil},
		{"long form of a short string", "fe01000061000000", "a", nil},
		{"long form of nothing", "fe000000", "", nil},
		{"not UTF-8", "02fffe00", "\xff\xfe", nil},
		{"length byte 255", "ff" + strings.Repeat("00", 1023), "", refused},
		{"length past the end", "04616263", "", tl.ErrUnexpectedEnd},
		{"long length past the end", "feffffff61616161", "", tl.ErrUnexpectedEnd},
		{"padding past the end", "05616263646500", "", tl.ErrUnexpectedEnd},
		{"half a head", "fe01", "", tl.ErrUnexpectedEnd},
		{"nothing", "", "", tl.ErrUnexpectedEnd},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, borrow := range []bool{false, true} {
				r := tl.NewReader(mustHex(t, test.wire))
				r.Borrow(borrow)
				got := r.String()
				err := r.Finish()
				if got != test.want || (err == nil) != (test.err == nil) {
					t.Errorf("%q, %v; want %q, %v", got, err, test.want, test.err)
				} else if !errors.Is(test.err, refused) && !errors.Is(err, test.err) {
					t.Errorf("%v, want %v", err, test.err)
				}
			}
		})
	}
}

// The first failure sticks and tells the offset where it struck.
func TestErrorOffsets(t *testing.T) {
	tests := []struct {
		name   string
		wire   string
		read   func(*tl.Reader)
		offset int
		want   error
	}{
		{"int", "0000000000", func(r *tl.Reader) { r.Int(); r.Int() }, 4, tl.ErrUnexpectedEnd},
		{"long", "00000000000000", func(r *tl.Reader) { r.Long() }, 0, tl.ErrUnexpectedEnd},
		{"double", "0000000001", func(r *tl.Reader) { r.Int(); r.Double() }, 4, tl.ErrUnexpectedEnd},
		{"int128", "00000000", func(r *tl.Reader) { r.Int128() }, 0, tl.ErrUnexpectedEnd},
		{"int256", "0000000000", func(r *tl.Reader) { r.Int(); r.Int256() }, 4, tl.ErrUnexpectedEnd},
		{"raw", "0000000000", func(r *tl.Reader) { r.Raw(3); r.Raw(3) }, 3, tl.ErrUnexpectedEnd},
		{"negative raw", "00000000", func(r *tl.Reader) { r.Raw(-1) }, 0, tl.ErrUnexpectedEnd},
		{"string", "0000000001", func(r *tl.Reader) { _ = r.String(); _ = r.String() }, 4, tl.ErrUnexpectedEnd},
		{"trailing", "0000000001", func(r *tl.Reader) { r.Int(); _ = r.Finish() }, 4, tl.ErrTrailing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := tl.NewReader(mustHex(t, test.wire))
			test.read(r)
			first := r.Err()
			var at *tl.DecodeError
			if !errors.As(first, &at) || at.Offset != test.offset || !errors.Is(first, test.want) {
				t.Fatalf("%v, want %v at byte %d", first, test.want, test.offset)
			}
			if !strings.Contains(first.Error(), "at byte") {
				t.Errorf("no place in %q", first)
			}
			readsZero(t, r)
			r.Fail(errors.New("later"))
			if !errors.Is(r.Finish(), first) {
				t.Errorf("%v took the place of %v", r.Err(), first)
			}
		})
	}
}

// readsZero checks that a Reader which has failed returns nothing but zeros.
func readsZero(t *testing.T, r *tl.Reader) {
	t.Helper()
	if r.Remaining() != 0 || len(r.Rest()) != 0 || r.PeekID() != 0 {
		t.Errorf("%d bytes remain", r.Remaining())
	}
	if r.ID() != 0 || r.Int() != 0 || r.Long() != 0 || r.Double() != 0 || r.Bool() || r.Raw(1) != nil ||
		r.String() != "" || r.ByteString() != nil || r.Int128() != (tl.Int128{}) || r.Int256() != (tl.Int256{}) ||
		r.Count(1) != 0 || r.Vector(1) != 0 || len(r.Ints())+len(r.Longs())+len(r.Strings())+len(r.ByteStrings()) != 0 {
		t.Error("something was read after a failure")
	}
}

func TestResetForgets(t *testing.T) {
	r := tl.NewReader(nil)
	r.Int()
	if r.Err() == nil {
		t.Fatal("read an int from nothing")
	}
	r.Reset([]byte{5, 0, 0, 0})
	if n := r.Int(); n != 5 || r.Finish() != nil {
		t.Errorf("%d, %v", n, r.Err())
	}
}

// R-TL-05, R-TL-12: an id that does not belong fails at the id's own offset.
func TestUnexpectedID(t *testing.T) {
	for name, read := range map[string]func(*tl.Reader){
		"Bool":   func(r *tl.Reader) { r.Bool() },
		"Vector": func(r *tl.Reader) { r.Vector(4) },
		"thing":  func(r *tl.Reader) { r.Expect(1, "thing") },
	} {
		r := tl.NewReader(mustHex(t, "00000000"+"efbeadde"+"00000000"))
		r.Int()
		read(r)
		var at *tl.DecodeError
		var id *tl.UnexpectedIDError
		if !errors.As(r.Err(), &at) || at.Offset != 4 || !errors.As(r.Err(), &id) || id.ID != 0xdeadbeef || id.Want != name {
			t.Errorf("%s: %v", name, r.Err())
		}
	}
	r := tl.NewReader(mustHex(t, "b5757299"+"379779bc"))
	if r.PeekID() != tl.IDBoolTrue || !r.Bool() || r.Bool() || r.Finish() != nil {
		t.Error(r.Err())
	}
}

func TestBorrow(t *testing.T) {
	wire := encode(t, func(b *tl.Buffer) {
		b.ByteString([]byte("bytes"))
		b.String("string")
	})
	inside := func(p *byte) bool {
		at, start := uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(&wire[0]))
		return at >= start && at < start+uintptr(len(wire))
	}
	for _, borrow := range []bool{false, true} {
		r := tl.NewReader(nil)
		r.Borrow(borrow)
		r.Reset(wire)
		p, s := r.ByteString(), r.String()
		if string(p) != "bytes" || s != "string" || r.Finish() != nil {
			t.Fatalf("%q, %q, %v", p, s, r.Err())
		}
		if inside(&p[0]) != borrow || inside(unsafe.StringData(s)) != borrow {
			t.Errorf("borrow %t: bytes shared %t, string shared %t", borrow, inside(&p[0]), inside(unsafe.StringData(s)))
		}
		if cap(p) != len(p) {
			t.Errorf("borrow %t: appending to %d bytes would write beyond them", borrow, len(p))
		}
	}
}

func TestRawSharesAndRestReads(t *testing.T) {
	input := []byte{1, 2, 3, 4, 5}
	r := tl.NewReader(input)
	p := r.Raw(2)
	if &p[0] != &input[0] || cap(p) != 2 {
		t.Errorf("Raw copied, or left room for %d", cap(p))
	}
	if !bytes.Equal(r.Rest(), input[2:]) || r.Remaining() != 3 || r.PeekID() != 0 {
		t.Errorf("rest %x, %d remaining", r.Rest(), r.Remaining())
	}
}

// Values that share a block share no bytes, and outlive the input.
func TestCopies(t *testing.T) {
	input := encode(t, func(b *tl.Buffer) {
		for i := range 500 {
			b.ByteString(bytes.Repeat([]byte{byte(i)}, i))
		}
	})
	r := tl.NewReader(input)
	all := make([][]byte, 500)
	for i := range all {
		all[i] = r.ByteString()
	}
	clear(input)
	for i, p := range all {
		if !bytes.Equal(p, bytes.Repeat([]byte{byte(i)}, i)) {
			t.Fatalf("bytes %d were overwritten", i)
		}
		if cap(p) != len(p) {
			t.Fatalf("bytes %d have room for %d", i, cap(p))
		}
		clear(p)
	}
}

// Small gives memory that is aligned, zeroed and given once.
func TestSmall(t *testing.T) {
	r := tl.NewReader(make([]byte, 4096))
	seen := map[unsafe.Pointer]bool{}
	for i := range 300 {
		size := uintptr(i%7) * 4
		p := r.Small(size)
		if p == nil || uintptr(p)%8 != 0 || seen[p] {
			t.Fatalf("value %d is at %p, seen before: %t", i, p, seen[p])
		}
		seen[p] = true
		value := unsafe.Slice((*byte)(p), size)
		for j := range value {
			if value[j] != 0 {
				t.Fatalf("byte %d of value %d is %d", j, i, value[j])
			}
			value[j] = 0xff
		}
	}
}

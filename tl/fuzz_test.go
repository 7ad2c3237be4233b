package tl_test

import (
	"bytes"
	"testing"

	"godwit/tl"
)

// step reads one primitive, chosen by op, and writes it again. It reports
// whether the wire form of what it read is the only one there is.
func step(op byte, r *tl.Reader, b *tl.Buffer) (canonical bool) {
	start := r.Rest()
	canonical = true
	switch op % 12 {
	case 0:
		b.Int(r.Int())
	case 1:
		b.Long(r.Long())
	case 2:
		b.Double(r.Double())
	case 3:
		v := r.Int128()
		b.Int128(&v)
	case 4:
		v := r.Int256()
		b.Int256(&v)
	case 5:
		b.Bool(r.Bool())
	case 6:
		b.String(r.String())
		canonical = canonicalString(start)
	case 7:
		b.ByteString(r.ByteString())
		canonical = canonicalString(start)
	case 8:
		b.Ints(r.Ints())
	case 9:
		b.Longs(r.Longs())
	case 10:
		b.Strings(r.Strings())
		canonical = false
	case 11:
		b.ByteStrings(r.ByteStrings())
		canonical = false
	}
	return canonical
}

// canonicalString reports whether a string at the start of p is in the short
// form if it can be, and has zeros for padding.
func canonicalString(p []byte) bool {
	if len(p) < 4 || p[0] == 255 {
		return false
	}
	head, n := 1, int(p[0])
	if n == 254 {
		head, n = 4, int(p[1])|int(p[2])<<8|int(p[3])<<16
		if n < 254 {
			return false
		}
	}
	end := (head + n + 3) &^ 3
	return end <= len(p) && len(bytes.Trim(p[head+n:end], "\x00")) == 0
}

// FuzzPrimitives reads what ops say from the input. Whatever was read is
// written and read again: the same comes out, and the same bytes where only
// one form exists. R-TL-20, R-TL-21, R-TL-26.
func FuzzPrimitives(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3}, make([]byte, 64))
	f.Add([]byte{5, 5, 6}, []byte("\xb5\x75\x72\x99\x37\x97\x79\xbc\x01a\x00\x00"))
	f.Add([]byte{7}, []byte("\xfe\x01\x00\x00a\x01\x02\x03"))
	f.Add([]byte{8}, []byte("\x15\xc4\xb5\x1c\x01\x00\x00\x00\x07\x00\x00\x00"))
	f.Add([]byte{10}, []byte("\x15\xc4\xb5\x1c\x02\x00\x00\x00\x00\x00\x00\x00\x02ab\x00"))
	f.Fuzz(func(t *testing.T, ops, input []byte) {
		r := tl.NewReader(input)
		var b tl.Buffer
		canonical := true
		done := 0
		for _, op := range ops {
			length := b.Len()
			ok := step(op, r, &b)
			if r.Err() != nil {
				if b.Err() != nil {
					t.Fatalf("zero value does not encode: %v", b.Err())
				}
				b = *tl.NewBuffer(b.Bytes()[:length])
				break
			}
			canonical = canonical && ok
			done++
		}
		if b.Err() != nil {
			t.Fatalf("what was read does not encode: %v", b.Err())
		}
		once := b.Bytes()
		if canonical && r.Err() == nil && !bytes.Equal(once, input[:len(input)-r.Remaining()]) {
			t.Fatalf("%x read as %x", input, once)
		}
		again := tl.NewReader(once)
		again.Borrow(true)
		var c tl.Buffer
		for _, op := range ops[:done] {
			if !step(op, again, &c) && op%12 < 10 {
				t.Fatalf("Buffer wrote a form that is not canonical: %x", once)
			}
		}
		if err := again.Finish(); err != nil || !bytes.Equal(c.Bytes(), once) {
			t.Fatalf("%x, read again as %x: %v", once, c.Bytes(), err)
		}
	})
}

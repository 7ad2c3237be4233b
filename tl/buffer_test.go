package tl_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"godwit/internal/vectors"
	"godwit/tl"
)

func encode(t testing.TB, put func(*tl.Buffer)) []byte {
	t.Helper()
	var b tl.Buffer
	put(&b)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scalar writes the value of a scalar vector and returns how it is read back.
func scalar(t *testing.T, path string, b *tl.Buffer) (want any, read func(*tl.Reader) any) {
	t.Helper()
	switch kind := vectors.String(t, path+".type"); kind {
	case "int":
		v := int32(vectors.Int(t, path+".value"))
		b.Int(v)
		return v, func(r *tl.Reader) any { return r.Int() }
	case "long":
		v := vectors.Int(t, path+".value")
		b.Long(v)
		return v, func(r *tl.Reader) any { return r.Long() }
	case "double":
		v, err := vectors.Get(t, path+".value").(json.Number).Float64()
		if err != nil {
			t.Fatal(err)
		}
		b.Double(v)
		return v, func(r *tl.Reader) any { return r.Double() }
	case "Bool":
		v := vectors.Get(t, path+".value").(bool)
		b.Bool(v)
		return v, func(r *tl.Reader) any { return r.Bool() }
	case "int128":
		v := tl.Int128(vectors.Hex(t, path+".value_hex"))
		b.Int128(&v)
		return v, func(r *tl.Reader) any { return r.Int128() }
	default:
		t.Fatalf("no such scalar: %s", kind)
		return nil, nil
	}
}

func TestScalars(t *testing.T) {
	for i := range vectors.Len(t, "tl.scalars") {
		path := fmt.Sprintf("tl.scalars.%d", i)
		var b tl.Buffer
		want, read := scalar(t, path, &b)
		wire := vectors.Hex(t, path+".hex")
		if !bytes.Equal(b.Bytes(), wire) {
			t.Errorf("%s: encoded %x, want %x", path, b.Bytes(), wire)
		}
		r := tl.NewReader(wire)
		if got := read(r); got != want || r.Finish() != nil {
			t.Errorf("%s: decoded %v, %v; want %v", path, got, r.Err(), want)
		}
	}
	// R-TL-08: int256 is 32 bytes, never swapped, as int128 is 16.
	v := tl.Int256{0: 1, 31: 2}
	wire := encode(t, func(b *tl.Buffer) { b.Int256(&v) })
	if r := tl.NewReader(wire); !bytes.Equal(wire, v[:]) || r.Int256() != v || r.Finish() != nil {
		t.Errorf("int256 is %x", wire)
	}
}

// R-TL-20, R-TL-22: lengths, head and padding; string and bytes are one.
func TestStrings(t *testing.T) {
	for i := range vectors.Len(t, "tl.strings") {
		path := fmt.Sprintf("tl.strings.%d", i)
		n := int(vectors.Int(t, path+".length"))
		value := make([]byte, n)
		for j := range value {
			value[j] = byte(7*j + n)
		}
		wire := encode(t, func(b *tl.Buffer) { b.ByteString(value) })
		if len(wire) != int(vectors.Int(t, path+".encoded_length")) {
			t.Errorf("%d bytes take %d", n, len(wire))
		}
		if prefix := vectors.Hex(t, path+".encoded_prefix_hex"); !bytes.HasPrefix(wire, prefix) {
			t.Errorf("%d bytes begin with %x, want %x", n, wire[:len(prefix)], prefix)
		}
		if sum := sha256.Sum256(wire); hex.EncodeToString(sum[:]) != vectors.String(t, path+".encoded_sha256") {
			t.Errorf("%d bytes: another SHA-256", n)
		}
		if asString := encode(t, func(b *tl.Buffer) { b.String(string(value)) }); !bytes.Equal(asString, wire) {
			t.Errorf("%d bytes: string and bytes differ", n)
		}
		for _, borrow := range []bool{false, true} {
			r := tl.NewReader(wire)
			r.Borrow(borrow)
			if got := r.ByteString(); got == nil || !bytes.Equal(got, value) || r.Finish() != nil {
				t.Errorf("%d bytes, borrow %t: decoded %d, %v", n, borrow, len(got), r.Err())
			}
			r.Reset(wire)
			if got := r.String(); got != string(value) || r.Finish() != nil {
				t.Errorf("string of %d bytes, borrow %t: decoded %d, %v", n, borrow, len(got), r.Err())
			}
		}
	}
}

// R-TL-20: padding is zero whatever the memory held before.
func TestReusedMemory(t *testing.T) {
	for n := range 300 {
		value := bytes.Repeat([]byte{'x'}, n)
		want := encode(t, func(b *tl.Buffer) { b.ByteString(value) })
		b := tl.NewBuffer(bytes.Repeat([]byte{0xaa}, 400)[:0])
		b.String(string(value))
		if !bytes.Equal(b.Bytes(), want) {
			t.Fatalf("%d bytes in used memory: %x, want %x", n, b.Bytes(), want)
		}
	}
}

// R-TL-03, R-TL-13: boxed and bare vectors, and the worked example.
func TestVectors(t *testing.T) {
	boxed := vectors.Hex(t, "tl.vector_boxed_int_2_3_4")
	ids := []int32{2, 3, 4}
	if got := encode(t, func(b *tl.Buffer) { b.Ints(ids) }); !bytes.Equal(got, boxed) {
		t.Errorf("boxed vector %x, want %x", got, boxed)
	}
	call := encode(t, func(b *tl.Buffer) {
		b.ID(0x2d84d5f5)
		b.Ints(ids)
	})
	if want := vectors.Hex(t, "tl.getUsers_2_3_4"); !bytes.Equal(call, want) {
		t.Errorf("R-TL-13: getUsers %x, want %x", call, want)
	}
	bare := encode(t, func(b *tl.Buffer) {
		b.Count(len(ids))
		for _, id := range ids {
			b.Int(id)
		}
	})
	if want := vectors.Hex(t, "tl.vector_bare_int_2_3_4"); !bytes.Equal(bare, want) {
		t.Errorf("bare vector %x, want %x", bare, want)
	}
	r := tl.NewReader(boxed)
	if got := r.Ints(); len(got) != 3 || got[0] != 2 || got[2] != 4 || r.Finish() != nil {
		t.Errorf("boxed vector decoded as %v, %v", got, r.Err())
	}
	r = tl.NewReader(bare)
	if n := r.Count(4); n != 3 || r.Remaining() != 12 || r.Err() != nil {
		t.Errorf("bare vector of %d, %v", n, r.Err())
	}
}

func TestMsgsAck(t *testing.T) {
	got := encode(t, func(b *tl.Buffer) {
		b.ID(0x62d6b459)
		b.Longs([]int64{1, 2})
	})
	if want := vectors.Hex(t, "tl.msgs_ack_example.hex"); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// Every vector helper of Buffer is undone by the one of Reader.
func TestVectorHelpers(t *testing.T) {
	longs := []int64{0, -1, math.MaxInt64, math.MinInt64}
	texts := []string{"", "a", "four", string(make([]byte, 300))}
	blobs := [][]byte{{}, {1}, make([]byte, 254)}
	r := tl.NewReader(encode(t, func(b *tl.Buffer) {
		b.Longs(longs)
		b.Strings(texts)
		b.ByteStrings(blobs)
		b.Ints(nil)
	}))
	if got := r.Longs(); fmt.Sprint(got) != fmt.Sprint(longs) {
		t.Errorf("longs %v", got)
	}
	if got := r.Strings(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", texts) {
		t.Errorf("strings %q", got)
	}
	if got := r.ByteStrings(); fmt.Sprint(got) != fmt.Sprint(blobs) {
		t.Errorf("byte strings %v", got)
	}
	if got := r.Ints(); got == nil || len(got) != 0 {
		t.Errorf("no ints are %#v, want empty and not nil", got)
	}
	if err := r.Finish(); err != nil {
		t.Error(err)
	}
}

type number int32

func (n *number) TL(c *tl.Codec) { c.Int((*int32)(n)) }

func TestMarshal(t *testing.T) {
	n := number(7)
	p, err := tl.Marshal(&n)
	if err != nil || !bytes.Equal(p, []byte{7, 0, 0, 0}) {
		t.Errorf("%x, %v", p, err)
	}
	n = 0
	if err := tl.Unmarshal(p, &n); err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
	var missing *tl.NilError
	if _, err := tl.Marshal(nil); !errors.As(err, &missing) || missing.Field != "value" {
		t.Errorf("nil: %v", err)
	}
	// R-TL-28
	if err := tl.Unmarshal(append(p, 0), &n); !errors.Is(err, tl.ErrTrailing) {
		t.Errorf("one byte left over: %v", err)
	}
}

// The first failure sticks.
func TestNilError(t *testing.T) {
	var b tl.Buffer
	b.Object(new(wrapper))
	b.Object(nil)
	b.Fail(errors.New("later"))
	var missing *tl.NilError
	if !errors.As(b.Err(), &missing) || missing.Field != "wrapper.inner" {
		t.Fatal(b.Err())
	}
	if got := missing.Error(); got != "tl: required field wrapper.inner is nil" {
		t.Errorf("%q", got)
	}
}

// optionals is a value with conditional fields of all kinds.
type optionals struct {
	Yes   bool
	N     tl.Optional[int32]
	Long  tl.Optional[int64]
	Ratio tl.Optional[float64]
	No    tl.Optional[bool]
	Text  tl.Optional[string]
	Half  tl.Optional[tl.Int128]
	Whole tl.Optional[tl.Int256]
	Blob  []byte
	Ints  []int32
	Longs []int64
	Texts []string
	Blobs [][]byte
}

// R-TL-23, R-TL-24, R-TL-25: a field is read when its flag is set and left
// alone otherwise; a flag is set when the field is there, be it zero; a Bool
// with a flag has three states.
func TestOptional(t *testing.T) {
	full := &optionals{
		true, tl.Some[int32](0), tl.Some[int64](0), tl.Some(0.0), tl.Some(false), tl.Some(""),
		tl.Some(tl.Int128{1}), tl.Some(tl.Int256{2}), []byte{}, []int32{}, []int64{}, []string{}, [][]byte{},
	}
	values := map[uint32]*optionals{
		0:       {},
		0x1fff:  full,
		1 << 1:  {N: tl.Some[int32](-5)},
		1 << 4:  {No: tl.Some(true)},
		1 << 8:  {Blob: []byte{1}},
		1 << 10: {Longs: []int64{3}},
	}
	for flags, v := range values {
		p, err := tl.Marshal(v)
		if err != nil || len(p) < 8 || binary.LittleEndian.Uint32(p[4:]) != flags {
			t.Errorf("%+v: encoded as %x, %v", v, p, err)
		}
		got := new(optionals)
		if err := tl.Unmarshal(p, got); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%+v came back as %+v, %v", v, got, err)
		}
	}
	if tl.Some(0).Or(5) != 0 || (tl.Optional[int]{}).Or(5) != 5 {
		t.Error("Or")
	}
}

// What is only encoded cannot be decoded into, nor the other way around.
func TestOneWay(t *testing.T) {
	p, err := tl.Marshal(tl.Encoded{1, 2, 3, 4})
	if err != nil || !bytes.Equal(p, []byte{1, 2, 3, 4}) {
		t.Errorf("%x, %v", p, err)
	}
	if err := tl.Unmarshal(p, tl.Encoded(p)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("decoded into what is encoded: %v", err)
	}
	if _, err := tl.Marshal(readOnly{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("encoded what is only decoded: %v", err)
	}
	if err := tl.Unmarshal(p, readOnly{}); err != nil {
		t.Error(err)
	}
}

type readOnly struct{}

func (readOnly) TL(c *tl.Codec) { c.Reader().Int() }

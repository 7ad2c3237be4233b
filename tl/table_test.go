package tl_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"godwit/tl"
)

// A small schema, described by a table: what generated code looks like.
type (
	shape  interface{ isShape() }
	dot    struct{ X, Y int32 }
	spot   struct{ X, Y int32 }
	circle struct {
		_ tl.Incomparable

		Filled bool
		Centre dot
		Name   tl.Optional[string]
		Key    tl.Optional[tl.Int128]
		Around shape
		Within *circle
		Parts  []shape
		Dots   []dot
		Bare   []dot
	}
	plain struct { // with code of its own
		_ tl.Incomparable

		Text string
	}
	draw struct{ What shape }
)

var shapeLines = []string{
	"dot dot#00000010 x:int y:int = Dot",
	"circle circle#00000011 flags:# filled:flags.0?true centre:Dot name:flags.1?string key:flags.2?int128 " +
		"around:flags.3?Shape within:flags.3?Circle parts:Vector<4*Shape> dots:flags.4?Vector<12*Dot> bare:flags.5?vector<8*%Dot> = Shape",
	"plain plain#00000012 text:string = Shape",
	"spot spot#00000013 x:int y:int = Spot",
	"optionals optionals#00000014 flags:# yes:flags.0?true n:flags.1?int long:flags.2?long ratio:flags.3?double no:flags.4?Bool " +
		"text:flags.5?string half:flags.6?int128 whole:flags.7?int256 blob:flags.8?bytes ints:flags.9?Vector<int> " +
		"longs:flags.10?Vector<long> texts:flags.11?Vector<string> blobs:flags.12?Vector<bytes> = Optionals",
	"draw draw#00000020 what:Shape = Vector<4*Shape>",
}

var shapes = func() *tl.Table {
	var ends []uint32
	for i := range shapeLines {
		ends = append(ends, uint32(len(strings.Join(shapeLines[:i+1], "\n"))))
	}
	types := []any{(*dot)(nil), (*circle)(nil), (*plain)(nil), (*spot)(nil), (*optionals)(nil)}
	return tl.NewTable(strings.Join(shapeLines, "\n")+"\n", ends, []uint32{0x10, 0x11, 0x12, 0x13, 0x14}, types)
}()

func (v *plain) TL(c *tl.Codec) {
	c.Begin(0x12, "plain")
	c.String(&v.Text)
}

func (*circle) isShape() {}
func (*plain) isShape()  {}

func wholeCircle() *circle {
	return &circle{
		Filled: true, Centre: dot{X: 1, Y: -1}, Name: tl.Some("n"), Key: tl.Some(tl.Int128{15: 7}),
		Around: &plain{Text: "around"}, Within: &circle{Parts: []shape{}},
		Parts: []shape{&plain{Text: "part"}, &circle{Parts: []shape{}, Name: tl.Some("")}},
		Dots:  []dot{{X: 2}, {Y: 3}}, Bare: []dot{{X: 4}},
	}
}

// R-TL-23 to R-TL-27: what a table describes is written as code would write it.
func TestTable(t *testing.T) {
	for want, v := range map[string]tl.Object{
		"\x10\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff": &dot{X: 1, Y: -1},
		"\x11\x00\x00\x00\x21\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
			"\x15\xc4\xb5\x1c\x00\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00\x06\x00\x00\x00": &circle{
			Filled: true, Parts: []shape{}, Bare: []dot{{X: 5, Y: 6}}},
		"\x20\x00\x00\x00\x12\x00\x00\x00\x01a\x00\x00": &draw{What: &plain{Text: "a"}},
	} {
		p, err := tl.Marshal(v)
		if err != nil || string(p) != want {
			t.Errorf("%+v is %x, %v; want %x", v, p, err, want)
		}
	}
	for _, v := range []tl.Object{wholeCircle(), &circle{Parts: []shape{}}, &draw{What: wholeCircle()}} {
		p, err := tl.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(v).Elem()).Interface()
		if err := tl.Unmarshal(p, back); err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%+v came back as %+v, %v", v, back, err)
		}
		for n := range p {
			if err := tl.Unmarshal(p[:n], reflect.New(reflect.TypeOf(v).Elem()).Interface()); err == nil {
				t.Errorf("%d of %d bytes pass for %+v", n, len(p), v)
			}
		}
	}
	if id := tl.TypeID(&draw{}); id != 0x20 {
		t.Errorf("id of draw is %x", id)
	}
	if shapes.Name(0) != "dot" || shapes.Name(2) != "plain" || shapes.Name(5) != "draw" {
		t.Errorf("names %s, %s, %s", shapes.Name(0), shapes.Name(2), shapes.Name(5))
	}
}

// What is missing is named, and so is what is wrong on the wire.
func TestTableErrors(t *testing.T) {
	for want, v := range map[string]tl.Object{
		"draw.what":     &draw{},
		"circle.around": &circle{Within: &circle{}},
		"circle.within": &circle{Around: &plain{}},
		"circle.parts":  &circle{Parts: []shape{nil}},
	} {
		var missing *tl.NilError
		if _, err := tl.Marshal(v); !errors.As(err, &missing) || missing.Field != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, input := range map[string]string{
		"Shape":  "\x20\x00\x00\x00\x10\x00\x00\x00",
		"draw":   "\x10\x00\x00\x00",
		"Vector": "\x11\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00",
	} {
		v := tl.Object(&draw{})
		if want == "Vector" {
			v = &circle{}
		}
		var id *tl.UnexpectedIDError
		if err := tl.Unmarshal([]byte(input), v); !errors.As(err, &id) || id.Want != want {
			t.Errorf("%x: %v, want %s", input, err, want)
		}
	}
	// R-TL-26
	bomb := []byte("\x11\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x15\xc4\xb5\x1c\xff\xff\xff\x7f")
	if err := tl.Unmarshal(bomb, &circle{}); !errors.Is(err, tl.ErrUnexpectedEnd) {
		t.Errorf("a vector of 2^31-1: %v", err)
	}
	deep := bytes.Repeat([]byte("\x11\x00\x00\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 10*tl.MaxDepth)
	if err := tl.Unmarshal(deep, &circle{}); !errors.Is(err, tl.ErrTooDeep) {
		t.Errorf("nested %d deep: %v", 10*tl.MaxDepth, err)
	}
}

// A result is read as the line of its method says.
func TestTableResult(t *testing.T) {
	input := []byte("\x15\xc4\xb5\x1c\x01\x00\x00\x00\x12\x00\x00\x00\x01a\x00\x00")
	r := tl.NewReader(input)
	var list []shape
	if r.Result(&draw{}, &list); r.Finish() != nil || !reflect.DeepEqual(list, []shape{&plain{Text: "a"}}) {
		t.Errorf("%v, %v", list, r.Err())
	}
	r = tl.NewReader(input[8:])
	var one shape
	if r.Value(&one); r.Finish() != nil || !reflect.DeepEqual(one, shape(&plain{Text: "a"})) {
		t.Errorf("%v, %v", one, r.Err())
	}
}

// What is no Object is refused, not taken for one.
func TestNoType(t *testing.T) {
	for _, v := range []any{5, "draw", draw{}, &struct{ X int32 }{}, new(int32), []shape{}} {
		if _, err := tl.Marshal(v); !errors.Is(err, tl.ErrNoType) {
			t.Errorf("%T is encoded: %v", v, err)
		}
		if err := tl.Unmarshal([]byte{1, 0, 0, 0}, v); !errors.Is(err, tl.ErrNoType) {
			t.Errorf("%T is decoded into: %v", v, err)
		}
		r := tl.NewReader([]byte{1, 0, 0, 0})
		if r.Result(v, new(bool)); !errors.Is(r.Err(), tl.ErrNoType) {
			t.Errorf("%T has a result: %v", v, r.Err())
		}
	}
	var missing *tl.NilError
	if _, err := tl.Marshal((*draw)(nil)); !errors.As(err, &missing) {
		t.Errorf("nil pointer: %v", err)
	}
}

// A value that many encode at once is only read, and plans are made by
// whoever needs them first.
func TestTableConcurrently(t *testing.T) {
	v := wholeCircle()
	want, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			first, err := tl.Marshal(&spot{X: 1})
			if got, err2 := tl.Marshal(v); err != nil || err2 != nil || !bytes.Equal(got, want) || len(first) != 12 {
				t.Errorf("%x, %v; want %x", got, errors.Join(err, err2), want)
			}
		})
	}
	running.Wait()
}

// Fixed fields are read without an allocation (the Reader is one).
func TestTableAllocations(t *testing.T) {
	p, err := tl.Marshal(&dot{X: 1, Y: 2})
	if err != nil {
		t.Fatal(err)
	}
	v := new(dot)
	r := tl.NewReader(nil)
	if n := testing.AllocsPerRun(100, func() { r.Reset(p); r.Object(v) }); n != 0 || r.Finish() != nil {
		t.Errorf("%v allocations, %v", n, r.Err())
	}
}

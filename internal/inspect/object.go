package inspect

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"godwit/internal/gz"
	"godwit/mtproto"
	"godwit/tl"
	"godwit/tl/schema"
)

// An Object is a TL value with constructor, or a method call.
type Object struct {
	Name   string // with its namespace
	ID     uint32
	Fields []Field // those that are present, flags words left out
}

// A Field is one field of an Object. Its Value is an int32, int64, float64,
// bool, string, []byte, []any of such, or *Object. A string that is not UTF-8
// is a []byte.
type Field struct {
	Name  string
	Value any
}

// inner returns the call of the given id that o is, or that its wrappers hold.
func (o *Object) inner(id uint32) *Object {
	for o != nil && o.ID != id && len(o.Fields) > 0 {
		next, _ := o.Fields[len(o.Fields)-1].Value.(*Object)
		o = next
	}
	if o == nil || o.ID != id {
		return nil
	}
	return o
}

// maxUnpacked is how many bytes the gzip_packed of one message may unpack to
// in all (R-TL-31).
const maxUnpacked = 64 << 20

// maxPackings is how many gzip_packed may lie in each other.
const maxPackings = 8

// A decoder reads TL by the schemas. The first failure sticks in the reader;
// what has been read until then is kept.
type decoder struct {
	catalog *catalog
	layer   int
	r       *tl.Reader
	budget  *int // bytes that may be unpacked yet
	packed  int  // how many gzip_packed are around what is read
	rest    []byte

	// answered finds the query of an rpc_result; nil where none is looked for.
	answered  func(mtproto.MsgID) *schema.Combinator
	method    *schema.Combinator // the innermost method that was read
	announced int                // layer of invokeWithLayer
}

var errNoConstructor = errors.New("a bare type that no schema has")

// boxed reads a value that begins with its constructor id, nil if that is not
// known.
func (d *decoder) boxed() *Object {
	if !d.r.Enter() {
		return nil
	}
	defer d.r.Leave()
	id := d.r.ID()
	if d.r.Err() != nil {
		return nil
	}
	c := d.catalog.find(id, d.layer)
	if c == nil {
		d.r.Unexpected(id, "a constructor of a known schema")
		return nil
	}
	if c.Method {
		d.method = c
	}
	o := d.fields(c)
	d.rest = d.r.Rest()
	return o
}

// fields reads what follows the id.
func (d *decoder) fields(c *schema.Combinator) *Object {
	o := &Object{Name: c.Name, ID: c.ID}
	words := make([]uint32, len(c.Params))
	for i := range c.Params {
		p := &c.Params[i]
		switch {
		case p.Type.Name == "#":
			words[i] = d.r.Uint32()
			continue
		case p.Flag != nil && words[p.Flag.Index]>>p.Flag.Bit&1 == 0:
			continue
		case p.Absorbed():
			o.Fields = append(o.Fields, Field{p.Name, true})
			continue
		}
		value := d.field(c, o, p)
		failed := d.r.Err() != nil
		if value != nil && (!failed || partial(value)) {
			o.Fields = append(o.Fields, Field{p.Name, value})
		}
		if failed {
			break
		}
	}
	return o
}

// partial reports whether a value that could not be read whole is worth
// showing: a number would be 0.
func partial(value any) bool {
	switch value.(type) {
	case *Object, []any:
		return true
	}
	return false
}

// field reads one field. Some say how to read the next.
func (d *decoder) field(c *schema.Combinator, o *Object, p *schema.Param) any {
	switch {
	case c.ID == idGzip:
		return d.unpacked(schema.Type{Name: "Object"})
	case c.ID == idRPCResult && p.Name == "result":
		return d.result(o)
	}
	value := d.value(&p.Type)
	if n, ok := value.(int32); ok && c.ID == idWithLayer && p.Name == "layer" {
		d.layer, d.announced = int(n), int(n)
	}
	return value
}

// result reads what a query has returned, by its type if the query is known.
func (d *decoder) result(answer *Object) any {
	id, _ := answer.Fields[0].Value.(int64)
	var query *schema.Combinator
	if d.answered != nil {
		query = d.answered(mtproto.MsgID(id))
	}
	if query == nil || d.r.PeekID() == idRPCError || query.Result.Bang || query.Generic != "" {
		return d.value(&schema.Type{Name: "Object"})
	}
	return d.value(&query.Result)
}

// unpacked reads the content of gzip_packed, which stands for a value of type
// t.
func (d *decoder) unpacked(t schema.Type) any {
	d.r.Borrow(true)
	packed := d.r.ByteString()
	d.r.Borrow(false)
	if d.r.Err() == nil && d.packed == maxPackings {
		d.r.Fail(tl.ErrTooDeep)
	}
	if d.r.Err() != nil {
		return nil
	}
	p, err := gz.Unpack(packed, *d.budget)
	if err != nil {
		d.r.Fail(fmt.Errorf("gzip_packed: %w", err))
		return nil
	}
	*d.budget -= len(p)
	inner := *d
	inner.r, inner.packed = tl.NewReader(p), d.packed+1
	value := inner.value(&t)
	d.method, d.announced = inner.method, inner.announced
	if err := inner.r.Finish(); err != nil {
		d.r.Fail(fmt.Errorf("in gzip_packed: %w", err))
	}
	return value
}

// value reads a value of a type.
func (d *decoder) value(t *schema.Type) any {
	switch t.Name {
	case "int":
		return d.r.Int()
	case "long":
		return d.r.Long()
	case "double":
		return d.r.Double()
	case "int128":
		v := d.r.Int128()
		return v[:]
	case "int256":
		v := d.r.Int256()
		return v[:]
	case "string":
		return text(d.r.ByteString())
	case "bytes":
		return d.r.ByteString()
	case "Bool":
		return d.r.Bool()
	case "Vector", "vector":
		return d.vector(t)
	}
	if t.Bare {
		c := d.catalog.bare(t.Name)
		if c == nil {
			d.r.Fail(fmt.Errorf("%w: %s", errNoConstructor, t))
			return nil
		}
		return d.fields(c)
	}
	return d.class()
}

// text is a string, or bytes where it is none.
func text(p []byte) any {
	if utf8.Valid(p) {
		return string(p)
	}
	return p
}

// class reads a boxed value of any type: what stands there has to tell.
func (d *decoder) class() any {
	switch d.r.PeekID() {
	case tl.IDBoolTrue, tl.IDBoolFalse:
		return d.r.Bool()
	case tl.IDVector:
		d.r.ID()
		return d.guessed()
	}
	if o := d.boxed(); o != nil {
		return o
	}
	return nil
}

// vector reads a vector, which can be packed where a boxed one is wanted.
func (d *decoder) vector(t *schema.Type) any {
	if !t.Bare {
		if d.r.PeekID() == idGzip {
			d.r.ID()
			return &Object{Name: "gzip_packed", ID: idGzip, Fields: []Field{{"packed_data", d.unpacked(*t)}}}
		}
		d.r.Expect(tl.IDVector, "Vector")
	}
	list := []any{}
	if !d.r.Enter() {
		return list
	}
	defer d.r.Leave()
	for range d.r.Count(4) {
		v := d.value(t.Elem)
		failed := d.r.Err() != nil
		if v != nil && (!failed || partial(v)) {
			list = append(list, v)
		}
		if failed {
			break
		}
	}
	return list
}

// guessed reads a vector, after its id, of which the type of the elements is
// not known: the answer to a query that the capture lacks.
func (d *decoder) guessed() any {
	elem := schema.Type{Name: "Object"}
	ahead := *d.r
	n := ahead.Count(4)
	if n > 0 && d.catalog.find(ahead.PeekID(), d.layer) == nil {
		switch ahead.Remaining() {
		case 4 * n:
			elem.Name = "int"
		case 8 * n:
			elem.Name = "long"
		}
	}
	return d.vector(&schema.Type{Name: "vector", Bare: true, Elem: &elem})
}

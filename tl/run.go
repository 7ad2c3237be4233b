package tl

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// This file follows plans. It reads and writes fields through pointers made of
// a struct's address and the offset that reflect gives, as the types that
// reflect says they have.

// maxWords is how many flags words a constructor has at most.
const maxWords = 4

// TL encodes or decodes v, whose number is n.
func (t *Table) TL(c *Codec, v any, n int) {
	value := reflect.ValueOf(v)
	p, ok := t.plans[n].Load().(*plan)
	if !ok {
		p = t.plan(n, value.Type().Elem())
	}
	c.Begin(p.id, p.name)
	if c.asking {
		c.number = n
		return
	}
	t.run(c, p, value.UnsafePointer())
}

// Result decodes the result of a method into what v points to.
func (t *Table) Result(r *Reader, method Object, v any) {
	b := Buffer{asking: true, number: -1}
	b.Object(method)
	if b.number < 0 {
		r.Fail(fmt.Errorf("%T has no result: %w", method, errors.ErrUnsupported))
		return
	}
	value := reflect.ValueOf(v)
	t.code((*Codec)(r), t.result(b.number, value.Type().Elem()), value.UnsafePointer())
}

// Value decodes a boxed value into what v points to: an interface that stands
// for a class, or a pointer to a struct.
func (t *Table) Value(r *Reader, v any) {
	value := reflect.ValueOf(v)
	a := t.action(value.Type().Elem(), "", "value")
	t.code((*Codec)(r), &a, value.UnsafePointer())
}

// Field encodes or decodes the field of the given number of v, whose number is
// n. It must be there.
func (t *Table) Field(c *Codec, v any, n, field int) {
	value := reflect.ValueOf(v)
	a := &t.plan(n, value.Type().Elem()).actions[field]
	t.code(c, a, unsafe.Add(value.UnsafePointer(), a.offset))
}

// run follows a plan for the struct at base.
func (t *Table) run(c *Codec, p *plan, base unsafe.Pointer) {
	if !c.Enter() {
		c.Leave()
		return
	}
	var words [maxWords]uint32
	for i := range p.actions {
		a := &p.actions[i]
		switch {
		case a.kind == flagsWord:
			if !c.decoding {
				words[a.word] = p.flags(a.word, base)
			}
			c.Flags(&words[a.word])
		case a.mask == 0 || words[a.word]&a.mask != 0:
			t.code(c, a, unsafe.Add(base, a.offset))
		}
	}
	c.Leave()
}

// flags returns a flags word of the struct at base.
func (p *plan) flags(word uint8, base unsafe.Pointer) (flags uint32) {
	for i := range p.actions {
		if a := &p.actions[i]; a.mask != 0 && a.word == word && a.there(unsafe.Add(base, a.offset)) {
			flags |= a.mask
		}
	}
	return flags
}

// there reports whether a conditional field has a value.
func (a *action) there(at unsafe.Pointer) bool {
	switch {
	case a.optional:
		return *(*bool)(unsafe.Add(at, a.size))
	case a.kind == trueFlag:
		return *(*bool)(at)
	}
	// Pointers, slices and interfaces begin with a word that is nil when they are.
	return *(*unsafe.Pointer)(at) != nil
}

// code encodes or decodes the field at a place.
func (t *Table) code(c *Codec, a *action, at unsafe.Pointer) {
	switch a.kind {
	case trueFlag:
		if c.decoding {
			*(*bool)(at) = true
		}
		return
	case intField:
		c.Int((*int32)(at))
	case longField:
		c.Long((*int64)(at))
	case doubleField:
		c.Double((*float64)(at))
	case boolField:
		c.Bool((*bool)(at))
	case stringField:
		c.String((*string)(at))
	case bytesField:
		c.ByteString((*[]byte)(at))
	case rawField:
		c.fixed(unsafe.Slice((*byte)(at), a.typ.Size()))
	case restField:
		c.Rest((*[]byte)(at))
	case intsField:
		c.Ints((*[]int32)(at))
	case longsField:
		c.Longs((*[]int64)(at))
	case stringsField:
		c.Strings((*[]string)(at))
	case byteStringsField:
		c.ByteStrings((*[][]byte)(at))
	case queryField:
		c.Query((*Object)(at), a.field)
	case structField:
		p := t.plan(a.n, a.typ)
		if !a.bare {
			c.Begin(p.id, p.name)
		}
		t.run(c, p, at)
	case objectField:
		reflect.NewAt(a.typ, at).Interface().(Object).TL(c)
	case pointerField:
		t.pointer(c, a, at)
	case classField:
		t.codeClass(c, a, at)
	case vectorField:
		t.vector(c, a, at)
	}
	if a.optional && c.decoding {
		*(*bool)(unsafe.Add(at, a.size)) = true
	}
}

// pointer encodes or decodes the struct that the pointer at a place points to.
func (t *Table) pointer(c *Codec, a *action, at unsafe.Pointer) {
	p := (*unsafe.Pointer)(at)
	switch {
	case c.decoding:
		*p = reflect.New(a.elem.typ).UnsafePointer()
	case *p == nil:
		c.missing(a.field)
		return
	}
	t.code(c, a.elem, *p)
}

// codeClass encodes or decodes the value of a class.
func (t *Table) codeClass(c *Codec, a *action, at unsafe.Pointer) {
	if c.decoding {
		t.decodeClass(c, a.class, at)
		return
	}
	v := reflect.NewAt(a.typ, at).Elem()
	if v.IsNil() {
		c.missing(a.field)
		return
	}
	v.Elem().Interface().(Object).TL(c)
}

func (t *Table) decodeClass(c *Codec, k *class, at unsafe.Pointer) {
	m := t.member(k, (*Reader)(c).PeekID())
	if m == nil {
		c.Unexpected(k.name())
		return
	}
	var v reflect.Value
	p := t.plan(m.n, m.typ)
	if p.small != 0 {
		v = reflect.NewAt(m.typ, c.Small(p.small))
	} else {
		v = reflect.New(m.typ)
	}
	reflect.NewAt(k.typ, at).Elem().Set(v)
	if t.coded(m.n) {
		v.Interface().(Object).TL(c)
		return
	}
	c.Begin(p.id, p.name)
	t.run(c, p, v.UnsafePointer())
}

// vector encodes or decodes a vector of structs or of values of a class.
func (t *Table) vector(c *Codec, a *action, at unsafe.Pointer) {
	v := reflect.NewAt(a.typ, at).Elem()
	n := v.Len()
	switch {
	case c.decoding && a.bare:
		n = (*Reader)(c).Count(a.least)
	case c.decoding:
		n = (*Reader)(c).Vector(a.least)
	case a.bare:
		(*Buffer)(c).Count(n)
	default:
		(*Buffer)(c).Vector(n)
	}
	if c.decoding {
		v.Set(reflect.MakeSlice(a.typ, n, n))
	}
	base, size := v.UnsafePointer(), a.elem.typ.Size()
	for i := range n {
		t.code(c, a.elem, unsafe.Add(base, uintptr(i)*size))
		if c.err != nil {
			return
		}
	}
}

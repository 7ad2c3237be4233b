package tl

import (
	"fmt"
	"reflect"
	"unsafe"
)

// This file follows plans. It reads and writes fields through pointers made of
// a struct's address and the offset that reflect gives, as the types that
// reflect says they have.

// maxWords is how many flags words a constructor has at most.
const maxWords = 4

// Object encodes v or decodes into it, boxed.
func (c *Codec) Object(v Object) {
	if o, ok := v.(Coder); ok {
		o.TL(c)
		return
	}
	if v == nil {
		(*Buffer)(c).Missing("value")
		return
	}
	value := reflect.ValueOf(v)
	switch p := planOfValue(value); {
	case p != nil:
		p.box(c, value.UnsafePointer())
	case value.Kind() == reflect.Pointer && value.IsNil():
		(*Buffer)(c).Missing("value")
	default:
		c.Fail(fmt.Errorf("%T: %w", v, ErrNoType))
	}
}

// Field appends a field of the struct that v points to, which must be there.
// The number is that of the field in the schema, flags words included. It is
// for Coders.
func (b *Buffer) Field(v Object, number int) { (*Codec)(b).field(v, number) }

// Field reads a field as Buffer.Field writes it.
func (r *Reader) Field(v Object, number int) { (*Codec)(r).field(v, number) }

func (c *Codec) field(v Object, number int) {
	value := reflect.ValueOf(v)
	a := &planOfValue(value).steps()[number]
	a.code(c, unsafe.Add(value.UnsafePointer(), a.offset))
}

// Result reads the result of a method into what v points to.
func (r *Reader) Result(method Object, v any) {
	p := planOfValue(reflect.ValueOf(method))
	if p == nil {
		r.Fail(fmt.Errorf("result of %T: %w", method, ErrNoType))
		return
	}
	value := reflect.ValueOf(v)
	p.resultOf(value.Type().Elem()).code((*Codec)(r), value.UnsafePointer())
}

// Value reads a boxed value into what v points to: an interface that stands for
// a type with several constructors, or a pointer to a struct.
func (r *Reader) Value(v any) {
	value := reflect.ValueOf(v)
	a := newAction(value.Type().Elem(), "", "value")
	a.code((*Codec)(r), value.UnsafePointer())
}

// box encodes or decodes the struct at base with its id.
func (p *plan) box(c *Codec, base unsafe.Pointer) {
	actions := p.steps()
	c.Begin(p.id, p.name)
	if !c.asking {
		run(c, actions, base)
	}
}

// run encodes or decodes the fields of the struct at base.
func run(c *Codec, actions []action, base unsafe.Pointer) {
	c.depth++
	if c.decoding && c.depth > MaxDepth {
		c.Fail(ErrTooDeep)
	} else {
		runAll(c, actions, base)
	}
	c.depth--
}

func runAll(c *Codec, actions []action, base unsafe.Pointer) {
	var words [maxWords]uint32
	for i := range actions {
		a := &actions[i]
		switch {
		case a.kind == flagsWord:
			if !c.decoding {
				words[a.word] = flags(actions, a.word, base)
			}
			c.Flags(&words[a.word])
		case a.mask == 0 || words[a.word]&a.mask != 0:
			a.code(c, unsafe.Add(base, a.offset))
		}
	}
}

// flags returns a flags word of the struct at base.
func flags(actions []action, word uint8, base unsafe.Pointer) (flags uint32) {
	for i := range actions {
		if a := &actions[i]; a.mask != 0 && a.word == word && a.there(unsafe.Add(base, a.offset)) {
			flags |= a.mask
		}
	}
	return flags
}

// there reports whether a conditional field has a value.
func (a *action) there(at unsafe.Pointer) bool {
	switch {
	case a.optional:
		return *(*bool)(unsafe.Add(at, a.set))
	case a.kind == trueFlag:
		return *(*bool)(at)
	}
	// Pointers, slices and interfaces begin with a word that is nil when they are.
	return *(*unsafe.Pointer)(at) != nil
}

// code encodes or decodes the field at a place.
func (a *action) code(c *Codec, at unsafe.Pointer) {
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
		a.codeStruct(c, at)
	case pointerField:
		a.codePointer(c, at)
	case classField:
		a.codeClass(c, at)
	case vectorField:
		a.codeVector(c, at)
	}
	if a.optional && c.decoding {
		*(*bool)(unsafe.Add(at, a.set)) = true
	}
}

func (a *action) codeStruct(c *Codec, at unsafe.Pointer) {
	switch {
	case a.bare:
		run(c, a.plan.steps(), at)
	case a.plan.coded:
		reflect.NewAt(a.typ, at).Interface().(Coder).TL(c)
	default:
		a.plan.box(c, at)
	}
}

// codePointer encodes or decodes the struct that the pointer at a place points
// to.
func (a *action) codePointer(c *Codec, at unsafe.Pointer) {
	p := (*unsafe.Pointer)(at)
	switch {
	case c.decoding:
		*p = reflect.New(a.elem.typ).UnsafePointer()
	case *p == nil:
		(*Buffer)(c).Missing(a.field)
		return
	}
	a.elem.code(c, *p)
}

// codeClass encodes or decodes the value in the interface at a place.
func (a *action) codeClass(c *Codec, at unsafe.Pointer) {
	if c.decoding {
		a.class.decode(c, at)
		return
	}
	v := reflect.NewAt(a.typ, at).Elem()
	if v.IsNil() {
		(*Buffer)(c).Missing(a.field)
		return
	}
	c.Object(v.Elem().Interface())
}

func (k *class) decode(c *Codec, at unsafe.Pointer) {
	p := k.member((*Reader)(c).PeekID())
	if p == nil {
		r := (*Reader)(c)
		r.Unexpected(r.ID(), k.name())
		return
	}
	var v reflect.Value
	if p.small != 0 {
		v = reflect.NewAt(p.typ, (*Reader)(c).Small(p.small))
	} else {
		v = reflect.New(p.typ)
	}
	reflect.NewAt(k.typ, at).Elem().Set(v)
	if p.coded {
		v.Interface().(Coder).TL(c)
		return
	}
	p.box(c, v.UnsafePointer())
}

// codeVector encodes or decodes the slice of structs or of interfaces at a
// place.
func (a *action) codeVector(c *Codec, at unsafe.Pointer) {
	v := reflect.NewAt(a.typ, at).Elem()
	n := v.Len()
	if a.bare {
		n = c.Count(n, a.least)
	} else {
		n = c.Vector(n, a.least)
	}
	if c.decoding {
		v.Set(reflect.MakeSlice(a.typ, n, n))
	}
	base, size := v.UnsafePointer(), a.elem.typ.Size()
	for i := range n {
		a.elem.code(c, unsafe.Add(base, uintptr(i)*size))
		if c.err != nil {
			return
		}
	}
}

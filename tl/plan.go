package tl

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A kind says what is done for a field.
type kind uint8

const (
	flagsWord kind = iota
	trueFlag
	intField
	longField
	doubleField
	boolField
	stringField
	bytesField
	rawField // of a fixed size
	restField
	intsField
	longsField
	stringsField
	byteStringsField
	queryField
	structField
	pointerField // to a struct
	classField
	vectorField
)

// An action is what is done for a field.
type action struct {
	kind     kind
	word     uint8  // which flags word the mask is of; of a flags word, which it is
	optional bool   // the field is an Optional
	bare     bool   // its struct has no id before it, its vector none before the length
	mask     uint32 // 0 for a field that must be there
	offset   uintptr
	set      uintptr      // in an Optional: where Set comes
	typ      reflect.Type // of the field
	field    string       // constructor.field, for errors

	plan  *plan // of a struct
	class *class
	elem  *action // of what a pointer or vector holds
	least int     // bytes that an element of a vector takes
}

// kinds are those of the types in Go that say all. A bool is a Bool unless it
// is a flag, bytes are bytes unless they are the rest of the input.
var kinds = map[reflect.Type]kind{
	reflect.TypeFor[int32]():    intField,
	reflect.TypeFor[int64]():    longField,
	reflect.TypeFor[float64]():  doubleField,
	reflect.TypeFor[bool]():     boolField,
	reflect.TypeFor[string]():   stringField,
	reflect.TypeFor[[]byte]():   bytesField,
	reflect.TypeFor[Int128]():   rawField,
	reflect.TypeFor[Int256]():   rawField,
	reflect.TypeFor[[]int32]():  intsField,
	reflect.TypeFor[[]int64]():  longsField,
	reflect.TypeFor[[]string](): stringsField,
	reflect.TypeFor[[][]byte](): byteStringsField,
	reflect.TypeFor[Object]():   queryField,
}

// steps returns what is done for a struct, one field after the other.
func (p *plan) steps() []action {
	p.read.Do(p.readLine)
	return p.actions
}

// readLine makes a plan of a line. That it cannot is a mistake of whoever
// wrote the table.
func (p *plan) readLine() {
	line, _, _ := strings.Cut(p.line, " = ")
	tokens := strings.Fields(line)
	name, id, _ := strings.Cut(tokens[0], "#")
	number, err := strconv.ParseUint(id, 16, 32)
	if err != nil {
		panic(fmt.Sprintf("tl: table: %q: %v", line, err))
	}
	p.id, p.name = uint32(number), name
	var words []string
	next := 0
	if p.typ.NumField() > 0 && p.typ.Field(0).Name == "_" {
		next = 1
	}
	for _, token := range tokens[1:] {
		field, tl, _ := strings.Cut(token, ":")
		if tl == "#" {
			p.actions = append(p.actions, action{kind: flagsWord, word: uint8(len(words))})
			words = append(words, field)
			continue
		}
		f := p.typ.Field(next)
		next++
		flag, rest, conditional := strings.Cut(tl, "?")
		if !conditional {
			rest = tl
		}
		a := newAction(f.Type, rest, name+"."+field)
		a.offset = f.Offset
		if conditional {
			word, bit, _ := strings.Cut(flag, ".")
			shift, err := strconv.Atoi(bit)
			a.word, a.mask = uint8(slices.Index(words, word)), 1<<shift
			if err != nil || int(a.word) >= len(words) {
				panic(fmt.Sprintf("tl: table: %s in %q", token, line))
			}
		}
		p.actions = append(p.actions, a)
	}
}

// newAction returns what is done for a field of the given types in Go and TL.
func newAction(typ reflect.Type, tl, field string) action {
	a := action{typ: typ, field: field}
	if kind, ok := kinds[typ]; ok {
		a.kind = kind
		switch tl {
		case "true":
			a.kind = trueFlag
		case "Object":
			a.kind = restField
		}
		return a
	}
	switch typ.Kind() {
	case reflect.Struct:
		if typ.NumField() == 2 && typ.Field(1).Name == "Set" { // an Optional
			a = newAction(typ.Field(0).Type, tl, field)
			a.optional, a.set = true, typ.Field(1).Offset
			return a
		}
		a.kind, a.plan, a.bare = structField, planOf(typ), strings.HasPrefix(tl, "%")
		if a.plan != nil {
			return a
		}
	case reflect.Pointer:
		elem := newAction(typ.Elem(), tl, field)
		a.kind, a.elem = pointerField, &elem
		return a
	case reflect.Interface:
		a.kind, a.class = classField, classOf(typ)
		return a
	case reflect.Slice:
		size, rest, _ := strings.Cut(strings.TrimSuffix(tl[min(len(tl), len("Vector<")):], ">"), "*")
		elem := newAction(typ.Elem(), rest, field)
		least, err := strconv.Atoi(size)
		if err == nil {
			a.kind, a.bare, a.elem, a.least = vectorField, tl[0] == 'v', &elem, least
			return a
		}
	}
	panic(fmt.Sprintf("tl: table: %s cannot be %v for %q", field, typ, tl))
}

// resultOf returns what is done for the result of a method.
func (p *plan) resultOf(typ reflect.Type) *action {
	if a, ok := p.result.Load(typ); ok {
		return a.(*action)
	}
	_, tl, _ := strings.Cut(p.line, " = ")
	a := newAction(typ, tl, p.line[:strings.IndexByte(p.line, '#')])
	p.result.Store(typ, &a)
	return &a
}

package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// An Error says what is wrong with a schema file and where.
type Error struct {
	File   string
	Line   int // from 1
	Column int // in bytes, from 1
	Cause  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Cause)
}

// Parse parses a schema. The name is the file's, for errors, which are of
// type *Error. Strings of the result share the memory of src.
//
// Every type that a field uses must be declared in src or be built in, so that
// a slip of the pen is found here and not on the wire.
func Parse(name, src string) (_ *Schema, err error) {
	p := &parser{
		file: name, src: src, line: 1,
		schema: &Schema{
			constructors: make(map[string]*Combinator),
			methods:      make(map[string]*Combinator),
			ids:          make(map[uint32]*Combinator),
			types:        make(map[string][]*Combinator),
		},
	}
	defer func() {
		// The parser gives up by panicking with its error.
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	p.skip()
	for p.pos < len(p.src) {
		p.declaration()
		p.skip()
	}
	p.resolve()
	return p.schema, nil
}

// A parser reads a schema from front to back, one declaration at a time.
type parser struct {
	file   string
	src    string
	pos    int
	schema *Schema

	methods bool // after ---functions---
	params  []Param
	used    []usedType // to be resolved at the end

	line, lineAt int // the number of the line that holds offset lineAt
}

// A usedType is a type that must turn out to be declared.
type usedType struct {
	name string
	bare bool
	at   int
}

// fail ends the parse with an error at an offset.
func (p *parser) fail(at int, format string, args ...any) {
	before := p.src[:at]
	panic(&Error{
		File:   p.file,
		Line:   strings.Count(before, "\n") + 1,
		Column: at - strings.LastIndexByte(before, '\n'),
		Cause:  fmt.Sprintf(format, args...),
	})
}

// skip passes over white space and comments.
func (p *parser) skip() {
	for p.pos < len(p.src) {
		rest := p.src[p.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t' || rest[0] == '\r':
			p.pos++
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			p.comment(rest[:end])
			p.pos += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				p.fail(p.pos, "comment is not closed")
			}
			p.pos += end + 4
		default:
			return
		}
	}
}

// comment takes the layer from a comment such as "// LAYER 229".
func (p *parser) comment(text string) {
	const word = "layer "
	at := strings.Index(strings.ToLower(text), word)
	if at < 0 || p.schema.Layer != 0 {
		return
	}
	digits := text[at+len(word):]
	end := 0
	for end < len(digits) && isDigit(digits[end]) {
		end++
	}
	p.schema.Layer, _ = strconv.Atoi(digits[:end])
}

// peek returns the byte at the current position, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// accept skips one byte if it is c.
func (p *parser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) expect(c byte, where string) {
	if !p.accept(c) {
		p.fail(p.pos, "expected %q %s, found %s", c, where, p.found())
	}
}

// found describes what stands at the current position.
func (p *parser) found() string {
	switch c := p.peek(); c {
	case 0:
		return "the end of the file"
	case '\n':
		return "the end of the line"
	default:
		return strconv.QuoteRune(rune(c))
	}
}

// declaration reads a section marker or one combinator.
func (p *parser) declaration() {
	if strings.HasPrefix(p.src[p.pos:], "---") {
		p.section()
		return
	}
	start := p.pos
	p.line += strings.Count(p.src[p.lineAt:start], "\n")
	p.lineAt = start
	c := &Combinator{Method: p.methods, Line: p.line}
	c.Name = p.name("the name of a constructor or method")
	if isUpper(baseName(c.Name)[0]) {
		p.fail(start, "%s must begin with a lower-case letter", c.Name)
	}
	if p.accept('#') {
		c.ID, c.HasID = p.id(), true
	}
	p.fields(c)
	p.skip()
	resultAt := p.pos
	c.Result = p.application(c)
	p.checkResult(c, resultAt)
	p.skip()
	p.expect(';', "after the result type")
	if !c.HasID {
		c.ID = c.CRC()
	}
	p.add(c, start)
}

func (p *parser) section() {
	for _, mark := range []string{"---types---", "---functions---"} {
		if strings.HasPrefix(p.src[p.pos:], mark) {
			p.pos += len(mark)
			p.methods = mark == "---functions---"
			return
		}
	}
	p.fail(p.pos, "expected ---types--- or ---functions---")
}

// id reads 1 to 8 hex digits.
func (p *parser) id() uint32 {
	start := p.pos
	for isHex(p.peek()) {
		p.pos++
	}
	digits := p.src[start:p.pos]
	if len(digits) == 0 || len(digits) > 8 || isNamePart(p.peek()) {
		p.fail(start, "an id has 1 to 8 hexadecimal digits")
	}
	id, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		p.fail(start, "%v", err)
	}
	return uint32(id)
}

// fields reads all that stands between the id and the result type, and the
// equals sign.
func (p *parser) fields(c *Combinator) {
	p.params = p.params[:0]
	for {
		p.skip()
		switch p.peek() {
		case '=':
			p.pos++
			c.Params = append([]Param(nil), p.params...)
			return
		case '{':
			p.generic(c)
		case '?', '#', '[', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			p.builtin(c)
		default:
			p.field(c)
		}
	}
}

// generic reads {X:Type}.
func (p *parser) generic(c *Combinator) {
	at := p.pos
	p.pos++
	p.skip()
	name := p.name("the name of a generic parameter")
	p.skip()
	p.expect(':', "after the generic parameter")
	p.skip()
	if typeAt := p.pos; p.name("Type") != "Type" {
		p.fail(typeAt, "a generic parameter must be of type Type")
	}
	p.skip()
	p.expect('}', "after the generic parameter")
	if c.Generic != "" {
		p.fail(at, "%s has a second generic parameter", c.Name)
	}
	c.Generic = name
}

// builtin reads a body without named fields, as those of int, vector and
// int128 (R-TL-08). Such a declaration describes what the encoding knows.
func (p *parser) builtin(c *Combinator) {
	if len(p.params) > 0 {
		p.fail(p.pos, "field without a name")
	}
	end := strings.IndexAny(p.src[p.pos:], "=;")
	if end < 0 || p.src[p.pos+end] != '=' {
		p.fail(p.pos, "expected '=' after the body of %s", c.Name)
	}
	c.Builtin = strings.Join(strings.Fields(p.src[p.pos:p.pos+end]), " ")
	p.pos += end
}

// field reads name:Type or name:flags.N?Type.
func (p *parser) field(c *Combinator) {
	start := p.pos
	if !isLetter(p.peek()) && p.peek() != '_' {
		p.fail(p.pos, "expected a field or '=', found %s", p.found())
	}
	field := Param{Name: p.identifier()}
	for i := range p.params {
		if p.params[i].Name == field.Name {
			p.fail(start, "field %s is declared twice", field.Name)
		}
	}
	p.expect(':', "after the name of a field")
	field.Flag = p.condition()
	typeAt := p.pos
	field.Type = p.typ(c)
	if field.Flag != nil && (field.Type.Name == "#" || field.Type.Bang) {
		p.fail(typeAt, "%s cannot be conditional", field.Type)
	}
	if field.Flag == nil && field.Type.Name == "true" {
		p.fail(typeAt, "true must be conditional")
	}
	if next := p.peek(); isNamePart(next) || next == ':' || next == '?' || next == '#' {
		p.fail(p.pos, "unexpected %s after the type of field %s", p.found(), field.Name)
	}
	p.params = append(p.params, field)
}

// condition reads "flags.N?" if that is what comes next.
func (p *parser) condition() *FlagRef {
	start := p.pos
	if !isLetter(p.peek()) {
		return nil
	}
	name := p.identifier()
	if p.peek() != '.' || p.pos+1 >= len(p.src) || !isDigit(p.src[p.pos+1]) {
		if p.peek() == '?' {
			p.fail(p.pos, "a condition needs a bit, as in %s.0?", name)
		}
		p.pos = start
		return nil
	}
	p.pos++
	bitAt := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	bit, err := strconv.Atoi(p.src[bitAt:p.pos])
	if err != nil || bit > 31 {
		p.fail(bitAt, "bit must be 0 to 31")
	}
	p.expect('?', "after the bit")
	for i := range p.params {
		if p.params[i].Name == name && p.params[i].Type.Name == "#" {
			return &FlagRef{Field: name, Index: i, Bit: bit}
		}
	}
	p.fail(start, "no field %s:# stands before its use", name)
	return nil
}

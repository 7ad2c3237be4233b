package schema

import "strings"

// maxNesting bounds how deeply type expressions nest.
const maxNesting = 8

// typ reads the type expression of a field.
func (p *parser) typ(c *Combinator) Type {
	start := p.pos
	t := p.nested(c, 0)
	p.checkVector(&t, start)
	return t
}

func (p *parser) nested(c *Combinator, depth int) Type {
	start := p.pos
	if depth > maxNesting {
		p.fail(start, "type is nested too deeply")
	}
	if p.accept('#') {
		return Type{Name: "#", Bare: true}
	}
	if p.accept('!') {
		name := p.name("a generic parameter after '!'")
		if name != c.Generic {
			p.fail(start, "!%s needs {%s:Type}", name, name)
		}
		return Type{Name: name, Bang: true}
	}
	bare := p.accept('%')
	if p.accept('(') {
		p.skip()
		t := p.apply(c, depth+1)
		p.skip()
		p.expect(')', "to close the parenthesis")
		if bare {
			p.makeBare(&t)
		}
		return t
	}
	t := p.simple(c)
	if p.accept('<') {
		p.skip()
		t.Elem = p.element(c, &t, start, depth)
		p.skip()
		p.expect('>', "after the element type")
	}
	if bare {
		p.makeBare(&t)
	}
	p.use(c, &t, start)
	return t
}

// simple reads a name and makes a type of it.
func (p *parser) simple(c *Combinator) Type {
	name := p.name("a type")
	return Type{Name: name, Bare: !isUpper(baseName(name)[0]) && name != c.Generic}
}

// application reads a type that may be applied by mere juxtaposition, as in
// "Vector t": so it stands in results and in parentheses.
func (p *parser) application(c *Combinator) Type { return p.apply(c, 0) }

func (p *parser) apply(c *Combinator, depth int) Type {
	start := p.pos
	t := p.nested(c, depth)
	p.skip()
	if next := p.peek(); t.Elem == nil && isVector(t.Name) && (isLetter(next) || next == '%' || next == '(') {
		t.Elem = p.element(c, &t, start, depth)
	}
	p.checkVector(&t, start)
	return t
}

func (p *parser) checkVector(t *Type, at int) {
	if t.Elem == nil && isVector(t.Name) {
		p.fail(at, "%s needs an element type", t.Name)
	}
}

func (p *parser) element(c *Combinator, t *Type, start, depth int) *Type {
	if !isVector(t.Name) {
		p.fail(start, "%s takes no parameter, only Vector and vector do", t.Name)
	}
	elemAt := p.pos
	elem := p.nested(c, depth+1)
	p.checkVector(&elem, elemAt)
	if elem.Bang || elem.Name == "#" || elem.Name == "true" {
		p.fail(start, "a vector cannot hold %s", elem)
	}
	return &elem
}

// makeBare is what % does (R-TL-03).
func (p *parser) makeBare(t *Type) {
	t.Bare = true
	if t.Name == "Vector" {
		t.Name = "vector"
	}
}

func isVector(name string) bool { return name == "Vector" || name == "vector" }

// builtinTypes are the types that need no declaration.
var builtinTypes = map[string]bool{
	"int": true, "long": true, "double": true, "string": true, "bytes": true,
	"int128": true, "int256": true, "true": true, "Bool": true, "Object": true,
	"Int": true, "Long": true, "Double": true, "String": true, "Bytes": true,
}

// use notes a type that the schema has to declare.
func (p *parser) use(c *Combinator, t *Type, at int) {
	switch {
	case builtinTypes[t.Name] || t.Name == c.Generic:
	case isVector(t.Name):
	default:
		p.used = append(p.used, usedType{t.Name, t.Bare, at})
	}
}

// checkResult checks the result type and, for a constructor, forgets that it
// was used: it is what declares the type.
func (p *parser) checkResult(c *Combinator, at int) {
	if n := len(p.used); n > 0 && p.used[n-1].at == at {
		// A method's result may be a type that is never written, as HttpWait.
		p.used = p.used[:n-1]
	}
	t := &c.Result
	switch {
	case t.Name == c.Generic && c.Method:
	case t.Bare || t.Bang:
		p.fail(at, "%s cannot be a result: a boxed type must", t)
	case !c.Method && t.Elem != nil && c.Builtin == "":
		p.fail(at, "a constructor cannot be of type %s", t)
	}
}

// add enters a declaration into the schema.
func (p *parser) add(c *Combinator, at int) {
	s, names := p.schema, p.schema.constructors
	if c.Method {
		names = s.methods
	}
	if names[c.Name] != nil {
		p.fail(at, "%s is declared twice, first on line %d", c.Name, names[c.Name].Line)
	}
	if other := s.ids[c.ID]; other != nil {
		p.fail(at, "%s has the id %08x of %s on line %d", c.Name, c.ID, other.Name, other.Line)
	}
	names[c.Name], s.ids[c.ID] = c, c
	if c.Method {
		s.Methods = append(s.Methods, c)
		return
	}
	s.Constructors = append(s.Constructors, c)
	s.types[c.Result.Name] = append(s.types[c.Result.Name], c)
}

// resolve checks that the types in use are declared.
func (p *parser) resolve() {
	for _, u := range p.used {
		declared := p.schema.types[u.name]
		switch {
		case declared == nil && p.schema.constructors[u.name] == nil:
			p.fail(u.at, "type %s is not declared", u.name)
		case u.bare && len(declared) > 1:
			p.fail(u.at, "%s has %d constructors, so it cannot be bare", u.name, len(declared))
		}
	}
}

// name reads an identifier that may have a namespace.
func (p *parser) name(what string) string {
	start := p.pos
	if !isLetter(p.peek()) {
		p.fail(start, "expected %s, found %s", what, p.found())
	}
	p.identifier()
	if p.peek() == '.' {
		p.pos++
		if !isLetter(p.peek()) {
			p.fail(p.pos, "expected a name after the namespace, found %s", p.found())
		}
		p.identifier()
		if p.peek() == '.' {
			p.fail(p.pos, "a name has one namespace at most")
		}
	}
	return p.src[start:p.pos]
}

// identifier reads letters, digits and underscores.
func (p *parser) identifier() string {
	start := p.pos
	for isNamePart(p.peek()) {
		p.pos++
	}
	return p.src[start:p.pos]
}

// baseName returns a name without its namespace.
func baseName(name string) string { return name[strings.IndexByte(name, '.')+1:] }

func isUpper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isLetter(c byte) bool   { return isUpper(c) || c >= 'a' && c <= 'z' }
func isNamePart(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
func isHex(c byte) bool      { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

package main

// writeCombinator writes the struct of a constructor or method and its methods.
func (g *generator) writeCombinator(w *writer, c *combinator) {
	w.printf("// %s is %s#%08x.\ntype %s struct {\n", c.name, c.Name, c.ID, c.name)
	if g.incomparable(c) {
		w.line("_ tl.Incomparable\n")
	}
	for i := range c.fields {
		if f := &c.fields[i]; f.typ.kind != kindFlags {
			w.line(f.name, " ", f.goType())
		}
	}
	w.line("}\n")
	if c.Method && g.api && c.result.name+c.result.tl != "" {
		w.printf("func (*%s) Returns(%s) {}\n\n", c.name, resultType(&c.result))
	}
}

// incomparable reports whether structs of c are to be told not to be compared:
// in the API, those that hold more than numbers. Those with slices are not
// anyway.
func (g *generator) incomparable(c *combinator) bool {
	more := false
	for i := range c.fields {
		switch f := &c.fields[i]; f.typ.tl {
		case "#", "true":
		case "int", "long", "int128", "int256", "Bool":
			more = more || f.flag != nil
		case "bytes":
			return false
		default:
			if f.typ.kind == kindVector {
				return false
			}
			more = true
		}
	}
	return more && g.api
}

// resultType returns the Go type of a method's result.
func resultType(t *goType) string {
	if t.kind == kindStruct {
		return "*" + t.name
	}
	return fieldType(t)
}

// goType returns the Go type of a field.
func (f *field) goType() string {
	t := fieldType(&f.typ)
	switch {
	case f.flag == nil:
		return t
	case f.typ.kind == kindScalar && f.typ.name != "[]byte":
		return "tl.Optional[" + t + "]"
	case f.typ.kind == kindStruct:
		return "*" + t
	}
	return t
}

// fieldType returns the Go type of a value that is there.
func fieldType(t *goType) string {
	switch t.kind {
	case kindClass:
		return t.name + "Class"
	case kindVector:
		return "[]" + fieldType(t.elem)
	}
	return t.name
}

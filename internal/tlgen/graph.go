package main

// measure works out the least wire size of every boxed type: what bounds the
// length of a vector before memory is set aside for it. The sizes start at 4
// and grow until nothing changes, or enough rounds have been made: every round
// leaves sizes that hold.
func (m *model) measure() {
	for name := range m.byType {
		m.sizes[name] = 4
	}
	changed := true
	for round := 0; changed && round < 32; round++ {
		changed = false
		for name, list := range m.byType {
			least := m.bodySize(list[0])
			for _, c := range list[1:] {
				least = min(least, m.bodySize(c))
			}
			if least+4 > m.sizes[name] {
				m.sizes[name] = least + 4
				changed = true
			}
		}
	}
}

// bodySize returns the least size of the fields of c.
func (m *model) bodySize(c *combinator) int {
	size := 0
	for i := range c.fields {
		if f := &c.fields[i]; f.flag == nil {
			size += m.size(&f.typ)
		}
	}
	return size
}

// size returns the least wire size of a value of type t.
func (m *model) size(t *goType) int {
	switch t.kind {
	case kindScalar:
		return wireSizes[t.tl]
	case kindFlags, kindQuery:
		return 4
	case kindVector:
		if t.bare {
			return 4
		}
		return 8
	case kindClass:
		return m.sizes[t.tl]
	case kindStruct:
		if t.bare {
			return m.bodySize(m.byName[t.tl])
		}
		return m.sizes[m.byName[t.tl].Result.Name]
	}
	return 0
}

// findCycles marks where decoding counts the depth: at every class that can
// hold itself, and at the structs that can without passing through a class.
func (m *model) findCycles() {
	for _, c := range m.classes {
		c.guard = m.holds(c.tl, c.tl, false)
	}
	for _, c := range m.constructors {
		if !c.class {
			c.guard = m.holds(c.Result.Name, c.Result.Name, true)
		}
	}
}

// holds reports whether a value of type from can hold one of type to, directly
// or through others; through structs only, if structs is set.
func (m *model) holds(from, to string, structs bool) bool {
	seen := map[string]bool{}
	var visit func(name string) bool
	visit = func(name string) bool {
		for _, c := range m.byType[name] {
			for i := range c.fields {
				t := &c.fields[i].typ
				if t.kind == kindVector {
					t = t.elem
				}
				next := t.tl
				switch {
				case t.kind == kindStruct:
					next = m.byName[t.tl].Result.Name
				case t.kind != kindClass || structs:
					continue
				}
				if next == to {
					return true
				}
				if !seen[next] {
					seen[next] = true
					if visit(next) {
						return true
					}
				}
			}
		}
		return false
	}
	return visit(from)
}

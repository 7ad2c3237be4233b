package layer

import (
	"slices"
	"strings"
	"sync"

	"godwit/tl"
)

// Layers returns the layers whose schema is known, in rising order. Layers
// between them are served by the next lower one.
func Layers() []int { return slices.Clone(known()) }

// tables holds a lazily parsed table for each known layer.
var tables sync.Map // int → func() *table

func tableOf(layer int) *table {
	v, ok := tables.Load(layer)
	if !ok {
		v, _ = tables.LoadOrStore(layer, sync.OnceValue(func() *table { return load(layer) }))
	}
	return v.(func() *table)()
}

// pairs holds a *pair for each [2]*table in use.
var pairs sync.Map

// pairOf returns the pair for two layers, each served by the highest known
// layer that is not above it.
func pairOf(from, to int) (*pair, error) {
	f, err := resolve(from)
	if err != nil {
		return nil, err
	}
	t, err := resolve(to)
	if err != nil {
		return nil, err
	}
	key := [2]*table{f, t}
	v, ok := pairs.Load(key)
	if !ok {
		v, _ = pairs.LoadOrStore(key, &pair{from: f, to: t, lenient: f.layer == Latest})
	}
	return v.(*pair), nil
}

func resolve(layer int) (*table, error) {
	all := known()
	i, found := slices.BinarySearch(all, layer)
	if !found {
		i--
	}
	if i < 0 {
		return nil, &UnsupportedError{Layer: layer}
	}
	return tableOf(all[i]), nil
}

// anyLayer finds the constructor or method with an id that the given layer
// lacks in the nearest layer that has it, newer ones first. It returns nil if
// there is none.
func anyLayer(id uint32, layer int) *ctor {
	all := known()
	i, found := slices.BinarySearch(all, layer)
	if !found {
		return nil
	}
	for _, newer := range all[i+1:] {
		if c := tableOf(newer).byID[id]; c != nil {
			return c
		}
	}
	for _, older := range slices.Backward(all[:i]) {
		if c := tableOf(older).byID[id]; c != nil {
			return c
		}
	}
	return nil
}

// zero returns the wire form of "no value" of type t.
func (t *table) zero(of *typ) ([]byte, bool) {
	switch of.kind {
	case kindInt, kindFlags, kindBareVector:
		return make([]byte, 4), true
	case kindBytes:
		return make([]byte, 4), true
	case kindLong, kindDouble:
		return make([]byte, 8), true
	case kindInt128:
		return make([]byte, 16), true
	case kindInt256:
		return make([]byte, 32), true
	case kindBool:
		var b tl.Buffer
		b.Bool(false)
		return b.Bytes(), true
	case kindVector:
		var b tl.Buffer
		b.Vector(0)
		return b.Bytes(), true
	case kindClass:
		p := t.defaults[of.class]
		return p, p != nil
	}
	return nil, false
}

// fillDefaults finds the value of each type that means the least: a
// constructor whose name says so, else the shortest. Types are done when all
// that they need is.
func (t *table) fillDefaults() {
	for grown := true; grown; {
		grown = false
		for _, class := range t.order {
			if t.defaults[class] != nil {
				continue
			}
			if p := t.leastOf(t.classes[class]); p != nil {
				t.defaults[class] = p
				grown = true
			}
		}
	}
}

func (t *table) leastOf(ctors []*ctor) []byte {
	var best []byte
	named := false
	for _, c := range ctors {
		p := t.bare(c)
		if p == nil {
			continue
		}
		says := slices.ContainsFunc(zeroSuffixes, func(s string) bool { return strings.HasSuffix(c.name, s) })
		if best == nil || says && !named || says == named && len(p) < len(best) {
			best, named = p, says
		}
	}
	return best
}

// bare encodes c without any optional field, nil if a type that it needs has
// no default.
func (t *table) bare(c *ctor) []byte {
	var b tl.Buffer
	b.ID(c.id)
	for i := range c.fields {
		f := &c.fields[i]
		if f.optional {
			continue
		}
		p, ok := t.zero(&f.typ)
		if !ok {
			return nil
		}
		b.Raw(p)
	}
	return b.Bytes()
}

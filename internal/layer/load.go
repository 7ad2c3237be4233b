package layer

import (
	"fmt"
	"slices"
	"sync"

	api "godwit/schema"
	"godwit/schema/layers"
	"godwit/tl/schema"
)

// known lists the layers that have a schema, in rising order.
var known = sync.OnceValue(func() []int {
	return append(slices.Clone(layers.Numbers()), Latest)
})

// load parses the schema of a known layer. The schemas are part of the
// program: one that cannot be used is a bug, which every test of this package
// finds.
func load(layer int) *table {
	text := api.API
	if layer != Latest {
		var err error
		if text, err = layers.Open(layer); err != nil {
			panic(err)
		}
	}
	parsed, err := schema.Parse(fmt.Sprintf("layer %d", layer), text)
	if err != nil {
		panic(err)
	}
	t := newTable(layer)
	for _, list := range [][]*schema.Combinator{parsed.Constructors, parsed.Methods} {
		for _, c := range list {
			if primitive[c.Result.Name] && !c.Method {
				continue
			}
			if err := t.add(convert(c)); err != nil {
				panic(err)
			}
		}
	}
	t.fillDefaults()
	return t
}

// primitive names the types that are read without looking at constructors.
var primitive = map[string]bool{"Bool": true, "True": true}

func convert(c *schema.Combinator) *ctor {
	out := &ctor{name: c.Name, id: c.ID, method: c.Method, result: typeOf(&c.Result)}
	slots := make(map[int]uint8) // place of a flags word among the fields → its slot
	for i := range c.Params {
		p := &c.Params[i]
		f := field{name: p.Name, typ: typeOf(&p.Type)}
		switch {
		case f.typ.kind == kindFlags:
			f.slot = uint8(len(slots))
			slots[i] = f.slot
			if len(slots) > maxFlags {
				panic("layer: " + c.Name + " has too many flags words")
			}
		case p.Flag != nil:
			f.optional, f.slot, f.bit = true, slots[p.Flag.Index], 1<<p.Flag.Bit
		}
		out.fields = append(out.fields, f)
	}
	return out
}

var kinds = map[string]kind{
	"#": kindFlags, "int": kindInt, "long": kindLong, "double": kindDouble,
	"int128": kindInt128, "int256": kindInt256, "string": kindBytes, "bytes": kindBytes,
	"Bool": kindBool, "true": kindTrue,
}

func typeOf(t *schema.Type) typ {
	if k, ok := kinds[t.Name]; ok {
		return typ{kind: k}
	}
	switch {
	case t.Bang:
		return typ{kind: kindQuery}
	case t.Elem != nil:
		elem := typeOf(t.Elem)
		if t.Bare {
			return typ{kind: kindBareVector, elem: &elem}
		}
		return typ{kind: kindVector, elem: &elem}
	case t.Bare:
		panic("layer: bare type " + t.Name + " is not part of the API")
	}
	return typ{kind: kindClass, class: t.Name}
}

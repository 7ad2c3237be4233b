package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	service "godwit/schema"
	"godwit/schema/layers"
	"godwit/tl/schema"
)

// A catalog finds constructors and methods by id in the schemas of the service
// messages and of all layers that are known. Ids are unique over them, so that
// an object is read in whatever layer it is; the layer decides only which of
// two layers that share an id has the names of bits.
type catalog struct {
	extra   []*schema.Schema
	service *schema.Schema
	latest  *schema.Schema
	numbers []int // of all layers, in rising order
}

func newCatalog(extra []*schema.Schema) *catalog {
	c := &catalog{extra: extra, service: serviceSchema(), latest: latestSchema()}
	c.numbers = append(layers.Numbers(), c.latest.Layer)
	return c
}

// The schemas that are part of the program, each parsed when it is first
// needed.
var (
	serviceSchema = sync.OnceValue(func() *schema.Schema { return mustParse("mtproto.tl", service.MTProto) })
	latestSchema  = sync.OnceValue(func() *schema.Schema { return mustParse("api.tl", service.API) })
	older         sync.Map // int → func() *schema.Schema
)

// mustParse parses a schema that is part of the program.
func mustParse(name, text string) *schema.Schema {
	s, err := schema.Parse(name, text)
	if err != nil {
		panic(fmt.Sprintf("inspect: schema: %v", err))
	}
	return s
}

// find returns the constructor or method of an id, nil if no schema has it. It
// looks in the given layer first, 0 for the newest, then in newer ones and then
// in older ones.
func (c *catalog) find(id uint32, layer int) *schema.Combinator {
	for _, s := range c.extra {
		if found := s.ByID(id); found != nil {
			return found
		}
	}
	if found := c.service.ByID(id); found != nil {
		return found
	}
	at := len(c.numbers) - 1
	if layer != 0 {
		// A layer between two that are known is served by the lower one.
		i, exact := slices.BinarySearch(c.numbers, layer)
		if !exact {
			i--
		}
		at = max(i, 0)
	}
	for _, n := range c.numbers[at:] {
		if found := c.layer(n).ByID(id); found != nil {
			return found
		}
	}
	for _, n := range slices.Backward(c.numbers[:at]) {
		if found := c.layer(n).ByID(id); found != nil {
			return found
		}
	}
	return nil
}

func (c *catalog) layer(n int) *schema.Schema {
	if n == c.latest.Layer {
		return c.latest
	}
	parse, ok := older.Load(n)
	if !ok {
		parse, _ = older.LoadOrStore(n, sync.OnceValue(func() *schema.Schema {
			text, err := layers.Open(n)
			if err != nil {
				panic(fmt.Sprintf("inspect: %v", err)) // Numbers lists it
			}
			return mustParse(strconv.Itoa(n)+".tl", text)
		}))
	}
	return parse.(func() *schema.Schema)()
}

// bare returns the constructor of a bare type.
func (c *catalog) bare(name string) *schema.Combinator {
	for _, s := range append(slices.Clone(c.extra), c.service, c.latest) {
		if found := s.Constructor(name); found != nil {
			return found
		}
		if all := s.TypeConstructors(name); len(all) == 1 { // %Type
			return all[0]
		}
	}
	return nil
}

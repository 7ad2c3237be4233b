package layer

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

func newGenerator(t *table, seed uint64) *generator {
	return &generator{t: t, rnd: rand.New(rand.NewPCG(seed, uint64(t.layer)))}
}

// R-TL-39, issue: every constructor of the newest layer reaches a client of
// every older one in a form that the client can read, or is refused by name.
func TestEveryConstructorDownToEveryLayer(t *testing.T) {
	latest := tableOf(Latest)
	for _, layer := range Layers() {
		t.Run(fmt.Sprint(layer), func(t *testing.T) {
			p, err := pairOf(Latest, layer)
			if err != nil {
				t.Fatal(err)
			}
			g := newGenerator(latest, 1)
			lost := 0
			for _, class := range latest.order {
				for _, c := range latest.classes[class] {
					for round := range 6 {
						g.out.Reset()
						g.ctor(c, round)
						raw := bytes.Clone(g.out.Bytes())
						of := &typ{kind: kindClass, class: class}
						out, err := p.translate(raw, of, of)
						var refused *RefusedError
						switch {
						case errors.As(err, &refused):
							if p.to.types[refused.Constructor] != nil && p.to.types[refused.Constructor].result.class == refused.Type {
								t.Errorf("%s: %v, which layer %d has", c.name, err, layer)
							}
							lost++
						case err != nil:
							t.Fatalf("%s: %v", c.name, err)
						default:
							if err := p.to.all(out, of); err != nil {
								t.Fatalf("%s: %v", c.name, err)
							}
							if layer == Latest && !bytes.Equal(raw, out) {
								t.Fatalf("%s changed on the way to its own layer", c.name)
							}
						}
					}
				}
			}
			t.Logf("%d values refused", lost)
			if layer == Latest && lost > 0 {
				t.Errorf("%d values refused by their own layer", lost)
			}
		})
	}
}

// Every method of every layer reaches the newest one, or is refused by name.
func TestEveryMethodUpFromEveryLayer(t *testing.T) {
	latest := tableOf(Latest)
	for _, layer := range Layers() {
		t.Run(fmt.Sprint(layer), func(t *testing.T) {
			from := tableOf(layer)
			g := newGenerator(from, 2)
			lost := 0
			for name, m := range from.methods {
				if m.wrapped() >= 0 {
					continue
				}
				for round := range 6 {
					g.out.Reset()
					g.ctor(m, round)
					out, err := Request(g.out.Bytes(), layer)
					var refused *RefusedError
					var unknown *UnknownMethodError
					switch {
					case errors.As(err, &unknown):
						if latest.methods[name] != nil {
							t.Errorf("%s: %v", name, err)
						}
					case errors.As(err, &refused):
						lost++
					case err != nil:
						t.Fatalf("%s: %v", name, err)
					default:
						if err := latest.call(out); err != nil {
							t.Fatalf("%s: %v", name, err)
						}
					}
				}
			}
			t.Logf("%d calls refused", lost)
		})
	}
}

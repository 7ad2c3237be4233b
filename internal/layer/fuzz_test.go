package layer

import (
	"testing"
)

func seeds(f *testing.F) {
	for _, n := range []int{Oldest, 181, 222} {
		g := newGenerator(tableOf(n), 4)
		for _, name := range []string{"messages.sendMessage", "messages.sendMedia", "account.updateTheme", "messages.translateText"} {
			g.out.Reset()
			g.ctor(tableOf(n).methods[name], 5)
			f.Add(g.out.Bytes(), n)
		}
	}
}

// Whatever a client sends is refused with an error, or becomes a whole call
// of the newest layer.
func FuzzRequest(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		out, err := Request(raw, n)
		if n == Latest || n > Latest {
			return // passed through, for tg to decode
		}
		if err == nil {
			if err := tableOf(Latest).call(out); err != nil {
				t.Fatalf("%x of layer %d became %x: %v", raw, n, out, err)
			}
		}
		if len(out) > 64*len(raw)+4096 {
			t.Fatalf("%d bytes became %d", len(raw), len(out))
		}
	})
}

// Updates that are translated are whole, and stay whole when translated up
// again.
func FuzzUpdates(f *testing.F) {
	g := newGenerator(tableOf(Latest), 5)
	for range 20 {
		g.out.Reset()
		g.ctor(tableOf(Latest).types["updates"], 5)
		f.Add(g.out.Bytes(), 0)
	}
	of := &typ{kind: kindClass, class: "Updates"}
	all := Layers()
	f.Fuzz(func(t *testing.T, raw []byte, i int) {
		n := all[uint(i)%uint(len(all)-1)]
		out, err := Updates(raw, n)
		if err != nil {
			return
		}
		if err := tableOf(n).all(out, of); err != nil {
			t.Fatalf("%x in layer %d became %x: %v", raw, n, out, err)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	f.Add(put(id(tableOf(Latest), "invokeWithLayer"), num(144), id(tableOf(Latest), "help.getConfig")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := Unwrap(raw); err == nil && len(c.Query) > MaxUnpacked && len(c.Query) > len(raw) {
			t.Fatalf("unpacked to %d bytes", len(c.Query))
		}
	})
}

// What a page of history costs on its way to a client of an old layer.
func BenchmarkUpdates(b *testing.B) {
	g := newGenerator(tableOf(Latest), 6)
	g.ctor(tableOf(Latest).types["updates"], 6)
	raw := g.out.Bytes()
	if _, err := Updates(raw, Oldest); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Updates(raw, Oldest); err != nil {
			b.Fatal(err)
		}
	}
}

package schema_test

import (
	"errors"
	"io/fs"
	"testing"

	data "godwit/schema"
	"godwit/schema/layers"
	"godwit/tl/schema"
)

func parse(t testing.TB, name, src string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse(name, src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkIDs(t *testing.T, s *schema.Schema) {
	t.Helper()
	for _, mismatch := range s.CheckIDs() {
		t.Error(mismatch)
	}
}

// R-TL-10, R-TL-11, R-TL-12: every id is the CRC32 of its declaration, the
// listed ones excepted.
func TestAPISchema(t *testing.T) {
	s := parse(t, "api.tl", data.API)
	if s.Layer != 229 || len(s.Constructors) != 1668 || len(s.Methods) != 815 {
		t.Errorf("layer %d, %d constructors, %d methods; want 229, 1668, 815", s.Layer, len(s.Constructors), len(s.Methods))
	}
	checkIDs(t, s)
}

func TestServiceSchema(t *testing.T) {
	s := parse(t, "mtproto.tl", data.MTProto)
	checkIDs(t, s)
	if s.Constructor("message").ID != 0x5bb8e511 { // R-TL-12: computed, never on the wire
		t.Errorf("message has id %08x", s.Constructor("message").ID)
	}
}

func TestLayers(t *testing.T) {
	numbers := layers.Numbers()
	if len(numbers) != 16 || numbers[0] != 144 || numbers[15] != 228 {
		t.Fatalf("layers %v", numbers)
	}
	for _, n := range numbers {
		src, err := layers.Open(n)
		if err != nil {
			t.Fatal(err)
		}
		s := parse(t, "layer", src)
		if s.Layer != n {
			t.Errorf("layer %d calls itself %d", n, s.Layer)
		}
		checkIDs(t, s)
	}
	if _, err := layers.Open(1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("layer 1: %v", err)
	}
}

// Every exception is one: a name that HandAssigned no longer needs goes.
func TestHandAssigned(t *testing.T) {
	seen := map[string]bool{}
	for _, src := range []string{data.API, data.MTProto} {
		s := parse(t, "schema", src)
		for name, reason := range schema.HandAssigned {
			c := s.Constructor(name)
			if c == nil {
				continue
			}
			seen[name] = true
			if c.CRC() == c.ID {
				t.Errorf("%s has the id of its text", name)
			}
			if reason == "" {
				t.Errorf("%s has no reason", name)
			}
		}
	}
	for name := range schema.HandAssigned {
		if !seen[name] {
			t.Errorf("%s is in no schema", name)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(data.API)))
	b.ReportAllocs()
	for b.Loop() {
		parse(b, "api.tl", data.API)
	}
}

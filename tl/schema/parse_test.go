package schema_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"godwit/internal/vectors"
	data "godwit/schema"
	"godwit/tl/schema"
)

// R-TL-01: separators, sections in any order, and both kinds of comment.
func TestSections(t *testing.T) {
	s := parse(t, "x.tl", `// a comment; with a semicolon
a#1 = A; b#2
  n:int /* between
  fields */ m:int
  = A ; // LAYER 42, the first to count; LAYER 43
---functions---
f#3 = A;/**/g#4=A;
---types---
c#5 = C;
---functions---
h#6 = C; // the end`)
	if s.Layer != 42 {
		t.Errorf("layer %d", s.Layer)
	}
	var constructors, methods []string
	for _, c := range s.Constructors {
		constructors = append(constructors, fmt.Sprint(c.Name, c.ID, c.Line, c.Method))
	}
	for _, c := range s.Methods {
		methods = append(methods, fmt.Sprint(c.Name, c.ID, c.Line, c.Method))
	}
	if got, want := fmt.Sprint(constructors, methods), "[a1 2 false b2 2 false c5 9 false] [f3 7 true g4 7 true h6 11 true]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if s.Constructor("b") != s.ByID(2) || s.Method("h") != s.ByID(6) || s.Constructor("h") != nil || s.Method("b") != nil || s.ByID(9) != nil {
		t.Error("combinators are not found by name and id")
	}
	if list := s.TypeConstructors("A"); len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" || s.TypeConstructors("B") != nil {
		t.Errorf("constructors of A: %v", list)
	}
}

func TestEmptySchema(t *testing.T) {
	for _, src := range []string{"", "\n\t\r ", "// nothing", "/**/", "---types---\n---functions---"} {
		s := parse(t, "x.tl", src)
		if len(s.Constructors)+len(s.Methods) != 0 || s.Layer != 0 {
			t.Errorf("%q: %+v", src, s)
		}
	}
}

// R-TL-02, 03, 06, 07, 08, 23, 27: the shape of every declaration. What is
// declared before it: x.tiny and Tiny.
func TestDeclarations(t *testing.T) {
	type types = []schema.Type
	bare := func(name string) schema.Type { return schema.Type{Name: name, Bare: true} }
	boxed := func(name string) schema.Type { return schema.Type{Name: name} }
	of := func(name string, elem schema.Type) schema.Type {
		return schema.Type{Name: name, Bare: name == "vector", Elem: &elem}
	}
	tests := []struct {
		src     string
		want    types  // of the fields
		printed string // what String makes of it, if not src
	}{
		{src: "a#0000000f = A;"},
		{src: "a#f = A;", printed: "a#0000000f = A;"},
		{src: "a#DEADBEEF = A;", printed: "a#deadbeef = A;"},
		{src: "ns.a_B1#00000001 = ns.A_b1;"},
		{src: "a#00000001 i:int l:long d:double s:string b:bytes = A;", want: types{bare("int"), bare("long"), bare("double"), bare("string"), bare("bytes")}},
		{src: "a#00000001 x:int128 y:int256 b:Bool o:Object = A;", want: types{bare("int128"), bare("int256"), boxed("Bool"), boxed("Object")}},
		{src: "a#00000001 t:Tiny b:x.tiny p:%Tiny = A;", want: types{boxed("Tiny"), bare("x.tiny"), bare("Tiny")}},
		{src: "a#00000001 v:Vector<Tiny> w:vector<x.tiny> = A;", want: types{of("Vector", boxed("Tiny")), of("vector", bare("x.tiny"))}},
		{src: "a#00000001 v:Vector<Vector<int>> = A;", want: types{of("Vector", of("Vector", bare("int")))}},
		{src: "a#00000001 v:vector<%Tiny> = A;", want: types{of("vector", bare("Tiny"))}},
		{src: "a#00000001 v:%Vector<int> = A;", want: types{of("vector", bare("int"))}, printed: "a#00000001 v:vector<int> = A;"},
		{src: "a#00000001 v:(Vector int) w:(vector %Tiny) = A;", want: types{of("Vector", bare("int")), of("vector", bare("Tiny"))}, printed: "a#00000001 v:Vector<int> w:vector<%Tiny> = A;"},
		{src: "a#00000001 v:%( Vector int ) = A;", want: types{of("vector", bare("int"))}, printed: "a#00000001 v:vector<int> = A;"},
		{src: "a#00000001 v:Vector< int > = A;", want: types{of("Vector", bare("int"))}, printed: "a#00000001 v:Vector<int> = A;"},
		{src: "a#00000001 _f:int f_2:int = A;", want: types{bare("int"), bare("int")}},
		{src: "---functions--- a#00000001 v:int = Vector<Tiny>;", want: types{bare("int")}, printed: "a#00000001 v:int = Vector<Tiny>;"},
		{src: "---functions--- a#00000001 = Vector int;", printed: "a#00000001 = Vector<int>;"},
		{src: "---functions--- a#00000001 {X:Type} q:!X = X;", want: types{{Name: "X", Bang: true}}, printed: "a#00000001 {X:Type} q:!X = X;"},
		{src: "---functions--- a#00000001 { X : Type } q:!X = X;", want: types{{Name: "X", Bang: true}}, printed: "a#00000001 {X:Type} q:!X = X;"},
		{src: "---functions--- a#00000001 = NotDeclared;", printed: "a#00000001 = NotDeclared;"},
	}
	for _, test := range tests {
		t.Run(test.src, func(t *testing.T) {
			s := parse(t, "x.tl", "x.tiny#aaaaaaaa = Tiny;"+test.src)
			list := append(s.Constructors[1:], s.Methods...)
			if len(list) != 1 {
				t.Fatalf("%d declarations", len(list))
			}
			c := list[0]
			var got types
			for _, p := range c.Params {
				got = append(got, p.Type)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("fields %v, want %v", got, test.want)
			}
			want := test.printed
			if want == "" {
				want = test.src
			}
			if c.String()+";" != want {
				t.Errorf("printed as %s;", c)
			}
		})
	}
}

// R-TL-23: conditions name a flags word that stands before them, by place.
func TestConditions(t *testing.T) {
	s := parse(t, "x.tl", "a#1 n:int flags:# x:flags.0?true y:flags.31?Vector<int> flags2:# z:flags2.7?Bool w:flags.0?int = A;")
	c := s.Constructor("a")
	want := []*schema.FlagRef{nil, nil, {Field: "flags", Index: 1, Bit: 0}, {Field: "flags", Index: 1, Bit: 31}, nil,
		{Field: "flags2", Index: 4, Bit: 7}, {Field: "flags", Index: 1, Bit: 0}}
	for i := range c.Params {
		p := &c.Params[i]
		if !reflect.DeepEqual(p.Flag, want[i]) {
			t.Errorf("%s: %+v, want %+v", p.Name, p.Flag, want[i])
		}
		if p.Absorbed() != (p.Name == "x") {
			t.Errorf("%s absorbed: %t", p.Name, p.Absorbed())
		}
	}
}

// R-TL-06, R-TL-08: what the language has built in is described, not used.
func TestBuiltins(t *testing.T) {
	s := parse(t, "x.tl", `int#a8509bda ? = Int; int128 4*[ int ] = Int128;
vector#1cb5c415 {t:Type} # [ t ] = Vector t;`)
	for name, want := range map[string]string{"int": "?", "int128": "4*[ int ]", "vector": "# [ t ]"} {
		if got := s.Constructor(name).Builtin; got != want {
			t.Errorf("%s: body %q, want %q", name, got, want)
		}
	}
	if v := s.Constructor("vector"); v.Generic != "t" || len(v.Params) != 0 || v.CRC() != v.ID {
		t.Errorf("%+v", v)
	}
}

// Every error tells file, line, column and cause. The mark ^ shows where.
func TestErrors(t *testing.T) {
	tests := []struct{ src, cause string }{
		{"a#1 = A", "expected ';' after the result type, found the end of the file"},
		{"a#1 = A\n^b#2 = A;", "expected ';' after the result type"},
		{"^A#1 = A;", "A must begin with a lower-case letter"},
		{"^ns.A#1 = A;", "ns.A must begin with a lower-case letter"},
		{"^1a = A;", "expected the name of a constructor or method"},
		{"a.^1 = A;", "expected a name after the namespace"},
		{"a.b^.c = A;", "one namespace at most"},
		{"a#^ = A;", "1 to 8 hexadecimal digits"},
		{"a#^123456789 = A;", "1 to 8 hexadecimal digits"},
		{"a#^12xy = A;", "1 to 8 hexadecimal digits"},
		{"a#1\n  ^-:int = A;", "expected a field or '='"},
		{"a#1 n^ = A;", "expected ':' after the name of a field"},
		{"a#1 n:^ = A;", "expected a type"},
		{"a#1 n:int ^n:int = A;", "field n is declared twice"},
		{"a#1 n:int^? m:int = A;", "a condition needs a bit"},
		{"a#1 n:^flags.0?int = A;", "no field flags:# stands before its use"},
		{"a#1 flags:int n:^flags.0?int = A;", "no field flags:# stands before its use"},
		{"a#1 flags:# n:flags.^32?int = A;", "bit must be 0 to 31"},
		{"a#1 flags:# n:flags.^99999999999999999999?int = A;", "bit must be 0 to 31"},
		{"a#1 flags:# n:flags.1^int = A;", "expected '?' after the bit"},
		{"a#1 flags:# n:flags.0?^# = A;", "# cannot be conditional"},
		{"a#1 {X:Type} flags:# n:flags.0?^!X = A;", "!X cannot be conditional"},
		{"a#1 n:^true = A;", "true must be conditional"},
		{"a#1 n:int^:int = A;", "unexpected ':' after the type of field n"},
		{"a#1 n:^!X = A;", "!X needs {X:Type}"},
		{"a#1 {X^} = A;", "expected ':' after the generic parameter"},
		{"a#1 {X:^Int} = A;", "must be of type Type"},
		{"a#1 {X:Type ^= A;", "expected '}' after the generic parameter"},
		{"a#1 {X:Type} ^{Y:Type} = A;", "a has a second generic parameter"},
		{"a#1 n:^Vector = A;", "Vector needs an element type"},
		{"a#1 n:Vector<^vector> = A;", "vector needs an element type"},
		{"a#1 n:(^Vector) = A;", "Vector needs an element type"},
		{"a#1 n:^int<int> = A;", "int takes no parameter"},
		{"a#1 n:Vector<^> = A;", "expected a type"},
		{"a#1 n:Vector<int ^= A;", "expected '>' after the element type"},
		{"a#1 n:(Vector int ^= A;", "expected ')'"},
		{"a#1 n:^Vector<#> = A;", "a vector cannot hold #"},
		{"a#1 n:^Vector<true> = A;", "a vector cannot hold true"},
		{"a#1 n:Vector<Vector<Vector<Vector<Vector<Vector<Vector<Vector<Vector<^Vector<int>>>>>>>>>> = A;", "nested too deeply"},
		{"a#1 n:int ^? = A;", "field without a name"},
		{"a#1 ^? A;", "expected '=' after the body of a"},
		{"a#1 = ^a;", "a boxed type must"},
		{"a#1 = ^%A;", "a boxed type must"},
		{"a#1 = ^Vector<int>;", "a constructor cannot be of type Vector<int>"},
		{"a#1 = A;\n\t^a#2 = A;", "a is declared twice, first on line 1"},
		{"a#1 = A;\n\n^b#1 = A;", "b has the id 00000001 of a on line 1"},
		{"a#1 n:^B = A;", "type B is not declared"},
		{"a#1 n:Vector<^b> = A;", "type b is not declared"},
		{"a#1 = A; b#2 = A;\nc#3 n:^%A = C;", "A has 2 constructors, so it cannot be bare"},
		{"a#1 = A; ^/* never closed", "comment is not closed"},
		{"a#1 = A;\n^---types", "expected ---types--- or ---functions---"},
		{"a#1 = A;\n^---classes---", "expected ---types--- or ---functions---"},
		{"a#1 = A; ^é = A;", "expected the name of a constructor or method"},
	}
	for _, test := range tests {
		t.Run(test.src, func(t *testing.T) {
			at := strings.IndexByte(test.src, '^')
			if at < 0 {
				at = len(test.src)
			}
			before := test.src[:at]
			line, column := 1+strings.Count(before, "\n"), at-strings.LastIndexByte(before, '\n')
			s, err := schema.Parse("some.tl", before+strings.TrimPrefix(test.src[at:], "^"))
			var e *schema.Error
			if !errors.As(err, &e) || s != nil {
				t.Fatalf("%v, %v", s, err)
			}
			if e.File != "some.tl" || e.Line != line || e.Column != column {
				t.Errorf("%v, want line %d, column %d", e, line, column)
			}
			if !strings.Contains(e.Cause, test.cause) {
				t.Errorf("%q, want %q in it", e.Cause, test.cause)
			}
			if got, want := e.Error(), fmt.Sprintf("some.tl:%d:%d: %s", e.Line, e.Column, e.Cause); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// R-TL-10, R-TL-11, R-TL-12: ids computed from the canonical texts, and an
// explicit one that wins.
func TestCRCVectors(t *testing.T) {
	ids := vectors.Get(t, "tl.crc32_ids").(map[string]any)
	if len(ids) < 25 {
		t.Fatalf("%d vectors", len(ids))
	}
	const declared = "tiny = Tiny; message n:int = Message; future_salt n:int = FutureSalt; "
	for text, want := range ids {
		src := text
		for _, generic := range []string{"X:Type", "t:Type"} {
			src = strings.Replace(src, generic, "{"+generic+"}", 1)
		}
		if text == "vector t:Type # [ t ] = Vector t" || !strings.HasPrefix(text, "vector") {
			src = strings.ReplaceAll(src, ":Vector long", ":Vector<long>")
			src = strings.NewReplacer("vector message", "vector<message>", "vector future_salt", "vector<future_salt>").Replace(src)
		}
		name, _, _ := strings.Cut(text, " ")
		if name == "getUsers" {
			continue // its argument has no name: a form of the tutorial that schema files do not use
		}
		others := declared
		if name == "message" {
			others = "tiny = Tiny; "
		}
		s, err := schema.Parse("x.tl", others+src+";")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		c := s.Constructor(name)
		if got := fmt.Sprintf("%08x", c.ID); got != want || c.HasID || c.CRC() != c.ID {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestCRCRules(t *testing.T) {
	crc := func(src string) uint32 {
		t.Helper()
		s := parse(t, "x.tl", "tiny#aaaaaaaa = Tiny;"+src)
		return append(s.Constructors[1:], s.Methods...)[0].CRC()
	}
	same := [][2]string{ // R-TL-10, R-TL-11
		{"a#1 n:bytes = A;", "a n:string = A;"},
		{"a flags:# n:flags.3?bytes = A;", "a flags:# n:flags.3?string = A;"},
		{"a flags:# x:flags.0?true n:int = A;", "a flags:# n:int = A;"},
		{"a n:Vector<int> = A;", "a  n:(Vector int)\n= A;"},
		{"a n:%Tiny = A;", "a /* % counts for nothing */ n:Tiny = A;"},
	}
	for _, pair := range same {
		if crc(pair[0]) != crc(pair[1]) {
			t.Errorf("%s and %s differ", pair[0], pair[1])
		}
	}
	if crc("a n:Vector<bytes> = A;") == crc("a n:Vector<string> = A;") {
		t.Error("bytes in a vector count as string")
	}
	s := parse(t, "x.tl", "a#12 n:int = A; b n:int = A;") // R-TL-12
	mismatches := s.CheckIDs()
	if len(mismatches) != 1 || mismatches[0].Combinator.Name != "a" || s.Constructor("a").ID != 0x12 {
		t.Fatalf("%v", mismatches)
	}
	for _, part := range []string{"a has id 00000012", fmt.Sprintf("%08x", mismatches[0].CRC)} {
		if text := mismatches[0].String(); !strings.Contains(text, part) {
			t.Errorf("%q does not tell %q", text, part)
		}
	}
}

// R-TL-10..12: without the listed exceptions, exactly the listed ones differ.
func TestExceptionsByName(t *testing.T) {
	for src, want := range map[string]string{
		data.API:     "accessPointRule help.configSimple inputPeerPhotoFileLocationLegacy inputStickerSetThumbLegacy ipPortSecret",
		data.MTProto: "",
	} {
		s := parse(t, "schema", src)
		differ := map[string]bool{}
		for _, list := range [][]*schema.Combinator{s.Constructors, s.Methods} {
			for _, c := range list {
				if c.CRC() != c.ID {
					differ[c.Name] = true
				}
			}
		}
		for _, name := range strings.Fields(want) {
			if !differ[name] {
				t.Errorf("%s has the id of its text", name)
			}
			delete(differ, name)
		}
		if len(differ) != 0 {
			t.Errorf("ids that are not those of the text: %v", differ)
		}
	}
}

// printed returns the schema as its declarations print themselves.
func printed(s *schema.Schema) string {
	var b strings.Builder
	for _, c := range s.Constructors {
		fmt.Fprintf(&b, "%s;\n", c)
	}
	b.WriteString("---functions---\n")
	for _, c := range s.Methods {
		fmt.Fprintf(&b, "%s;\n", c)
	}
	return b.String()
}

// What is parsed, printed and parsed again is the same.
func TestPrinting(t *testing.T) {
	for name, src := range map[string]string{"api.tl": data.API, "mtproto.tl": data.MTProto} {
		s := parse(t, name, src)
		again := parse(t, "printed", printed(s))
		for i, list := range [][]*schema.Combinator{s.Constructors, s.Methods} {
			other := [][]*schema.Combinator{again.Constructors, again.Methods}[i]
			if len(list) != len(other) {
				t.Fatalf("%s: %d declarations, then %d", name, len(list), len(other))
			}
			for j, c := range list {
				copied := *other[j]
				copied.Line, copied.HasID = c.Line, c.HasID
				if !reflect.DeepEqual(*c, copied) {
					t.Errorf("%s: %s became %s", name, c, &copied)
				}
			}
		}
	}
}

// FuzzParse: no input makes the parser panic, an error always tells a place
// within the input, and what parses prints as something that parses.
func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"", "a#1 flags:# n:flags.0?Vector<int> = A; // LAYER 3", "---functions--- f {X:Type} q:!X = X;",
		"vector#1cb5c415 {t:Type} # [ t ] = Vector t;", "int128 4*[ int ] = Int128;",
		"a n:%(Vector %A) = A; /* */", "a.b#ff = a.B; ---functions--- c#1 = Vector<int>;",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s, err := schema.Parse("x.tl", src)
		var e *schema.Error
		if errors.As(err, &e) {
			lines := strings.Split(src, "\n")
			if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len(lines[e.Line-1])+1 || e.Cause == "" {
				t.Fatalf("%v is outside of %q", e, src)
			}
			return
		}
		if err != nil {
			t.Fatalf("error without a place: %v", err)
		}
		once := printed(s)
		again, err := schema.Parse("printed", once)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", src, once, err)
		}
		if twice := printed(again); twice != once {
			t.Fatalf("%q, again %q", once, twice)
		}
	})
}

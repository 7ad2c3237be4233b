package layer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"godwit/tl"
)

// A write appends part of a value.
type write func(b *tl.Buffer)

func id(t *table, name string) write {
	c := t.types[name]
	if c == nil {
		c = t.methods[name]
	}
	return func(b *tl.Buffer) { b.ID(c.id) }
}

func flags(n uint32) write   { return func(b *tl.Buffer) { b.Uint32(n) } }
func num(n int32) write      { return func(b *tl.Buffer) { b.Int(n) } }
func long(n int64) write     { return func(b *tl.Buffer) { b.Long(n) } }
func double(n float64) write { return func(b *tl.Buffer) { b.Double(n) } }
func str(s string) write     { return func(b *tl.Buffer) { b.String(s) } }
func vec(n int) write        { return func(b *tl.Buffer) { b.Vector(n) } }
func yes(v bool) write       { return func(b *tl.Buffer) { b.Bool(v) } }

func put(parts ...write) []byte {
	var b tl.Buffer
	for _, p := range parts {
		p(&b)
	}
	return b.Bytes()
}

func peerUser(t *table) write {
	return func(b *tl.Buffer) { id(t, "peerUser")(b); b.Long(7) }
}

// Calls of old layers, as the newest one reads them.
func TestKnownRequests(t *testing.T) {
	now := tableOf(Latest)
	self := id(now, "inputPeerSelf")
	for _, test := range []struct {
		name  string
		layer int
		from  func(old *table) []byte
		to    []byte
	}{
		{ // R-LG-07
			"auth.signUp without flags", 144,
			func(old *table) []byte { return put(flags(0x80eee427), str("1"), str("h"), str("A"), str("B")) },
			put(id(now, "auth.signUp"), flags(0), str("1"), str("h"), str("A"), str("B")),
		},
		{
			"a reply by id becomes a reply to a message", 144,
			func(old *table) []byte {
				return put(id(old, "messages.sendMessage"), flags(1|1<<5), self, num(44), str("text"), long(9))
			},
			put(id(now, "messages.sendMessage"), flags(1|1<<5), self, id(now, "inputReplyToMessage"), flags(0), num(44), str("text"), long(9)),
		},
		{
			"a string becomes a vector of reactions", 144,
			func(old *table) []byte {
				return put(id(old, "messages.sendReaction"), flags(1), self, num(3), str("+"))
			},
			put(id(now, "messages.sendReaction"), flags(1), self, num(3), vec(1), id(now, "reactionEmoji"), str("+")),
		},
		{
			"flags that are gone are dropped", 181,
			func(old *table) []byte { return put(id(old, "help.getConfig")) },
			put(id(now, "help.getConfig")),
		},
		{
			"a constructor of another layer than announced", 144,
			func(*table) []byte {
				return put(id(tableOf(181), "messages.sendReaction"), flags(0), self, num(3))
			},
			put(id(now, "messages.sendReaction"), flags(0), self, num(3)),
		},
		{
			"a layer between two files", 150,
			func(*table) []byte { return put(flags(0x80eee427), str("1"), str("h"), str("A"), str("B")) },
			put(id(now, "auth.signUp"), flags(0), str("1"), str("h"), str("A"), str("B")),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			old, err := resolve(test.layer)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Request(test.from(old), test.layer)
			if err != nil || !bytes.Equal(got, test.to) {
				t.Errorf("got %x, %v\nwant %x", got, err, test.to)
			}
		})
	}
}

// Values of the newest layer, as clients of old ones read them.
func TestKnownAnswers(t *testing.T) {
	now := tableOf(Latest)
	for _, test := range []struct {
		name   string
		layer  int
		method string // empty for updates
		from   []byte
		to     func(old *table) []byte
	}{
		{
			"a wrapped result becomes what it wraps", 144, "messages.createChat",
			put(id(now, "messages.invitedUsers"), id(now, "updatesTooLong"), vec(0)),
			func(old *table) []byte { return put(id(old, "updatesTooLong")) },
		},
		{
			"a field of the result becomes the result", 144, "help.getAppConfig",
			put(id(now, "help.appConfig"), num(1), id(now, "jsonBool"), yes(true)),
			func(old *table) []byte { return put(id(old, "jsonBool"), yes(true)) },
		},
		{
			"a vector in the result becomes the result", 144, "messages.getDialogFilters",
			put(id(now, "messages.dialogFilters"), flags(1), vec(1), id(now, "dialogFilterDefault")),
			func(old *table) []byte { return put(vec(1), id(old, "dialogFilterDefault")) },
		},
		{
			"updates that a layer lacks are left out", 144, "",
			put(id(now, "updates"), vec(3),
				id(now, "updateChannel"), long(5),
				id(now, "updateStarsBalance"), id(now, "starsAmount"), long(1), num(2),
				id(now, "updateConfig"), vec(0), vec(0), num(1), num(0)),
			func(old *table) []byte {
				return put(id(old, "updates"), vec(2), id(old, "updateChannel"), long(5), id(old, "updateConfig"), vec(0), vec(0), num(1), num(0))
			},
		},
		{
			"a flag becomes a Bool", 144, "",
			put(id(now, "updateShort"), id(now, "updatePeerBlocked"), flags(1|2), peerUser(now), num(8)),
			func(old *table) []byte {
				return put(id(old, "updateShort"), id(old, "updatePeerBlocked"), peerUser(old), yes(true), num(8))
			},
		},
		{
			"media that a layer lacks is unsupported", 144, "",
			put(id(now, "updateShort"), id(now, "updateNewMessage"),
				id(now, "message"), flags(1<<9), flags(0), num(1), peerUser(now), num(2), str("m"),
				id(now, "messageMediaPaidMedia"), long(1), vec(0),
				num(3), num(1), num(4)),
			func(old *table) []byte {
				return put(id(old, "updateShort"), id(old, "updateNewMessage"),
					id(old, "message"), flags(1<<9), num(1), peerUser(old), num(2), str("m"),
					id(old, "messageMediaUnsupported"), num(3), num(1), num(4))
			},
		},
		{
			"numbers and texts take their old form", 144, "",
			put(id(now, "updateShort"), id(now, "updateNewMessage"),
				id(now, "message"), flags(1<<9), flags(0), num(1), peerUser(now), num(2), str("m"),
				id(now, "messageMediaDocument"), flags(1),
				id(now, "document"), flags(0), long(1), long(2), str("ref"), num(3), str("video"), long(4), num(5),
				vec(1), id(now, "documentAttributeVideo"), flags(2|1<<5), double(12.5), num(6), num(7), str("codec"),
				num(3), num(1), num(4)),
			func(old *table) []byte {
				return put(id(old, "updateShort"), id(old, "updateNewMessage"),
					id(old, "message"), flags(1<<9), num(1), peerUser(old), num(2), str("m"),
					id(old, "messageMediaDocument"), flags(1),
					id(old, "document"), flags(0), long(1), long(2), str("ref"), num(3), str("video"), long(4), num(5),
					vec(1), id(old, "documentAttributeVideo"), flags(2), num(12), num(6), num(7),
					num(3), num(1), num(4))
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.to(tableOf(test.layer))
			got, err := Answer(test.from, test.method, test.layer)
			if test.method == "" {
				got, err = Updates(test.from, test.layer)
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %x, %v\nwant %x", got, err, want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	now := tableOf(Latest)
	var unsupported *UnsupportedError
	if _, err := Request(nil, Oldest-1); !errors.As(err, &unsupported) || unsupported.Layer != Oldest-1 {
		t.Errorf("too old: %v", err)
	}
	var unknown *UnknownMethodError
	if _, err := Request(put(flags(1)), Oldest); !errors.As(err, &unknown) || unknown.Name != "" {
		t.Errorf("no method: %v", err)
	}
	if _, err := Request(put(id(now, "inputPeerSelf")), Latest); !errors.As(err, &unknown) {
		t.Errorf("a constructor as a method: %v", err)
	}
	if _, err := Request(put(id(now, "invokeWithLayer"), num(1)), Oldest); !errors.As(err, &unknown) {
		t.Errorf("a wrapper as a method: %v", err)
	}
	var decode *tl.DecodeError
	if _, err := Request(put(id(tableOf(Oldest), "auth.signUp"), str("1")), Oldest); !errors.As(err, &decode) {
		t.Errorf("cut short: %v", err)
	}
	raw := put(id(now, "updateShort"), id(now, "updateStarsBalance"), id(now, "starsAmount"), long(1), num(2), num(3))
	var refused *RefusedError
	if _, err := Updates(raw, Oldest); !errors.As(err, &refused) || refused.Constructor != "updateStarsBalance" || refused.Layer != Oldest {
		t.Errorf("an update that is alone and unknown: %v", err)
	}
	for _, err := range []error{unsupported, unknown, refused, &UnknownMethodError{ID: 1, Name: "old.method"}} {
		if err.Error() == "" {
			t.Errorf("%T says nothing", err)
		}
	}
	if _, err := Answer(nil, "no.method", Oldest); err == nil {
		t.Error("answers a method that there is not")
	}
}

// Results of every method reach every layer, whole, or are refused by name.
func TestEveryAnswerDownToEveryLayer(t *testing.T) {
	now := tableOf(Latest)
	for _, n := range Layers() {
		old := tableOf(n)
		g := newGenerator(now, 3)
		for name, m := range now.methods {
			if m.wrapped() >= 0 {
				continue
			}
			for round := range 4 {
				g.out.Reset()
				g.value(&m.result, round+1)
				got, err := Answer(g.out.Bytes(), name, n)
				if refused(err) {
					continue
				}
				want := &m.result
				if o := old.methods[name]; o != nil {
					want = &o.result
				}
				if err == nil {
					err = old.all(got, want)
				}
				if err != nil {
					t.Fatalf("layer %d: %s: %v", n, name, err)
				}
			}
		}
	}
}

// R-TL-31: what unpacks too large, and wrappers without end.
func TestUnwrapBounds(t *testing.T) {
	now := tableOf(Latest)
	pack := func(p []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var b tl.Buffer
		b.ID(idGzipPacked)
		b.ByteString(out.Bytes())
		return b.Bytes()
	}
	if _, err := Unwrap(pack(make([]byte, MaxUnpacked+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	half := append(put(id(now, "invokeWithoutUpdates")), pack(make([]byte, MaxUnpacked/2))...)
	if _, err := Unwrap(half); err != nil {
		t.Errorf("half a bomb: %v", err)
	}
	if _, err := Unwrap(pack(append(half, make([]byte, MaxUnpacked-len(half))...))); err == nil {
		t.Error("packed within a bomb")
	}
	deep := bytes.Repeat(put(id(now, "invokeWithoutUpdates")), maxWrappers)
	if _, err := Unwrap(deep); err == nil {
		t.Error("wrappers without end")
	}
	var decode *tl.DecodeError
	for name, p := range map[string][]byte{
		"no gzip":       put(flags(idGzipPacked), str("junk")),
		"nothing":       put(flags(idGzipPacked), str("")),
		"cut gzip":      pack([]byte("12345678"))[:24],
		"cut wrapper":   put(id(now, "invokeWithLayer")),
		"cut init":      put(id(now, "initConnection"), flags(3), num(1), str("")),
		"huge vector":   put(id(now, "invokeAfterMsgs"), vec(1<<30)),
		"trailing gzip": append(pack([]byte("1234")), 0, 0, 0, 0),
	} {
		if _, err := Unwrap(p); !errors.As(err, &decode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, err := Unwrap([]byte("abc")); err != nil || !strings.HasPrefix(string(c.Query), "abc") {
		t.Errorf("no query: %v", err)
	}
}

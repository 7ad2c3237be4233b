package tg_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"godwit/internal/vectors"
	"godwit/tg"
	"godwit/tl"
)

// Encodings worked out by hand from the schema. R-TL-23, R-TL-24: bits, flags
// words that stand between fields, a Bool with three states. R-TL-25: bits are
// set for what is written only.
func TestWire(t *testing.T) {
	tests := []struct {
		name  string
		value tl.Object
		wire  string
	}{
		{"no fields", &tg.InputPeerSelf{}, "c97ea07d"},
		{"Bool that is absent", &tg.InputPeerNotifySettings{}, "e26acbca 00000000"},
		{"Bool that is false", &tg.InputPeerNotifySettings{Silent: tl.Some(false)}, "e26acbca 02000000 379779bc"},
		{"Bool that is true", &tg.InputPeerNotifySettings{ShowPreviews: tl.Some(true), MuteUntil: tl.Some[int32](0)},
			"e26acbca 05000000 b5757299 00000000"},
		{"getUsers", &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}, "48a5910d 15c4b51c 01000000 3fb1c1f7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkRoundTrip(t, test.value)
			want, err := hex.DecodeString(strings.ReplaceAll(test.wire, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := encode(t, test.value); !bytes.Equal(got, want) {
				t.Errorf("%x, want %x", got, want)
			}
		})
	}
}

// word reads the 32-bit word at an offset.
func word(p []byte, at int) uint32 { return binary.LittleEndian.Uint32(p[at:]) }

// R-TL-23: the flags word of a poll stands after its id, and the two of a
// message side by side.
func TestFlagsWords(t *testing.T) {
	p := encode(t, &tg.Poll{ID: 5, Quiz: true, Question: tg.TextWithEntities{Text: "q"}})
	if word(p, 4) != 5 || word(p, 12) != 1<<3 {
		t.Errorf("poll: %x", p)
	}
	p = encode(t, &tg.Message{Out: true, Offline: true, ID: 9, PeerID: &tg.PeerUser{UserID: 1}, Views: tl.Some[int32](0)})
	if word(p, 4) != 1<<1|1<<10 || word(p, 8) != 1<<1 || word(p, 12) != 9 {
		t.Errorf("message: %x", p)
	}
}

// Fields that share a flag are there together: if one is, the others are
// written as zero (R-TL-25).
func TestSharedFlag(t *testing.T) {
	one := &tg.Message{PeerID: &tg.PeerUser{}, Views: tl.Some[int32](7)}
	both := &tg.Message{PeerID: &tg.PeerUser{}, Views: tl.Some[int32](7), Forwards: tl.Some[int32](0)}
	if p, q := encode(t, one), encode(t, both); !bytes.Equal(p, q) {
		t.Errorf("%x and %x", p, q)
	}
	v, err := decode(encode(t, one))
	if err != nil || !reflect.DeepEqual(v, tl.Object(both)) {
		t.Errorf("%+v, %v", v, err)
	}
}

// R-TL-25: a bit that the layer knows nothing of is passed over, and not sent on.
func TestUnknownFlags(t *testing.T) {
	known := &tg.InputPeerNotifySettings{Silent: tl.Some(true)}
	p := encode(t, known)
	binary.LittleEndian.PutUint32(p[4:], word(p, 4)|1<<30)
	v, err := decode(p)
	if err != nil || !reflect.DeepEqual(v, tl.Object(known)) {
		t.Fatalf("%+v, %v", v, err)
	}
	if got := encode(t, v); word(got, 4) != 1<<1 {
		t.Errorf("sent on as %x", got)
	}
}

// Absent and empty differ where a field is conditional.
func TestEmptyIsNotAbsent(t *testing.T) {
	absent := &tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}}
	empty := &tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Entities: []tg.MessageEntityClass{}}
	for _, test := range []struct {
		value *tg.MessagesSendMessage
		flags uint32
	}{{absent, 0}, {empty, 1 << 3}} {
		p := encode(t, test.value)
		v, err := decode(p)
		if err != nil || word(p, 4) != test.flags {
			t.Fatalf("flags %x, %v", word(p, 4), err)
		}
		if got := v.(*tg.MessagesSendMessage).Entities; (got == nil) != (test.value.Entities == nil) || len(got) != 0 {
			t.Errorf("%#v became %#v", test.value.Entities, got)
		}
	}
}

// What is borrowed decodes to the same.
func TestBorrowedValues(t *testing.T) {
	a := theAPI(t)
	for i, e := range a.all() {
		v := newFiller(a, uint64(i), random).object(e)
		r := tl.NewReader(encode(t, v))
		r.Borrow(true)
		back := tg.DecodeObject(r)
		if err := r.Finish(); err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%s: %+v, %v", e, back, err)
		}
	}
}

// A value outlives its input unless it was borrowed.
func TestValuesAreCopies(t *testing.T) {
	a := theAPI(t)
	for i, e := range a.all() {
		v := newFiller(a, uint64(i), present).object(e)
		p := encode(t, v)
		back, err := decode(p)
		clear(p)
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%s changed with its input: %v", e, err)
		}
	}
}

// R-TL-33, R-TL-34: the first query of a connection, by the vector.
func TestInitConnection(t *testing.T) {
	const sample = "service_messages.cases.12."
	wire := vectors.Hex(t, sample+"hex")
	want := &tg.InvokeWithLayer{
		Layer: int32(vectors.Int(t, sample+"fields.layer")),
		Query: &tg.InitConnection{
			APIID: int32(vectors.Int(t, sample+"fields.api_id")), DeviceModel: "d", SystemVersion: "s", AppVersion: "a",
			SystemLangCode: "en", LangCode: "en", Query: &tg.HelpGetConfig{},
		},
	}
	r := tl.NewReader(wire)
	if got := tg.DecodeMethod(r); !reflect.DeepEqual(got, tg.Request(want)) || r.Finish() != nil {
		t.Errorf("%+v, %v", got, r.Err())
	}
	if got := encode(t, want); !bytes.Equal(got, wire) {
		t.Errorf("%x, want %x", got, wire)
	}
}

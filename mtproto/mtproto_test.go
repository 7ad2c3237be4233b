package mtproto_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
)

func testKey() mtproto.AuthKey {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = byte(i*13 + 7)
	}
	return mtproto.NewAuthKey(value)
}

func TestSide(t *testing.T) {
	c, s := mtproto.Client, mtproto.Server
	if c.Remote() != s || s.Remote() != c || c.String() != "client" || s.String() != "server" {
		t.Error(c, s)
	}
	if c.KDFOffset() != 0 || s.KDFOffset() != 8 { // R-EM-03
		t.Error(c.KDFOffset(), s.KDFOffset())
	}
}

// R-AK-27: key id and auxiliary hash of the official sample.
func TestAuthKeyID(t *testing.T) {
	const sample = "auth_key_official_sample."
	k := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(vectors.Hex(t, sample+"auth_key")))
	var id [8]byte
	binary.LittleEndian.PutUint64(id[:], uint64(k.ID()))
	if want := vectors.Hex(t, sample+"auth_key_id"); !bytes.Equal(id[:], want) {
		t.Errorf("key id %x, want %x", id, want)
	}
	aux := k.AuxHash()
	if want := vectors.Hex(t, sample+"auth_key_aux_hash"); !bytes.Equal(aux[:], want) {
		t.Errorf("aux hash %x, want %x", aux, want)
	}
}

func TestAuthKeyCompares(t *testing.T) {
	var none mtproto.AuthKey
	k, same := testKey(), testKey()
	value := [mtproto.AuthKeySize]byte(k.Bytes())
	value[255]++
	other := mtproto.NewAuthKey(value)
	if !none.IsZero() || k.IsZero() || !k.Equal(&same) || k.Equal(&other) || k.Equal(&none) {
		t.Error("keys compare wrongly")
	}
}

// A key shows in no log and no message, on its own or inside something else.
func TestAuthKeyIsRedacted(t *testing.T) {
	k := testKey()
	type holder struct {
		Key mtproto.AuthKey
		Ptr *mtproto.AuthKey
	}
	inside := holder{k, &k}
	check := func(how, got string) {
		t.Helper()
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("%s: %s", how, got)
		}
		for _, piece := range leaks(&k) {
			if strings.Contains(strings.ToLower(got), piece) {
				t.Errorf("%s leaks the key: %.80s", how, got)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t"} {
		for _, v := range []any{k, &k} {
			check(fmt.Sprintf("%s of %T", verb, v), fmt.Sprintf(verb, v))
		}
		for _, v := range []any{inside, &inside, []mtproto.AuthKey{k}, map[string]mtproto.AuthKey{"": k}} {
			check(fmt.Sprintf("%s of %T", verb, v), fmt.Sprintf(verb, v))
		}
	}
	var text, asJSON bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&asJSON, nil)} {
		log := slog.New(handler)
		log.Info("made", "key", k)
		log.Info("made", "key", &k)
		log.With("key", k).Info("made", slog.Group("group", "holder", inside, "list", []mtproto.AuthKey{k}))
	}
	check("slog text", text.String())
	check("slog JSON", asJSON.String())
	if n := strings.Count(text.String(), "key=[redacted]"); n != 3 {
		t.Errorf("slog text redacts %d of 3 keys: %s", n, &text)
	}
	if n := strings.Count(asJSON.String(), `"key":"[redacted]"`); n != 3 {
		t.Errorf("slog JSON redacts %d of 3 keys: %s", n, &asJSON)
	}
	p, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	if string(p) != `{"Key":"[redacted]","Ptr":"[redacted]"}` {
		t.Errorf("JSON: %s", p)
	}
}

// leaks returns what the first bytes of a key look like in the forms that
// package fmt has for bytes, in lower case.
func leaks(k *mtproto.AuthKey) []string {
	first := k.Bytes()[:8]
	list := []string{string(first), hex.EncodeToString(first), fmt.Sprintf("% x", first)}
	for _, verb := range []string{"%d", "%o", "%b", "%#x", "%c", "%U"} {
		var words []string
		for _, c := range first {
			words = append(words, fmt.Sprintf(verb, c))
		}
		list = append(list, strings.ToLower(strings.Join(words, " ")), strings.ToLower(strings.Join(words, ", ")))
	}
	return list
}

func TestMsgIDVectors(t *testing.T) {
	for i := range vectors.Len(t, "msg_id") {
		path := fmt.Sprintf("msg_id.%d.", i)
		row := vectors.Get(t, fmt.Sprintf("msg_id.%d", i)).(map[string]any)
		unix := vectors.Int(t, path+"unix")
		if row["wire"] == nil {
			at := time.Unix(unix, vectors.Int(t, path+"ns"))
			id := mtproto.MsgID(vectors.Int(t, path+"client_msg_id"))
			if got := mtproto.MsgIDAt(at); got != id {
				t.Errorf("%v: %d, want %d", at, got, id)
			}
			if got := id.Time(); !got.Equal(at) {
				t.Errorf("%d: %v, want %v", id, got, at)
			}
			continue
		}
		id := mtproto.MsgID(binary.LittleEndian.Uint64(vectors.Hex(t, path+"wire")))
		if int64(id) != vectors.Int(t, path+"value") || id.Time().Unix() != unix || int64(id)&3 != vectors.Int(t, path+"mod4") {
			t.Errorf("%s: %d made at %v", path, id, id.Time())
		}
	}
}

// R-EM-20: an id tells its time to the nanosecond, give or take one.
func TestMsgIDTime(t *testing.T) {
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(1, 1), time.Unix(1700000000, 999999999),
		time.Unix(1<<31-1, 123456789), time.Unix(1<<31, 0), time.Unix(1<<32-1, 999999999),
	} {
		id := mtproto.MsgIDAt(at)
		if id&3 != 0 {
			t.Errorf("%v: %d is not divisible by 4", at, id)
		}
		if late := at.Sub(id.Time()); late < 0 || late > 2*time.Nanosecond {
			t.Errorf("%v comes back as %v", at, id.Time())
		}
	}
}

// R-IX-32: ids compare unsigned, so that those after January 2038 are later.
func TestMsgIDBefore(t *testing.T) {
	early, late := mtproto.MsgIDAt(time.Unix(1<<31-1, 0)), mtproto.MsgIDAt(time.Unix(1<<31, 0))
	if late >= 0 {
		t.Fatalf("%d should be negative as an int64", late)
	}
	if !early.Before(late) || late.Before(early) || late.Before(late) {
		t.Error("2038 comes before itself")
	}
	if late.Time().Unix() != 1<<31 {
		t.Errorf("%v", late.Time())
	}
}

// A key in an unexported field of another struct is out of reach of its
// methods, and must not print all the same.
func TestAuthKeyInsideAnother(t *testing.T) {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = 0xa5
	}
	holder := struct {
		key  mtproto.AuthKey
		keys []mtproto.AuthKey
	}{mtproto.NewAuthKey(value), []mtproto.AuthKey{mtproto.NewAuthKey(value)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s"} {
		got := fmt.Sprintf(verb, &holder)
		for _, secret := range []string{"165 165", "a5a5", "0xa5", "\xa5\xa5"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s prints the key: %.100s", verb, got)
			}
		}
	}
}

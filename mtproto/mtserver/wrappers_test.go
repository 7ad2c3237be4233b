package mtserver

import (
	"bytes"
	"compress/zlib"
	"testing"

	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// wrap builds a wrapper from its fields.
func wrap(query []byte, fields func(b *tl.Buffer)) []byte {
	var b tl.Buffer
	fields(&b)
	b.Raw(query)
	return b.Bytes()
}

// initFields writes initConnection with everything that it may have.
func initFields(b *tl.Buffer) {
	b.ID(idInitConnection)
	b.Uint32(3)
	b.Int(12345)
	for _, s := range []string{"device", "system", "1.0", "en", "", "en"} {
		b.String(s)
	}
	b.ID(idInputClientProxy)
	b.String("proxy.example")
	b.Int(443)
	b.ID(idJSONObject)
	b.Vector(6)
	value := func(key string, write func()) {
		b.ID(idJSONObjectValue)
		b.String(key)
		write()
	}
	value("null", func() { b.ID(idJSONNull) })
	value("bool", func() { b.ID(idJSONBool); b.Bool(true) })
	value("tz_offset", func() { b.ID(idJSONNumber); b.Double(3600) })
	value("string", func() { b.ID(idJSONString); b.String("x") })
	value("empty", func() { b.ID(idJSONArray); b.Vector(0) })
	value("array", func() { b.ID(idJSONArray); b.Vector(1); b.ID(idJSONNull) })
}

var wrappers = map[string]func(query []byte) []byte{
	"invokeWithLayer": func(q []byte) []byte { return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithLayer); b.Int(229) }) },
	"initConnection":  func(q []byte) []byte { return wrap(q, initFields) },
	"initConnection, least": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) {
			b.ID(idInitConnection)
			b.Uint32(0)
			b.Int(1)
			for range 6 {
				b.String("")
			}
		})
	},
	"invokeAfterMsg": func(q []byte) []byte { return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeAfterMsg); b.Long(4) }) },
	"invokeAfterMsgs": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeAfterMsgs); b.Vector(2); b.Long(4); b.Long(8) })
	},
	"invokeWithoutUpdates": func(q []byte) []byte { return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithoutUpdates) }) },
	"invokeWithMessagesRange": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithMessagesRange); b.ID(idMessageRange); b.Int(1); b.Int(2) })
	},
	"invokeWithTakeout": func(q []byte) []byte { return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithTakeout); b.Long(7) }) },
	"invokeWithBusinessConnection": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithBusinessConnection); b.String("id") })
	},
	"invokeWithReCaptcha": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithReCaptcha); b.String("token") })
	},
	"invokeWithGooglePlayIntegrity": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithGooglePlay); b.String("nonce"); b.String("token") })
	},
	"invokeWithApnsSecret": func(q []byte) []byte {
		return wrap(q, func(b *tl.Buffer) { b.ID(idInvokeWithApnsSecret); b.String("nonce"); b.String("secret") })
	},
	"gzip_packed, as zlib": func(q []byte) []byte {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		if _, err := w.Write(q); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return wrap(nil, func(b *tl.Buffer) { b.Object(&mt.GzipPacked{PackedData: z.Bytes()}) })
	},
}

// R-SV-07, R-TL-31, R-TL-33..35, R-TL-38: every wrapper is seen through, in
// any order, and nothing else is.
func TestInnerQuery(t *testing.T) {
	q := query("inside")
	if got, _ := innerQuery(q); !bytes.Equal(got, q) {
		t.Errorf("bare: %x", got)
	}
	for outer, wrapOuter := range wrappers {
		if got, _ := innerQuery(wrapOuter(q)); !bytes.Equal(got, q) {
			t.Errorf("%s: %x", outer, got)
		}
		for inner, wrapInner := range wrappers {
			if got, _ := innerQuery(wrapOuter(wrapInner(q))); !bytes.Equal(got, q) && (outer != inner || outer != "gzip_packed, as zlib") {
				t.Errorf("%s in %s: %x", inner, outer, got)
			}
		}
		whole := wrapOuter(nil)
		for n := 4; n < len(whole); n++ {
			if got, _ := innerQuery(whole[:n]); got != nil {
				t.Errorf("%s cut to %d bytes: %x", outer, n, got)
			}
		}
	}
	deep := q
	for range maxWrappers {
		deep = wrappers["invokeWithoutUpdates"](deep)
	}
	if got, _ := innerQuery(deep); got != nil {
		t.Errorf("%d wrappers: %x", maxWrappers, got)
	}
	json := wrap(q, func(b *tl.Buffer) {
		b.ID(idInitConnection)
		b.Uint32(2)
		b.Int(1)
		for range 6 {
			b.String("")
		}
		for range 1000 {
			b.ID(idJSONArray)
			b.Vector(1)
		}
		b.ID(idJSONNull)
	})
	if got, _ := innerQuery(json); got != nil {
		t.Errorf("JSON 1000 deep: %x", got)
	}
}

// Whatever a query is, what is found inside is part of it or unpacked from it.
func FuzzInnerQuery(f *testing.F) {
	for _, wrapIt := range wrappers {
		f.Add(wrapIt(query("inside")))
	}
	f.Fuzz(func(t *testing.T, q []byte) {
		inner, _ := innerQuery(q)
		if inner == nil {
			return
		}
		again, _ := innerQuery(wrappers["initConnection"](inner))
		if !bytes.Equal(again, inner) {
			t.Errorf("%x inside, %x when wrapped again", inner, again)
		}
	})
}

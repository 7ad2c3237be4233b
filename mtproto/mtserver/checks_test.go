package mtserver

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// plaintext lays out what is encrypted, with the length field as given.
func plaintext(e *session.Envelope, length, padding int) []byte {
	p := binary.LittleEndian.AppendUint64(nil, uint64(e.Salt))
	p = binary.LittleEndian.AppendUint64(p, uint64(e.SessionID))
	p = binary.LittleEndian.AppendUint64(p, uint64(e.MsgID))
	p = binary.LittleEndian.AppendUint32(p, uint32(e.SeqNo))
	p = binary.LittleEndian.AppendUint32(p, uint32(length))
	p = append(p, e.Body...)
	return append(p, make([]byte, padding)...)
}

// seal encrypts any plaintext of a multiple of 16 bytes, as from does.
func seal(key *mtproto.AuthKey, from mtproto.Side, plain []byte) []byte {
	msgKey, _ := mtcrypto.MessageKey(key, from, plain)
	aesKey, aesIV := mtcrypto.DeriveKeys(key, from, &msgKey)
	p := binary.LittleEndian.AppendUint64(nil, uint64(key.ID()))
	p = append(append(p, msgKey[:]...), plain...)
	mtcrypto.EncryptIGE(p[packetHead:], p[packetHead:], &aesKey, &aesIV)
	return p
}

// sealV1 encrypts a packet of MTProto 1.0, of which used is all but the
// padding.
func sealV1(key *mtproto.AuthKey, used []byte) []byte {
	msgKey := mtcrypto.MessageKeyV1(used)
	aesKey, aesIV := mtcrypto.DeriveKeysV1(key, mtproto.Client, &msgKey)
	p := binary.LittleEndian.AppendUint64(nil, uint64(key.ID()))
	p = append(append(p, msgKey[:]...), used...)
	p = append(p, make([]byte, -len(used)&15)...)
	mtcrypto.EncryptIGE(p[packetHead:], p[packetHead:], &aesKey, &aesIV)
	return p
}

// R-SV-04, R-EM-08, R-EM-10..12, R-EM-19: a packet that is not what its key
// promises costs the connection and nothing of it is used; the key and the
// session are as good as before.
func TestForgedPackets(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(r *raw, e *session.Envelope) []byte
	}{
		{"R-EM-08 no ciphertext", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, 8, 16))[:packetHead]
		}},
		{"R-EM-08 key id alone", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, 8, 16))[:8]
		}},
		{"R-EM-08 no key id", func(*raw, *session.Envelope) []byte { return []byte{1, 2, 3, 4} }},
		{"R-EM-08 32 bytes of plaintext", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, 8, 16)[:32])
		}},
		{"R-EM-11 msg_key", func(r *raw, e *session.Envelope) []byte {
			p := seal(&r.key, mtproto.Client, plaintext(e, len(e.Body), 16))
			p[8] ^= 1
			return p
		}},
		{"R-EM-11 ciphertext", func(r *raw, e *session.Envelope) []byte {
			p := seal(&r.key, mtproto.Client, plaintext(e, len(e.Body), 16))
			p[len(p)-1] ^= 1
			return p
		}},
		{"R-EM-11 sealed as the server", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Server, plaintext(e, len(e.Body), 16))
		}},
		{"R-EM-12 negative length", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, -4, 16))
		}},
		{"R-EM-12 length beyond the end", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, 400, 16))
		}},
		{"R-EM-12 odd length", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, len(e.Body)-2, 16))
		}},
		{"R-EM-12 padding of 8", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, len(e.Body)+8, 16))
		}},
		{"R-EM-12 padding of 1040", func(r *raw, e *session.Envelope) []byte {
			return seal(&r.key, mtproto.Client, plaintext(e, len(e.Body), 1040))
		}},
		{"R-TL-05 empty body", func(r *raw, e *session.Envelope) []byte {
			e.Body = nil
			return seal(&r.key, mtproto.Client, plaintext(e, 0, 16))
		}},
		{"R-TL-05 broken service message", func(r *raw, e *session.Envelope) []byte {
			e.Body = ping(r.t)[:8]
			return seal(&r.key, mtproto.Client, plaintext(e, 8, 24))
		}},
		{"R-TL-31 gzip bomb", func(r *raw, e *session.Envelope) []byte {
			e.Body = bomb(r.t)
			return seal(&r.key, mtproto.Client, plaintext(e, len(e.Body), 16+(-len(e.Body)&15)))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				r := f.raw(f.key())
				r.send(r.message(query("before"), true))
				r.waiting()
				_, _, before := f.h.counts()
				r.write(test.make(r, r.message(query("forged body"), true)))
				r.n-- // it will not count
				r.wantCut()
				r.on(f.dial(transport.Options{}))
				var pong mt.Pong
				r.ask(&mt.Ping{PingID: 1}, &pong)
				if opened, _, queries := f.h.counts(); queries != before || opened != 1 {
					t.Errorf("%d queries handled, want %d; %d sessions", queries, before, opened)
				}
			})
		})
	}
}

// bomb is a gzip_packed that inflates beyond what is allowed.
func bomb(t testing.TB) []byte {
	return marshal(t, &mt.GzipPacked{PackedData: deflate(make([]byte, session.MaxUnpacked+4))})
}

// deflate compresses as gzip.
func deflate(body []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(body) // memory takes everything
	_ = w.Close()
	return z.Bytes()
}

// R-EM-52, R-TR-07: MTProto 1.0 gets -404, as the first packet of a connection
// or after others.
func TestV1Traffic(t *testing.T) {
	for _, used := range []bool{false, true} {
		serve(t, Options{}, func(t *testing.T, f *fixture) {
			r := f.raw(f.key())
			sessions := 0
			if used {
				var pong mt.Pong
				r.ask(&mt.Ping{}, &pong)
				sessions = 1
			}
			e := r.message(query("from 2014"), true)
			r.write(sealV1(&r.key, plaintext(e, len(e.Body), 0)))
			r.wantCode(transport.CodeAuthKeyNotFound)
			r.wantCut()
			if opened, _, queries := f.h.counts(); opened != sessions || queries != 0 {
				t.Errorf("%d sessions opened, %d queries", opened, queries)
			}
		})
	}
}

// container makes a msg_container of messages.
func container(elements ...*session.Envelope) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x73f1f8dc)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(elements)))
	for _, e := range elements {
		b = binary.LittleEndian.AppendUint64(b, uint64(e.MsgID))
		b = binary.LittleEndian.AppendUint32(b, uint32(e.SeqNo))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Body)))
		b = append(b, e.Body...)
	}
	return b
}

// R-SV-04, section 5.4: what is wrong with a message that was decrypted is told
// by its code, and the message is not carried out. Sent properly it is.
func TestRefusedMessages(t *testing.T) {
	const ahead, behind = 40 * time.Second, -310 * time.Second
	shift := func(e *session.Envelope, d time.Duration) *session.Envelope {
		e.MsgID = mtproto.MsgIDAt(time.Now().Add(d))
		return e
	}
	for _, test := range []struct {
		name string
		code int32
		make func(r *raw) *session.Envelope
	}{
		{"R-EM-17 too old", 16, func(r *raw) *session.Envelope { return shift(r.message(query("x"), true), behind) }},
		{"R-EM-17 ahead of time", 17, func(r *raw) *session.Envelope { return shift(r.message(query("x"), true), ahead) }},
		{"R-EM-14 id of a server", 18, func(r *raw) *session.Envelope {
			e := r.message(query("x"), true)
			e.MsgID |= 1
			return e
		}},
		{"R-EM-20 id not divisible by 4", 18, func(r *raw) *session.Envelope {
			e := r.message(query("x"), true)
			e.MsgID |= 2
			return e
		}},
		{"R-EM-37 seqno too low", 32, func(r *raw) *session.Envelope {
			e := r.message(query("x"), true)
			e.SeqNo = 1
			return e
		}},
		{"R-EM-37 seqno too high", 33, func(r *raw) *session.Envelope {
			e := r.message(query("x"), true)
			e.MsgID = r.last - 1<<20
			e.SeqNo = 41
			return e
		}},
		{"R-EM-32 query with an even seqno", 35, func(r *raw) *session.Envelope { return r.message(query("x"), false) }},
		{"R-EM-33 odd container", 34, func(r *raw) *session.Envelope {
			inner := r.message(query("x"), true)
			e := r.message(container(inner), false)
			e.SeqNo++
			return e
		}},
		{"R-SM-10 container in a container", 64, func(r *raw) *session.Envelope {
			inner := r.message(query("x"), true)
			return r.message(container(r.message(container(inner), false)), false)
		}},
		{"R-EM-22 element newer than its container", 64, func(r *raw) *session.Envelope {
			e, inner := r.message(nil, false), r.message(query("x"), true)
			e.Body = container(inner)
			e.SeqNo = inner.SeqNo + 1
			return e
		}},
		{"R-SM-10 over 1024 messages", 64, func(r *raw) *session.Envelope {
			var list []*session.Envelope
			for range 1025 {
				list = append(list, r.message(query("x"), true))
			}
			return r.message(container(list...), false)
		}},
		{"R-SM-11 element beyond the end", 64, func(r *raw) *session.Envelope {
			body := container(r.message(query("x"), true))
			binary.LittleEndian.PutUint32(body[20:], 4096)
			return r.message(body, false)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				r := f.raw(f.key())
				for range 2 {
					r.send(r.message(query("before"), true))
				}
				r.waiting()
				_, _, before := f.h.counts()
				e := test.make(r)
				r.send(e)
				var bad mt.BadMsgNotification
				m := r.await(&bad)
				if bad.ErrorCode != test.code || m.seqno&1 != 0 || time.Until(m.id.Time()).Abs() > time.Second {
					t.Errorf("code %d, want %d (R-SM-30, R-SM-36: seqno %d)", bad.ErrorCode, test.code, m.seqno)
				}
				if _, _, queries := f.h.counts(); queries != before {
					t.Errorf("%d queries handled, want %d", queries, before)
				}
				r.wantQuiet()
			})
		})
	}
}

// R-SV-05, R-EM-40, R-EM-41: a wrong salt, 0 included, is corrected and the
// message is not carried out; salts change by the clock, with an overlap.
func TestSalts(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		good := r.salt
		for _, salt := range []mtproto.Salt{0, good + 1} {
			r.salt = salt
			e := r.message(query("salted"), true)
			r.n--
			r.send(e)
			var bad mt.BadServerSalt
			r.await(&bad)
			if bad.ErrorCode != 48 || bad.NewServerSalt != int64(good) || bad.BadMsgID != int64(e.MsgID) || bad.BadMsgSeqno != e.SeqNo {
				t.Errorf("salt %x: %+v", salt, bad)
			}
		}
		if _, _, queries := f.h.counts(); queries != 0 {
			t.Errorf("%d queries handled", queries)
		}
		r.salt = good
		var future mt.FutureSalts
		r.ask(&mt.GetFutureSalts{Num: 4}, &future)
		if len(future.Salts) != 4 {
			t.Fatalf("%d future salts", len(future.Salts))
		}
		next := future.Salts[2]
		r.close()
		pass(time.Until(time.Unix(int64(next.ValidSince), 0)) + time.Minute)
		r.on(f.dial(transport.Options{}))
		var bad mt.BadServerSalt
		r.ask(&mt.Ping{}, &bad) // the first salt has long ended
		r.salt = mtproto.Salt(next.Salt)
		var pong mt.Pong
		r.ask(&mt.Ping{}, &pong)
	})
}

// R-SV-06, R-EM-15, R-EM-16: a query that comes again is not carried out
// again; its answer is sent again, or it is acknowledged if there is none yet.
func TestDuplicates(t *testing.T) {
	release := make(chan struct{})
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		release = make(chan struct{})
		h.answer = slow(release)
		r := f.raw(f.key())
		e := r.message(query("once"), true)
		r.send(e)
		r.waiting()
		r.send(e)
		pass(2 * time.Second)
		acked := false
		for _, m := range r.waiting() {
			acked = acked || bytes.Equal(m.body, marshal(t, &mt.MsgsAck{MsgIDs: []int64{int64(e.MsgID)}}))
		}
		if !acked {
			t.Error("no acknowledgement while the query is in hand (R-SM-20)")
		}
		close(release)
		var first, second mt.RPCResult
		original := r.await(&first)
		r.send(e)
		again := r.await(&second)
		if first.ReqMsgID != int64(e.MsgID) || again.id != original.id || again.seqno != original.seqno || !bytes.Equal(first.Result, second.Result) {
			t.Errorf("answer %x, then %x", original.id, again.id)
		}
		if _, _, queries := f.h.counts(); queries != 1 {
			t.Errorf("handled %d times", queries)
		}
		r.send(r.message(marshal(t, &mt.MsgsAck{MsgIDs: []int64{int64(again.id)}}), false))
		r.send(e)
		for _, m := range r.waiting() {
			if m.id == original.id {
				t.Error("sent again after it was acknowledged")
			}
		}
	})
}

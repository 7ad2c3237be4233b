package mtserver

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// permanentVector is the key of the vectors that is described as bytes 00..ff.
func permanentVector() (value [mtproto.AuthKeySize]byte) {
	for i := range value {
		value[i] = byte(i)
	}
	return value
}

// R-PF-03..06: the binding of the vectors is taken.
func TestBindVector(t *testing.T) {
	const vector = "bind_temp_auth_key.0."
	rsaKey()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		id := mtproto.MsgID(vectors.Int(t, vector+"msg_id_int"))
		f := start(t, Options{Now: func() time.Time { return id.Time().Add(time.Since(began)) }})
		defer f.stop()
		permanent := mtproto.NewAuthKey(permanentVector())
		temporary := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(vectors.Hex(t, vector+"temp_auth_key")))
		now := f.srv.o.Now()
		for _, k := range []Key{{AuthKey: permanent, Created: now}, {AuthKey: temporary, Salt: 5, Created: now, ExpiresAt: now.Add(time.Hour)}} {
			if err := f.keys.Save(k); err != nil {
				t.Fatal(err)
			}
		}
		r := f.raw(Key{AuthKey: temporary, Salt: 5})
		r.id = mtproto.SessionID(binary.LittleEndian.Uint64(vectors.Hex(t, vector+"temp_session_id_le")))
		e := r.message(vectors.Hex(t, vector+"request_body"), true)
		e.MsgID = id
		r.send(e)
		var result mt.RPCResult
		r.await(&result)
		if tl.NewReader(result.Result).PeekID() != tl.IDBoolTrue {
			t.Errorf("answer %x", result.Result)
		}
		if s := f.h.session(t, 0); s.KeyID() != permanent.ID() {
			t.Errorf("session of key %x", s.KeyID())
		}
	})
}

// binding makes a bindTempAuthKey call, changed on the way by spoil.
func (r *raw) binding(permanent Key, msgID mtproto.MsgID, spoil func(*bindParts)) []byte {
	r.t.Helper()
	expires := int32(time.Now().Add(time.Hour).Unix())
	b := bindParts{msgID: msgID, key: permanent.AuthKey,
		inner: mt.BindAuthKeyInner{Nonce: 9, TempAuthKeyID: int64(r.key.ID()), PermAuthKeyID: int64(permanent.AuthKey.ID()),
			TempSessionID: int64(r.id), ExpiresAt: expires},
		call: mt.AuthBindTempAuthKey{PermAuthKeyID: int64(permanent.AuthKey.ID()), Nonce: 9, ExpiresAt: expires}}
	if spoil != nil {
		spoil(&b)
	}
	var head [16]byte
	if _, err := rand.Read(head[:]); err != nil {
		r.t.Fatal(err)
	}
	plain := binary.LittleEndian.AppendUint64(head[:], uint64(b.msgID))
	plain = binary.LittleEndian.AppendUint32(plain, uint32(b.seqno))
	inner := append(marshal(r.t, &b.inner), b.tail...)
	plain = binary.LittleEndian.AppendUint32(plain, uint32(len(inner)))
	b.call.EncryptedMessage = sealV1(&b.key, append(plain, inner...))
	return marshal(r.t, &b.call)
}

type bindParts struct {
	msgID mtproto.MsgID
	seqno int32
	key   mtproto.AuthKey
	inner mt.BindAuthKeyInner
	tail  []byte
	call  mt.AuthBindTempAuthKey
}

// bind binds the client's key and returns the constructor of the answer.
func (r *raw) bind(permanent Key, spoil func(*bindParts)) (uint32, mt.RPCError) {
	r.t.Helper()
	e := r.message(nil, true)
	e.Body = r.binding(permanent, e.MsgID, spoil)
	return r.answer(e)
}

// answer sends a query and returns the constructor of the answer, and the
// error if that is what it is.
func (r *raw) answer(e *session.Envelope) (uint32, mt.RPCError) {
	r.t.Helper()
	r.send(e)
	var result mt.RPCResult
	for result.ReqMsgID != int64(e.MsgID) {
		r.await(&result)
	}
	var refusal mt.RPCError
	id := tl.NewReader(result.Result).PeekID()
	if id == mt.IDRPCError {
		if err := tl.Unmarshal(result.Result, &refusal); err != nil {
			r.t.Fatal(err)
		}
	}
	return id, refusal
}

func (r *raw) wantRefused(e *session.Envelope, code int32, message string) {
	r.t.Helper()
	if _, refusal := r.answer(e); refusal.ErrorCode != code || refusal.ErrorMessage != message {
		r.t.Errorf("got %d %s, want %d %s", refusal.ErrorCode, refusal.ErrorMessage, code, message)
	}
}

// R-SV-03, R-PF-07: a temporary key may do next to nothing until it is bound,
// then it acts for the permanent one, until the next one takes its place.
func TestTemporaryKeys(t *testing.T) {
	allowed := query("")
	serve(t, Options{UnboundMethods: []uint32{tl.NewReader(allowed).PeekID()}}, func(t *testing.T, f *fixture) {
		permanent := f.key()
		l := f.dial(transport.Options{})
		made := l.exchange(authkey.ClientOptions{ExpiresIn: 24 * time.Hour})
		if k, ok := f.keys.Load(made.Key.ID()); !ok || !k.Temporary() || k.Bound != 0 || time.Until(k.ExpiresAt).Round(time.Minute) != 24*time.Hour {
			t.Fatalf("stored %v, until %v", ok, k.ExpiresAt)
		}
		r := &raw{link: l, key: made.Key, id: 77, salt: made.Salt}
		forbidden := append([]byte{0xbf, 0x94, 0x59, 0xb7}, query("")...)
		slices.Reverse(forbidden[:4]) // invokeWithoutUpdates
		forbidden[4] ^= 0xff          // around another method
		r.wantRefused(r.message(forbidden, true), 401, "AUTH_KEY_PERM_EMPTY")
		if id, _ := r.answer(r.message(allowed, true)); id != tl.NewReader(allowed).PeekID() {
			t.Error("a method that is allowed was refused")
		}
		if s := f.h.session(t, 0); s.KeyID() != made.Key.ID() {
			t.Errorf("unbound session of key %x", s.KeyID())
		}
		for range 2 { // binding again to the same key changes nothing
			if id, refusal := r.bind(permanent, nil); id != tl.IDBoolTrue {
				t.Fatalf("not bound: %s", refusal.ErrorMessage)
			}
		}
		if id, _ := r.answer(r.message(forbidden, true)); id == mt.IDRPCError {
			t.Error("refused after it was bound")
		}
		wantSessions(t, f, permanent.AuthKey.ID(), 77)
		wantSessions(t, f, made.Key.ID())

		media := f.temporary(permanent, true, 78)
		wantSessions(t, f, permanent.AuthKey.ID(), 77, 78)
		next := f.temporary(permanent, false, 79)
		wantSessions(t, f, permanent.AuthKey.ID(), 78, 79)
		r.wantRefused(r.message(forbidden, true), 401, "AUTH_KEY_PERM_EMPTY")
		for _, still := range []*raw{media, next} {
			if id, _ := still.answer(still.message(forbidden, true)); id == mt.IDRPCError {
				t.Error("another binding was replaced too")
			}
		}
	})
}

// temporary makes a client with a temporary key that is bound.
func (f *fixture) temporary(permanent Key, media bool, id mtproto.SessionID) *raw {
	f.t.Helper()
	k := f.keyUntil(time.Now().Add(time.Hour))
	k.Media = media
	if err := f.keys.Save(k); err != nil {
		f.t.Fatal(err)
	}
	r := f.raw(k)
	r.id = id
	if id, refusal := r.bind(permanent, nil); id != tl.IDBoolTrue {
		f.t.Fatalf("not bound: %s", refusal.ErrorMessage)
	}
	return r
}

func wantSessions(t *testing.T, f *fixture, key mtproto.KeyID, want ...mtproto.SessionID) {
	t.Helper()
	var got []mtproto.SessionID
	for s := range f.srv.SessionsOf(key) {
		if s.KeyID() != key {
			t.Errorf("session %d is of key %x", s.ID(), s.KeyID())
		}
		got = append(got, s.ID())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("sessions of %x are %d, want %d", key, got, want)
	}
}

// R-PF-06, R-PF-09, R-PF-10: each check of the binding message.
func TestBindRefused(t *testing.T) {
	for name, spoil := range map[string]func(*bindParts){
		"R-PF-06 another msg_id":      func(b *bindParts) { b.msgID += 4 },
		"R-PF-05 seqno":               func(b *bindParts) { b.seqno = 1 },
		"R-PF-05 length":              func(b *bindParts) { b.tail = make([]byte, 4) },
		"R-PF-10 another nonce":       func(b *bindParts) { b.inner.Nonce++ },
		"R-PF-10 another temp key":    func(b *bindParts) { b.inner.TempAuthKeyID++ },
		"R-PF-10 another perm key":    func(b *bindParts) { b.inner.PermAuthKeyID++ },
		"R-PF-10 another session":     func(b *bindParts) { b.inner.TempSessionID++ },
		"R-PF-10 another expires_at":  func(b *bindParts) { b.inner.ExpiresAt++ },
		"R-PF-10 unknown perm key":    func(b *bindParts) { b.call.PermAuthKeyID++ },
		"R-PF-10 wrong key":           func(b *bindParts) { b.key = mtproto.NewAuthKey([256]byte{4}) },
		"R-PF-10 expires in the past": func(b *bindParts) { b.inner.ExpiresAt, b.call.ExpiresAt = 1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				permanent := f.key()
				r := f.raw(f.keyUntil(time.Now().Add(time.Hour)))
				if _, refusal := r.bind(permanent, spoil); refusal.ErrorCode != 400 || refusal.ErrorMessage != "ENCRYPTED_MESSAGE_INVALID" {
					t.Errorf("got %d %s", refusal.ErrorCode, refusal.ErrorMessage)
				}
				wantSessions(t, f, permanent.AuthKey.ID())
				if id, _ := r.bind(permanent, nil); id != tl.IDBoolTrue {
					t.Error("not bound after that")
				}
			})
		})
	}
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		permanent, other := f.key(), f.key()
		r := f.raw(permanent)
		if _, refusal := r.bind(other, nil); refusal.ErrorMessage != "TEMP_AUTH_KEY_EMPTY" {
			t.Errorf("permanent key bound: %s", refusal.ErrorMessage)
		}
		r = f.temporary(permanent, false, 1)
		if _, refusal := r.bind(other, nil); refusal.ErrorMessage != "TEMP_AUTH_KEY_ALREADY_BOUND" {
			t.Errorf("bound twice: %s", refusal.ErrorMessage)
		}
		second := f.keyUntil(time.Now().Add(time.Hour))
		r = f.raw(f.keyUntil(time.Now().Add(time.Hour)))
		if _, refusal := r.bind(second, nil); refusal.ErrorMessage != "ENCRYPTED_MESSAGE_INVALID" {
			t.Errorf("bound to a temporary key: %s", refusal.ErrorMessage)
		}
		broken := append(marshal(t, &mt.AuthBindTempAuthKey{}), 1, 2, 3, 4)
		r.wantRefused(r.message(broken, true), 400, "INPUT_FETCH_FAIL")
	})
}

// R-PF-02: an expired key is unknown, and its sessions are forgotten; with a
// permanent key its temporary ones go too, also those of an earlier run.
func TestTemporaryKeysEnd(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		permanent := f.key()
		r := f.temporary(permanent, false, 1)
		for range 6 {
			pass(10*time.Minute - time.Second)
			wantSessions(t, f, permanent.AuthKey.ID(), 1)
			r.send(r.message(ping(t), false))
		}
		pass(5 * time.Minute)
		wantSessions(t, f, permanent.AuthKey.ID())
		if _, ok := f.keys.Load(r.key.ID()); ok {
			t.Error("expired key is still stored")
		}
		r.close()
		r.on(f.dial(transport.Options{}))
		r.send(r.message(ping(t), false))
		r.wantCode(transport.CodeAuthKeyNotFound)

		permanent = f.key()
		r = f.temporary(permanent, false, 2)
		owner := f.raw(permanent)
		var ok mt.DestroyAuthKeyOK
		owner.ask(&mt.DestroyAuthKey{}, &ok)
		if _, stored := f.keys.Load(r.key.ID()); stored {
			t.Error("the temporary key of a destroyed one is still stored")
		}
		orphan := f.keyUntil(time.Now().Add(time.Hour))
		orphan.Bound = permanent.AuthKey.ID()
		if err := f.keys.Save(orphan); err != nil {
			t.Fatal(err)
		}
		r = f.raw(orphan)
		r.send(r.message(ping(t), false))
		r.wantCode(transport.CodeAuthKeyNotFound)
	})
}

// A binding lasts as long as the store that it is in.
func TestBindingIsStored(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		permanent := f.key()
		r := f.temporary(permanent, false, 1)
		f.stop()
		again := start(t, Options{Keys: f.keys})
		defer again.stop()
		r.on(again.dial(transport.Options{}))
		if id, _ := r.answer(r.message(query("x"), true)); id == mt.IDRPCError {
			t.Error("the binding was forgotten")
		}
		wantSessions(t, again, permanent.AuthKey.ID(), 1)
	})
}

package mtserver

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// hostileAllocation is what a hostile client may make the server allocate, all
// in all: what a gzip_packed may inflate to, with what a buffer that grows
// leaves behind, and 16 MiB for all else.
const hostileAllocation = 5*session.MaxUnpacked + 16<<20

// frugally runs f, which must not allocate more than hostileAllocation.
func frugally(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	synctest.Wait()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > hostileAllocation {
		t.Errorf("%d bytes were allocated", n)
	}
}

// A liar makes a key by hand, so that it can lie at every step.
type liar struct {
	*link
	res      mt.ResPQ
	newNonce tl.Int256
}

func (l *liar) send(v tl.Object) {
	l.write(authkey.AppendPlain(nil, mtproto.MsgIDAt(time.Now()), marshal(l.t, v)))
}

// read takes an answer apart, which has a tail of random bytes.
func (l *liar) read(v tl.Object) {
	l.t.Helper()
	_, body, err := authkey.ParsePlain(l.packet())
	if err != nil {
		l.t.Fatal(err)
	}
	r := tl.NewReader(body)
	if r.Object(v); r.Err() != nil {
		l.t.Fatal(r.Err())
	}
}

// ask is step 1.
func (l *liar) ask() {
	l.send(&mt.ReqPQMulti{Nonce: tl.Int128{7}})
	l.read(&l.res)
}

// claim is step 4, with what change makes of an honest client's.
func (l *liar) claim(change func(*mt.ReqDHParams, *mt.PQInnerDataDC)) {
	l.t.Helper()
	l.ask()
	p, q, err := mtcrypto.Factor(binary.BigEndian.Uint64(l.res.PQ))
	if err != nil {
		l.t.Fatal(err)
	}
	small := func(n uint64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	inner := mt.PQInnerDataDC{
		PQ: l.res.PQ, P: small(p), Q: small(q), Nonce: l.res.Nonce, ServerNonce: l.res.ServerNonce, NewNonce: tl.Int256{9}, DC: 2,
	}
	req := mt.ReqDHParams{
		Nonce: l.res.Nonce, ServerNonce: l.res.ServerNonce, P: small(p), Q: small(q),
		PublicKeyFingerprint: l.res.ServerPublicKeyFingerprints[0],
	}
	l.newNonce = inner.NewNonce
	if change != nil {
		change(&req, &inner)
	}
	if req.EncryptedData == nil {
		public := rsaKey().Public()
		if req.EncryptedData, err = mtcrypto.EncryptPadded(rand.Reader, &public, marshal(l.t, &inner)); err != nil {
			l.t.Fatal(err)
		}
	}
	l.send(&req)
}

// share is step 6, with the encrypted data that make returns for honest ones.
func (l *liar) share(change func(*mt.SetClientDHParams, *mt.ClientDHInnerData)) {
	l.t.Helper()
	l.claim(nil)
	l.read(&mt.ServerDHParamsOK{})
	public := make([]byte, 256)
	public[0], public[255] = 0x55, 1
	inner := mt.ClientDHInnerData{Nonce: l.res.Nonce, ServerNonce: l.res.ServerNonce, GB: public}
	set := mt.SetClientDHParams{Nonce: l.res.Nonce, ServerNonce: l.res.ServerNonce}
	change(&set, &inner)
	if set.EncryptedData == nil {
		body := marshal(l.t, &inner)
		sum := sha1.Sum(body)
		data := append(sum[:], body...)
		data = append(data, make([]byte, -len(data)&15)...)
		key, iv := mtcrypto.TempKeyIV(&l.newNonce, &l.res.ServerNonce)
		mtcrypto.EncryptIGE(data, data, &key, &iv)
		set.EncryptedData = data
	}
	l.send(&set)
}

// TestHostileExchange has a client lie at each step of the making of a key: it
// gets the code for that and no key, and may begin again, for as long as a
// connection may take (R-AK-02, R-AK-09, R-AK-15, R-AK-19, R-AK-24, R-AK-25,
// R-AK-32, R-AK-33, R-TR-33).
func TestHostileExchange(t *testing.T) {
	claim := func(change func(*mt.ReqDHParams, *mt.PQInnerDataDC)) func(*liar) {
		return func(l *liar) { l.claim(change) }
	}
	share := func(change func(*mt.SetClientDHParams, *mt.ClientDHInnerData)) func(*liar) {
		return func(l *liar) { l.share(change) }
	}
	for _, test := range []struct {
		name, rule string
		code       int32
		lie        func(l *liar)
	}{
		{"short packet", "R-AK-01", -404, func(l *liar) { l.write(make([]byte, 12)) }},
		{"length beyond the end", "R-AK-01", -404, func(l *liar) {
			l.write(append(make([]byte, 16), 0xff, 0xff, 0xff, 0x7f, 1, 2, 3, 4))
		}},
		{"query of the API", "R-AK-02", -404, func(l *liar) { l.send(&mt.Ping{}) }},
		{"cut short", "R-TL-05", -404, func(l *liar) {
			l.write(authkey.AppendPlain(nil, 4, marshal(l.t, &mt.ReqPQMulti{})[:12]))
		}},
		{"step 4 first", "R-AK-09", -404, func(l *liar) { l.send(&mt.ReqDHParams{}) }},
		{"step 6 first", "R-AK-09", -404, func(l *liar) { l.send(&mt.SetClientDHParams{}) }},
		{"step 6 for step 4", "R-AK-09", -404, func(l *liar) {
			l.ask()
			l.send(&mt.SetClientDHParams{Nonce: l.res.Nonce, ServerNonce: l.res.ServerNonce})
		}},

		{"nonce", "R-AK-19", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.Nonce[0] ^= 1 })},
		{"server_nonce", "R-AK-19", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.ServerNonce[0] ^= 1 })},
		{"p and q the wrong way round", "R-AK-19", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.P, r.Q = r.Q, r.P })},
		{"p with a leading zero", "R-AK-19", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.P = append([]byte{0}, r.P...) })},
		{"fingerprint", "R-AK-19", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.PublicKeyFingerprint++ })},
		{"rubbish under RSA", "R-AK-17", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.EncryptedData = make([]byte, 256) })},
		{"RSA data of 16 MB", "R-AK-17", -404, claim(func(r *mt.ReqDHParams, _ *mt.PQInnerDataDC) { r.EncryptedData = make([]byte, 4<<20) })},
		{"nonce inside", "R-AK-19", -404, claim(func(_ *mt.ReqDHParams, d *mt.PQInnerDataDC) { d.Nonce[0] ^= 1 })},
		{"server_nonce inside", "R-AK-19", -404, claim(func(_ *mt.ReqDHParams, d *mt.PQInnerDataDC) { d.ServerNonce[0] ^= 1 })},
		{"pq inside", "R-AK-19", -404, claim(func(_ *mt.ReqDHParams, d *mt.PQInnerDataDC) { d.PQ = []byte{15} })},
		{"another DC", "R-AK-15", -444, claim(func(_ *mt.ReqDHParams, d *mt.PQInnerDataDC) { d.DC = 3 })},

		{"nonce of the share", "R-AK-19", -404, share(func(s *mt.SetClientDHParams, _ *mt.ClientDHInnerData) { s.Nonce[0] ^= 1 })},
		{"rubbish in the share", "R-AK-24", -404, share(func(s *mt.SetClientDHParams, _ *mt.ClientDHInnerData) { s.EncryptedData = make([]byte, 336) })},
		{"nothing in the share", "R-AK-24", -404, share(func(s *mt.SetClientDHParams, _ *mt.ClientDHInnerData) { s.EncryptedData = []byte{} })},
		{"nonce inside the share", "R-AK-24", -404, share(func(_ *mt.SetClientDHParams, d *mt.ClientDHInnerData) { d.Nonce[0] ^= 1 })},
		{"retry_id", "R-AK-25", -404, share(func(_ *mt.SetClientDHParams, d *mt.ClientDHInnerData) { d.RetryID = 1 })},
		{"g_b = 1", "R-AK-32", -404, share(func(_ *mt.SetClientDHParams, d *mt.ClientDHInnerData) { d.GB = []byte{1} })},
		{"g_b of 4096 bits", "R-AK-32", -404, share(func(_ *mt.SetClientDHParams, d *mt.ClientDHInnerData) {
			d.GB = append([]byte{1}, make([]byte, 511)...)
		})},
		{"small g_b", "R-AK-33", -404, share(func(_ *mt.SetClientDHParams, d *mt.ClientDHInnerData) { d.GB = d.GB[:100] })},
	} {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			var log logbook
			serve(t, Options{Logger: log.logger()}, func(t *testing.T, f *fixture) {
				l := &liar{link: f.dial(transport.Options{})}
				frugally(t, func() { test.lie(l) })
				l.wantCode(test.code)
				if line := log.line(t, "key exchange refused"); !strings.Contains(line, test.rule) {
					t.Errorf("want %s: %s", test.rule, line)
				}
				if len(f.keys.keys) != 0 {
					t.Error("there is a key")
				}
				l.exchange(authkey.ClientOptions{})
				pass(2 * time.Minute)
				l.wantCut()
			})
		})
	}
}

// TestHostileLengths has a client announce packets that it does not send, on a
// new connection and on one with a session (R-TR-04, R-TR-05).
func TestHostileLengths(t *testing.T) {
	for name, test := range map[string]struct {
		framing transport.Framing
		sent    []byte
	}{
		"abridged, 64 MiB":     {transport.Abridged, []byte{0x7f, 0xff, 0xff, 0xff}},
		"abridged, nothing":    {transport.Abridged, []byte{0}},
		"intermediate, 2 GiB":  {transport.Intermediate, []byte{0xff, 0xff, 0xff, 0x7f}},
		"intermediate, uneven": {transport.Intermediate, []byte{41, 0, 0, 0}},
		"padded, 2 GiB":        {transport.PaddedIntermediate, []byte{0xff, 0xff, 0xff, 0x7f}},
		"full, 4 GiB":          {transport.Full, []byte{0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0}},
		"full, 4 bytes":        {transport.Full, []byte{4, 0, 0, 0, 1, 0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				k := f.key()
				r := &raw{link: f.dial(transport.Options{Framing: test.framing}), key: k.AuthKey, id: 77, salt: k.Salt}
				var pong mt.Pong
				r.ask(&mt.Ping{}, &pong)
				frugally(t, func() {
					if _, err := r.net.Write(test.sent); err != nil {
						t.Error(err)
					}
				})
				r.wantCut()
			})
		})
	}
}

// TestHostileMessages has a client that shares the server's key send what
// breaks a rule: that ends the connection, and the log says which rule
// (R-SM-13, R-SM-22, R-TL-05, R-TL-26, R-TL-30, R-TL-31).
func TestHostileMessages(t *testing.T) {
	words := func(list ...uint32) []byte {
		var b []byte
		for _, w := range list {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	packed := func(body []byte) []byte { return marshal(t, &mt.GzipPacked{PackedData: deflate(body)}) }
	for _, test := range []struct {
		name, rule string
		body       []byte
	}{
		{"nothing", "R-TL-05", nil},
		{"gzip bomb", "R-TL-30", bomb(t)},
		{"gzip bomb in a gzip bomb", "R-TL-30", packed(bomb(t))},
		{"gzip of rubbish", "R-TL-30", marshal(t, &mt.GzipPacked{PackedData: []byte("rubbish")})},
		{"gzip of nothing", "R-TL-05", packed(nil)},
		{"2147483647 acks", "R-TL-05", words(mt.IDMsgsAck, tl.IDVector, 1<<31-1)},
		{"-1 acks", "R-TL-05", words(mt.IDMsgsAck, tl.IDVector, 1<<32-1)},
		{"8193 acks", "R-SM-22", marshal(t, &mt.MsgsAck{MsgIDs: make([]int64, 8193)})},
		{"8193 states", "R-SM-22", marshal(t, &mt.MsgsStateReq{MsgIDs: make([]int64, 8193)})},
		{"8193 to send again", "R-SM-22", marshal(t, &mt.MsgResendReq{MsgIDs: make([]int64, 8193)})},
		{"ping that is cut", "R-TL-05", words(mt.IDPing, 1)},
		{"string beyond the end", "R-TL-05", words(mt.IDMsgsStateInfo, 4, 1, 0xfffffffe)},
	} {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			var log logbook
			serve(t, Options{Logger: log.logger()}, func(t *testing.T, f *fixture) {
				r := f.raw(f.key())
				var pong mt.Pong
				r.ask(&mt.Ping{}, &pong)
				frugally(t, func() { r.send(r.message(test.body, false)) })
				if test.rule == "R-SM-22" {
					r.wantCode(transport.CodeFlood)
				}
				r.wantCut()
				if line := log.line(t, "client cut off"); !strings.Contains(line, "rule="+test.rule) {
					t.Errorf("want %s: %s", test.rule, line)
				}
			})
		})
	}
}

// TestReplayedQueries has somebody send what a client has sent again and again:
// nothing is carried out twice, and what is remembered does not grow (R-EM-15).
func TestReplayedQueries(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		r := f.raw(f.key())
		var packets [][]byte
		for range 20 {
			p, _, err := session.Seal(rand.Reader, &r.key, mtproto.Client, r.message(query("once"), true))
			if err != nil {
				t.Fatal(err)
			}
			packets = append(packets, p)
			r.write(p)
		}
		r.waiting()
		for range 200 {
			for _, p := range packets {
				r.write(p)
			}
			r.waiting()
		}
		if _, _, queries := f.h.counts(); queries != 20 {
			t.Errorf("%d queries were handled", queries)
		}
	})
}

// TestSlowClient has a client take its time over every packet, a byte a minute:
// a new connection has HandshakeTimeout in all, one with a session IdleTimeout
// for each packet (R-IX-31).
func TestSlowClient(t *testing.T) {
	for name, limit := range map[string]time.Duration{"new": 2 * time.Minute, "session": 15 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			serve(t, Options{}, func(t *testing.T, f *fixture) {
				r := f.raw(f.key())
				if name == "session" {
					var pong mt.Pong
					r.ask(&mt.Ping{}, &pong)
				} else if _, err := r.net.Write([]byte{0xef}); err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				_, err := r.net.Write([]byte{0x7f, 0, 1, 0})
				for err == nil {
					pass(time.Minute)
					_, err = r.net.Write([]byte{1})
				}
				if took := time.Since(begun); took > limit+time.Minute || !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

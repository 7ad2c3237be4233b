package mtclient

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// A twister makes keys as an honest server does, and changes what it answers.
type twister struct {
	*authkey.Server
	server   tl.Int128
	newNonce tl.Int256
}

// learn takes the secrets of the exchange out of what passes.
func (w *twister) learn(query []byte) error {
	_, body, err := authkey.ParsePlain(query)
	if err != nil {
		return err
	}
	var params mt.ReqDHParams
	if tl.NewReader(body).PeekID() != mt.IDReqDHParams {
		return nil
	}
	if err := tl.Unmarshal(body, &params); err != nil {
		return err
	}
	data, err := mtcrypto.DecryptPadded(testKey(), params.EncryptedData)
	if err != nil {
		return err
	}
	var inner mt.PQInnerDataDC
	tl.NewReader(data).Object(&inner)
	w.server, w.newNonce = inner.ServerNonce, inner.NewNonce
	return nil
}

// read decodes the object of an answer, without the tail behind it.
func read[T tl.Object](answer []byte, v T) T {
	_, body, err := authkey.ParsePlain(answer)
	if err != nil {
		panic(err)
	}
	tl.NewReader(body).Object(v)
	return v
}

// plainOf returns an answer that holds an object.
func plainOf(v tl.Object) []byte {
	return authkey.AppendPlain(nil, mtproto.MsgIDAt(time.Now())|1, mustMarshal(v))
}

// A twist changes an answer.
type twist func(w *twister, answer []byte) []byte

func resPQ(change func(*mt.ResPQ)) twist {
	return func(_ *twister, answer []byte) []byte {
		v := read(answer, &mt.ResPQ{})
		change(v)
		return plainOf(v)
	}
}

func params(change func(*mt.ServerDHParamsOK)) twist {
	return func(_ *twister, answer []byte) []byte {
		v := read(answer, &mt.ServerDHParamsOK{})
		change(v)
		return plainOf(v)
	}
}

// group changes what the parameters hold under encryption.
func group(change func(*mt.ServerDHInnerData)) twist {
	return func(w *twister, answer []byte) []byte {
		v := read(answer, &mt.ServerDHParamsOK{})
		key, iv := mtcrypto.TempKeyIV(&w.newNonce, &w.server)
		data := make([]byte, len(v.EncryptedAnswer))
		mtcrypto.DecryptIGE(data, v.EncryptedAnswer, &key, &iv)
		var inner mt.ServerDHInnerData
		tl.NewReader(data[sha1.Size:]).Object(&inner)
		change(&inner)
		body := mustMarshal(&inner)
		sum := sha1.Sum(body)
		data = append(sum[:], body...)
		data = append(data, make([]byte, -len(data)&15)...)
		mtcrypto.EncryptIGE(data, data, &key, &iv)
		v.EncryptedAnswer = data
		return plainOf(v)
	}
}

func verdict(change func(*mt.DHGenOK)) twist {
	return func(_ *twister, answer []byte) []byte {
		v := read(answer, &mt.DHGenOK{})
		change(v)
		return plainOf(v)
	}
}

func raw(packet []byte) twist { return func(*twister, []byte) []byte { return packet } }

// hostileExchanges are answers that no honest server gives, and at which of the
// three steps.
var hostileExchanges = []struct {
	name, rule string
	step       int
	twist      twist
}{
	{"nonce", "R-AK-11", 1, resPQ(func(v *mt.ResPQ) { v.Nonce[0] ^= 1 })},
	{"pq is prime", "R-AK-13", 1, resPQ(func(v *mt.ResPQ) { v.PQ = binary.BigEndian.AppendUint64(nil, 1<<61-1) })},
	{"pq is 0", "R-AK-13", 1, resPQ(func(v *mt.ResPQ) { v.PQ = []byte{0} })},
	{"pq of 4096 bits", "R-AK-13", 1, resPQ(func(v *mt.ResPQ) { v.PQ = make([]byte, 512); v.PQ[0] = 1 })},
	{"2147483647 fingerprints", "R-TL-05", 1, func(_ *twister, answer []byte) []byte {
		v := mustMarshal(read(answer, &mt.ResPQ{}))
		binary.LittleEndian.PutUint32(v[len(v)-12:], 1<<31-1)
		return authkey.AppendPlain(nil, 1, v)
	}},
	{"cut short", "R-TL-05", 1, func(_ *twister, answer []byte) []byte { return authkey.AppendPlain(nil, 1, answer[20:40]) }},
	{"encrypted", "R-AK-01", 1, raw(append([]byte{1}, make([]byte, 95)...))},
	{"length beyond the end", "R-AK-01", 1, func(_ *twister, answer []byte) []byte {
		binary.LittleEndian.PutUint32(answer[16:], 1<<31)
		return answer
	}},

	{"nonce of the parameters", "R-AK-22", 2, params(func(v *mt.ServerDHParamsOK) { v.Nonce[0] ^= 1 })},
	{"server_nonce of the parameters", "R-AK-22", 2, params(func(v *mt.ServerDHParamsOK) { v.ServerNonce[0] ^= 1 })},
	{"altered", "R-AK-22", 2, params(func(v *mt.ServerDHParamsOK) { v.EncryptedAnswer[99] ^= 1 })},
	{"odd size", "R-AK-22", 2, params(func(v *mt.ServerDHParamsOK) { v.EncryptedAnswer = v.EncryptedAnswer[1:] })},
	{"nonce inside", "R-AK-22", 2, group(func(v *mt.ServerDHInnerData) { v.Nonce[0] ^= 1 })},
	{"prime of 1024 bits", "R-AK-30", 2, group(func(v *mt.ServerDHInnerData) { v.DHPrime = v.DHPrime[128:] })},
	{"composite", "R-AK-30", 2, group(func(v *mt.ServerDHInnerData) { v.DHPrime[255] -= 24 })},
	{"generator", "R-AK-31", 2, group(func(v *mt.ServerDHInnerData) { v.G = 2 })},
	{"g_a = 1", "R-AK-32", 2, group(func(v *mt.ServerDHInnerData) { v.GA = []byte{1} })},
	{"g_a = p - 1", "R-AK-32", 2, group(func(v *mt.ServerDHInnerData) { v.GA = append([]byte(nil), v.DHPrime...); v.GA[255]-- })},
	{"small g_a", "R-AK-33", 2, group(func(v *mt.ServerDHInnerData) { v.GA = v.GA[128:] })},

	{"nonce of the verdict", "R-AK-28", 3, verdict(func(v *mt.DHGenOK) { v.Nonce[0] ^= 1 })},
	{"hash", "R-AK-28", 3, verdict(func(v *mt.DHGenOK) { v.NewNonceHash1[0] ^= 1 })},
	{"hash of another verdict", "R-AK-28", 3, func(_ *twister, answer []byte) []byte {
		v := read(answer, &mt.DHGenOK{})
		return plainOf(&mt.DHGenRetry{Nonce: v.Nonce, ServerNonce: v.ServerNonce, NewNonceHash2: v.NewNonceHash1})
	}},
	{"another object", "R-TL-05", 3, raw(plainOf(&mt.Pong{}))},
}

// TestHostileExchange has a server lie at each step of the making of a key. No
// key comes of that, and the next connection makes one (R-AK-01, R-AK-11,
// R-AK-13, R-AK-22, R-AK-28, R-AK-30 to R-AK-33).
func TestHostileExchange(t *testing.T) {
	for _, test := range hostileExchanges {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			suffer(t, false, func(s *hostile, _ *mtproto.AuthKey, conn net.Conn) {
				if err := lie(s, conn, test.step, test.twist); err != nil {
					s.t.Error(err)
				}
			}, breaks(test.rule))
		})
	}
}

// lie makes a key with a client up to a step, the answer of which it twists.
func lie(s *hostile, conn net.Conn, step int, change twist) error {
	w := &twister{Server: authkey.NewServer(authkey.ServerOptions{Key: testKey(), DC: testDC, Rand: rand.Reader})}
	framed, packet := accept(s, conn)
	for n := 1; ; n++ {
		if err := w.learn(packet); err != nil {
			return err
		}
		answer, err := w.Receive(time.Now(), packet)
		if err != nil {
			return err
		}
		if n == step {
			answer = change(w, answer)
		}
		if err := framed.WritePacket(answer); err != nil || n == step {
			return err
		}
		if packet, err = framed.ReadPacket(nil); err != nil {
			return err
		}
	}
}

// TestFailedExchange has a server refuse to make a key, which is no lie
// (R-AK-23).
func TestFailedExchange(t *testing.T) {
	suffer(t, false, func(s *hostile, _ *mtproto.AuthKey, conn net.Conn) {
		err := lie(s, conn, 2, func(w *twister, answer []byte) []byte {
			v := read(answer, &mt.ServerDHParamsOK{})
			sum := sha1.Sum(w.newNonce[:])
			return plainOf(&mt.ServerDHParamsFail{Nonce: v.Nonce, ServerNonce: v.ServerNonce, NewNonceHash: tl.Int128(sum[4:])})
		})
		if err != nil {
			s.t.Error(err)
		}
	}, func(err error) bool { return errors.Is(err, authkey.ErrParamsFailed) })
}

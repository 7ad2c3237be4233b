package mtclient

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// What a hostile server may make the client allocate, all in all: what a
// gzip_packed may inflate to, with what a buffer that grows leaves behind, and
// 16 MiB for all else, connecting anew included.
const hostileAllocation = 5*session.MaxUnpacked + 16<<20

// A hostile server has the first connection, an honest one all others.
type hostile struct {
	*server
	first func(conn net.Conn)
	dials int
	ended time.Duration // from the attack to the end of the connection
}

// dial is for Options.Dial.
func (s *hostile) dial(ctx context.Context) (net.Conn, error) {
	if s.dials++; s.dials > 1 {
		return s.server.dial(ctx)
	}
	near, far := net.Pipe()
	s.tasks.Go(func() {
		defer far.Close()
		s.first(far)
		attack := time.Now()
		_, _ = io.Copy(io.Discard, far)
		s.ended = time.Since(attack)
	})
	return near, nil
}

// suffer runs a client against a hostile server. The client must end the
// connection at once, with an error for which check holds, use nothing of what
// it got, allocate little, and go on with the honest server.
func suffer(t *testing.T, stored bool, attack func(s *hostile, key *mtproto.AuthKey, conn net.Conn), check func(error) bool) {
	t.Helper()
	testKey()
	synctest.Test(t, func(t *testing.T) {
		s := &hostile{server: newServer(t)}
		var o Options
		if stored {
			o.Credentials = s.credentials()
		}
		s.first = func(conn net.Conn) { attack(s, &o.Credentials.Key, conn) }
		o.Dial = s.dial
		o.OnUpdate = func([]byte) { t.Error("something of the packet was used") }
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h := run(t, s.server, o)
		h.askRepeatable(1) // the hostile server may have had it
		runtime.ReadMemStats(&after)
		h.stop(s.server)
		if list := h.errors(); len(list) != 2 || !check(list[0]) {
			t.Errorf("errors %v", list)
		}
		if s.ended > 0 {
			t.Errorf("the connection ended %v after the attack", s.ended)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > hostileAllocation {
			t.Errorf("%d bytes were allocated", n)
		}
	})
}

// breaks returns a check for a violation of one of the rules.
func breaks(rules ...string) func(error) bool {
	return func(err error) bool {
		var violation *mtproto.ViolationError
		if !errors.As(err, &violation) {
			return false
		}
		for _, rule := range rules {
			if violation.Rule == rule {
				return true
			}
		}
		return false
	}
}

// accept reads the client's first packet from a connection.
func accept(s *hostile, conn net.Conn) (*transport.Conn, []byte) {
	framed, err := transport.Accept(conn, transport.Options{})
	if err != nil {
		s.t.Error(err)
		return nil, nil
	}
	packet, err := framed.ReadPacket(nil)
	if err != nil {
		s.t.Error(err)
	}
	return framed, packet
}

// idContainer is msg_container.
const idContainer = 0x73f1f8dc

// words lays out 32-bit words, little-endian.
func words(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// element is one message of a container that claims to have that size.
func element(id mtproto.MsgID, size int, body []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(id))
	return append(append(b, words(1, uint32(size))...), body...)
}

func containerOf(count uint32, elements ...[]byte) []byte {
	return append(words(idContainer, count), bytes.Join(elements, nil)...)
}

func packed(body []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(body) // memory takes everything
	_ = w.Close()
	return mustMarshal(&mt.GzipPacked{PackedData: z.Bytes()})
}

func mustMarshal(v tl.Object) []byte {
	b, err := tl.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// sealPlain encrypts any plaintext of a multiple of 16 bytes as the server.
func sealPlain(key *mtproto.AuthKey, plain []byte) []byte {
	msgKey, _ := mtcrypto.MessageKey(key, mtproto.Server, plain)
	aesKey, aesIV := mtcrypto.DeriveKeys(key, mtproto.Server, &msgKey)
	return join(key, msgKey, plain, &aesKey, &aesIV)
}

// sealV1 encrypts a message as the server by MTProto 1.0.
func sealV1(key *mtproto.AuthKey, used []byte) []byte {
	msgKey := mtcrypto.MessageKeyV1(used)
	aesKey, aesIV := mtcrypto.DeriveKeysV1(key, mtproto.Server, &msgKey)
	return join(key, msgKey, append(used, make([]byte, -len(used)&15)...), &aesKey, &aesIV)
}

func join(key *mtproto.AuthKey, msgKey [16]byte, plain []byte, aesKey, aesIV *[32]byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(key.ID()))
	b = append(append(b, msgKey[:]...), plain...)
	mtcrypto.EncryptIGE(b[24:], b[24:], aesKey, aesIV)
	return b
}

// layout is what is encrypted, with the length and the padding as given.
func layout(e *session.Envelope, length, padding int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(e.Salt))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.SessionID))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.MsgID))
	b = append(b, words(uint32(e.SeqNo), uint32(length))...)
	return append(append(b, e.Body...), make([]byte, padding)...)
}

// An attack is a packet that an honest server would never send: what make
// changes in an honest one, or the packet that seal makes of that.
type attack struct {
	name, rule string
	make       func(e *session.Envelope)
	seal       func(key *mtproto.AuthKey, e *session.Envelope) []byte
}

func forgedPackets() []attack {
	plain := func(length, padding int) func(*mtproto.AuthKey, *session.Envelope) []byte {
		return func(key *mtproto.AuthKey, e *session.Envelope) []byte {
			return sealPlain(key, layout(e, len(e.Body)+length, padding))
		}
	}
	honest := plain(0, 20)
	return []attack{
		{"no ciphertext", "R-EM-08", nil, func(key *mtproto.AuthKey, e *session.Envelope) []byte { return honest(key, e)[:24] }},
		{"half a head", "R-EM-08", nil, func(key *mtproto.AuthKey, e *session.Envelope) []byte { return honest(key, e)[:40] }},
		{"of another key", "R-EM-10", nil, func(_ *mtproto.AuthKey, e *session.Envelope) []byte {
			key := mtproto.NewAuthKey([256]byte{1})
			return honest(&key, e)
		}},
		{"unencrypted", "R-EM-10", nil, func(*mtproto.AuthKey, *session.Envelope) []byte { return make([]byte, 72) }},
		{"altered", "R-EM-11", nil, func(key *mtproto.AuthKey, e *session.Envelope) []byte {
			packet := honest(key, e)
			packet[40] ^= 1
			return packet
		}},
		{"sealed as a client", "R-EM-11", nil, func(key *mtproto.AuthKey, e *session.Envelope) []byte {
			packet, _, err := session.Seal(rand.Reader, key, mtproto.Client, e)
			if err != nil {
				panic(err)
			}
			return packet
		}},
		{"of MTProto 1.0", "R-EM-11", nil, func(key *mtproto.AuthKey, e *session.Envelope) []byte {
			return sealV1(key, layout(e, len(e.Body), 0))
		}},
		{"padded as in MTProto 1.0", "R-EM-12", nil, plain(0, 4)},
		{"padding of 1028", "R-EM-12", nil, plain(0, 1028)},
		{"negative length", "R-EM-12", nil, plain(-100, 20)},
		{"length beyond the end", "R-EM-12", nil, plain(1<<20, 20)},
		{"odd length", "R-EM-12", nil, plain(-2, 20)},
		{"longest length", "R-EM-12", nil, plain(1<<31-100, 20)},
	}
}

func forgedMessages() []attack {
	body := func(name, rule string, b []byte) attack {
		return attack{name, rule, func(e *session.Envelope) { e.Body = b }, nil}
	}
	inner := mtproto.MsgID(1)<<40 | 1
	update := message(updateID, 1)
	const bomb = session.MaxUnpacked + 4
	return []attack{
		{"of another session", "R-EM-13", func(e *session.Envelope) { e.SessionID++ }, nil},
		{"with an even id", "R-EM-14", func(e *session.Envelope) { e.MsgID &^= 1 }, nil},
		{"stale", "R-EM-17", func(e *session.Envelope) { e.MsgID -= 301 << 32 }, nil},
		{"from the future", "R-EM-17", func(e *session.Envelope) { e.MsgID += 31 << 32 }, nil},
		body("empty", "R-TL-05", nil),
		{"element as new as its container", "R-EM-22", func(e *session.Envelope) {
			e.Body = containerOf(1, element(e.MsgID, len(update), update))
		}, nil},
		{"element with an even id", "R-EM-14", func(e *session.Envelope) {
			e.Body = containerOf(1, element(e.MsgID-5, len(update), update))
		}, nil},
		body("container without a count", "R-SM-11", words(idContainer)),
		body("element beyond the end", "R-SM-11", containerOf(1, element(inner-8, 400, update))),
		body("element of a negative size", "R-SM-11", containerOf(1, element(inner-8, -4, update))),
		body("bytes after the last element", "R-SM-11", containerOf(1, element(inner-8, len(update), update), words(0))),
		body("container of 1025", "R-SM-10", containerOf(1025)),
		body("container of 4294967295", "R-SM-10", containerOf(1<<32-1)),
		body("more elements than bytes", "R-SM-11", containerOf(1000, element(inner-8, len(update), update))),
		body("container in a container", "R-SM-10", containerOf(1, element(inner-8, 8, containerOf(0)))),
		body("gzip bomb", "R-TL-30", packed(make([]byte, bomb))),
		body("gzip bomb in a gzip bomb", "R-TL-30", packed(packed(make([]byte, bomb)))),
		body("two halves of a gzip bomb", "R-TL-30", containerOf(2,
			half(inner-16, bomb/2+4), half(inner-8, bomb/2+4))),
		body("gzip of rubbish", "R-TL-30", mustMarshal(&mt.GzipPacked{PackedData: []byte("rubbish")})),
		body("gzip of nothing", "R-TL-05", packed(nil)),
		body("result of no query", "R-SM-24", append(words(mt.IDRPCResult, 0, 0), update...)),
		body("vector of 2147483647 acks", "R-TL-05", words(mt.IDMsgsAck, tl.IDVector, 1<<31-1)),
		body("vector of -1 acks", "R-TL-05", words(mt.IDMsgsAck, tl.IDVector, 1<<32-1)),
		body("8193 acks", "R-SM-22", mustMarshal(&mt.MsgsAck{MsgIDs: make([]int64, 8193)})),
		body("268435456 salts", "R-TL-05", words(mt.IDFutureSalts, 4, 1, 0, 1<<28)),
		body("pong that is cut", "R-TL-05", words(mt.IDPong, 4, 1)),
		body("string beyond the end", "R-TL-05", words(mt.IDMsgsStateInfo, 4, 1, 0xfffffffe)),
	}
}

// half is an element that inflates to that size.
func half(id mtproto.MsgID, size int) []byte {
	body := packed(make([]byte, size))
	return element(id, len(body), body)
}

// TestHostilePackets has a server that shares the client's key send what breaks
// a rule (R-EM-08 to R-EM-19, R-EM-22, R-EM-51, R-SM-10, R-SM-11, R-SM-22,
// R-SM-24, R-TL-05, R-TL-26, R-TL-31).
func TestHostilePackets(t *testing.T) {
	for _, test := range append(forgedPackets(), forgedMessages()...) {
		t.Run(test.rule+" "+test.name, func(t *testing.T) {
			suffer(t, true, func(s *hostile, key *mtproto.AuthKey, conn net.Conn) {
				framed, first, salts := greet(s, key, conn)
				if framed == nil {
					return
				}
				// An honest packet, so that the client knows the time.
				now := mtproto.MsgIDAt(time.Now())
				e := session.Envelope{SessionID: first, MsgID: now | 1, Body: salts}
				send(s, framed, sealPlain(key, layout(&e, len(e.Body), 20+(-len(e.Body)-4)&15)))
				e.MsgID, e.Body = now+8|1, message(updateID, 1)
				if test.make != nil {
					test.make(&e)
				}
				if test.seal != nil {
					send(s, framed, test.seal(key, &e))
				} else {
					send(s, framed, sealPlain(key, layout(&e, len(e.Body), 12+(-len(e.Body)-12)&15)))
				}
			}, breaks(test.rule))
		})
	}
}

// greet reads from a connection until the client asks for salts. It returns the
// client's session and an answer, which shows that it is fresh.
func greet(s *hostile, key *mtproto.AuthKey, conn net.Conn) (*transport.Conn, mtproto.SessionID, []byte) {
	framed, packet := accept(s, conn)
	for {
		e, err := session.Open(key, mtproto.Client, packet)
		if err != nil {
			s.t.Error(err)
			return nil, 0, nil
		}
		list := containerOf(1, element(e.MsgID, len(e.Body), e.Body))
		if binary.LittleEndian.Uint32(e.Body) == idContainer {
			list = e.Body
		}
		for list = list[8:]; len(list) >= 16; list = list[16+binary.LittleEndian.Uint32(list[12:]):] {
			if binary.LittleEndian.Uint32(list[16:]) == mt.IDGetFutureSalts {
				asked := int64(binary.LittleEndian.Uint64(list))
				return framed, e.SessionID, mustMarshal(&mt.FutureSalts{ReqMsgID: asked, Now: 1})
			}
		}
		if packet, err = framed.ReadPacket(nil); err != nil {
			s.t.Error(err)
			return nil, 0, nil
		}
	}
}

func send(s *hostile, conn *transport.Conn, packet []byte) {
	if err := conn.WritePacket(packet); err != nil {
		s.t.Error(err)
	}
}

// TestHostileFraming has a server announce packets that it does not send
// (R-TR-05, R-TR-30, R-TR-31).
func TestHostileFraming(t *testing.T) {
	for name, test := range map[string]struct {
		sent  []byte
		check func(error) bool
	}{
		"4 GiB":              {[]byte{0x7f, 0xff, 0xff, 0xff}, breaks("R-TR-05")},
		"over the limit":     {[]byte{0x7f, 0x01, 0x01, 0x10}, breaks("R-TR-05")},
		"nothing":            {[]byte{0}, breaks("R-TR-05")},
		"-429":               {[]byte{1, 0x53, 0xfe, 0xff, 0xff}, isCode(-429)},
		"positive code":      {[]byte{1, 1, 0, 0, 0}, func(err error) bool { return err != nil }},
		"quick acks unasked": {append(bytes.Repeat([]byte{0x80, 0, 0, 1}, 1000), 0), breaks("R-TR-05")},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stored := range []bool{true, false} {
				suffer(t, stored, func(s *hostile, _ *mtproto.AuthKey, conn net.Conn) {
					accept(s, conn)
					if _, err := conn.Write(test.sent); err != nil && !strings.Contains(err.Error(), "closed pipe") {
						s.t.Error(err)
					}
				}, test.check)
			}
		})
	}
}

// TestHostileAnswer has a server answer with more than may be: that costs the
// query, with an error that says so, and nobody else (R-TL-31).
func TestHostileAnswer(t *testing.T) {
	bomb := packed(make([]byte, session.MaxUnpacked+4))
	for name, test := range map[string]struct {
		answer []byte
		check  func(error) bool
	}{
		"gzip bomb":       {bomb, func(err error) bool { return errors.Is(err, session.ErrUnpackedTooLarge) }},
		"gzip of gzip":    {packed(packed(bomb)), func(err error) bool { return strings.Contains(err.Error(), "inside") }},
		"gzip of rubbish": {mustMarshal(&mt.GzipPacked{PackedData: []byte("rubbish")}), func(err error) bool { return err != nil }},
		"error cut short": {words(mt.IDRPCError, 420), func(err error) bool { return strings.Contains(err.Error(), "rpc_error") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				s.answer = func(c *serverConn, query []byte) ([]byte, error) {
					if query[4] == 1 {
						return test.answer, nil
					}
					return echo(c, query)
				}
				h := run(t, s, Options{Credentials: s.credentials()})
				if _, err := h.Invoke(context.Background(), message(queryID, 1)); err == nil || !test.check(err) {
					t.Errorf("error %v", err)
				}
				h.ask(2)
				h.stop(s)
				if s.conns != 1 {
					t.Errorf("%d connections", s.conns)
				}
			})
		})
	}
}

func isCode(code int32) func(error) bool {
	return func(err error) bool { return errors.Is(err, &transport.Error{Code: code}) }
}

// TestSlowServer has a server send one byte a minute of a large packet: pings
// without an answer end that, and so does the time that a key may take to make
// (R-SM-64).
func TestSlowServer(t *testing.T) {
	for name, stored := range map[string]bool{"session": true, "exchange": false} {
		t.Run(name, func(t *testing.T) {
			testKey()
			synctest.Test(t, func(t *testing.T) {
				s := &hostile{server: newServer(t)}
				s.first = func(conn net.Conn) {
					accept(s, conn)
					_, err := conn.Write([]byte{0x7f, 0, 0, 4})
					for err == nil {
						<-time.After(time.Minute)
						_, err = conn.Write([]byte{1})
					}
				}
				o := Options{Dial: s.dial}
				if stored {
					o.Credentials = s.credentials()
				}
				begun := time.Now()
				h := run(t, s.server, o)
				h.ask(1)
				if took := time.Since(begun); took > 3*time.Minute {
					t.Errorf("it took %v to find out", took)
				}
				h.stop(s.server)
				if list := h.errors(); !errors.Is(list[0], session.ErrSilent) && !errors.Is(list[0], errExchangeTimeout) {
					t.Errorf("errors %v", list)
				}
			})
		})
	}
}

package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"net"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// FakeTLS greets an MTProxy on c and returns the connection inside: what
// transport.TCP.Hide asks for. The secret has a Domain. The proxy sees our
// clock: if that is off by minutes, it behaves like the site that it pretends
// to be (R-FT-03).
//
// The error is a *mtproto.ViolationError where the answer is not one of an
// MTProxy with this secret. FakeTLS does not close c.
func FakeTLS(ctx context.Context, c net.Conn, secret transport.ProxySecret) (net.Conn, error) {
	var hidden net.Conn
	err := transport.Handshake(ctx, c, func() (err error) {
		hidden, err = greet(c, secret, rand.Reader, time.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return hidden, nil
}

// readBuffer is small, as that of package transport, which reads on top.
const readBuffer = 2048

// greet does the client's part of the greetings.
func greet(c net.Conn, secret transport.ProxySecret, random io.Reader, now time.Time) (net.Conn, error) {
	hello, err := newHello(random, secret.Domain)
	if err != nil {
		return nil, err
	}
	signHello(hello, &secret.Key, now)
	if _, err := c.Write(hello); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(c, readBuffer)
	if err := readAnswer(in, &secret.Key, hello[randomAt:][:randomSize]); err != nil {
		return nil, err
	}
	return newRecords(c, in, mtproto.Client), nil
}

// signHello puts the code of the secret and the time into the random bytes of
// a hello, which are zero (R-FT-01).
func signHello(hello []byte, secret *transport.Secret, now time.Time) {
	code := hello[randomAt:][:randomSize]
	copy(code, mac(secret, hello))
	last := code[randomSize-4:]
	binary.LittleEndian.PutUint32(last, binary.LittleEndian.Uint32(last)^uint32(now.Unix()))
}

func mac(secret *transport.Secret, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, secret[:])
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// readAnswer reads the server's greeting, all three records of it, and checks
// that it was made with the secret for this hello (R-FT-04, R-FT-05).
func readAnswer(in io.Reader, secret *transport.Secret, clientRandom []byte) error {
	answer, err := readPart(in, nil, recordHandshake, 1<<14)
	if err != nil {
		return err
	}
	if len(answer) < randomAt+randomSize {
		return violation("R-FT-04", "server hello of %d bytes", len(answer))
	}
	if answer, err = readPart(in, answer, recordChangeCipherSpec, 1); err != nil {
		return err
	}
	if !bytes.HasSuffix(answer, changeCipherSpec) {
		return violation("R-FT-04", "change cipher spec %x", answer[len(answer)-len(changeCipherSpec):])
	}
	if answer, err = readPart(in, answer, recordApplicationData, maxRecord); err != nil {
		return err
	}
	code := answer[randomAt:][:randomSize]
	got := bytes.Clone(code)
	clear(code)
	if !hmac.Equal(got, mac(secret, clientRandom, answer)) {
		return violation("R-FT-05", "the answer is that of a real site, or of a proxy with another secret")
	}
	return nil
}

// readPart appends a record of the wanted type.
func readPart(in io.Reader, answer []byte, kind byte, most int) ([]byte, error) {
	var head [recordHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, unexpected(err)
	}
	size := int(binary.BigEndian.Uint16(head[3:]))
	if head[0] != kind || head[1] != 3 || head[2] != 3 || size > most {
		return nil, violation("R-FT-04", "record %x instead of one of type %#x", head, kind)
	}
	answer = append(answer, head[:]...)
	at := len(answer)
	answer = append(answer, make([]byte, size)...)
	_, err := io.ReadFull(in, answer[at:])
	return answer, unexpected(err)
}

package proxy

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// An Acceptor is the server's side of fake TLS. It is safe for concurrent use.
type Acceptor struct {
	// Secrets are those that clients may have; the ones without a Domain are
	// not considered.
	Secrets []transport.ProxySecret
	Now     func() time.Time // time.Now if nil
	Rand    io.Reader        // crypto/rand's if nil

	mu   sync.Mutex
	seen map[[randomSize]byte]struct{} // clients' random bytes
	old  map[[randomSize]byte]struct{} // those before, until seen takes their place
}

// The window for the time in a client's hello (R-FT-03).
const (
	maxAhead = 3 * time.Second
	maxAge   = 600 * time.Second
)

// maxSeen is how many hellos are remembered at least. Each of them was made by
// a holder of the secret, so that a stranger cannot have them forgotten; and
// when they are older than maxAge they are refused anyway.
const maxSeen = 1 << 16

// maxHello is the size in bytes of the largest hello that is read (R-FT-02).
const maxHello = 4096

// A StrangerError says that a client hello was not made by a client of the
// proxy. Its Conn gives the hello once more, so that the client can be served
// as whatever site the proxy pretends to be (R-FT-03).
type StrangerError struct {
	Conn net.Conn
	Err  error // what was wrong
}

func (e *StrangerError) Error() string { return "proxy: not a client of ours: " + e.Err.Error() }

// Unwrap returns Err.
func (e *StrangerError) Unwrap() error { return e.Err }

// Why a hello is a stranger's.
var (
	errNoHello  = errors.New("no client hello of a sensible size")
	errCode     = errors.New("its random bytes are not of any secret")
	errTime     = errors.New("its time is not now")
	errReplayed = errors.New("it has come before")
	errDomain   = errors.New("it names another site")
	errCipher   = errors.New("it does not begin with a cipher of TLS 1.3")
)

// AcceptFakeTLS greets a client that begins with a TLS client hello, and
// returns the connection inside with the secret that the client has. The
// obfuscation inside is under the Key of it, in padded framing (R-OB-11,
// R-FT-07), and there is nothing in it to tell it from anything else: it is
// for transport.Accept with Options.Obfuscated. The error is a *StrangerError
// if nothing has been answered. AcceptFakeTLS sets no deadline and does not
// close c.
func (a *Acceptor) AcceptFakeTLS(c net.Conn) (net.Conn, transport.ProxySecret, error) {
	record, err := readHello(c)
	if err != nil {
		return nil, transport.ProxySecret{}, &StrangerError{transport.Reread(c, record), err}
	}
	hello, secret, err := a.check(record)
	if err != nil {
		return nil, transport.ProxySecret{}, &StrangerError{transport.Reread(c, record), err}
	}
	answer, err := a.answer(hello, &secret.Key)
	if err != nil {
		return nil, secret, err
	}
	if _, err := c.Write(answer); err != nil {
		return nil, secret, fmt.Errorf("proxy: %w", err)
	}
	return newRecords(c, bufio.NewReaderSize(c, readBuffer), mtproto.Server), secret, nil
}

// readHello reads a record with a client hello, and returns what it has read
// in any case.
func readHello(c net.Conn) ([]byte, error) {
	record := make([]byte, recordHead, maxHello)
	if n, err := io.ReadFull(c, record); err != nil {
		return record[:n], unexpected(err)
	}
	size := int(binary.BigEndian.Uint16(record[3:]))
	if record[0] != recordHandshake || record[1] != 3 || size < randomAt+randomSize || size > maxHello-recordHead {
		return record, errNoHello
	}
	n, err := io.ReadFull(c, record[recordHead:recordHead+size])
	return record[:recordHead+n], unexpected(err)
}

// check finds the secret by which a hello was made (R-FT-03).
func (a *Acceptor) check(record []byte) (*clientHello, transport.ProxySecret, error) {
	hello, err := parseHello(record)
	if err != nil {
		return nil, transport.ProxySecret{}, err
	}
	blank := bytes.Clone(record)
	clear(blank[randomAt:][:randomSize])
	for _, secret := range a.Secrets {
		if secret.Domain == "" {
			continue
		}
		code := mac(&secret.Key, blank)
		if !hmac.Equal(code[:randomSize-4], hello.random[:randomSize-4]) {
			continue
		}
		unix := binary.LittleEndian.Uint32(code[randomSize-4:]) ^ binary.LittleEndian.Uint32(hello.random[randomSize-4:])
		now := a.now()
		age := now.Sub(time.Unix(int64(unix), 0))
		switch {
		case age > maxAge || age < -maxAhead:
			return nil, secret, errTime
		case !strings.EqualFold(hello.serverName, secret.Domain):
			return nil, secret, errDomain
		case hello.cipher>>8 != 0x13:
			return nil, secret, errCipher
		case !a.remember(hello.random):
			return nil, secret, errReplayed
		}
		return hello, secret, nil
	}
	return nil, transport.ProxySecret{}, errCode
}

func (a *Acceptor) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// remember notes a client's random bytes, and reports false if they have come
// before.
func (a *Acceptor) remember(random [randomSize]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.seen[random]; ok {
		return false
	}
	if _, ok := a.old[random]; ok {
		return false
	}
	if len(a.seen) >= maxSeen || a.seen == nil {
		a.old, a.seen = a.seen, make(map[[randomSize]byte]struct{})
	}
	a.seen[random] = struct{}{}
	return true
}

// answer makes the server's greeting (R-FT-04): what a server of TLS 1.3
// sends first, the rest of it as if encrypted.
func (a *Acceptor) answer(hello *clientHello, secret *transport.Secret) ([]byte, error) {
	d := &drawer{r: a.Rand}
	if d.r == nil {
		d.r = rand.Reader
	}
	key := d.x25519()
	rest := d.bytes(1800 + d.below(256) + 8*d.below(256)) // a certificate chain, usually
	if d.err != nil {
		return nil, d.err
	}
	var b cryptobyte.Builder
	b.AddBytes([]byte{recordHandshake, 3, 3})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(2) // server hello
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(0x0303)
			b.AddBytes(make([]byte, randomSize))
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(hello.sessionID) })
			b.AddUint16(hello.cipher)
			b.AddUint8(0) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint16(extKeyShare)
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
					b.AddUint16(groupX25519)
					b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(key) })
				})
				extension(b, extSupportedVersions, []byte{3, 4})
			})
		})
	})
	b.AddBytes(changeCipherSpec)
	b.AddBytes([]byte{recordApplicationData, 3, 3})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(rest) })
	answer, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	copy(answer[randomAt:], mac(secret, hello.random[:], answer))
	return answer, nil
}

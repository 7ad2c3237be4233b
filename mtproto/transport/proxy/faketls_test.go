package proxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/transport"
)

var (
	testSecret = transport.ProxySecret{Key: transport.Secret{1, 2, 3}, Domain: "example.org"}
	testTime   = time.Unix(1_700_000_000, 0)
)

// V:fake_tls, R-FT-01, R-FT-03, R-FT-04, R-FT-05: the code and the time in the
// random bytes of both greetings.
func TestFakeTLSVectors(t *testing.T) {
	for i := range vectors.Len(t, "fake_tls") {
		at := func(name string) string { return fmt.Sprintf("fake_tls.%d.%s", i, name) }
		secret, err := transport.ParseProxySecret(vectors.String(t, at("proxy_secret_full")))
		if err != nil || secret.Domain != vectors.String(t, at("domain")) || !bytes.Equal(secret.Key[:], vectors.Hex(t, at("secret_16"))) {
			t.Fatalf("secret: %v", err)
		}
		now := time.Unix(vectors.Int(t, at("unix_time")), 0)
		hello := vectors.Hex(t, at("client_hello_random_zeroed"))
		signHello(hello, &secret.Key, now)
		if want := vectors.Hex(t, at("client_hello")); !bytes.Equal(hello, want) {
			t.Errorf("signed %x, want %x", hello, want)
		}
		a := &Acceptor{Secrets: []transport.ProxySecret{secret}, Now: func() time.Time { return now }}
		if _, _, err := a.check(hello); err != nil {
			t.Error(err)
		}
		answer := vectors.Hex(t, at("server_response"))
		if err := readAnswer(bytes.NewReader(answer), &secret.Key, vectors.Hex(t, at("client_random"))); err != nil {
			t.Error(err)
		}
		blank := vectors.Hex(t, at("server_hello_zeroed"))
		if code := mac(&secret.Key, hello[randomAt:][:randomSize], blank); !bytes.Equal(code, vectors.Hex(t, at("server_random"))) {
			t.Errorf("server's code %x", code)
		}
	}
}

// chromeFingerprint is JA4 of Chrome 133 and later, as uTLS and those who
// watch traffic publish it: TLS 1.3 with a name, 15 ciphers, 16 extensions,
// ALPN h2.
const chromeFingerprint = "t13d1516h2_8daaf6152771_d8a2da3f94cd"

// R-FT-02: a hello looks like that of a current Chrome, which shuffles
// extensions and draws grease, keys and session ids anew each time.
func TestHelloFingerprint(t *testing.T) {
	orders := map[string]bool{}
	for range 20 {
		hello, err := newHello(rand.Reader, "example.org")
		if err != nil {
			t.Fatal(err)
		}
		fingerprint, order := ja4(t, hello)
		if fingerprint != chromeFingerprint {
			t.Errorf("fingerprint %s, want %s", fingerprint, chromeFingerprint)
		}
		orders[order] = true
		if len(hello) < 517 || !bytes.Equal(hello[randomAt:][:randomSize], make([]byte, randomSize)) {
			t.Errorf("%d bytes, random %x", len(hello), hello[randomAt:][:randomSize])
		}
		if first := binary.BigEndian.Uint16(hello[recordHead+4+2+randomSize+33+2:]); !isGrease(first) {
			t.Errorf("first cipher %#x", first)
		}
	}
	if len(orders) < 15 {
		t.Errorf("%d orders of extensions in 20 hellos", len(orders))
	}
}

// ja4 computes the fingerprint of a hello as FoxIO defines it, and the order
// of its extensions.
func ja4(t *testing.T, hello []byte) (fingerprint, order string) {
	t.Helper()
	s := cryptobyte.String(hello[recordHead+4+2+randomSize:])
	var sessionID, ciphers, compression, extensions cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&sessionID) || !s.ReadUint16LengthPrefixed(&ciphers) ||
		!s.ReadUint8LengthPrefixed(&compression) || !s.ReadUint16LengthPrefixed(&extensions) || !s.Empty() {
		t.Fatalf("hello %x", hello)
	}
	var suites, kinds, signatures []string
	number := func(list *[]string, s *cryptobyte.String) uint16 {
		var v uint16
		if !s.ReadUint16(&v) {
			t.Fatalf("hello %x", hello)
		}
		if !isGrease(v) {
			*list = append(*list, fmt.Sprintf("%04x", v))
		}
		return v
	}
	for !ciphers.Empty() {
		number(&suites, &ciphers)
	}
	for !extensions.Empty() {
		var body, list cryptobyte.String
		id := number(&kinds, &extensions)
		if !extensions.ReadUint16LengthPrefixed(&body) {
			t.Fatalf("hello %x", hello)
		}
		if id == extSignatureAlgorithms {
			for body.ReadUint16LengthPrefixed(&list); !list.Empty(); {
				number(&signatures, &list)
			}
		}
	}
	order = strings.Join(kinds, ",")
	head := fmt.Sprintf("t13d%02d%02dh2", len(suites), len(kinds))
	slices.Sort(suites)
	slices.Sort(kinds)
	kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == "0000" || k == "0010" })
	short := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])[:12]
	}
	return head + "_" + short(strings.Join(suites, ",")) + "_" + short(strings.Join(kinds, ",")+"_"+strings.Join(signatures, ",")), order
}

// A real TLS server understands the hello, down to the key shares.
func TestHelloIsTLS(t *testing.T) {
	hello, err := newHello(rand.Reader, "example.org")
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	defer near.Close()
	var info *tls.ClientHelloInfo
	done := make(chan error)
	go func() {
		done <- tls.Server(far, &tls.Config{GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
			info = i
			return nil, errNoHello // enough
		}}).Handshake()
	}()
	go func() { _, _ = io.Copy(io.Discard, near) }()
	if _, err := near.Write(hello); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, errNoHello) {
		t.Fatal(err)
	}
	if info.ServerName != "example.org" || !slices.Equal(info.SupportedProtos, []string{"h2", "http/1.1"}) ||
		!slices.Contains(info.SupportedCurves, tls.X25519MLKEM768) || !slices.Contains(info.SupportedVersions, tls.VersionTLS13) {
		t.Errorf("understood as %+v", info)
	}
}

// R-FT-01 to R-FT-06: both sides greet, and then bytes flow both ways.
func TestFakeTLS(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	other := transport.ProxySecret{Key: transport.Secret{9}, Domain: "example.com"}
	a := &Acceptor{Secrets: []transport.ProxySecret{{Key: testSecret.Key}, other, testSecret}}
	var running sync.WaitGroup
	defer running.Wait()
	sent := make([]byte, 100_000)
	_, _ = rand.Read(sent)
	running.Go(func() {
		c, secret, err := a.AcceptFakeTLS(far)
		if err != nil || secret != testSecret {
			t.Errorf("%v", err)
			far.Close()
			return
		}
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("received other bytes, %v", err)
		}
		if _, err := c.Write(got); err != nil {
			t.Error(err)
		}
	})
	c, err := FakeTLS(t.Context(), near, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() {
		if _, err := c.Write(sent); err != nil {
			t.Error(err)
		}
	})
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("received other bytes, %v", err)
	}
}

// signed is a hello of a client.
func signed(t *testing.T, secret transport.ProxySecret, at time.Time) []byte {
	t.Helper()
	hello, err := newHello(rand.Reader, secret.Domain)
	if err != nil {
		t.Fatal(err)
	}
	signHello(hello, &secret.Key, at)
	return hello
}

// R-FT-03: hellos with a wrong code, of another time, that came before or name
// another site are a stranger's, and left whole for the site to answer.
func TestStrangers(t *testing.T) {
	sent := signed(t, testSecret, testTime)
	for name, test := range map[string]struct {
		hello []byte
		want  error
	}{
		"one of ours":    {signed(t, testSecret, testTime), nil},
		"ten minutes":    {signed(t, testSecret, testTime.Add(-maxAge)), nil},
		"older":          {signed(t, testSecret, testTime.Add(-maxAge-time.Second)), errTime},
		"ahead a little": {signed(t, testSecret, testTime.Add(maxAhead)), nil},
		"ahead":          {signed(t, testSecret, testTime.Add(maxAhead+time.Second)), errTime},
		"replayed":       {sent, errReplayed},
		"another secret": {signed(t, transport.ProxySecret{Key: transport.Secret{7}, Domain: testSecret.Domain}, testTime), errCode},
		"another domain": {signed(t, transport.ProxySecret{Key: testSecret.Key, Domain: "example.com"}, testTime), errDomain},
		"without TLS":    {signed(t, transport.ProxySecret{Key: transport.Secret{4}, Domain: "x"}, testTime), errCode},
		"one bit":        {flipped(signed(t, testSecret, testTime), 500), errCode},
		"old ciphers":    {oldCiphers(t), errCipher},
		"no hello":       {append([]byte{0x16, 3, 1, 0, 100}, make([]byte, 100)...), errHello},
		"huge":           {[]byte{0x16, 3, 1, 0xff, 0xff}, errNoHello},
		"tiny":           {[]byte{0x16, 3, 1, 0, 1, 1}, errNoHello},
		"no TLS":         {[]byte("GET / HTTP/1.1\r\n"), errNoHello},
		"cut":            {sent[:200], io.ErrUnexpectedEOF},
		"nothing":        {nil, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			a := &Acceptor{
				Secrets: []transport.ProxySecret{{Key: transport.Secret{4}}, testSecret}, Now: func() time.Time { return testTime },
			}
			if _, _, err := a.check(sent); err != nil {
				t.Fatal(err)
			}
			near, far := net.Pipe()
			defer far.Close()
			go func() {
				_, _ = near.Write(test.hello)
				if test.want == nil {
					_, _ = io.Copy(io.Discard, near)
				}
				near.Close()
			}()
			_, _, err := a.AcceptFakeTLS(far)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			var stranger *StrangerError
			if err == nil {
				return
			}
			if !errors.As(err, &stranger) {
				t.Fatalf("%v", err)
			}
			if again, err := io.ReadAll(stranger.Conn); err != nil || !bytes.Equal(again, test.hello) {
				t.Errorf("left over: %x, %v", again, err)
			}
		})
	}
}

func flipped(p []byte, at int) []byte {
	p[at] ^= 1
	return p
}

// oldCiphers is a hello that begins with another cipher than TLS 1.3's.
func oldCiphers(t *testing.T) []byte {
	t.Helper()
	hello := signed(t, testSecret, testTime)
	clear(hello[randomAt:][:randomSize])
	binary.BigEndian.PutUint16(hello[recordHead+4+2+randomSize+33+4:], 0xc02b)
	signHello(hello, &testSecret.Key, testTime)
	return hello
}

// A replay is found out after many others too, and memory is bounded.
func TestReplaysRemembered(t *testing.T) {
	a := new(Acceptor)
	random := func(i int) (r [randomSize]byte) {
		binary.LittleEndian.PutUint64(r[:], uint64(i))
		return r
	}
	for i := range 3 * maxSeen {
		if !a.remember(random(i)) {
			t.Fatalf("%d is taken for a replay", i)
		}
		if i >= maxSeen && a.remember(random(i-maxSeen+1)) {
			t.Fatalf("%d is not known any more after %d others", i-maxSeen+1, maxSeen)
		}
	}
	if n := len(a.seen) + len(a.old); n > 2*maxSeen {
		t.Errorf("%d remembered", n)
	}
}

// R-FT-05: an answer with a wrong code, which a real site or a liar gives, one
// out of shape, and silence are not taken.
func TestAnswersRefused(t *testing.T) {
	a := &Acceptor{Secrets: []transport.ProxySecret{testSecret}, Now: func() time.Time { return testTime }}
	for name, test := range map[string]struct {
		change func(answer []byte) []byte
		rule   string // "" for another error
	}{
		"as it is":       {func(p []byte) []byte { return p }, "taken"},
		"one bit":        {func(p []byte) []byte { return flipped(p, len(p)-1) }, "R-FT-05"},
		"its random":     {func(p []byte) []byte { return flipped(p, randomAt) }, "R-FT-05"},
		"an alert":       {func([]byte) []byte { return []byte{0x15, 3, 3, 0, 2, 2, 40} }, "R-FT-04"},
		"HTTP":           {func([]byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, "R-FT-04"},
		"short hello":    {func([]byte) []byte { return []byte{0x16, 3, 3, 0, 4, 2, 0, 0, 0} }, "R-FT-04"},
		"long hello":     {func([]byte) []byte { return []byte{0x16, 3, 3, 0x40, 1} }, "R-FT-04"},
		"no change":      {func(p []byte) []byte { return flipped(p, 127) }, "R-FT-04"},
		"another change": {func(p []byte) []byte { return flipped(p, 132) }, "R-FT-04"},
		"no data":        {func(p []byte) []byte { return flipped(p, 133) }, "R-FT-04"},
		"cut":            {func(p []byte) []byte { return p[:len(p)-1] }, ""},
		"nothing":        {func([]byte) []byte { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer far.Close()
				record, err := readHello(far)
				if err != nil {
					t.Error(err)
					return
				}
				hello, secret, err := a.check(record)
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := a.answer(hello, &secret.Key)
				if err != nil {
					t.Error(err)
				}
				_, _ = far.Write(test.change(answer))
			}()
			_, err := greet(near, testSecret, rand.Reader, testTime)
			near.Close()
			<-done
			var violation *mtproto.ViolationError
			switch {
			case test.rule == "taken":
				if err != nil {
					t.Error(err)
				}
			case test.rule == "" && !errors.Is(err, io.ErrUnexpectedEOF),
				test.rule != "" && (!errors.As(err, &violation) || violation.Rule != test.rule):
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := FakeTLS(ctx, near, testSecret); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/internal/proxytest"
	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// echoServer listens on every family of this machine and says what it hears.
func echoServer(t *testing.T) (port string) {
	t.Helper()
	s := proxytest.Start(t, func(c net.Conn) (string, error) {
		_, _ = io.Copy(c, c)
		return "", io.EOF
	})
	_, port, _ = net.SplitHostPort(s.Address)
	return port
}

func dialThrough(t *testing.T, dial transport.DialFunc, address string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
		t.Fatalf("%q, %v", got, err)
	}
	return nil
}

// RFC 1928, RFC 1929 and CONNECT, against proxies that were written for this
// test: with and without a password, to names and addresses.
func TestProxies(t *testing.T) {
	port := echoServer(t)
	open, closed := proxytest.SOCKS5(t, "", ""), proxytest.SOCKS5(t, "ann", "secret")
	web, locked := proxytest.Connect(t, "", ""), proxytest.Connect(t, "ann", "secret:2")
	for name, test := range map[string]struct {
		dial transport.DialFunc
		code int // 0 for success
	}{
		"SOCKS5":                   {(&SOCKS5{Address: open.Address}).Dial, 0},
		"SOCKS5, user not asked":   {(&SOCKS5{Address: open.Address, User: "ann", Password: "secret"}).Dial, 0},
		"SOCKS5, password":         {(&SOCKS5{Address: closed.Address, User: "ann", Password: "secret"}).Dial, 0},
		"SOCKS5, wrong password":   {(&SOCKS5{Address: closed.Address, User: "ann", Password: "guess"}).Dial, codeUser},
		"SOCKS5, no password":      {(&SOCKS5{Address: closed.Address}).Dial, codeUser},
		"CONNECT":                  {(&Connect{Address: web.Address}).Dial, 0},
		"CONNECT, password":        {(&Connect{Address: locked.Address, User: "ann", Password: "secret:2"}).Dial, 0},
		"CONNECT, wrong password":  {(&Connect{Address: locked.Address, User: "ann", Password: "guess"}).Dial, 407},
		"CONNECT, no password":     {(&Connect{Address: locked.Address}).Dial, 407},
		"SOCKS5 by way of CONNECT": {(&SOCKS5{Address: open.Address, Under: (&Connect{Address: web.Address}).Dial}).Dial, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, host := range []string{"127.0.0.1", "localhost"} {
				err := dialThrough(t, test.dial, net.JoinHostPort(host, port))
				var refusal *RefusedError
				if test.code == 0 && err != nil || test.code != 0 && (!errors.As(err, &refusal) || refusal.Code != test.code) {
					t.Errorf("%s: %v, want %d", host, err, test.code)
				}
				if err != nil && (strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "secret")) {
					t.Errorf("the error tells the password: %v", err)
				}
			}
		})
	}
	if asked := open.Targets(); !slices.Contains(asked, "localhost:"+port) {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

// What is asked for, byte by byte (RFC 1928, section 4).
func TestSocksRequest(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:443":          "05010001c000020101bb",
		"[2001:db8::1]:80":       "0501000420010db80000000000000000000000010050",
		"[::ffff:192.0.2.1]:443": "05010001c000020101bb",
		"dc.example:5222":        "050100030a64632e6578616d706c651466",
	} {
		got, err := socksRequest(address)
		if err != nil || fmt.Sprintf("%x", got) != want {
			t.Errorf("%s: %x, %v", address, got, err)
		}
	}
	for _, address := range []string{"host", "host:x", "host:70000", ":80", strings.Repeat("x", 256) + ":80"} {
		if _, err := (&SOCKS5{Address: "192.0.2.1:1"}).Dial(t.Context(), address); err == nil {
			t.Errorf("%q is asked for", address)
		}
	}
	if _, err := (&SOCKS5{User: strings.Repeat("x", 256)}).Dial(t.Context(), "192.0.2.1:1"); err == nil {
		t.Error("a user name of 256 bytes is sent")
	}
	for _, address := range []string{"host", "ho st:80", "host:80\r\nX: y"} {
		if _, err := (&Connect{Address: "192.0.2.1:1"}).Dial(t.Context(), address); err == nil {
			t.Errorf("%q is asked for", address)
		}
	}
}

// say plays a proxy that says something whatever it hears.
func say(t *testing.T, answers ...string) transport.DialFunc {
	return func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			buf := make([]byte, 1024)
			for _, answer := range answers {
				if _, err := far.Read(buf); err != nil {
					return
				}
				if _, err := io.WriteString(far, answer); err != nil {
					return
				}
			}
		}()
		return near, nil
	}
}

// A proxy that refuses, that is none, or that stops in the middle ends in an
// error that tells; what comes right after its consent is not lost.
func TestProxyAnswers(t *testing.T) {
	socks := func(answers ...string) transport.DialFunc {
		return (&SOCKS5{Address: "p:1", User: "u", Under: say(t, answers...)}).Dial
	}
	connect := func(answer string) transport.DialFunc {
		return (&Connect{Address: "p:1", Under: say(t, answer)}).Dial
	}
	for name, test := range map[string]struct {
		dial transport.DialFunc
		code int    // of a *RefusedError
		text string // in the error
		ok   bool
	}{
		"granted":                {dial: socks("\x05\x00", "\x05\x00\x00\x01abcdef"), ok: true},
		"granted, name":          {dial: socks("\x05\x00", "\x05\x00\x00\x03\x02abxy"), ok: true},
		"granted, IPv6":          {dial: socks("\x05\x00", "\x05\x00\x00\x04abcdefghijklmnopqr"), ok: true},
		"odd version of consent": {dial: socks("\x05\x02", "\x05\x00", "\x05\x00\x00\x01abcdef"), ok: true},
		"refused":                {dial: socks("\x05\x00", "\x05\x05\x00\x01abcdef"), code: 5, text: "connection refused"},
		"unknown refusal":        {dial: socks("\x05\x00", "\x05\x63\x00\x01abcdef"), code: 0x63, text: "reply 99"},
		"no method":              {dial: socks("\x05\xff"), code: codeUser, text: "who asks"},
		"other method":           {dial: socks("\x05\x01"), text: "not SOCKS5: method 1"},
		"SOCKS4":                 {dial: socks("\x04\x00"), text: "not SOCKS5: version 4"},
		"HTTP":                   {dial: socks("HTTP/1.1 400"), text: "not SOCKS5"},
		"version of the reply":   {dial: socks("\x05\x00", "\x04\x00\x00\x01abcdef"), text: "not SOCKS5"},
		"address type":           {dial: socks("\x05\x00", "\x05\x00\x00\x07abcdef"), text: "not SOCKS5: address of type 7"},
		"cut":                    {dial: socks("\x05\x00", "\x05\x00\x00\x01abc"), text: "unexpected EOF"},
		"cut early":              {dial: socks("\x05"), text: "unexpected EOF"},
		"cut password":           {dial: socks("\x05\x02", "\x01"), text: "unexpected EOF"},
		"CONNECT":                {dial: connect("HTTP/1.0 200\r\n\r\n"), ok: true},
		"forbidden":              {dial: connect("HTTP/1.1 403 Forbidden\r\n\r\n"), code: 403, text: "Forbidden"},
		"SSH":                    {dial: connect("SSH-2.0-OpenSSH\r\n\r\n"), text: "not an HTTP proxy"},
		"no number":              {dial: connect("HTTP/1.1 2x0 OK\r\n\r\n"), text: "not an HTTP proxy"},
		"head is cut":            {dial: connect("HTTP/1.1 200 OK\r\nX: y\r\n"), text: "unexpected EOF"},
		"line is cut":            {dial: connect("HTTP/1.1 20"), text: "not an HTTP proxy"},
		"endless":                {dial: connect("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2*maxHead)), text: "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := test.dial(t.Context(), "dc:443")
			var refusal *RefusedError
			if (err == nil) != test.ok || errors.As(err, &refusal) != (test.code != 0) || refusal != nil && refusal.Code != test.code {
				t.Errorf("%v", err)
			}
			if err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("%v, want %q in it", err, test.text)
			}
			if err == nil {
				c.Close()
			}
		})
	}
	eager := proxytest.Start(t, func(c net.Conn) (string, error) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nalready")
		_, _ = io.Copy(io.Discard, c)
		return "", io.EOF
	})
	c, err := (&Connect{Address: eager.Address}).Dial(t.Context(), "dc:443")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := make([]byte, len("already"))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "already" {
		t.Errorf("%q, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	near, far := net.Pipe()
	defer far.Close()
	silent := &SOCKS5{Address: "p:1", Under: func(context.Context, string) (net.Conn, error) { return near, nil }}
	if _, err := silent.Dial(ctx, "dc:443"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// Whatever a proxy answers ends in an error that tells, and reading stops
// where the answer does.
func FuzzSocksReply(f *testing.F) {
	f.Add([]byte("\x05\x00\x00\x01abcdef"))
	f.Add([]byte("\x05\x00\x00\x03\x02abxyz"))
	f.Add([]byte("\x05\x00\x00\x04abcdefghijklmnopqr"))
	f.Add([]byte("\x05\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(append(bytes.Clone(wire), "rest"...))
		err := readSocksReply(bytes.NewReader(wire))
		var refusal *RefusedError
		var violation *mtproto.ViolationError
		if err != nil && !errors.As(err, &refusal) && !errors.As(err, &violation) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if err := readSocksReply(r); err != nil || r.Len() < 4 {
			t.Fatalf("%d bytes left, %v", r.Len(), err)
		}
		size := map[byte]int{addressIPv4: 10, addressIPv6: 22, addressName: 7 + int(wire[4])}[wire[3]]
		if read := len(wire) + 4 - r.Len(); read != size {
			t.Fatalf("read %d bytes of %x, want %d", read, wire, size)
		}
	})
}

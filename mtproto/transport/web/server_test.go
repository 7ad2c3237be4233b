package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// serve starts a Server on a listener of its own, whose WebSockets echo.
func serve(t *testing.T, o ServerOptions) (address string) {
	t.Helper()
	if o.Stream == nil {
		o.Stream = func(c net.Conn) { _, _ = io.Copy(c, c) }
	}
	s := NewServer(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			opening, c, err := transport.Sniff(c)
			switch {
			case err != nil || opening == transport.OpeningPackets:
				c.Close()
			case opening == transport.OpeningTLS:
				s.ServeTLS(c)
			default:
				s.ServeConn(c)
			}
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-accepting
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func echo(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("%q came back as %q, %v", text, got, err)
	}
}

// R-HT-05, R-HT-06: ws and wss, opened and used by both of our sides.
func TestWebSocket(t *testing.T) {
	certificate, err := SelfSigned(time.Now(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := Trust(certificate.PEM)
	if err != nil {
		t.Fatal(err)
	}
	address := serve(t, ServerOptions{TLS: certificate.Config})
	ctx := testContext(t)
	for _, url := range []string{"ws://" + address + "/apiws", "wss://" + address + "/apiws_test"} {
		c, err := (&WebSocket{TLS: trust}).DialURL(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		echo(t, c, "hello")
		echo(t, c, strings.Repeat("long", 50_000))
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := (&WebSocket{}).DialURL(ctx, "wss://"+address+"/apiws"); err == nil {
		t.Error("a certificate that nobody vouches for is trusted")
	}
	var status *StatusError
	if _, err := (&WebSocket{}).DialURL(ctx, "ws://"+address+"/elsewhere"); !errors.As(err, &status) || status.Code != 404 {
		t.Errorf("%v", err)
	}
	for _, url := range []string{"http://" + address, "ws:", "://", "ws://%zz"} {
		if _, err := (&WebSocket{}).DialURL(ctx, url); err == nil {
			t.Errorf("%q is dialed", url)
		}
	}
}

// Clients that are still there when the server closes are cut off.
func TestServerCloses(t *testing.T) {
	served := make(chan struct{})
	s := NewServer(ServerOptions{Stream: func(c net.Conn) { close(served); _, _ = io.Copy(io.Discard, c) }})
	near, far := net.Pipe()
	go s.ServeConn(far)
	c, err := openOn(near)
	if err != nil {
		t.Fatal(err)
	}
	<-served
	ended := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the client still reads")
	}
	near, far = net.Pipe()
	defer near.Close()
	s.ServeConn(far) // closes it
	if _, err := near.Write([]byte("GET")); err == nil {
		t.Error("a closed server takes connections")
	}
	s.ServeTLS(near) // there is no TLS
}

func openOn(c net.Conn) (net.Conn, error) {
	w := &WebSocket{Dial: func(context.Context, string) (net.Conn, error) { return c, nil }}
	return w.DialURL(context.Background(), "ws://localhost/apiws")
}

const goodRequest = "GET /apiws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Protocol: other, binary\r\n\r\n"

// The sample of RFC 6455, section 1.3, is answered as it says, and what is no
// opening of MTProto's is refused.
func TestOpeningAnswered(t *testing.T) {
	address := serve(t, ServerOptions{})
	for name, test := range map[string]struct {
		from, to string
		status   int
	}{
		"good":         {"", "", 101},
		"any case":     {"Upgrade: websocket", "upgrade: WebSocket", 101},
		"no upgrade":   {"Upgrade: websocket", "X: y", 426},
		"no such key":  {"dGhlIHNhbXBsZSBub25jZQ==", "dGhl", 400},
		"bad key":      {"dGhlIHNhbXBsZSBub25jZQ==", "!", 400},
		"old version":  {"Version: 13", "Version: 8", 426},
		"POST":         {"GET", "POST", 405},
		"no protocol":  {"Sec-WebSocket-Protocol: other, binary", "X: y", 400},
		"not binary":   {"other, binary", "chat", 400},
		"another path": {"/apiws", "/", 404},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(30 * time.Second))
			fmt.Fprint(c, strings.Replace(goodRequest, test.from, test.to, 1))
			response, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || response.StatusCode != test.status {
				t.Fatalf("%v, %v", response, err)
			}
			if test.status != 101 {
				return
			}
			h := response.Header
			if h.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || h.Get("Sec-WebSocket-Protocol") != "binary" {
				t.Errorf("%v", h)
			}
		})
	}
}

// A server that answers otherwise than it should is refused, one that says
// nothing is left when the context ends, and no answer is read without limit.
func TestOpeningRefused(t *testing.T) {
	good := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n"
	for name, test := range map[string]struct {
		from, to string
		ok       bool
		rule     bool
	}{
		"good":                {ok: true},
		"names the protocol":  {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: binary\r\n\r\n", true, false},
		"another protocol":    {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n", false, true},
		"an extension":        {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", false, true},
		"another key":         {"KEY", "AAAA", false, true},
		"another upgrade":     {"Upgrade: websocket", "Upgrade: h2c", false, true},
		"no connection token": {"Connection: Upgrade", "Connection: close", false, true},
		"no HTTP":             {"HTTP/1.1", "SSH-2.0", false, false},
		"endless":             {"\r\n\r\n", "\r\nX: " + strings.Repeat("x", 2*maxHandshake) + "\r\n\r\n", false, false},
		"cut":                 {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				if !test.ok {
					defer far.Close()
				}
				request, err := http.ReadRequest(bufio.NewReader(far))
				if err != nil {
					t.Error(err)
					return
				}
				answer := strings.Replace(good, test.from, test.to, 1)
				answer = strings.Replace(answer, "KEY", acceptKey(request.Header.Get("Sec-WebSocket-Key")), 1)
				_, _ = io.WriteString(far, answer)
			}()
			c, err := openOn(near)
			<-done
			var violation *mtproto.ViolationError
			if (err == nil) != test.ok || errors.As(err, &violation) != test.rule {
				t.Errorf("%v", err)
			}
			if err == nil {
				c.Close()
				far.Close()
			}
		})
	}
	t.Run("silent", func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		ctx, cancel := context.WithCancel(t.Context())
		w := &WebSocket{Dial: func(context.Context, string) (net.Conn, error) {
			time.AfterFunc(10*time.Millisecond, cancel)
			return near, nil
		}}
		if _, err := w.DialURL(ctx, "ws://localhost/apiws"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

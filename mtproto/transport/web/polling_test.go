package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// An exchanger answers as the first bytes of a packet ask.
type exchanger struct {
	closed  *atomic.Int64
	release chan struct{}
}

func (x *exchanger) Close() { x.closed.Add(1) }

func (x *exchanger) Exchange(ctx context.Context, packet []byte) ([]byte, error) {
	switch packet[0] {
	case 'w': // wait
		select {
		case <-x.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case '4', '5':
		var code int32
		fmt.Sscan(string(packet[:3]), &code)
		return nil, &transport.Error{Code: -code}
	case 'v':
		return nil, mtproto.Violation("R-EM-11", "test")
	case 'c':
		return nil, io.ErrClosedPipe
	}
	return packet, nil
}

// A site is a Server with exchangers, and how to get there.
type site struct {
	endpoint transport.Endpoint
	closed   atomic.Int64
	release  chan struct{}
	trust    *Certificate
}

func newSite(t *testing.T) *site {
	t.Helper()
	certificate, err := SelfSigned(time.Now(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{release: make(chan struct{}), trust: certificate}
	address := serve(t, ServerOptions{
		TLS:       certificate.Config,
		Exchanger: func(net.Addr) Exchanger { return &exchanger{&s.closed, s.release} },
	})
	s.endpoint.DC = 1
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.endpoint.Host, s.endpoint.Port = tcp.IP.String(), tcp.Port
	return s
}

func packetOf(text string) []byte {
	return append([]byte(text), make([]byte, 3-(len(text)+3)%4)...)
}

// R-HT-01, R-HT-02, R-HT-05, R-HT-08: packets go and come, several at once,
// over HTTP and HTTPS.
func TestPolling(t *testing.T) {
	s := newSite(t)
	trust, err := Trust(s.trust.PEM)
	if err != nil {
		t.Fatal(err)
	}
	test := s.endpoint
	test.DC = 10001
	for name, open := range map[string]func() (transport.PacketConn, error){
		"HTTP": func() (transport.PacketConn, error) { return (&Polling{}).Connect(testContext(t), s.endpoint) },
		"HTTPS": func() (transport.PacketConn, error) {
			return (&Polling{Secure: true, TLS: trust}).Connect(testContext(t), s.endpoint)
		},
		"HTTPS, test": func() (transport.PacketConn, error) {
			return (&Polling{Secure: true, TLS: trust}).Connect(testContext(t), test)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.(transport.Poller).PollInterval(); got != 25*time.Second {
				t.Errorf("interval %v", got)
			}
			if err := c.WritePacket(packetOf("wait")); err != nil {
				t.Fatal(err)
			}
			for i := range 20 { // all of them while one waits
				p := packetOf(fmt.Sprint("quick ", i))
				if err := c.WritePacket(p); err != nil {
					t.Fatal(err)
				}
				if got, err := c.ReadPacket(nil); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("%q, %v", got, err)
				}
			}
			s.release <- struct{}{}
			if got, err := c.ReadPacket(nil); err != nil || string(got) != "wait" {
				t.Errorf("%q, %v", got, err)
			}
			large := make([]byte, 1<<20)
			if err := c.WritePacket(large); err != nil {
				t.Fatal(err)
			}
			if got, err := c.ReadPacket(nil); err != nil || !bytes.Equal(got, large) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// R-TR-34: a status is a transport error, whatever the body says; other ends
// are errors that tell.
func TestPollingErrors(t *testing.T) {
	s := newSite(t)
	for text, want := range map[string]error{
		"404": &transport.Error{Code: -404}, "429": &transport.Error{Code: -429}, "444": &transport.Error{Code: -444},
		"403": &transport.Error{Code: -403}, "599": &transport.Error{Code: -599}, "violation": &transport.Error{Code: -400},
		"cut": io.EOF,
	} {
		c, err := (&Polling{}).Connect(testContext(t), s.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WritePacket(packetOf(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ReadPacket(nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
		c.Close()
	}
	for _, size := range []int{0, 3, transport.DefaultMaxPacket + 4} {
		c := (&Polling{}).newConn(&url.URL{}, nil)
		if err := c.WritePacket(make([]byte, size)); !errors.Is(err, transport.ErrPacketSize) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	gone := s.endpoint
	gone.Port = 1
	if _, err := (&Polling{}).Connect(testContext(t), gone); err == nil {
		t.Error("nobody is connected to")
	}
	secret := s.endpoint
	secret.Secret.Padded = true
	for _, c := range []transport.Connector{&Polling{}, &WebSocket{}} {
		if _, err := c.Connect(testContext(t), secret); err == nil {
			t.Error("a secret is ignored")
		}
	}
}

// R-TR-25: nothing over HTTP tells of quick acknowledgements.
func TestPollingHasNoQuickAcks(t *testing.T) {
	var c transport.PacketConn = (&Polling{}).newConn(&url.URL{}, nil)
	if _, ok := c.(transport.QuickAcker); ok {
		t.Error("a connection by HTTP can be asked for quick acknowledgements")
	}
}

// Deadlines hold, requests are limited, and Close ends all of it.
func TestPollingLimits(t *testing.T) {
	s := newSite(t)
	c, err := (&Polling{}).Connect(testContext(t), s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	for range maxOpen {
		if err := c.WritePacket(packetOf("wait")); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-time.Second)
	c.SetWriteDeadline(past)
	c.SetReadDeadline(past)
	if err := c.WritePacket(packetOf("wait")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := c.ReadPacket(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	c.SetReadDeadline(time.Time{})
	ended := make(chan error)
	go func() {
		_, err := c.ReadPacket(nil)
		ended <- err
	}()
	c.Close()
	if err := <-ended; err == nil {
		t.Error("a packet after the end")
	}
	c.SetWriteDeadline(time.Time{})
	for range maxOpen + 1 { // of the slots some may be free by now
		err = c.WritePacket(packetOf("wait"))
	}
	if err == nil {
		t.Error("a packet is written after the end")
	}
	unused, err := (&Polling{}).Connect(testContext(t), s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
}

// answerWith is a server that answers each request with the same bytes.
func answerWith(t *testing.T, answer string) transport.PacketConn {
	t.Helper()
	p := &Polling{MaxPacket: 1024, Dial: func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			if r, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(far, answer)
			}
		}()
		return near, nil
	}}
	c, err := p.Connect(testContext(t), transport.Endpoint{Host: "localhost", Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// R-HT-01: a response that is no packet is not taken, and none is read without
// limit.
func TestHostileResponses(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		rule   bool
	}{
		"good":          {"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678", false},
		"empty":         {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
		"odd":           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", true},
		"no content":    {"HTTP/1.1 204 No Content\r\n\r\n", true},
		"large":         {"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1<<20), true},
		"endless":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("4\r\nabcd\r\n", 1000), true},
		"short":         {"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n12345678", false},
		"no HTTP":       {"SSH-2.0-OpenSSH\r\n", false},
		"endless head":  {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), false},
		"another place": {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := answerWith(t, test.answer)
			if err := c.WritePacket(packetOf("x")); err != nil {
				t.Fatal(err)
			}
			got, err := c.ReadPacket(nil)
			var violation *mtproto.ViolationError
			if (err == nil) != (name == "good") || errors.As(err, &violation) != test.rule {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// The server refuses what is no packet, answers browsers, and tells of
// connections that are gone.
func TestExchangeServer(t *testing.T) {
	s := newSite(t)
	base := "http://" + s.endpoint.Address()
	transport1 := &http.Transport{}
	client := &http.Client{Transport: transport1, Timeout: 30 * time.Second}
	for name, test := range map[string]struct {
		method, path string
		size         int
		status       int
		cors         bool
	}{
		"packet":           {"POST", "/api", 8, 200, false},
		"from a page":      {"POST", "/apiw1", 8, 200, true},
		"preflight":        {"OPTIONS", "/apiw", 0, 200, true},
		"GET":              {"GET", "/api", 0, 405, false},
		"elsewhere":        {"POST", "/apix", 8, 404, false},
		"too large":        {"POST", "/api", transport.DefaultMaxPacket + 4, 413, false},
		"no packet at all": {"POST", "/apiw_test1", 4, 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			body := append([]byte("x"), make([]byte, max(test.size-1, 0))...)
			request, err := http.NewRequest(test.method, base+test.path, bytes.NewReader(body[:test.size]))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			cors := response.Header.Get("Access-Control-Allow-Origin") == "*"
			if response.StatusCode != test.status || cors != test.cors {
				t.Errorf("%s, for other pages: %v", response.Status, cors)
			}
		})
	}
	// Chunked, and longer than it may be.
	request, _ := http.NewRequest("POST", base+"/api", io.MultiReader(bytes.NewReader(make([]byte, transport.DefaultMaxPacket)), strings.NewReader("more")))
	response, err := client.Do(request)
	if err != nil || response.StatusCode != 413 {
		t.Errorf("%v, %v", response, err)
	}
	if err == nil {
		response.Body.Close()
	}
	transport1.CloseIdleConnections()
	for s.closed.Load() == 0 {
		<-time.After(time.Millisecond)
	}
}

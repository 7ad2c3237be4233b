// Package proxytest has small proxies for tests: [SOCKS5] and [Connect] start
// one that runs until the test ends.
package proxytest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// A Server is a proxy that runs until its test ends.
type Server struct {
	Address string // host:port

	t     testing.TB
	serve func(c net.Conn) (target string, err error)

	mu    sync.Mutex
	asked []string
	conns []net.Conn
	sent  []*atomic.Int64
	tasks sync.WaitGroup
}

// Start starts a proxy that learns from serve where a client wants to go. An
// error of serve ends the connection.
func Start(t testing.TB, serve func(c net.Conn) (target string, err error)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Address: l.Addr().String(), serve: serve}
	s.tasks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.keep(c)
			s.tasks.Go(func() { s.one(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.Cut()
		s.tasks.Wait()
	})
	return s
}

// Cut ends the connections that there are.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

func (s *Server) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
}

// Targets returns what the clients have asked for so far.
func (s *Server) Targets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Sent returns how many bytes were passed on of each client so far, in the order
// in which they came, those that have gone too.
func (s *Server) Sent() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]int64, len(s.sent))
	for i, sent := range s.sent {
		list[i] = sent.Load()
	}
	return list
}

// A counter counts what is read from a client.
type counter struct {
	net.Conn
	read *atomic.Int64
}

// Read implements io.Reader.
func (c counter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// one serves one client.
func (s *Server) one(c net.Conn) {
	defer c.Close()
	target, err := s.serve(c)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, target)
	sent := new(atomic.Int64)
	s.sent = append(s.sent, sent)
	s.mu.Unlock()
	far, err := net.Dial("tcp", target)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.keep(far)
	s.tasks.Go(func() {
		defer c.Close()
		_, _ = io.Copy(c, far)
	})
	_, _ = io.Copy(far, counter{c, sent})
	far.Close()
}

// SOCKS5 starts a proxy of RFC 1928; with a user it wants RFC 1929 too.
func SOCKS5(t testing.TB, user, password string) *Server {
	t.Helper()
	return Start(t, func(c net.Conn) (string, error) {
		var head [2]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return "", err
		}
		methods := make([]byte, head[1])
		if _, err := io.ReadFull(c, methods); err != nil {
			return "", err
		}
		want := byte(methodNone)
		if user != "" {
			want = methodUser
		}
		if !bytes.Contains(methods, []byte{want}) {
			_, _ = c.Write([]byte{5, methodRefused})
			return "", io.EOF
		}
		if _, err := c.Write([]byte{5, want}); err != nil {
			return "", err
		}
		if user != "" {
			var got [2]string
			_, _ = io.ReadFull(c, head[:1])
			for i := range got {
				_, _ = io.ReadFull(c, head[:1])
				text := make([]byte, head[0])
				_, _ = io.ReadFull(c, text)
				got[i] = string(text)
			}
			if got != [2]string{user, password} {
				_, _ = c.Write([]byte{1, 1})
				return "", io.EOF
			}
			_, _ = c.Write([]byte{1, 0})
		}
		target, err := readSocksRequest(c)
		if err != nil {
			return "", err
		}
		_, err = c.Write([]byte{5, 0, 0, addressIPv4, 127, 0, 0, 1, 1, 2})
		return target, err
	})
}

// Numbers of RFC 1928.
const (
	methodNone    = 0
	methodUser    = 2
	methodRefused = 0xff
	addressIPv4   = 1
	addressName   = 3
	addressIPv6   = 4
)

func readSocksRequest(r io.Reader) (string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	var host string
	switch head[3] {
	case addressIPv4:
		var ip [4]byte
		_, _ = io.ReadFull(r, ip[:])
		host = netip.AddrFrom4(ip).String()
	case addressIPv6:
		var ip [16]byte
		_, _ = io.ReadFull(r, ip[:])
		host = netip.AddrFrom16(ip).String()
	case addressName:
		var n [1]byte
		_, _ = io.ReadFull(r, n[:])
		name := make([]byte, n[0])
		_, _ = io.ReadFull(r, name)
		host = string(name)
	default:
		return "", fmt.Errorf("address of type %d", head[3])
	}
	var port [2]byte
	if _, err := io.ReadFull(r, port[:]); err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port[:])))), nil
}

// Connect starts an HTTP proxy for CONNECT; with a user it wants a password.
func Connect(t testing.TB, user, password string) *Server {
	t.Helper()
	return Start(t, func(c net.Conn) (string, error) {
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return "", err
		}
		got, pass, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		switch {
		case r.Method != http.MethodConnect || r.Host != r.RequestURI || in.Buffered() != 0:
			_, _ = io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
			return "", io.EOF
		case got != user || pass != password:
			_, _ = io.WriteString(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
			return "", io.EOF
		}
		_, err = io.WriteString(c, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
		return r.Host, err
	})
}

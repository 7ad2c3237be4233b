package proxy

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// A Password prints as [redacted].
type Password string

// String returns [redacted].
func (Password) String() string { return "[redacted]" }

// GoString returns [redacted].
func (Password) GoString() string { return "[redacted]" }

// LogValue returns [redacted].
func (Password) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// A SOCKS5 is a proxy of RFC 1928, with user name and password of RFC 1929
// where it asks for them. Names of hosts are left to the proxy to look up.
type SOCKS5 struct {
	Address  string // host:port
	User     string // at most 255 bytes; empty for none
	Password Password
	// Under opens the connection to the proxy: transport.DialTCP if nil.
	Under transport.DialFunc
}

var _ transport.DialFunc = (*SOCKS5)(nil).Dial

// String returns the proxy's address, without user name and password.
func (s *SOCKS5) String() string { return "socks5 " + s.Address }

// Connector implements [Proxy].
func (s *SOCKS5) Connector(o transport.Options) transport.Connector {
	return &transport.TCP{Options: o, Dial: s.Dial, Hide: FakeTLS}
}

// Dial is a [transport.DialFunc]: it has the proxy connect to an address. The
// error is a *RefusedError where the proxy does not, and a
// *mtproto.ViolationError where it is no SOCKS5 proxy.
func (s *SOCKS5) Dial(ctx context.Context, address string) (net.Conn, error) {
	request, err := socksRequest(address)
	if err != nil {
		return nil, err
	}
	if len(s.User) > 255 || len(s.Password) > 255 {
		return nil, fmt.Errorf("proxy: user name of %d bytes and password of %d, want at most 255", len(s.User), len(s.Password))
	}
	return through(ctx, s.Under, s.Address, address, func(c net.Conn) (net.Conn, error) {
		if err := s.authenticate(c); err != nil {
			return nil, err
		}
		if _, err := c.Write(request); err != nil {
			return nil, err
		}
		return c, readSocksReply(c)
	})
}

// through connects to a proxy and lets f have it connect to the address.
func through(ctx context.Context, dial transport.DialFunc, proxy, address string, f func(net.Conn) (net.Conn, error)) (net.Conn, error) {
	if dial == nil {
		dial = transport.DialTCP
	}
	c, err := dial(ctx, proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", proxy, err)
	}
	var connected net.Conn
	err = transport.Handshake(ctx, c, func() (err error) {
		connected, err = f(c)
		return err
	})
	if err != nil {
		_ = c.Close() // what it says comes after what went wrong
		return nil, fmt.Errorf("proxy %s to %s: %w", proxy, address, err)
	}
	return connected, nil
}

// A RefusedError says that a proxy does not do what it is asked to.
type RefusedError struct {
	// Code is what the proxy said: REP of RFC 1928, an HTTP status, or -1 where
	// user name and password were not accepted.
	Code int
	Text string // what that means
}

func (e *RefusedError) Error() string { return "the proxy refuses: " + e.Text }

// Numbers of RFC 1928 and RFC 1929.
const (
	socksVersion  = 5
	methodNone    = 0
	methodUser    = 2
	methodRefused = 0xff
	commandDial   = 1
	addressIPv4   = 1
	addressName   = 3
	addressIPv6   = 4
	userVersion   = 1
	codeUser      = -1
)

// socksReplies are the values of REP, by number.
var socksReplies = [...]string{
	1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
	5: "connection refused", 6: "TTL expired", 7: "command not supported", 8: "address type not supported",
}

// authenticate settles how the client shows who it is, and does so.
func (s *SOCKS5) authenticate(c net.Conn) error {
	hello := []byte{socksVersion, 1, methodNone}
	if s.User != "" {
		hello = []byte{socksVersion, 2, methodNone, methodUser}
	}
	if _, err := c.Write(hello); err != nil {
		return err
	}
	var answer [2]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return unexpected(err)
	}
	switch {
	case answer[0] != socksVersion:
		return socksViolation("version %d", answer[0])
	case answer[1] == methodNone:
		return nil
	case answer[1] == methodRefused:
		return &RefusedError{codeUser, "it wants to know who asks"}
	case answer[1] != methodUser || s.User == "":
		return socksViolation("method %d, which was not offered", answer[1])
	}
	p := append([]byte{userVersion, byte(len(s.User))}, s.User...)
	p = append(append(p, byte(len(s.Password))), s.Password...)
	if _, err := c.Write(p); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return unexpected(err)
	}
	// Many proxies answer with 5 here, against RFC 1929.
	if answer[1] != 0 {
		return &RefusedError{codeUser, "wrong user name or password"}
	}
	return nil
}

// socksRequest asks for a connection to host:port.
func socksRequest(address string) ([]byte, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("proxy: port %q of %q", portText, address)
	}
	p := []byte{socksVersion, commandDial, 0}
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		if len(host) == 0 || len(host) > 255 {
			return nil, fmt.Errorf("proxy: host name of %d bytes, want 1 to 255", len(host))
		}
		p = append(append(p, addressName, byte(len(host))), host...)
	case ip.Unmap().Is4():
		p = append(append(p, addressIPv4), ip.Unmap().AsSlice()...)
	default:
		p = append(append(p, addressIPv6), ip.AsSlice()...)
	}
	return binary.BigEndian.AppendUint16(p, uint16(port)), nil
}

// readSocksReply reads the answer to a request, to the last byte and no
// further.
func readSocksReply(r io.Reader) error {
	var head [5]byte // up to the first byte of the address
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return unexpected(err)
	}
	if head[0] != socksVersion {
		return socksViolation("version %d", head[0])
	}
	if code := int(head[1]); code != 0 {
		text := fmt.Sprintf("reply %d", code)
		if code < len(socksReplies) {
			text = socksReplies[code]
		}
		return &RefusedError{code, text}
	}
	var rest int // of the address, with its port
	switch head[3] {
	case addressIPv4:
		rest = 4 + 2 - 1
	case addressIPv6:
		rest = 16 + 2 - 1
	case addressName:
		rest = int(head[4]) + 2
	default:
		return socksViolation("address of type %d", head[3])
	}
	_, err := io.CopyN(io.Discard, r, int64(rest))
	return unexpected(err)
}

func socksViolation(format string, args ...any) error {
	return mtproto.Violation("RFC 1928", "not SOCKS5: "+format, args...)
}

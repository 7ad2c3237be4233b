package proxy

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"godwit/mtproto/transport"
)

// A Connect is an HTTP proxy that lets through what CONNECT asks for (RFC
// 9110, section 9.3.6), with a user name and password where it asks for them.
// Names of hosts are left to the proxy to look up.
type Connect struct {
	Address  string // host:port
	User     string // without a colon; empty for none
	Password Password
	// Under opens the connection to the proxy: transport.DialTCP if nil. One by
	// TLS makes it an HTTPS proxy.
	Under transport.DialFunc
}

var _ transport.DialFunc = (*Connect)(nil).Dial

// String returns the proxy's address, without user name and password.
func (h *Connect) String() string { return "http proxy " + h.Address }

// Connector implements [Proxy].
func (h *Connect) Connector(o transport.Options) transport.Connector {
	return &transport.TCP{Options: o, Dial: h.Dial, Hide: FakeTLS}
}

// maxHead is how many bytes a proxy may answer before the connection begins.
const maxHead = 64 << 10

// Dial is a [transport.DialFunc]: it has the proxy connect to an address. The
// error is a *RefusedError with the HTTP status where the proxy does not.
func (h *Connect) Dial(ctx context.Context, address string) (net.Conn, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	request := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if strings.ContainsAny(address, " \r\n") {
		return nil, fmt.Errorf("proxy: address %q", address)
	}
	if h.User != "" {
		credentials := h.User + ":" + string(h.Password)
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(credentials)) + "\r\n"
	}
	return through(ctx, h.Under, h.Address, address, func(c net.Conn) (net.Conn, error) {
		if _, err := io.WriteString(c, request+"\r\n"); err != nil {
			return nil, err
		}
		in := bufio.NewReaderSize(&io.LimitedReader{R: c, N: maxHead}, readBuffer)
		if err := readConnectReply(in); err != nil {
			return nil, err
		}
		// What has been read ahead is the beginning of what the server says.
		held := make([]byte, in.Buffered())
		if _, err := io.ReadFull(in, held); err != nil {
			return nil, err
		}
		return transport.Reread(c, held), nil
	})
}

// readConnectReply reads the head of the proxy's answer; there is no body to
// one of success.
func readConnectReply(in *bufio.Reader) error {
	r := textproto.NewReader(in)
	line, err := r.ReadLine()
	if err != nil {
		return unexpected(err)
	}
	protocol, rest, _ := strings.Cut(line, " ")
	number, text, _ := strings.Cut(rest, " ")
	status, err := strconv.ParseUint(number, 10, 16)
	if err != nil || !strings.HasPrefix(protocol, "HTTP/1.") || len(number) != 3 {
		return fmt.Errorf("not an HTTP proxy: it answers %.40q", line)
	}
	if status/100 != 2 {
		return &RefusedError{int(status), fmt.Sprintf("status %d %.80q", status, text)}
	}
	_, err = r.ReadMIMEHeader()
	return unexpected(err)
}

// Package proxy goes through proxies: Telegram's own, MTProxy, with its three
// kinds of secret, and those that others use too, SOCKS5 and HTTP CONNECT.
//
// [Parse] makes one of the address that people are given. An [*MTProxy] is a
// [transport.Connector]; the Dial of a [*SOCKS5] or of a [*Connect] is a
// [transport.DialFunc], which every Connector takes. A server that is an
// MTProxy turns connections under fake TLS into what is inside with
// [AcceptFakeTLS].
//
// # Fake TLS
//
// To whoever looks on, a client opens a TLS connection to some site and the
// server answers as that site would. In truth the random bytes of both
// greetings are codes that only holders of the secret can make, nothing is
// encrypted by TLS, and the records carry obfuscated packets (PROTOCOL section
// 2.4):
//
//	client                                               MTProxy
//	16 03 01 client hello                        ──▶
//	   random = HMAC(secret, hello) ^ time
//	                                             ◀──  16 03 03 server hello
//	                                                     random = HMAC(secret, client's random, answer)
//	                                                  14 03 03 change cipher spec
//	                                                  17 03 03 random bytes
//	14 03 03 change cipher spec                  ──▶
//	17 03 03 obfuscation header, packets         ──▶
//	                                             ◀──  17 03 03 packets
//
// Numbers such as R-FT-04 are those of docs/requirements.md.
package proxy

import (
	"context"
	"net"
	"strconv"

	"godwit/mtproto/transport"
)

// An MTProxy connects to data centres through a proxy that speaks MTProto's
// transports, and hides them. It implements [transport.Connector].
type MTProxy struct {
	Host   string // a name or an IP address
	Port   int
	Secret transport.ProxySecret
	// Transport says how packets go. What the secret asks for goes before it.
	Transport transport.Options
	// Dial opens the connection to the proxy: transport.DialTCP if nil.
	Dial transport.DialFunc
}

var _ transport.Connector = (*MTProxy)(nil)

// Connect implements [transport.Connector]. The DC of the endpoint is told to
// the proxy; where it is is the proxy's business.
func (m *MTProxy) Connect(ctx context.Context, e transport.Endpoint) (transport.PacketConn, error) {
	tcp := transport.TCP{Options: m.Transport, Dial: m.Dial, Hide: FakeTLS}
	return tcp.Connect(ctx, transport.Endpoint{DC: e.DC, Host: m.Host, Port: m.Port, Secret: m.Secret})
}

// String returns the proxy's address, without the secret.
func (m *MTProxy) String() string {
	return "mtproxy " + net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
}

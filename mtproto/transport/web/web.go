// Package web carries MTProto over HTTP: as WebSocket, plain or over TLS, and
// as requests that the server answers when it has something to say (PROTOCOL
// section 2.5). It is apart from package transport since net/http and
// crypto/tls are much to build and to link for who needs neither.
//
// A client uses a [WebSocket] or a [Polling] as its [transport.Connector]. A
// server hands the connections that speak HTTP to a [Server];
// [transport.Sniff] tells which do.
//
// # WebSocket
//
// A WebSocket is a stream of bytes here: messages may begin and end anywhere
// in it, and hold one of the framings under obfuscation (R-HT-06).
//
//	client                                                  server
//	GET /apiws, Sec-WebSocket-Protocol: binary  ──▶
//	                                            ◀──  101, Sec-WebSocket-Protocol: binary
//	binary messages: obfuscation header, packets ──▶
//	                                            ◀──  binary messages: packets
//	close 1000                                  ◀─▶  close 1000
//
// # HTTP
//
// Each packet is the body of a POST, and the server's next packet that of its
// response. The server holds a request for which it has nothing to say, as
// long as the client allows by http_wait; so a client keeps one waiting
// (R-HT-01 to R-HT-03).
//
// Numbers such as R-HT-06 are those of docs/requirements.md.
package web

import "godwit/mtproto/transport"

// subprotocol is what both sides of a WebSocket name (R-HT-06).
const subprotocol = "binary"

// Paths on Telegram's servers (R-HT-05); those of the test network differ.
const (
	pathWebSocket     = "/apiws"
	pathWebSocketTest = "/apiws_test"
	pathHTTP          = "/api"
	pathHTTPS         = "/apiw1"
	pathHTTPSTest     = "/apiw_test1"
)

// testDC is what endpoints of the test network add to the DC's id.
const testDC = 10000

func isTest(e transport.Endpoint) bool { return e.DC >= testDC || e.DC <= -testDC }

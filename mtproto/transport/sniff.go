package transport

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// An Opening is what a client begins a connection with.
type Opening uint8

// The openings that a server with all transports on one port tells apart.
const (
	OpeningPackets Opening = iota // one of the framings, or obfuscation: for Accept
	OpeningHTTP                   // the verb of an HTTP request, WebSocket included
	OpeningTLS                    // a TLS client hello, real or fake
)

// String returns the opening's name.
func (o Opening) String() string {
	switch o {
	case OpeningPackets:
		return "packets"
	case OpeningHTTP:
		return "HTTP"
	case OpeningTLS:
		return "TLS"
	}
	return fmt.Sprintf("opening %d", uint8(o))
}

// sniffed is how many bytes tell a TLS client hello from chance: the type and
// version of the record, its length, and the type of the message in it.
const sniffed = 6

// Sniff reads the first bytes of c, as few as possible, and returns what they
// open (R-TR-01) together with a connection on which they can be read again.
// It sets no deadline: whoever serves strangers does so first. Where nothing
// has come the error is the connection's own; what ends within the first bytes
// is OpeningPackets, for [Accept] to complain of.
//
// Random bytes, with which obfuscation begins, are never taken for HTTP, since
// it avoids the verbs (R-OB-01), and for TLS once in 2^32.
func Sniff(c net.Conn) (Opening, net.Conn, error) {
	var first [sniffed]byte
	have := 0
	more := func(n int) bool {
		got, err := io.ReadFull(c, first[have:n])
		have += got
		return err == nil
	}
	if _, err := io.ReadFull(c, first[:1]); err != nil {
		return OpeningPackets, c, err
	}
	have = 1
	opening := OpeningPackets
	switch first[0] {
	case 'G', 'P', 'H', 'O':
		if more(4) && httpVerb(binary.LittleEndian.Uint32(first[:])) {
			opening = OpeningHTTP
		}
	case tlsHandshake:
		if more(sniffed) && first[1] == 3 && first[2] <= 3 && first[5] == tlsClientHello {
			opening = OpeningTLS
		}
	}
	return opening, Reread(c, first[:have:have]), nil
}

// The first byte of a TLS handshake record, and that of a client hello in it.
const (
	tlsHandshake   = 0x16
	tlsClientHello = 0x01
)

func httpVerb(word uint32) bool {
	switch word {
	case firstHTTPHead, firstHTTPPost, firstHTTPGet, firstHTTPOptions:
		return true
	}
	return false
}

// Reread returns c, with bytes that have been read from it to be read first.
func Reread(c net.Conn, held []byte) net.Conn { return &rereadConn{Conn: c, held: held} }

// A rereadConn gives bytes that have been read once more.
type rereadConn struct {
	net.Conn
	held []byte
}

func (c *rereadConn) Read(p []byte) (int, error) {
	if len(c.held) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.held)
	c.held = c.held[n:]
	return n, nil
}

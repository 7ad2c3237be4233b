package transport

import (
	"encoding/binary"
	"io"
	"net"
	"slices"

	"godwit/mtproto"
)

// Accept returns the server's end of c, once the client's first bytes have
// told its framing and whether it is under obfuscation (R-TR-01, R-OB-07). It
// reads as many of them as that takes: 1, 4, 8 or 64; and 8 more to recognise
// full framing under obfuscation, which has no marker (R-OB-02).
//
// Framing, Enclosed, DC and QuickAck of the options are not used. Where there is
// a Secret, obfuscated clients must have it or one of Secrets; which
// one a client has is told by [Conn.Secret]. Whether clients without
// obfuscation are welcome is for the caller to decide by [Conn.Obfuscated].
//
// The error is io.EOF or the connection's own where nothing has come, and an
// *UnknownTransportError where bytes have come that are none of the
// transports, HTTP included. Accept does not close c, and sets no deadline:
// whoever serves strangers does so first.
func Accept(c net.Conn, o Options) (*Conn, error) {
	conn, err := newConn(c, &o, mtproto.Server)
	if err != nil {
		return nil, err
	}
	if err := conn.detect(&o); err != nil {
		return nil, err
	}
	return conn, nil
}

// detect decides with each byte count as early as it can, since a client that
// has sent one short packet waits for the answer.
func (c *Conn) detect(o *Options) error {
	var first [headerSize + fullHead]byte
	have := 0
	more := func(n int) error {
		got, err := io.ReadFull(c.in, first[have:n])
		have += got
		if err == nil || have == 0 {
			return err
		}
		return &UnknownTransportError{First: first[:have:have], Err: unexpected(err)}
	}
	if !o.Obfuscated {
		if done, err := c.detectPlain(&first, more); done || err != nil {
			return err
		}
	}
	if err := more(headerSize); err != nil {
		return err
	}
	if c.unseal(header(first[:headerSize]), o) {
		return nil
	}
	if err := more(headerSize + fullHead); err != nil {
		return err
	}
	c.reveal(append(c.head[:0], first[headerSize:]...))
	if !fullBegins(c.head[:], c.max) {
		return &UnknownTransportError{First: first[:]}
	}
	c.framing, c.headHeld = Full, true
	return nil
}

// detectPlain looks for a framing that is not under obfuscation, and reports
// whether it has found one.
func (c *Conn) detectPlain(first *[headerSize + fullHead]byte, more func(int) error) (bool, error) {
	if err := more(1); err != nil {
		return false, err
	}
	if first[0] == abridgedByte {
		c.framing = Abridged
		return true, nil
	}
	if err := more(4); err != nil {
		return false, err
	}
	switch binary.LittleEndian.Uint32(first[:]) {
	case markIntermediate:
		c.framing = Intermediate
		return true, nil
	case markPadded:
		c.framing = PaddedIntermediate
		return true, nil
	case firstHTTPHead, firstHTTPPost, firstHTTPGet, firstHTTPOptions, firstTLSHandshake:
		return false, &UnknownTransportError{First: slices.Clone(first[:4])}
	}
	if err := more(8); err != nil {
		return false, err
	}
	if binary.LittleEndian.Uint32(first[4:]) == 0 {
		copy(c.head[:], first[:fullHead])
		c.framing, c.headHeld = Full, true
		return true, nil
	}
	return false, nil
}

// unseal takes the client's header apart with each secret that it may have,
// and reports whether one of them brought a known marker to light (R-OB-07).
// Where none did, the streams are those of the first: full framing has no
// marker. A wrong secret passes for right once in 2^30.
func (c *Conn) unseal(sealed header, o *Options) bool {
	for i := range 1 + len(o.Secrets) {
		secret := o.Secret
		if i > 0 {
			secret = &o.Secrets[i-1]
		}
		h := sealed
		client, server := h.unseal(secret)
		f, ok := framingOf(h.tag())
		if ok || i == 0 {
			c.useStreams(client, server)
			c.framing, c.secret, c.dc = f, secret, h.dc()
		}
		if ok {
			return true
		}
	}
	return false
}

// IsHTTP reports whether the client has sent the beginning of an HTTP request
// of one of the methods that obfuscation never begins with (R-OB-01). Some
// clients try HTTP beside TCP.
func (e *UnknownTransportError) IsHTTP() bool {
	if len(e.First) < 4 {
		return false
	}
	return httpVerb(binary.LittleEndian.Uint32(e.First))
}

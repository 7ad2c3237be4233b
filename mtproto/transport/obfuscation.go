package transport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"godwit/mtproto"
)

// Obfuscation begins with 64 bytes from the client (section 2.3). All but the
// last 8 go as they are; those are sent as the first key encrypts them.
//
//	 0        8                               40              56    60  62  64
//	+--------+-------------------------------+---------------+-----+---+---+
//	| random | key, client to server         | IV            | tag |DC | r |
//	+--------+-------------------------------+---------------+-----+---+---+
//	|<--------------------- sent as it is ------------------>|<-encrypted->|
//
// Read backwards, byte by byte, the same bytes hold the other direction's key
// and IV at the same offsets: the IV is 23 down to 8, the key 55 down to 24.
//
//	 0        8               24                              56          64
//	+--------+---------------+-------------------------------+-------------+
//	|        | IV, reversed  | key, server to client,        |             |
//	|        |               | reversed                      |             |
//	+--------+---------------+-------------------------------+-------------+
//
// Both directions are AES-256-CTR. The client's keystream starts at the head
// of these 64 bytes, so what follows them is at offset 64; the server's starts
// at the first byte that it sends (R-OB-04, R-OB-06).
const (
	headerSize = 64
	keyAt      = 8
	ivAt       = 40
	tagAt      = 56 // the framing's marker, R-OB-02; from here on sent encrypted
	dcAt       = 60 // int16, little-endian, R-OB-03
)

// Markers of the framings: the 4 bytes that open an unobfuscated connection
// (of abridged only one of them), and that stand at tagAt in an obfuscated one.
const (
	abridgedByte     = 0xef
	markAbridged     = 0xefefefef
	markIntermediate = 0xeeeeeeee
	markPadded       = 0xdddddddd
)

// What else opens connections to the same port, as little-endian words.
const (
	firstHTTPHead     = 0x44414548 // "HEAD"
	firstHTTPPost     = 0x54534f50 // "POST"
	firstHTTPGet      = 0x20544547 // "GET "
	firstHTTPOptions  = 0x4954504f // "OPTI"
	firstTLSHandshake = 0x02010316 // a client hello of 512 bytes or more
)

// headerDraws is how often a header is drawn before the source of randomness
// is blamed: 1 in 250 is not fit.
const headerDraws = 64

// SecretSize is the size of a Secret in bytes.
const SecretSize = 16

// A Secret is shared by the users of a proxy and mixed into the obfuscation
// keys (R-OB-05). It prints as [redacted].
type Secret [SecretSize]byte

// String returns [redacted].
func (Secret) String() string { return "[redacted]" }

// GoString returns [redacted].
func (Secret) GoString() string { return "[redacted]" }

// MarshalText returns [redacted], for loggers.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// markerOf returns the marker of a framing that has one.
func markerOf(f Framing) (uint32, bool) {
	switch f {
	case Abridged:
		return markAbridged, true
	case Intermediate:
		return markIntermediate, true
	case PaddedIntermediate:
		return markPadded, true
	}
	return 0, false
}

// plainMarker returns what opens a connection without obfuscation.
func plainMarker(f Framing) []byte {
	marker, ok := markerOf(f)
	switch {
	case !ok:
		return nil
	case f == Abridged:
		return []byte{abridgedByte}
	}
	return binary.LittleEndian.AppendUint32(nil, marker)
}

// framingOf is the inverse of markerOf.
func framingOf(marker uint32) (Framing, bool) {
	for f := range Full {
		if m, _ := markerOf(f); m == marker {
			return f, true
		}
	}
	return 0, false
}

// header is the 64 bytes in clear.
type header [headerSize]byte

// drawHeader makes the header of a new connection, drawing again while it
// could be taken for something else (R-OB-01, R-OB-12).
func drawHeader(rand io.Reader, o *Options) (*header, error) {
	f, dc := o.Framing, o.DC
	if dc < math.MinInt16 || dc > math.MaxInt16 {
		return nil, fmt.Errorf("transport: DC %d does not fit the obfuscation header", dc)
	}
	var h header
	for range headerDraws {
		if _, err := io.ReadFull(rand, h[:]); err != nil {
			return nil, err
		}
		if !o.Enclosed && h.mistakable() {
			continue
		}
		marker, marked := markerOf(f)
		if marked {
			binary.LittleEndian.PutUint32(h[tagAt:], marker)
		} else if _, taken := framingOf(h.tag()); taken {
			// Full has no marker: its header must not bear another's.
			continue
		}
		if dc != 0 {
			binary.LittleEndian.PutUint16(h[dcAt:], uint16(int16(dc)))
		}
		return &h, nil
	}
	return nil, fmt.Errorf("transport: %d obfuscation headers in a row were not random", headerDraws)
}

// mistakable reports whether a server could take the header for the beginning
// of something unobfuscated.
func (h *header) mistakable() bool {
	switch binary.LittleEndian.Uint32(h[:]) {
	case firstHTTPHead, firstHTTPPost, firstHTTPGet, firstHTTPOptions, firstTLSHandshake, markIntermediate, markPadded:
		return true
	}
	return h[0] == abridgedByte || binary.LittleEndian.Uint32(h[4:]) == 0
}

func (h *header) tag() uint32 { return binary.LittleEndian.Uint32(h[tagAt:]) }

func (h *header) dc() int { return int(int16(binary.LittleEndian.Uint16(h[dcAt:]))) }

// streams returns the ciphers of what the client sends and of what the server
// sends, at the beginning of their keystreams.
func (h *header) streams(secret *Secret) (client, server cipher.Stream) {
	reversed := *h
	slices.Reverse(reversed[:])
	return h.stream(secret), reversed.stream(secret)
}

func (h *header) stream(secret *Secret) cipher.Stream {
	key := [32]byte(h[keyAt:ivAt])
	if secret != nil {
		key = sha256.Sum256(append(append(make([]byte, 0, 48), key[:]...), secret[:]...))
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("transport: " + err.Error()) // a 32-byte key is never refused
	}
	return cipher.NewCTR(block, h[ivAt:tagAt])
}

// seal returns the header as it is sent and moves the client's keystream past
// it.
func (h *header) seal(client cipher.Stream) []byte {
	wire := make([]byte, headerSize)
	client.XORKeyStream(wire, h[:])
	copy(wire, h[:tagAt])
	return wire
}

// unseal is what the server does with a header as received: it finds the
// tag and moves the client's keystream past the header. The keys are all in
// the part that is sent in clear.
func (h *header) unseal(secret *Secret) (client, server cipher.Stream) {
	client, server = h.streams(secret)
	var plain header
	client.XORKeyStream(plain[:], h[:])
	copy(h[tagAt:], plain[tagAt:])
	return client, server
}

// fullBegins reports whether 8 bytes after an obfuscation header without a
// known marker are the head of a full framing's first packet: its number is 0
// and its length makes sense. Random bytes pass once in 2^43 or so, and then
// the checksum of that packet finds them out.
func fullBegins(head []byte, most int) bool {
	total := binary.LittleEndian.Uint32(head)
	return binary.LittleEndian.Uint32(head[4:]) == 0 && total%4 == 0 &&
		total > fullHead+fullTail && uint64(total) <= uint64(most+fullHead+fullTail)
}

// Both directions share the header's layout, so which is which hangs on the
// side alone.
func (c *Conn) useStreams(client, server cipher.Stream) {
	if c.side == mtproto.Client {
		c.encrypt, c.decrypt = client, server
	} else {
		c.encrypt, c.decrypt = server, client
	}
	c.obfuscated = true
}

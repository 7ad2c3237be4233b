package proxy

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/crypto/cryptobyte"
)

// Where the random bytes of a greeting are within its record: behind the heads
// of record and message, and the version.
const (
	randomAt   = 11
	randomSize = 32
)

// TLS numbers of what Chrome offers, as TDLib's TlsInit.cpp and uTLS's
// HelloChrome_133 agree; the latter has been seen to be the same up to Chrome
// 147. Which are in fashion is a matter of the day: TestHelloFingerprint knows
// what Chrome's look like.
const (
	extServerName          = 0x0000
	extStatusRequest       = 0x0005
	extSupportedGroups     = 0x000a
	extPointFormats        = 0x000b
	extSignatureAlgorithms = 0x000d
	extALPN                = 0x0010
	extTimestamp           = 0x0012
	extExtendedMaster      = 0x0017
	extCompressCertificate = 0x001b
	extSessionTicket       = 0x0023
	extSupportedVersions   = 0x002b
	extPSKModes            = 0x002d
	extKeyShare            = 0x0033
	extALPS                = 0x44cd // application settings
	extECH                 = 0xfe0d // encrypted client hello
	extRenegotiation       = 0xff01

	groupX25519         = 0x001d
	groupX25519MLKEM768 = 0x11ec
)

var (
	helloCiphers = []uint16{
		0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
	}
	helloGroups     = []uint16{groupX25519MLKEM768, groupX25519, 0x0017, 0x0018}
	helloSignatures = []uint16{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}
)

// A drawer takes random values from a source, and keeps its first error.
type drawer struct {
	r   io.Reader
	err error
}

func (d *drawer) bytes(n int) []byte {
	p := make([]byte, n)
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, p)
	}
	return p
}

// below returns a number from 0 to n-1, n being at most 256.
func (d *drawer) below(n int) int {
	return int(binary.BigEndian.Uint64(d.bytes(8)) % uint64(n))
}

// A grease holds the reserved values that Chrome strews over its hellos, so
// that servers stay used to unknown ones (RFC 8701). Two of extensions are
// never the same.
type grease struct{ cipher, group, version, first, last uint16 }

func (d *drawer) grease() grease {
	value := func() uint16 { return 0x0a0a + 0x1010*uint16(d.below(16)) }
	g := grease{cipher: value(), group: value(), version: value(), first: value(), last: value()}
	if g.last == g.first {
		g.last ^= 0x1010
	}
	return g
}

// x25519 returns a public key.
func (d *drawer) x25519() []byte {
	private, err := ecdh.X25519().NewPrivateKey(d.bytes(32))
	if err != nil {
		d.err = errors.Join(d.err, err)
		return nil
	}
	return private.PublicKey().Bytes()
}

// mlkem768 returns an encapsulation key.
func (d *drawer) mlkem768() []byte {
	private, err := mlkem.NewDecapsulationKey768(d.bytes(mlkem.SeedSize))
	if err != nil {
		d.err = errors.Join(d.err, err)
		return nil
	}
	return private.EncapsulationKey().Bytes()
}

// newHello returns a client hello for a domain, in a record, its random bytes
// zero (R-FT-01, R-FT-02). It is what Chrome sends first to a site that it has
// not been to. With its share for X25519MLKEM768 it needs no padding, which is
// for hellos below 517 bytes; an MTProxy of before 2024 may not take one of
// more than 767, and no client of today sends it less.
func newHello(random io.Reader, domain string) ([]byte, error) {
	d := &drawer{r: random}
	g := d.grease()
	sessionID := d.bytes(32)
	extensions := helloExtensions(d, g, domain)
	for i := len(extensions) - 1; i > 0; i-- { // Chrome shuffles them
		j := d.below(i + 1)
		extensions[i], extensions[j] = extensions[j], extensions[i]
	}
	if d.err != nil {
		return nil, d.err
	}
	var b cryptobyte.Builder
	b.AddBytes([]byte{recordHandshake, 3, 1})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(helloMessage)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(0x0303)
			b.AddBytes(make([]byte, randomSize))
			b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(sessionID) })
			list16(b, append([]uint16{g.cipher}, helloCiphers...))
			b.AddBytes([]byte{1, 0}) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				extension(b, g.first, nil)
				for _, e := range extensions {
					b.AddBytes(e)
				}
				extension(b, g.last, []byte{0})
			})
		})
	})
	return b.Bytes()
}

// helloMessage is the type of a client hello.
const helloMessage = 1

func extension(b *cryptobyte.Builder, id uint16, body []byte) {
	b.AddUint16(id)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(body) })
}

func list16(b *cryptobyte.Builder, values []uint16) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, v := range values {
			b.AddUint16(v)
		}
	})
}

// helloExtensions returns the extensions that are shuffled.
func helloExtensions(d *drawer, g grease, domain string) [][]byte {
	build := func(id uint16, body func(b *cryptobyte.Builder)) []byte {
		var b cryptobyte.Builder
		b.AddUint16(id)
		b.AddUint16LengthPrefixed(body)
		return b.BytesOrPanic() // none is as long as 64 KiB
	}
	fixed := func(id uint16, body ...byte) []byte {
		return build(id, func(b *cryptobyte.Builder) { b.AddBytes(body) })
	}
	return [][]byte{
		build(extServerName, func(b *cryptobyte.Builder) { addServerName(b, domain) }),
		fixed(extStatusRequest, 1, 0, 0, 0, 0),
		build(extSupportedGroups, func(b *cryptobyte.Builder) { list16(b, append([]uint16{g.group}, helloGroups...)) }),
		fixed(extPointFormats, 1, 0),
		build(extSignatureAlgorithms, func(b *cryptobyte.Builder) { list16(b, helloSignatures) }),
		fixed(extALPN, append([]byte{0, 12, 2, 'h', '2', 8}, "http/1.1"...)...),
		fixed(extTimestamp),
		fixed(extExtendedMaster),
		fixed(extCompressCertificate, 2, 0, 2), // brotli
		fixed(extSessionTicket),
		fixed(extSupportedVersions, 6, byte(g.version>>8), byte(g.version), 3, 4, 3, 3),
		fixed(extPSKModes, 1, 1),
		build(extKeyShare, func(b *cryptobyte.Builder) { addKeyShares(b, d, g) }),
		fixed(extALPS, 0, 3, 2, 'h', '2'),
		build(extECH, func(b *cryptobyte.Builder) { addECH(b, d) }),
		fixed(extRenegotiation, 0),
	}
}

func addServerName(b *cryptobyte.Builder, domain string) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(0) // a host name
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(domain)) })
	})
}

// addKeyShares offers real keys, whose other halves are thrown away.
func addKeyShares(b *cryptobyte.Builder, d *drawer, g grease) {
	share := func(b *cryptobyte.Builder, group uint16, keys ...[]byte) {
		b.AddUint16(group)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, key := range keys {
				b.AddBytes(key)
			}
		})
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		share(b, g.group, []byte{0})
		share(b, groupX25519MLKEM768, d.mlkem768(), d.x25519())
		share(b, groupX25519, d.x25519())
	})
}

// addECH offers an encrypted hello to nobody, as Chrome does where it knows no
// key for one.
func addECH(b *cryptobyte.Builder, d *drawer) {
	b.AddUint8(0)                       // outer
	b.AddBytes([]byte{0, 1, 0, 1})      // HKDF-SHA256, AES-128-GCM
	b.AddBytes(d.bytes(1))              // which key
	key, size := d.x25519(), d.below(4) // of several lengths that a hello may have
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(key) })
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(d.bytes(144 + 32*size)) })
}

// A clientHello is what a server has to know of one.
type clientHello struct {
	random     [randomSize]byte
	sessionID  []byte
	cipher     uint16 // the first that is not grease
	serverName string
}

var errHello = errors.New("not a client hello")

// parseHello reads a client hello in its record.
func parseHello(record []byte) (*clientHello, error) {
	s := cryptobyte.String(record)
	var message, body, sessionID, ciphers, compression, extensions cryptobyte.String
	var kind uint8
	var version uint16
	h := new(clientHello)
	ok := s.Skip(3) && s.ReadUint16LengthPrefixed(&message) && s.Empty() &&
		message.ReadUint8(&kind) && kind == helloMessage && message.ReadUint24LengthPrefixed(&body) && message.Empty() &&
		body.ReadUint16(&version) && body.CopyBytes(h.random[:]) && body.ReadUint8LengthPrefixed(&sessionID) &&
		body.ReadUint16LengthPrefixed(&ciphers) && body.ReadUint8LengthPrefixed(&compression) &&
		body.ReadUint16LengthPrefixed(&extensions) && body.Empty()
	if !ok || len(sessionID) > 32 || record[0] != recordHandshake || record[1] != 3 {
		return nil, errHello
	}
	h.sessionID = sessionID
	for !ciphers.Empty() && (h.cipher == 0 || isGrease(h.cipher)) {
		if !ciphers.ReadUint16(&h.cipher) {
			return nil, errHello
		}
	}
	for !extensions.Empty() {
		var id uint16
		var body cryptobyte.String
		if !extensions.ReadUint16(&id) || !extensions.ReadUint16LengthPrefixed(&body) {
			return nil, errHello
		}
		if id == extServerName && !h.readServerName(body) {
			return nil, errHello
		}
	}
	return h, nil
}

func (h *clientHello) readServerName(body cryptobyte.String) bool {
	var list, name cryptobyte.String
	var kind uint8
	ok := body.ReadUint16LengthPrefixed(&list) && body.Empty() &&
		list.ReadUint8(&kind) && kind == 0 && list.ReadUint16LengthPrefixed(&name) && list.Empty()
	h.serverName = string(name)
	return ok
}

func isGrease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

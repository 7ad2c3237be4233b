package sessions

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/tl"
)

const keySize = mtproto.AuthKeySize

// decode reads base64 of either alphabet, padded or not.
func decode(f Format, text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	p, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, &Error{
			Format: string(f), What: "it is not base64", Advice: "copy the whole string, without quotes or line breaks",
		}
	}
	return p, nil
}

// version takes off the first character, which Telethon and GramJS share.
func version(f Format, text string) (string, error) {
	if text[0] != '1' {
		return "", &Error{
			Format: string(f), What: fmt.Sprintf("it begins with %q instead of the version, 1", text[0]),
			Advice: "check which program has made it",
		}
	}
	return text[1:], nil
}

// Telethon: "1" and base64url of
//
//	dc 1 | IPv4 4 or IPv6 16 | port 2, big-endian | key 256
const (
	telethonIPv4 = 1 + 4 + 2 + keySize
	telethonIPv6 = 1 + 16 + 2 + keySize
)

func importTelethon(text string) (*Session, error) {
	text, err := version(Telethon, text)
	if err != nil {
		return nil, err
	}
	p, err := decode(Telethon, text)
	if err != nil {
		return nil, err
	}
	if len(p) != telethonIPv4 && len(p) != telethonIPv6 {
		return nil, sized(Telethon, len(p), "263 or 275")
	}
	return located(Telethon, p, len(p)-1-2-keySize)
}

// located reads what begins with a data centre and a binary address.
func located(f Format, p []byte, size int) (*Session, error) {
	address, _ := netip.AddrFromSlice(p[1 : 1+size]) // 4 or 16 bytes
	return addressed(f, int(p[0]), address.String(), p[1+size:])
}

// addressed reads port and key, the rest of both formats.
func addressed(f Format, dc int, host string, p []byte) (*Session, error) {
	port := int(binary.BigEndian.Uint16(p))
	return imported(f, dc, p[2:], withAddress(dc, host, port))
}

func withAddress(dc int, host string, port int) (s Session) {
	if host != "" && port != 0 {
		s.Credentials.Addresses = []telegram.DC{{ID: dc, Host: host, Port: port}}
	}
	return s
}

func sized(f Format, n int, want string) error {
	return &Error{
		Format: string(f), What: fmt.Sprintf("it holds %d bytes instead of %s", n, want),
		Advice: "the string is cut, or another program has made it",
	}
}

func (e *exporting) telethon() (string, error) {
	address, err := netip.ParseAddr(e.address.Host)
	if err != nil {
		return "", e.fail(fmt.Sprintf("the address %q is no IP address, and the format holds nothing else", e.address.Host), "")
	}
	p := append([]byte{byte(e.Credentials.DC)}, address.AsSlice()...)
	p = binary.BigEndian.AppendUint16(p, uint16(e.address.Port))
	return "1" + base64.URLEncoding.EncodeToString(append(p, e.key.Bytes()...)), nil
}

// GramJS: "1" and base64 of
//
//	dc 1 | length 2 | address in text | port 2, big-endian | key 256
//
// It reads Telethon's too, and so does importGramJS: one of IPv4 has another
// size than every text, and in one of IPv6 the length is beyond every text.
const maxHost = 100

func importGramJS(text string) (*Session, error) {
	text, err := version(GramJS, text)
	if err != nil {
		return nil, err
	}
	p, err := decode(GramJS, text)
	if err != nil {
		return nil, err
	}
	if len(p) < 1+2+2+keySize {
		return nil, sized(GramJS, len(p), "261 or more")
	}
	n := int(binary.BigEndian.Uint16(p[1:]))
	switch {
	case len(p) == telethonIPv4:
		return located(GramJS, p, 4)
	case n > maxHost && len(p) == telethonIPv6:
		return located(GramJS, p, 16)
	case len(p) != 1+2+n+2+keySize:
		return nil, sized(GramJS, len(p), fmt.Sprint(1+2+n+2+keySize))
	}
	return addressed(GramJS, int(p[0]), string(p[3:3+n]), p[3+n:])
}

func (e *exporting) gramJS() (string, error) {
	// GramJS reads the port as a signed number.
	if e.address.Port > math.MaxInt16 || len(e.address.Host) > maxHost {
		return "", e.fail(fmt.Sprintf("GramJS cannot read the address %s, port %d", e.address.Host, e.address.Port), "")
	}
	p := []byte{byte(e.Credentials.DC)}
	p = binary.BigEndian.AppendUint16(p, uint16(len(e.address.Host)))
	p = append(p, e.address.Host...)
	p = binary.BigEndian.AppendUint16(p, uint16(e.address.Port))
	return "1" + base64.StdEncoding.EncodeToString(append(p, e.key.Bytes()...)), nil
}

// Pyrogram: base64url without padding, big-endian, of one of
//
//	dc 1 |          test 1 | key 256 | user id 4 | bot 1    263 bytes, to 1.2
//	dc 1 |          test 1 | key 256 | user id 8 | bot 1    267 bytes, to 1.4
//	dc 1 | api id 4 | test 1 | key 256 | user id 8 | bot 1  271 bytes, since 2.0
const (
	pyrogramOld   = 1 + 1 + keySize + 4 + 1
	pyrogramWide  = 1 + 1 + keySize + 8 + 1
	pyrogramAPIID = 1 + 4 + 1 + keySize + 8 + 1
)

func importPyrogram(text string) (*Session, error) {
	p, err := decode(Pyrogram, text)
	if err != nil {
		return nil, err
	}
	var s Session
	rest := p
	take := func(n int) []byte {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	switch len(p) {
	case pyrogramOld, pyrogramWide, pyrogramAPIID:
	default:
		return nil, sized(Pyrogram, len(p), "263, 267 or 271")
	}
	dc := int(take(1)[0])
	if len(p) == pyrogramAPIID {
		s.APIID = int(binary.BigEndian.Uint32(take(4)))
	}
	s.Test = take(1)[0] != 0
	key := take(keySize)
	if len(p) == pyrogramOld {
		s.Credentials.UserID = int64(binary.BigEndian.Uint32(take(4)))
	} else {
		s.Credentials.UserID = int64(binary.BigEndian.Uint64(take(8)))
	}
	s.Credentials.Bot = take(1)[0] != 0
	return imported(Pyrogram, dc, key, s)
}

func (e *exporting) pyrogram() (string, error) {
	if e.Credentials.UserID == telegram.UnknownUser {
		return "", e.fail("it holds the user id, which is not known yet", "connect once, and then export")
	}
	p := []byte{byte(e.Credentials.DC)}
	p = binary.BigEndian.AppendUint32(p, uint32(e.APIID))
	p = append(append(p, bit(e.Test)), e.key.Bytes()...)
	p = binary.BigEndian.AppendUint64(p, uint64(e.Credentials.UserID))
	return base64.RawURLEncoding.EncodeToString(append(p, bit(e.Credentials.Bot))), nil
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// mtcute, version 3: base64url without padding of
//
//	3 | flags 4, little-endian | main DC | media DC, if flag 4 |
//	    user id 8 and Bool, if flag 1 | key
//
// where DCs and key are TL bytes, and a DC holds 2 | id 1 | flags 1 | host, a TL
// string | port 4. Flag 2 of the whole, in strings of before DCs had their own
// flag 4 for it, means the test servers.
const (
	mtcuteVersion = 3
	mtcuteSelf    = 1
	mtcuteOldTest = 2
	mtcuteMedia   = 4

	mtcuteIPv6 = 1
	mtcuteTest = 4
)

func importMTCute(text string) (*Session, error) {
	p, err := decode(MTCute, text)
	if err != nil {
		return nil, err
	}
	if len(p) == 0 || p[0] != mtcuteVersion {
		return nil, &Error{
			Format: string(MTCute), What: "it is not of version 3",
			Advice: "export it again with a current mtcute, or check which program has made it",
		}
	}
	r := tl.NewReader(p[1:])
	flags := r.Uint32()
	dc, s, ok := mtcuteDC(r.ByteString())
	if flags&mtcuteMedia != 0 {
		r.ByteString()
	}
	s.Test = s.Test || flags&mtcuteOldTest != 0
	if flags&mtcuteSelf != 0 {
		s.Credentials.UserID = r.Long()
		s.Credentials.Bot = r.Bool()
	}
	key := r.ByteString()
	if r.Finish() != nil || !ok {
		return nil, &Error{Format: string(MTCute), What: "it does not hold what its version should", Advice: "the string is cut or damaged"}
	}
	return imported(MTCute, dc, key, s)
}

func mtcuteDC(p []byte) (dc int, s Session, ok bool) {
	if len(p) < 3 || p[0] != 1 && p[0] != 2 {
		return 0, s, false
	}
	r := tl.NewReader(p[3:])
	host, port := r.String(), r.Int()
	dc = int(p[1])
	s = withAddress(dc, host, int(port))
	s.Test = p[0] == 2 && p[2]&mtcuteTest != 0
	return dc, s, r.Finish() == nil
}

func (e *exporting) mtcute() (string, error) {
	flags := byte(0)
	if strings.Contains(e.address.Host, ":") {
		flags |= mtcuteIPv6
	}
	if e.Test {
		flags |= mtcuteTest
	}
	var dc, b tl.Buffer
	dc.Raw([]byte{2, byte(e.Credentials.DC), flags})
	dc.String(e.address.Host)
	dc.Int(int32(e.address.Port))
	b.Raw([]byte{mtcuteVersion})
	known := e.Credentials.UserID != telegram.UnknownUser
	if known {
		b.Uint32(mtcuteSelf)
	} else {
		b.Uint32(0)
	}
	b.ByteString(dc.Bytes())
	if known {
		b.Long(e.Credentials.UserID)
		b.Bool(e.Credentials.Bot)
	}
	b.ByteString(e.key.Bytes())
	if err := b.Err(); err != nil {
		return "", &Error{Format: string(e.format), What: "it cannot be written", Err: err}
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

package transport

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// A ProxySecret is what an MTProxy, or an address of a DC, gives its users: the
// Secret, and how it is to be used (R-OB-09). It prints as [redacted], its
// domain included; Encode tells it. The zero ProxySecret stands for none.
type ProxySecret struct {
	Key Secret
	// Padded says that only padded intermediate framing is taken. Its mark in
	// the encoding is dd.
	Padded bool
	// Domain is the site that connections pretend to go to, by fake TLS; empty
	// for no fake TLS. It implies what Padded says. Its mark in the encoding is
	// ee.
	Domain string
}

// First bytes of longer forms of a secret.
const (
	markSecretPadded = 0xdd
	markSecretTLS    = 0xee
)

// MaxDomain is the size in bytes of the longest domain in a secret, which is
// what official clients take (R-OB-09).
const MaxDomain = 182

// IsZero reports whether there is no secret.
func (s ProxySecret) IsZero() bool { return s == ProxySecret{} }

// Framing returns the framing to use with the secret, which is preferred
// unless the secret says otherwise.
func (s ProxySecret) Framing(preferred Framing) Framing {
	if s.Padded || s.Domain != "" || preferred == Full {
		return PaddedIntermediate
	}
	return preferred
}

// String returns [redacted].
func (ProxySecret) String() string { return "[redacted]" }

// GoString returns [redacted].
func (ProxySecret) GoString() string { return "[redacted]" }

// MarshalText returns [redacted], for loggers. Encode shows the secret.
func (ProxySecret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Encode returns the bytes of the secret: 16 of them, 17 that begin with dd, or
// ee and 16 and the domain.
func (s ProxySecret) Encode() []byte {
	switch {
	case s.Domain != "":
		return append(append([]byte{markSecretTLS}, s.Key[:]...), s.Domain...)
	case s.Padded:
		return append([]byte{markSecretPadded}, s.Key[:]...)
	}
	return append([]byte(nil), s.Key[:]...)
}

// ParseProxySecret reads a secret that is written in hex, in base64url or in
// base64, with padding or without. They are tried in this order (R-OB-10). Its
// errors do not quote the secret.
func ParseProxySecret(text string) (ProxySecret, error) {
	bare := strings.TrimRight(text, "=")
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.RawURLEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
	} {
		if b, err := decode(bare); err == nil {
			return DecodeProxySecret(b)
		}
	}
	return ProxySecret{}, fmt.Errorf("transport: secret of %d characters is neither hex nor base64", len(text))
}

// DecodeProxySecret reads the bytes of a secret, as dcOption has them. Of 17
// bytes the first may be anything but ee: that is as if it were dd (R-OB-09).
func DecodeProxySecret(b []byte) (ProxySecret, error) {
	switch n := len(b); {
	case n == SecretSize:
		return ProxySecret{Key: Secret(b)}, nil
	case n == 1+SecretSize && b[0] != markSecretTLS:
		return ProxySecret{Key: Secret(b[1:]), Padded: true}, nil
	case n > 1+SecretSize && b[0] == markSecretTLS:
		domain := string(b[1+SecretSize:])
		if err := checkDomain(domain); err != nil {
			return ProxySecret{}, err
		}
		return ProxySecret{Key: Secret(b[1 : 1+SecretSize]), Domain: domain}, nil
	case n > 0 && b[0] == markSecretTLS:
		return ProxySecret{}, fmt.Errorf("transport: secret of %d bytes for fake TLS lacks its domain", n)
	default:
		return ProxySecret{}, fmt.Errorf("transport: secret of %d bytes, want 16, 17, or more that begin with ee", n)
	}
}

// checkDomain refuses what cannot be a host name, in any script.
func checkDomain(domain string) error {
	if len(domain) > MaxDomain {
		return fmt.Errorf("transport: domain of %d bytes in a secret, want at most %d", len(domain), MaxDomain)
	}
	for _, c := range []byte(domain) {
		if c <= ' ' || c == 0x7f {
			return fmt.Errorf("transport: domain in a secret has the byte %#02x", c)
		}
	}
	return nil
}

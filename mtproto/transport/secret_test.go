package transport

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// R-OB-09, R-OB-10: the forms of a secret, in all ways of writing.
func TestProxySecret(t *testing.T) {
	const key = "00112233445566778899aabbccddeeff"
	raw, _ := hex.DecodeString(key)
	for name, test := range map[string]struct {
		hex     string
		want    ProxySecret
		framing Framing // where abridged is preferred
	}{
		"plain":             {key, ProxySecret{Key: Secret(raw)}, Abridged},
		"padded":            {"dd" + key, ProxySecret{Key: Secret(raw), Padded: true}, PaddedIntermediate},
		"another first one": {"07" + key, ProxySecret{Key: Secret(raw), Padded: true}, PaddedIntermediate},
		"fake TLS": {
			"ee" + key + hex.EncodeToString([]byte("example.com")),
			ProxySecret{Key: Secret(raw), Domain: "example.com"}, PaddedIntermediate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := hex.DecodeString(test.hex)
			for _, text := range []string{
				test.hex, strings.ToUpper(test.hex),
				base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
				base64.StdEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b),
			} {
				got, err := ParseProxySecret(text)
				if err != nil || got != test.want {
					t.Errorf("%s: %v", text, err)
				}
				if f := got.Framing(Abridged); f != test.framing {
					t.Errorf("framing %v, want %v", f, test.framing)
				}
			}
			if b[0] == 7 {
				b[0] = 0xdd
			}
			if again := test.want.Encode(); !bytes.Equal(again, b) {
				t.Errorf("encoded %x, want %x", again, b)
			}
		})
	}
	if f := (ProxySecret{}).Framing(Full); f != PaddedIntermediate {
		t.Errorf("full framing, which has no marker, becomes %v", f)
	}
}

// What is no secret is refused without being quoted.
func TestProxySecretRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"short":           strings.Repeat("ab", 15),
		"18 bytes":        strings.Repeat("ab", 18),
		"no domain":       "ee" + strings.Repeat("ab", 16),
		"only ee":         "ee",
		"long domain":     "ee" + strings.Repeat("ab", 16) + strings.Repeat("61", MaxDomain+1),
		"space in domain": "ee" + strings.Repeat("ab", 16) + "612062",
		"no encoding":     "ab cd!",
	} {
		_, err := ParseProxySecret(text)
		if err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A secret prints as [redacted] wherever it is not asked for.
func TestProxySecretRedacted(t *testing.T) {
	s := ProxySecret{Key: Secret{0x61, 0x62}, Domain: "example.com"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("proxy", "secret", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("proxy", "secret", s, "key", s.Key)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), log.String()} {
		if !strings.Contains(text, "redacted") || strings.Contains(text, "example") || strings.Contains(text, "6162") {
			t.Errorf("printed as %q", text)
		}
	}
}

// FuzzProxySecret: what is read as a secret is written and read as the same.
func FuzzProxySecret(f *testing.F) {
	f.Add("00112233445566778899aabbccddeeff")
	f.Add("dd00112233445566778899aabbccddeeff")
	f.Add("7gARIjNEVWZ3iJmqu8zd7v9leGFtcGxlLmNvbQ")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseProxySecret(text)
		if err != nil {
			return
		}
		written := hex.EncodeToString(s.Encode())
		again, err := ParseProxySecret(written)
		if err != nil || again != s {
			t.Fatalf("%q is written as %q: %v", text, written, err)
		}
	})
}

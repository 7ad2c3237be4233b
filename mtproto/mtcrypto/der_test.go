package mtcrypto

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"testing"
)

// TestDERErrors holds what DER has only one form for to that form, and a key to
// its two numbers.
func TestDERErrors(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                     "",
		"a tag alone":               "30",
		"another tag":               "31060201110201" + "03",
		"no length that is given":   "3080020111020103" + "0000",
		"a length of four bytes":    "308400000006020111020103",
		"a length that is longer":   "308106020111020103",
		"a length that begins by 0": "30820006020111020103",
		"more than there is":        "3007020111020103",
		"one number":                "3003020111",
		"three numbers":             "3009020111020103020103",
		"a number without digits":   "30050200020103",
		"a negative number":         "30060201ff020103",
		"a number that is longer":   "300702020011020103",
		"an exponent of five bytes": "300a0201110205" + "0100000001",
		"behind it":                 "300602011102010300",
	} {
		der, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := parsePKCS1(der); err == nil {
			t.Errorf("%s: %v", name, k)
		}
	}
	if k, err := parsePKCS1([]byte{0x30, 6, 2, 1, 17, 2, 1, 3}); err != nil || k.N.Int64() != 17 || k.E != 3 {
		t.Errorf("%v, %v", k, err)
	}
}

// FuzzDER compares with encoding/asn1, which takes more than one form of the
// same: what is taken here is taken there, and written again as it was.
func FuzzDER(f *testing.F) {
	key := ProductionKeys()[0]
	spki, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: key.N, E: key.E})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(key.pkcs1())
	f.Add(spki)
	f.Fuzz(func(t *testing.T, der []byte) {
		if k, err := parsePKCS1(der); err == nil {
			var want struct {
				N *big.Int
				E int
			}
			if rest, err := asn1.Unmarshal(der, &want); err != nil || len(rest) > 0 || want.N.Cmp(k.N) != 0 || want.E != k.E {
				t.Errorf("%v, want %v, %v", k, want, err)
			}
			if again := k.pkcs1(); !bytes.Equal(again, der) {
				t.Errorf("%x became %x", der, again)
			}
		}
		if k, err := parsePKIX(der); err == nil && k.N.Sign() > 0 && k.E > 0 {
			if _, err := x509.ParsePKCS1PublicKey(k.pkcs1()); err != nil {
				t.Errorf("%v: %v", k, err)
			}
		}
	})
}

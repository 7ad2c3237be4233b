package mtcrypto

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
)

// A public key is two numbers, and reading them by encoding/asn1 would be a
// hundredth of what it takes to build a client. So the little of DER that they
// need is here: definite lengths of up to three bytes, numbers that are not
// negative, all in their shortest form (X.690, 8.1.3, 8.3 and 10.1).
const (
	derInteger   = 0x02
	derBitString = 0x03
	derSequence  = 0x30
)

// rsaAlgorithms are the forms of an AlgorithmIdentifier that names rsaEncryption:
// with NULL for its parameters, as RFC 3279 wants, and without any.
var rsaAlgorithms = [][]byte{
	{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00},
	{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01},
}

var errDER = errors.New("not a public key in DER")

// derValue returns the contents of the value that der begins with, which must
// have the tag, and what follows it.
func derValue(der []byte, tag byte) (value, rest []byte, err error) {
	if len(der) < 2 || der[0] != tag {
		return nil, nil, errDER
	}
	n, head := int(der[1]), 2
	if n >= 0x80 {
		digits := n - 0x80
		if head += digits; digits < 1 || digits > 3 || len(der) < head || der[2] == 0 {
			return nil, nil, errDER
		}
		n = 0
		for _, b := range der[2:head] {
			n = n<<8 | int(b)
		}
		if n < 0x80 {
			return nil, nil, errDER
		}
	}
	if n > len(der)-head {
		return nil, nil, errDER
	}
	return der[head : head+n], der[head+n:], nil
}

// derWhole is derValue for what has nothing after it.
func derWhole(der []byte, tag byte) ([]byte, error) {
	value, rest, err := derValue(der, tag)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after the key")
	}
	return value, err
}

func derNumber(der []byte) (n *big.Int, rest []byte, err error) {
	value, rest, err := derValue(der, derInteger)
	switch {
	case err != nil:
		return nil, nil, err
	case len(value) == 0, value[0] >= 0x80, len(value) > 1 && value[0] == 0 && value[1] < 0x80:
		return nil, nil, errDER
	}
	return new(big.Int).SetBytes(value), rest, nil
}

// parsePKCS1 reads RSAPublicKey of RFC 8017.
func parsePKCS1(der []byte) (PublicKey, error) {
	fields, err := derWhole(der, derSequence)
	if err != nil {
		return PublicKey{}, err
	}
	n, fields, err := derNumber(fields)
	if err != nil {
		return PublicKey{}, err
	}
	e, fields, err := derNumber(fields)
	if err != nil || len(fields) > 0 || e.BitLen() > 31 {
		return PublicKey{}, errDER
	}
	return PublicKey{N: n, E: int(e.Int64())}, nil
}

// parsePKIX reads SubjectPublicKeyInfo of RFC 5280.
func parsePKIX(der []byte) (PublicKey, error) {
	fields, err := derWhole(der, derSequence)
	if err != nil {
		return PublicKey{}, err
	}
	algorithm, fields, err := derValue(fields, derSequence)
	if err != nil {
		return PublicKey{}, err
	}
	if !slices.ContainsFunc(rsaAlgorithms, func(a []byte) bool { return bytes.Equal(a, algorithm) }) {
		return PublicKey{}, errors.New("not an RSA key")
	}
	key, err := derWhole(fields, derBitString)
	if err != nil || len(key) == 0 || key[0] != 0 { // which says how many bits are unused
		return PublicKey{}, errDER
	}
	return parsePKCS1(key[1:])
}

// pkcs1 returns the key as RSAPublicKey.
func (k PublicKey) pkcs1() []byte {
	return appendDER(nil, derSequence, appendNumber(appendNumber(nil, k.N), big.NewInt(int64(k.E))))
}

func appendNumber(b []byte, n *big.Int) []byte {
	return appendDER(b, derInteger, n.FillBytes(make([]byte, n.BitLen()/8+1)))
}

func appendDER(b []byte, tag byte, value []byte) []byte {
	b = append(b, tag)
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	case n < 0x10000:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, value...)
}

// Package mtproto holds the terms that every part of the MTProto 2.0 stack
// shares: keys, ids, sides and errors.
//
// Nothing here does any work: a [Side], an [AuthKey], a [MsgID] or an
// [RPCError] is what the packages below and above this one talk about. To talk
// to Telegram, start with package telegram; for the bare protocol, with
// mtproto/mtclient and mtproto/mtserver.
//
// Numbers such as R-AK-27 are those of docs/requirements.md.
package mtproto

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Side is the end of a connection that a piece of code speaks for. Client and
// server run the same code; what differs between them hangs off a Side.
type Side uint8

// The two sides.
const (
	Client Side = iota
	Server
)

// Remote returns the other side.
func (s Side) Remote() Side { return s ^ 1 }

// String returns "client" or "server".
func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}

// KDFOffset returns x, the offset into the auth key that the key derivation
// uses for messages that this side sends (R-EM-03).
func (s Side) KDFOffset() int { return int(s) * 8 }

// AuthKeySize is the size of an auth key in bytes.
const AuthKeySize = 256

// An AuthKey is the 2048-bit secret that a client and a DC share. The zero
// AuthKey is no key. It prints as [redacted].
type AuthKey struct {
	// Package fmt asks no method of a key in an unexported field of another
	// struct. What is two pointers away it prints as an address, whatever the
	// verb.
	value **[AuthKeySize]byte
	id    KeyID
}

// A KeyID names an auth key: the low 64 bits of its SHA-1 as they stand on the
// wire, read little-endian (R-AK-27).
type KeyID uint64

// NewAuthKey returns the key of the given big-endian bytes.
func NewAuthKey(value [AuthKeySize]byte) AuthKey {
	sum := sha1.Sum(value[:])
	secret := &value
	return AuthKey{value: &secret, id: KeyID(binary.LittleEndian.Uint64(sum[12:]))}
}

// IsZero reports whether k is no key.
func (k *AuthKey) IsZero() bool { return k.value == nil }

// ID returns the auth key id.
func (k *AuthKey) ID() KeyID { return k.id }

// AuxHash returns auth_key_aux_hash, the first 8 bytes of the key's SHA-1
// (R-AK-27).
func (k *AuthKey) AuxHash() [8]byte {
	sum := sha1.Sum(k.Bytes())
	return [8]byte(sum[:8])
}

// Bytes returns the secret itself. The slice is the key's own memory: do not
// change it, and do not let it reach a log. For no key it is all zeros.
func (k *AuthKey) Bytes() []byte {
	if k.value == nil {
		return make([]byte, AuthKeySize)
	}
	return (*k.value)[:]
}

// Equal reports in constant time whether both hold the same secret.
func (k *AuthKey) Equal(other *AuthKey) bool {
	return subtle.ConstantTimeCompare(k.Bytes(), other.Bytes()) == 1
}

// String returns [redacted].
func (k AuthKey) String() string { return "[redacted]" }

// Format writes [redacted], whatever the verb: %d would print the bytes.
func (k AuthKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText returns [redacted], for loggers.
func (k AuthKey) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// A MsgID identifies an MTProto message within a session and tells when it was
// made: unix time times 2^32, the low bits telling its kind (R-EM-20).
type MsgID int64

// Time returns when the message was made by the clock of whoever made it.
func (id MsgID) Time() time.Time {
	seconds := uint64(id) >> 32
	nanoseconds := (uint64(id) & 0xffffffff) * 1e9 >> 32
	return time.Unix(int64(seconds), int64(nanoseconds))
}

// MsgIDAt returns the smallest id, divisible by 4, of a message made at t.
func MsgIDAt(t time.Time) MsgID {
	fraction := uint64(t.Nanosecond()) << 32 / 1e9
	return MsgID(uint64(t.Unix())<<32 | fraction&^3)
}

// Before reports whether id is lower than other. Ids compare unsigned
// (R-IX-32).
func (id MsgID) Before(other MsgID) bool { return uint64(id) < uint64(other) }

// SessionID is the random 64-bit name of an MTProto session, never 0
// (R-EM-60).
type SessionID int64

// Salt is a server salt as it stands on the wire, read little-endian.
type Salt int64

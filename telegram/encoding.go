package telegram

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// Credentials are encoded in TL, by a constructor of our own with its version
// as the first field. A program refuses what a newer one wrote, and reads what is
// older: version 2 had no temporary keys. The encoding is never to be stored in the
// clear.
const (
	credentialsID      = 0x67640001
	oldestVersion      = 2
	credentialsVersion = 3
)

// MarshalBinary returns the credentials in the clear. A Store encrypts them.
func (c Credentials) MarshalBinary() ([]byte, error) {
	var b tl.Buffer
	b.Object(encodedCredentials{&c})
	return b.Bytes(), b.Err()
}

// UnmarshalBinary reads what MarshalBinary wrote. Its errors do not quote
// the input, which is secret.
func (c *Credentials) UnmarshalBinary(data []byte) error {
	var in Credentials
	err := tl.Unmarshal(data, encodedCredentials{&in})
	var known *refusedCredentials
	switch {
	case errors.As(err, &known):
		return known
	case err != nil:
		return errors.New("not credentials")
	}
	*c = in
	return nil
}

// refusedCredentials is an error that does not quote what is secret.
type refusedCredentials struct{ what string }

func (e *refusedCredentials) Error() string { return e.what }

// encodedCredentials is Credentials as a tl.Coder.
type encodedCredentials struct{ *Credentials }

func (c encodedCredentials) TL(k *tl.Codec) {
	k.Begin(credentialsID, "credentials")
	version := int32(credentialsVersion)
	if k.Int(&version); version < oldestVersion || version > credentialsVersion {
		k.Fail(&refusedCredentials{fmt.Sprintf(
			"version %d of the credentials is not known, only %d to %d", version, oldestVersion, credentialsVersion)})
		return
	}
	codeInt(k, &c.DC)
	k.Long(&c.UserID)
	k.Bool(&c.Bot)
	k.Bool(&c.PreferIPv6)
	k.Int(&c.State.Common.PTS)
	k.Int(&c.State.Common.QTS)
	k.Int(&c.State.Common.Date)
	k.Int(&c.State.Common.Seq)
	codeMap(k, &c.State.Channels, 12, k.Long, k.Int)
	codeMap(k, &c.Keys, 4+mtproto.AuthKeySize, func(dc *int) { codeInt(k, dc) }, func(key *DCKey) { key.code(k, version) })
	codeSlice(k, &c.LogoutTokens, 4, func(token *LogoutToken) { k.ByteString((*[]byte)(token)) })
	codeSlice(k, &c.Addresses, 24, func(dc *DC) { dc.code(k) })
	codeSlice(k, &c.NetworkKeys, 8, k.Long)
}

func (key *DCKey) code(k *tl.Codec, version int32) {
	codeKey(k, &key.Key)
	codeTime(k, &key.Created)
	k.Bool(&key.Imported)
	codeSalts(k, &key.Salts)
	if version < 3 {
		return
	}
	t := &key.Temporary
	has := !t.Key.IsZero()
	if k.Bool(&has); has {
		codeKey(k, &t.Key)
		codeTime(k, &t.Expires)
		codeSalts(k, &t.Salts)
	}
}

func codeKey(k *tl.Codec, key *mtproto.AuthKey) {
	value := key.Bytes()
	if k.ByteString(&value); !k.Decoding() {
		return
	}
	if len(value) != mtproto.AuthKeySize {
		k.Fail(&refusedCredentials{fmt.Sprintf("an auth key has %d bytes, not %d", len(value), mtproto.AuthKeySize)})
		return
	}
	*key = mtproto.NewAuthKey([mtproto.AuthKeySize]byte(value))
}

func codeSalts(k *tl.Codec, salts *[]session.Salt) {
	codeSlice(k, salts, 24, func(s *session.Salt) {
		since, until := time.Unix(int64(s.ValidSince), 0), time.Unix(int64(s.ValidUntil), 0)
		k.Long((*int64)(&s.Value))
		codeTime(k, &since)
		codeTime(k, &until)
		*s = session.NewSalt(s.Value, since, until)
	})
}

func (d *DC) code(k *tl.Codec) {
	codeInt(k, &d.ID)
	k.String(&d.Host)
	codeInt(k, &d.Port)
	k.Bool(&d.ThisPortOnly)
	k.Bool(&d.ObfuscatedOnly)
	var secret []byte
	if !d.Secret.IsZero() {
		secret = d.Secret.Encode()
	}
	k.ByteString(&secret)
	if k.Decoding() && len(secret) > 0 {
		var err error
		if d.Secret, err = transport.DecodeProxySecret(secret); err != nil {
			k.Fail(err)
		}
	}
}

// codeInt takes a number that fits an int32.
func codeInt(k *tl.Codec, v *int) {
	n := int32(*v)
	if int(n) != *v {
		k.Fail(fmt.Errorf("telegram: %d does not fit 32 bits", *v))
	}
	if k.Int(&n); k.Decoding() {
		*v = int(n)
	}
}

// codeTime takes a time between the years 1678 and 2262, or none, to the
// nanosecond.
func codeTime(k *tl.Codec, v *time.Time) {
	var n int64
	if !v.IsZero() {
		n = v.UnixNano()
	}
	if k.Long(&n); k.Decoding() && n != 0 {
		*v = time.Unix(0, n).UTC()
	}
}

// codeSlice takes the elements of a slice, each of which takes at least least
// bytes.
func codeSlice[T any](k *tl.Codec, v *[]T, least int, element func(*T)) {
	n := k.Count(len(*v), least)
	if k.Decoding() && n > 0 {
		*v = make([]T, n)
	}
	for i := range *v {
		element(&(*v)[i])
	}
}

// codeMap takes the elements of a map in the order of their keys.
func codeMap[K int | int64, V any](k *tl.Codec, m *map[K]V, least int, key func(*K), value func(*V)) {
	n := k.Count(len(*m), least)
	keys := make([]K, 0, len(*m))
	for key := range *m {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	if k.Decoding() && n > 0 {
		keys, *m = make([]K, n), make(map[K]V, n)
	}
	for i := range keys {
		key(&keys[i])
		v := (*m)[keys[i]]
		if value(&v); k.Decoding() {
			(*m)[keys[i]] = v
		}
	}
}

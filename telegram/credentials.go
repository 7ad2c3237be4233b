package telegram

import (
	"errors"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/telegram/updates"
)

// Credentials are everything that signs a device in: the auth keys, which data
// centre is its home, and where it stands in its updates. Whoever has them is
// signed in as that account, so they print as [redacted].
//
// The zero Credentials are those of a new device.
type Credentials struct {
	DC           int           // the main data centre; 0: not chosen yet
	Keys         map[int]DCKey // by data centre
	UserID       int64         // 0: not signed in; or UnknownUser
	Bot          bool          // the account is a bot
	State        updates.State // what has been received
	LogoutTokens []LogoutToken // at most 20, newest last; they can save a code (R-LG-21)
	Addresses    []DC          // from help.getConfig; tried before the built-in ones
	PreferIPv6   bool          // from help.getConfig too
	// NetworkKeys are the fingerprints of the RSA keys of the network that the
	// credentials are of, empty where that is not known. Another network's
	// client refuses them: it would throw the keys away as unknown.
	NetworkKeys []int64
}

// A DCKey is the auth key that is shared with a data centre.
type DCKey struct {
	Key     mtproto.AuthKey
	Salts   []session.Salt
	Created time.Time // by the server's clock; zero for long ago
	// Imported says that the account has been signed in there too (R-AP-06).
	Imported bool
	// Temporary is the key that speaks for Key, with Options.KeepTemporaryKeys.
	Temporary TemporaryKey
}

// A TemporaryKey is what packets are encrypted with, in the place of the key that
// is shared with a data centre. The zero TemporaryKey is none.
type TemporaryKey struct {
	Key     mtproto.AuthKey
	Expires time.Time // by the server's clock
	Salts   []session.Salt
}

// A LogoutToken is what auth.logOut leaves behind. It prints as [redacted].
type LogoutToken []byte

// UnknownUser is the UserID of credentials that are signed in without saying as
// whom: those of other programs. The first connection finds it out.
const UnknownUser int64 = -1

const redacted = "[redacted]"

// maxLogoutTokens is how many of them Telegram takes (R-LG-21).
const maxLogoutTokens = 20

// String returns [redacted].
func (c Credentials) String() string { return redacted }

// GoString returns [redacted].
func (c Credentials) GoString() string { return redacted }

// MarshalText returns [redacted], for loggers.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns [redacted].
func (key DCKey) String() string { return redacted }

// GoString returns [redacted].
func (key DCKey) GoString() string { return redacted }

// MarshalText returns [redacted], for loggers.
func (key DCKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns [redacted].
func (k TemporaryKey) String() string { return redacted }

// GoString returns [redacted].
func (k TemporaryKey) GoString() string { return redacted }

// MarshalText returns [redacted], for loggers.
func (k TemporaryKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns [redacted].
func (t LogoutToken) String() string { return redacted }

// GoString returns [redacted].
func (t LogoutToken) GoString() string { return redacted }

// MarshalText returns [redacted], for loggers.
func (t LogoutToken) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// ErrOtherNetwork says that the stored credentials are of a network with other
// RSA keys than the one to connect to. They are left as they are.
var ErrOtherNetwork = errors.New("telegram: the stored credentials are of another network")

// CheckNetwork fails with ErrOtherNetwork if the credentials are known to be of
// another network than n.
func (c *Credentials) CheckNetwork(n Network) error {
	known := func(f int64) bool { return slices.Contains(c.NetworkKeys, f) }
	if len(c.NetworkKeys) > 0 && !slices.ContainsFunc(n.fingerprints(), known) {
		return ErrOtherNetwork
	}
	return nil
}

// claim notes the network that the credentials are of, and fails with
// ErrOtherNetwork if it is another.
func (c *Credentials) claim(n Network) error {
	err := c.CheckNetwork(n)
	if err == nil {
		c.NetworkKeys = n.fingerprints()
	}
	return err
}

// addLogoutToken keeps the newest tokens (R-LG-21).
func (c *Credentials) addLogoutToken(token []byte) {
	c.LogoutTokens = append(c.LogoutTokens, token)
	c.LogoutTokens = c.LogoutTokens[max(0, len(c.LogoutTokens)-maxLogoutTokens):]
}

// signedOut returns what is left of the credentials of a device that is not
// signed in any more.
func (c *Credentials) signedOut() Credentials {
	return Credentials{
		DC: c.DC, LogoutTokens: c.LogoutTokens, Addresses: c.Addresses, PreferIPv6: c.PreferIPv6, NetworkKeys: c.NetworkKeys,
	}
}

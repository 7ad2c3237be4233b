package sandbox

import (
	"slices"
	"time"

	"godwit/tg"
)

func init() {
	registerFree(exportLoginToken)
	registerFree(importLoginToken)
	register(acceptLoginToken)
}

const (
	tokenLifetime = 30 * time.Second // for a QR code to be scanned in (R-LG-30)
	// acceptedLifetime is how long the new device has to fetch its sign-in.
	acceptedLifetime = 5 * time.Minute
	tokenSize        = 32
)

// A loginToken is a QR code that a device shows.
type loginToken struct {
	token   []byte
	key     *key
	except  []int64
	expires time.Time
	auth    *authorization // who has accepted it; nil before
	used    bool
}

// exportLoginToken serves auth.exportLoginToken (R-LG-30, R-LG-32, R-LG-33).
func exportLoginToken(c *call, q *tg.AuthExportLoginToken) (tg.AuthLoginTokenClass, error) {
	if err := c.checkApp(q.APIID, q.APIHash); err != nil {
		return nil, err
	}
	w := c.world()
	if t := c.key.qr; t != nil && w.now().Before(t.expires) {
		return c.useToken(t)
	}
	c.forgetTokens()
	t := &loginToken{
		token: make([]byte, tokenSize), key: c.key, except: q.ExceptIDs, expires: w.now().Add(tokenLifetime),
	}
	w.random(t.token)
	w.logins.tokens[string(t.token)] = t
	return &tg.AuthLoginToken{Expires: int32(t.expires.Unix()), Token: t.token}, nil
}

// forgetTokens drops those that nobody will ask for any more.
func (c *call) forgetTokens() {
	w := c.world()
	for name, t := range w.logins.tokens {
		if w.now().After(t.expires.Add(acceptedLifetime)) {
			delete(w.logins.tokens, name)
		}
	}
}

// useToken signs in by a token that has been accepted, at home.
func (c *call) useToken(t *loginToken) (tg.AuthLoginTokenClass, error) {
	u := t.auth.user
	if u.dc != c.dc.id {
		return &tg.AuthLoginTokenMigrateTo{DCID: int32(u.dc), Token: t.token}, nil
	}
	t.used, t.key.qr = true, nil
	w := c.world()
	if u.password != nil {
		w.signOut(c.key)
		c.key.pending = t.auth
		return nil, errPasswordNeeded
	}
	c.key.pending = t.auth
	return &tg.AuthLoginTokenSuccess{Authorization: c.signedIn(u)}, nil
}

// importLoginToken serves auth.importLoginToken (R-LG-32).
func importLoginToken(c *call, q *tg.AuthImportLoginToken) (tg.AuthLoginTokenClass, error) {
	w := c.world()
	t := w.logins.tokens[string(q.Token)]
	switch {
	case t == nil || t.auth == nil:
		return nil, refusal(400, "AUTH_TOKEN_INVALID")
	case t.used:
		return nil, refusal(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
	case !w.now().Before(t.expires):
		return nil, refusal(400, "AUTH_TOKEN_EXPIRED")
	}
	return c.useToken(t)
}

// acceptLoginToken serves auth.acceptLoginToken (R-LG-31). The device that
// shows the code is told that it may fetch its sign-in (R-LG-33).
func acceptLoginToken(c *call, q *tg.AuthAcceptLoginToken) (*tg.Authorization, error) {
	w := c.world()
	t := w.logins.tokens[string(q.Token)]
	switch {
	case t == nil:
		return nil, refusal(400, "AUTH_TOKEN_INVALIDX")
	case t.auth != nil:
		return nil, refusal(400, "AUTH_TOKEN_ALREADY_ACCEPTED")
	case !w.now().Before(t.expires):
		return nil, refusal(400, "AUTH_TOKEN_EXPIRED")
	case slices.Contains(t.except, c.user.id):
		return nil, refusal(400, "AUTH_TOKEN_EXCEPTION")
	}
	address := ""
	for s := range t.key.sessions {
		address = s.link.Address()
		if s.wants {
			c.enqueue(s, &notice{updates: &tg.UpdateShort{Update: &tg.UpdateLoginToken{}, Date: w.unix()}})
		}
	}
	t.auth = w.authorization(c.user, address)
	t.auth.confirmed = true // by whoever scanned it
	t.expires = w.now().Add(acceptedLifetime)
	t.key.qr = t
	out := w.authorizationObject(t.key, t.auth, false)
	out.PasswordPending = c.user.password != nil
	return &out, nil
}

package sandbox

import (
	"crypto/subtle"
	"strings"
	"time"

	"godwit/tg"
)

func init() {
	registerFree(signIn)
	registerFree(signUp)
	registerFree(importBotAuthorization)
	registerFree(importAuthorization)
	register(exportAuthorization)
	register(logOut)
}

// exportLifetime is how long an exported authorization can be imported
// (R-AP-06).
const exportLifetime = time.Minute

// signIn serves auth.signIn (R-LG-06, R-LG-08).
func signIn(c *call, q *tg.AuthSignIn) (tg.AuthAuthorizationClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	if err := sent.check(q); err != nil {
		return nil, err
	}
	w := c.world()
	u := w.phones[phone]
	if u == nil {
		if w.logins.refused[phone] == PhoneMayNotSignUp {
			return nil, refusal(400, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN")
		}
		sent.verified = true
		return &tg.AuthAuthorizationSignUpRequired{}, nil
	}
	sent.adopt(u)
	if u.password != nil {
		// If the account is deleted for want of the password, the code is good
		// for another one.
		sent.verified = true
		return nil, c.owePassword(u)
	}
	delete(w.logins.codes, phone)
	return c.signedIn(u), nil
}

// owePassword notes that the caller has everything but the password of u.
func (c *call) owePassword(u *user) error {
	w := c.world()
	w.signOut(c.key)
	c.key.pending = w.authorization(u, c.session.link.Address())
	return errPasswordNeeded
}

// letIn signs in to u, if that needs no password.
func (c *call) letIn(u *user) (tg.AuthAuthorizationClass, error) {
	if u.password != nil {
		return nil, c.owePassword(u)
	}
	return c.signedIn(u), nil
}

// signUp serves auth.signUp (R-LG-07).
func signUp(c *call, q *tg.AuthSignUp) (tg.AuthAuthorizationClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	w := c.world()
	switch {
	case err != nil:
		return nil, err
	case !sent.verified:
		return nil, refusal(400, "PHONE_CODE_INVALID")
	case w.phones[phone] != nil:
		return nil, refusal(400, "PHONE_NUMBER_OCCUPIED")
	case !validPersonName(q.FirstName):
		return nil, refusal(400, "FIRSTNAME_INVALID")
	}
	delete(w.logins.codes, phone)
	u := w.addUser(&user{dc: c.dc.id, phone: phone, first: q.FirstName, last: q.LastName})
	sent.adopt(u)
	return c.signedIn(u), nil
}

func validPersonName(s string) bool { return strings.TrimSpace(s) != "" && len(s) <= 256 }

// signedIn makes the caller's key act for u, and tells u's other devices
// (R-LG-42).
func (c *call) signedIn(u *user) tg.AuthAuthorizationClass {
	w := c.world()
	if pending := c.key.pending; pending != nil && pending.user == u {
		w.signInAs(c.key, pending)
	} else {
		w.signInAs(c.key, w.authorization(u, c.session.link.Address()))
	}
	c.user = u
	if sent := w.logins.codes[u.phone]; sent != nil && sent.verified {
		delete(w.logins.codes, u.phone) // a code is good once
	}
	c.tellOfSignIn()
	return &tg.AuthAuthorization{User: w.userObject(u, u)}
}

// importBotAuthorization serves auth.importBotAuthorization (R-LG-20).
func importBotAuthorization(c *call, q *tg.AuthImportBotAuthorization) (tg.AuthAuthorizationClass, error) {
	if err := c.checkApp(q.APIID, q.APIHash); err != nil {
		return nil, err
	}
	u := c.world().tokens[q.BotAuthToken]
	switch {
	case u == nil || q.BotAuthToken == "":
		return nil, refusal(400, "ACCESS_TOKEN_INVALID")
	case u.banned:
		return nil, refusal(401, "USER_DEACTIVATED_BAN")
	case u.dc != c.dc.id:
		return nil, migrate("USER", u.dc)
	}
	return c.signedIn(u), nil
}

// exportAuthorization serves auth.exportAuthorization (R-AP-06).
func exportAuthorization(c *call, q *tg.AuthExportAuthorization) (*tg.AuthExportedAuthorization, error) {
	if q.DCID < 1 || int(q.DCID) > len(c.dc.dcs) || int(q.DCID) == c.dc.id {
		return nil, refusal(400, "DC_ID_INVALID")
	}
	w := c.world()
	token := make([]byte, 32)
	w.random(token)
	id := w.randomID()
	w.exports[id] = &export{from: c.key.auth, token: token, dc: int(q.DCID), expires: w.now().Add(exportLifetime)}
	return &tg.AuthExportedAuthorization{ID: id, Bytes: token}, nil
}

// importAuthorization serves auth.importAuthorization (R-AP-06). An export is
// good for one import.
func importAuthorization(c *call, q *tg.AuthImportAuthorization) (tg.AuthAuthorizationClass, error) {
	w := c.world()
	e := w.exports[q.ID]
	switch {
	case e == nil:
		return nil, refusal(400, "USER_ID_INVALID")
	case e.dc != c.dc.id, e.from.ended, !w.now().Before(e.expires), subtle.ConstantTimeCompare(e.token, q.Bytes) == 0:
		return nil, refusal(400, "AUTH_BYTES_INVALID")
	}
	delete(w.exports, q.ID)
	u := e.from.user
	carried := w.authorization(u, c.session.link.Address())
	carried.parent = e.from
	if u.dc == c.dc.id { // the account has moved here, and the device with it
		carried.parent, carried.hash, carried.confirmed = nil, e.from.hash, e.from.confirmed
		e.from.parent = carried
	}
	w.signInAs(c.key, carried)
	return &tg.AuthAuthorization{User: w.userObject(u, u)}, nil
}

// logOut serves auth.logOut (R-LG-21). What it leaves can stand for a code.
func logOut(c *call, _ *tg.AuthLogOut) (*tg.AuthLoggedOut, error) {
	w := c.world()
	w.signOut(c.key)
	if c.user.isBot() {
		return &tg.AuthLoggedOut{}, nil
	}
	token := make([]byte, 32)
	w.random(token)
	w.logins.left[string(token)] = c.user
	return &tg.AuthLoggedOut{FutureAuthToken: token}, nil
}

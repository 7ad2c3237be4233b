package sandbox

import (
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	registerFree(sendCode)
	registerFree(resendCode)
	registerFree(cancelCode)
	registerFree(signIn)
	registerFree(signUp)
	registerFree(importBotAuthorization)
	registerFree(importAuthorization)
	register(exportAuthorization)
	register(logOut)
	register(resetAuthorizations)
}

// exportLifetime is how long an exported authorization can be imported
// (R-AP-06).
const exportLifetime = time.Minute

// maxResent is how often a code is sent again.
const maxResent = 3

// localPhone checks that a phone number is valid and at home here.
func (c *call) localPhone(s string) (phone string, err error) {
	phone, home, ok := parsePhone(s, len(c.dc.dcs))
	switch {
	case !ok:
		return "", refusal(400, "PHONE_NUMBER_INVALID")
	case home != c.dc.id:
		return "", migrate("PHONE", home)
	}
	return phone, nil
}

func (c *call) checkApp(id int32, hash string) error {
	if int(id) != c.dc.options.APIID || hash != c.dc.options.APIHash {
		return refusal(400, "API_ID_INVALID")
	}
	return nil
}

// sendCode serves auth.sendCode (R-LG-01, R-LG-10).
func sendCode(c *call, q *tg.AuthSendCode) (tg.AuthSentCodeClass, error) {
	if err := c.checkApp(q.APIID, q.APIHash); err != nil {
		return nil, err
	}
	phone, err := c.localPhone(q.PhoneNumber)
	if err != nil {
		return nil, err
	}
	return c.send(phone, 0), nil
}

// send puts a new code for phone on its way, by a text message that nobody
// has to wait for: everybody knows the code.
func (c *call) send(phone string, resent int) tg.AuthSentCodeClass {
	w := c.world()
	var p [9]byte
	w.random(p[:])
	w.codes[phone] = &code{
		hash:    hex.EncodeToString(p[:]),
		value:   phoneCode(c.dc.id),
		expires: w.now().Add(c.dc.options.CodeTTL),
		resent:  resent,
	}
	return &tg.AuthSentCode{
		Type:          &tg.AuthSentCodeTypeSMS{Length: codeLength},
		PhoneCodeHash: w.codes[phone].hash,
		NextType:      &tg.AuthCodeTypeSMS{},
		Timeout:       tl.Some[int32](60),
	}
}

// pendingCode returns the code on its way to a phone.
func (c *call) pendingCode(phone, hash string) (string, *code, error) {
	phone, err := c.localPhone(phone)
	if err != nil {
		return "", nil, err
	}
	w := c.world()
	sent := w.codes[phone]
	switch {
	case hash == "":
		return "", nil, refusal(400, "PHONE_CODE_HASH_EMPTY")
	case sent == nil || subtle.ConstantTimeCompare([]byte(sent.hash), []byte(hash)) == 0, !w.now().Before(sent.expires):
		return "", nil, refusal(400, "PHONE_CODE_EXPIRED")
	}
	return phone, sent, nil
}

func resendCode(c *call, q *tg.AuthResendCode) (tg.AuthSentCodeClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	if sent.resent >= maxResent {
		return nil, refusal(406, "SEND_CODE_UNAVAILABLE")
	}
	return c.send(phone, sent.resent+1), nil
}

func cancelCode(c *call, q *tg.AuthCancelCode) (boolean, error) {
	phone, _, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return false, err
	}
	delete(c.world().codes, phone)
	return true, nil
}

// signIn serves auth.signIn (R-LG-06).
func signIn(c *call, q *tg.AuthSignIn) (tg.AuthAuthorizationClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	switch given := q.PhoneCode.Or(""); {
	case given == "":
		return nil, refusal(400, "PHONE_CODE_EMPTY")
	case given != sent.value:
		return nil, refusal(400, "PHONE_CODE_INVALID")
	}
	w := c.world()
	u := w.phones[phone]
	if u == nil {
		sent.verified = true
		return &tg.AuthAuthorizationSignUpRequired{}, nil
	}
	delete(w.codes, phone)
	if u.password != nil {
		w.signOut(c.key)
		c.key.pending = u
		return nil, errPasswordNeeded
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
	delete(w.codes, phone)
	return c.signedIn(w.addUser(&user{dc: c.dc.id, phone: phone, first: q.FirstName, last: q.LastName})), nil
}

func validPersonName(s string) bool { return strings.TrimSpace(s) != "" && len(s) <= 256 }

// signedIn makes the caller's key act for u, and tells u's other devices
// (R-LG-42).
func (c *call) signedIn(u *user) tg.AuthAuthorizationClass {
	w := c.world()
	w.signIn(c.key, u, c.session.link.Address(), nil)
	c.user = u
	auth := c.key.auth
	if !u.isBot() {
		c.tell(u, &tg.UpdateNewAuthorization{
			Unconfirmed: true, Hash: auth.hash, Date: tl.Some(auth.created),
			Device: text(c.key.init.DeviceModel), Location: text(auth.address),
		})
	}
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
	w.signIn(c.key, u, c.session.link.Address(), e.from)
	return &tg.AuthAuthorization{User: w.userObject(u, u)}, nil
}

// logOut serves auth.logOut (R-LG-21).
func logOut(c *call, _ *tg.AuthLogOut) (*tg.AuthLoggedOut, error) {
	c.world().signOut(c.key)
	return &tg.AuthLoggedOut{}, nil
}

// resetAuthorizations serves auth.resetAuthorizations (R-LG-22).
func resetAuthorizations(c *call, _ *tg.AuthResetAuthorizations) (boolean, error) {
	for k := range c.user.keys {
		if k != c.key && k.auth != nil && k.auth.parent == nil && c.key.auth.parent != k.auth {
			c.revoke(k)
		}
	}
	return true, nil
}

// revoke ends another device's sign-in and lets it find out: it is told that
// there is something to fetch.
func (c *call) revoke(k *key) {
	c.world().signOut(k)
	k.revoked = true
	for s := range k.sessions {
		if s.wants {
			c.enqueue(s, &notice{updates: &tg.UpdatesTooLong{}})
		}
	}
}

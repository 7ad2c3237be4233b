package sandbox

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	registerFree(sendCode)
	registerFree(resendCode)
	registerFree(cancelCode)
	registerFree(requestFirebaseSMS)
	registerFree(reportMissingCode)
	register(invalidateSignInCodes)
}

// A CodeWay is a way in which a login code is sent (R-LG-03).
type CodeWay string

// The ways. A code is the digit of the phone's DC, five times, unless it says
// otherwise.
const (
	CodeByApp        CodeWay = "app"          // a message of user 777000 on the account's devices
	CodeBySMS        CodeWay = "sms"          // a text message
	CodeByCall       CodeWay = "call"         // a voice
	CodeByFlashCall  CodeWay = "flash_call"   // the whole number that calls
	CodeByMissedCall CodeWay = "missed_call"  // the last digits of the number that calls
	CodeByEmail      CodeWay = "email"        // six random digits, to the login e-mail
	CodeByFragment   CodeWay = "fragment_sms" // on a web page, for anonymous numbers
	CodeByFirebase   CodeWay = "firebase_sms" // a text message, which is sent only after a proof of Google's
	CodeByWord       CodeWay = "sms_word"     // a word in a text message
	CodeByPhrase     CodeWay = "sms_phrase"   // some words in a text message
	// CodeNeedsEmail is no way: the account has to get a login e-mail first.
	CodeNeedsEmail CodeWay = "set_up_email"
)

// A PhoneRefusal is why a phone number gets no code.
type PhoneRefusal string

// The refusals.
const (
	PhoneBanned       PhoneRefusal = "PHONE_NUMBER_BANNED"
	PhoneFlooded      PhoneRefusal = "PHONE_NUMBER_FLOOD" // too many codes have been sent
	PhoneMayNotSignUp PhoneRefusal = "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN"
)

// A Delivery is a code that has been sent to somebody.
type Delivery struct {
	Date time.Time
	Way  CodeWay
	To   string // a phone number or, by e-mail, an address
	Code string
}

// maxOutbox is how many deliveries are kept.
const maxOutbox = 1000

// logins are the sign-ins under way, and how they are to go.
type logins struct {
	codes   map[string]*code // by phone
	ways    map[string][]CodeWay
	refused map[string]PhoneRefusal
	tokens  map[string]*loginToken // QR codes
	left    map[string]*user       // by what a sign-out has left (R-LG-21)
	outbox  []Delivery
}

func newLogins() logins {
	return logins{
		codes: make(map[string]*code), ways: make(map[string][]CodeWay), refused: make(map[string]PhoneRefusal),
		tokens: make(map[string]*loginToken), left: make(map[string]*user),
	}
}

// A code is a login code on its way (R-LG-01 to R-LG-07).
type code struct {
	hash     string
	way      CodeWay
	value    string
	rest     []CodeWay // how it can be sent again
	expires  time.Time
	verified bool   // right code given, sign-up awaited
	setup    mailed // to the address that the account is to have
	email    string // that has been verified
}

// SetCodeWays has the login codes of a phone number sent in these ways: the
// first one at once, each further one when the code is asked for again. None
// brings back what is usual: by e-mail to an account with a login e-mail, else
// four text messages.
func (sb *Sandbox) SetCodeWays(phone string, ways ...CodeWay) error {
	phone, _, ok := parsePhone(phone, len(sb.dcs))
	if !ok {
		return fmt.Errorf("sandbox: phone number %q is not one of here", phone)
	}
	for _, way := range ways {
		if _, known := sentTypes[way]; !known {
			return fmt.Errorf("sandbox: codes are not sent by %q", way)
		}
	}
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.phones[phone]; slices.Contains(ways, CodeByEmail) && (u == nil || u.access.email == "") {
		return fmt.Errorf("sandbox: %s has no login e-mail that a code could be sent to", phone)
	}
	w.logins.ways[phone] = slices.Clone(ways)
	return nil
}

// RefusePhone has a phone number get no code or, with PhoneMayNotSignUp, no
// account. An empty why lets it again.
func (sb *Sandbox) RefusePhone(phone string, why PhoneRefusal) error {
	phone, _, ok := parsePhone(phone, len(sb.dcs))
	if !ok {
		return fmt.Errorf("sandbox: phone number %q is not one of here", phone)
	}
	switch why {
	case "", PhoneBanned, PhoneFlooded, PhoneMayNotSignUp:
	default:
		return fmt.Errorf("sandbox: phone numbers are not refused as %q", why)
	}
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	sb.world.logins.refused[phone] = why
	return nil
}

// Outbox returns the codes that have been sent by text message, call and
// e-mail, oldest first: the last 1000.
func (sb *Sandbox) Outbox() []Delivery {
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	return slices.Clone(sb.world.logins.outbox)
}

// handOut notes that a code has been sent.
func (c *call) handOut(way CodeWay, to, value string) {
	w := c.world()
	one := Delivery{Date: w.now(), Way: way, To: to, Code: value}
	w.logins.outbox = append(w.logins.outbox, one)
	w.logins.outbox = w.logins.outbox[max(0, len(w.logins.outbox)-maxOutbox):]
	c.delivered = append(c.delivered, one)
}

// localPhone checks that a phone number is valid and at home here.
func (c *call) localPhone(s string) (phone string, err error) {
	phone, home, ok := parsePhone(s, len(c.dc.dcs))
	if !ok {
		return "", refusal(400, "PHONE_NUMBER_INVALID")
	}
	if u := c.world().phones[phone]; u != nil {
		home = u.dc // it may have been moved
	}
	if home != c.dc.id {
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

// sendCode serves auth.sendCode (R-LG-01, R-LG-10). A token that an earlier
// sign-out has left makes a code needless (R-LG-02).
func sendCode(c *call, q *tg.AuthSendCode) (tg.AuthSentCodeClass, error) {
	if err := c.checkApp(q.APIID, q.APIHash); err != nil {
		return nil, err
	}
	phone, err := c.localPhone(q.PhoneNumber)
	if err != nil {
		return nil, err
	}
	w := c.world()
	if why := w.logins.refused[phone]; why == PhoneBanned || why == PhoneFlooded {
		return nil, refusal(400, string(why))
	}
	u := w.phones[phone]
	for _, token := range q.Settings.LogoutTokens {
		if u == nil || w.logins.left[string(token)] != u {
			continue
		}
		delete(w.logins.left, string(token))
		authorization, err := c.letIn(u)
		if err != nil {
			return nil, err
		}
		return &tg.AuthSentCodeSuccess{Authorization: authorization}, nil
	}
	return c.send(phone, w.codeWays(phone), ""), nil
}

// codeWays returns how the codes of a phone number are sent.
func (w *world) codeWays(phone string) []CodeWay {
	u := w.phones[phone]
	switch ways := w.logins.ways[phone]; {
	case len(ways) > 0:
		return ways
	case u != nil && u.access.email != "":
		return []CodeWay{CodeByEmail}
	}
	return []CodeWay{CodeBySMS, CodeBySMS, CodeBySMS, CodeBySMS}
}

// resendAfter is how long to wait before a code is asked for again, in
// seconds. Who does not wait is served all the same.
const resendAfter = 60

// send puts a new code for phone on its way, by the first of ways.
func (c *call) send(phone string, ways []CodeWay, email string) tg.AuthSentCodeClass {
	w := c.world()
	var p [9]byte
	w.random(p[:])
	sent := &code{
		hash: hex.EncodeToString(p[:]), way: ways[0], rest: ways[1:], email: email,
		expires: w.now().Add(c.dc.options.CodeTTL),
	}
	w.logins.codes[phone] = sent
	out := &tg.AuthSentCode{PhoneCodeHash: sent.hash, Type: sentTypes[sent.way](c, phone, sent)}
	if len(sent.rest) > 0 {
		if out.NextType = nextTypes[sent.rest[0]]; out.NextType != nil {
			out.Timeout = tl.Some[int32](resendAfter)
		}
	}
	switch sent.way {
	case CodeByApp:
		if u := w.phones[phone]; u != nil {
			c.write(u, "Login code: "+sent.value+". Do not give this code to anyone, not even to those who say that they are from Telegram.")
		}
	case CodeByFirebase, CodeNeedsEmail: // comes later, or not at all
	case CodeByEmail:
		c.handOut(sent.way, w.phones[phone].access.email, sent.value)
	default:
		c.handOut(sent.way, phone, sent.value)
	}
	return out
}

// sentTypes make a code and describe how it was sent (R-LG-03).
var sentTypes = map[CodeWay]func(c *call, phone string, sent *code) tg.AuthSentCodeTypeClass{
	CodeByApp: func(_ *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		return &tg.AuthSentCodeTypeApp{Length: codeLength}
	},
	CodeBySMS: func(_ *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		return &tg.AuthSentCodeTypeSMS{Length: codeLength}
	},
	CodeByCall: func(_ *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		return &tg.AuthSentCodeTypeCall{Length: codeLength}
	},
	CodeByFlashCall: func(_ *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phonePrefix + phoneCode(phone)
		return &tg.AuthSentCodeTypeFlashCall{Pattern: phonePrefix + strings.Repeat("*", codeLength)}
	},
	CodeByMissedCall: func(_ *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		return &tg.AuthSentCodeTypeMissedCall{Prefix: phonePrefix, Length: codeLength}
	},
	CodeByEmail: func(c *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = c.world().digits()
		return c.emailCodeType(c.world().phones[phone])
	},
	CodeByFragment: func(c *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		return &tg.AuthSentCodeTypeFragmentSMS{URL: "https://fragment.com/login?phone=" + phone, Length: codeLength}
	},
	CodeByFirebase: func(c *call, phone string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = phoneCode(phone)
		nonce := make([]byte, 32)
		c.world().random(nonce)
		return &tg.AuthSentCodeTypeFirebaseSMS{Nonce: nonce, Length: codeLength}
	},
	CodeByWord: func(_ *call, _ string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = "godwit"
		return &tg.AuthSentCodeTypeSMSWord{Beginning: tl.Some("g")}
	},
	CodeByPhrase: func(_ *call, _ string, sent *code) tg.AuthSentCodeTypeClass {
		sent.value = "eleven thousand kilometres"
		return &tg.AuthSentCodeTypeSMSPhrase{Beginning: tl.Some("eleven")}
	},
	CodeNeedsEmail: func(*call, string, *code) tg.AuthSentCodeTypeClass {
		return &tg.AuthSentCodeTypeSetUpEmailRequired{}
	},
}

// nextTypes are the ways that a client can be told of beforehand (R-LG-04).
var nextTypes = map[CodeWay]tg.AuthCodeTypeClass{
	CodeBySMS: &tg.AuthCodeTypeSMS{}, CodeByWord: &tg.AuthCodeTypeSMS{}, CodeByPhrase: &tg.AuthCodeTypeSMS{},
	CodeByCall: &tg.AuthCodeTypeCall{}, CodeByFlashCall: &tg.AuthCodeTypeFlashCall{},
	CodeByMissedCall: &tg.AuthCodeTypeMissedCall{}, CodeByFragment: &tg.AuthCodeTypeFragmentSMS{},
}

// check tells whether a sign-in has the right code (R-LG-06, R-LG-08).
func (sent *code) check(q *tg.AuthSignIn) error {
	given := q.PhoneCode.Or("")
	if sent.way == CodeByEmail {
		verification, ok := q.EmailVerification.(*tg.EmailVerificationCode)
		if !ok {
			return refusal(400, "PHONE_CODE_INVALID")
		}
		given = verification.Code
	}
	switch given = strings.TrimSpace(given); {
	case given == "":
		return refusal(400, "PHONE_CODE_EMPTY")
	case sent.way == CodeNeedsEmail, !strings.EqualFold(given, sent.value):
		return refusal(400, "PHONE_CODE_INVALID")
	}
	return nil
}

// adopt gives an account what was found out while its code was on the way.
func (sent *code) adopt(u *user) {
	if sent.email != "" {
		u.access.email = sent.email
	}
}

// pendingCode returns the code on its way to a phone.
func (c *call) pendingCode(phone, hash string) (string, *code, error) {
	phone, err := c.localPhone(phone)
	if err != nil {
		return "", nil, err
	}
	w := c.world()
	sent := w.logins.codes[phone]
	switch {
	case hash == "":
		return "", nil, refusal(400, "PHONE_CODE_HASH_EMPTY")
	case sent == nil || subtle.ConstantTimeCompare([]byte(sent.hash), []byte(hash)) == 0, !w.now().Before(sent.expires):
		return "", nil, refusal(400, "PHONE_CODE_EXPIRED")
	}
	return phone, sent, nil
}

// resendCode serves auth.resendCode (R-LG-05).
func resendCode(c *call, q *tg.AuthResendCode) (tg.AuthSentCodeClass, error) {
	phone, sent, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return nil, err
	}
	if len(sent.rest) == 0 {
		return nil, refusal(406, "SEND_CODE_UNAVAILABLE")
	}
	return c.send(phone, sent.rest, sent.email), nil
}

// cancelCode serves auth.cancelCode (R-LG-05).
func cancelCode(c *call, q *tg.AuthCancelCode) (boolean, error) {
	phone, _, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	if err != nil {
		return false, err
	}
	delete(c.world().logins.codes, phone)
	return true, nil
}

// requestFirebaseSMS serves auth.requestFirebaseSms: no proof is good here.
func requestFirebaseSMS(c *call, q *tg.AuthRequestFirebaseSMS) (boolean, error) {
	_, _, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	return false, err
}

// reportMissingCode serves auth.reportMissingCode.
func reportMissingCode(c *call, q *tg.AuthReportMissingCode) (boolean, error) {
	_, _, err := c.pendingCode(q.PhoneNumber, q.PhoneCodeHash)
	return err == nil, err
}

// invalidateSignInCodes serves account.invalidateSignInCodes (R-LG-12).
func invalidateSignInCodes(c *call, q *tg.AccountInvalidateSignInCodes) (boolean, error) {
	w := c.world()
	sent := w.logins.codes[c.user.phone]
	if sent != nil && slices.Contains(q.Codes, sent.value) {
		delete(w.logins.codes, c.user.phone)
	}
	return true, nil
}

// digits returns a code of six random digits.
func (w *world) digits() string { return fmt.Sprintf("%06d", w.randomID()%1_000_000) }

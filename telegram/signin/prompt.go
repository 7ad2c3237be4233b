package signin

import (
	"slices"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// A Step is the question that a sign-in has come to.
type Step string

// The steps.
const (
	AtStart       Step = "start"        // who it is
	AtCode        Step = "code"         // the login code
	AtEmail       Step = "email"        // an e-mail address, which the account needs
	AtEmailCode   Step = "email_code"   // the code sent to that address
	AtName        Step = "name"         // the name for a new account
	AtPassword    Step = "password"     // the 2FA password
	AtRecovery    Step = "recovery"     // the code that replaces a lost password
	AtNewPassword Step = "new_password" // a password in place of the lost one
	AtQR          Step = "qr"           // a QR code is to be shown, nothing to be typed
	Done          Step = "done"         // signed in
)

var steps = []Step{
	AtStart, AtCode, AtEmail, AtEmailCode, AtName, AtPassword, AtRecovery, AtNewPassword, AtQR, Done,
}

// An Action is what an answer does.
type Action string

// The actions, with the field of Answer that each takes.
const (
	GivePhone       Action = "phone"          // Text: a phone number, in international form
	GiveBotToken    Action = "bot_token"      // Text: from https://t.me/BotFather
	ShowQR          Action = "qr"             // to sign in by a QR code
	GiveCode        Action = "code"           // Text: the code of the step
	GiveEmail       Action = "email"          // Text: an address
	GiveGoogleToken Action = "google_token"   // Text: in place of an e-mail code
	GiveAppleToken  Action = "apple_token"    // Text: in place of an e-mail code
	GiveName        Action = "name"           // First, and Last or not
	GivePassword    Action = "password"       // Text
	GiveNewPassword Action = "new_password"   // Text, empty for none, and Hint or not
	Resend          Action = "resend"         // another code, as Code.Next says
	ResetEmail      Action = "reset_email"    // give up the login e-mail, as Code.ResetAt says
	Recover         Action = "recover"        // replace a lost password by e-mail
	DeleteAccount   Action = "delete_account" // for good, with all that is in it; Text: why
	Cancel          Action = "cancel"         // from recovery back to the password, else to the start
)

// An Answer is given to a prompt. It prints without what is secret in it.
type Answer struct {
	Action Action `json:"action"`
	Text   string `json:"text,omitempty"`
	First  string `json:"first,omitempty"`
	Last   string `json:"last,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

// String returns the action alone.
func (a Answer) String() string { return string(a.Action) + " [redacted]" }

// GoString is as String.
func (a Answer) GoString() string { return a.String() }

// A Prompt is what a sign-in asks for. It can be shown as it is, as JSON too.
type Prompt struct {
	Step    Step     `json:"step"`
	Actions []Action `json:"actions,omitempty"` // that Submit takes now
	Attempt int      `json:"attempt,omitempty"` // how often this has been asked: 1 for the first time
	// Problem is what was wrong with the answer before: a *mtproto.RPCError, for
	// errors.Is with tg.ErrPhoneCodeInvalid and so on; nil the first time. It is
	// not part of a stored state.
	Problem error `json:"-"`

	Phone    string    `json:"phone,omitempty"`
	Code     *Code     `json:"code,omitempty"`     // AtCode, AtEmailCode, AtRecovery
	Password *Password `json:"password,omitempty"` // AtPassword
	QR       *QR       `json:"qr,omitempty"`       // AtQR
	Terms    *Terms    `json:"terms,omitempty"`    // AtName; nil: none to agree to
}

// A Via is a way in which a login code comes.
type Via string

// The ways (R-LG-03).
const (
	ViaApp         Via = "app"          // a message of user 777000 on the account's other devices
	ViaSMS         Via = "sms"          // a text message
	ViaCall        Via = "call"         // a voice says it
	ViaFlashCall   Via = "flash_call"   // it is the number of a call, which looks like Code.Pattern
	ViaMissedCall  Via = "missed_call"  // it is the last digits of a number that begins with Code.Pattern
	ViaEmail       Via = "email"        // to the address that looks like Code.Pattern
	ViaFragment    Via = "fragment_sms" // at Code.URL, for anonymous numbers
	ViaFirebaseSMS Via = "firebase_sms" // after a proof that only Telegram's own apps can give
	ViaWord        Via = "sms_word"     // a word, which begins with Code.Pattern
	ViaPhrase      Via = "sms_phrase"   // some words, which begin with Code.Pattern
)

// A Code says how a code was sent and what can be done if it does not come.
type Code struct {
	Via     Via    `json:"via"`
	Length  int    `json:"length,omitempty"`  // in characters; 0: not known
	Pattern string `json:"pattern,omitempty"` // see Via
	URL     string `json:"url,omitempty"`     // see Via

	Next     Via       `json:"next,omitempty"` // how Resend would send it; "": there is no Resend
	ResendAt time.Time `json:"resend_at,omitzero"`

	// ResetAfter is how long after a ResetEmail the login e-mail is given up, and
	// ResetAt when it will be, if that has been asked for.
	ResetAfter time.Duration `json:"reset_after,omitempty"`
	ResetAt    time.Time     `json:"reset_at,omitzero"`

	Google bool `json:"google,omitempty"` // GiveGoogleToken is possible
	Apple  bool `json:"apple,omitempty"`  // GiveAppleToken is possible
}

// A Password says which 2FA password is wanted.
type Password struct {
	Hint     string    `json:"hint,omitempty"`     // what its owner wrote down to remember it by
	Recovery bool      `json:"recovery,omitempty"` // Recover is possible
	ResetAt  time.Time `json:"reset_at,omitzero"`  // when it will be taken away, if that has been asked for
}

// Terms are what a new user agrees to.
type Terms struct {
	Text   string `json:"text"`
	MinAge int    `json:"min_age,omitempty"` // to be confirmed; 0: none
}

// actions returns which answers are possible.
func (s *State) actions() []Action {
	code := s.Prompt.Code
	if code == nil {
		code = new(Code)
	}
	var list []Action
	add := func(possible bool, actions ...Action) {
		if possible {
			list = append(list, actions...)
		}
	}
	switch s.Prompt.Step {
	case AtStart:
		return []Action{GivePhone, GiveBotToken, ShowQR}
	case AtCode:
		add(true, GiveCode)
		add(code.Next != "", Resend)
		add(code.ResetAfter > 0 || !code.ResetAt.IsZero(), ResetEmail)
		add(code.Google, GiveGoogleToken)
		add(code.Apple, GiveAppleToken)
	case AtEmail:
		add(true, GiveEmail)
		add(code.Google, GiveGoogleToken)
		add(code.Apple, GiveAppleToken)
	case AtEmailCode:
		add(true, GiveCode, Resend, GiveEmail)
	case AtName:
		add(true, GiveName)
	case AtPassword:
		add(true, GivePassword)
		add(s.Prompt.Password.Recovery, Recover)
		add(true, DeleteAccount)
	case AtRecovery:
		add(true, GiveCode, Resend)
	case AtNewPassword:
		add(true, GiveNewPassword)
	case AtQR:
		add(true, GivePhone, GiveBotToken)
	case Done:
		return nil
	}
	return append(list, Cancel)
}

// codeOf describes how a code was sent (R-LG-03, R-LG-04).
func codeOf(sent *tg.AuthSentCode, now time.Time) *Code {
	c := &Code{Next: nextOf(sent.NextType)}
	if c.Next != "" && sent.Timeout.Set {
		c.ResendAt = now.Add(time.Duration(sent.Timeout.Value) * time.Second)
	}
	switch t := sent.Type.(type) {
	case *tg.AuthSentCodeTypeApp:
		c.Via, c.Length = ViaApp, int(t.Length)
	case *tg.AuthSentCodeTypeSMS:
		c.Via, c.Length = ViaSMS, int(t.Length)
	case *tg.AuthSentCodeTypeCall:
		c.Via, c.Length = ViaCall, int(t.Length)
	case *tg.AuthSentCodeTypeFlashCall:
		c.Via, c.Pattern = ViaFlashCall, t.Pattern
	case *tg.AuthSentCodeTypeMissedCall:
		c.Via, c.Length, c.Pattern = ViaMissedCall, int(t.Length), t.Prefix
	case *tg.AuthSentCodeTypeEmailCode:
		c.Via, c.Length, c.Pattern = ViaEmail, int(t.Length), t.EmailPattern
		c.Google, c.Apple = t.GoogleSigninAllowed, t.AppleSigninAllowed
		c.ResetAfter = time.Duration(t.ResetAvailablePeriod.Value) * time.Second
		c.ResetAt = timeOf(t.ResetPendingDate)
	case *tg.AuthSentCodeTypeSetUpEmailRequired:
		c.Via, c.Google, c.Apple = ViaEmail, t.GoogleSigninAllowed, t.AppleSigninAllowed
	case *tg.AuthSentCodeTypeFragmentSMS:
		c.Via, c.Length, c.URL = ViaFragment, int(t.Length), t.URL
	case *tg.AuthSentCodeTypeFirebaseSMS:
		c.Via, c.Length = ViaFirebaseSMS, int(t.Length)
	case *tg.AuthSentCodeTypeSMSWord:
		c.Via, c.Pattern = ViaWord, t.Beginning.Value
	case *tg.AuthSentCodeTypeSMSPhrase:
		c.Via, c.Pattern = ViaPhrase, t.Beginning.Value
	}
	return c
}

func nextOf(t tg.AuthCodeTypeClass) Via {
	switch t.(type) {
	case *tg.AuthCodeTypeSMS:
		return ViaSMS
	case *tg.AuthCodeTypeCall:
		return ViaCall
	case *tg.AuthCodeTypeFlashCall:
		return ViaFlashCall
	case *tg.AuthCodeTypeMissedCall:
		return ViaMissedCall
	case *tg.AuthCodeTypeFragmentSMS:
		return ViaFragment
	}
	return ""
}

// timeOf returns a date that may be absent.
func timeOf(date tl.Optional[int32]) time.Time {
	if !date.Set {
		return time.Time{}
	}
	return time.Unix(int64(date.Value), 0)
}

// clone returns a copy that shares nothing.
func (p Prompt) clone() Prompt {
	p.Actions = slices.Clone(p.Actions)
	p.Code, p.Password, p.Terms = copied(p.Code), copied(p.Password), copied(p.Terms)
	if p.QR = copied(p.QR); p.QR != nil {
		p.QR.Token = slices.Clone(p.QR.Token)
	}
	return p
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

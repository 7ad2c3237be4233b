package sandbox

import (
	"strings"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// begin has a code sent.
func (d *device) begin(phone string) *tg.AuthSentCode {
	d.l.t.Helper()
	request := &tg.AuthSendCode{PhoneNumber: phone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	return must(d, request).(*tg.AuthSentCode)
}

func (d *device) resend(phone string, sent *tg.AuthSentCode) *tg.AuthSentCode {
	d.l.t.Helper()
	return must(d, &tg.AuthResendCode{PhoneNumber: phone, PhoneCodeHash: sent.PhoneCodeHash}).(*tg.AuthSentCode)
}

// lastCode returns the code that was sent last, which must have gone to to.
func (l *lab) lastCode(to string) string {
	l.t.Helper()
	box := l.Outbox()
	if len(box) == 0 || box[len(box)-1].To != to {
		l.t.Fatalf("outbox %+v, want the last one to go to %s", box, to)
	}
	return box[len(box)-1].Code
}

// R-LG-03, R-LG-04, R-LG-05: codes come in every way, in the order that was
// set; the last one signs in.
func TestCodeWays(t *testing.T) {
	const email = "alice@example.org"
	tests := []struct {
		way  CodeWay
		sent tg.AuthSentCodeTypeClass
		next tg.AuthCodeTypeClass // as which it is announced
		code string               // "" for a random one
	}{
		{CodeByApp, &tg.AuthSentCodeTypeApp{}, nil, "11111"},
		{CodeBySMS, &tg.AuthSentCodeTypeSMS{}, &tg.AuthCodeTypeSMS{}, "11111"},
		{CodeByCall, &tg.AuthSentCodeTypeCall{}, &tg.AuthCodeTypeCall{}, "11111"},
		{CodeByFlashCall, &tg.AuthSentCodeTypeFlashCall{}, &tg.AuthCodeTypeFlashCall{}, "9996611111"},
		{CodeByMissedCall, &tg.AuthSentCodeTypeMissedCall{}, &tg.AuthCodeTypeMissedCall{}, "11111"},
		{CodeByFragment, &tg.AuthSentCodeTypeFragmentSMS{}, &tg.AuthCodeTypeFragmentSMS{}, "11111"},
		{CodeByEmail, &tg.AuthSentCodeTypeEmailCode{}, nil, ""},
		{CodeByFirebase, &tg.AuthSentCodeTypeFirebaseSMS{}, nil, "11111"},
		{CodeByWord, &tg.AuthSentCodeTypeSMSWord{}, &tg.AuthCodeTypeSMS{}, "godwit"},
		{CodeByPhrase, &tg.AuthSentCodeTypeSMSPhrase{}, &tg.AuthCodeTypeSMS{}, "Eleven thousand kilometres"},
	}
	for _, test := range tests {
		t.Run(string(test.way), func(t *testing.T) {
			l := newLab(t)
			if _, err := l.AddUser(alicePhone, "Alice", ""); err != nil {
				t.Fatal(err)
			}
			if err := l.SetLoginEmail(alicePhone, email, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := l.SetCodeWays(alicePhone, CodeBySMS, test.way); err != nil {
				t.Fatal(err)
			}
			d := l.device(1)
			first := d.begin(alicePhone)
			if id(first.NextType) != id(test.next) {
				t.Errorf("announced as %T, want %T", first.NextType, test.next)
			}
			sent := d.resend(alicePhone, first)
			if tl.TypeID(sent.Type) != tl.TypeID(test.sent) || sent.NextType != nil || sent.PhoneCodeHash == first.PhoneCodeHash {
				t.Fatalf("sent %+v", sent)
			}
			fails(d, &tg.AuthResendCode{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash}, 406, "SEND_CODE_UNAVAILABLE")
			request := &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash, PhoneCode: tl.Some("0")}
			fails(d, request, 400, "PHONE_CODE_INVALID")
			request.PhoneCode.Value = test.code
			if test.code == "" {
				request.EmailVerification = &tg.EmailVerificationCode{Code: "0"}
				fails(d, request, 400, "PHONE_CODE_INVALID")
				request.EmailVerification = &tg.EmailVerificationCode{Code: l.lastCode(email)}
			}
			must(d, request)
		})
	}
}

// id returns the constructor of something that may be nil.
func id(v tl.Object) uint32 {
	if v == nil {
		return 0
	}
	return tl.TypeID(v)
}

// R-LG-03: a code by the app is a message of Telegram's on the other devices,
// which the ledger does not count.
func TestCodeByApp(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	if err := l.SetCodeWays(alicePhone, CodeByApp, CodeBySMS); err != nil {
		t.Fatal(err)
	}
	second := l.device(1)
	sent := second.begin(alicePhone)
	news := alice.updates()
	if len(news) != 1 {
		t.Fatalf("told %v", news)
	}
	m := news[0].(*tg.UpdateNewMessage).Message.(*tg.Message)
	if m.PeerID.(*tg.PeerUser).UserID != serviceID || m.Out || !strings.Contains(m.Message, "Login code: 11111.") {
		t.Errorf("message %+v", m)
	}
	if len(l.Ledger()) != 0 {
		t.Error("the ledger counts what no client has sent")
	}
	// R-LG-12: who has told the code makes it void.
	must(alice, &tg.AccountInvalidateSignInCodes{Codes: []string{"00000", "11111"}})
	fails(second, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: sent.PhoneCodeHash, PhoneCode: tl.Some("11111")}, 400, "PHONE_CODE_EXPIRED")
}

// R-ER-10: phone numbers that are refused.
func TestRefusedPhones(t *testing.T) {
	l := newLab(t)
	d := l.device(1)
	request := &tg.AuthSendCode{PhoneNumber: alicePhone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	for _, why := range []PhoneRefusal{PhoneBanned, PhoneFlooded} {
		if err := l.RefusePhone(alicePhone, why); err != nil {
			t.Fatal(err)
		}
		fails(d, request, 400, string(why))
	}
	if err := l.RefusePhone(alicePhone, PhoneMayNotSignUp); err != nil {
		t.Fatal(err)
	}
	signIn := &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: d.sendCode(alicePhone), PhoneCode: tl.Some("11111")}
	fails(d, signIn, 400, "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN")
	if err := l.RefusePhone(alicePhone, ""); err != nil {
		t.Fatal(err)
	}
	must(d, signIn)
	for name, err := range map[string]error{
		"a phone of elsewhere":     l.RefusePhone("123", PhoneBanned),
		"an unknown refusal":       l.RefusePhone(alicePhone, "TIRED"),
		"ways of a phone":          l.SetCodeWays("123", CodeBySMS),
		"an unknown way":           l.SetCodeWays(alicePhone, "pigeon"),
		"e-mail without address":   l.SetCodeWays(alicePhone, CodeByEmail),
		"no address":               l.SetLoginEmail(alicePhone, "nothing", 0),
		"address of nobody":        l.SetLoginEmail(bobPhone, "b@example.org", 0),
		"recovery of nobody":       l.SetRecoveryEmail(bobPhone, "b@example.org"),
		"recovery of no address":   l.SetRecoveryEmail(bobPhone, "nothing"),
		"recovery of no password":  l.SetRecoveryEmail(l.person(carolPhone, "Carol").self.Phone.Value, "c@example.org"),
		"login e-mail with spaces": l.SetLoginEmail(carolPhone, "a b@example.org", 0),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// R-LG-02, R-LG-21: what a sign-out has left stands for a code, once, but not
// for a password.
func TestLogoutToken(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	out := must(alice, &tg.AuthLogOut{})
	if len(out.FutureAuthToken) == 0 {
		t.Fatal("nothing is left")
	}
	request := &tg.AuthSendCode{
		PhoneNumber: alicePhone, APIID: DefaultAPIID, APIHash: DefaultAPIHash,
		Settings: tg.CodeSettings{LogoutTokens: [][]byte{{1, 2, 3}, out.FutureAuthToken}},
	}
	if sent, ok := must(alice, request).(*tg.AuthSentCodeSuccess); !ok {
		t.Errorf("%T", sent)
	}
	must(alice, &tg.UpdatesGetState{})
	if _, ok := must(l.device(1), request).(*tg.AuthSentCode); !ok {
		t.Error("the token is good twice")
	}
	request.Settings.LogoutTokens = [][]byte{must(alice, &tg.AuthLogOut{}).FutureAuthToken}
	if err := l.SetPassword(alicePhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	fails(alice, request, 401, "SESSION_PASSWORD_NEEDED")
	p := must(alice, &tg.AccountGetPassword{})
	must(alice, &tg.AuthCheckPassword{Password: proof(t, p, "secret")})
}

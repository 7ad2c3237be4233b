package sandbox

import (
	"testing"
	"time"

	"godwit/mtproto/mtcrypto"
	"godwit/tg"
	"godwit/tl"
)

const (
	alicePhone = "9996610001"
	bobPhone   = "9996610002"
	carolPhone = "9996620003"
)

// R-LG-06, R-LG-07: a number that nobody has signs up.
func TestSignUp(t *testing.T) {
	l := newLab(t)
	d := l.device(1)
	fails(d, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}, 401, "AUTH_KEY_UNREGISTERED") // R-AP-09
	hash := d.sendCode("+999 66 1 0001")
	fails(d, &tg.AuthSignUp{PhoneNumber: alicePhone, PhoneCodeHash: hash, FirstName: "Alice"}, 400, "PHONE_CODE_INVALID")
	fails(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash}, 400, "PHONE_CODE_EMPTY")
	fails(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash, PhoneCode: tl.Some("22222")}, 400, "PHONE_CODE_INVALID")
	auth := must(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash, PhoneCode: tl.Some("11111")})
	if _, ok := auth.(*tg.AuthAuthorizationSignUpRequired); !ok {
		t.Fatalf("signed in as %T", auth)
	}
	fails(d, &tg.AuthSignUp{PhoneNumber: alicePhone, PhoneCodeHash: hash, FirstName: " "}, 400, "FIRSTNAME_INVALID")
	auth = must(d, &tg.AuthSignUp{PhoneNumber: alicePhone, PhoneCodeHash: hash, FirstName: "Alice", LastName: "A"})
	self := auth.(*tg.AuthAuthorization).User.(*tg.User)
	if !self.Self || self.FirstName.Value != "Alice" || self.Phone.Value != alicePhone {
		t.Errorf("signed up as %+v", self)
	}
	users := must(d, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	if len(users) != 1 || users[0].(*tg.User).ID != self.ID {
		t.Errorf("self is %+v", users)
	}
}

// R-LG-06, R-LG-10, R-LG-05: what is refused on the way to a sign-in.
func TestSignInRefusals(t *testing.T) {
	l := newLab(t)
	if _, err := l.AddUser(alicePhone, "Alice", ""); err != nil {
		t.Fatal(err)
	}
	d := l.device(1)
	code := func(phone string) *tg.AuthSendCode {
		return &tg.AuthSendCode{PhoneNumber: phone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	}
	fails(d, code("123"), 400, "PHONE_NUMBER_INVALID")
	fails(d, code("9996690001"), 400, "PHONE_NUMBER_INVALID")
	fails(d, code("99966100012"), 400, "PHONE_NUMBER_INVALID")
	fails(d, code("999661000x"), 400, "PHONE_NUMBER_INVALID")
	fails(d, code(carolPhone), 303, "PHONE_MIGRATE_2") // R-ER-02
	fails(d, &tg.AuthSendCode{PhoneNumber: alicePhone, APIID: 1, APIHash: DefaultAPIHash}, 400, "API_ID_INVALID")
	fails(d, &tg.AuthSendCode{PhoneNumber: alicePhone, APIID: DefaultAPIID, APIHash: "no"}, 400, "API_ID_INVALID")
	hash := d.sendCode(alicePhone)
	signIn := func(hash string) *tg.AuthSignIn {
		return &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash, PhoneCode: tl.Some("11111")}
	}
	fails(d, signIn("other"), 400, "PHONE_CODE_EXPIRED")
	fails(d, signIn(""), 400, "PHONE_CODE_HASH_EMPTY")
	l.clock.advance(5 * time.Minute)
	fails(d, signIn(hash), 400, "PHONE_CODE_EXPIRED")
	hash = d.sendCode(alicePhone)
	must(d, &tg.AuthCancelCode{PhoneNumber: alicePhone, PhoneCodeHash: hash})
	fails(d, signIn(hash), 400, "PHONE_CODE_EXPIRED")
	hash = d.sendCode(alicePhone)
	for range 3 {
		hash = must(d, &tg.AuthResendCode{PhoneNumber: alicePhone, PhoneCodeHash: hash}).(*tg.AuthSentCode).PhoneCodeHash
	}
	fails(d, &tg.AuthResendCode{PhoneNumber: alicePhone, PhoneCodeHash: hash}, 406, "SEND_CODE_UNAVAILABLE")
	must(d, signIn(hash))
	fails(d, signIn(hash), 400, "PHONE_CODE_EXPIRED") // a code is good once
}

func proof(t *testing.T, p *tg.AccountPassword, secret string) *tg.InputCheckPasswordSRP {
	t.Helper()
	algo := p.CurrentAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	params := mtcrypto.SRPParams{Salt1: algo.Salt1, Salt2: algo.Salt2, G: int(algo.G), P: algo.P}
	a, m1, err := mtcrypto.SRPAnswer(&counter{state: 7}, params, p.SRPB, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return &tg.InputCheckPasswordSRP{SRPID: p.SRPID.Value, A: a, M1: m1}
}

// R-SP-01, R-SP-07, R-SP-09, R-SP-10: 2FA.
func TestPassword(t *testing.T) {
	l := newLab(t)
	if _, err := l.AddUser(alicePhone, "Alice", ""); err != nil {
		t.Fatal(err)
	}
	if err := l.SetPassword(alicePhone, "secret", "the usual"); err != nil {
		t.Fatal(err)
	}
	d := l.device(1)
	fails(d, &tg.AccountGetPassword{}, 401, "AUTH_KEY_UNREGISTERED")
	hash := d.sendCode(alicePhone)
	fails(d, &tg.AuthSignIn{PhoneNumber: alicePhone, PhoneCodeHash: hash, PhoneCode: tl.Some("11111")}, 401, "SESSION_PASSWORD_NEEDED")
	fails(d, &tg.UpdatesGetState{}, 401, "SESSION_PASSWORD_NEEDED")
	p := must(d, &tg.AccountGetPassword{})
	if !p.HasPassword || p.Hint.Value != "the usual" || len(p.SRPB) != 256 {
		t.Errorf("password %+v", p)
	}
	wrong := proof(t, p, "other")
	fails(d, &tg.AuthCheckPassword{Password: wrong}, 400, "PASSWORD_HASH_INVALID")
	right := proof(t, p, "secret")
	fails(d, &tg.AuthCheckPassword{Password: right}, 400, "SRP_ID_INVALID") // one try a challenge
	fails(d, &tg.AuthCheckPassword{Password: &tg.InputCheckPasswordEmpty{}}, 400, "PASSWORD_HASH_INVALID")
	p = must(d, &tg.AccountGetPassword{})
	auth := must(d, &tg.AuthCheckPassword{Password: proof(t, p, "secret")})
	if auth.(*tg.AuthAuthorization).User.(*tg.User).Phone.Value != alicePhone {
		t.Errorf("signed in as %+v", auth)
	}
	must(d, &tg.UpdatesGetState{})
}

// R-SP-11: a client sets and takes away a password.
func TestUpdatePassword(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	p := must(d, &tg.AccountGetPassword{})
	if p.HasPassword {
		t.Fatal("a new account has a password")
	}
	algo := p.NewAlgo.(*tg.PasswordKDFAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow)
	short := *algo
	algo.Salt1 = append(algo.Salt1, make([]byte, 32)...)
	params := mtcrypto.SRPParams{Salt1: algo.Salt1, Salt2: algo.Salt2, G: int(algo.G), P: algo.P}
	v, err := mtcrypto.SRPVerifier(params, []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	settings := tg.AccountPasswordInputSettings{NewAlgo: algo, NewPasswordHash: v, Hint: tl.Some("h")}
	bad := settings
	bad.NewAlgo = &short
	fails(d, &tg.AccountUpdatePasswordSettings{Password: &tg.InputCheckPasswordEmpty{}, NewSettings: bad}, 400, "NEW_SALT_INVALID")
	bad = settings
	bad.NewPasswordHash = v[1:]
	fails(d, &tg.AccountUpdatePasswordSettings{Password: &tg.InputCheckPasswordEmpty{}, NewSettings: bad}, 400, "NEW_SETTINGS_INVALID")
	must(d, &tg.AccountUpdatePasswordSettings{Password: &tg.InputCheckPasswordEmpty{}, NewSettings: settings})
	p = must(d, &tg.AccountGetPassword{})
	if !p.HasPassword || p.Hint.Value != "h" {
		t.Fatalf("after setting: %+v", p)
	}
	none := tg.AccountPasswordInputSettings{NewAlgo: algo, NewPasswordHash: []byte{}, Hint: tl.Some("")}
	fails(d, &tg.AccountUpdatePasswordSettings{Password: &tg.InputCheckPasswordEmpty{}, NewSettings: none}, 400, "PASSWORD_HASH_INVALID")
	must(d, &tg.AccountUpdatePasswordSettings{Password: proof(t, p, "new"), NewSettings: none})
	if p = must(d, &tg.AccountGetPassword{}); p.HasPassword {
		t.Error("the password is still there")
	}
}

// R-AP-06: a sign-in carried to another DC, once and in time; R-ER-02.
func TestExportAuthorization(t *testing.T) {
	l := newLab(t)
	home := l.person(carolPhone, "Carol")
	fails(home, &tg.AuthExportAuthorization{DCID: 2}, 400, "DC_ID_INVALID")
	fails(home, &tg.AuthExportAuthorization{DCID: 7}, 400, "DC_ID_INVALID")
	away := l.device(1)
	e := must(home, &tg.AuthExportAuthorization{DCID: 1})
	fails(away, &tg.AuthImportAuthorization{ID: e.ID + 1, Bytes: e.Bytes}, 400, "USER_ID_INVALID")
	fails(away, &tg.AuthImportAuthorization{ID: e.ID, Bytes: e.Bytes[1:]}, 400, "AUTH_BYTES_INVALID")
	l.clock.advance(exportLifetime)
	fails(away, &tg.AuthImportAuthorization{ID: e.ID, Bytes: e.Bytes}, 400, "AUTH_BYTES_INVALID")
	e = must(home, &tg.AuthExportAuthorization{DCID: 1})
	must(away, &tg.AuthImportAuthorization{ID: e.ID, Bytes: e.Bytes})
	fails(away, &tg.AuthImportAuthorization{ID: e.ID, Bytes: e.Bytes}, 400, "USER_ID_INVALID")
	must(away, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	fails(away, &tg.UpdatesGetState{}, 303, "USER_MIGRATE_2")
	if got := must(home, &tg.AccountGetAuthorizations{}); len(got.Authorizations) != 1 {
		t.Errorf("%d devices, want 1", len(got.Authorizations))
	}
	must(home, &tg.AuthLogOut{})
	fails(away, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}, 401, "AUTH_KEY_UNREGISTERED")
}

// R-LG-20: bots sign in with their token, and may not do what users may.
func TestBot(t *testing.T) {
	l := newLab(t)
	const token = "777:secret"
	if _, err := l.AddBot(token, "Helper", "helper_bot"); err != nil {
		t.Fatal(err)
	}
	signIn := &tg.AuthImportBotAuthorization{APIID: DefaultAPIID, APIHash: DefaultAPIHash, BotAuthToken: token}
	fails(l.device(2), signIn, 303, "USER_MIGRATE_1")
	bot := l.device(1)
	fails(bot, &tg.AuthImportBotAuthorization{APIID: DefaultAPIID, APIHash: DefaultAPIHash}, 400, "ACCESS_TOKEN_INVALID")
	self := must(bot, signIn).(*tg.AuthAuthorization).User.(*tg.User)
	if !self.Bot || self.ID != 777 || self.Username.Value != "helper_bot" {
		t.Errorf("bot is %+v", self)
	}
	fails(bot, &tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}}, 400, "BOT_METHOD_INVALID")

	alice := l.person(alicePhone, "Alice")
	fails(bot, &tg.MessagesSendMessage{Peer: &tg.InputPeerUser{UserID: alice.self.ID}, Message: "spam", RandomID: 1}, 400, "PEER_ID_INVALID")
	found := must(alice, &tg.ContactsResolveUsername{Username: "Helper_Bot"}).Users[0].(*tg.User)
	alice.say(&tg.InputPeerUser{UserID: found.ID, AccessHash: found.AccessHash.Value}, "/start")
	if n := len(bot.updates()); n != 1 {
		t.Errorf("the bot got %d updates, want 1", n)
	}
	bot.say(&tg.InputPeerUser{UserID: alice.self.ID}, "hello")
	if n := len(alice.updates()); n != 1 {
		t.Errorf("Alice got %d updates, want 1", n)
	}
}

// R-LG-21, R-LG-22, R-LG-40, R-LG-41, R-LG-42: the devices of an account.
func TestDevices(t *testing.T) {
	l := newLab(t)
	first := l.person(alicePhone, "Alice")
	second := l.device(1).signIn(alicePhone)
	news := first.updates()
	if len(news) != 2 || tl.TypeID(news[0]) != tg.IDUpdateNewAuthorization {
		t.Fatalf("the first device was told %v", news)
	}
	l.clock.advance(time.Minute)
	third := l.device(1).signIn(alicePhone)
	got := must(third, &tg.AccountGetAuthorizations{}).Authorizations
	if len(got) != 3 || !got[0].Current || got[0].Hash != 0 || got[1].Hash == 0 {
		t.Fatalf("devices %+v", got)
	}
	told := news[0].(*tg.UpdateNewAuthorization)
	fails(third, &tg.AccountResetAuthorization{Hash: 1}, 400, "HASH_INVALID")
	must(third, &tg.AccountResetAuthorization{Hash: told.Hash})
	fails(second, &tg.UpdatesGetState{}, 401, "SESSION_REVOKED")
	if len(second.pushes()) == 0 {
		t.Error("the device that was ended has not been told to look")
	}
	must(third, &tg.AuthResetAuthorizations{})
	fails(first, &tg.UpdatesGetState{}, 401, "SESSION_REVOKED")
	must(third, &tg.UpdatesGetState{})
	must(third, &tg.AuthLogOut{})
	fails(third, &tg.UpdatesGetState{}, 401, "AUTH_KEY_UNREGISTERED")
	first.signIn(alicePhone)
	must(first, &tg.UpdatesGetState{})
}

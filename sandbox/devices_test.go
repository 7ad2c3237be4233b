package sandbox

import (
	"strings"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// R-LG-42, R-LG-43: a sign-in is told to the other devices, one of which
// confirms it; without that it is confirmed after a week.
func TestConfirm(t *testing.T) {
	l := newLab(t)
	first := l.person(alicePhone, "Alice")
	if news := first.updates(); len(news) != 0 {
		t.Errorf("the first device was told of itself: %v", news)
	}
	l.device(1).signIn(alicePhone)
	news := first.updates()
	told := news[0].(*tg.UpdateNewAuthorization)
	if !told.Unconfirmed || told.Device.Value != "Test" || told.Location.Value != "192.0.2.1" || told.Date.Value == 0 {
		t.Errorf("told %+v", told)
	}
	m := news[1].(*tg.UpdateNewMessage).Message.(*tg.Message)
	if m.PeerID.(*tg.PeerUser).UserID != serviceID || !strings.Contains(m.Message, "New login: Test, 192.0.2.1") {
		t.Errorf("message %+v", m)
	}
	unconfirmed := func() int {
		n := 0
		for _, one := range must(first, &tg.AccountGetAuthorizations{}).Authorizations {
			if one.Unconfirmed {
				n++
			}
		}
		return n
	}
	if unconfirmed() != 1 {
		t.Errorf("%d devices are unconfirmed, want 1", unconfirmed())
	}
	fails(first, &tg.AccountChangeAuthorizationSettings{Hash: 1, Confirmed: true}, 400, "HASH_INVALID")
	must(first, &tg.AccountChangeAuthorizationSettings{Hash: told.Hash, Confirmed: true})
	if unconfirmed() != 0 {
		t.Error("still unconfirmed")
	}
	l.device(1).signIn(alicePhone)
	first.updates()
	if unconfirmed() != 1 {
		t.Errorf("%d devices are unconfirmed, want 1", unconfirmed())
	}
	l.clock.advance(confirmedAfter * time.Second)
	if unconfirmed() != 0 {
		t.Error("still unconfirmed after a week")
	}
}

// R-LG-41, R-LG-22: a device that has just signed in may not end others, but
// any may deny what is not confirmed; R-LG-44: settings of a device.
func TestFreshDevices(t *testing.T) {
	l := newLab(t)
	l.options.FreshFor = 24 * time.Hour
	first := l.person(alicePhone, "Alice")
	second := l.device(1).signIn(alicePhone)
	told := first.updates()[0].(*tg.UpdateNewAuthorization)
	const fresh = "FRESH_RESET_AUTHORISATION_FORBIDDEN"
	fails(second, &tg.AuthResetAuthorizations{}, 406, fresh)
	fails(second, &tg.AccountSetAuthorizationTTL{AuthorizationTTLDays: 7}, 406, fresh)
	oldest := must(second, &tg.AccountGetAuthorizations{}).Authorizations[1].Hash
	fails(second, &tg.AccountResetAuthorization{Hash: oldest}, 406, fresh)
	fails(first, &tg.AccountSetAuthorizationTTL{AuthorizationTTLDays: 0}, 400, "TTL_DAYS_INVALID")
	must(first, &tg.AccountResetAuthorization{Hash: told.Hash})
	fails(second, &tg.UpdatesGetState{}, 401, "SESSION_REVOKED")

	must(first, &tg.AccountChangeAuthorizationSettings{EncryptedRequestsDisabled: tl.Some(true), CallRequestsDisabled: tl.Some(true)})
	must(first, &tg.AccountChangeAuthorizationSettings{CallRequestsDisabled: tl.Some(false)})
	if self := must(first, &tg.AccountGetAuthorizations{}).Authorizations[0]; !self.EncryptedRequestsDisabled || self.CallRequestsDisabled {
		t.Errorf("this device is %+v", self)
	}
	l.clock.advance(24 * time.Hour)
	second.signIn(alicePhone)
	must(first, &tg.AccountSetAuthorizationTTL{AuthorizationTTLDays: 7})
	if got := must(first, &tg.AccountGetAuthorizations{}); got.AuthorizationTTLDays != 7 || len(got.Authorizations) != 2 {
		t.Errorf("devices %+v", got)
	}
	l.clock.advance(4 * 24 * time.Hour)
	must(first, &tg.UpdatesGetState{})
	l.clock.advance(4 * 24 * time.Hour)
	if got := must(first, &tg.AccountGetAuthorizations{}); len(got.Authorizations) != 1 {
		t.Errorf("devices %+v", got)
	}
	fails(second, &tg.UpdatesGetState{}, 401, "SESSION_EXPIRED")
}

// R-LG-40: who owes the password shows, and can be shown the door.
func TestPasswordPending(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	if err := l.SetPassword(alicePhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	d := l.owing(alicePhone)
	got := must(alice, &tg.AccountGetAuthorizations{}).Authorizations
	if len(got) != 2 || !got[1].PasswordPending {
		t.Fatalf("devices %+v", got)
	}
	must(alice, &tg.AccountResetAuthorization{Hash: got[1].Hash})
	fails(d, &tg.AuthCheckPassword{Password: &tg.InputCheckPasswordEmpty{}}, 401, "SESSION_REVOKED")
	l.owing(alicePhone)
	must(alice, &tg.AuthResetAuthorizations{})
	if got := must(alice, &tg.AccountGetAuthorizations{}).Authorizations; len(got) != 1 {
		t.Errorf("devices %+v", got)
	}
}

// export gets a QR code to show.
func (d *device) export(except ...int64) []byte {
	d.l.t.Helper()
	got := must(d, &tg.AuthExportLoginToken{APIID: DefaultAPIID, APIHash: DefaultAPIHash, ExceptIDs: except})
	return got.(*tg.AuthLoginToken).Token
}

// R-LG-30, R-LG-31, R-LG-33: a QR code is shown, scanned and fetched.
func TestQR(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	tablet := l.device(1).signIn(alicePhone)
	alice.updates()
	d := l.device(1)
	request := &tg.AuthExportLoginToken{APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	fails(d, &tg.AuthExportLoginToken{APIID: DefaultAPIID}, 400, "API_ID_INVALID")
	old := d.export()
	l.clock.advance(tokenLifetime)
	fails(alice, &tg.AuthAcceptLoginToken{Token: old}, 400, "AUTH_TOKEN_EXPIRED")
	fails(alice, &tg.AuthAcceptLoginToken{Token: []byte("no")}, 400, "AUTH_TOKEN_INVALIDX")
	fails(alice, &tg.AuthAcceptLoginToken{Token: d.export(alice.self.ID)}, 400, "AUTH_TOKEN_EXCEPTION")
	fails(d, &tg.AuthAcceptLoginToken{Token: old}, 401, "AUTH_KEY_UNREGISTERED")
	token := d.export()
	fails(d, &tg.AuthImportLoginToken{Token: token}, 400, "AUTH_TOKEN_INVALID")
	device := must(alice, &tg.AuthAcceptLoginToken{Token: token})
	if device.DeviceModel != "Test" || device.Unconfirmed || device.Hash == 0 {
		t.Errorf("accepted %+v", device)
	}
	fails(tablet, &tg.AuthAcceptLoginToken{Token: token}, 400, "AUTH_TOKEN_ALREADY_ACCEPTED")
	short, ok := d.pushed[0].(*tg.UpdateShort)
	if _, login := short.Update.(*tg.UpdateLoginToken); !ok || !login || len(d.pushed) != 1 {
		t.Errorf("the new device was pushed %v", d.pushed)
	}
	if _, ok := must(d, request).(*tg.AuthLoginTokenSuccess); !ok {
		t.Error("accepted, and not signed in")
	}
	must(d, &tg.UpdatesGetState{})
	fails(d, &tg.AuthImportLoginToken{Token: token}, 400, "AUTH_TOKEN_ALREADY_ACCEPTED")
	news := tablet.updates()
	if told := news[0].(*tg.UpdateNewAuthorization); told.Unconfirmed || told.Hash != device.Hash {
		t.Errorf("the others were told %+v", told)
	}
}

// R-LG-32: a QR code leads to the data centre of who has scanned it, and to
// the password.
func TestQRMigrates(t *testing.T) {
	l := newLab(t)
	carol := l.person(carolPhone, "Carol")
	if err := l.SetPassword(carolPhone, "secret", ""); err != nil {
		t.Fatal(err)
	}
	request := &tg.AuthExportLoginToken{APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	d := l.device(1)
	if got := must(carol, &tg.AuthAcceptLoginToken{Token: d.export()}); !got.PasswordPending {
		t.Errorf("accepted %+v", got)
	}
	elsewhere := must(d, request).(*tg.AuthLoginTokenMigrateTo)
	if elsewhere.DCID != 2 {
		t.Fatalf("sent to DC %d", elsewhere.DCID)
	}
	home := l.device(2)
	fails(home, &tg.AuthImportLoginToken{Token: elsewhere.Token}, 401, "SESSION_PASSWORD_NEEDED")
	must(home, &tg.AuthCheckPassword{Password: proof(t, must(home, &tg.AccountGetPassword{}), "secret")})
	must(home, &tg.UpdatesGetState{})

	token := d.export()
	must(carol, &tg.AuthAcceptLoginToken{Token: token})
	l.clock.advance(acceptedLifetime)
	fails(home, &tg.AuthImportLoginToken{Token: token}, 400, "AUTH_TOKEN_EXPIRED")
	if _, ok := must(d, request).(*tg.AuthLoginToken); !ok {
		t.Error("no new code after the one before was not fetched in time")
	}
}

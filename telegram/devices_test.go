package telegram_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

// signIns is a handler that keeps the sign-ins on other devices.
type signIns chan *tg.UpdateNewAuthorization

func (s signIns) handler() telegram.Handler {
	return telegram.OnAuthorization(func(_ context.Context, _ *telegram.Client, u *tg.UpdateNewAuthorization) error {
		s <- u
		return nil
	})
}

func (s signIns) next(ctx context.Context, t *testing.T) *tg.UpdateNewAuthorization {
	t.Helper()
	select {
	case u := <-s:
		return u
	case <-ctx.Done():
		t.Fatal("no sign-in was told")
		return nil
	}
}

// TestDevices has a sign-in told to the other devices, one of which confirms
// it and another denies it; the device that is ended ends its client (R-LG-22,
// R-LG-40..R-LG-44, R-ER-07).
func TestDevices(t *testing.T) {
	p := newPlace(t)
	const number = "9996620001"
	p.addUser(number, "Ada")
	news := make(signIns, 10)
	o := p.options()
	o.Handler = news.handler()
	phone := p.signIn(o, number)

	// One that is confirmed.
	o = p.options()
	o.Device.Model = "tablet"
	tabletNews := make(signIns, 10)
	o.Handler = tabletNews.handler()
	p.signIn(o, number)
	told := news.next(p.ctx, t)
	if !told.Unconfirmed || told.Device.Value != "tablet" {
		t.Errorf("told %+v", told)
	}
	tablet := p.device(phone, "tablet")
	if !tablet.Unconfirmed || tablet.ID != told.Hash || tablet.Current || time.Since(tablet.Created) > time.Minute {
		t.Errorf("the tablet is %+v", tablet)
	}
	check(t, phone.ConfirmAuthorization(p.ctx, told.Hash))
	if p.device(phone, "tablet").Unconfirmed {
		t.Error("the tablet is still unconfirmed")
	}
	if told := tabletNews.next(p.ctx, t); told.Unconfirmed || told.Hash != tablet.ID {
		t.Errorf("of the confirmation was told %+v", told)
	}

	// One that is denied.
	o.Device.Model = "thief"
	o.Handler = telegram.OnMessage(func(context.Context, *telegram.Client, *tg.Message) error { return nil })
	thief := p.signIn(o, number)
	check(t, phone.EndAuthorization(p.ctx, news.next(p.ctx, t).Hash))
	if err := thief.Wait(p.ctx); !errors.Is(err, tg.ErrSessionRevoked) {
		t.Errorf("the client that was ended: %v", err)
	}
	list, days, err := phone.Authorizations(p.ctx)
	check(t, err)
	if len(list) != 2 || !list[0].Current || list[0].ID != 0 || days == 0 {
		t.Errorf("devices %+v, %d days", list, days)
	}

	// All others, and what is refused.
	check(t, phone.SetAuthorizationTTL(p.ctx, 30))
	if _, days, err = phone.Authorizations(p.ctx); err != nil || days != 30 {
		t.Errorf("%d days, %v", days, err)
	}
	check(t, phone.EndOtherAuthorizations(p.ctx))
	if list, _, err = phone.Authorizations(p.ctx); err != nil || len(list) != 1 {
		t.Errorf("devices %+v, %v", list, err)
	}
	for name, refused := range map[string]struct{ err, want error }{
		"nobody's device":    {phone.EndAuthorization(p.ctx, 1), tg.ErrHashInvalid},
		"this device":        {phone.EndAuthorization(p.ctx, 0), telegram.ErrThisDevice},
		"confirm nobody's":   {phone.ConfirmAuthorization(p.ctx, 1), tg.ErrHashInvalid},
		"confirm this":       {phone.ConfirmAuthorization(p.ctx, 0), telegram.ErrThisDevice},
		"too many days":      {phone.SetAuthorizationTTL(p.ctx, 367), tg.ErrTTLDaysInvalid},
		"no days":            {phone.SetAuthorizationTTL(p.ctx, 0), tg.ErrTTLDaysInvalid},
		"a token of nothing": {second(phone.AcceptLogin(p.ctx, "AQ")), tg.ErrAuthTokenInvalidx},
	} {
		if !errors.Is(refused.err, refused.want) {
			t.Errorf("%s: %v, want %v", name, refused.err, refused.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// device returns the account's device of some model.
func (p *place) device(c *telegram.Client, model string) telegram.Authorization {
	p.t.Helper()
	list, _, err := c.Authorizations(p.ctx)
	check(p.t, err)
	i := slices.IndexFunc(list, func(a telegram.Authorization) bool { return a.Device == model })
	if i < 0 {
		p.t.Fatalf("no %s among %+v", model, list)
	}
	return list[i]
}

// TestFreshDevice may not end others (R-LG-41).
func TestFreshDevice(t *testing.T) {
	p := newPlaceWith(t, sandbox.Options{FreshFor: 24 * time.Hour})
	p.addUser("9996610001", "Ada")
	p.signIn(p.options(), "9996610001")
	c := p.signIn(p.options(), "9996610001")
	if err := c.EndOtherAuthorizations(p.ctx); !errors.Is(err, tg.ErrFreshResetAuthorisationForbidden) {
		t.Errorf("%v", err)
	}
	if c.Err() != nil {
		t.Errorf("that ended the client: %v", c.Err())
	}
}

// TestHideSignInCodes has nothing left of a code, and all else as it was (R-LG-12).
func TestHideSignInCodes(t *testing.T) {
	service := &tg.PeerUser{UserID: 777000}
	for _, test := range []struct{ text, want string }{
		{"Login code: 12345. Do not give it to anyone.", "Login code: •••••. Do not give it to anyone."},
		{"Код 123-456, ещё 1-2-3-4-5", "Код •••••••, ещё •••••••••"},
		{"This is your login code:\nCTAsmfLKm8g\n\nDo not give it.", "This is your login code:\n•••••••••••\n\nDo not give it."},
		{"_b6c12345H4\n54321", "•••••••••••\n•••••"},
		{"New login.\n\nDevice: Web 1.28, 26/11/2026 at 14:41\nLocation", "New login.\n\nDevice: Web 1.28, 26/11/2026 at 14:41\nLocation"},
		{"", ""},
	} {
		if got := telegram.HideSignInCodes(&tg.Message{PeerID: service, Message: test.text}); got != test.want {
			t.Errorf("%q is %q, want %q", test.text, got, test.want)
		}
	}
	mine := &tg.Message{PeerID: &tg.PeerUser{UserID: 1}, Message: "Login code: 12345"}
	if got := telegram.HideSignInCodes(mine); got != mine.Message {
		t.Errorf("a message of somebody else is %q", got)
	}
}

// TestSignInCodes finds what is a login code, and makes it void (R-LG-12).
func TestSignInCodes(t *testing.T) {
	service, somebody := &tg.PeerUser{UserID: 777000}, &tg.PeerUser{UserID: 1}
	tests := []struct {
		message tg.Message
		want    []string
	}{
		{tg.Message{PeerID: service, Message: "Login code: 12345. Do not give it to anyone."}, []string{"12345"}},
		{tg.Message{PeerID: service, Message: "Codes 123-456, 1-2-3-4-5-6-7 and 54321"}, []string{"123456", "1234567", "54321"}},
		{tg.Message{PeerID: service, Message: "In 2026, 1234 and 12345678 are none, nor -12345"}, nil},
		{tg.Message{PeerID: service, Message: ""}, nil},
		{tg.Message{PeerID: somebody, Message: "Login code: 12345."}, nil},
		{tg.Message{PeerID: service, Out: true, Message: "12345"}, nil},
		{tg.Message{PeerID: &tg.PeerChat{ChatID: 777000}, Message: "12345"}, nil},
	}
	for _, test := range tests {
		if got := telegram.SignInCodes(&test.message); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.message.Message, got, test.want)
		}
	}

	p := newPlace(t)
	p.addUser("9996610001", "Ada")
	messages := make(chan *tg.Message, 10)
	o := p.options()
	o.Handler = telegram.OnMessage(func(_ context.Context, _ *telegram.Client, m *tg.Message) error {
		messages <- m
		return nil
	})
	phone := p.signIn(o, "9996610001")
	check(t, p.SetCodeWays("9996610001", sandbox.CodeByApp, sandbox.CodeBySMS))
	s, err := p.connect(p.options()).BeginSignIn()
	check(t, err)
	_, err = s.Submit(p.ctx, signin.Answer{Action: signin.GivePhone, Text: "9996610001"})
	check(t, err)
	select {
	case m := <-messages:
		check(t, phone.InvalidateSignInCodes(p.ctx, &tg.Message{PeerID: somebody, Message: "12345"}, m))
	case <-p.ctx.Done():
		t.Fatal("no message with the code")
	}
	prompt, err := s.Submit(p.ctx, signin.Answer{Action: signin.GiveCode, Text: "11111"})
	check(t, err)
	if prompt.Step != signin.AtCode || !errors.Is(prompt.Problem, tg.ErrPhoneCodeExpired) {
		t.Errorf("the code that was told: at %q with %v", prompt.Step, prompt.Problem)
	}
}

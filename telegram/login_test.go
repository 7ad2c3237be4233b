package telegram_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

// A move gives an answer, given the place where its code may be read, and says
// which step must come of it.
type move struct {
	give  signin.Action
	text  func(p *place) string // nil: none
	want  signin.Step
	wrong error
}

func is(text string) func(*place) string { return func(*place) string { return text } }

// mailed reads the code that was sent last.
func mailed(p *place) string {
	box := p.Outbox()
	return box[len(box)-1].Code
}

// TestEveryWayIn signs in by every way there is, one answer after the other;
// between any two of them the program ends, and another one goes on (R-LG-03,
// R-LG-05, R-LG-06, R-LG-07, R-LG-08, R-LG-10, R-SP-12).
func TestEveryWayIn(t *testing.T) {
	const number, address = "9996620042", "ada@example.org"
	phone := move{signin.GivePhone, is("+999 66 2 0042"), signin.AtCode, nil}
	code := func(text string) move { return move{signin.GiveCode, is(text), signin.Done, nil} }
	wrong := move{signin.GiveCode, is("31415"), signin.AtCode, tg.ErrPhoneCodeInvalid}
	ways := func(list ...sandbox.CodeWay) func(*place) error {
		return func(p *place) error { return p.SetCodeWays(number, list...) }
	}
	withPassword := func(p *place) error {
		if err := p.SetPassword(number, "correct horse", "animal"); err != nil {
			return err
		}
		return p.SetRecoveryEmail(number, address)
	}
	loginEmail := func(p *place) error { return p.SetLoginEmail(number, address, 0) }
	tests := []struct {
		name  string
		setup func(*place) error
		moves []move
	}{
		{"SMS", ways(), []move{phone, wrong, code("22222")}},
		{"app", ways(sandbox.CodeByApp), []move{phone, wrong, code("22222")}},
		{"call", ways(sandbox.CodeByCall), []move{phone, wrong, code("22222")}},
		{"flash call", ways(sandbox.CodeByFlashCall), []move{phone, wrong, code("9996622222")}},
		{"missed call", ways(sandbox.CodeByMissedCall), []move{phone, wrong, code("22222")}},
		{"Fragment", ways(sandbox.CodeByFragment), []move{phone, wrong, code("22222")}},
		{"word", ways(sandbox.CodeByWord), []move{phone, wrong, code("godwit")}},
		{"phrase", ways(sandbox.CodeByPhrase), []move{phone, wrong, code("eleven thousand kilometres")}},
		{"Firebase", ways(sandbox.CodeByFirebase, sandbox.CodeByCall), []move{phone, wrong, code("22222")}},
		{"sent again until there is no way left", ways(sandbox.CodeByApp, sandbox.CodeBySMS, sandbox.CodeByCall), []move{
			phone, {signin.Resend, nil, signin.AtCode, nil}, {signin.Resend, nil, signin.AtCode, nil}, code("22222"),
		}},
		{"cancelled", ways(), []move{phone, {signin.Cancel, nil, signin.AtStart, nil}, phone, code("22222")}},
		{"e-mail", loginEmail, []move{phone, wrong, {signin.GiveCode, mailed, signin.Done, nil}}},
		{"login e-mail that is lost", func(p *place) error { return p.SetLoginEmail(number, address, time.Hour) }, []move{
			phone, {signin.ResetEmail, nil, signin.AtCode, nil}, {signin.ResetEmail, nil, signin.AtCode, tg.ErrTaskAlreadyExists},
			{signin.GiveCode, mailed, signin.Done, nil},
		}},
		{"e-mail to be set up", ways(sandbox.CodeNeedsEmail, sandbox.CodeByCall), []move{
			{signin.GivePhone, is(number), signin.AtEmail, nil},
			{signin.GiveEmail, is("ada"), signin.AtEmail, tg.ErrEmailInvalid},
			{signin.GiveEmail, is("ada@blocked.example"), signin.AtEmail, tg.ErrEmailNotAllowed},
			{signin.GiveEmail, is(address), signin.AtEmailCode, nil},
			{signin.GiveCode, is("1"), signin.AtEmailCode, tg.ErrCodeInvalid},
			{signin.Resend, nil, signin.AtEmailCode, nil},
			{signin.GiveCode, mailed, signin.AtCode, nil}, code("22222"),
		}},
		{"password", withPassword, []move{
			phone, {signin.GiveCode, is("22222"), signin.AtPassword, nil},
			{signin.GivePassword, is("battery staple"), signin.AtPassword, tg.ErrPasswordHashInvalid},
			{signin.GivePassword, is("correct horse"), signin.Done, nil},
		}},
		{"password that is lost", withPassword, []move{
			phone, {signin.GiveCode, is("22222"), signin.AtPassword, nil},
			{signin.DeleteAccount, nil, signin.AtPassword, tg.Err2FAConfirmWait},
			{signin.Recover, nil, signin.AtRecovery, nil},
			{signin.GiveCode, is("1"), signin.AtRecovery, tg.ErrCodeInvalid},
			{signin.GiveCode, mailed, signin.AtNewPassword, nil},
			{signin.GiveNewPassword, is("battery staple"), signin.Done, nil},
		}},
		{"banned", func(p *place) error { return p.RefusePhone(number, sandbox.PhoneBanned) }, []move{
			{signin.GivePhone, is(number), signin.AtStart, tg.ErrPhoneNumberBanned}, {signin.GivePhone, is("9996610001"), signin.AtCode, nil},
			{signin.GiveCode, is("11111"), signin.AtName, nil}, {signin.GiveName, is(""), signin.AtName, tg.ErrFirstnameInvalid},
			{signin.GiveName, is("Bob"), signin.Done, nil},
		}},
		{"bot", nil, []move{
			{signin.GiveBotToken, is("7:wrong"), signin.AtStart, tg.ErrAccessTokenInvalid}, {signin.GiveBotToken, is("7:secret"), signin.Done, nil},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPlace(t)
			p.addUser(number, "Ada")
			_, err := p.AddBot("7:secret", "Bot", "seven_bot")
			check(t, err)
			if test.setup != nil {
				check(t, test.setup(p))
			}
			o := p.options()
			o.Store = new(telegram.MemoryStore)
			c := p.connect(o)
			s, err := c.BeginSignIn()
			check(t, err)
			for i, m := range test.moves {
				a := signin.Answer{Action: m.give}
				if m.text != nil {
					a.Text, a.First = m.text(p), m.text(p)
				}
				prompt, err := s.Submit(p.ctx, a)
				check(t, err)
				if prompt.Step != m.want || !errors.Is(prompt.Problem, m.wrong) || m.wrong == nil && prompt.Problem != nil {
					t.Fatalf("move %d, %s: at %q with %v, want %q with %v", i, m.give, prompt.Step, prompt.Problem, m.want, m.wrong)
				}
				if m.want != signin.Done {
					c, s = p.restart(c, s, o)
				}
			}
			if s.User() == nil || c.Self() == nil || s.User().ID != c.Self().ID {
				t.Fatalf("signed in as %v, the client as %v", s.User(), c.Self())
			}
			_, err = tg.Call(p.ctx, c, &tg.UpdatesGetState{})
			check(t, err)
			check(t, c.Close())
			if again := p.connect(o); again.Self() == nil {
				t.Error("the sign-in is not saved")
			}
		})
	}
}

// restart ends a client in the middle of a sign-in and goes on with another.
func (p *place) restart(c *telegram.Client, s *telegram.SignIn, o telegram.Options) (*telegram.Client, *telegram.SignIn) {
	p.t.Helper()
	text, err := json.Marshal(s.State())
	check(p.t, err)
	check(p.t, c.Close())
	var state signin.State
	check(p.t, json.Unmarshal(text, &state))
	c = p.connect(o)
	s, err = c.ResumeSignIn(p.ctx, state)
	check(p.t, err)
	return c, s
}

// TestResumeAfterTheEnd has a program find out that the answer it gave before
// it ended has signed it in.
func TestResumeAfterTheEnd(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610001", "Ada")
	o := p.options()
	store := new(telegram.MemoryStore)
	o.Store = store
	c := p.connect(o)
	s, err := c.BeginSignIn()
	check(t, err)
	_, err = s.Submit(p.ctx, signin.Answer{Action: signin.GivePhone, Text: "9996610001"})
	check(t, err)
	state, before := s.State(), saved(t, store)
	_, err = s.Submit(p.ctx, signin.Answer{Action: signin.GiveCode, Text: "11111"})
	check(t, err)
	check(t, c.Close())
	check(t, store.Save(&before)) // as if the program had ended before it could save
	c = p.connect(o)
	if c.Self() != nil {
		t.Fatal("signed in by credentials that do not say so")
	}
	s, err = c.ResumeSignIn(p.ctx, state)
	check(t, err)
	if s.Prompt().Step != signin.Done || c.Self() == nil || saved(t, store).UserID == 0 {
		t.Errorf("at %q as %v", s.Prompt().Step, c.Self())
	}
	// A sign-in on a client that is signed in is done already.
	s, err = c.BeginSignIn()
	check(t, err)
	if s.Prompt().Step != signin.Done || s.User() == nil {
		t.Errorf("at %q as %v", s.Prompt().Step, s.User())
	}
}

func saved(t *testing.T, store telegram.Store) telegram.Credentials {
	t.Helper()
	c, err := store.Load()
	check(t, err)
	return c
}

// scan accepts the QR codes that another device shows.
func scan(c *telegram.Client) func(context.Context, signin.QR) error {
	return func(ctx context.Context, qr signin.QR) error {
		_, err := c.AcceptLogin(ctx, qr.URL)
		return err
	}
}

// TestQR signs in by QR codes that another device of the account accepts: on
// the same data centre and on another, without a password and with one
// (R-LG-30..R-LG-33).
func TestQR(t *testing.T) {
	for name, number := range map[string]string{"the same DC": "9996610001", "another DC": "9996620001"} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.addUser(number, "Ada")
			old := p.signIn(p.options(), number)
			user, err := p.connect(p.options()).SignInQR(p.ctx, telegram.Answers{ShowQR: scan(old)})
			check(t, err)
			if user.ID != old.Self().ID {
				t.Errorf("signed in as %d", user.ID)
			}
			check(t, p.SetPassword(number, "secret", ""))
			o := p.options()
			o.Store = new(telegram.MemoryStore)
			c := p.connect(o)
			_, err = c.SignInQR(p.ctx, telegram.Answers{ShowQR: scan(old), AskPassword: telegram.FixedPassword("secret")})
			check(t, err)
			_, err = tg.Call(p.ctx, c, &tg.UpdatesGetState{})
			check(t, err)
			if list, _, err := old.Authorizations(p.ctx); err != nil || len(list) != 3 {
				t.Errorf("devices %v, %v", list, err)
			}
			check(t, c.Close())
			if again := p.connect(o); again.Self() == nil {
				t.Error("the sign-in is not saved")
			}
		})
	}
}

// TestQRExpires has a code that nobody has scanned replaced, and what is wrong
// with one named to who scans it (R-LG-30, R-LG-31).
func TestQRExpires(t *testing.T) {
	var lag atomic.Int64 // of the server's clock
	p := newPlaceWith(t, sandbox.Options{Now: func() time.Time { return time.Now().Add(-time.Duration(lag.Load())) }})
	p.addUser("9996610001", "Ada")
	old := p.signIn(p.options(), "9996610001")
	var shown []string
	lag.Store(int64(30 * time.Second)) // what the server gives out expires at once by the client's clock
	_, err := p.connect(p.options()).SignInQR(p.ctx, telegram.Answers{ShowQR: func(ctx context.Context, qr signin.QR) error {
		shown = append(shown, qr.URL)
		if len(shown) < 2 {
			return nil
		}
		return scan(old)(ctx, qr)
	}})
	check(t, err)
	if len(shown) != 2 || shown[0] == shown[1] {
		t.Errorf("shown %q", shown)
	}
	lag.Store(-int64(time.Minute))
	tests := []struct {
		link string
		want error
		text string
	}{
		{shown[0], tg.ErrAuthTokenExpired, ""},
		{shown[1], tg.ErrAuthTokenAlreadyAccepted, ""},
		{signin.TokenURL([]byte("made up")), tg.ErrAuthTokenInvalidx, ""},
		{"https://example.org/", nil, "no login link"},
		{"", nil, "empty"},
	}
	for _, test := range tests {
		_, err := old.AcceptLogin(p.ctx, test.link)
		if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%q: %v, want %v %q", test.link, err, test.want, test.text)
		}
	}
	_, err = p.connect(p.options()).SignInQR(p.ctx, telegram.Answers{})
	if !errors.Is(err, telegram.ErrNoQR) {
		t.Errorf("nothing to show it with: %v", err)
	}
}

// TestSignInAgain has what a sign-out leaves stand for the next code
// (R-LG-02, R-LG-21). Where the account stands in its updates is asked at once
// (R-LG-11).
func TestSignInAgain(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620001", "Ada")
	store := new(telegram.MemoryStore)
	o := p.options()
	o.Store = store
	o.Handler = newInbox().handler()
	c := p.signIn(o, "9996620001")
	if saved(t, store).State.Common.PTS == 0 {
		t.Error("no state of updates is saved")
	}
	check(t, c.SignOut(p.ctx))
	if tokens := saved(t, store).LogoutTokens; len(tokens) != 1 {
		t.Fatalf("%d tokens are kept, want 1", len(tokens))
	}
	sent := len(p.Outbox())
	user, err := c.SignIn(p.ctx, telegram.Answers{PhoneNumber: "9996620001"})
	check(t, err)
	if user.FirstName.Value != "Ada" || len(p.Outbox()) != sent {
		t.Errorf("signed in as %v, %d codes were sent", user, len(p.Outbox())-sent)
	}
}

package telegram_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
	"godwit/tl"
)

// TestSignUp makes an account on the DC that the client begins with (R-LG-01,
// R-LG-06, R-LG-07).
func TestSignUp(t *testing.T) {
	p := newPlace(t)
	c := p.connect(p.options())
	if c.Self() != nil {
		t.Error("a new device is signed in")
	}
	a := answers("9996610001")
	_, err := c.SignIn(p.ctx, a)
	if !errors.Is(err, telegram.ErrNoAccount) {
		t.Fatalf("without an account: %v, want ErrNoAccount", err)
	}
	a.NewAccount = &telegram.Name{First: "Ada", Last: "Byron"}
	user, err := c.SignIn(p.ctx, a)
	check(t, err)
	if user.FirstName.Value != "Ada" || user.LastName.Value != "Byron" || c.Self().ID != user.ID {
		t.Errorf("signed in as %+v", user)
	}
	again, err := c.SignIn(p.ctx, telegram.Answers{})
	check(t, err)
	if again.ID != user.ID {
		t.Errorf("the second sign-in is as %d, not %d", again.ID, user.ID)
	}
}

// TestSignInByCode follows PHONE_MIGRATE_X to the home of the account, and has
// wrong and empty codes asked for again (R-LG-06, R-LG-10, R-ER-02).
func TestSignInByCode(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620001", "Bob")
	store := new(telegram.MemoryStore)
	o := p.options()
	o.Store = store
	c := p.connect(o)

	var problems []error
	codes := []string{"11111", "", "22222"}
	user, err := c.SignIn(p.ctx, telegram.Answers{
		PhoneNumber: "+999 66 2 0001",
		AskCode: func(_ context.Context, prompt signin.Prompt) (string, error) {
			if prompt.Phone != "9996620001" || prompt.Code.Length != 5 || prompt.Attempt != len(problems)+1 {
				t.Errorf("prompt %+v", prompt)
			}
			problems = append(problems, prompt.Problem)
			return codes[len(problems)-1], nil
		},
	})
	check(t, err)
	if user.FirstName.Value != "Bob" {
		t.Errorf("signed in as %+v", user)
	}
	if len(problems) != 3 || problems[0] != nil ||
		!errors.Is(problems[1], tg.ErrPhoneCodeInvalid) || !errors.Is(problems[2], tg.ErrPhoneCodeEmpty) {
		t.Errorf("problems %v", problems)
	}
	saved, err := store.Load()
	check(t, err)
	if saved.DC != 2 || saved.UserID != user.ID || saved.Bot {
		t.Errorf("saved DC %d, user %d, bot %v", saved.DC, saved.UserID, saved.Bot)
	}
	if key := saved.Keys[2]; key.Key.IsZero() || len(key.Salts) == 0 {
		t.Error("the key or the salts of DC 2 are not saved")
	}
}

// TestExpiredCode has a code that has expired replaced by a new one.
func TestExpiredCode(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610002", "Carol")
	c := p.connect(p.options())
	var problems []error
	_, err := c.SignIn(p.ctx, telegram.Answers{
		PhoneNumber: "9996610002",
		AskCode: func(ctx context.Context, prompt signin.Prompt) (string, error) {
			problems = append(problems, prompt.Problem)
			if len(problems) == 1 { // a newer code makes the first one void
				_, err := tg.Call(ctx, c, &tg.AuthSendCode{
					PhoneNumber: "9996610002", APIID: int32(p.file.APIID), APIHash: p.file.APIHash,
				})
				return "11111", err
			}
			return "11111", nil
		},
	})
	check(t, err)
	if len(problems) != 2 || !errors.Is(problems[1], tg.ErrPhoneCodeExpired) {
		t.Errorf("problems %v", problems)
	}
}

// TestPassword has the 2FA password asked for until it is right (R-SP-01 to
// R-SP-10).
func TestPassword(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610003", "Dora")
	check(t, p.SetPassword("9996610003", "correct horse", "animal"))
	c := p.connect(p.options())
	a := answers("9996610003")
	if _, err := c.SignIn(p.ctx, a); !errors.Is(err, telegram.ErrNeedPassword) {
		t.Fatalf("without a password: %v, want ErrNeedPassword", err)
	}
	a.AskPassword = telegram.FixedPassword("wrong")
	if _, err := c.SignIn(p.ctx, a); !errors.Is(err, tg.ErrPasswordHashInvalid) {
		t.Fatalf("with a wrong password: %v, want ErrPasswordHashInvalid", err)
	}
	var prompts []signin.Prompt
	a.AskPassword = func(_ context.Context, prompt signin.Prompt) (string, error) {
		prompts = append(prompts, prompt)
		return []string{"battery staple", "correct horse"}[len(prompts)-1], nil
	}
	user, err := c.SignIn(p.ctx, a)
	check(t, err)
	if user.FirstName.Value != "Dora" {
		t.Errorf("signed in as %+v", user)
	}
	if len(prompts) != 2 || prompts[0].Password.Hint != "animal" || prompts[0].Problem != nil ||
		!errors.Is(prompts[1].Problem, tg.ErrPasswordHashInvalid) {
		t.Errorf("prompts %+v", prompts)
	}
}

// TestRefusedSignIn has what no asking again can mend returned, with the
// method that it was refused to.
func TestRefusedSignIn(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610004", "Eve")
	wrongApp := p.options()
	wrongApp.APIHash = "0000"
	tests := []struct {
		name    string
		options telegram.Options
		answers telegram.Answers
		want    error
	}{
		{"unknown phone", p.options(), answers("4930123456"), tg.ErrPhoneNumberInvalid},
		{"wrong application", wrongApp, answers("9996610004"), tg.ErrAPIIDInvalid},
		{"no code", p.options(), telegram.Answers{PhoneNumber: "9996610004"}, telegram.ErrNeedCode},
		{"wrong code", p.options(), telegram.Answers{
			PhoneNumber: "9996610004", AskCode: telegram.FixedCode("99999"),
		}, tg.ErrPhoneCodeInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := p.connect(test.options)
			_, err := c.SignIn(p.ctx, test.answers)
			if !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			var rpc *mtproto.RPCError
			if errors.As(err, &rpc) && rpc.Method == "" {
				t.Errorf("%v names no method", err)
			}
			if c.Self() != nil || c.Err() != nil {
				t.Errorf("signed in as %v, ended with %v", c.Self(), c.Err())
			}
		})
	}
	t.Run("ctx ends", func(t *testing.T) {
		c := p.connect(p.options())
		ctx, cancel := context.WithCancel(p.ctx)
		_, err := c.SignIn(ctx, telegram.Answers{
			PhoneNumber: "9996610004",
			AskCode: func(context.Context, signin.Prompt) (string, error) {
				cancel()
				return "11111", nil
			},
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	})
}

// TestBot signs in a bot, which lives elsewhere than the client begins
// (R-LG-20), and has the methods of people refused to it, and the reverse,
// before they are sent.
func TestBot(t *testing.T) {
	p := newPlace(t)
	_, err := p.AddBot("4242:secret", "Robot", "robot_bot")
	check(t, err)
	p.addUser("9996620005", "Fay")
	o := p.options()
	slices.Reverse(o.Network.DCs)
	bot := p.connect(o)
	if _, err := bot.SignInBot(p.ctx, "4242:wrong"); !errors.Is(err, tg.ErrAccessTokenInvalid) {
		t.Errorf("wrong token: %v", err)
	}
	self, err := bot.SignInBot(p.ctx, "4242:secret")
	check(t, err)
	if !self.Bot || self.ID != 4242 {
		t.Errorf("signed in as %+v", self)
	}
	_, err = tg.Call(p.ctx, bot, &tg.MessagesGetDialogs{OffsetPeer: &tg.InputPeerEmpty{}})
	var refused *telegram.AccessError
	if !errors.Is(err, telegram.ErrUserOnly) || errors.Is(err, telegram.ErrBotOnly) || !errors.As(err, &refused) ||
		refused.Method != "messages.getDialogs" {
		t.Errorf("a bot's messages.getDialogs: %v", err)
	}
	user := p.signIn(p.options(), "9996620005")
	_, err = tg.Call(p.ctx, user, &tg.BotsSetBotCommands{Scope: &tg.BotCommandScopeDefault{}})
	if !errors.Is(err, telegram.ErrBotOnly) {
		t.Errorf("a person's bots.setBotCommands: %v", err)
	}
}

// TestSignOut ends the session for good and leaves the client good for
// another one (R-LG-21).
func TestSignOut(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996610006", "Gil")
	p.addUser("9996620006", "Hal")
	store := new(telegram.MemoryStore)
	o := p.options()
	o.Store = store
	in := newInbox()
	o.Handler = in.handler()
	c := p.signIn(o, "9996610006")
	before, err := store.Load()
	check(t, err)
	check(t, c.SignOut(p.ctx))
	if err := c.SignOut(p.ctx); !errors.Is(err, telegram.ErrNotSignedIn) {
		t.Errorf("the second time: %v", err)
	}
	after, err := store.Load()
	check(t, err)
	if after.UserID != 0 || c.Self() != nil || c.Err() != nil {
		t.Errorf("saved user %d, self %v, ended with %v", after.UserID, c.Self(), c.Err())
	}
	for dc, key := range after.Keys {
		if old := before.Keys[dc]; key.Key.Equal(&old.Key) {
			t.Errorf("the key of DC %d is still there", dc)
		}
	}
	user, err := c.SignIn(p.ctx, answers("9996620006"))
	check(t, err)
	if user.FirstName.Value != "Hal" {
		t.Errorf("signed in as %+v", user)
	}
	other := p.signIn(p.options(), "9996610006")
	p.send(other, p.contact(other, "9996620006"), "hello Hal")
	in.want(p.ctx, t, "hello Hal")
}

// TestRevoked has a session that another device ends end the client, and the
// stored credentials kept until somebody signs in anew (R-ER-07).
func TestRevoked(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620007", "Ida")
	store := new(telegram.MemoryStore)
	o := p.options()
	o.Store = store
	c := p.signIn(o, "9996620007")
	other := p.signIn(p.options(), "9996620007")
	_, err := tg.Call(p.ctx, other, &tg.AuthResetAuthorizations{})
	check(t, err)

	_, err = tg.Call(p.ctx, c, &tg.UpdatesGetState{})
	var rpc *mtproto.RPCError
	if !errors.As(err, &rpc) || rpc.Code != 401 {
		t.Fatalf("the ended session: %v", err)
	}
	check(t, other.Close())
	if err := c.Wait(p.ctx); !errors.Is(err, &mtproto.RPCError{Code: 401}) {
		t.Errorf("ended with %v", err)
	}
	if err := other.Err(); !errors.Is(err, telegram.ErrClosed) {
		t.Errorf("a closed client: %v", err)
	}
	if _, err := tg.Call(p.ctx, c, &tg.HelpGetConfig{}); !errors.Is(err, &mtproto.RPCError{Code: 401}) {
		t.Errorf("a call after the end: %v", err)
	}

	again := p.connect(o)
	if again.Self() != nil || !errors.Is(again.Lapsed(), &mtproto.RPCError{Code: 401}) {
		t.Errorf("self %v, lapsed %v", again.Self(), again.Lapsed())
	}
	saved, err := store.Load()
	check(t, err)
	if saved.UserID == 0 {
		t.Error("the credentials were thrown away")
	}
	_, err = again.SignIn(p.ctx, answers("9996620007"))
	check(t, err)
	if again.Lapsed() != nil {
		t.Errorf("lapsed: %v", again.Lapsed())
	}
}

// TestUnknownDC has a redirection to nowhere refused (R-ER-03).
func TestUnknownDC(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620008", "Jim")
	o := p.options()
	o.Network.DCs = o.Network.DCs[:1]
	c := p.connect(o)
	_, err := c.SignIn(p.ctx, answers("9996620008"))
	var unknown *telegram.UnknownDCError
	if !errors.As(err, &unknown) || unknown.DC != 2 || !errors.Is(err, tg.ErrPhoneMigrate) {
		t.Errorf("%v", err)
	}
}

// TestInvoke has arguments that cannot be encoded refused.
func TestInvoke(t *testing.T) {
	p := newPlace(t)
	c := p.connect(p.options())
	_, err := tg.Call(p.ctx, c, &tg.MessagesSendMessage{Message: "to nobody"})
	var missing *tl.NilError
	if !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
	_, err = tg.Call(p.ctx, c, &tg.UpdatesGetState{})
	if !errors.Is(err, tg.ErrAuthKeyUnregistered) || c.Err() != nil {
		t.Errorf("before the sign-in: %v, ended with %v", err, c.Err())
	}
}

package account

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

// A SignIn is a sign-in of an account under way. It has credentials of its own
// until it is done: those that the account had stay as they are. Between two
// answers everything that it needs is stored, so that the daemon may end.
type SignIn struct {
	e       *Environment
	account *bridge.Account
	epoch   int64
	store   *signInStore
	client  *telegram.Client

	mu   sync.Mutex // one answer at a time
	flow *telegram.SignIn
	// wrong is what is wrong with who has signed in, for one answer.
	wrong *bridge.SignInProblem
}

// BeginSignIn begins a sign-in, in place of one that was begun before.
func (e *Environment) BeginSignIn(ctx context.Context, a *bridge.Account, epoch int64) (*SignIn, error) {
	s, err := e.newSignIn(ctx, a, epoch)
	if err != nil {
		return nil, err
	}
	// What Telegram left at the last sign-out may spare the code (R-LG-21).
	before, err := e.openBlob(ctx, a.ID, epoch, sessionField)
	if err != nil {
		return nil, told(err)
	}
	old, err := credentialStore{before}.Load()
	if err != nil {
		return nil, err
	}
	if err := s.store.begin(ctx, telegram.Credentials{LogoutTokens: old.LogoutTokens}); err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	s.flow, err = s.client.BeginSignIn()
	if err != nil {
		s.Close()
		return nil, told(err)
	}
	return s, nil
}

// ResumeSignIn goes on with the sign-in that was begun last. The error is a
// *bridge.Error of CodeNotFound where there is none.
func (e *Environment) ResumeSignIn(ctx context.Context, a *bridge.Account, epoch int64) (*SignIn, error) {
	s, err := e.newSignIn(ctx, a, epoch)
	if err != nil {
		return nil, err
	}
	state, begun := s.store.state()
	if !begun {
		return nil, bridge.Errorf(bridge.CodeNotFound, "No sign-in of account %s is under way.", a.ID)
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	if state == nil {
		s.flow, err = s.client.BeginSignIn()
	} else {
		s.flow, err = s.client.ResumeSignIn(ctx, *state)
	}
	if err != nil {
		s.Close()
		return nil, told(err)
	}
	return s, nil
}

func (e *Environment) newSignIn(ctx context.Context, a *bridge.Account, epoch int64) (*SignIn, error) {
	b, err := e.openBlob(ctx, a.ID, epoch, signInField)
	if err != nil {
		return nil, told(err)
	}
	store := &signInStore{blob: b}
	if err := store.load(); err != nil {
		return nil, err
	}
	return &SignIn{e: e, account: a, epoch: epoch, store: store}, nil
}

func (s *SignIn) connect(ctx context.Context) error {
	o := s.e.options(s.account)
	o.Store = s.store
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		return told(err)
	}
	s.client = client
	return nil
}

// Close ends the connection. The sign-in can be gone on with.
func (s *SignIn) Close() {
	if err := s.client.Close(); err != nil {
		s.e.Logger.Warn("client not closed well", "account", s.account.ID, "error", err)
	}
}

// Cancel gives the sign-in up.
func (s *SignIn) Cancel(ctx context.Context) error {
	s.Close()
	return s.store.end(ctx)
}

// Step returns what is asked for, which another device may have changed by
// accepting a QR code. If that is done, the account is signed in.
func (s *SignIn) Step(ctx context.Context) (*bridge.SignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	prompt, err := s.flow.Refresh(ctx)
	if err != nil {
		return nil, told(err)
	}
	return s.stepAt(ctx, prompt)
}

// Answer answers the step.
func (s *SignIn) Answer(ctx context.Context, a bridge.Answer) (*bridge.SignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Action == string(signin.GiveBotToken) {
		return nil, bridge.Errorf(bridge.CodeSurfaceUnable,
			"Account %s is a person's. Add the bot as an account of kind bot: it then runs over the Bot API.", s.account.ID)
	}
	s.wrong = nil
	prompt, err := s.flow.Submit(ctx, signin.Answer{
		Action: signin.Action(a.Action), Text: a.Text, First: a.First, Last: a.Last, Hint: a.Hint,
	})
	var action *signin.ActionError
	if errors.As(err, &action) {
		return nil, &bridge.Error{Code: bridge.CodeInvalidRequest, Err: err, Detail: fmt.Sprintf(
			"The sign-in does not take the action %q at the step %q. Show the sign-in: it lists those it takes.", action.Action, action.Step)}
	}
	if err != nil {
		return nil, told(err)
	}
	if errors.Is(prompt.Problem, tg.ErrPhoneNumberBanned) && prompt.Phone != "" && prompt.Phone == s.account.Phone {
		return nil, errors.Join(&bridge.Error{
			Code: bridge.CodeAccountBanned, Detail: "Telegram has banned the phone number of the account.",
			Err: errors.Join(ErrBanned, prompt.Problem),
		}, s.store.end(ctx))
	}
	return s.stepAt(ctx, prompt)
}

// ErrBanned says that the account that somebody signs in again is banned, and not
// just the phone number that they gave.
var ErrBanned = errors.New("account: banned")

// stepAt stores where the sign-in stands, and ends it when it is done.
func (s *SignIn) stepAt(ctx context.Context, p signin.Prompt) (*bridge.SignIn, error) {
	if p.Step != signin.Done {
		if err := s.store.setState(ctx, s.flow.State()); err != nil {
			return nil, err
		}
		step := stepOf(p)
		if s.wrong != nil {
			step.Problem = s.wrong
		}
		return step, nil
	}
	err := s.finish(ctx)
	if code := bridge.CodeOf(err); code == bridge.CodeOtherAccount || code == bridge.CodeConflict {
		return nil, errors.Join(err, s.startOver(ctx))
	}
	if err != nil {
		return nil, err
	}
	return &bridge.SignIn{Step: string(signin.Done), Actions: []string{}}, nil
}

// startOver signs out whoever should not have signed in, and gives the sign-in
// up.
func (s *SignIn) startOver(ctx context.Context) error {
	err := s.client.SignOut(ctx)
	return errors.Join(err, s.store.end(ctx))
}

// finish makes the credentials of the sign-in those of the account, with who it
// is, at once.
func (s *SignIn) finish(ctx context.Context) error {
	user := s.flow.User()
	if user == nil {
		return fmt.Errorf("account: sign-in of %s has ended as nobody", s.account.ID)
	}
	credentials, err := s.store.credentials()
	if err != nil {
		return err
	}
	session, err := s.e.openBlob(ctx, s.account.ID, s.epoch, sessionField)
	if err != nil {
		return err
	}
	// A new session begins where Telegram is now, not where the old one was. What
	// people write until the account is online is news, and no history.
	change := store.UpdateChange{Account: s.account.ID}
	if state, err := tg.Call(ctx, s.client, &tg.UpdatesGetState{}); err == nil {
		change.Counters = countersOf(state.Pts, state.Qts, state.Date, state.Seq)
	} else {
		s.e.Logger.Warn("where the updates stand is asked for again later", "account", s.account.ID, "error", err)
	}
	return session.change(ctx, credentials, func(t *store.Tx) error {
		if err := t.SetIdentity(s.account.ID, user.ID, user.Phone.Or("")); err != nil {
			return err
		}
		return errors.Join(t.DeleteSecret(s.account.ID, signInField), t.ResetUpdateState(s.account.ID),
			t.SetUpdateStates([]store.UpdateChange{change}))
	})
}

// stepOf shows a prompt in the bridge's terms.
func stepOf(p signin.Prompt) *bridge.SignIn {
	step := &bridge.SignIn{Step: string(p.Step), Actions: []string{}, Attempt: p.Attempt, Phone: p.Phone}
	for _, a := range p.Actions {
		if a != signin.GiveBotToken {
			step.Actions = append(step.Actions, string(a))
		}
	}
	step.Problem = problemOf(p.Problem)
	if c := p.Code; c != nil {
		step.Code = &bridge.SignInCode{
			Via: string(c.Via), Length: c.Length, Pattern: c.Pattern, Next: string(c.Next), ResendAt: c.ResendAt,
		}
	}
	if w := p.Password; w != nil {
		step.Password = &bridge.SignInPassword{Hint: w.Hint, Recovery: w.Recovery}
	}
	if q := p.QR; q != nil {
		step.QR = &bridge.SignInQR{URL: q.URL, Expires: q.Expires}
	}
	if t := p.Terms; t != nil {
		step.Terms = t.Text
	}
	return step
}

// problemOf says what was wrong with an answer.
func problemOf(err error) *bridge.SignInProblem {
	if err == nil {
		return nil
	}
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	p := &bridge.SignInProblem{Code: bridge.CodeTelegramRefused, Detail: "Telegram does not take the answer."}
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) {
		p.Detail = "Telegram says " + rpc.Message() + "."
	}
	switch {
	case is(tg.ErrPhoneCodeInvalid, tg.ErrCodeInvalid, tg.ErrPhoneCodeEmpty, tg.ErrEmailVerifyExpired):
		p.Code, p.Detail = bridge.CodeLoginCodeInvalid, "The code is wrong. Give it again."
	case is(tg.ErrPhoneCodeExpired):
		p.Code, p.Detail = bridge.CodeLoginExpired, "The code was too old; another one has been sent or can be."
	case is(tg.ErrPasswordHashInvalid):
		p.Code, p.Detail = bridge.CodePasswordInvalid, "The 2FA password is wrong. Give it again."
	case is(tg.ErrPhoneNumberInvalid):
		p.Code, p.Detail = bridge.CodeInvalidRequest, "The phone number is not one of Telegram's. Write it in international form."
	case is(tg.ErrPhoneNumberBanned):
		p.Code, p.Detail = bridge.CodeAccountBanned, "Telegram has banned the phone number."
	}
	return p
}

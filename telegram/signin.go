package telegram

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
	"godwit/telegram/updates"
)

// SignIn signs in, by whatever way a chooses: with a code that is sent to a
// phone or an e-mail address, by a QR code, as a bot; with a 2FA password where
// there is one, as a new account where there is none. It asks a for what it
// needs. Where the stored credentials are signed in already, it asks nothing
// and returns as whom.
//
// A wrong code or password is asked for again, with the reason in the prompt;
// an expired code is replaced by a new one. Telegram is followed to the data
// centre of the account. Other refusals are returned: a *mtproto.RPCError,
// such as tg.ErrPhoneNumberInvalid, tg.ErrPhoneNumberBanned or tg.ErrFloodWait.
//
// Who cannot wait for answers, such as a program that serves web requests,
// uses [Client.BeginSignIn].
func (c *Client) SignIn(ctx context.Context, a Authenticator) (*tg.User, error) {
	return c.signInBy(ctx, a, nil)
}

// SignInQR signs in by a QR code, which another device of the account scans:
// a is asked to show it, each time that there is a new one, and for a 2FA
// password.
func (c *Client) SignInQR(ctx context.Context, a Authenticator) (*tg.User, error) {
	return c.signInBy(ctx, a, &signin.Answer{Action: signin.ShowQR})
}

// SignInBot signs in as the bot of a token, which https://t.me/BotFather gives
// out. Where the stored credentials are signed in already, it returns as whom.
// A token that is not good is a *mtproto.RPCError: tg.ErrAccessTokenInvalid or
// tg.ErrAccessTokenExpired (R-LG-20).
func (c *Client) SignInBot(ctx context.Context, token string) (*tg.User, error) {
	return c.signInBy(ctx, Answers{}, &signin.Answer{Action: signin.GiveBotToken, Text: token})
}

// signInBy asks a until somebody is signed in. The answer to the first
// question may be known already.
func (c *Client) signInBy(ctx context.Context, a Authenticator, first *signin.Answer) (*tg.User, error) {
	s, err := c.BeginSignIn()
	if err != nil {
		return nil, err
	}
	for {
		prompt := s.Prompt()
		if prompt.Step == signin.Done {
			return s.User(), nil
		}
		if err := s.step(ctx, a, prompt, first); err != nil {
			if phone := s.Prompt().Phone; phone != "" {
				return nil, fmt.Errorf("telegram: signing in as %s: %w", phone, err)
			}
			return nil, fmt.Errorf("telegram: signing in: %w", err)
		}
		first = nil
	}
}

// A SignIn is a sign-in that goes on step by step, as its owner has the
// answers. It is safe for concurrent use.
type SignIn struct {
	c    *Client
	news chan struct{} // has room for one

	received []tg.UpdateClass // not taken in yet; guarded by c.mu

	mu   sync.Mutex // guards what follows
	flow *signin.Flow
	user *tg.User // nil until signed in
}

// BeginSignIn begins a sign-in. Its Prompt says what is asked for first; where
// the client is signed in already, the step is [signin.Done]. A client deals
// with one at a time: what Telegram sends by itself goes to the newest.
func (c *Client) BeginSignIn() (*SignIn, error) {
	return c.beginSignIn(func(o signin.Options) (*signin.Flow, error) { return signin.New(o), nil })
}

// ResumeSignIn goes on with a sign-in whose State has been stored, by another
// run of the program perhaps. The client's Store must be the one of then. A
// sign-in that came to its end after the state was stored is found out.
func (c *Client) ResumeSignIn(ctx context.Context, state signin.State) (*SignIn, error) {
	s, err := c.beginSignIn(func(o signin.Options) (*signin.Flow, error) { return signin.Resume(o, state) })
	if err != nil || s.User() != nil {
		return s, err
	}
	user, err := c.whoAmI(ctx)
	if isEnd(err) || errors.Is(err, tg.ErrSessionPasswordNeeded) {
		return s, nil // nobody yet
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, s.complete(ctx, &tg.AuthAuthorization{User: user})
}

func (c *Client) beginSignIn(begin func(signin.Options) (*signin.Flow, error)) (*SignIn, error) {
	c.signing.Lock()
	defer c.signing.Unlock()
	if err := c.Err(); err != nil {
		return nil, err
	}
	s := &SignIn{c: c, news: make(chan struct{}, 1), user: c.Self()}
	if s.user == nil && c.Lapsed() != nil {
		if err := c.forgetKeys(); err != nil {
			return nil, err
		}
	}
	options := signin.Options{
		APIID: c.o.APIID, APIHash: c.o.APIHash, Remote: remote{c}, Now: time.Now, Rand: rand.Reader,
	}
	for _, token := range c.logoutTokens() {
		options.LogoutTokens = append(options.LogoutTokens, token)
	}
	var err error
	if s.flow, err = begin(options); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signIn = s
	return s, nil
}

// remote is the client as a sign-in uses it.
type remote struct{ *Client }

func (r remote) DC() int { return r.mainDC() }

func (r remote) SetDC(dc int) error {
	if len(r.addresses(dc)) == 0 {
		return &UnknownDCError{dc}
	}
	if old := r.setMain(dc); old != nil {
		old.fail(ErrClosed)
	}
	return nil
}

// Prompt returns what is asked for now.
func (s *SignIn) Prompt() signin.Prompt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt()
}

func (s *SignIn) prompt() signin.Prompt {
	if s.user != nil {
		return signin.Prompt{Step: signin.Done, Phone: s.flow.Prompt().Phone}
	}
	return s.flow.Prompt()
}

// State returns what ResumeSignIn goes on from. It is to be kept as safe as
// the credentials.
func (s *SignIn) State() signin.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flow.State()
}

// User returns as whom the client is signed in, nil until it is.
func (s *SignIn) User() *tg.User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}

// Changed is sent to when Telegram has said something by itself: another
// device has accepted the QR code, or the code comes in another way. Refresh
// then tells what.
func (s *SignIn) Changed() <-chan struct{} { return s.news }

// Submit gives an answer and returns what is asked next. Once that is
// [signin.Done], the client is signed in and its credentials are saved. The
// error is as that of [signin.Flow.Submit], and leaves the sign-in where it
// was.
func (s *SignIn) Submit(ctx context.Context, a signin.Answer) (signin.Prompt, error) {
	if a.Action == signin.GivePhone {
		a.Text = digits(a.Text)
	}
	return s.advance(ctx, func() error {
		_, err := s.flow.Submit(ctx, a)
		return err
	})
}

// Refresh takes in what Telegram has sent by itself, and at the step
// [signin.AtQR] gets a QR code in place of the one that is shown, whose half
// minute may be over.
func (s *SignIn) Refresh(ctx context.Context) (signin.Prompt, error) {
	return s.advance(ctx, func() error {
		for _, u := range s.c.takeEarly(s) {
			s.flow.Received(u)
		}
		_, err := s.flow.Refresh(ctx)
		return err
	})
}

// advance goes on by some means, and notes who is signed in then.
func (s *SignIn) advance(ctx context.Context, by func() error) (signin.Prompt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.c.signing.Lock()
	defer s.c.signing.Unlock()
	if err := s.c.Err(); err != nil {
		return s.prompt(), err
	}
	if s.user == nil {
		s.user = s.c.Self()
	}
	if s.user != nil {
		return s.prompt(), nil
	}
	// What is done already could not be saved the last time.
	if s.flow.Authorization() == nil {
		if err := by(); err != nil {
			return s.prompt(), err
		}
	}
	if a := s.flow.Authorization(); a != nil {
		if err := s.complete(ctx, a); err != nil {
			return s.prompt(), err
		}
	}
	return s.prompt(), nil
}

// complete saves what the sign-in has ended in. s.mu is held.
func (s *SignIn) complete(ctx context.Context, a *tg.AuthAuthorization) error {
	user, ok := a.User.(*tg.User)
	if !ok {
		return errors.New("telegram: the authorization is for nobody")
	}
	c := s.c
	main := c.mainDC()
	state := c.firstState(ctx)
	err := c.save(func(c *Credentials) {
		c.DC, c.UserID, c.Bot, c.State = main, user.ID, user.Bot, state
		if len(a.FutureAuthToken) > 0 { // R-LG-09
			c.addLogoutToken(a.FutureAuthToken)
		}
	})
	if err != nil {
		return err
	}
	c.signedIn(user)
	s.user = user
	return nil
}

// firstState returns the state of the account's updates, so that the handler
// gets whatever happens once SignIn has returned (R-LG-11). Without it, the
// update engine asks again.
func (c *Client) firstState(ctx context.Context) updates.State {
	if c.o.Handler == nil {
		return updates.State{}
	}
	s, err := tg.Call(ctx, c, &tg.UpdatesGetState{})
	if err != nil {
		c.o.Logger.Info("no state of updates after the sign-in", "error", err)
		return updates.State{}
	}
	return updates.State{Common: updates.Common{PTS: s.Pts, QTS: s.Qts, Date: s.Date, Seq: s.Seq}}
}

func (c *Client) logoutTokens() []LogoutToken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.credentials.LogoutTokens
}

// step asks a one question and gives the answer on.
func (s *SignIn) step(ctx context.Context, a Authenticator, prompt signin.Prompt, known *signin.Answer) error {
	if known == nil {
		answer, err := a.Answer(ctx, prompt)
		if err != nil {
			return err
		}
		known = &answer
	}
	if prompt.Step == signin.AtQR && known.Action == "" {
		return s.waitForQR(ctx, prompt.QR.Expires)
	}
	_, err := s.Submit(ctx, *known)
	return err
}

// How long a QR code is shown at least and at most. It usually lasts 30 s;
// with a clock that is wrong it would seem to last for ever, or not at all.
const (
	minShown = time.Second
	maxShown = time.Minute
)

// waitForQR waits until a QR code is accepted or has expired (R-LG-30,
// R-LG-32).
func (s *SignIn) waitForQR(ctx context.Context, expires time.Time) error {
	timer := time.NewTimer(min(max(time.Until(expires), minShown), maxShown))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.news:
	case <-s.c.done:
		return s.c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := s.Refresh(ctx)
	return err
}

// early takes what the main data centre sends by itself before anybody is
// signed in.
func (c *Client) early(dc int, body []byte) {
	r := tl.NewReader(body)
	short, ok := tg.Decode[tg.UpdatesClass](r).(*tg.UpdateShort)
	if !ok || r.Finish() != nil {
		return
	}
	switch short.Update.(type) {
	case *tg.UpdateLoginToken, *tg.UpdateSentPhoneCode:
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.signIn
	if s == nil || dc != c.main || len(s.received) >= maxEarly {
		return
	}
	s.received = append(s.received, short.Update)
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// maxEarly is how many updates wait for a sign-in to take them in.
const maxEarly = 100

// takeEarly returns what has been received for a sign-in.
func (c *Client) takeEarly(s *SignIn) []tg.UpdateClass {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := s.received
	s.received = nil
	return all
}

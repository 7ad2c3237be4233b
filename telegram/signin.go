package telegram

import (
	"context"
	"errors"
	"fmt"

	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/updates"
)

// maxRestarts is how often Telegram may ask to begin a sign-in anew.
const maxRestarts = 3

// SignIn signs in as a person, with a code sent to a phone, a 2FA password
// where there is one, or a new account where there is none. It asks a for what
// it needs. Where the stored credentials are signed in already, it asks
// nothing and returns as whom.
//
// A wrong code or password is asked for again, with the reason in the prompt;
// an expired code is replaced by a new one. Telegram is followed to the data
// centre of the account. Other refusals are returned: a *mtproto.RPCError,
// such as tg.ErrPhoneNumberInvalid, tg.ErrPhoneNumberBanned or tg.ErrFloodWait.
func (c *Client) SignIn(ctx context.Context, a Authenticator) (*tg.User, error) {
	return c.signInBy(ctx, func() (*tg.AuthAuthorization, error) {
		phone, err := a.Phone(ctx)
		if err != nil {
			return nil, err
		}
		s := &signIn{c: c, ask: a, phone: digits(phone)}
		authorization, err := s.run(ctx)
		if err != nil {
			return nil, fmt.Errorf("telegram: signing in as %s: %w", phone, err)
		}
		return authorization, nil
	})
}

// SignInBot signs in as the bot of a token, which https://t.me/BotFather gives
// out. Where the stored credentials are signed in already, it returns as whom.
// A token that is not good is a *mtproto.RPCError: tg.ErrAccessTokenInvalid or
// tg.ErrAccessTokenExpired (R-LG-20).
func (c *Client) SignInBot(ctx context.Context, token string) (*tg.User, error) {
	return c.signInBy(ctx, func() (*tg.AuthAuthorization, error) {
		answer, err := tg.Call(ctx, c, &tg.AuthImportBotAuthorization{
			APIID: int32(c.o.APIID), APIHash: c.o.APIHash, BotAuthToken: token,
		})
		if err != nil {
			return nil, fmt.Errorf("telegram: signing in as a bot: %w", err)
		}
		return authorized(answer)
	})
}

// signInBy signs in by some way, unless the client is signed in.
func (c *Client) signInBy(ctx context.Context, way func() (*tg.AuthAuthorization, error)) (*tg.User, error) {
	c.signing.Lock()
	defer c.signing.Unlock()
	if err := c.Err(); err != nil {
		return nil, err
	}
	if self := c.Self(); self != nil {
		return self, nil
	}
	if c.Lapsed() != nil {
		if err := c.forgetKeys(); err != nil {
			return nil, err
		}
	}
	authorization, err := way()
	if err != nil {
		return nil, err
	}
	user, ok := authorization.User.(*tg.User)
	if !ok {
		return nil, errors.New("telegram: the authorization is for nobody")
	}
	main := c.mainDC()
	state := c.firstState(ctx)
	err = c.save(func(c *Credentials) {
		c.DC, c.UserID, c.Bot, c.State = main, user.ID, user.Bot, state
	})
	if err != nil {
		return nil, err
	}
	c.signedIn(user)
	return user, nil
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

// authorized returns the authorization in an answer that must be one.
func authorized(answer tg.AuthAuthorizationClass) (*tg.AuthAuthorization, error) {
	authorization, ok := answer.(*tg.AuthAuthorization)
	if !ok {
		return nil, fmt.Errorf("telegram: unexpected answer %s to a sign-in", tg.ConstructorName(answer.TypeID()))
	}
	return authorization, nil
}

// A signIn is a sign-in under way:
//
//	sendCode ──▶ code ──▶ signIn ──▶ authorization
//	    ▲          ▲        │ │ │
//	    │          └─wrong──┘ │ ├──password needed──▶ checkPassword
//	    └──────────expired────┘ └──no account──▶ signUp
type signIn struct {
	c     *Client
	ask   Authenticator
	phone string

	sent     *tg.AuthSentCode
	attempt  int
	restarts int
	problem  error
}

// run signs in (R-LG-01 to R-LG-11).
func (s *signIn) run(ctx context.Context) (*tg.AuthAuthorization, error) {
	for {
		if s.sent == nil {
			authorization, err := s.sendCode(ctx)
			if s.restart(err) {
				continue
			}
			if err != nil || authorization != nil {
				return authorization, err
			}
		}
		code, err := s.askCode(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := s.tryCode(ctx, code)
		switch {
		case err == nil:
			if prompt, ok := answer.(*tg.AuthAuthorizationSignUpRequired); ok {
				return s.signUp(ctx, prompt.TermsOfService)
			}
			return authorized(answer)
		case errors.Is(err, tg.ErrPhoneCodeInvalid), errors.Is(err, tg.ErrPhoneCodeEmpty):
			s.problem = err
		case errors.Is(err, tg.ErrPhoneCodeExpired):
			s.problem, s.sent = err, nil
		case errors.Is(err, tg.ErrSessionPasswordNeeded):
			return s.password(ctx)
		case errors.Is(err, tg.ErrPhoneNumberUnoccupied):
			return s.signUp(ctx, nil)
		case s.restart(err):
		default:
			return nil, err
		}
	}
}

// restart reports whether Telegram asks to begin with a new code (R-ER-10).
func (s *signIn) restart(err error) bool {
	if !errors.Is(err, tg.ErrAuthRestart) || s.restarts >= maxRestarts {
		return false
	}
	s.restarts++
	s.sent = nil
	return true
}

// sendCode has a code sent, or is signed in at once by the token of an earlier
// logging out (R-LG-01, R-LG-02).
func (s *signIn) sendCode(ctx context.Context) (*tg.AuthAuthorization, error) {
	request := &tg.AuthSendCode{PhoneNumber: s.phone, APIID: int32(s.c.o.APIID), APIHash: s.c.o.APIHash}
	for _, token := range s.c.logoutTokens() {
		request.Settings.LogoutTokens = append(request.Settings.LogoutTokens, token)
	}
	answer, err := tg.Call(ctx, s.c, request)
	if err != nil {
		return nil, err
	}
	switch answer := answer.(type) {
	case *tg.AuthSentCode:
		s.sent = answer
	case *tg.AuthSentCodeSuccess:
		return authorized(answer.Authorization)
	default:
		return nil, fmt.Errorf("%s is not supported", tg.ConstructorName(answer.TypeID()))
	}
	if _, ok := s.sent.Type.(*tg.AuthSentCodeTypeSetUpEmailRequired); ok {
		return nil, errors.New("an e-mail address has to be set for this account first, which an official app can do")
	}
	return nil, nil
}

func (c *Client) logoutTokens() []LogoutToken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.credentials.LogoutTokens
}

func (s *signIn) askCode(ctx context.Context) (string, error) {
	s.attempt++
	return s.ask.Code(ctx, CodePrompt{
		Phone: s.phone, Type: s.sent.Type, Length: codeLength(s.sent.Type), Attempt: s.attempt, Problem: s.problem,
	})
}

// tryCode signs in with a code (R-LG-06, R-LG-08).
func (s *signIn) tryCode(ctx context.Context, code string) (tg.AuthAuthorizationClass, error) {
	request := &tg.AuthSignIn{PhoneNumber: s.phone, PhoneCodeHash: s.sent.PhoneCodeHash}
	if _, ok := s.sent.Type.(*tg.AuthSentCodeTypeEmailCode); ok {
		request.EmailVerification = &tg.EmailVerificationCode{Code: code}
	} else {
		request.PhoneCode = tl.Some(code)
	}
	return tg.Call(ctx, s.c, request)
}

// signUp makes an account (R-LG-07).
func (s *signIn) signUp(ctx context.Context, terms *tg.HelpTermsOfService) (*tg.AuthAuthorization, error) {
	name, err := s.ask.SignUp(ctx, SignUpPrompt{Phone: s.phone, Terms: terms})
	if err != nil {
		return nil, err
	}
	answer, err := tg.Call(ctx, s.c, &tg.AuthSignUp{
		PhoneNumber: s.phone, PhoneCodeHash: s.sent.PhoneCodeHash, FirstName: name.First, LastName: name.Last,
	})
	if err != nil {
		return nil, err
	}
	return authorized(answer)
}

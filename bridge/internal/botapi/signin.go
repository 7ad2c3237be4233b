package botapi

import (
	"context"
	"sync"

	"godwit/bridge"
)

// A SignIn asks for the token of a bot until there is one that Telegram knows.
type SignIn struct {
	e       *Environment
	account *bridge.Account
	epoch   int64

	mu   sync.Mutex
	step bridge.SignIn
}

// The step and the action of a sign-in, as those of people are called.
const (
	stepStart  = "start"
	stepDone   = "done"
	actionGive = "bot_token"
)

// BeginSignIn begins a sign-in. Nothing is stored before it is done.
func (e *Environment) BeginSignIn(a *bridge.Account, epoch int64) *SignIn {
	return &SignIn{
		e: e, account: a, epoch: epoch,
		step: bridge.SignIn{Step: stepStart, Actions: []string{actionGive}, Attempt: 1},
	}
}

// Step returns what is asked for.
func (s *SignIn) Step(context.Context) (*bridge.SignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	step := s.step
	return &step, nil
}

// Answer takes the token. One that Telegram does not know can be given again. The
// error is as that of [Environment.SignIn].
func (s *SignIn) Answer(ctx context.Context, a bridge.Answer) (*bridge.SignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.step.Step == stepDone || a.Action != actionGive {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The sign-in of bot %s is at %s and takes %q, not %q.",
			s.account.ID, s.step.Step, s.step.Actions, a.Action)
	}
	switch err := s.e.SignIn(ctx, s.account, s.epoch, a.Text); {
	case bridge.CodeOf(err) == bridge.CodeLoginExpired:
		s.step.Attempt++
		s.step.Problem = &bridge.SignInProblem{
			Code: bridge.CodeLoginExpired, Detail: "Telegram does not know the token. Copy it from @BotFather once more.",
		}
	case err != nil:
		return nil, err
	default:
		s.step = bridge.SignIn{Step: stepDone, Actions: []string{}}
	}
	step := s.step
	return &step, nil
}

// Close does nothing: there is no connection.
func (s *SignIn) Close() {}

// Cancel does nothing: nothing is stored.
func (s *SignIn) Cancel(context.Context) error { return nil }

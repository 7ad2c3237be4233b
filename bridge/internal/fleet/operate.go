package fleet

import (
	"context"
	"errors"

	"godwit/bridge"
	"godwit/bridge/internal/account"
)

// Report says what has happened to an account of this node, and returns the
// account as it is then.
func (f *Fleet) Report(id bridge.AccountID, c bridge.Cause) (*bridge.Account, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	return e.apply(c)
}

// Renew takes in what has been changed of an account in the store, and has it run
// that way: a runner that there is makes room for another one.
func (f *Fleet) Renew(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	e.applying.Lock()
	defer e.applying.Unlock()
	a, err := f.o.Store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	if e.ended || a.Epoch != e.epoch {
		e.mu.Unlock()
		return nil, f.elsewhere(id)
	}
	e.account = a
	if e.restart != nil {
		e.restart.Stop()
	}
	if e.run != nil {
		e.leave() // what it reports meanwhile is of one that is no more
	}
	gone := e.leaving
	e.mu.Unlock()
	if gone != nil {
		<-gone
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.start()
	return a, nil
}

// Runner returns what runs an account. The error is a *bridge.Error: of
// CodeUnavailable where this node does not own it, of CodeAccountNotOnline,
// CodeAccountBanned where it does not run.
func (f *Fleet) Runner(id bridge.AccountID) (Runner, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.run != nil {
		return e.run.runner, nil
	}
	return nil, notOnline(id, e.account.Status)
}

// Epoch returns the epoch under which this node owns an account, and false if
// it does not.
func (f *Fleet) Epoch(id bridge.AccountID) (int64, bool) {
	e, err := f.entry(id)
	if err != nil {
		return 0, false
	}
	return e.epoch, true
}

func notOnline(id bridge.AccountID, s bridge.Status) error {
	code := bridge.CodeAccountNotOnline
	if s.State == bridge.Banned {
		code = bridge.CodeAccountBanned
	}
	err := bridge.Errorf(code, "Account %s is %s. %s", id, s.State, s.WhatToDo())
	if s.State.Runs() {
		err.Detail = "Account " + string(id) + " is about to connect to Telegram. Try again in a moment."
	}
	return err
}

// BeginSignIn begins a sign-in of an account, in place of one that was begun
// before.
func (f *Fleet) BeginSignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	switch s := e.stored(); s.State {
	case bridge.New, bridge.LoginRequired, bridge.SignedOut, bridge.SigningIn:
	case bridge.Banned:
		return nil, notOnline(id, s)
	default:
		return nil, bridge.Errorf(bridge.CodeConflict, "Account %s is signed in already: it is %s.", id, s.State)
	}
	e.forgetSignIn()
	e.mu.Lock()
	a := e.account
	e.mu.Unlock()
	s, err := f.o.Starter.BeginSignIn(ctx, a, e.epoch)
	if err != nil {
		return nil, err
	}
	if err := e.keepSignIn(s); err != nil {
		return nil, err
	}
	if _, err := e.apply(bridge.Cause{Kind: bridge.SignInBegun}); err != nil {
		return nil, err
	}
	return e.step(ctx, func(s SignIn) (*bridge.SignIn, error) { return s.Step(ctx) })
}

// SignIn returns what the sign-in of an account asks for.
func (f *Fleet) SignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	return e.step(ctx, func(s SignIn) (*bridge.SignIn, error) { return s.Step(ctx) })
}

// AnswerSignIn answers it.
func (f *Fleet) AnswerSignIn(ctx context.Context, id bridge.AccountID, a bridge.Answer) (*bridge.SignIn, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	return e.step(ctx, func(s SignIn) (*bridge.SignIn, error) { return s.Answer(ctx, a) })
}

// CancelSignIn gives the sign-in of an account up.
func (f *Fleet) CancelSignIn(ctx context.Context, id bridge.AccountID) error {
	e, err := f.entry(id)
	if err != nil {
		return err
	}
	s, err := e.signInOf(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.signIn = nil
	e.mu.Unlock()
	if err := s.Cancel(ctx); err != nil {
		return err
	}
	_, err = e.apply(bridge.Cause{Kind: bridge.SignInFailed})
	return err
}

// signInOf returns the sign-in that is under way, which may have been begun
// before the node started.
func (e *entry) signInOf(ctx context.Context) (SignIn, error) {
	e.mu.Lock()
	s, a, ended := e.signIn, e.account, e.ended
	e.mu.Unlock()
	switch {
	case ended:
		return nil, e.f.elsewhere(e.id)
	case s != nil:
		return s, nil
	}
	if a.Status.State != bridge.SigningIn {
		return nil, bridge.Errorf(bridge.CodeNotFound, "No sign-in of account %s is under way: it is %s.", e.id, a.Status.State)
	}
	s, err := e.f.o.Starter.ResumeSignIn(ctx, a, e.epoch)
	if err != nil {
		return nil, err
	}
	return s, e.keepSignIn(s)
}

// keepSignIn keeps a sign-in for the next step, unless the account has gone.
func (e *entry) keepSignIn(s SignIn) error {
	e.mu.Lock()
	ended := e.ended
	other := e.signIn
	if !ended {
		e.signIn = s
	}
	e.mu.Unlock()
	if ended {
		s.Close()
		return e.f.elsewhere(e.id)
	}
	if other != nil && other != s {
		other.Close()
	}
	return nil
}

// forgetSignIn closes the sign-in that is under way, if one is.
func (e *entry) forgetSignIn() {
	e.mu.Lock()
	s := e.signIn
	e.signIn = nil
	e.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

// signInDone is the step at which an account is signed in.
const signInDone = "done"

// step moves the sign-in. When it is done, the account comes online.
func (e *entry) step(ctx context.Context, move func(SignIn) (*bridge.SignIn, error)) (*bridge.SignIn, error) {
	s, err := e.signInOf(ctx)
	if err != nil {
		return nil, err
	}
	step, err := move(s)
	switch code := bridge.CodeOf(err); {
	case code == bridge.CodeOtherAccount, code == bridge.CodeConflict:
		e.forgetSignIn()
		_, failed := e.apply(bridge.Cause{Kind: bridge.SignInRefused})
		return nil, errors.Join(err, failed)
	case errors.Is(err, account.ErrBanned):
		e.forgetSignIn()
		cause, _ := account.CauseOf(err)
		_, failed := e.apply(cause)
		return nil, errors.Join(err, failed)
	case err != nil:
		return nil, err
	}
	if step.Step != signInDone {
		return step, nil
	}
	e.forgetSignIn()
	if _, err := e.apply(bridge.Cause{Kind: bridge.SignedInAgain}); err != nil {
		return nil, err
	}
	return step, nil
}

// SignOut ends the session of an account at Telegram, if it can be reached, and
// takes it offline.
func (f *Fleet) SignOut(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	e, err := f.entry(id)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	r, runs := e.run, e.account.Status.State.Runs()
	e.mu.Unlock()
	if runs {
		if r == nil {
			return nil, notOnline(id, e.status())
		}
		if err := r.runner.SignOut(ctx); err != nil {
			return nil, err
		}
	}
	e.forgetSignIn()
	return e.apply(bridge.Cause{Kind: bridge.SignedOutBy})
}

// Forget stops looking after an account that is about to be deleted.
func (f *Fleet) Forget(id bridge.AccountID) { f.drop(func(e *entry) bool { return e.id == id }) }

package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
)

var (
	_ httpapi.Accounts = (*Service)(nil)
	_ httpapi.Owners   = (*Service)(nil)
)

// CreateAccount adds an account that nobody has signed in yet.
func (s *Service) CreateAccount(ctx context.Context, n httpapi.NewAccount) (*bridge.Account, error) {
	now := s.Now()
	id, err := bridge.NewID[bridge.AccountID](now, entropy)
	if err != nil {
		return nil, err
	}
	a := &bridge.Account{
		ID: id, Name: n.Name, Kind: n.Kind, Status: bridge.Status{State: bridge.New, Since: now}, CreatedAt: now,
		UpdatesBy: n.UpdatesBy,
	}
	if a.Kind == bridge.BotAccount && a.UpdatesBy == "" {
		a.UpdatesBy = bridge.ByPolling
	}
	if err := s.mayComeBy(a, a.UpdatesBy); err != nil {
		return nil, err
	}
	if err := s.Store.Change(ctx, func(t *store.Tx) error { return t.AddAccount(a) }); err != nil {
		return nil, err
	}
	if err := s.Fleet.Adopt(ctx, id); err != nil {
		return nil, err
	}
	return s.Store.Account(ctx, id)
}

// mayComeBy refuses a way of updates that there is not.
func (s *Service) mayComeBy(a *bridge.Account, by bridge.UpdatesBy) error {
	switch {
	case a.Kind != bridge.BotAccount && by != "":
		return bridge.Errorf(bridge.CodeSurfaceUnable,
			"updates_by is for bots: the updates of a person's account come over the connection that it has.")
	case by == bridge.ByWebhook && !s.BotWebhooks:
		return bridge.Errorf(bridge.CodeInvalidRequest,
			"Telegram does not reach this daemon: start it with --public-url, or have the bot's updates polled for.")
	}
	return nil
}

// SetUpdatesBy changes how the updates of a bot come.
func (s *Service) SetUpdatesBy(ctx context.Context, id bridge.AccountID, by bridge.UpdatesBy) (*bridge.Account, error) {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.mayComeBy(a, by); err != nil || a.UpdatesBy == by {
		return a, err
	}
	if err := s.Store.Change(ctx, func(t *store.Tx) error { return t.SetUpdatesBy(id, by) }); err != nil {
		return nil, err
	}
	return s.Fleet.Renew(ctx, id)
}

// Account returns an account.
func (s *Service) Account(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	return s.Store.Account(ctx, id)
}

// Accounts returns up to limit accounts after another one.
func (s *Service) Accounts(ctx context.Context, after bridge.AccountID, limit int) ([]*bridge.Account, error) {
	return s.Store.Accounts(ctx, after, limit)
}

// DeleteAccount signs an account out, if it is signed in and can be reached, and
// deletes all that there is of it.
func (s *Service) DeleteAccount(ctx context.Context, id bridge.AccountID) error {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return err
	}
	if a.Status.State.Runs() {
		if _, err := s.Fleet.SignOut(ctx, id); err != nil {
			return err
		}
	}
	s.Fleet.Forget(id)
	s.Vault.Forget(id)
	if err := s.Store.Change(ctx, func(t *store.Tx) error { return t.DeleteAccount(id) }); err != nil {
		return err
	}
	s.Deleted(id)
	return nil
}

// Start brings a paused account online.
func (s *Service) Start(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	a, err := s.Fleet.Report(id, bridge.Cause{Kind: bridge.Started})
	if err != nil {
		return nil, err
	}
	if !a.Status.State.Runs() {
		return nil, bridge.Errorf(bridge.CodeConflict, "Account %s is %s. %s", id, a.Status.State, a.Status.WhatToDo())
	}
	return a, nil
}

// Pause takes an account offline.
func (s *Service) Pause(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	a, err := s.Fleet.Report(id, bridge.Cause{Kind: bridge.PausedByOperator})
	if err != nil {
		return nil, err
	}
	if a.Status.State != bridge.Paused {
		return nil, bridge.Errorf(bridge.CodeConflict, "Account %s is %s and not online.", id, a.Status.State)
	}
	return a, nil
}

// SignOut ends the session of an account at Telegram.
func (s *Service) SignOut(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
	return s.Fleet.SignOut(ctx, id)
}

// SignIn returns what the sign-in of an account asks for.
func (s *Service) SignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error) {
	return s.ended(ctx, id)(s.Fleet.SignIn(ctx, id))
}

// BeginSignIn begins a sign-in.
func (s *Service) BeginSignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error) {
	return s.Fleet.BeginSignIn(ctx, id)
}

// AnswerSignIn answers a step of a sign-in.
func (s *Service) AnswerSignIn(ctx context.Context, id bridge.AccountID, a bridge.Answer) (*bridge.SignIn, error) {
	return s.ended(ctx, id)(s.Fleet.AnswerSignIn(ctx, id, a))
}

// ended has login links of an account that is signed in be good no more.
func (s *Service) ended(ctx context.Context, id bridge.AccountID) func(*bridge.SignIn, error) (*bridge.SignIn, error) {
	return func(step *bridge.SignIn, err error) (*bridge.SignIn, error) {
		if err == nil && step.Step == "done" {
			err = s.Store.Change(ctx, func(t *store.Tx) error { return t.DeleteLoginLinks(id) })
		}
		return step, err
	}
}

// CancelSignIn gives a sign-in up.
func (s *Service) CancelSignIn(ctx context.Context, id bridge.AccountID) error {
	return s.Fleet.CancelSignIn(ctx, id)
}

// linkLifetime is how long a login link is good.
const linkLifetime = 24 * time.Hour

// LoginLink makes a login link.
func (s *Service) LoginLink(ctx context.Context, id bridge.AccountID) (token string, expires time.Time, err error) {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	switch a.Status.State {
	case bridge.New, bridge.LoginRequired, bridge.SignedOut, bridge.SigningIn:
	default:
		return "", time.Time{}, bridge.Errorf(bridge.CodeConflict, "Account %s is %s: there is nobody to sign in.", id, a.Status.State)
	}
	token, expires = rand.Text(), s.Now().Add(linkLifetime)
	hash := sha256.Sum256([]byte(token))
	err = s.Store.Change(ctx, func(t *store.Tx) error { return t.AddLoginLink(hash[:], id, expires) })
	return token, expires, err
}

// LinkedAccount returns the account that a login link is for.
func (s *Service) LinkedAccount(ctx context.Context, token string) (bridge.AccountID, error) {
	hash := sha256.Sum256([]byte(token))
	return s.Store.LoginLink(ctx, hash[:], s.Now())
}

// Health returns how an account is.
func (s *Service) Health(ctx context.Context, id bridge.AccountID) (*bridge.Health, error) {
	a, err := s.Store.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	backlog, err := s.Store.Backlog(ctx, id, s.Now())
	if err != nil {
		return nil, err
	}
	h := &bridge.Health{
		State: a.Status.State, Since: a.Status.Since, Node: a.Node, Queued: backlog.Queued, OldestUnsent: backlog.Oldest,
	}
	r, err := s.Fleet.Runner(id)
	if err != nil {
		var e *bridge.Error
		if errors.As(err, &e) {
			return h, nil // it does not run, and the state says why
		}
		return nil, err
	}
	return h, r.Health(ctx, h)
}

// withDevices returns what runs an account, if such accounts have devices.
func (s *Service) withDevices(ctx context.Context, id bridge.AccountID) (fleet.Runner, error) {
	if err := s.able(ctx, id, bridge.ManageDevices); err != nil {
		return nil, err
	}
	return s.Fleet.Runner(id)
}

// Devices returns who is signed in to an account.
func (s *Service) Devices(ctx context.Context, id bridge.AccountID) ([]bridge.Device, error) {
	r, err := s.withDevices(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.Devices(ctx)
}

// EndDevice signs a device out.
func (s *Service) EndDevice(ctx context.Context, id bridge.AccountID, device int64) error {
	r, err := s.withDevices(ctx, id)
	if err != nil {
		return err
	}
	return r.EndDevice(ctx, device)
}

// ConfirmDevice says that the sign-in of a device was the owner's.
func (s *Service) ConfirmDevice(ctx context.Context, id bridge.AccountID, device int64) error {
	r, err := s.withDevices(ctx, id)
	if err != nil {
		return err
	}
	return r.ConfirmDevice(ctx, device)
}

// LoginCode returns the last login code that Telegram has written to an account.
func (s *Service) LoginCode(ctx context.Context, id bridge.AccountID) (*bridge.LoginCode, error) {
	r, err := s.withDevices(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.LoginCode(ctx)
}

// Owner returns where the node that runs an account is, "" for here.
func (s *Service) Owner(ctx context.Context, id bridge.AccountID) (string, error) {
	if s.Fleet.Owns(id) {
		return "", nil
	}
	node, address, err := s.Store.Owner(ctx, id)
	if err != nil {
		return "", err
	}
	if node == "" || node == s.Node || address == "" {
		return "", &bridge.Error{
			Code: bridge.CodeUnavailable, RetryAt: s.Now().Add(time.Second),
			Detail: "No node of the bridge runs account " + string(id) + " at the moment. Try again.",
		}
	}
	return address, nil
}

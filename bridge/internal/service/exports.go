package service

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
)

var _ httpapi.Exports = (*Service)(nil)

// maxExports is how many exports of an account may wait to be made.
const maxExports = 100

// CreateExport stores an export that is to be made when the account is online.
func (s *Service) CreateExport(ctx context.Context, r httpapi.ExportRequest) (*bridge.Export, error) {
	a, err := s.Store.Account(ctx, r.Account)
	if err != nil {
		return nil, err
	}
	if err := bridge.Can(a.Kind, bridge.ListMembers); err != nil {
		return nil, err
	}
	if err := signedIn(a); err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	e := &bridge.Export{
		AccountID: a.ID, Group: r.Group, List: r.List, Query: r.Query, State: bridge.ExportQueued, Gap: bridge.GapUnfinished,
		CreatedAt: now, RequestBy: r.By,
	}
	if err := e.Check(); err != nil {
		return nil, err
	}
	if e.ID, err = bridge.NewID[bridge.ExportID](now, entropy); err != nil {
		return nil, err
	}
	err = s.Store.Change(ctx, func(t *store.Tx) error {
		answer, err := store.Once(t, "export "+string(r.By)+" "+string(a.ID), r.Idempotency, r, now,
			func() (*bridge.Export, error) { return e, s.addExport(t, e) })
		e = answer
		return err
	})
	if err != nil {
		return nil, err
	}
	if runner, err := s.Fleet.Runner(a.ID); err == nil { // else it is made when the account is online
		runner.Export()
	}
	return e, nil
}

func (s *Service) addExport(t *store.Tx, e *bridge.Export) error {
	if _, err := t.Account(e.AccountID); err != nil { // one after the other
		return err
	}
	n, err := t.PendingExports(e.AccountID)
	switch {
	case err != nil:
		return err
	case n >= maxExports:
		return bridge.Errorf(bridge.CodeConflict, "%d exports of account %s wait to be made. Cancel some, or wait.", n, e.AccountID)
	}
	if err := s.nameGroup(t, e); err != nil {
		return err
	}
	return t.AddExport(e)
}

// nameGroup finds out what is known already of the group of an export. A group
// that the account has never come across cannot be named to Telegram.
func (s *Service) nameGroup(t *store.Tx, e *bridge.Export) error {
	known, err := t.KnownAs(e.AccountID, e.Group)
	if err != nil {
		return err
	}
	if known != nil && known.Peer.Resolved() {
		e.Group, e.Title = known.Peer, known.Title
		return e.Check()
	}
	if e.Group.Kind != bridge.ChannelPeer {
		return nil
	}
	met, err := t.Met(e.AccountID, e.Group)
	if err == nil && !met {
		err = bridge.Errorf(bridge.CodeNotFound, "Account %s has not come across %s. Give its username, or list the account's groups first.",
			e.AccountID, e.Group)
	}
	return err
}

// signedIn refuses accounts that nobody is signed in to.
func signedIn(a *bridge.Account) error {
	switch a.Status.State {
	case bridge.Banned:
		return bridge.Errorf(bridge.CodeAccountBanned, "Telegram has banned account %s.", a.ID)
	case bridge.New, bridge.SignedOut:
		return bridge.Errorf(bridge.CodeAccountNotOnline, "Account %s is %s. %s", a.ID, a.Status.State, a.Status.WhatToDo())
	}
	return nil
}

// Export returns an export of an account.
func (s *Service) Export(ctx context.Context, account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error) {
	return s.Store.Export(ctx, account, id)
}

// Exports returns up to limit exports of an account that were asked for before
// another one, the latest first.
func (s *Service) Exports(ctx context.Context, account bridge.AccountID, before bridge.ExportID, limit int) ([]*bridge.Export, error) {
	if _, err := s.Store.Account(ctx, account); err != nil {
		return nil, err
	}
	return s.Store.Exports(ctx, account, before, limit)
}

// CancelExport ends an export. What it holds by then stays. One that has been
// canceled before stays so.
func (s *Service) CancelExport(ctx context.Context, account bridge.AccountID, id bridge.ExportID) (e *bridge.Export, err error) {
	err = s.Store.Change(ctx, func(t *store.Tx) error {
		if e, err = t.Export(account, id); err != nil || e.State == bridge.ExportCanceled {
			return err
		}
		if e.State.Final() {
			return bridge.Errorf(bridge.CodeConflict, "Export %s is %s already.", id, e.State)
		}
		now := s.Now().UTC()
		e.Code, e.Error = "", ""
		e.End(bridge.ExportCanceled, now)
		if _, err := t.SetExport(e); err != nil {
			return err
		}
		event, err := bridge.NewEvent(now, entropy, bridge.ExportStopped, account, bridge.MTProto, "", e)
		if err != nil {
			return err
		}
		return t.AddEvent(event)
	})
	return e, err
}

// DeleteExport deletes an export with all that it holds.
func (s *Service) DeleteExport(ctx context.Context, account bridge.AccountID, id bridge.ExportID) error {
	return s.Store.Change(ctx, func(t *store.Tx) error { return t.DeleteExport(account, id) })
}

// ExportMembers returns up to limit of those that an export holds, after so many
// of them.
func (s *Service) ExportMembers(ctx context.Context, id bridge.ExportID, after, limit int) ([]bridge.Member, error) {
	return s.Store.ExportMembers(ctx, id, after, limit)
}

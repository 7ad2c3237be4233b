package httpapi

import (
	"context"
	"net/http"
	"time"

	"godwit/bridge"
)

// Administration is what concerns the whole of the bridge: who may use it, who is
// not to be written to, and who has asked for what. Errors are *bridge.Error.
type Administration interface {
	CreateKey(ctx context.Context, k *bridge.APIKey) (bridge.APIToken, error)
	Keys(ctx context.Context, after bridge.KeyID, limit int) ([]bridge.APIKey, error)
	RevokeKey(ctx context.Context, id bridge.KeyID) error

	// Suppress puts a person on the list of those who are not written to.
	Suppress(ctx context.Context, p bridge.Person, note string, by bridge.KeyID) (*bridge.Suppression, error)
	Suppressions(ctx context.Context, after bridge.SuppressionID, limit int) ([]bridge.Suppression, error)
	Unsuppress(ctx context.Context, id bridge.SuppressionID) error

	Audited(ctx context.Context, account bridge.AccountID, actor bridge.Actor, before bridge.AuditID, limit int) ([]bridge.AuditEntry, error)
	// Audit notes what was asked for and done.
	Audit(ctx context.Context, e bridge.AuditEntry) error
}

// KeyView is an API key as the API shows it: without what is secret of it.
type KeyView struct {
	ID         bridge.KeyID       `json:"id"`
	Name       string             `json:"name"`
	Scopes     []bridge.KeyScope  `json:"scopes"`
	Accounts   []bridge.AccountID `json:"accounts,omitempty" doc:"That it is for; with no pools either, it is for all."`
	Pools      []bridge.PoolID    `json:"pools,omitempty" doc:"Whose accounts it is for, too."`
	CreatedAt  time.Time          `json:"created_at"`
	ExpiresAt  time.Time          `json:"expires_at,omitzero"`
	LastUsedAt time.Time          `json:"last_used_at,omitzero" doc:"To the minute."`
	RevokedAt  time.Time          `json:"revoked_at,omitzero"`
}

func keyView(k *bridge.APIKey) KeyView {
	return KeyView{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, Accounts: k.Accounts, Pools: k.Pools, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
	}
}

// NewKey is an API key that is to be made.
type NewKey struct {
	Name      string             `json:"name" minLength:"1" maxLength:"200"`
	Scopes    []bridge.KeyScope  `json:"scopes" minItems:"1" doc:"accounts:read, accounts:write, messages:read, messages:send, contacts:read, contacts:write, exports, webhooks, or admin for everything."`
	Accounts  []bridge.AccountID `json:"accounts,omitempty"`
	Pools     []bridge.PoolID    `json:"pools,omitempty"`
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
}

// MadeKey is an API key with what a program shows to use it.
type MadeKey struct {
	KeyView
	Token string `json:"token" doc:"For Authorization: Bearer. It is not shown again."`
}

const (
	keysTag        = "API keys"
	suppressionTag = "Suppression list"
	auditTag       = "Audit log"
)

func (s *Server) registerAdministration() {
	register(s, operation{
		method: http.MethodPost, path: "/v1/keys", id: "create-key", tag: keysTag, scope: ScopeAdmin, whole: true,
		status: http.StatusCreated, summary: "Make an API key",
	}, s.createKey)
	register(s, operation{
		method: http.MethodGet, path: "/v1/keys", id: "list-keys", tag: keysTag, scope: ScopeAdmin, whole: true,
		summary: "List the API keys", detail: "Revoked and expired ones too.",
	}, func(ctx context.Context, in *Page) (*body[keyList], error) {
		keys, err := s.o.Administration.Keys(ctx, bridge.KeyID(in.After), in.Limit)
		views := viewsOf(keys, func(k bridge.APIKey) KeyView { return keyView(&k) })
		next := nextOf(keys, in.Limit, func(k bridge.APIKey) bridge.KeyID { return k.ID })
		return &body[keyList]{keyList{views, next}}, err
	})
	register(s, operation{
		method: http.MethodDelete, path: "/v1/keys/{key}", id: "revoke-key", tag: keysTag, scope: ScopeAdmin, whole: true,
		status: http.StatusNoContent, summary: "Revoke an API key", detail: "At once and for good.",
	}, func(ctx context.Context, in *struct {
		Key bridge.KeyID `path:"key"`
	}) (*nothing, error) {
		return nil, s.o.Administration.RevokeKey(ctx, in.Key)
	})
	s.registerSuppressions()
	s.registerAudit()
}

type keyList struct {
	Keys []KeyView `json:"keys"`
	Next string    `json:"next,omitempty"`
}

func (s *Server) createKey(ctx context.Context, in *body[NewKey]) (*body[MadeKey], error) {
	k := &bridge.APIKey{
		Name: in.Body.Name, Scopes: in.Body.Scopes, Accounts: in.Body.Accounts, Pools: in.Body.Pools, ExpiresAt: in.Body.ExpiresAt,
	}
	token, err := s.o.Administration.CreateKey(ctx, k)
	if err != nil {
		return nil, err
	}
	return &body[MadeKey]{MadeKey{keyView(k), token.Reveal()}}, nil
}

// NewSuppression is a person who is not to be written to.
type NewSuppression struct {
	bridge.Person
	Note string `json:"note,omitempty" maxLength:"500"`
}

type suppressionList struct {
	Suppressions []bridge.Suppression `json:"suppressions"`
	Next         string               `json:"next,omitempty"`
}

func (s *Server) registerSuppressions() {
	const path = "/v1/suppressions"
	register(s, operation{
		method: http.MethodPost, path: path, id: "suppress", tag: suppressionTag, scope: ScopeMessagesSend,
		status: http.StatusCreated, summary: "Have a person not be written to by any account",
	}, func(ctx context.Context, in *body[NewSuppression]) (*body[*bridge.Suppression], error) {
		v, err := s.o.Administration.Suppress(ctx, in.Body.Person, in.Body.Note, callerOf(ctx).KeyID())
		return &body[*bridge.Suppression]{v}, err
	})
	register(s, operation{
		method: http.MethodGet, path: path, id: "list-suppressions", tag: suppressionTag, scope: ScopeMessagesRead, whole: true,
		summary: "List those who are not written to", detail: "With why: the operator, a stop message, or a block.",
	}, func(ctx context.Context, in *Page) (*body[suppressionList], error) {
		list, err := s.o.Administration.Suppressions(ctx, bridge.SuppressionID(in.After), in.Limit)
		next := nextOf(list, in.Limit, func(s bridge.Suppression) bridge.SuppressionID { return s.ID })
		return &body[suppressionList]{suppressionList{append([]bridge.Suppression{}, list...), next}}, err
	})
	register(s, operation{
		method: http.MethodDelete, path: path + "/{suppression}", id: "unsuppress", tag: suppressionTag, scope: ScopeAdmin,
		whole: true, status: http.StatusNoContent, summary: "Take a person off the list",
		detail: "Only where the person has agreed to be written to again.",
	}, func(ctx context.Context, in *struct {
		Suppression bridge.SuppressionID `path:"suppression"`
	}) (*nothing, error) {
		return nil, s.o.Administration.Unsuppress(ctx, in.Suppression)
	})
}

type auditList struct {
	Entries []bridge.AuditEntry `json:"entries"`
	Next    string              `json:"next,omitempty" doc:"What before has to be for the next page; empty at the end."`
}

func (s *Server) registerAudit() {
	register(s, operation{
		method: http.MethodGet, path: "/v1/audit", id: "list-audit", tag: auditTag, scope: ScopeAdmin, whole: true,
		summary: "Show who has asked for what", detail: "The newest first. Entries are never changed.",
	}, func(ctx context.Context, in *struct {
		Account bridge.AccountID `query:"account" doc:"Only what was done to this account."`
		Actor   bridge.Actor     `query:"actor" doc:"Only what this API key has asked for."`
		Before  bridge.AuditID   `query:"before" doc:"The next of the page before."`
		Limit   int              `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	}) (*body[auditList], error) {
		list, err := s.o.Administration.Audited(ctx, in.Account, in.Actor, in.Before, in.Limit)
		next := nextOf(list, in.Limit, func(e bridge.AuditEntry) bridge.AuditID { return e.ID })
		return &body[auditList]{auditList{append([]bridge.AuditEntry{}, list...), next}}, err
	})
}

package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// madeKey is of where a request that is audited leaves the id of what it has made.
type madeKey struct{}

// madeBy returns the id of what a response shows that can be made by a request;
// "" for others.
func madeBy(response any) string {
	switch r := response.(type) {
	case *body[*AccountView]:
		return string(r.Body.ID)
	case *body[MadeKey]:
		return string(r.Body.ID)
	case *body[*bridge.Suppression]:
		return string(r.Body.ID)
	case *body[*Accepted]:
		return string(r.Body.ID)
	case *body[poolView]:
		return string(r.Body.ID)
	case *body[receipt]:
		return string(r.Body.ID)
	case *body[rampView]:
		return string(r.Body.ID)
	case *body[*bridge.Profile]:
		return r.Body.Peer.String()
	case *body[*ExportView]:
		return string(r.Body.ID)
	case *body[*WebhookView]:
		return string(r.Body.ID)
	}
	return ""
}

// audit notes what a request has done. It comes after forward, so that this is
// the node that does it.
func (s *Server) audit(op operation) func(huma.Context, func(huma.Context)) {
	makes := op.status == http.StatusCreated || op.status == http.StatusAccepted
	return func(c huma.Context, next func(huma.Context)) {
		var made string
		if makes {
			c = huma.WithValue(c, madeKey{}, &made)
		}
		next(c)
		if c.Status() < http.StatusBadRequest {
			s.noteDone(c, op, made)
		}
	}
}

// noteDone notes an operation and what it was done to: what it has made, or what
// its path names.
func (s *Server) noteDone(c huma.Context, op operation, made string) {
	e := bridge.AuditEntry{Action: op.id, AccountID: bridge.AccountID(c.Param("account")), Subject: made}
	if id, err := bridge.ParseID[bridge.AccountID](made); err == nil {
		e.AccountID, e.Subject = id, ""
	}
	for _, name := range []string{"conversation", "message", "device", "webhook", "pool", "ramp", "key", "suppression", "export", "contact"} {
		if id := c.Param(name); id != "" && made == "" {
			e.Subject = id
		}
	}
	s.noteAudit(c.Context(), callerOf(c.Context()), e)
}

// noteAudit stores an entry of the audit log about a request that has been
// carried out: a failure is for the log alone.
func (s *Server) noteAudit(ctx context.Context, caller Caller, e bridge.AuditEntry) {
	if s.o.Administration == nil {
		return
	}
	e.Actor, e.RequestID = bridge.ActorOf(caller.KeyID()), RequestID(ctx)
	if err := s.o.Administration.Audit(context.WithoutCancel(ctx), e); err != nil {
		s.o.Logger.Error("not noted in the audit log", "request", e.RequestID, "action", e.Action, "error", err)
	}
}

package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"godwit/bridge"
)

// Owners knows which node of the bridge runs which account.
type Owners interface {
	// Owner returns the address of the node that runs an account, "" if it is
	// this one. The error is a *bridge.Error of CodeUnavailable while none does.
	Owner(ctx context.Context, id bridge.AccountID) (address string, err error)
}

// forwardedHeader says that another node has sent a request on, and what that
// calls it. It is not sent on again: an account that moves meanwhile is asked for
// anew.
const forwardedHeader = "X-Godwit-Forwarded"

// owner returns the address of the node that is to answer a request about an
// account, "" if it is this one.
func (s *Server) owner(r *http.Request, id bridge.AccountID) (string, error) {
	address, err := s.o.Owners.Owner(r.Context(), id)
	if err == nil && address != "" && r.Header.Get(forwardedHeader) != "" {
		err = bridge.Errorf(bridge.CodeUnavailable, "Account %s is moving between nodes. Try again in a moment.", id)
	}
	return address, err
}

// sendOn has another node answer a request. Where it cannot be reached, failed
// does.
func (s *Server) sendOn(w http.ResponseWriter, r *http.Request, address string, failed func(error)) {
	(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.Out.Header.Set(forwardedHeader, RequestID(r.Context()))
			s.o.Trace.Send(r.Context(), p.Out.Header)
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("X-Request-Id") // the response has it already
			return nil
		},
		ErrorLog: slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug), // of what is cut off midway
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			failed(&bridge.Error{Code: bridge.CodeUnavailable, Err: err,
				Detail: "The node that runs the account cannot be reached. Another one takes over in a moment."})
		},
	}).ServeHTTP(w, r)
}

// accountOf returns the account that a request is about.
func (s *Server) accountOf(c huma.Context) (bridge.AccountID, error) {
	if id := c.Param("account"); id != "" {
		return bridge.AccountID(id), nil
	}
	if id := c.Param("conversation"); id != "" {
		conversation, err := s.o.Messages.Conversation(c.Context(), bridge.ConversationID(id))
		if err != nil {
			return "", err
		}
		return conversation.AccountID, nil
	}
	m, err := s.o.Messages.Message(c.Context(), bridge.MessageID(c.Param("message")))
	if err != nil {
		return "", err
	}
	return m.AccountID, nil
}

// forward lets the node that owns the account answer.
func (s *Server) forward(c huma.Context, next func(huma.Context)) {
	account, err := s.accountOf(c)
	if err != nil {
		s.refuse(c, err)
		return
	}
	if r, w := humago.Unwrap(c); !s.elsewhere(w, r, account) {
		next(c)
	}
}

// elsewhere has the node answer that owns an account, if that is another one. It
// reports whether the request is answered, be it by a problem.
func (s *Server) elsewhere(w http.ResponseWriter, r *http.Request, id bridge.AccountID) bool {
	address, err := s.owner(r, id)
	switch {
	case err != nil:
		s.answerProblem(w, r, err)
	case address != "":
		s.sendOn(w, r, address, func(err error) { s.answerProblem(w, r, err) })
	default:
		return false
	}
	return true
}

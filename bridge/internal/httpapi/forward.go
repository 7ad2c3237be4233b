package httpapi

import (
	"context"
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

// forwardedHeader says that another node has sent a request on. It is not sent
// on again: an account that moves meanwhile is asked for anew.
const forwardedHeader = "X-Godwit-Forwarded"

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
	var address string
	if err == nil {
		address, err = s.o.Owners.Owner(c.Context(), account)
	}
	switch {
	case err != nil:
		s.refuse(c, err)
		return
	case address == "":
		next(c)
		return
	case c.Header(forwardedHeader) != "":
		s.refuse(c, bridge.Errorf(bridge.CodeUnavailable, "Account %s is moving between nodes. Try again in a moment.", account))
		return
	}
	r, w := humago.Unwrap(c)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.Out.Header.Set(forwardedHeader, "1")
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("X-Request-Id") // the response has this node's
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) {
			s.refuse(c, &bridge.Error{Code: bridge.CodeUnavailable, Err: err,
				Detail: "The node that runs the account cannot be reached. Another one takes over in a moment."})
		},
	}
	proxy.ServeHTTP(w, r)
}

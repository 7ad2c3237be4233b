// Package httpapi is the daemon's HTTP API: OpenAPI 3.1 at /openapi.json, made
// of the same Go types that serve it, and problem documents (RFC 9457) with a
// closed set of codes for what fails.
//
// Start with [New]. Each resource has a file, which declares the small interface
// of what it needs done; the services behind know nothing of HTTP.
package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"godwit/bridge"
	"godwit/bridge/internal/trace"
)

// A Scope is what an API key allows.
type Scope = bridge.KeyScope

// The scopes.
const (
	ScopeAccountsRead  = bridge.ScopeAccountsRead
	ScopeAccountsWrite = bridge.ScopeAccountsWrite
	ScopeMessagesRead  = bridge.ScopeMessagesRead
	ScopeMessagesSend  = bridge.ScopeMessagesSend
	ScopeContactsRead  = bridge.ScopeContactsRead
	ScopeContactsWrite = bridge.ScopeContactsWrite
	ScopeExports       = bridge.ScopeExports
	ScopeWebhooks      = bridge.ScopeWebhooks
	ScopeAdmin         = bridge.ScopeAdmin
)

// A Caller is who makes a request.
type Caller interface {
	// KeyID names the API key.
	KeyID() bridge.KeyID
	// Allows reports whether the caller may do something: with an account, or,
	// where that is empty, with any account at all.
	Allows(scope Scope, account bridge.AccountID) bool
	// Limited reports whether the key is for certain accounts only.
	Limited() bool
}

// An Authenticator knows the API keys. Its error is a *bridge.Error of
// CodeUnauthorized for a key that is not valid.
type Authenticator interface {
	Authenticate(ctx context.Context, key string) (Caller, error)
}

// Options are what a Server is made of. Of the services, Accounts is required;
// what belongs to another one is offered if it is there.
type Options struct {
	Authenticator Authenticator
	Accounts      Accounts
	Messages      Messages
	Owners        Owners
	Logins        Logins
	Budgets       Budgets
	Pools         Pools
	Ramps         Ramps
	Uploads       Uploads
	Media         Media
	Exports       Exports
	People        People
	BotUpdates    BotUpdates // may be nil: then Telegram brings none
	Events        Events
	Webhooks      Webhooks
	// Administration may be nil: then nothing is audited.
	Administration Administration
	Logger         *slog.Logger
	Now            func() time.Time
	Version        string
	Trace          *trace.Tracer // may be nil
	// Unavailable reports whether an error will pass by itself, such as that of a
	// database that cannot be reached; nil: none will.
	Unavailable func(error) bool
}

// A Server serves the API.
type Server struct {
	o         Options
	mux       *http.ServeMux
	api       huma.API
	downloads chan struct{} // holds one for each file that is being sent
}

// New returns a server of everything that Options name a service for.
func New(o Options) *Server {
	s := &Server{o: o, mux: http.NewServeMux()}
	config := huma.DefaultConfig("godwit", o.Version)
	config.Info.Description = "Telegram accounts that stay online. Every failure is a problem document (RFC 9457) with a code of a closed set."
	config.DocsPath = "" // huma's pages load scripts from other servers
	config.CreateHooks = nil
	config.SchemasPath = ""
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key, as `godwit key create` prints it once."},
	}
	config.Components.Schemas = newRegistry()
	s.api = humago.New(s.mux, config)
	s.mux.HandleFunc("GET /login/{token}", s.login)
	s.mux.HandleFunc("POST /login/{token}", s.login)
	if o.BotUpdates != nil {
		s.mux.HandleFunc("POST "+BotUpdatesPath+"{account}", s.botUpdate)
	}
	s.registerAccounts()
	s.registerMessages()
	s.registerConversations()
	if o.Budgets != nil {
		s.registerBudgets()
	}
	if o.Pools != nil {
		s.registerPools()
	}
	if o.Ramps != nil {
		s.registerRamps()
	}
	if o.Administration != nil {
		s.registerAdministration()
	}
	s.registerUploads()
	if o.Media != nil {
		s.registerMedia()
	}
	if o.Exports != nil {
		s.registerExports()
	}
	if o.People != nil {
		s.registerGroups()
		s.registerContacts()
	}
	s.registerDocs()
	if o.Events != nil {
		s.registerEvents()
	}
	if o.Webhooks != nil {
		s.registerWebhooks()
	}
	describeQuoted(s.api.OpenAPI().Components.Schemas)
	return s
}

// OpenAPI returns the description of the API.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

// maxBody is how long the body of a request may be, in bytes, where the
// operation says nothing else.
const maxBody = 1 << 20

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(forwardedHeader)
	if !isRequestID(id) {
		id = rand.Text()
	}
	w.Header().Set("X-Request-Id", id)
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // it is thrown as it is
				panic(p)
			}
			s.answerProblem(w, r, fmt.Errorf("httpapi: panic: %v\n%s", p, debug.Stack()))
		}
	}()
	handler, pattern := s.mux.Handler(r)
	if s.o.Trace.On() && pattern != "" && !strings.HasSuffix(pattern, streamPath) { // which has no end
		s.serveTraced(w, r, pattern)
		return
	}
	if pattern == "" {
		s.answerUnknown(w, r, handler)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// answerUnknown answers a request for what is not offered as any other failure,
// with the status and the header Allow that the mux would give.
func (s *Server) answerUnknown(w http.ResponseWriter, r *http.Request, refusal http.Handler) {
	refused := &unwritten{header: make(http.Header), status: http.StatusNotFound}
	refusal.ServeHTTP(refused, r)
	err := bridge.Errorf(bridge.CodeNotFound, "There is nothing at %s. /docs lists what there is.", r.URL.Path)
	p := problemOf(err)
	if allow := refused.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		p = problemOf(bridge.Errorf(bridge.CodeInvalidRequest, "%s takes %s, not %s.", r.URL.Path, allow, r.Method))
		p.Status, p.Title = refused.status, http.StatusText(refused.status)
	}
	s.writeProblem(w, p)
}

// An unwritten is a response of which the body does not matter.
type unwritten struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (u *unwritten) Header() http.Header { return u.header }

// Write implements http.ResponseWriter.
func (u *unwritten) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (u *unwritten) WriteHeader(status int) { u.status = status }

// isRequestID reports whether a text is like what names requests: as rand.Text
// makes them.
func isRequestID(s string) bool {
	return len(s) == 26 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

type (
	requestKey struct{}
	callerKey  struct{}
)

// RequestID returns the name of the request that a context is of, which its
// response carries as X-Request-Id.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// callerOf returns who makes the request that a context is of.
func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// allow fails unless the caller may do something with an account that the path
// of the request does not name.
func allow(ctx context.Context, scope Scope, account bridge.AccountID) error {
	return permit(callerOf(ctx), scope, account)
}

func permit(caller Caller, scope Scope, account bridge.AccountID) error {
	if !caller.Allows(scope, account) {
		return bridge.Errorf(bridge.CodeForbidden, "This API key does not allow %s.", forbidden(scope, account))
	}
	return nil
}

// An operation is one that the API offers.
type operation struct {
	method  string
	path    string // {account} in it is one that the key has to be allowed for
	id      string
	summary string
	detail  string
	tag     string
	scope   Scope
	whole   bool // a key for certain accounts is not enough
	owner   bool // the node that owns {account} has to do it
	status  int  // of success: 200 if 0
}

// register offers an operation. What its input embeds has to be exported: huma
// passes by what is not, and leaves it empty.
func register[I, O any](s *Server, op operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Description: op.detail,
		Tags: []string{op.tag}, DefaultStatus: op.status, MaxBodyBytes: maxBody,
		Security:    []map[string][]string{{"key": {string(op.scope)}}},
		Middlewares: s.middlewares(op),
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusInternalServerError},
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		if made, ok := ctx.Value(madeKey{}).(*string); ok {
			*made = madeBy(out)
		}
		return out, nil
	})
}

func (s *Server) middlewares(op operation) huma.Middlewares {
	list := huma.Middlewares{s.authorize(op)}
	if op.owner {
		list = append(list, s.forward)
	}
	if s.o.Administration != nil && op.method != http.MethodGet {
		list = append(list, s.audit(op))
	}
	return list
}

// fail turns an error into what the user is told, and notes the rest.
func (s *Server) fail(ctx context.Context, err error) error {
	p := s.problem(err)
	s.note(ctx, p, err)
	return huma.ErrorWithHeaders(p, p.headers(s.o.Now()))
}

// problem returns what a user is told of an error.
func (s *Server) problem(err error) *Problem {
	var known *bridge.Error
	if !errors.As(err, &known) && s.o.Unavailable != nil && s.o.Unavailable(err) {
		err = &bridge.Error{
			Code: bridge.CodeUnavailable, Err: err, RetryAt: s.o.Now().Add(time.Second),
			Detail: "The bridge cannot reach its database now. Try again.",
		}
	}
	return problemOf(err)
}

// note tells the log of what users are not told.
func (s *Server) note(ctx context.Context, p *Problem, err error) {
	if p.Code == bridge.CodeInternal && !errors.Is(err, context.Canceled) {
		s.o.Logger.Error("request failed", "request", RequestID(ctx), "error", err)
	}
}

// authorize lets those through whose key allows an operation.
func (s *Server) authorize(op operation) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		caller, err := s.authenticate(c.Context(), c.Header("Authorization"))
		account := bridge.AccountID(c.Param("account"))
		switch {
		case err != nil:
		case !caller.Allows(op.scope, account):
			err = bridge.Errorf(bridge.CodeForbidden, "This API key does not allow %s.", forbidden(op.scope, account))
		case op.whole && caller.Limited():
			err = bridge.Errorf(bridge.CodeForbidden, "This API key is for certain accounts; this concerns all of them.")
		}
		if err != nil {
			s.refuse(c, err)
			return
		}
		next(huma.WithValue(c, callerKey{}, caller))
	}
}

func forbidden(scope Scope, account bridge.AccountID) string {
	if account == "" {
		return string(scope)
	}
	return string(scope) + " with account " + string(account)
}

func (s *Server) authenticate(ctx context.Context, header string) (Caller, error) {
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return nil, bridge.Errorf(bridge.CodeUnauthorized, "An API key is needed: Authorization: Bearer godwit_….")
	}
	return s.o.Authenticator.Authenticate(ctx, strings.TrimSpace(key))
}

// refuse answers a request that does not come to its handler.
func (s *Server) refuse(c huma.Context, err error) {
	r, w := humago.Unwrap(c)
	s.answerProblem(w, r, err)
}

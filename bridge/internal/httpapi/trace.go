package httpapi

import (
	"net/http"

	"godwit/bridge"
	"godwit/bridge/internal/trace"
)

// serveTraced serves a request as a span, below that of whoever has made it.
func (s *Server) serveTraced(w http.ResponseWriter, r *http.Request, pattern string) {
	ctx, span := s.o.Trace.Start(s.o.Trace.Received(r.Context(), r.Header), pattern, trace.Server)
	r = r.WithContext(ctx)
	noted := &noted{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		span.Text("http.request.method", r.Method)
		span.Text("http.route", r.Pattern)
		span.Text("godwit.request.id", RequestID(ctx))
		span.Number("http.response.status_code", noted.status)
		span.Account(bridge.AccountID(r.PathValue("account")))
		if noted.status >= http.StatusInternalServerError {
			span.Fail(http.StatusText(noted.status))
		}
		span.End(nil)
	}()
	s.mux.ServeHTTP(noted, r)
}

// noted is a response whose status is noted.
type noted struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (n *noted) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }

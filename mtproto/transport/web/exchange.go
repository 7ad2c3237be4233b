package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// An Exchanger answers the HTTP requests that come over one connection, maybe
// several at once.
type Exchanger interface {
	// Exchange returns the packet that answers a packet. An error that is a
	// *transport.Error is told as an HTTP status (R-TR-34), a
	// *mtproto.ViolationError as 400; after any other the connection is closed.
	Exchange(ctx context.Context, packet []byte) ([]byte, error)
	// Close says that the connection is gone.
	Close()
}

// pathsHTTP are where packets are posted to (R-HT-05).
var pathsHTTP = []string{pathHTTP, "/api_test", "/apiw", "/apiw_test", pathHTTPS, pathHTTPSTest}

// Timeouts of a request's body and of the response.
const (
	bodyTimeout     = 30 * time.Second
	responseTimeout = 30 * time.Second
)

// exchangerKey is where the context of a request has its connection's
// Exchanger.
type exchangerKey struct{}

// connContext gives a connection its Exchanger.
func (s *Server) connContext(ctx context.Context, c net.Conn) context.Context {
	if s.o.Exchanger == nil {
		return ctx
	}
	x := s.o.Exchanger(c.RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchangers[c] = x
	return context.WithValue(ctx, exchangerKey{}, x)
}

// connState tells the Exchanger of a connection of its end.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	s.mu.Lock()
	x := s.exchangers[c]
	delete(s.exchangers, c)
	s.mu.Unlock()
	if x != nil {
		x.Close()
	}
}

// isExchange reports whether a request is for an Exchanger.
func isExchange(r *http.Request) bool { return slices.Contains(pathsHTTP, r.URL.Path) }

// exchange serves a packet that is posted, and what browsers ask before.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/apiw") { // for pages of other sites
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "1728000")
	}
	x, ok := r.Context().Value(exchangerKey{}).(Exchanger)
	switch {
	case !ok: // 404 would tell a client that its key is unknown
		http.Error(w, "no packets are taken here", http.StatusForbidden)
		return
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusOK)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST, OPTIONS")
		http.Error(w, "packets are posted here", http.StatusMethodNotAllowed)
		return
	}
	rc := http.NewResponseController(w)
	packet, status := readBody(w, r, rc)
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	answer, err := x.Exchange(r.Context(), packet)
	_ = rc.SetWriteDeadline(time.Now().Add(responseTimeout)) // a connection that cannot is gone
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(answer) // who is gone asks again
	_ = rc.SetWriteDeadline(time.Time{})
}

// readBody reads the packet that is posted, or returns with which status it is
// refused.
func readBody(w http.ResponseWriter, r *http.Request, rc *http.ResponseController) ([]byte, int) {
	if r.ContentLength > transport.DefaultMaxPacket {
		return nil, http.StatusRequestEntityTooLarge
	}
	_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout)) // a connection that cannot is gone
	packet, err := io.ReadAll(http.MaxBytesReader(w, r.Body, transport.DefaultMaxPacket))
	_ = rc.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	return packet, 0
}

// refuse answers a packet with an error.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *transport.Error
	var violation *mtproto.ViolationError
	var status int
	switch {
	case errors.As(err, &refusal):
		status = http.StatusInternalServerError
		if code := -int(refusal.Code); code >= 400 && code < 600 {
			status = code
		}
	case errors.As(err, &violation):
		status = http.StatusBadRequest
		w.Header().Set("Connection", "close")
	default:
		panic(http.ErrAbortHandler) // closes the connection
	}
	s.o.Logger.Debug("HTTP request refused", "remote", r.RemoteAddr, "status", status, "error", err)
	http.Error(w, http.StatusText(status), status)
}

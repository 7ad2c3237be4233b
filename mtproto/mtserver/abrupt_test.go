package mtserver

import (
	"testing"

	"godwit/mtproto/transport"
)

// R-IX-30, R-SM-50: a connection that is cut cancels nothing: the query in hand
// goes on, and is answered over the next connection.
func TestAbruptCloseIsNoCancel(t *testing.T) {
	h := &handler{}
	serve(t, Options{Handler: h}, func(t *testing.T, f *fixture) {
		release := make(chan struct{})
		h.answer = slow(release)
		p := f.peer(f.key())
		p.flush()
		p.settle()
		request := p.core.Request(query("in hand"))
		p.flush()
		p.settle()
		p.close()
		if _, _, queries := h.counts(); queries != 1 {
			t.Fatalf("%d queries", queries)
		}
		close(release)
		p.reconnect(f.dial(transport.Options{}))
		if result := p.result(request); result.Err != nil || string(result.Body) != string(query("in hand")) {
			t.Errorf("answer %q, %v", result.Body, result.Err)
		}
		if _, _, queries := h.counts(); queries != 1 {
			t.Errorf("handled %d times", queries)
		}
	})
}

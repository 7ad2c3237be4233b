package vault

import "strings"

// A Reason says why a key-encryption key could not be used.
type Reason string

// The reasons. Only KEKUnreachable is worth trying again without anybody
// having done something about it.
const (
	KEKNotFound    Reason = "there is no such key"
	KEKDenied      Reason = "access denied"
	KEKUnreachable Reason = "service unreachable"
	KEKRefused     Reason = "refused" // the key is disabled, or has not wrapped what it was to unwrap
)

// A KEKError says that the service that holds a key-encryption key did not
// serve. It works with errors.Is and another KEKError of the same Reason. Its
// text holds neither keys nor credentials.
type KEKError struct {
	KEK    string
	Reason Reason
	Detail string // what the service, or the network, says
	Err    error  // of the context, if that has ended
}

func (e *KEKError) Error() string {
	s := "vault: key-encryption key " + e.KEK + ": " + string(e.Reason)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Is reports whether target is a KEKError of the same reason.
func (e *KEKError) Is(target error) bool {
	t, ok := target.(*KEKError)
	return ok && t.Reason == e.Reason
}

// Unwrap returns the error of the context.
func (e *KEKError) Unwrap() error { return e.Err }

// maxDetail bounds what is told of an answer, in bytes.
const maxDetail = 300

// detail is what may be told of what a service says: the beginning of the first
// line. AWS, for one, adds to some refusals the request as it was signed, with
// the session token in it.
func detail(texts ...string) string {
	s, _, _ := strings.Cut(strings.Join(texts, ": "), "\n")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	return strings.TrimSpace(s)
}

package transport

import "fmt"

// Codes of transport errors (R-TR-30).
const (
	CodeForbidden       int32 = -403 // access refused
	CodeAuthKeyNotFound int32 = -404 // unknown auth key, or a wrong handshake query
	CodeFlood           int32 = -429 // too many connections, or a container over its limits
	CodeInvalidDC       int32 = -444 // the handshake names another DC
)

// An Error is a transport error that the server has sent (R-TR-30). errors.Is
// matches any Error of the same code.
type Error struct {
	Code int32 // negative
}

func (e *Error) Error() string {
	switch e.Code {
	case CodeForbidden:
		return "transport error -403: access refused"
	case CodeAuthKeyNotFound:
		return "transport error -404: auth key not found"
	case CodeFlood:
		return "transport error -429: too many connections or messages"
	case CodeInvalidDC:
		return "transport error -444: wrong DC"
	}
	return fmt.Sprintf("transport error %d", e.Code)
}

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// An UnknownTransportError says that what a client sent first begins no
// transport that Accept knows.
type UnknownTransportError struct {
	// First holds the bytes by which that was seen, as they came: at least 1
	// and at most 72 of them.
	First []byte
	// Err is why no more bytes came, such as io.ErrUnexpectedEOF or a
	// timeout; nil where those at hand were enough.
	Err error
}

func (e *UnknownTransportError) Error() string {
	const shown = 16
	first, more := e.First, ""
	if len(first) > shown {
		first, more = first[:shown], "…"
	}
	if e.Err != nil {
		return fmt.Sprintf("transport: unknown beginning %q%s: %v", first, more, e.Err)
	}
	return fmt.Sprintf("transport: unknown beginning %q%s", first, more)
}

// Unwrap returns Err.
func (e *UnknownTransportError) Unwrap() error { return e.Err }

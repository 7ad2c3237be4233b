package tg

import (
	"context"

	"godwit/tl"
)

// A Request is a call of any API method, wrappers included.
type Request = tl.Object

// A Method is a call whose result is an R.
type Method[R any] interface {
	Request
	// Returns does nothing. It tells Call what the result is.
	Returns(R)
}

// An Invoker sends a request and passes the answer to decode, which it calls
// once at most, before Invoke returns. An answer that is an rpc_error becomes
// a *mtproto.RPCError.
type Invoker interface {
	Invoke(ctx context.Context, req Request, decode func(*tl.Reader) error) error
}

// Call calls a method and returns its result. The error is a
// *mtproto.RPCError if Telegram refused, a *tl.DecodeError if its answer makes
// no sense, or what inv failed with; the result is then the zero R.
func Call[R any](ctx context.Context, inv Invoker, m Method[R]) (R, error) {
	var result R
	err := inv.Invoke(ctx, m, func(r *tl.Reader) error {
		r.Result(m, &result)
		return r.Finish()
	})
	if err != nil {
		var none R
		return none, err
	}
	return result, nil
}

// Decode decodes a boxed value: of a type with several constructors, such as
// Decode[UpdatesClass], or of one, such as Decode[*Config].
func Decode[T any](r *tl.Reader) (v T) {
	r.Value(&v)
	return v
}

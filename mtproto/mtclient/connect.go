package mtclient

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"godwit/mtproto/authkey"
	"godwit/mtproto/transport"
)

// lost deals with the end of a connection, or of an attempt to get one. It
// returns an error if there is to be no other.
func (n *line) lost(err error) error {
	making := n.exchange != nil
	if n.link != nil {
		n.link.close()
		n.link = nil
		if n.session != nil {
			n.session.Disconnected()
		}
	}
	n.exchange, n.packet = nil, nil
	if final := n.final(err, making); final != nil {
		return final
	}
	wait := n.backoff(err)
	n.retryAt = n.o.Now().Add(wait)
	n.o.Logger.Info("connection lost", "error", err, "retry_in", wait)
	n.state(State{Phase: Waiting, Until: n.retryAt, Err: err})
	return nil
}

const (
	maxKeyRefusals      = 2 // a DC in trouble may say once that it does not know a key
	maxExchangeRefusals = 5 // Telegram refuses a good packet now and then (R-IX-10)
	maxBindRefusals     = 5
)

// final returns the error with which Run ends on account of err, if it does.
// making says that a key was being made. A temporary key that the server does
// not know is thrown away: whether the permanent one is good, the binding of
// the next tells (R-TR-32).
func (n *line) final(err error, making bool) error {
	var unknown *authkey.UnknownKeysError
	var refusal *transport.Error
	var unbound *bindError
	switch {
	case errors.As(err, &unknown):
		return err
	case errors.As(err, &unbound):
		return n.bindRefused(unbound)
	case !errors.As(err, &refusal):
		return nil
	case refusal.Code == transport.CodeInvalidDC:
		return err
	case refusal.Code != transport.CodeAuthKeyNotFound:
		return nil
	case making:
		if n.exchangeRefusals++; n.exchangeRefusals >= maxExchangeRefusals {
			return err
		}
	case !n.expires.IsZero():
		n.dropKey(fmt.Errorf("%w: %w", ErrKeyExpired, err))
	default:
		if n.keyRefusals++; n.keyRefusals >= maxKeyRefusals {
			return fmt.Errorf("%w: %w", ErrKeyUnknown, err)
		}
	}
	return nil
}

// backoff returns how long to wait before the next attempt: twice as long each
// time, up to the maximum, less up to a half at random so that clients which
// lost a server together do not come back together. A server that asks for
// patience gets the maximum (R-TR-30).
func (n *line) backoff(err error) time.Duration {
	wait := n.o.MinBackoff << min(n.failures, 20)
	n.failures++
	if wait > n.o.MaxBackoff || wait <= 0 || errors.Is(err, &transport.Error{Code: transport.CodeFlood}) {
		wait = n.o.MaxBackoff
	}
	return wait - rand.N(wait/2+1)
}

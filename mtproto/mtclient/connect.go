package mtclient

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// dialed is the end of an attempt to connect.
type dialed struct {
	conn transport.PacketConn
	err  error
}

// connectByDial is Options.Connect where there is only Options.Dial.
func (o *Options) connectByDial(ctx context.Context) (transport.PacketConn, error) {
	c, err := o.Dial(ctx)
	if err != nil {
		return nil, err
	}
	framed, err := transport.NewClient(c, o.Transport)
	if err != nil {
		_ = c.Close() // it was not used
		return nil, err
	}
	return framed, nil
}

// dial starts an attempt to connect; its end comes over l.dialed.
func (l *loop) dial() {
	l.o.OnState(State{Phase: Connecting})
	result := make(chan dialed, 1)
	l.dialed = result
	l.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, l.o.DialTimeout)
		defer cancel()
		conn, err := l.o.Connect(ctx)
		result <- dialed{conn, err}
	})
}

// connected deals with the end of dialing.
func (l *loop) connected(d dialed) error {
	l.dialed = nil
	if d.err != nil {
		return d.err
	}
	l.link = openLink(d.conn, l.o, &l.tasks)
	if l.session == nil {
		return l.startExchange()
	}
	l.ready()
	return nil
}

// startExchange begins to make a key over the connection.
func (l *loop) startExchange() error {
	l.o.OnState(State{Phase: Exchanging})
	now := l.o.Now()
	l.exchangeEnd = now.Add(l.o.ExchangeTimeout)
	l.exchange = authkey.NewClient(authkey.ClientOptions{Keys: l.o.PublicKeys, DC: l.o.DC, Rand: l.o.Rand})
	packet, err := l.exchange.Start(now)
	l.packet = packet
	return err
}

// continueExchange takes the server's part of the making of a key. The new key
// is saved before it is used.
func (l *loop) continueExchange(now time.Time, packet []byte) error {
	out, err := l.exchange.Receive(now, packet)
	if err != nil {
		return err
	}
	l.packet = out
	made, done := l.exchange.Done()
	if !done {
		return nil
	}
	credentials := Credentials{Key: made.Key, Salts: []session.Salt{{
		Value: made.Salt, ValidSince: made.ServerTime, ValidUntil: made.ServerTime.Add(firstSaltLifetime),
	}}}
	if err := l.o.Save(credentials); err != nil {
		return fmt.Errorf("mtclient: new auth key is not saved, and so not used: %w", err)
	}
	if err := l.newSession(credentials, session.Options{ClockOffset: made.ClockOffset, ClockKnown: true}); err != nil {
		return err
	}
	l.exchange, l.exchangeRefusals = nil, 0
	l.ready()
	return nil
}

// firstSaltLifetime is the least that Telegram grants a salt (R-EM-41).
const firstSaltLifetime = 30 * time.Minute

// newSession begins to use a key. What o already holds is known of the clock.
func (l *loop) newSession(c Credentials, o session.Options) error {
	o.Side, o.Key, o.Salts = mtproto.Client, c.Key, c.Salts
	o.Rand, o.CompressAbove, o.PingInterval = l.o.Rand, l.o.CompressAbove, l.o.PingInterval
	s, err := session.New(o)
	if err != nil {
		return err
	}
	l.key, l.session = c.Key, s
	return nil
}

// ready begins to use the connection for the session.
func (l *loop) ready() {
	l.inited = false
	l.session.Connected(l.o.Now())
	early := l.early
	l.early = nil
	for _, q := range early {
		l.add(q)
	}
	l.o.OnState(State{Phase: Ready})
}

// lost deals with the end of the connection, or of an attempt to get one. It
// returns an error if there is to be no other.
func (l *loop) lost(err error) error {
	making := l.exchange != nil
	if l.link != nil {
		l.link.close()
		l.link = nil
		if l.session != nil {
			l.session.Disconnected()
		}
	}
	l.exchange, l.packet = nil, nil
	if final := l.final(err, making); final != nil {
		return final
	}
	wait := l.backoff(err)
	l.retryAt = l.o.Now().Add(wait)
	l.o.Logger.Info("connection lost", "error", err, "retry_in", wait)
	l.o.OnState(State{Phase: Waiting, Until: l.retryAt, Err: err})
	return nil
}

const (
	maxKeyRefusals      = 2 // a DC in trouble may say once that it does not know a key
	maxExchangeRefusals = 5 // Telegram refuses a good packet now and then (R-IX-10)
)

// final returns the error with which Run ends on account of err, if it does.
// making says that a key was being made.
func (l *loop) final(err error, making bool) error {
	var unknown *authkey.UnknownKeysError
	var refusal *transport.Error
	switch {
	case errors.As(err, &unknown):
		return err
	case !errors.As(err, &refusal):
		return nil
	case refusal.Code == transport.CodeInvalidDC:
		return err
	case refusal.Code != transport.CodeAuthKeyNotFound:
		return nil
	case making:
		if l.exchangeRefusals++; l.exchangeRefusals >= maxExchangeRefusals {
			return err
		}
	default:
		if l.keyRefusals++; l.keyRefusals >= maxKeyRefusals {
			return fmt.Errorf("%w: %w", ErrKeyUnknown, err)
		}
	}
	return nil
}

// backoff returns how long to wait before the next attempt: twice as long each
// time, up to the maximum, less up to a half at random so that clients which
// lost a server together do not come back together. A server that asks for
// patience gets the maximum (R-TR-30).
func (l *loop) backoff(err error) time.Duration {
	wait := l.o.MinBackoff << min(l.failures, 20)
	l.failures++
	if wait > l.o.MaxBackoff || wait <= 0 || errors.Is(err, &transport.Error{Code: transport.CodeFlood}) {
		wait = l.o.MaxBackoff
	}
	return wait - rand.N(wait/2+1)
}

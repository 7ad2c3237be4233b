// Package takeout exports much of an account with Telegram's leave, under
// lower flood limits than usual (https://core.telegram.org/api/takeout).
//
// Start with [Begin]. A [Session] is a telegram.API: telegram.HistoryOf,
// telegram.DialogsOf and package participants read through it. [Session.Finish]
// ends it.
package takeout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/tg"
	"godwit/tl"
)

// Scope is what is to be exported. The zero Scope is nothing.
type Scope struct {
	Contacts    bool
	Users       bool // conversations with persons
	Groups      bool // basic ones
	Supergroups bool
	Channels    bool

	// Files are exported up to MaxFile bytes; 0: none.
	MaxFile int64
}

// A Session is an export under way.
type Session struct {
	telegram.API
	id int64
}

// A DelayError says that Telegram wants the account's owner to have time to
// object: the export can begin after Wait, or as soon as another device has
// allowed it.
type DelayError struct {
	Wait time.Duration
	Err  error
}

func (e *DelayError) Error() string {
	return fmt.Sprintf("takeout: Telegram starts the export in %v, or once it is allowed on another device", e.Wait)
}

// Unwrap returns what Telegram said.
func (e *DelayError) Unwrap() error { return e.Err }

// Begin begins an export. A *DelayError says that it cannot begin yet.
func Begin(ctx context.Context, api telegram.API, s Scope) (*Session, error) {
	request := &tg.AccountInitTakeoutSession{
		Contacts: s.Contacts, MessageUsers: s.Users, MessageChats: s.Groups, MessageMegagroups: s.Supergroups,
		MessageChannels: s.Channels, Files: s.MaxFile > 0,
	}
	if s.MaxFile > 0 {
		request.FileMaxSize = tl.Some(s.MaxFile)
	}
	// It is hours: nothing is to wait for it.
	answer, err := tg.Call(telegram.WithPatience(ctx, 0), api, request)
	if err != nil {
		return nil, explain(err)
	}
	return &Session{api, answer.ID}, nil
}

func explain(err error) error {
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) && errors.Is(err, tg.ErrTakeoutInitDelay) {
		return &DelayError{time.Duration(rpc.Argument) * time.Second, err}
	}
	return err
}

// ID returns the number by which Telegram knows the session.
func (s *Session) ID() int64 { return s.id }

// Resume returns a session that Begin has begun, by its ID: by an earlier run
// of the program, for example.
func Resume(api telegram.API, id int64) *Session { return &Session{api, id} }

// Invoke implements tg.Invoker: it makes a request within the export.
func (s *Session) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	return s.API.Invoke(ctx, &tg.InvokeWithTakeout{TakeoutID: s.id, Query: req}, decode)
}

// Finish ends the export. With success, Telegram takes it that everything was
// exported; without, it may be begun again.
func (s *Session) Finish(ctx context.Context, success bool) error {
	_, err := tg.Call(ctx, s, &tg.AccountFinishTakeoutSession{Success: success})
	return err
}

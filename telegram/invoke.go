package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// An AccessError says that a method is not for the kind of account that is
// signed in. Nothing was sent.
type AccessError struct {
	Method string    // as the schema writes it
	Access tg.Access // who may call it
}

// ErrUserOnly and ErrBotOnly match the AccessErrors of their kind.
var (
	ErrUserOnly = &AccessError{Access: tg.UserOnly}
	ErrBotOnly  = &AccessError{Access: tg.BotOnly}
)

func (e *AccessError) Error() string {
	return "telegram: " + e.Method + " is for " + e.Access.String()
}

// Is reports whether target is an AccessError of the same kind, for the same
// method if it names one.
func (e *AccessError) Is(target error) bool {
	t, ok := target.(*AccessError)
	return ok && t.Access == e.Access && (t.Method == "" || t.Method == e.Method)
}

// checkAccess refuses what Telegram would refuse.
func (c *Client) checkAccess(req tg.Request) error {
	self := c.Self()
	if self == nil {
		return nil
	}
	access := tg.AccessOf(tl.TypeID(req))
	if access == tg.UserOnly && self.Bot || access == tg.BotOnly && !self.Bot {
		return &AccessError{tg.MethodName(tl.TypeID(req)), access}
	}
	return nil
}

// request sends a request, and repeats it where Telegram names another data
// centre, once at each (R-ER-02, R-ER-03).
func (c *Client) request(ctx context.Context, req tg.Request) ([]byte, error) {
	encoded, err := tl.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("telegram: %s: %w", tg.MethodName(tl.TypeID(req)), err)
	}
	query := mtclient.Request{Query: encoded, Repeat: repeatable(req), Received: received(ctx)}
	dc := c.mainDC()
	var visited []int
	for {
		visited = append(visited, dc)
		body, err := c.requestSignedIn(ctx, dc, query)
		var unreachable *UnreachableError
		if errors.As(err, &unreachable) && c.Self() == nil {
			c.setMain(visited[0]) // where another account may be at home
		}
		var rpc *mtproto.RPCError
		if !errors.As(err, &rpc) || errors.Is(err, mtclient.ErrKeyUnknown) {
			return body, err // one that binding a key was refused with is not about the request
		}
		refusal := *rpc
		refusal.Method = tg.MethodName(tl.TypeID(unwrapped(req)))
		next := refusal.Argument
		if !isMigration(rpc) || slices.Contains(visited, next) {
			return nil, &refusal
		}
		if err := c.follow(ctx, rpc, next); err != nil {
			return nil, fmt.Errorf("%w, following %w", err, &refusal)
		}
		dc = next
	}
}

// requestSignedIn is requestFrom, but signs in again at a data centre that has
// forgotten the account, which is no end where it is not the main one
// (R-ER-07).
func (c *Client) requestSignedIn(ctx context.Context, dc int, query mtclient.Request) ([]byte, error) {
	body, err := c.requestFrom(ctx, dc, query)
	if dc == c.mainDC() || !errors.Is(err, tg.ErrAuthKeyUnregistered) || !c.staying() {
		return body, err
	}
	if err := c.setImported(dc, false); err != nil {
		return nil, err
	}
	if err := c.importTo(ctx, dc); err != nil {
		return nil, err
	}
	return c.requestFrom(ctx, dc, query)
}

// isMigration reports whether another data centre is to be asked instead.
func isMigration(err error) bool { return movesMain(err) || movesQuery(err) }

// movesMain reports whether the account is, or has to be, at home elsewhere.
func movesMain(err error) bool {
	return errors.Is(err, tg.ErrPhoneMigrate) || errors.Is(err, tg.ErrNetworkMigrate) || errors.Is(err, tg.ErrUserMigrate)
}

// movesQuery reports whether one query belongs elsewhere.
func movesQuery(err error) bool {
	return errors.Is(err, tg.ErrFileMigrate) || errors.Is(err, tg.ErrStatsMigrate)
}

// follow prepares to ask another data centre: the main one from now on, or
// one where the account has to be signed in too.
func (c *Client) follow(ctx context.Context, migration error, dc int) error {
	if c.Self() != nil {
		if err := c.importTo(ctx, dc); err != nil {
			return err
		}
	}
	if !movesMain(migration) {
		return nil
	}
	if len(c.addresses(dc)) == 0 {
		return &UnknownDCError{dc}
	}
	c.o.Logger.Info("main data centre changed", "dc", dc, "because", migration)
	if old := c.setMain(dc); old != nil {
		old.fail(ErrClosed)
	}
	if c.Self() == nil {
		return nil // saved with the sign-in
	}
	return c.save(func(c *Credentials) { c.DC = dc })
}

// setMain makes another data centre the main one, and returns the connection
// to the one before, if there is any.
func (c *Client) setMain(dc int) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	if dc == c.main {
		return nil
	}
	old := c.links[c.main]
	delete(c.links, c.main)
	c.main = dc
	return old
}

func (c *Client) mainDC() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.main
}

// requestFrom sends an encoded request to a data centre. Connections other
// than the main one get no updates (R-AP-08).
func (c *Client) requestFrom(ctx context.Context, dc int, query mtclient.Request) ([]byte, error) {
	l, err := c.linkTo(dc)
	if err != nil {
		return nil, err
	}
	main := dc == c.mainDC()
	if !main {
		query.Query, err = tl.Marshal(&tg.InvokeWithoutUpdates{Query: tl.Encoded(query.Query)})
		if err != nil {
			return nil, err
		}
	}
	body, err := l.invoke(ctx, query)
	if err == nil {
		return body, nil
	}
	if main && isEnd(err) && c.staying() {
		c.ended(err) // R-ER-07
	}
	var rpc *mtproto.RPCError
	if ended := c.Err(); ended != nil && ctx.Err() == nil && !errors.As(err, &rpc) {
		return nil, because(err, ended)
	}
	return nil, err
}

// because returns why a request has failed, with what its error says of the
// outcome.
func because(err, why error) error {
	var lost *mtproto.OutcomeError
	if errors.As(err, &lost) {
		return &mtproto.OutcomeError{Outcome: lost.Outcome, Err: why}
	}
	return why
}

// staying reports whether the client is signed in and means to stay so.
func (c *Client) staying() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self != nil && !c.leaving
}

// isEnd reports whether Telegram has ended the session (R-ER-07 to R-ER-09).
func isEnd(err error) bool {
	var rpc *mtproto.RPCError
	if !errors.As(err, &rpc) {
		return false
	}
	return rpc.Code == 401 && !errors.Is(err, tg.ErrSessionPasswordNeeded) || errors.Is(err, tg.ErrAuthKeyDuplicated)
}

// importTo signs the account in at another data centre too. A failure is
// tried again from the start, once; whatever else needs the account there
// waits meanwhile (R-AP-06, R-AP-07).
func (c *Client) importTo(ctx context.Context, dc int) error {
	if c.isImported(dc) {
		return nil
	}
	c.mu.Lock()
	importing := c.importing[dc]
	if importing == nil {
		importing = make(chan struct{}, 1)
		c.importing[dc] = importing
	}
	c.mu.Unlock()
	select {
	case importing <- struct{}{}:
		defer func() { <-importing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.isImported(dc) {
		return nil
	}
	err := c.importOnce(ctx, dc)
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) {
		err = c.importOnce(ctx, dc)
	}
	if err != nil {
		return err
	}
	return c.setImported(dc, true)
}

func (c *Client) isImported(dc int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return dc == c.main || c.credentials.Keys[dc].Imported
}

func (c *Client) setImported(dc int, imported bool) error {
	return c.save(func(c *Credentials) {
		if key, ok := c.Keys[dc]; ok {
			key.Imported = imported
			c.Keys[dc] = key
		}
	})
}

func (c *Client) importOnce(ctx context.Context, dc int) error {
	ctx = WithPriority(ctx, flow.Conversation) // another request waits for it and has its place already
	exported, err := tg.Call(ctx, c, &tg.AuthExportAuthorization{DCID: int32(dc)})
	if err != nil {
		return err
	}
	query, err := tl.Marshal(&tg.AuthImportAuthorization{ID: exported.ID, Bytes: exported.Bytes})
	if err != nil {
		return err
	}
	_, err = c.requestFrom(ctx, dc, mtclient.Request{Query: query})
	return err
}

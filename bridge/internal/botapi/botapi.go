// Package botapi runs bots over the Bot API
// (https://core.telegram.org/bots/api): an account of kind bot has the same
// inbox, events and sends as a person's, as far as docs/surfaces.md says.
//
// Start with an [Environment]. [Environment.BeginSignIn] asks for a bot's token,
// and [Environment.Start] brings the bot online. What becomes of an account is not
// decided here: a [Runner] reports what happens to it, as bridge.Cause.
//
// Requests, updates and their types are those of github.com/go-telegram/bot, but
// for getUpdates and webhooks: that package confirms to Telegram what it has
// received before it was handled, and here nothing is confirmed before it is
// stored.
package botapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge"
	"godwit/bridge/internal/guard"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trace"
	"godwit/bridge/internal/vault"
)

// DefaultURL is where the Bot API is.
const DefaultURL = "https://api.telegram.org"

// An Environment is what all bots of a node share. All fields are required but
// the last five.
type Environment struct {
	Store  *store.Store
	Vault  *vault.Vault
	Inbox  *inbox.Inbox
	Logger *slog.Logger
	Now    func() time.Time
	// URL is where the Bot API is: DefaultURL if empty.
	URL string
	// Webhook returns the URL at which Telegram reaches [Runner.ServeHTTP] of an
	// account whose updates come by webhook; nil has them polled for all the same.
	Webhook func(bridge.AccountID) string
	Trace   *trace.Tracer // may be nil
	// Check is how often it is looked whether a webhook is as it was set; once a
	// minute if 0.
	Check time.Duration
	// Certain is asked before anything is sent to Telegram, and fails where the
	// bots may be another node's by now; nil: they never are.
	Certain func(context.Context) error

	makeRoundTripper sync.Once
	roundTripper     http.RoundTripper // of all bots
}

// connections returns what has the connections to Telegram.
func (e *Environment) connections() http.RoundTripper {
	e.makeRoundTripper.Do(func() {
		e.roundTripper = http.DefaultTransport
		if e.Certain == nil {
			return
		}
		guarded := http.DefaultTransport.(*http.Transport).Clone()
		dial := guarded.DialContext
		guarded.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			return guard.Open(ctx, e.Certain, func(ctx context.Context) (net.Conn, error) { return dial(ctx, network, address) })
		}
		e.roundTripper = guarded
	})
	return e.roundTripper
}

// tokenField is the field of an account under which its token is sealed.
const tokenField = "bot_token"

// client returns what makes a bot's requests.
func (e *Environment) client(token string) (*bot.Bot, *transport, error) {
	url := e.URL
	if url == "" {
		url = DefaultURL
	}
	t := &transport{trace: e.Trace, client: &http.Client{Transport: e.connections()}, url: strings.TrimRight(url, "/"), token: token}
	b, err := bot.New(token, bot.WithSkipGetMe(), bot.WithServerURL(t.url), bot.WithHTTPClient(pollTimeout, t),
		bot.WithErrorsHandler(func(err error) { e.Logger.Warn("bot api", "error", t.redacted(err)) }))
	if err != nil {
		return nil, nil, bridge.Errorf(bridge.CodeInvalidRequest, "The token of a bot is not empty.")
	}
	return b, t, nil
}

// SignIn takes the token of a bot, checks it with Telegram, and seals it. The
// error is a *bridge.Error: of CodeLoginExpired where Telegram does not know the
// token, of CodeOtherAccount where it is another bot's than before, and of
// CodeConflict where the bot is an account already, on whichever surface.
func (e *Environment) SignIn(ctx context.Context, a *bridge.Account, epoch int64, token string) error {
	if a.Kind != bridge.BotAccount {
		return bridge.Errorf(bridge.CodeSurfaceUnable, "Account %s is a person's: it signs in by phone number or QR code.", a.ID)
	}
	me, err := e.owner(ctx, token)
	if err != nil {
		return err
	}
	key, err := e.Vault.KeyOf(ctx, e.Store, a.ID)
	if err != nil {
		return err
	}
	before, err := e.Store.Secret(ctx, a.ID, tokenField)
	if err != nil {
		return err
	}
	sealed, err := e.Vault.Seal(ctx, a.ID, key, tokenField, before.Version+1, []byte(token))
	var locked *vault.UnknownKEKError
	if errors.As(err, &locked) {
		return locked.Told()
	}
	if err != nil {
		return err
	}
	return e.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.SetIdentity(a.ID, me.ID, ""); err != nil {
			return err
		}
		return t.SetSecret(a.ID, epoch, tokenField, sealed)
	})
}

// tokenForm is that of all tokens. They become parts of URLs.
var tokenForm = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{1,100}$`)

// owner returns the bot that a token belongs to.
func (e *Environment) owner(ctx context.Context, token string) (*models.User, error) {
	if !tokenForm.MatchString(token) {
		return nil, bridge.Errorf(bridge.CodeLoginExpired, "The token is not one of a bot's: @BotFather gives them as NUMBER:LETTERS.")
	}
	b, t, err := e.client(token)
	if err != nil {
		return nil, err
	}
	me, err := b.GetMe(ctx)
	if err == nil {
		return me, nil
	}
	err = told(t.redacted(err), e.Now())
	switch {
	case errors.Is(err, bot.ErrorNotFound): // a token that never was
		return nil, &bridge.Error{Code: bridge.CodeLoginExpired, Detail: "Telegram does not know the token of the bot.", Err: err}
	case bridge.CodeOf(err) == bridge.CodeOutcomeUnknown: // nothing was to be done
		return nil, &bridge.Error{Code: bridge.CodeUnavailable, Detail: "Telegram has not answered. Try again.", Err: err}
	}
	return nil, err
}

// errNoToken says that nobody has signed in yet.
var errNoToken = errors.New("botapi: the account has no token")

// token returns the token of an account.
func (e *Environment) token(ctx context.Context, id bridge.AccountID) (string, error) {
	sealed, err := e.Store.Secret(ctx, id, tokenField)
	if err != nil {
		return "", err
	}
	if sealed.Version == 0 {
		return "", errNoToken
	}
	key, err := e.Store.DataKey(ctx, id)
	if err != nil {
		return "", err
	}
	token, err := e.Vault.Open(ctx, id, key, tokenField, sealed)
	return string(token), err
}

// newSecret returns what Telegram proves by that a webhook is called by it.
func newSecret() string { return rand.Text() }

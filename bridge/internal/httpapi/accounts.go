package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"

	"godwit/bridge"
)

// Accounts is what can be done with accounts. Errors are *bridge.Error.
type Accounts interface {
	CreateAccount(ctx context.Context, a NewAccount) (*bridge.Account, error)
	Account(ctx context.Context, id bridge.AccountID) (*bridge.Account, error)
	Accounts(ctx context.Context, after bridge.AccountID, limit int) ([]*bridge.Account, error)
	DeleteAccount(ctx context.Context, id bridge.AccountID) error

	// Start, Pause and SignOut return the account as it is then.
	Start(ctx context.Context, id bridge.AccountID) (*bridge.Account, error)
	Pause(ctx context.Context, id bridge.AccountID) (*bridge.Account, error)
	SignOut(ctx context.Context, id bridge.AccountID) (*bridge.Account, error)
	// SetUpdatesBy changes how the updates of a bot come.
	SetUpdatesBy(ctx context.Context, id bridge.AccountID, by bridge.UpdatesBy) (*bridge.Account, error)

	SignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error)
	BeginSignIn(ctx context.Context, id bridge.AccountID) (*bridge.SignIn, error)
	AnswerSignIn(ctx context.Context, id bridge.AccountID, a bridge.Answer) (*bridge.SignIn, error)
	CancelSignIn(ctx context.Context, id bridge.AccountID) error
	// LoginLink makes a token by which a person can sign the account in once.
	LoginLink(ctx context.Context, id bridge.AccountID) (token string, expires time.Time, err error)

	Health(ctx context.Context, id bridge.AccountID) (*bridge.Health, error)
	Devices(ctx context.Context, id bridge.AccountID) ([]bridge.Device, error)
	EndDevice(ctx context.Context, id bridge.AccountID, device int64) error
	ConfirmDevice(ctx context.Context, id bridge.AccountID, device int64) error
	// LoginCode returns the last login code that Telegram has written to an account.
	LoginCode(ctx context.Context, id bridge.AccountID) (*bridge.LoginCode, error)
}

// A NewAccount is one to be added.
type NewAccount struct {
	Name      string             `json:"name" doc:"What its operator calls it." minLength:"1" maxLength:"200" example:"Support"`
	Kind      bridge.AccountKind `json:"kind,omitempty" enum:"user,bot" default:"user"`
	UpdatesBy bridge.UpdatesBy   `json:"updates_by,omitempty" enum:"polling,webhook" doc:"Of a bot: how its updates come. By polling if it is missing."`
}

// botUpdates is how the updates of a bot are to come.
type botUpdates struct {
	By bridge.UpdatesBy `json:"updates_by" enum:"polling,webhook" doc:"By polling, the daemon asks Telegram for them. By webhook, Telegram brings them to the daemon, which needs a public URL (--public-url) for that."`
}

// An AccountView is an account as the API shows it.
type AccountView struct {
	ID        bridge.AccountID   `json:"id" example:"acc_01KB0000000000000000000000"`
	Name      string             `json:"name"`
	Kind      bridge.AccountKind `json:"kind" enum:"user,bot"`
	Phone     string             `json:"phone,omitempty" doc:"Digits alone."`
	UserID    int64              `json:"user_id,omitempty" doc:"At Telegram."`
	UpdatesBy bridge.UpdatesBy   `json:"updates_by,omitempty" enum:"polling,webhook" doc:"Of a bot: how its updates come."`
	State     bridge.State       `json:"state" doc:"Where it stands."`
	Cause     bridge.Kind        `json:"cause,omitempty" doc:"What led there."`
	Error     string             `json:"error,omitempty" doc:"Telegram's error, if that was one; of data_key_locked, the key-encryption key that is missing." example:"SESSION_REVOKED"`
	Since     time.Time          `json:"since"`
	Until     *time.Time         `json:"until,omitempty" doc:"When it ends by itself, where that is known."`
	Method    string             `json:"throttled_method,omitempty" doc:"What has to wait."`
	Chat      int64              `json:"throttled_chat,omitempty" doc:"Where messages have to wait."`
	WhatToDo  string             `json:"what_to_do,omitempty" doc:"What somebody has to do for it to work, for people."`
	Node      string             `json:"node,omitempty" doc:"Which node of the bridge runs it."`
	CreatedAt time.Time          `json:"created_at"`
}

func viewOf(a *bridge.Account) *AccountView {
	s := a.Status
	v := &AccountView{
		ID: a.ID, Name: a.Name, Kind: a.Kind, Phone: a.Phone, UserID: a.UserID,
		State: s.State, Cause: s.Cause, Error: s.Error, Since: s.Since, Method: s.Scope.Method, Chat: s.Scope.Chat,
		WhatToDo: s.WhatToDo(), Node: a.Node, CreatedAt: a.CreatedAt, UpdatesBy: a.UpdatesBy,
	}
	if !s.Until.IsZero() {
		v.Until = &s.Until
	}
	return v
}

// body is a response or request with one JSON value.
type body[T any] struct{ Body T }

// nothing is the response to what has no answer.
type nothing struct{}

// An AccountPath is what requests about an account begin with.
type AccountPath struct {
	Account bridge.AccountID `path:"account" doc:"The account's id." pattern:"^acc_[0-9A-HJKMNP-TV-Z]{26}$"`
}

// A Page is which part of a list is asked for.
type Page struct {
	After string `query:"after" doc:"The id of the last one of the page before." maxLength:"100"`
	Limit int    `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"100"`
}

// accountList is a page of accounts.
type accountList struct {
	Accounts []*AccountView `json:"accounts"`
	Next     string         `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

const (
	accountsTag = "Accounts"
	signInTag   = "Sign-in"
	accountPart = "/v1/accounts/{account}"
)

func (s *Server) registerAccounts() {
	register(s, operation{
		method: http.MethodPost, path: "/v1/accounts", id: "create-account", tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Add an account", status: http.StatusCreated, whole: true,
		detail: "Nobody is signed in yet: begin a sign-in with it, or make a login link for whom it belongs to.",
	}, s.createAccount)
	register(s, operation{
		method: http.MethodGet, path: "/v1/accounts", id: "list-accounts", tag: accountsTag, scope: ScopeAccountsRead,
		summary: "List the accounts", detail: "In the order in which they were added; those that the key may see.",
	}, s.listAccounts)
	register(s, operation{
		method: http.MethodGet, path: accountPart, id: "get-account", tag: accountsTag, scope: ScopeAccountsRead,
		summary: "Show an account",
	}, s.account(s.o.Accounts.Account))
	register(s, operation{
		method: http.MethodDelete, path: accountPart, id: "delete-account", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Delete an account", status: http.StatusNoContent,
		detail: "It is signed out, and everything that the bridge has of it is deleted for good. At Telegram the account stays.",
	}, func(ctx context.Context, in *AccountPath) (*nothing, error) {
		return nil, s.o.Accounts.DeleteAccount(ctx, in.Account)
	})
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/start", id: "start-account", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Bring a paused account online",
	}, s.account(s.o.Accounts.Start))
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/stop", id: "stop-account", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Take an account offline", detail: "It stays signed in. What is to be sent is parked until it is started.",
	}, s.account(s.o.Accounts.Pause))
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/sign-out", id: "sign-out-account", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Sign an account out", detail: "Its session at Telegram ends. Its messages stay.",
	}, s.account(s.o.Accounts.SignOut))
	register(s, operation{
		method: http.MethodPut, path: accountPart + "/updates", id: "set-updates", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Change how the updates of a bot come", detail: "None is lost on the way, and none comes twice.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Body botUpdates
	}) (*body[*AccountView], error) {
		return s.account(func(ctx context.Context, id bridge.AccountID) (*bridge.Account, error) {
			return s.o.Accounts.SetUpdatesBy(ctx, id, in.Body.By)
		})(ctx, &in.AccountPath)
	})
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/health", id: "account-health", owner: true, tag: accountsTag, scope: ScopeAccountsRead,
		summary: "Show how an account is", detail: "What online means is measured: the last pong, the last update, how far behind.",
	}, func(ctx context.Context, in *AccountPath) (*body[*bridge.Health], error) {
		h, err := s.o.Accounts.Health(ctx, in.Account)
		return &body[*bridge.Health]{h}, err
	})
	s.registerSignIn()
	s.registerDevices()
}

// account is the handler of what is done with one account and shows it.
func (s *Server) account(
	do func(context.Context, bridge.AccountID) (*bridge.Account, error),
) func(context.Context, *AccountPath) (*body[*AccountView], error) {
	return func(ctx context.Context, in *AccountPath) (*body[*AccountView], error) {
		a, err := do(ctx, in.Account)
		if err != nil {
			return nil, err
		}
		return &body[*AccountView]{viewOf(a)}, nil
	}
}

func (s *Server) createAccount(ctx context.Context, in *body[NewAccount]) (*body[*AccountView], error) {
	a, err := s.o.Accounts.CreateAccount(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return &body[*AccountView]{viewOf(a)}, nil
}

func (s *Server) listAccounts(ctx context.Context, in *Page) (*body[accountList], error) {
	accounts, err := s.o.Accounts.Accounts(ctx, bridge.AccountID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	list := accountList{Accounts: make([]*AccountView, 0, len(accounts))}
	for _, a := range accounts {
		if callerOf(ctx).Allows(ScopeAccountsRead, a.ID) {
			list.Accounts = append(list.Accounts, viewOf(a))
		}
	}
	list.Next = nextOf(accounts, in.Limit, func(a *bridge.Account) bridge.AccountID { return a.ID })
	return &body[accountList]{list}, nil
}

// A loginLink is how a person signs an account in.
type loginLink struct {
	Path    string    `json:"path" doc:"Where the person goes, on this server." example:"/login/…"`
	Expires time.Time `json:"expires"`
}

// image is a picture.
type image struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func (s *Server) registerSignIn() {
	const path = accountPart + "/sign-in"
	register(s, operation{
		method: http.MethodPost, path: path, id: "begin-sign-in", owner: true, tag: signInTag, scope: ScopeAccountsWrite,
		summary: "Begin a sign-in", detail: "One that was begun before is given up.",
	}, s.signIn(s.o.Accounts.BeginSignIn))
	register(s, operation{
		method: http.MethodGet, path: path, id: "get-sign-in", owner: true, tag: signInTag, scope: ScopeAccountsWrite,
		summary: "Show what a sign-in asks for", detail: "While a QR code is shown, ask every few seconds: it changes, and ends in done.",
	}, s.signIn(s.o.Accounts.SignIn))
	register(s, operation{
		method: http.MethodDelete, path: path, id: "cancel-sign-in", owner: true, tag: signInTag, scope: ScopeAccountsWrite,
		summary: "Give a sign-in up", status: http.StatusNoContent,
	}, func(ctx context.Context, in *AccountPath) (*nothing, error) {
		return nil, s.o.Accounts.CancelSignIn(ctx, in.Account)
	})
	register(s, operation{
		method: http.MethodPost, path: path + "/answers", id: "answer-sign-in", owner: true, tag: signInTag, scope: ScopeAccountsWrite,
		summary: "Answer a step of a sign-in",
		detail:  "A wrong code or password is no failure: the step stays, with its problem.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Body bridge.Answer
	}) (*body[*bridge.SignIn], error) {
		step, err := s.o.Accounts.AnswerSignIn(ctx, in.Account, in.Body)
		return &body[*bridge.SignIn]{step}, err
	})
	register(s, operation{
		method: http.MethodGet, path: path + "/qr.png", id: "sign-in-qr", owner: true, tag: signInTag, scope: ScopeAccountsWrite,
		summary: "Show the QR code of a sign-in as a picture",
	}, s.signInQR)
	s.answers(path+"/qr.png", "image/png", "The picture.", &huma.Schema{Type: huma.TypeString, Format: "binary"})
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/login-links", id: "create-login-link", tag: signInTag,
		scope: ScopeAccountsWrite, status: http.StatusCreated, summary: "Make a login link",
		detail: "Whoever opens it can sign the account in, once, without an API key. It ends with the sign-in or after a day.",
	}, func(ctx context.Context, in *AccountPath) (*body[loginLink], error) {
		token, expires, err := s.o.Accounts.LoginLink(ctx, in.Account)
		return &body[loginLink]{loginLink{"/login/" + token, expires}}, err
	})
}

// signIn is the handler of what moves a sign-in.
func (s *Server) signIn(
	do func(context.Context, bridge.AccountID) (*bridge.SignIn, error),
) func(context.Context, *AccountPath) (*body[*bridge.SignIn], error) {
	return func(ctx context.Context, in *AccountPath) (*body[*bridge.SignIn], error) {
		step, err := do(ctx, in.Account)
		return &body[*bridge.SignIn]{step}, err
	}
}

func (s *Server) signInQR(ctx context.Context, in *AccountPath) (*image, error) {
	step, err := s.o.Accounts.SignIn(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	if step.QR == nil {
		return nil, bridge.Errorf(bridge.CodeConflict, "The sign-in is at step %s and shows no QR code.", step.Step)
	}
	png, err := qrPNG(step.QR.URL)
	if err != nil {
		return nil, err
	}
	return &image{ContentType: "image/png", CacheControl: "no-store", Body: png}, nil
}

// qrPNG draws a QR code.
func qrPNG(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(code.PNG()), nil
}

// DevicePath names a device of an account.
type DevicePath struct {
	AccountPath
	Device int64 `path:"device" doc:"The device's id."`
}

// deviceList is who is signed in to an account.
type deviceList struct {
	Devices []bridge.Device `json:"devices"`
}

func (s *Server) registerDevices() {
	const path = accountPart + "/devices"
	const one = path + "/{device}"
	register(s, operation{
		method: http.MethodGet, path: path, id: "list-devices", owner: true, tag: accountsTag, scope: ScopeAccountsRead,
		summary: "List the devices that are signed in to an account",
	}, func(ctx context.Context, in *AccountPath) (*body[deviceList], error) {
		list, err := s.o.Accounts.Devices(ctx, in.Account)
		return &body[deviceList]{deviceList{list}}, err
	})
	register(s, operation{
		method: http.MethodDelete, path: one, id: "end-device", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Sign a device out", status: http.StatusNoContent,
	}, func(ctx context.Context, in *DevicePath) (*nothing, error) {
		return nil, s.o.Accounts.EndDevice(ctx, in.Account, in.Device)
	})
	register(s, operation{
		method: http.MethodPost, path: one + "/confirm", id: "confirm-device", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Confirm the sign-in of a device", status: http.StatusNoContent,
	}, func(ctx context.Context, in *DevicePath) (*nothing, error) {
		return nil, s.o.Accounts.ConfirmDevice(ctx, in.Account, in.Device)
	})
	// It changes nothing, but the audit log is to know who has seen the code.
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/login-code", id: "read-login-code", owner: true, tag: accountsTag, scope: ScopeAccountsWrite,
		summary: "Read the login code that Telegram has written to an account last, to sign it in on another device",
	}, func(ctx context.Context, in *AccountPath) (*body[*bridge.LoginCode], error) {
		code, err := s.o.Accounts.LoginCode(ctx, in.Account)
		return &body[*bridge.LoginCode]{code}, err
	})
}

package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/tg"

	"godwit/telegram/signin"
	"godwit/telegram/updates"
)

// An Authorization is a device that is signed in to the account, as its owner
// sees it (R-LG-40).
type Authorization struct {
	// ID names the device among those of the account. It is 0 for this one in
	// the lists that this one asks for.
	ID      int64 `json:"id"`
	Current bool  `json:"current,omitempty"` // it is this device
	// Unconfirmed says that nobody has confirmed the sign-in yet: see
	// ConfirmAuthorization and EndAuthorization.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
	// PasswordPending says that the device has yet to give the 2FA password.
	PasswordPending bool `json:"password_pending,omitempty"`
	Official        bool `json:"official,omitempty"` // runs one of Telegram's own apps

	Device  string    `json:"device"` // model
	System  string    `json:"system"` // platform and version
	App     string    `json:"app"`    // name and version
	APIID   int       `json:"api_id"`
	Created time.Time `json:"created"`
	Active  time.Time `json:"active"`
	Address string    `json:"address"` // IP address
	Country string    `json:"country"`
	Region  string    `json:"region,omitempty"`

	NoSecretChats bool `json:"no_secret_chats,omitempty"` // takes none
	NoCalls       bool `json:"no_calls,omitempty"`        // takes none
}

func authorizationOf(a *tg.Authorization) Authorization {
	return Authorization{
		ID: a.Hash, Current: a.Current, Unconfirmed: a.Unconfirmed, PasswordPending: a.PasswordPending,
		Official: a.OfficialApp,
		Device:   a.DeviceModel, System: strings.TrimSpace(a.Platform + " " + a.SystemVersion),
		App: strings.TrimSpace(a.AppName + " " + a.AppVersion), APIID: int(a.APIID),
		Created: time.Unix(int64(a.DateCreated), 0), Active: time.Unix(int64(a.DateActive), 0),
		Address: a.IP, Country: a.Country, Region: a.Region,
		NoSecretChats: a.EncryptedRequestsDisabled, NoCalls: a.CallRequestsDisabled,
	}
}

// Authorizations returns the devices that are signed in to the account, this
// one among them, and after how many days without use Telegram signs one out
// (R-LG-40).
func (c *Client) Authorizations(ctx context.Context) (list []Authorization, ttlDays int, err error) {
	got, err := tg.Call(ctx, c, &tg.AccountGetAuthorizations{})
	if err != nil {
		return nil, 0, err
	}
	for i := range got.Authorizations {
		list = append(list, authorizationOf(&got.Authorizations[i]))
	}
	return list, int(got.AuthorizationTTLDays), nil
}

// ErrThisDevice says that a device cannot be ended by itself in this way:
// SignOut does that.
var ErrThisDevice = errors.New("telegram: that is this device")

// EndAuthorization signs a device out, and so denies a sign-in that is not
// confirmed. The client on that device ends with tg.ErrSessionRevoked or
// tg.ErrAuthKeyUnregistered. The error is a *mtproto.RPCError: tg.ErrHashInvalid
// if there is no such device, tg.ErrFreshResetAuthorisationForbidden if this
// one has been signed in for less than a day (R-LG-41).
func (c *Client) EndAuthorization(ctx context.Context, id int64) error {
	if id == 0 {
		return ErrThisDevice
	}
	return done(tg.Call(ctx, c, &tg.AccountResetAuthorization{Hash: id}))
}

// EndOtherAuthorizations signs out every device but this one. The error is as
// that of EndAuthorization (R-LG-22).
func (c *Client) EndOtherAuthorizations(ctx context.Context) error {
	return done(tg.Call(ctx, c, &tg.AuthResetAuthorizations{}))
}

// ConfirmAuthorization says that a sign-in was the owner's. Without that,
// Telegram takes it for confirmed after a week or so (R-LG-42, R-LG-43).
func (c *Client) ConfirmAuthorization(ctx context.Context, id int64) error {
	if id == 0 {
		return ErrThisDevice
	}
	return done(tg.Call(ctx, c, &tg.AccountChangeAuthorizationSettings{Hash: id, Confirmed: true}))
}

// SetAuthorizationTTL has Telegram sign out devices that have not been used
// for some days, 1 to 366. Other numbers are tg.ErrTTLDaysInvalid (R-LG-44).
func (c *Client) SetAuthorizationTTL(ctx context.Context, days int) error {
	return done(tg.Call(ctx, c, &tg.AccountSetAuthorizationTTL{AuthorizationTTLDays: int32(days)}))
}

// done makes an error of the answer false, which Telegram hardly ever gives.
func done(ok bool, err error) error {
	if err == nil && !ok {
		return errors.New("telegram: Telegram has not done it and does not say why")
	}
	return err
}

// AcceptLogin signs another device in, which shows a QR code. The link is what
// the code holds: tg://login?token=…, or the token alone. It returns the new
// device, which then has to give the 2FA password if there is one. The error
// says what is wrong with the link, or is a *mtproto.RPCError:
// tg.ErrAuthTokenExpired, tg.ErrAuthTokenAlreadyAccepted, or
// tg.ErrAuthTokenInvalidx and the like for a token that is not Telegram's
// (R-LG-31).
func (c *Client) AcceptLogin(ctx context.Context, link string) (Authorization, error) {
	token, err := signin.ParseToken(link)
	if err != nil {
		return Authorization{}, fmt.Errorf("telegram: %w", err)
	}
	a, err := tg.Call(ctx, c, &tg.AuthAcceptLoginToken{Token: token})
	if err != nil {
		return Authorization{}, err
	}
	return authorizationOf(a), nil
}

// OnAuthorization returns a Handler that calls f for every sign-in on another
// device, and once more when one has been confirmed, without Unconfirmed and
// with nothing but its hash then (R-LG-42).
func OnAuthorization(f func(ctx context.Context, c *Client, u *tg.UpdateNewAuthorization) error) Handler {
	return func(ctx context.Context, c *Client, d updates.Delivery) error {
		for _, u := range d.Updates {
			if u, ok := u.(*tg.UpdateNewAuthorization); ok {
				if err := f(ctx, c, u); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

package account

import (
	"context"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/telegram"
	"godwit/tg"
)

// Devices returns who is signed in to the account, the bridge among them.
func (r *Runner) Devices(ctx context.Context) ([]bridge.Device, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	list, _, err := c.Authorizations(ctx)
	if err != nil {
		return nil, told(err)
	}
	devices := make([]bridge.Device, 0, len(list))
	for _, a := range list {
		devices = append(devices, bridge.Device{
			ID: a.ID, Model: a.Device, System: a.System, App: a.App, IP: a.Address, Country: a.Country,
			SignedInAt: a.Created, ActiveAt: a.Active, Unconfirmed: a.Unconfirmed,
		})
	}
	return devices, nil
}

// EndDevice signs a device out.
func (r *Runner) EndDevice(ctx context.Context, id int64) error {
	c, err := r.online()
	if err != nil {
		return err
	}
	return told(c.EndAuthorization(ctx, id))
}

// ConfirmDevice says that the sign-in of a device was the owner's.
func (r *Runner) ConfirmDevice(ctx context.Context, id int64) error {
	c, err := r.online()
	if err != nil {
		return err
	}
	return told(c.ConfirmAuthorization(ctx, id))
}

// codesAmong is in how many of the last messages of Telegram's own a login code is
// looked for.
const codesAmong = 20

// LoginCode returns the last login code that Telegram has written to the account, as
// it stands there now: what is stored of such messages does not have it.
func (r *Runner) LoginCode(ctx context.Context) (*bridge.LoginCode, error) {
	c, err := r.online()
	if err != nil {
		return nil, err
	}
	none := bridge.Errorf(bridge.CodeNotFound, "Telegram has written no login code to account %s of late.", r.account.ID)
	peer, err := c.InputPeer(&tg.PeerUser{UserID: telegram.ServiceUser})
	if errors.As(err, new(*telegram.UnknownPeerError)) {
		return nil, none
	}
	if err != nil {
		return nil, told(err)
	}
	for m, err := range c.History(ctx, peer, telegram.HistoryOptions{Limit: codesAmong}) {
		if err != nil {
			return nil, r.refused(err)
		}
		if codes := telegram.SignInCodes(m); len(codes) > 0 {
			return &bridge.LoginCode{Code: codes[0], At: time.Unix(int64(m.Date), 0).UTC()}, nil
		}
	}
	return nil, none
}

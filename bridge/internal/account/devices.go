package account

import (
	"context"

	"godwit/bridge"
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

package main

import (
	"fmt"

	"godwit/tg"
)

// acceptCommand signs in another device, which shows a QR code.
type acceptCommand struct {
	accountFlags
	Link string `arg:"" help:"What the QR code of the other device holds: tg://login?token=..., or the token alone."`
	JSON bool   `help:"Print the new device as JSON." name:"json"`
}

// Run implements the command.
func (c *acceptCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	device, err := a.AcceptLogin(env.ctx, c.Link)
	if err != nil {
		return explain(err, tokenErrors)
	}
	if c.JSON {
		return encodeJSON(env.out, listDevice(device))
	}
	done := "Signed in: %s at %s. Device %v.\n"
	if device.PasswordPending {
		done = "Accepted: %s at %s. Device %v. It is signed in once it has given the password.\n"
	}
	_, err = fmt.Fprintf(env.out, done, printable(device.Device+", "+device.System), printable(device.Address), deviceID(device.ID))
	return err
}

// tokenErrors says what can be done about a QR code that is refused.
var tokenErrors = []explanation{
	{tg.ErrAuthTokenExpired, "the QR code has expired, after half a minute or so: take the one that is shown now"},
	{tg.ErrAuthTokenAlreadyAccepted, "the QR code has been accepted already"},
	{tg.ErrAuthTokenException, "that device is signed in to this account already"},
	{tg.ErrAuthTokenInvalid, "that is not a QR code of Telegram's"},
	{tg.ErrAuthTokenInvalid2, "that is not a QR code of Telegram's"},
	{tg.ErrAuthTokenInvalidx, "that is not a QR code of Telegram's"},
}

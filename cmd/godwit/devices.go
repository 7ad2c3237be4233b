package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// devicesCommand deals with the devices that are signed in to the account.
type devicesCommand struct {
	List      devicesListCommand      `cmd:"" default:"withargs" help:"List the devices that are signed in to the account."`
	End       devicesEndCommand       `cmd:"" help:"Sign a device out."`
	EndOthers devicesEndOthersCommand `cmd:"" help:"Sign out every device but this one."`
	Confirm   devicesConfirmCommand   `cmd:"" help:"Say that a new sign-in was yours."`
	Deny      devicesEndCommand       `cmd:"" help:"Say that a new sign-in was not yours: it is signed out."`
}

// A deviceID names a device, in hexadecimal so that no sign gets in the way.
type deviceID int64

// UnmarshalText reads what String wrote.
func (d *deviceID) UnmarshalText(text []byte) error {
	id, err := strconv.ParseUint(string(text), 16, 64)
	if err != nil || id == 0 {
		return fmt.Errorf("%q is not the ID of a device, as \"godwit devices\" lists them", text)
	}
	*d = deviceID(id)
	return nil
}

func (d deviceID) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// devicesListCommand lists devices.
type devicesListCommand struct {
	accountFlags
	JSON bool `help:"Print JSON." name:"json"`
}

// A listedDevice is a device as JSON.
type listedDevice struct {
	ID string `json:"id,omitempty"` // missing for this device
	telegram.Authorization
}

func listDevice(one telegram.Authorization) listedDevice {
	listed := listedDevice{Authorization: one}
	if one.ID != 0 {
		listed.ID = deviceID(one.ID).String()
	}
	return listed
}

// Run implements the command.
func (c *devicesListCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	list, days, err := a.Authorizations(env.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		out := struct {
			Devices []listedDevice `json:"devices"`
			TTLDays int            `json:"ttl_days"` // after which unused ones are signed out
		}{TTLDays: days}
		for _, one := range list {
			out.Devices = append(out.Devices, listDevice(one))
		}
		encoder := json.NewEncoder(env.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(out)
	}
	return writeDevices(env.out, list, days)
}

// writeDevices prints a table of devices.
func writeDevices(out io.Writer, list []telegram.Authorization, days int) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tDEVICE\tAPP\tACTIVE\tFROM\t")
	for _, one := range list {
		id, remarks := deviceID(one.ID).String(), []string{}
		for _, remark := range []struct {
			holds bool
			text  string
		}{
			{one.Current, "this device"},
			{one.Unconfirmed, "new: confirm or deny it"},
			{one.PasswordPending, "has not given the password"},
		} {
			if remark.holds {
				remarks = append(remarks, remark.text)
			}
		}
		if one.ID == 0 {
			id = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", id,
			printable(one.Device+", "+one.System), printable(one.App), one.Active.Format(time.DateTime),
			printable(strings.TrimSpace(one.Address+" "+one.Country)), strings.Join(remarks, "; "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Devices that are not used for %d days are signed out.\n", days)
	return err
}

// deviceErrors says what can be done about the refusals of devices.
var deviceErrors = []explanation{
	{tg.ErrHashInvalid, `the account has no device of that ID: "godwit devices" lists them`},
	{tg.ErrFreshResetAuthorisationForbidden, "this device has been signed in for less than a day, and may not end others yet"},
}

// change does something to devices and says that it is done.
func (f *accountFlags) change(env *environment, done string, do func(*account) error) error {
	a, err := f.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	if err := do(a); err != nil {
		return explain(err, deviceErrors)
	}
	_, err = fmt.Fprintln(env.out, done)
	return err
}

// devicesEndCommand signs a device out.
type devicesEndCommand struct {
	accountFlags
	ID deviceID `arg:"" help:"As \"godwit devices\" lists it." name:"id"`
}

// Run implements the command.
func (c *devicesEndCommand) Run(env *environment) error {
	return c.change(env, fmt.Sprintf("Device %v is signed out.", c.ID), func(a *account) error {
		return a.EndAuthorization(env.ctx, int64(c.ID))
	})
}

// devicesEndOthersCommand signs all other devices out.
type devicesEndOthersCommand struct{ accountFlags }

// Run implements the command.
func (c *devicesEndOthersCommand) Run(env *environment) error {
	return c.change(env, "All other devices are signed out.", func(a *account) error {
		return a.EndOtherAuthorizations(env.ctx)
	})
}

// devicesConfirmCommand confirms a sign-in.
type devicesConfirmCommand struct {
	accountFlags
	ID deviceID `arg:"" help:"As \"godwit devices\" lists it." name:"id"`
}

// Run implements the command.
func (c *devicesConfirmCommand) Run(env *environment) error {
	return c.change(env, fmt.Sprintf("Device %v is confirmed.", c.ID), func(a *account) error {
		return a.ConfirmAuthorization(env.ctx, int64(c.ID))
	})
}

// An explanation is what a refusal means to the person at the keyboard.
type explanation struct {
	err  error
	text string
}

// explain puts what a refusal means before what it is.
func explain(err error, known []explanation) error {
	for _, one := range known {
		if errors.Is(err, one.err) {
			return fmt.Errorf("%s (%w)", one.text, err)
		}
	}
	return err
}

package main

import (
	"fmt"
	"time"

	"godwit/bridge/client"
)

// accountCommand deals with the accounts of a daemon.
type accountCommand struct {
	List    accountListCommand    `cmd:"" help:"List the accounts."`
	Show    accountShowCommand    `cmd:"" help:"Show an account, and how it is."`
	Create  accountCreateCommand  `cmd:"" help:"Add an account, which nobody is signed in to yet."`
	SignIn  accountSignInCommand  `cmd:"" help:"Sign an account in, question by question, or make a link by which its owner can."`
	Start   accountStartCommand   `cmd:"" help:"Bring an account online that was stopped."`
	Stop    accountStopCommand    `cmd:"" help:"Take an account offline. It stays signed in."`
	SignOut accountSignOutCommand `cmd:"" help:"Sign an account out. Its messages stay."`
	Delete  accountDeleteCommand  `cmd:"" help:"Sign an account out, and delete all that the daemon has of it."`
	Updates accountUpdatesCommand `cmd:"" help:"Say how the updates of a bot come: by polling or by webhook."`
	Devices accountDevicesCommand `cmd:"" help:"List, end and confirm the devices that are signed in to an account."`
	Code    accountCodeCommand    `cmd:"" name:"login-code" help:"Show the login code that Telegram has written to an account last, to sign it in on another device."`
}

// accountListCommand lists accounts.
type accountListCommand struct{ bridgeFlags }

// Run implements the command.
func (c *accountListCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	return printList(env, &c.bridgeFlags, api.Accounts(env.ctx, nil), 0, "ID\tNAME\tKIND\tPHONE\tSTATE\tWHAT TO DO", func(a *client.Account) string {
		return row(a.ID, a.Name, a.Kind, orDash(a.Phone), a.State, orDash(a.WhatToDo))
	})
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// oneAccountFlags name an account.
type oneAccountFlags struct {
	bridgeFlags
	Account accountArg `arg:"" help:"Its id, name or phone number."`
}

// accountShowCommand shows an account.
type accountShowCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountShowCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		a, err := api.GetAccount(env.ctx, id)
		if err != nil {
			return err
		}
		h, err := api.AccountHealth(env.ctx, id)
		if err != nil {
			return err
		}
		if c.JSON {
			return encodeJSON(env.out, struct {
				*client.Account
				Health *client.Health `json:"health"`
			}{a, h})
		}
		for _, line := range [][2]string{
			{"id", a.ID}, {"name", a.Name}, {"kind", string(a.Kind)}, {"phone", a.Phone},
			{"state", string(a.State) + ", since " + a.Since.Local().Format(time.DateTime)},
			{"why", a.Cause}, {"error", a.Error}, {"until", orEmpty(a.Until)}, {"what to do", a.WhatToDo}, {"node", a.Node},
			{"last answer", orEmpty(h.LastPong)}, {"last update", orEmpty(h.LastUpdate)},
			{"to be sent", fmt.Sprint(h.Queued)},
		} {
			if line[1] != "" {
				fmt.Fprintf(env.out, "%-12s %s\n", line[0], printable(line[1]))
			}
		}
		return nil
	})
}

func orEmpty(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format(time.DateTime)
}

// accountCreateCommand adds an account.
type accountCreateCommand struct {
	bridgeFlags
	Name    string `arg:"" help:"What you call it."`
	Bot     bool   `help:"It is a bot, which runs over the Bot API."`
	Webhook bool   `help:"Of a bot: Telegram brings its updates to the daemon's public URL."`
}

// Run implements the command.
func (c *accountCreateCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	kind := client.AccountKindUser
	if c.Bot {
		kind = client.AccountKindBot
	}
	n := client.NewAccount{Name: c.Name, Kind: kind}
	if c.Webhook {
		n.UpdatesBy = client.UpdatesByWebhook
	}
	a, err := api.CreateAccount(env.ctx, n)
	if err != nil {
		return err
	}
	return c.print(env, a, "%s is there. \"godwit account sign-in %s\" signs it in.", a.ID, a.ID)
}

// toAccount does something with an account that leaves it in another state.
func (f *bridgeFlags) toAccount(env *environment, arg accountArg, do func(*client.Client, string) (*client.Account, error)) error {
	return f.with(env, arg, func(api *client.Client, id string) error {
		a, err := do(api, id)
		if err != nil {
			return err
		}
		return f.print(env, a, "%s is %s.", printable(a.Name), a.State)
	})
}

// accountStartCommand starts an account.
type accountStartCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountStartCommand) Run(env *environment) error {
	return c.toAccount(env, c.Account, func(api *client.Client, id string) (*client.Account, error) {
		return api.StartAccount(env.ctx, id)
	})
}

// accountStopCommand stops an account.
type accountStopCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountStopCommand) Run(env *environment) error {
	return c.toAccount(env, c.Account, func(api *client.Client, id string) (*client.Account, error) {
		return api.StopAccount(env.ctx, id)
	})
}

// accountUpdatesCommand says how the updates of a bot come.
type accountUpdatesCommand struct {
	bridgeFlags
	Account accountArg `arg:"" help:"Its id or name."`
	By      string     `arg:"" help:"polling: the daemon asks for them. webhook: Telegram brings them to its public URL." enum:"polling,webhook"`
}

// Run implements the command.
func (c *accountUpdatesCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		a, err := api.SetUpdates(env.ctx, id, client.BotUpdates{UpdatesBy: client.UpdatesBy(c.By)})
		if err != nil {
			return err
		}
		return c.print(env, a, "The updates of %s come by %s.", printable(a.Name), a.UpdatesBy)
	})
}

// accountSignOutCommand signs an account out.
type accountSignOutCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountSignOutCommand) Run(env *environment) error {
	return c.toAccount(env, c.Account, func(api *client.Client, id string) (*client.Account, error) {
		return api.SignOutAccount(env.ctx, id)
	})
}

// accountDeleteCommand deletes an account.
type accountDeleteCommand struct {
	oneAccountFlags
	Yes bool `help:"Do not ask."`
}

// Run implements the command.
func (c *accountDeleteCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		a, err := api.GetAccount(env.ctx, id)
		if err != nil {
			return err
		}
		if !c.Yes {
			asking := *env
			asking.out = env.err
			typed, err := newTerminal(&asking, "").ask(fmt.Sprintf("This deletes %s (%s) with all its messages here, for good. Type its name to go on:", printable(a.Name), id))
			if err != nil {
				return err
			}
			if typed != a.Name {
				return fmt.Errorf("that is not its name: nothing is deleted")
			}
		}
		if err := api.DeleteAccount(env.ctx, id); err != nil {
			return err
		}
		return c.print(env, map[string]string{"deleted": id}, "%s is deleted.", printable(a.Name))
	})
}

// accountDevicesCommand deals with the devices of an account.
type accountDevicesCommand struct {
	List    accountDevicesListCommand    `cmd:"" help:"List the devices that are signed in to an account."`
	End     accountDevicesEndCommand     `cmd:"" help:"Sign a device out."`
	Confirm accountDevicesConfirmCommand `cmd:"" help:"Say that a new sign-in was the owner's."`
}

// accountDevicesListCommand lists devices.
type accountDevicesListCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountDevicesListCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		list, err := api.ListDevices(env.ctx, id)
		if err != nil {
			return err
		}
		each := func(yield func(client.Device, error) bool) {
			for _, d := range list.Devices {
				if !yield(d, nil) {
					return
				}
			}
		}
		return printList(env, &c.bridgeFlags, each, 0, "ID\tDEVICE\tAPP\tACTIVE\tFROM\t", func(d *client.Device) string {
			remark := ""
			switch {
			case d.ID == "0":
				remark = "the bridge"
			case d.Unconfirmed:
				remark = "new: confirm or end it"
			}
			return row(d.ID, d.Model+", "+d.System, d.App, d.ActiveAt.Local().Format(time.DateTime), d.IP+" "+d.Country, remark)
		})
	})
}

// accountCodeCommand shows a login code.
type accountCodeCommand struct{ oneAccountFlags }

// Run implements the command.
func (c *accountCodeCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		code, err := api.ReadLoginCode(env.ctx, id)
		if err != nil {
			return err
		}
		return c.print(env, code, "%s, which Telegram wrote at %s", printable(code.Code), code.At.Local().Format(time.DateTime))
	})
}

// deviceFlags name a device of an account.
type deviceFlags struct {
	oneAccountFlags
	Device string `arg:"" help:"The device's id, as \"godwit account devices list\" lists it."`
}

// accountDevicesEndCommand signs a device out.
type accountDevicesEndCommand struct{ deviceFlags }

// Run implements the command.
func (c *accountDevicesEndCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		if err := api.EndDevice(env.ctx, id, c.Device); err != nil {
			return err
		}
		return c.print(env, map[string]string{"ended": c.Device}, "Device %s is signed out.", c.Device)
	})
}

// accountDevicesConfirmCommand confirms a sign-in.
type accountDevicesConfirmCommand struct{ deviceFlags }

// Run implements the command.
func (c *accountDevicesConfirmCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		if err := api.ConfirmDevice(env.ctx, id, c.Device); err != nil {
			return err
		}
		return c.print(env, map[string]string{"confirmed": c.Device}, "Device %s is confirmed.", c.Device)
	})
}

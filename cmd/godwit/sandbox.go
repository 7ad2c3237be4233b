package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/sandbox/control"
)

// sandboxCommand runs a local Telegram until it is interrupted.
type sandboxCommand struct {
	Listen     string              `help:"Address of DC 1; DC 2 listens one port above. Port 0 takes free ones." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Info       string              `help:"Write the connection file there, for clients to read." type:"path" placeholder:"FILE"`
	Transports []sandbox.Transport `help:"What the data centres serve, all on one port: ${transports}; all of them unless some are named." placeholder:"NAME,..."`
	Secrets    []string            `help:"Secret by which the data centres are an MTProxy, in hex or base64, with dd or ee in front or not; one of each kind is drawn unless some are named. May be repeated." name:"proxy-secret" placeholder:"SECRET"`
	DCs        int                 `help:"Number of data centres, 1 to 9." name:"dcs" default:"2"`
	User       []phoneValue        `help:"Put an account there: PHONE=NAME, such as 9996610001=Ann. May be repeated." placeholder:"PHONE=NAME" sep:"none"`
	Password   []phoneValue        `help:"Give an account a 2FA password. May be repeated." placeholder:"PHONE=SECRET" sep:"none"`
	LoginEmail []phoneValue        `help:"Give an account an e-mail address that its codes are sent to. May be repeated." placeholder:"PHONE=ADDRESS" sep:"none"`
	CodeWays   []phoneValue        `help:"Send the codes of a phone number in these ways, one after the other: app, sms, call, flash_call, missed_call, fragment_sms, firebase_sms, sms_word, sms_phrase, email, set_up_email. May be repeated." placeholder:"PHONE=WAY,..." sep:"none"`
	Premium    []string            `help:"Give an account a premium subscription. May be repeated." placeholder:"PHONE"`
	Control    string              `help:"Serve there, by HTTP, what has things go wrong while it runs: see The local Telegram in README.md." placeholder:"HOST:PORT"`
	FreshFor   time.Duration       `help:"How long a device that has signed in may not end others, such as 24h." default:"0s" placeholder:"DURATION"`
	botFlags
}

// Run implements the command.
func (c *sandboxCommand) Run(env *environment) error {
	o := sandbox.Options{
		Listen: c.Listen, DCs: c.DCs, Transports: c.Transports, Logger: env.log, FreshFor: c.FreshFor,
		OnDelivery: func(d sandbox.Delivery) {
			fmt.Fprintf(env.out, "Code for %s by %s: %s\n", d.To, d.Way, d.Code)
		},
	}
	for _, text := range c.Secrets {
		secret, err := transport.ParseProxySecret(text)
		if err != nil {
			return fmt.Errorf("--proxy-secret: %w", err)
		}
		o.ProxySecrets = append(o.ProxySecrets, secret)
	}
	sb, err := sandbox.New(o)
	if err != nil {
		return err
	}
	for _, user := range c.User {
		if _, err := sb.AddUser(user.phone, user.value, ""); err != nil {
			return err
		}
	}
	if err := c.equip(sb); err != nil {
		return err
	}
	if err := sb.Start(); err != nil {
		return err
	}
	defer sb.Close()
	api, err := c.serve(env, sb)
	if err != nil {
		return err
	}
	defer api.Close()
	if c.Control != "" {
		s, err := control.Serve(sb, c.Control)
		if err != nil {
			return err
		}
		defer s.Close()
	}
	describe(env, sb.Info())
	if c.Info != "" {
		if err := sb.WriteInfo(c.Info); err != nil {
			return err
		}
		defer os.Remove(c.Info)
		fmt.Fprintf(env.out, "Connection file: %s\n", c.Info)
	}
	fmt.Fprintln(env.out, "Everything is kept in memory. Ctrl-C ends it.")
	<-env.ctx.Done()
	return nil
}

// describe prints what clients need to know.
func describe(env *environment, info sandbox.Info) {
	for _, dc := range info.DCs {
		fmt.Fprintf(env.out, "DC %d listens on %s:%d\n", dc.ID, dc.Host, dc.Port)
	}
	for _, link := range info.MTProxies {
		fmt.Fprintf(env.out, "MTProxy: %s\n", link)
	}
	fmt.Fprintf(env.out, "Phone numbers: %s. Code: %s.\n", info.PhoneConvention.Pattern, info.PhoneConvention.Code)
	if info.ControlURL != "" {
		fmt.Fprintf(env.out, "Control: %s\n", info.ControlURL)
	}
}

// equip gives accounts what they do not have by themselves: ways to sign in,
// and subscriptions.
func (c *sandboxCommand) equip(sb *sandbox.Sandbox) error {
	for _, phone := range c.Premium {
		if err := sb.SetPremium(phone, true); err != nil {
			return err
		}
	}
	for _, password := range c.Password {
		if err := sb.SetPassword(password.phone, password.value, ""); err != nil {
			return err
		}
	}
	for _, address := range c.LoginEmail {
		if err := sb.SetLoginEmail(address.phone, address.value, 0); err != nil {
			return err
		}
	}
	for _, names := range c.CodeWays {
		var ways []sandbox.CodeWay
		for name := range strings.SplitSeq(names.value, ",") {
			ways = append(ways, sandbox.CodeWay(name))
		}
		if err := sb.SetCodeWays(names.phone, ways...); err != nil {
			return err
		}
	}
	return nil
}

// transportNames lists what a sandbox can serve, for the help.
func transportNames() string {
	var names []string
	for _, t := range sandbox.Transports() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

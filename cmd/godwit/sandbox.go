package main

import (
	"fmt"
	"os"
	"strings"

	"godwit/sandbox"
)

// sandboxCommand runs a local Telegram until it is interrupted.
type sandboxCommand struct {
	Listen     string              `help:"Address of DC 1; DC 2 listens one port above. Port 0 takes free ones." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Info       string              `help:"Write the connection file there, for clients to read." type:"path" placeholder:"FILE"`
	Transports []sandbox.Transport `help:"What the data centres serve, all on one port: ${transports}; all of them unless some are named." placeholder:"NAME,..."`
	DCs        int                 `help:"Number of data centres, 1 to 9." name:"dcs" default:"2"`
	User       []string            `help:"Put an account there: PHONE=NAME, such as 9996610001=Ann. May be repeated." placeholder:"PHONE=NAME" sep:"none"`
}

// Run implements the command.
func (c *sandboxCommand) Run(env *environment) error {
	sb, err := sandbox.New(sandbox.Options{Listen: c.Listen, DCs: c.DCs, Transports: c.Transports, Logger: env.log})
	if err != nil {
		return err
	}
	for _, user := range c.User {
		phone, name, ok := strings.Cut(user, "=")
		if !ok {
			return fmt.Errorf("--user %q is not of the form PHONE=NAME", user)
		}
		if _, err := sb.AddUser(phone, name, ""); err != nil {
			return err
		}
	}
	if err := sb.Start(); err != nil {
		return err
	}
	defer sb.Close()
	info := sb.Info()
	for _, dc := range info.DCs {
		fmt.Fprintf(env.out, "DC %d listens on %s:%d\n", dc.ID, dc.Host, dc.Port)
	}
	fmt.Fprintf(env.out, "Phone numbers: %s. Code: %s.\n", info.PhoneConvention.Pattern, info.PhoneConvention.Code)
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

// transportNames lists what a sandbox can serve, for the help.
func transportNames() string {
	var names []string
	for _, t := range sandbox.Transports() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

package main

import "fmt"

// logoutCommand signs this device out.
type logoutCommand struct{ accountFlags }

// Run implements the command.
func (c *logoutCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	name := nameOf(a.Self())
	if err := a.SignOut(env.ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.out, "%s is signed out. The next login from %s may do without a code.\n", name, c.Credentials)
	return err
}

package main

import "fmt"

// logoutCommand signs this device out.
type logoutCommand struct {
	accountFlags
	JSON bool `help:"Print who is signed out as JSON." name:"json"`
}

// A signedOutJSON is what logout prints with --json.
type signedOutJSON struct {
	UserID      int64  `json:"user_id"`
	Name        string `json:"name"`
	Credentials string `json:"credentials"` // from which the next login may do without a code
}

// Run implements the command.
func (c *logoutCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	out := signedOutJSON{a.Self().ID, nameOf(a.Self()), c.Credentials}
	if err := a.SignOut(env.ctx); err != nil {
		return err
	}
	if c.JSON {
		return encodeJSON(env.out, out)
	}
	_, err = fmt.Fprintf(env.out, "%s is signed out. The next login from %s may do without a code.\n", out.Name, out.Credentials)
	return err
}

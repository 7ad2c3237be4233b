package main

import (
	"fmt"

	"godwit/bridge"
	"godwit/bridge/daemon"
	"godwit/bridge/operator"
)

// keysCommand deals with the keys under which a daemon keeps its accounts'
// credentials.
type keysCommand struct {
	Rotate keysRotateCommand `cmd:"" help:"Bring the data keys of all accounts under another key-encryption key."`
	Shred  keysShredCommand  `cmd:"" help:"Make the credentials of an account unreadable for good."`
}

// keysRotateCommand re-wraps data keys.
type keysRotateCommand struct {
	databaseFlags
	KEK    []string `help:"The present key-encryption key: file:PATH, aws-kms://ARN, gcp-kms://projects/… or hcvault://HOST/transit/keys/NAME. Without it, the file key in the directory. May be repeated." name:"kek" env:"GODWIT_KEK" placeholder:"URL" sep:"none"`
	NewKEK string   `help:"The one to come. A file that does not exist is made." name:"new-kek" required:"" placeholder:"URL"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Help tells the order in which things are done.
func (keysRotateCommand) Help() string {
	return `Daemons may run and write meanwhile, if they know both keys: restart them with
--kek NEW --kek OLD first, and with --kek NEW when this has ended. What was
interrupted goes on where it was when it is started again.

Keep the old key for as long as there are backups of the database from before.`
}

// rotatedJSON is what rotate prints with --json.
type rotatedJSON struct {
	KEK  string `json:"kek"`
	Done int64  `json:"done"`
}

// Run implements the command.
func (c *keysRotateCommand) Run(env *environment) error {
	return c.with(env, func(o *operator.Operator) error {
		bar := newCountBar(env.err, "Data keys")
		present := c.KEK
		if len(present) == 0 {
			present = []string{daemon.KEKIn(c.Data)}
		}
		r, err := o.RotateKeys(env.ctx, present, c.NewKEK, func(r operator.Rotation) { bar.set(r.Done, r.Total) })
		bar.end(err == nil)
		switch {
		case err != nil && r.KEK == "": // nothing was begun
			return err
		case err != nil:
			return fmt.Errorf("%d of %d data keys are under the new key; the others are as they were: %w", r.Done, r.Total, err)
		}
		if c.JSON {
			return encodeJSON(env.out, rotatedJSON{r.KEK, r.Done})
		}
		_, err = fmt.Fprintf(env.out, "%d data keys were brought under %s, which all are under now.\n", r.Done, r.KEK)
		return err
	})
}

// keysShredCommand shreds an account.
type keysShredCommand struct {
	databaseFlags
	Account bridge.AccountID `arg:"" help:"Whose: acc_…"`
	Yes     bool             `help:"Do not ask."`
}

// Help says what is left.
func (keysShredCommand) Help() string {
	return `The account's data key and what it sealed are overwritten and deleted. A daemon
that runs the account is refused its next write and drops it. Its messages stay,
and so does the device in the account's list at Telegram, until it is ended from
another one.

Backups of the database still hold the data key as the key-encryption key has
wrapped it. To make them worthless, rotate that key and destroy the old one.`
}

// Run implements the command.
func (c *keysShredCommand) Run(env *environment) error {
	id, err := bridge.ParseID[bridge.AccountID](string(c.Account))
	if err != nil {
		return err
	}
	return c.with(env, func(o *operator.Operator) error {
		a, err := o.Account(env.ctx, id)
		if err != nil {
			return err
		}
		if !c.Yes {
			question := fmt.Sprintf("The credentials of %q become unreadable for good: it has to sign in anew. Type %s to go on:",
				printable(a.Name), id)
			if err := confirm(env, question, string(id)); err != nil {
				return err
			}
		}
		if err := o.ShredKeys(env.ctx, id); err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.out, "The credentials of %s are shredded.\n", id)
		return err
	})
}

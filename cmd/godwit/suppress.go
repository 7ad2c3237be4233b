package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"godwit/bridge"
	"godwit/bridge/operator"
)

// suppressCommand deals with the people who are never written to.
type suppressCommand struct {
	Add    suppressAddCommand    `cmd:"" help:"Put a person on the suppression list: no account writes to them any more."`
	List   suppressListCommand   `cmd:"" help:"Print the suppression list."`
	Remove suppressRemoveCommand `cmd:"" help:"Take an entry off the suppression list."`
	Import suppressImportCommand `cmd:"" help:"Put the people of a CSV file on the suppression list."`
}

// suppressAddCommand adds a person.
type suppressAddCommand struct {
	databaseFlags
	UserID   int64  `help:"The person's id at Telegram." name:"user-id" placeholder:"ID"`
	Phone    string `help:"Their phone number, with the code of the country." placeholder:"NUMBER"`
	Username string `help:"Their username." placeholder:"NAME"`
	Note     string `help:"Why, for who reads the list." placeholder:"TEXT"`
}

// Run implements the command.
func (c *suppressAddCommand) Run(env *environment) error {
	v := &bridge.Suppression{Person: bridge.Person{UserID: c.UserID, Phone: c.Phone, Username: c.Username}, Note: c.Note}
	return c.with(env, func(o *operator.Operator) error {
		added, err := o.Suppress(env.ctx, v)
		switch {
		case err != nil:
			return err
		case !added:
			_, err = fmt.Fprintln(env.out, "That is on the list already.")
		default:
			_, err = fmt.Fprintf(env.out, "%s: no account writes to this person any more.\n", v.ID)
		}
		return err
	})
}

// suppressListCommand prints the list.
type suppressListCommand struct {
	databaseFlags
	JSON bool `help:"Print JSON, a line each." name:"json"`
}

// Run implements the command.
func (c *suppressListCommand) Run(env *environment) error {
	return c.with(env, func(o *operator.Operator) error {
		list, err := o.Suppressions(env.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
		if !c.JSON && len(list) > 0 {
			fmt.Fprintln(table, "ID\tUSER\tPHONE\tUSERNAME\tREASON\tBY\tSINCE\tNOTE")
		}
		for _, v := range list {
			if c.JSON {
				if err := encodeJSON(env.out, v); err != nil {
					return err
				}
				continue
			}
			user := ""
			if v.Person.UserID != 0 {
				user = strconv.FormatInt(v.Person.UserID, 10)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, user, printable(v.Person.Phone),
				printable(v.Person.Username), v.Reason, v.AddedBy, v.AddedAt.Format(time.DateTime), printable(v.Note))
		}
		return table.Flush()
	})
}

// suppressRemoveCommand removes an entry.
type suppressRemoveCommand struct {
	databaseFlags
	ID  bridge.SuppressionID `arg:"" help:"As \"godwit suppress list\" lists it." name:"id"`
	Yes bool                 `help:"Do not ask where the person themselves did not want to be written to."`
}

// Run implements the command.
func (c *suppressRemoveCommand) Run(env *environment) error {
	id, err := bridge.ParseID[bridge.SuppressionID](string(c.ID))
	if err != nil {
		return err
	}
	return c.with(env, func(o *operator.Operator) error {
		v, err := o.Suppression(env.ctx, id)
		if err != nil {
			return err
		}
		if v.Reason != bridge.SuppressedByOperator && !c.Yes {
			question := fmt.Sprintf("This person did not want to be written to (%s). Type %s to have them written to again:", v.Reason, id)
			if err := confirm(env, question, string(id)); err != nil {
				return err
			}
		}
		if err := o.Unsuppress(env.ctx, v); err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.out, "%s is off the list.\n", id)
		return err
	})
}

// confirm asks before something that cannot be taken back: what is typed has to
// be a certain word.
func confirm(env *environment, question, word string) error {
	typed, err := newTerminal(env, "").ask(question)
	if err == nil && typed != word {
		err = fmt.Errorf("%q is not %s: nothing is done", typed, word)
	}
	return err
}

// suppressImportCommand adds the people of a file.
type suppressImportCommand struct {
	databaseFlags
	File string `arg:"" optional:"" default:"-" help:"CSV; - is standard input."`
}

// Help describes the file.
func (suppressImportCommand) Help() string {
	return `The first line names the columns: user_id, phone, username and note, at least one
of the first three. Each other line is a person, by any of these. Where a line is
wrong, nothing is imported. Who is on the list already is passed over.`
}

// maxImport bounds a file, which has some 50 bytes for a person.
const maxImport = 256 << 20

// Run implements the command.
func (c *suppressImportCommand) Run(env *environment) error {
	in := env.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	limited := &io.LimitedReader{R: in, N: maxImport + 1}
	list, err := bridge.ReadSuppressions(limited)
	switch {
	case limited.N == 0:
		return errors.New("the file is too large: 256 MiB are imported at once")
	case err != nil:
		return fmt.Errorf("%s: nothing is imported:\n%w", c.File, err)
	}
	return c.with(env, func(o *operator.Operator) error {
		added, err := o.SuppressAll(env.ctx, list)
		if err != nil {
			return fmt.Errorf("%d people were added before this: %w", added, err)
		}
		_, err = fmt.Fprintf(env.out, "%d people are on the list now that were not; %d were.\n", added, len(list)-added)
		return err
	})
}

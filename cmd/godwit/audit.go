package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"godwit/bridge"
	"godwit/bridge/operator"
)

// auditCommand prints who asked for what.
type auditCommand struct {
	databaseFlags
	Account bridge.AccountID `help:"Of this account." placeholder:"acc_…"`
	Actor   bridge.Actor     `help:"Asked for by an API key, operator or daemon." placeholder:"key_…"`
	Limit   int              `help:"How many, of the newest." default:"50" placeholder:"N"`
	JSON    bool             `help:"Print JSON, a line each." name:"json"`
}

// Run implements the command.
func (c *auditCommand) Run(env *environment) error {
	return c.with(env, func(o *operator.Operator) error {
		list, err := o.Audited(env.ctx, c.Account, c.Actor, "", c.Limit)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
		if !c.JSON && len(list) > 0 {
			fmt.Fprintln(table, "AT\tWHO\tWHAT\tACCOUNT\tON\tDETAIL")
		}
		for _, e := range list {
			if c.JSON {
				if err := encodeJSON(env.out, e); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Format(time.DateTime), e.Actor, e.Action, e.AccountID,
				e.Subject, printable(string(e.Detail)))
		}
		return table.Flush()
	})
}

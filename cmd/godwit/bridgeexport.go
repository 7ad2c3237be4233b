package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"godwit/bridge/client"
)

// memberExportCommand deals with lists of the members of groups.
type memberExportCommand struct {
	List    exportListCommand    `cmd:"" help:"List the exports of an account."`
	Create  exportCreateCommand  `cmd:"" help:"Have an account list who is in a group or channel, page by page as its budget allows."`
	Show    exportShowCommand    `cmd:"" help:"Show how far an export has come, and how much of the truth it is."`
	Members exportMembersCommand `cmd:"" help:"Print who is in an export, as CSV or as JSON lines."`
	Cancel  exportCancelCommand  `cmd:"" help:"End an export. What it has stays."`
	Delete  exportDeleteCommand  `cmd:"" help:"Delete an export with all that it holds."`
}

// exportFlags name an export.
type exportFlags struct {
	bridgeFlags
	Account accountArg `arg:"" help:"The id, name or phone number of the account."`
	ID      string     `arg:"" help:"The export's id: exp_…" name:"id"`
}

// exportListCommand lists exports.
type exportListCommand struct {
	bridgeFlags
	Account accountArg `arg:"" help:"The id, name or phone number of an account."`
}

// Run implements the command.
func (c *exportListCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		return printList(env, &c.bridgeFlags, api.Exports(env.ctx, id, nil), 0, "ID\tGROUP\tLIST\tSTATE\tHOLDS", func(e *client.Export) string {
			return row(e.ID, groupOf(e), e.List, e.State, seenOf(e))
		})
	})
}

func groupOf(e *client.Export) string {
	if e.Title == "" {
		return e.Group
	}
	return e.Title + " (" + e.Group + ")"
}

// seenOf says how many an export holds, and of how many.
func seenOf(e *client.Export) string {
	if e.Total == 0 {
		return fmt.Sprint(e.Seen)
	}
	return fmt.Sprintf("%d of %d", e.Seen, e.Total)
}

// exportCreateCommand begins an export.
type exportCreateCommand struct {
	bridgeFlags
	Account accountArg `arg:"" help:"The id, name or phone number of the account that asks."`
	Group   string     `arg:"" help:"@username, or group:ID or channel:ID that the account has come across."`
	Of      string     `help:"Which of them: members, admins, bots, contacts, or, as an administrator, banned or kicked; search for those whose name begins with --query (${default})." enum:"members,admins,bots,contacts,banned,kicked,search" default:"members" placeholder:"LIST"`
	Query   string     `help:"What a name or username begins with." placeholder:"TEXT"`
	Again   string     `help:"Idempotency key: the same command with the same key begins nothing new." name:"idempotency-key" placeholder:"KEY"`
}

// Run implements the command.
func (c *exportCreateCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		e, err := api.CreateExport(env.ctx, id, client.CreateExportRequest{
			Group: c.Group, List: client.CreateExportRequestList(c.Of), Query: c.Query,
		}, &client.CreateExportParams{IdempotencyKey: c.Again})
		if err != nil {
			return err
		}
		return c.print(env, e, "%s", e.ID)
	})
}

// exportShowCommand shows an export.
type exportShowCommand struct{ exportFlags }

// Run implements the command.
func (c *exportShowCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		e, err := api.GetExport(env.ctx, id, c.ID)
		if err != nil {
			return err
		}
		return c.print(env, e, "%s\n  group    %s\n  list     %s\n  state    %s\n  holds    %s\n  all      %s",
			e.ID, printable(groupOf(e)), e.List, printable(exportState(e)), seenOf(e), completeness(e))
	})
}

func exportState(e *client.Export) string {
	switch {
	case e.Error != "":
		return string(e.State) + ": " + e.Error
	case !e.RetryAt.IsZero() && e.State != client.ExportStateDone:
		return string(e.State) + ", goes on at " + orEmpty(e.RetryAt)
	}
	return string(e.State)
}

// completeness says how much of the truth an export is.
func completeness(e *client.Export) string {
	switch {
	case e.Complete:
		return "yes, as far as Telegram tells"
	case e.Gap == client.ExportGapLimit && e.Limit > 0:
		return fmt.Sprintf("no: Telegram shows %d of such a group at most", e.Limit)
	case e.Gap == client.ExportGapLimit:
		return "no: there are more than Telegram shows"
	case e.Gap == client.ExportGapShifted:
		return "not certain: people came and went meanwhile, or Telegram's count is not exact"
	}
	return "no: it has not come to its end"
}

// exportMembersCommand fetches what an export holds.
type exportMembersCommand struct {
	exportFlags
	Format  string `help:"csv or jsonl (${default})." enum:"csv,jsonl" default:"csv" placeholder:"FORMAT"`
	Partial bool   `help:"What there is by now of an export that is not done."`
	Out     string `help:"A file to write to instead of standard output; it must not exist." type:"path" placeholder:"FILE"`
}

// Run implements the command.
func (c *exportMembersCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		format := client.GetExportMembersParamsFormat(c.Format)
		if c.JSON {
			format = client.GetExportMembersParamsFormatJsonl
		}
		members, err := api.GetExportMembers(env.ctx, id, c.ID, &client.GetExportMembersParams{Format: format, Partial: c.Partial})
		if err != nil {
			return err
		}
		defer members.Close()
		if c.Out == "" {
			_, err := io.Copy(env.out, members)
			return err
		}
		file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, members)
		if err := errors.Join(err, file.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Out)) // half a list would pass for a whole one
		}
		return nil
	})
}

// exportCancelCommand ends an export.
type exportCancelCommand struct{ exportFlags }

// Run implements the command.
func (c *exportCancelCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		e, err := api.CancelExport(env.ctx, id, c.ID)
		if err != nil {
			return err
		}
		return c.print(env, e, "%s is %s, and holds %s.", e.ID, e.State, seenOf(e))
	})
}

// exportDeleteCommand deletes an export.
type exportDeleteCommand struct{ exportFlags }

// Run implements the command.
func (c *exportDeleteCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		if err := api.DeleteExport(env.ctx, id, c.ID); err != nil {
			return err
		}
		return c.print(env, map[string]string{"deleted": c.ID}, "%s is deleted.", c.ID)
	})
}

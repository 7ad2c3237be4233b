package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/bridge/client"
)

// webhookCommand deals with the webhooks of a daemon.
type webhookCommand struct {
	List       webhookListCommand       `cmd:"" help:"List the webhooks."`
	Create     webhookCreateCommand     `cmd:"" help:"Have events sent to a URL. Prints the secret that they are signed with, this once."`
	Show       webhookShowCommand       `cmd:"" help:"Show a webhook, and how far it has come."`
	Test       webhookTestCommand       `cmd:"" help:"Send an event to try a webhook out, and say what came of it."`
	Deliveries webhookDeliveriesCommand `cmd:"" help:"List what was and is to be delivered, the latest first."`
	Replay     webhookReplayCommand     `cmd:"" help:"Have events delivered once more."`
	Rotate     webhookRotateCommand     `cmd:"" help:"Give a webhook a new secret. Prints it, this once."`
	Enable     webhookEnableCommand     `cmd:"" help:"Send to a webhook again, from where it was."`
	Disable    webhookDisableCommand    `cmd:"" help:"Send nothing to a webhook for now."`
	Delete     webhookDeleteCommand     `cmd:"" help:"Delete a webhook."`
}

// webhookFlags name a webhook.
type webhookFlags struct {
	bridgeFlags
	ID string `arg:"" help:"The webhook's id: hook_…" name:"id"`
}

// webhookListCommand lists webhooks.
type webhookListCommand struct{ bridgeFlags }

// Run implements the command.
func (c *webhookListCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	return printList(env, &c.bridgeFlags, api.Webhooks(env.ctx, nil), 0, "ID\tURL\tEVENTS\tOF\tSTATE", func(w *client.Webhook) string {
		return row(w.ID, w.URL, typesOf(w), ownersOf(w), webhookState(w))
	})
}

func typesOf(w *client.Webhook) string {
	if len(w.EventTypes) == 0 {
		return "all"
	}
	return joined(w.EventTypes)
}

func ownersOf(w *client.Webhook) string {
	if len(w.AccountIDs)+len(w.PoolIDs) == 0 {
		return "all accounts"
	}
	return strings.Trim(joined(w.AccountIDs)+","+joined(w.PoolIDs), ",")
}

func webhookState(w *client.Webhook) string {
	switch {
	case !w.Enabled:
		return "disabled: " + w.DisabledReason
	case w.PausedUntil.After(time.Now()):
		return "paused until " + orEmpty(w.PausedUntil)
	}
	return "enabled"
}

// webhookCreateCommand makes a webhook.
type webhookCreateCommand struct {
	bridgeFlags
	To          string             `arg:"" help:"Where events are sent: a URL." name:"to"`
	Types       []client.EventType `help:"Events of this type alone. May be repeated." name:"type" placeholder:"TYPE"`
	Account     []accountArg       `help:"Events of this account alone. May be repeated." placeholder:"ACCOUNT"`
	Pool        []string           `help:"Events of this pool's accounts alone. May be repeated." placeholder:"pool_…"`
	Description string             `help:"What it is for."`
}

// Run implements the command.
func (c *webhookCreateCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	in := client.WebhookInput{URL: c.To, Description: c.Description, EventTypes: c.Types, PoolIDs: c.Pool}
	for _, a := range c.Account {
		id, err := a.find(env.ctx, api)
		if err != nil {
			return err
		}
		in.AccountIDs = append(in.AccountIDs, id)
	}
	w, err := api.CreateWebhook(env.ctx, in)
	if err != nil {
		return err
	}
	if c.JSON {
		return encodeJSON(env.out, w)
	}
	// The secret alone goes where it can be piped.
	fmt.Fprintf(env.err, "%s gets what happens from now on, signed with this secret, which is not shown again:\n", w.ID)
	_, err = fmt.Fprintln(env.out, w.Secret)
	return err
}

// webhookShowCommand shows a webhook.
type webhookShowCommand struct{ webhookFlags }

// Run implements the command.
func (c *webhookShowCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	w, err := api.GetWebhook(env.ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(env, w, "%s\n  to       %s\n  events   %s of %s\n  state    %s\n  waiting  %d\n  given up %d",
		w.ID, printable(w.URL), typesOf(w), ownersOf(w), printable(webhookState(w)), w.Waiting, w.Dead)
}

// webhookTestCommand tries a webhook out.
type webhookTestCommand struct{ webhookFlags }

var errTest = errors.New("the receiver has not taken the event")

// Run implements the command.
func (c *webhookTestCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	a, err := api.TestWebhook(env.ctx, c.ID)
	switch {
	case err != nil:
		return err
	case c.JSON:
		err = encodeJSON(env.out, a)
	case a.Error == "":
		_, err = fmt.Fprintf(env.out, "The receiver has answered %d after %d ms.\n", a.Status, a.TookMS)
	}
	if err == nil && a.Error != "" {
		err = fmt.Errorf("%w: %s", errTest, printable(a.Error))
	}
	return err
}

// webhookDeliveriesCommand lists deliveries.
type webhookDeliveriesCommand struct {
	webhookFlags
	State string `help:"Those alone that are pending, delivered, or dead: given up." enum:"pending,delivered,dead," default:"" placeholder:"STATE"`
	Limit int    `help:"How many at most; 0 for all (${default})." default:"50" placeholder:"N"`
}

// Run implements the command.
func (c *webhookDeliveriesCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	list := api.Deliveries(env.ctx, c.ID, &client.ListDeliveriesParams{State: client.DeliveryState(c.State)})
	return printList(env, &c.bridgeFlags, list, c.Limit, "EVENT\tTYPE\tACCOUNT\tSTATE\tATTEMPTS\tLAST\tANSWER", func(d *client.Delivery) string {
		answer := d.LastAttempt.Error
		if answer == "" && d.LastAttempt.Status != 0 {
			answer = fmt.Sprint(d.LastAttempt.Status)
		}
		return row(d.EventID, d.EventType, d.AccountID, d.State, d.Attempts, orEmpty(d.LastAttempt.At), answer)
	})
}

// webhookReplayCommand has events delivered again.
type webhookReplayCommand struct {
	webhookFlags
	After string `help:"Those behind this place in the log: the id of an event, or 0." required:"" placeholder:"EVENT"`
	UpTo  string `help:"And up to this one, with it; up to the last without this." placeholder:"EVENT"`
	Dead  bool   `help:"Of these, those that were given up."`
}

// Run implements the command.
func (c *webhookReplayCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.ReplayEvents(env.ctx, c.ID, client.ReplayInput{After: c.After, UpTo: c.UpTo, OnlyDead: c.Dead}); err != nil {
		return err
	}
	return c.print(env, map[string]string{"replayed": c.ID}, "%s gets them once more.", c.ID)
}

// webhookRotateCommand gives a webhook a new secret.
type webhookRotateCommand struct {
	webhookFlags
	Overlap time.Duration `help:"How long the old secret stays valid beside it (${default})." default:"24h" placeholder:"DURATION"`
}

// Run implements the command.
func (c *webhookRotateCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	seconds := int64(c.Overlap / time.Second)
	r, err := api.RotateWebhookSecret(env.ctx, c.ID, client.RotateWebhookSecretRequest{OverlapSeconds: &seconds})
	if err != nil {
		return err
	}
	return c.print(env, r, "%s", r.Secret)
}

// webhookEnableCommand enables a webhook.
type webhookEnableCommand struct{ webhookFlags }

// Run implements the command.
func (c *webhookEnableCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	w, err := api.EnableWebhook(env.ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(env, w, "%s is enabled.", w.ID)
}

// webhookDisableCommand disables a webhook.
type webhookDisableCommand struct{ webhookFlags }

// Run implements the command.
func (c *webhookDisableCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	w, err := api.DisableWebhook(env.ctx, c.ID)
	if err != nil {
		return err
	}
	return c.print(env, w, "%s is disabled.", w.ID)
}

// webhookDeleteCommand deletes a webhook.
type webhookDeleteCommand struct{ webhookFlags }

// Run implements the command.
func (c *webhookDeleteCommand) Run(env *environment) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.DeleteWebhook(env.ctx, c.ID); err != nil {
		return err
	}
	return c.print(env, map[string]string{"deleted": c.ID}, "%s is deleted.", c.ID)
}

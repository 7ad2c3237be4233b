package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"godwit/bridge"
	"godwit/bridge/operator"
)

// keyCommand deals with the keys of the HTTP API.
type keyCommand struct {
	Create keyCreateCommand `cmd:"" help:"Make an API key, and print its token, this once."`
	List   keyListCommand   `cmd:"" help:"List the API keys."`
	Revoke keyRevokeCommand `cmd:"" help:"Make an API key useless."`
}

// keyCreateCommand makes a key.
type keyCreateCommand struct {
	databaseFlags
	Name     string             `arg:"" help:"What it is for."`
	Scopes   []bridge.KeyScope  `help:"What it allows: ${scopes}. admin is all of it." name:"scope" required:"" placeholder:"SCOPE"`
	Accounts []bridge.AccountID `help:"Accounts that it is for; with no pools either, it is for all." name:"account" placeholder:"acc_…"`
	Pools    []bridge.PoolID    `help:"Pools whose accounts it is for." name:"pool" placeholder:"pool_…"`
	For      time.Duration      `help:"How long it can be used, such as 720h. Without this, until it is revoked." name:"for" placeholder:"DURATION"`
	JSON     bool               `help:"Print JSON." name:"json"`
}

// keyJSON is an API key as --json prints it.
type keyJSON struct {
	ID         bridge.KeyID       `json:"id"`
	Name       string             `json:"name"`
	Token      string             `json:"token,omitempty"` // of create alone
	Scopes     []bridge.KeyScope  `json:"scopes"`
	Accounts   []bridge.AccountID `json:"accounts,omitempty"`
	Pools      []bridge.PoolID    `json:"pools,omitempty"`
	CreatedAt  time.Time          `json:"created_at"`
	ExpiresAt  time.Time          `json:"expires_at,omitzero"`
	LastUsedAt time.Time          `json:"last_used_at,omitzero"`
	RevokedAt  time.Time          `json:"revoked_at,omitzero"`
}

func keyLine(k *bridge.APIKey) keyJSON {
	return keyJSON{
		ID: k.ID, Name: k.Name, Scopes: k.Scopes, Accounts: k.Accounts, Pools: k.Pools, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
	}
}

// Run implements the command.
func (c *keyCreateCommand) Run(env *environment) error {
	k := &bridge.APIKey{Name: c.Name, Scopes: c.Scopes, Accounts: c.Accounts, Pools: c.Pools}
	switch {
	case c.For < 0:
		return fmt.Errorf("--for %v is in the past", c.For)
	case c.For > 0:
		k.ExpiresAt = time.Now().UTC().Add(c.For)
	}
	return c.use(env, true, func(o *operator.Operator) error {
		token, err := o.CreateKey(env.ctx, k)
		if err != nil {
			return err
		}
		if c.JSON {
			line := keyLine(k)
			line.Token = token.Reveal()
			return encodeJSON(env.out, line)
		}
		// The token alone goes where it can be piped.
		fmt.Fprintf(env.err, "%s, which is not shown again:\n", k.ID)
		_, err = fmt.Fprintln(env.out, token.Reveal())
		return err
	})
}

// keyListCommand lists keys.
type keyListCommand struct {
	databaseFlags
	JSON bool `help:"Print JSON, a line each." name:"json"`
}

// Run implements the command.
func (c *keyListCommand) Run(env *environment) error {
	return c.with(env, func(o *operator.Operator) error {
		keys, err := o.Keys(env.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
		if !c.JSON && len(keys) > 0 {
			fmt.Fprintln(table, "ID\tNAME\tSCOPES\tFOR\tLAST USED\tSTATE")
		}
		for _, k := range keys {
			if c.JSON {
				if err := encodeJSON(env.out, keyLine(&k)); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, printable(k.Name), joined(k.Scopes), scopeOf(&k),
				orNever(k.LastUsedAt), stateOf(&k, time.Now()))
		}
		return table.Flush()
	})
}

// scopeNames lists the scopes, for the help.
func scopeNames() string { return strings.ReplaceAll(joined(bridge.KeyScopes), ",", ", ") }

// joined writes a list with commas.
func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = string(s)
	}
	return strings.Join(words, ",")
}

func scopeOf(k *bridge.APIKey) string {
	if len(k.Accounts)+len(k.Pools) == 0 {
		return "all accounts"
	}
	return strings.Trim(joined(k.Accounts)+","+joined(k.Pools), ",")
}

func orNever(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format(time.DateTime)
}

func stateOf(k *bridge.APIKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + k.RevokedAt.Format(time.DateTime)
	case k.ExpiresAt.IsZero():
		return "valid"
	case k.Valid(now) != nil:
		return "expired " + k.ExpiresAt.Format(time.DateTime)
	}
	return "until " + k.ExpiresAt.Format(time.DateTime)
}

// keyRevokeCommand revokes a key.
type keyRevokeCommand struct {
	databaseFlags
	ID bridge.KeyID `arg:"" help:"As \"godwit key list\" lists it." name:"id"`
}

// Run implements the command.
func (c *keyRevokeCommand) Run(env *environment) error {
	id, err := bridge.ParseID[bridge.KeyID](string(c.ID))
	if err != nil {
		return err
	}
	return c.with(env, func(o *operator.Operator) error {
		if err := o.RevokeKey(env.ctx, id); err != nil {
			return err
		}
		_, err := fmt.Fprintf(env.out, "%s is revoked.\n", id)
		return err
	})
}

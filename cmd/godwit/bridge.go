package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"

	"godwit/bridge/client"
)

// bridgeFlags say which daemon a command asks.
type bridgeFlags struct {
	URL  string `help:"URL of the daemon (${default})." name:"url" default:"http://127.0.0.1:8787" env:"GODWIT_URL" placeholder:"URL"`
	Key  string `help:"API key, as \"godwit key create\" prints it. Others on this machine can see command lines: the variable is better." name:"key" env:"GODWIT_KEY" placeholder:"KEY"`
	JSON bool   `help:"Print JSON." name:"json"`
}

// client returns what asks the daemon.
func (f *bridgeFlags) client() (*client.Client, error) {
	if f.Key == "" {
		return nil, errors.New(`an API key is needed, as GODWIT_KEY or --key: "godwit key create NAME --scope SCOPE" makes one`)
	}
	return client.New(f.URL, f.Key)
}

// The exit codes of commands that ask a daemon, besides 1 for any other failure
// and 2 for a wrong command line.
const (
	exitForbidden = 3 // the API key is not known, or does not allow it
	exitNotFound  = 4 // there is no such thing
	exitLater     = 5 // the same command may succeed later
)

// exitCode returns what a command that has failed exits with.
func exitCode(err error) int {
	var unreachable *client.UnreachableError
	for _, code := range []struct {
		exit int
		of   []error
	}{
		{exitForbidden, []error{client.CodeUnauthorized, client.CodeForbidden}},
		{exitNotFound, []error{client.CodeNotFound}},
		{exitLater, []error{client.CodeUnavailable, client.CodeFloodWait, client.CodeBudgetExhausted}},
	} {
		for _, target := range code.of {
			if errors.Is(err, target) {
				return code.exit
			}
		}
	}
	if errors.As(err, &unreachable) {
		return exitLater
	}
	return 1
}

// An accountArg names an account: by its id, or by its name or phone number,
// where one alone has that.
type accountArg string

// find returns the account's id.
func (a accountArg) find(ctx context.Context, c *client.Client) (string, error) {
	if strings.HasPrefix(string(a), "acc_") {
		return string(a), nil
	}
	var found []string
	for one, err := range c.Accounts(ctx, &client.ListAccountsParams{Limit: 1000}) {
		if err != nil {
			return "", err
		}
		if one.Name == string(a) || one.Phone != "" && one.Phone == digits(string(a)) {
			found = append(found, one.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf(`no account is called %q: "godwit account list" lists them`, printable(string(a)))
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%q is not one account but %d: give an id of %s", printable(string(a)), len(found), strings.Join(found, ", "))
}

// with finds an account and does something with it.
func (f *bridgeFlags) with(env *environment, a accountArg, do func(c *client.Client, id string) error) error {
	c, err := f.client()
	if err != nil {
		return err
	}
	id, err := a.find(env.ctx, c)
	if err != nil {
		return err
	}
	return do(c, id)
}

// print prints one thing: as JSON, or as a sentence.
func (f *bridgeFlags) print(env *environment, value any, sentence string, args ...any) error {
	if f.JSON {
		return encodeJSON(env.out, value)
	}
	_, err := fmt.Fprintf(env.out, sentence+"\n", args...)
	return err
}

// printList prints a list of up to limit things, all if it is 0: as JSON, a line
// each, or as a table.
func printList[T any](env *environment, f *bridgeFlags, list iter.Seq2[T, error], limit int, header string, row func(*T) string) error {
	table := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	n := 0
	for one, err := range list {
		if err != nil {
			return errors.Join(table.Flush(), err)
		}
		switch {
		case f.JSON:
			if err := encodeJSON(env.out, one); err != nil {
				return err
			}
		default:
			if n == 0 {
				fmt.Fprintln(table, header)
			}
			fmt.Fprintln(table, row(&one))
		}
		if n++; n == limit {
			break
		}
	}
	return table.Flush()
}

// row writes the cells of a row of a table.
func row(cells ...any) string {
	words := make([]string, len(cells))
	for i, c := range cells {
		words[i] = printable(fmt.Sprint(c))
	}
	return strings.Join(words, "\t")
}

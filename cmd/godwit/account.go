package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// accountFlags say which account a command uses and on which network.
type accountFlags struct {
	DC          string `help:"Connection file of a local Telegram, as the sandbox writes it. Without it, Telegram's own network." name:"dc" type:"path" placeholder:"FILE"`
	Credentials string `help:"File that keeps the account signed in, encrypted under FILE.key." default:"godwit.session" type:"path" placeholder:"FILE"`
	APIID       int    `help:"Application id from https://my.telegram.org/apps; a connection file has its own." name:"api-id" env:"GODWIT_API_ID" placeholder:"ID"`
	APIHash     string `help:"Application hash that belongs to it." name:"api-hash" env:"GODWIT_API_HASH" placeholder:"HASH"`
}

// An account is a client and the file that its credentials are in.
type account struct {
	*telegram.Client
	store *telegram.FileStore
}

// close ends the client and lets others have the file.
func (a *account) close() error { return errors.Join(a.Client.Close(), a.store.Close()) }

// open connects with the stored credentials. With create, a file that is not
// there yet is no error.
func (f *accountFlags) open(env *environment, create bool, handler telegram.Handler) (*account, error) {
	o := telegram.Options{APIID: f.APIID, APIHash: f.APIHash, Logger: env.log, Handler: handler}
	if f.DC != "" {
		network, file, err := telegram.LoadNetwork(f.DC)
		if err != nil {
			return nil, err
		}
		o.Network, o.APIID, o.APIHash = network, file.APIID, file.APIHash
	}
	if o.APIID == 0 || o.APIHash == "" {
		return nil, errors.New("--api-id and --api-hash are needed to connect to Telegram; with --dc FILE a local one is used")
	}
	key, err := f.key(create)
	if err != nil {
		return nil, err
	}
	store, err := telegram.OpenFileStore(f.Credentials, key)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(env.ctx, time.Minute)
	defer cancel()
	o.Store = store
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &account{client, store}, nil
}

// key returns the key of the credentials file, a new one if both are to be
// made.
func (f *accountFlags) key(create bool) (telegram.FileKey, error) {
	path := f.Credentials + ".key"
	_, err := os.Stat(f.Credentials)
	switch {
	case err == nil:
		return telegram.ReadKeyFile(path)
	case !errors.Is(err, os.ErrNotExist):
		return telegram.FileKey{}, err
	case !create:
		return telegram.FileKey{}, fmt.Errorf(`no credentials in %s: sign in with "godwit login" first`, f.Credentials)
	}
	if _, err := os.Stat(path); err == nil {
		return telegram.ReadKeyFile(path)
	}
	return telegram.CreateKeyFile(path)
}

// signedIn is open for commands that need an account.
func (f *accountFlags) signedIn(env *environment, handler telegram.Handler) (*account, error) {
	a, err := f.open(env, false, handler)
	if err != nil {
		return nil, err
	}
	if a.Self() == nil {
		err := a.Lapsed()
		if err == nil {
			err = telegram.ErrNotSignedIn
		}
		return nil, errors.Join(fmt.Errorf(`%w: sign in with "godwit login"`, err), a.close())
	}
	return a, nil
}

// loginCommand signs a device in.
type loginCommand struct {
	accountFlags
	Phone string `help:"Phone number; asked for if not given." placeholder:"NUMBER"`
}

// Run implements the command.
func (c *loginCommand) Run(env *environment) error {
	// With a handler the client notes where the account stands in its updates,
	// so that a later listen tells what came in between.
	a, err := c.open(env, true, telegram.OnMessage(func(context.Context, *telegram.Client, *tg.Message) error { return nil }))
	if err != nil {
		return err
	}
	defer a.close()
	user, err := a.SignIn(env.ctx, &terminal{in: bufio.NewReader(env.in), out: env.out, phone: c.Phone})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.out, "Signed in as %s, user %d. Credentials: %s\n", nameOf(user), user.ID, c.Credentials)
	return nil
}

func nameOf(u *tg.User) string {
	return strings.TrimSpace(u.FirstName.Or("") + " " + u.LastName.Or(""))
}

// A terminal asks the person at the keyboard what a sign-in needs.
type terminal struct {
	in    *bufio.Reader
	out   io.Writer
	phone string
}

// ask prints a question and reads the answer. What is typed shows.
func (t *terminal) ask(question string) (string, error) {
	fmt.Fprint(t.out, question, " ")
	line, err := t.in.ReadString('\n')
	if line = strings.TrimSpace(line); err != nil && line == "" {
		return "", fmt.Errorf("no answer to %q: %w", question, io.ErrUnexpectedEOF)
	}
	return line, nil
}

// problem tells why something is asked for once more.
func (t *terminal) problem(err error) {
	switch {
	case err == nil:
	case errors.Is(err, tg.ErrPhoneCodeInvalid):
		fmt.Fprintln(t.out, "That is not the code.")
	case errors.Is(err, tg.ErrPhoneCodeExpired):
		fmt.Fprintln(t.out, "That code has expired. Another one has been sent.")
	case errors.Is(err, tg.ErrPasswordHashInvalid):
		fmt.Fprintln(t.out, "That is not the password.")
	default:
		fmt.Fprintln(t.out, "Telegram refuses:", err)
	}
}

// Phone implements telegram.Authenticator.
func (t *terminal) Phone(context.Context) (string, error) {
	if t.phone != "" {
		return t.phone, nil
	}
	return t.ask("Phone number:")
}

// Code implements telegram.Authenticator.
func (t *terminal) Code(_ context.Context, prompt telegram.CodePrompt) (string, error) {
	t.problem(prompt.Problem)
	return t.ask("Code sent to +" + prompt.Phone + ":")
}

// Password implements telegram.Authenticator.
func (t *terminal) Password(_ context.Context, prompt telegram.PasswordPrompt) (string, error) {
	t.problem(prompt.Problem)
	if prompt.Hint == "" {
		return t.ask("Password:")
	}
	return t.ask("Password (hint: " + prompt.Hint + "):")
}

// SignUp implements telegram.Authenticator.
func (t *terminal) SignUp(_ context.Context, prompt telegram.SignUpPrompt) (telegram.Name, error) {
	name, err := t.ask("+" + prompt.Phone + " has no account. Name for a new one:")
	first, last, _ := strings.Cut(name, " ")
	return telegram.Name{First: first, Last: last}, err
}

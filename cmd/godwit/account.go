package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
	"godwit/tg"
)

// networkFlags say which Telegram a command connects to, and as which application.
type networkFlags struct {
	DC      string `help:"Connection file of a local Telegram, as the sandbox writes it. Without it, Telegram's own network." name:"dc" type:"path" placeholder:"FILE"`
	APIID   int    `help:"Application id from https://my.telegram.org/apps; a connection file has its own." name:"api-id" env:"GODWIT_API_ID" placeholder:"ID"`
	APIHash string `help:"Application hash that belongs to it." name:"api-hash" env:"GODWIT_API_HASH" placeholder:"HASH"`
}

// A destination is what networkFlags lead to.
type destination struct {
	network telegram.Network
	apiID   int
	apiHash string
	local   *connectionfile.File // nil for Telegram's own network
}

// find reads the connection file, if there is one.
func (f *networkFlags) find() (destination, error) {
	d := destination{apiID: f.APIID, apiHash: f.APIHash}
	if f.DC != "" {
		network, file, err := connectionfile.Load(f.DC)
		if err != nil {
			return d, err
		}
		d = destination{network, file.APIID, file.APIHash, file}
	}
	if d.apiID == 0 || d.apiHash == "" {
		return d, errors.New("--api-id and --api-hash are needed to connect to Telegram; with --dc FILE a local one is used")
	}
	return d, nil
}

// accountFlags say which account a command uses and on which network.
type accountFlags struct {
	networkFlags
	Credentials string        `help:"File that keeps the account signed in, encrypted under FILE.key." default:"godwit.session" type:"path" placeholder:"FILE"`
	KeyLog      string        `help:"File to which the auth keys in use are added, for \"godwit inspect\". Whoever has it can read everything." env:"GODWIT_KEY_LOG" type:"path" placeholder:"FILE"`
	Timeout     time.Duration `help:"How long to wait for the first answer when connecting." default:"1m" placeholder:"DURATION"`
	transportFlags
}

// An account is a client and the files that are its own: its credentials, and
// the peers that it has come across.
type account struct {
	*telegram.Client
	store *filestore.Store
	peers *filestore.Peers // nil until opened
	keys  *os.File         // nil unless keys are logged
	made  []string         // files that were not there before, besides the credentials; nil if those were
}

// close ends the client and lets others have the files.
func (a *account) close() error {
	var err error
	if a.Client != nil {
		err = a.Client.Close()
	}
	if a.peers != nil {
		err = errors.Join(err, a.peers.Close())
	}
	err = errors.Join(err, a.closeStore())
	if a.keys != nil {
		err = errors.Join(err, a.keys.Close())
	}
	return err
}

// closeStore lets others have the credentials. Those of a sign-in that has come
// to nothing are removed, with all that was made for them.
func (a *account) closeStore() error {
	credentials, err := a.store.Load()
	if err != nil || credentials.UserID != 0 || a.made == nil {
		return errors.Join(err, a.store.Close())
	}
	for _, path := range a.made {
		if gone := os.Remove(path); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, a.store.Remove())
}

// open connects with the stored credentials. With create, a file that is not
// there yet is no error.
func (f *accountFlags) open(env *environment, create bool, handler telegram.Handler) (*account, error) {
	d, err := f.find()
	if err != nil {
		return nil, err
	}
	o := telegram.Options{APIID: d.apiID, APIHash: d.apiHash, Network: d.network, Logger: env.log, Handler: handler}
	if err := f.apply(&o, d.local); err != nil {
		return nil, err
	}
	key, made, err := f.key(create)
	if err != nil {
		return nil, err
	}
	store, err := filestore.Open(f.Credentials, key)
	if err != nil {
		return nil, err
	}
	a := &account{store: store, made: made}
	if a.peers, err = filestore.OpenPeers(f.Credentials+".peers", key); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if f.KeyLog != "" {
		if a.keys, err = os.OpenFile(f.KeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return nil, errors.Join(err, a.close())
		}
		o.KeyLog = a.keys
	}
	o.Store, o.Peers = store, a.peers
	o.OnConnection = func(lost error) {
		if lost == nil {
			fmt.Fprintln(env.err, "godwit: connected again")
		} else {
			fmt.Fprintf(env.err, "godwit: the connection is lost (%v); it is tried again\n", lost)
		}
	}
	ctx, cancel := context.WithTimeout(env.ctx, f.Timeout)
	defer cancel()
	if a.Client, err = telegram.Connect(ctx, o); err != nil {
		a.Client = nil
		return nil, errors.Join(f.unconnected(err), a.close())
	}
	return a, nil
}

// unconnected says why there is no connection, and what to do.
func (f *accountFlags) unconnected(err error) error {
	where := "Telegram"
	if f.DC != "" {
		where = "the local Telegram of " + f.DC
	}
	var unreachable *telegram.UnreachableError
	switch {
	case errors.Is(err, telegram.ErrOtherNetwork):
		return otherNetwork(f.Credentials, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s has not answered for %v; the network may be down, or what is at its address is something else (--timeout waits longer)", where, f.Timeout)
	case !errors.As(err, &unreachable):
		return err
	case f.Proxy != "":
		return fmt.Errorf("no way to %s through the proxy: %w; is --proxy right, and does it run?", where, unreachable.Err)
	case f.DC != "":
		return fmt.Errorf("%s cannot be reached: %w; does it still run?", where, unreachable.Err)
	}
	return fmt.Errorf("no connection to Telegram: %w; if the network blocks it, --proxy or --transport may help", unreachable.Err)
}

// otherNetwork says what to do about credentials of another Telegram.
func otherNetwork(path string, err error) error {
	return fmt.Errorf("%s: %w: give the --dc that they were made with, or other --credentials; if that network is gone, remove the file",
		path, err)
}

// key returns the key of the credentials file, a new one if both are to be
// made. Of credentials that are not there yet it tells what is made with them.
func (f *accountFlags) key(create bool) (key filestore.Key, made []string, err error) {
	path := f.Credentials + ".key"
	_, err = os.Stat(f.Credentials)
	switch {
	case err == nil:
		key, err = filestore.ReadKeyFile(path)
		return key, nil, err
	case !errors.Is(err, os.ErrNotExist):
		return key, nil, err
	case !create:
		return key, nil, fmt.Errorf(`no credentials in %s: sign in with "godwit login" first`, f.Credentials)
	}
	made = []string{f.Credentials + ".peers"}
	if _, err := os.Stat(path); err == nil {
		key, err = filestore.ReadKeyFile(path)
		return key, made, err
	}
	key, err = filestore.CreateKeyFile(path)
	return key, append(made, path), err
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

func nameOf(u *tg.User) string {
	return strings.TrimSpace(u.FirstName.Or("") + " " + u.LastName.Or(""))
}

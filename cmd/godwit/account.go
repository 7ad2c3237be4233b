package main

import (
	"context"
	"errors"
	"fmt"
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
	KeyLog      string `help:"File to which the auth keys in use are added, for \"godwit inspect\". Whoever has it can read everything." env:"GODWIT_KEY_LOG" type:"path" placeholder:"FILE"`
	transportFlags
}

// An account is a client and the files that are its own: its credentials, and
// the peers that it has come across.
type account struct {
	*telegram.Client
	store *telegram.FileStore
	peers *telegram.FilePeers // nil until opened
	keys  *os.File            // nil unless keys are logged
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
	err = errors.Join(err, a.store.Close())
	if a.keys != nil {
		err = errors.Join(err, a.keys.Close())
	}
	return err
}

// open connects with the stored credentials. With create, a file that is not
// there yet is no error.
func (f *accountFlags) open(env *environment, create bool, handler telegram.Handler) (*account, error) {
	o := telegram.Options{APIID: f.APIID, APIHash: f.APIHash, Logger: env.log, Handler: handler}
	var local *telegram.ConnectionFile
	if f.DC != "" {
		network, file, err := telegram.LoadNetwork(f.DC)
		if err != nil {
			return nil, err
		}
		o.Network, o.APIID, o.APIHash, local = network, file.APIID, file.APIHash, file
	}
	if err := f.apply(&o, local); err != nil {
		return nil, err
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
	a := &account{store: store}
	if a.peers, err = telegram.OpenFilePeers(f.Credentials+".peers", key); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if f.KeyLog != "" {
		if a.keys, err = os.OpenFile(f.KeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return nil, errors.Join(err, a.close())
		}
		o.KeyLog = a.keys
	}
	ctx, cancel := context.WithTimeout(env.ctx, time.Minute)
	defer cancel()
	o.Store, o.Peers = store, a.peers
	a.Client, err = telegram.Connect(ctx, o)
	if errors.Is(err, telegram.ErrOtherNetwork) {
		err = fmt.Errorf("%s: %w: give the --dc that they were made with, or other --credentials; if that network is gone, remove the file",
			f.Credentials, err)
	}
	if err != nil {
		a.Client = nil
		return nil, errors.Join(err, a.close())
	}
	return a, nil
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

func nameOf(u *tg.User) string {
	return strings.TrimSpace(u.FirstName.Or("") + " " + u.LastName.Or(""))
}

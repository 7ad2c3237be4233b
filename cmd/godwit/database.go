package main

import (
	"cmp"
	"errors"
	"os"

	"godwit/bridge/daemon"
	"godwit/bridge/operator"
)

// databaseFlags say which database of a daemon a command works on.
type databaseFlags struct {
	Data string `help:"Directory of the daemon, as of \"godwit serve\" (${default})." default:"godwit-data" type:"path" placeholder:"DIR"`
	DB   string `help:"The daemon's database: postgres://USER@HOST/DATABASE or sqlite:PATH. Without it, godwit.db in the directory." name:"db" env:"GODWIT_DB" placeholder:"URL"`
}

// with runs do on the database.
func (f *databaseFlags) with(env *environment, do func(*operator.Operator) error) error {
	return f.use(env, false, do)
}

func (f *databaseFlags) use(env *environment, create bool, do func(*operator.Operator) error) error {
	if create && f.DB == "" {
		if err := os.MkdirAll(f.Data, 0o700); err != nil {
			return err
		}
	}
	o, err := operator.Open(env.ctx, cmp.Or(f.DB, daemon.DatabaseIn(f.Data)), create)
	if err != nil {
		return err
	}
	return errors.Join(do(o), o.Close())
}

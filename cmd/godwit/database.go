package main

import (
	"errors"

	"godwit/bridge/operator"
)

// databaseFlags say which database of a daemon a command works on.
type databaseFlags struct {
	DB string `help:"The daemon's database: postgres://USER@HOST/DATABASE or sqlite:PATH." name:"db" required:"" env:"GODWIT_DB" placeholder:"URL"`
}

// with runs do on the database.
func (f *databaseFlags) with(env *environment, do func(*operator.Operator) error) error {
	return f.use(env, false, do)
}

func (f *databaseFlags) use(env *environment, create bool, do func(*operator.Operator) error) error {
	o, err := operator.Open(env.ctx, f.DB, create)
	if err != nil {
		return err
	}
	return errors.Join(do(o), o.Close())
}

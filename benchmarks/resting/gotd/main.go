// Command gotd keeps accounts connected that have nothing to do, by gotd with its
// engine of updates. ../godwit does the same by godwit.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/updates"
	"github.com/gotd/td/tg"

	"godwit/benchmarks/internal/gotdclient"
	"godwit/benchmarks/internal/resting"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: gotd CONNECTION-FILE DIRECTORY REST")
	}
	network, err := gotdclient.Load(args[0])
	if err != nil {
		return err
	}
	accounts, err := resting.Accounts(args[1], "gotd")
	if err != nil {
		return err
	}
	return resting.Measure(accounts, args[2], func(stored []byte) error { return connect(ctx, network, stored) })
}

// connect brings an account online, for as long as the program runs.
func connect(ctx context.Context, network gotdclient.Network, stored []byte) error {
	storage := new(session.StorageMemory)
	if err := storage.StoreSession(ctx, stored); err != nil {
		return err
	}
	manager := updates.New(updates.Config{Handler: tg.NewUpdateDispatcher()})
	o := network.Options
	o.SessionStorage, o.UpdateHandler = storage, manager
	client := telegram.NewClient(network.APIID, network.APIHash, o)
	online := make(chan error, 1)
	go func() {
		err := client.Run(ctx, func(ctx context.Context) error {
			self, err := client.Self(ctx)
			if err != nil {
				return err
			}
			return manager.Run(ctx, client.API(), self.ID, updates.AuthOptions{OnStart: func(context.Context) { online <- nil }})
		})
		online <- errors.Join(errors.New("the client has ended"), err)
	}()
	return <-online
}

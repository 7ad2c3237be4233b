// Command godwit keeps accounts connected that have nothing to do, by godwit.
// ../gotd does the same by gotd.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"godwit/benchmarks/internal/resting"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/updates"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: godwit CONNECTION-FILE DIRECTORY REST")
	}
	network, file, err := connectionfile.Load(args[0])
	if err != nil {
		return err
	}
	accounts, err := resting.Accounts(args[1], "godwit")
	if err != nil {
		return err
	}
	var clients []*telegram.Client
	defer func() {
		for _, c := range clients {
			_ = c.Close()
		}
	}()
	return resting.Measure(accounts, args[2], func(stored []byte) error {
		store := new(telegram.MemoryStore)
		var credentials telegram.Credentials
		if err := errors.Join(credentials.UnmarshalBinary(stored), store.Save(&credentials)); err != nil {
			return err
		}
		c, err := telegram.Connect(ctx, telegram.Options{
			APIID: file.APIID, APIHash: file.APIHash, Network: network, Store: store,
			Handler: func(context.Context, *telegram.Client, updates.Delivery) error { return nil },
		})
		if err != nil {
			return err
		}
		clients = append(clients, c)
		if c.Self() == nil {
			return fmt.Errorf("%v is not signed in: %w", c, c.Lapsed())
		}
		return nil
	})
}

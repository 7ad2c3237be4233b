// Command godwit sends a file to a local Telegram and fetches it again, by
// godwit. ../gotd does the same by gotd.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"godwit/benchmarks/internal/transfer"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/files"
	"godwit/tg"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: godwit CONNECTION-FILE PHONE SIZE")
	}
	size, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	network, file, err := connectionfile.Load(args[0])
	if err != nil {
		return err
	}
	client, err := telegram.Connect(ctx, telegram.Options{APIID: file.APIID, APIHash: file.APIHash, Network: network})
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, telegram.Answers{PhoneNumber: args[1], AskCode: telegram.FixedCode("11111")}); err != nil {
		return err
	}
	f := files.New(client, files.Options{})
	began := time.Now()
	source := &files.Source{Name: "noise.bin", Size: size, Content: transfer.Noise(size)}
	message, err := f.Send(ctx, &tg.InputPeerSelf{}, files.Document{Source: source}, telegram.Outgoing{})
	if err != nil {
		return err
	}
	upload := time.Since(began)
	began = time.Now()
	remote, err := files.OfMessage(message, &tg.InputPeerSelf{})
	if err != nil {
		return err
	}
	sink := transfer.NewSink()
	if _, err := f.DownloadAt(ctx, remote, sink, files.Transfer{}); err != nil {
		return err
	}
	if err := sink.Check(size); err != nil {
		return err
	}
	return transfer.Report(upload, time.Since(began))
}

// Command gotd sends a file to a local Telegram and fetches it again, by gotd,
// over four connections and with as many parts under way, of the largest size
// that it has. ../godwit does the same by godwit.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	gotd "github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/downloader"
	"github.com/gotd/td/telegram/uploader"
	"github.com/gotd/td/tg"

	"godwit/benchmarks/internal/gotdclient"
	"godwit/benchmarks/internal/transfer"
)

const atOnce = 4

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: gotd CONNECTION-FILE PHONE SIZE")
	}
	size, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	network, err := gotdclient.Load(args[0])
	if err != nil {
		return err
	}
	client := gotd.NewClient(network.APIID, network.APIHash, network.Options)
	return client.Run(ctx, func(ctx context.Context) error {
		sent, err := client.Auth().SendCode(ctx, args[1], auth.SendCodeOptions{})
		if err != nil {
			return err
		}
		code, ok := sent.(*tg.AuthSentCode)
		if !ok {
			return fmt.Errorf("unexpected answer %T", sent)
		}
		if _, err := client.Auth().SignIn(ctx, args[1], "11111", code.PhoneCodeHash); err != nil {
			return err
		}
		pool, err := client.Pool(atOnce)
		if err != nil {
			return err
		}
		defer pool.Close()
		return move(ctx, client.API(), tg.NewClient(pool), size)
	})
}

// move sends the file to the account itself, and fetches it.
func move(ctx context.Context, api, media *tg.Client, size int64) error {
	began := time.Now()
	up := uploader.NewUploader(media).WithThreads(atOnce).WithPartSize(uploader.MaximumPartSize)
	file, err := up.Upload(ctx, uploader.NewUpload("noise.bin", transfer.Noise(size), size))
	if err != nil {
		return err
	}
	answer, err := api.MessagesSendMedia(ctx, &tg.MessagesSendMediaRequest{
		Peer: &tg.InputPeerSelf{}, RandomID: 1,
		Media: &tg.InputMediaUploadedDocument{File: file, MimeType: "application/octet-stream"},
	})
	if err != nil {
		return err
	}
	document, err := documentIn(answer)
	if err != nil {
		return err
	}
	upload := time.Since(began)
	began = time.Now()
	sink := transfer.NewSink()
	down := downloader.NewDownloader().Download(media, document.AsInputDocumentFileLocation("")).WithThreads(atOnce)
	if _, err := down.Parallel(ctx, sink); err != nil {
		return err
	}
	if err := sink.Check(size); err != nil {
		return err
	}
	return transfer.Report(upload, time.Since(began))
}

func documentIn(answer tg.UpdatesClass) (*tg.Document, error) {
	updates, ok := answer.(*tg.Updates)
	if !ok {
		return nil, fmt.Errorf("unexpected answer %T", answer)
	}
	for _, u := range updates.Updates {
		m, ok := u.(*tg.UpdateNewMessage)
		if !ok {
			continue
		}
		if message, ok := m.Message.(*tg.Message); ok {
			if media, ok := message.Media.(*tg.MessageMediaDocument); ok {
				if document, ok := media.Document.AsNotEmpty(); ok {
					return document, nil
				}
			}
		}
	}
	return nil, errors.New("the message has no document")
}

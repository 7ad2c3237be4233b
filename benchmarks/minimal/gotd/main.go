// Command gotd is the smallest useful client that gotd makes: it signs in by
// phone code, which it reads from standard input, and sends one chat message
// to the account itself. ../godwit does the same with godwit.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/tg"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 5 {
		return fmt.Errorf("usage: %s API_ID API_HASH PHONE TEXT", os.Args[0])
	}
	apiID, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	apiHash, phone, text := os.Args[2], os.Args[3], os.Args[4]
	client := telegram.NewClient(apiID, apiHash, telegram.Options{})
	return client.Run(context.Background(), func(ctx context.Context) error {
		sent, err := client.Auth().SendCode(ctx, phone, auth.SendCodeOptions{})
		if err != nil {
			return err
		}
		code, ok := sent.(*tg.AuthSentCode)
		if !ok {
			return fmt.Errorf("unexpected answer %T", sent)
		}
		fmt.Print("code: ")
		var digits string
		if _, err := fmt.Scan(&digits); err != nil {
			return err
		}
		if _, err := client.Auth().SignIn(ctx, phone, digits, code.PhoneCodeHash); err != nil {
			return err
		}
		id, err := client.RandInt64()
		if err != nil {
			return err
		}
		_, err = client.API().MessagesSendMessage(ctx, &tg.MessagesSendMessageRequest{
			Peer: &tg.InputPeerSelf{}, Message: text, RandomID: id,
		})
		return err
	})
}

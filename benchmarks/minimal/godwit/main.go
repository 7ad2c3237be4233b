// Command godwit is the smallest useful client that godwit makes: it signs in
// by phone code, which it reads from standard input, and sends one chat message
// to the account itself. ../gotd does the same with gotd.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 5 {
		return fmt.Errorf("usage: %s API_ID API_HASH PHONE TEXT", os.Args[0])
	}
	apiID, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	apiHash, phone, text := os.Args[2], os.Args[3], os.Args[4]
	client, err := telegram.Connect(ctx, telegram.Options{APIID: apiID, APIHash: apiHash})
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, telegram.Answers{PhoneNumber: phone, AskCode: askCode}); err != nil {
		return err
	}
	_, err = client.SendText(ctx, &tg.InputPeerSelf{}, text)
	return err
}

func askCode(context.Context, signin.Prompt) (string, error) {
	fmt.Print("code: ")
	var digits string
	_, err := fmt.Scan(&digits)
	return digits, err
}

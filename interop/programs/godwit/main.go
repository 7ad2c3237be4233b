// Command godwit signs in, prints the last ten messages exchanged with
// somebody, and answers "ping" with "pong" from then on.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"godwit/telegram"
	"godwit/telegram/filestore"
	"godwit/telegram/signin"
	"godwit/tg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, phone, username string) error {
	id, err := strconv.Atoi(os.Getenv("API_ID"))
	if err != nil {
		return err
	}
	store, err := filestore.Open("account.session", filestore.Passphrase(os.Getenv("PASSPHRASE")))
	if err != nil {
		return err
	}
	defer store.Close()
	client, err := telegram.Connect(ctx, telegram.Options{
		APIID: id, APIHash: os.Getenv("API_HASH"), Store: store, Handler: telegram.OnMessage(pong),
	})
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.SignIn(ctx, telegram.Answers{PhoneNumber: phone, AskCode: ask, AskPassword: ask})
	if err != nil {
		return err
	}
	peer, err := client.ResolveUsername(ctx, username)
	if err != nil {
		return err
	}
	for m, err := range client.History(ctx, peer, telegram.HistoryOptions{Limit: 10}) {
		if err != nil {
			return err
		}
		fmt.Println(m.ID, m.Message)
	}
	return client.Wait(ctx)
}

func pong(ctx context.Context, c *telegram.Client, m *tg.Message) error {
	if m.Out || m.Message != "ping" {
		return nil
	}
	peer, err := c.InputPeer(m.PeerID)
	if err != nil {
		return err
	}
	_, err = c.SendText(ctx, peer, "pong")
	return err
}

func ask(_ context.Context, prompt signin.Prompt) (string, error) {
	fmt.Printf("%v: ", prompt.Step)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.TrimSpace(line), err
}

// Command gotd does with gotd what the program godwit beside it does.
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

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/message"
	"github.com/gotd/td/telegram/query"
	"github.com/gotd/td/telegram/updates"
	"github.com/gotd/td/tg"
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
	dispatcher := tg.NewUpdateDispatcher()
	manager := updates.New(updates.Config{Handler: dispatcher}) // keeps its state in memory
	client := telegram.NewClient(id, os.Getenv("API_HASH"), telegram.Options{
		SessionStorage: &session.FileStorage{Path: "account.json"}, // not encrypted
		UpdateHandler:  manager,
	})
	api := client.API()
	sender := message.NewSender(api)
	dispatcher.OnNewMessage(func(ctx context.Context, e tg.Entities, u *tg.UpdateNewMessage) error {
		m, ok := u.Message.(*tg.Message)
		if !ok || m.Out || m.Message != "ping" {
			return nil
		}
		_, err := sender.Answer(e, u).Text(ctx, "pong")
		return err
	})
	return client.Run(ctx, func(ctx context.Context) error {
		flow := auth.NewFlow(auth.Constant(phone, os.Getenv("PASSWORD"), auth.CodeAuthenticatorFunc(ask)), auth.SendCodeOptions{})
		if err := client.Auth().IfNecessary(ctx, flow); err != nil {
			return err
		}
		self, err := client.Self(ctx)
		if err != nil {
			return err
		}
		peer, err := sender.Resolve(username).AsInputPeer(ctx)
		if err != nil {
			return err
		}
		history := query.Messages(api).GetHistory(peer).BatchSize(10).Iter()
		for range 10 {
			if !history.Next(ctx) {
				break
			}
			if m, ok := history.Value().Msg.(*tg.Message); ok {
				fmt.Println(m.ID, m.Message)
			}
		}
		if err := history.Err(); err != nil {
			return err
		}
		return manager.Run(ctx, api, self.ID, updates.AuthOptions{})
	})
}

func ask(context.Context, *tg.AuthSentCode) (string, error) {
	fmt.Print("code: ")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return strings.TrimSpace(line), err
}

package telegram_test

import (
	"context"
	"fmt"
	"log"

	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/telegram/participants"
	"godwit/telegram/text"
	"godwit/tg"
)

// A text with marks, an answer to it, a reaction, and both in the history from
// the oldest on.
func ExampleClient_Send() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, answers("9996610001")); err != nil {
		log.Fatal(err)
	}
	bob, _, err := client.Resolve(ctx, "+9996620001")
	if err != nil {
		log.Fatal(err)
	}

	t, err := text.ParseMarkdown("*Look*: a [godwit](https://example.org)")
	if err != nil {
		log.Fatal(err)
	}
	first, err := client.Send(ctx, bob, telegram.Outgoing{Text: t.Text, Entities: t.Entities})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Send(ctx, bob, telegram.Outgoing{
		Text: "It flies far", Reply: telegram.Reply{Message: int(first.ID), Quote: "godwit", QuoteOffset: 8},
	}); err != nil {
		log.Fatal(err)
	}
	if err := client.React(ctx, bob, int(first.ID), "🔥"); err != nil {
		log.Fatal(err)
	}
	for m, err := range client.History(ctx, bob, telegram.HistoryOptions{OldestFirst: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(text.Text{Text: m.Message, Entities: m.Entities}.HTML())
	}
	// Output:
	// <b>Look</b>: a <a href="https://example.org">godwit</a>
	// It flies far
}

// A group with an invitation, and who is in it.
func ExampleClient_groups() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, answers("9996610001")); err != nil {
		log.Fatal(err)
	}
	bob, err := client.ResolvePhone(ctx, "+9996620001")
	if err != nil {
		log.Fatal(err)
	}

	club, err := groups.Create(ctx, client, groups.New{Title: "Waders", Users: []tg.InputUserClass{telegram.InputUserOf(bob)}})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := groups.CreateInvite(ctx, client, club.Peer, groups.NewInvite{Limit: 10}); err != nil {
		log.Fatal(err)
	}
	list := participants.Of(client, club.Peer, participants.Options{})
	for p, err := range list.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.User.FirstName.Value, p.Role)
	}
	fmt.Println(list.Report())
	// Unordered output:
	// Ada creator
	// Bob member
	// 2 of 2: complete
}

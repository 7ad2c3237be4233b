package groups_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/telegram/internal/place"
	"godwit/tg"
)

// Make a forum with a topic, an administrator and a link that lets people in.
func Example() {
	client, stop, err := place.Ada() // signed in on a local Telegram
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	bob, err := client.ResolvePhone(ctx, "+9996620001")
	if err != nil {
		log.Fatal(err)
	}

	forum, err := groups.Create(ctx, client, groups.New{
		Kind: groups.Forum, Title: "Waders", Users: []tg.InputUserClass{telegram.InputUserOf(bob)},
	})
	if err != nil {
		log.Fatal(err)
	}
	topic, err := groups.CreateTopic(ctx, client, forum.Peer, "Bar-tailed godwits")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Send(ctx, forum.Peer, telegram.Outgoing{Text: "They are back.", Reply: telegram.Reply{Topic: topic}}); err != nil {
		log.Fatal(err)
	}
	if err := groups.Promote(ctx, client, forum.Peer, bob, tg.ChatAdminRights{PinMessages: true, InviteUsers: true}, "ringer"); err != nil {
		log.Fatal(err)
	}
	if err := groups.SetSlowMode(ctx, client, forum.Peer, 30*time.Second); err != nil {
		log.Fatal(err)
	}
	if _, err := groups.CreateInvite(ctx, client, forum.Peer, groups.NewInvite{Title: "for the colony", Limit: 100}); err != nil {
		log.Fatal(err)
	}
	for t, err := range groups.Topics(ctx, client, forum.Peer, "godwit") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t.Title)
	}
	// Output:
	// Bar-tailed godwits
}

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

// Have the posts of a channel discussed in a group, and comment on one.
func ExampleDiscuss() {
	client, stop, err := place.Ada() // signed in on a local Telegram
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	news, err := groups.Create(ctx, client, groups.New{Kind: groups.Channel, Title: "Wader news"})
	if err != nil {
		log.Fatal(err)
	}
	talk, err := groups.Create(ctx, client, groups.New{Title: "Wader talk"})
	if err != nil {
		log.Fatal(err)
	}
	if err := groups.SetDiscussion(ctx, client, news.Peer, talk.Peer); err != nil {
		log.Fatal(err)
	}
	post, err := client.SendText(ctx, news.Peer, "The godwits are back.")
	if err != nil {
		log.Fatal(err)
	}

	d, err := groups.Discuss(ctx, client, news.Peer, int(post.ID))
	if err != nil {
		log.Fatal(err)
	}
	comment := telegram.Outgoing{Text: "I have seen three.", Reply: telegram.Reply{Message: d.Thread}}
	if _, err := client.Send(ctx, d.Group, comment); err != nil {
		log.Fatal(err)
	}
	for m, err := range client.History(ctx, news.Peer, telegram.HistoryOptions{Topic: int(post.ID)}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Message)
	}
	// Output:
	// I have seen three.
}

// Read what has been done in a channel.
func ExampleLog() {
	client, stop, err := place.Ada() // signed in on a local Telegram
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	news, err := groups.Create(ctx, client, groups.New{Kind: groups.Channel, Title: "Wader news"})
	if err != nil {
		log.Fatal(err)
	}
	if err := groups.SetTitle(ctx, client, news.Peer, "Wader weekly"); err != nil {
		log.Fatal(err)
	}
	for e, err := range groups.Log(ctx, client, news.Peer, groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Info: true}}) {
		if err != nil {
			log.Fatal(err)
		}
		if change, ok := e.Action.(*tg.ChannelAdminLogEventActionChangeTitle); ok {
			fmt.Printf("%s became %s\n", change.PrevValue, change.NewValue)
		}
	}
	// Output:
	// Wader news became Wader weekly
}

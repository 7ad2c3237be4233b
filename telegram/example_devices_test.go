package telegram_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"

	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/telegram/flow"
	"godwit/telegram/signin"
	"godwit/tg"
)

// signedIn connects Ada, for an example.
func signedIn(ctx context.Context, o telegram.Options) *telegram.Client {
	client, err := telegram.Connect(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.SignIn(ctx, answers("9996610001")); err != nil {
		log.Fatal(err)
	}
	return client
}

// Show a QR code, which a device that is signed in accepts.
func ExampleClient_SignInQR() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	phone := signedIn(ctx, o)
	defer phone.Close()

	desk, err := telegram.Connect(ctx, o)
	if err != nil {
		log.Fatal(err)
	}
	defer desk.Close()
	user, err := desk.SignInQR(ctx, telegram.Answers{
		ShowQR: func(ctx context.Context, qr signin.QR) error {
			// Draw qr.URL here; a camera reads it there.
			_, err := phone.AcceptLogin(ctx, qr.URL)
			return err
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", user.FirstName.Value)
	// Output:
	// signed in as Ada
}

// See which devices are signed in, and sign out all others.
func ExampleClient_Authorizations() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	client := signedIn(ctx, o)
	defer client.Close()
	lost := signedIn(ctx, o)
	defer lost.Close()

	devices, _, err := client.Authorizations(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(devices), "devices")
	if err := client.EndOtherAuthorizations(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := tg.Call(ctx, lost, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}); err != nil {
		fmt.Println("the other device is signed out")
	}
	// Output:
	// 2 devices
	// the other device is signed out
}

// List the conversations.
func ExampleClient_Dialogs() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	client := signedIn(ctx, o)
	defer client.Close()
	bob, err := client.ImportContact(ctx, telegram.Contact{Phone: "+999 66 2 0001", FirstName: "Bob"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.SendText(ctx, bob, "hello"); err != nil {
		log.Fatal(err)
	}

	for dialog, err := range client.Dialogs(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if m, ok := dialog.Last.(*tg.Message); ok {
			fmt.Println(dialog.Title+":", m.Message)
		}
	}
	// Output:
	// Bob: hello
}

// Send a file, and fetch it again.
func ExampleClient_files() {
	o, stop := local()
	defer stop()
	ctx := context.Background()
	client := signedIn(ctx, o)
	defer client.Close()

	f := files.New(client, files.Options{})
	me := &tg.InputPeerSelf{}
	nest := []byte("four eggs, olive with brown spots")
	source := &files.Source{Name: "nest.txt", Size: int64(len(nest)), Content: bytes.NewReader(nest)}
	message, err := f.Send(ctx, me, files.Document{Source: source}, telegram.Outgoing{Text: "from the tundra"})
	if err != nil {
		log.Fatal(err)
	}
	remote, err := files.OfMessage(message, me)
	if err != nil {
		log.Fatal(err)
	}
	n, err := f.Download(ctx, remote, io.Discard, files.Transfer{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(remote.Name, n, "bytes")
	// Output:
	// nest.txt 33 bytes
}

// Read much without being in the way of conversations, and see what Telegram
// wants to be waited for.
func ExampleWithPriority() {
	o, stop := local()
	defer stop()
	client := signedIn(context.Background(), o)
	defer client.Close()

	ctx := telegram.WithPriority(context.Background(), flow.Backfill)
	for m, err := range client.History(ctx, &tg.InputPeerSelf{}, telegram.HistoryOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Message)
	}
	fmt.Println(len(client.Waits()), "waits")
	// Output:
	// 0 waits
}

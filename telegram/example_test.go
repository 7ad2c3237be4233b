package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"godwit/telegram"
	"godwit/telegram/filestore"
	people "godwit/telegram/internal/place"
	"godwit/telegram/signin"
	"godwit/tg"
)

// local starts a local Telegram with two people on it, Ada and Bob, and
// returns what leads a client there. For Telegram itself, take the APIID and
// APIHash that https://my.telegram.org/apps gives out and leave the Network
// out.
func local() (telegram.Options, func()) {
	o, stop, err := people.Local()
	if err != nil {
		log.Fatal(err)
	}
	return o, stop
}

// Sign in with a code and send somebody a message.
func Example() {
	options, stop := local()
	defer stop()
	ctx := context.Background()

	client, err := telegram.Connect(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	user, err := client.SignIn(ctx, telegram.Answers{
		PhoneNumber: "+999 66 1 0001",
		AskCode: func(_ context.Context, prompt signin.Prompt) (string, error) {
			// Ask the person here, and tell them prompt.Problem if there is one.
			fmt.Println("a code of", prompt.Code.Length, "digits is on its way to", prompt.Phone)
			return "11111", nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", user.FirstName.Value)

	bob, err := client.ImportContact(ctx, telegram.Contact{Phone: "+999 66 2 0001", FirstName: "Bob"})
	if err != nil {
		log.Fatal(err)
	}
	message, err := client.SendText(ctx, bob, "hello")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent:", message.Message)
	// Output:
	// a code of 5 digits is on its way to 9996610001
	// signed in as Ada
	// sent: hello
}

// Answer everything that people write.
func ExampleOnMessage() {
	options, stop := local()
	defer stop()
	ctx := context.Background()

	echo := options
	echo.Handler = telegram.OnMessage(func(ctx context.Context, c *telegram.Client, m *tg.Message) error {
		if m.Out {
			return nil // our own
		}
		peer, err := c.InputPeer(m.PeerID)
		if err != nil {
			return err
		}
		_, err = c.SendText(ctx, peer, "you wrote: "+m.Message)
		return err
	})
	bob, err := telegram.Connect(ctx, echo)
	if err != nil {
		log.Fatal(err)
	}
	defer bob.Close()
	if _, err := bob.SignIn(ctx, answers("9996620001")); err != nil {
		log.Fatal(err)
	}

	answered := make(chan string, 1)
	options.Handler = telegram.OnMessage(func(_ context.Context, _ *telegram.Client, m *tg.Message) error {
		if !m.Out {
			answered <- m.Message
		}
		return nil
	})
	ada, err := telegram.Connect(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer ada.Close()
	if _, err := ada.SignIn(ctx, answers("9996610001")); err != nil {
		log.Fatal(err)
	}
	peer, err := ada.ImportContact(ctx, telegram.Contact{Phone: "9996620001", FirstName: "Bob"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ada.SendText(ctx, peer, "hi"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-answered)
	// Output: you wrote: hi
}

// Read the newest messages of a conversation.
func ExampleClient_History() {
	options, stop := local()
	defer stop()
	ctx := context.Background()

	client, err := telegram.Connect(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if _, err := client.SignIn(ctx, answers("9996610001")); err != nil {
		log.Fatal(err)
	}
	self := &tg.InputPeerSelf{}
	for _, text := range []string{"milk", "bread", "cheese"} {
		if _, err := client.SendText(ctx, self, text); err != nil {
			log.Fatal(err)
		}
	}
	for message, err := range client.History(ctx, self, telegram.HistoryOptions{Limit: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Message)
	}
	// Output:
	// cheese
	// bread
}

// Call any method of the API, and tell its errors apart.
func ExampleClient_Invoke() {
	options, stop := local()
	defer stop()
	ctx := context.Background()

	client, err := telegram.Connect(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = tg.Call(ctx, client, &tg.UpdatesGetState{})
	fmt.Println(err)
	fmt.Println(errors.Is(err, tg.ErrAuthKeyUnregistered))
	// Output:
	// updates.getState: AUTH_KEY_UNREGISTERED (401)
	// true
}

// Stay signed in over restarts of the program.
func ExampleStore() {
	options, stop := local()
	defer stop()
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "godwit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	run := func(a telegram.Authenticator) {
		store, err := filestore.Open(filepath.Join(dir, "ada"), filestore.Passphrase("correct horse"))
		if err != nil {
			log.Fatal(err)
		}
		defer store.Close()
		options.Store = store
		client, err := telegram.Connect(ctx, options)
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		user, err := client.SignIn(ctx, a)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("signed in as", user.FirstName.Value)
	}
	run(answers("9996610001"))
	run(telegram.Answers{}) // nothing is asked
	// Output:
	// signed in as Ada
	// signed in as Ada
}

package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"godwit/bridge/client"
)

// An account writes to somebody, unless they do not want to be written to.
func Example() {
	// Instead: client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_KEY"))
	daemon := httptest.NewServer(http.HandlerFunc(pretend))
	defer daemon.Close()
	c, err := client.New(daemon.URL, "godwit_…")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for account, err := range c.Accounts(ctx, nil) {
		if err != nil {
			log.Fatal(err)
		}
		sent, err := c.SendMessage(ctx, account.ID, client.SendMessageRequest{To: "@ann", Text: "Hello"}, nil)
		switch {
		case errors.Is(err, client.CodeSuppressed):
			fmt.Println(err)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(account.Name, "writes", sent.ID)
		}
	}
	// Output:
	// Support writes msg_01KB0000000000000000000000
	// This person does not want to be written to.
}

// The messages of people are answered, one after the other, for as long as the
// daemon lets itself be asked.
func ExampleClient_Follow() {
	c, err := client.New(os.Getenv("GODWIT_URL"), os.Getenv("GODWIT_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range c.Follow(context.Background(), client.Following{Types: []client.EventType{client.EventTypeMessageReceived}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", event.AccountID, event.Data)
	}
}

// pretend answers as a daemon with two accounts does.
func pretend(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/v1/accounts":
		fmt.Fprint(w, `{"accounts": [{"id": "acc_1", "name": "Support"}, {"id": "acc_2", "name": "Sales"}]}`)
	case "/v1/accounts/acc_1/messages":
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"id": "msg_01KB0000000000000000000000", "state": "queued"}`)
	default:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"status": 403, "code": "suppressed", "detail": "This person does not want to be written to."}`)
	}
}

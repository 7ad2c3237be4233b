package signin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"godwit/telegram"
	"godwit/telegram/internal/place"
	"godwit/telegram/signin"
)

// Sign in step by step, as a server does that gets each answer with another
// request: the state of the sign-in is kept as JSON in between.
func Example() {
	// A local Telegram; for Telegram itself, the APIID and APIHash of
	// https://my.telegram.org/apps and no Network.
	options, stop, err := place.Local()
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	ctx := context.Background()
	client, err := telegram.Connect(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	s, err := client.BeginSignIn()
	if err != nil {
		log.Fatal(err)
	}
	for _, answer := range []signin.Answer{
		{Action: signin.GivePhone, Text: "+999 661 0001"},
		{Action: signin.GiveCode, Text: "00000"}, // leads back to the same question
		{Action: signin.GiveCode, Text: "11111"},
	} {
		prompt, err := s.Submit(ctx, answer)
		if err != nil {
			log.Fatal(err) // what no other answer can mend
		}
		fmt.Println(prompt.Step, prompt.Problem != nil)
		if prompt.Step == signin.Done {
			break
		}
		kept, err := json.Marshal(s.State())
		if err != nil {
			log.Fatal(err)
		}
		var state signin.State
		if err := json.Unmarshal(kept, &state); err != nil {
			log.Fatal(err)
		}
		if s, err = client.ResumeSignIn(ctx, state); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(client.Self().FirstName.Value)
	// Output:
	// code false
	// code true
	// done false
	// Ada
}

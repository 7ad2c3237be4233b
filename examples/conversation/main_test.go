package main

import (
	"strings"
	"testing"
)

func TestConversation(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `A local Telegram is up.
Ann and Boris have signed in, each by a code.
  Boris reads: Where have you been?
  Ann reads: In Alaska. Eleven thousand kilometres, and not one stop.
Boris's program ends.
It starts again. No code is asked for: the file has its credentials.
  Boris reads: Are you asleep?
  Boris reads: I would be.
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

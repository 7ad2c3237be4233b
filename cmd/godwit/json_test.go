package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"godwit/sandbox"
)

// decoded reads the one line of JSON that a command prints.
func decoded[T any](tw *town, who string, args ...string) T {
	tw.Helper()
	all := lines[T](tw.T, tw.must(who, "", append(args, "--json")...))
	if len(all) != 1 {
		tw.Fatalf("%v printed %d lines", args, len(all))
	}
	return all[0]
}

// What join, leave and logout have done is there for programs to read.
func TestMembershipJSON(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	tw.crowd("the_crowd", sandbox.Crowd{Members: 2})
	joined := decoded[membershipJSON](tw, "boris", "join", "@the_crowd")
	left := decoded[membershipJSON](tw, "boris", "leave", "@the_crowd")
	if joined.ID > -1_000_000_000_000 || !joined.Member || left.ID != joined.ID || left.Member {
		t.Errorf("joined %+v, left %+v", joined, left)
	}
	out := decoded[signedOutJSON](tw, "boris", "logout")
	if out.Name != "Boris" || out.UserID == 0 || out.Credentials != tw.file("boris") {
		t.Errorf("signed out %+v", out)
	}
}

func TestAcceptJSON(t *testing.T) {
	tw := newTown(t)
	tw.must("phone", "11111\n", "login", "--phone", ann)
	out := newScreen("tg://login?token=")
	code := make(chan int)
	go func() {
		code <- run(tw.Context(), []string{"login", "--qr", "--dc", tw.connection, "--credentials", tw.file("tablet")}, strings.NewReader(""), out, out)
	}()
	<-out.seen
	device := decoded[listedDevice](tw, "phone", "accept", link.FindString(out.String()))
	if got := <-code; got != 0 {
		t.Fatalf("exit %d\n%s", got, out)
	}
	if len(device.ID) != 16 || device.Device == "" || device.PasswordPending {
		t.Errorf("accepted %+v", device)
	}
	tw.want(tw.must("phone", "", "devices"), device.ID)
}

// Messages alone are on standard output.
func TestListenJSON(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	ctx, interrupt := context.WithCancel(t.Context())
	screen, errs := newScreen("Then\\nlisten."), newScreen("Listening as Boris.")
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"listen", "--json", "--dc", tw.connection, "--credentials", tw.file("boris")}, nil, screen, errs)
	}()
	<-errs.seen
	tw.must("ann", "", "send", "+9996620002", "Then\nlisten.")
	select {
	case <-screen.seen:
	case got := <-code:
		t.Fatalf("listen ended with %d: %s", got, errs)
	}
	interrupt()
	if got := <-code; got != 0 {
		t.Errorf("listen: exit %d: %s", got, errs)
	}
	var m messageJSON
	if err := json.Unmarshal([]byte(screen.String()), &m); err != nil || m.Text != "Then\nlisten." || m.Out || m.ID == 0 {
		t.Errorf("%v, %s", err, screen)
	}
}

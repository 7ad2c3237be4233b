package interop

import (
	"context"
	"testing"

	"github.com/gotd/td/session"
	"github.com/gotd/td/tg"
)

// TestGotd runs gotd's client against the sandbox over each of its transports:
// R-SV-01..10, and what CLIENTS.md 7, 9 and 12 say about such clients.
func TestGotd(t *testing.T) {
	_, conn := startSandbox(t)
	for _, tr := range gotdTransports {
		t.Run(tr.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			testGotd(ctx, t, conn, tr)
		})
	}
}

// testGotd registers a person on each DC, signs the first in again on another
// device, lets both talk, and ends one of them in the middle.
func testGotd(ctx context.Context, t *testing.T, conn *connection, tr gotdTransport) {
	const password = "limosa lapponica"
	row := "gotd, " + tr.name

	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	first := startGotd(ctx, t, conn, tr, anna.phone, &session.StorageMemory{})
	covered.add(t, row, "key", "rpc")
	if err := first.SignUp(ctx, anna.name); err != nil {
		t.Fatal(err)
	}
	covered.add(t, row, "sign up")
	if err := first.SetPassword(ctx, password); err != nil {
		t.Fatal(err)
	}
	first.Close()
	storage := &session.StorageMemory{}
	second := startGotd(ctx, t, conn, tr, anna.phone, storage)
	if err := second.SignIn(ctx, password); err != nil {
		t.Fatal(err)
	}
	covered.add(t, row, "code", "2FA")
	anna.person = second

	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	migrated := startGotd(ctx, t, conn, tr, ben.phone, &session.StorageMemory{})
	if err := migrated.SignUp(ctx, ben.name); err != nil {
		t.Fatal(err)
	}
	if dc := migrated.client.Config().ThisDC; dc != conn.DCs[1].ID {
		t.Fatalf("Ben is on DC %d, want %d after PHONE_MIGRATE", dc, conn.DCs[1].ID)
	}
	covered.add(t, row, "migrate")
	ben.person = migrated

	converse(ctx, t, anna, ben)
	covered.add(t, row, "send", "receive", "history")
	checkRandomID(ctx, t, second, ben)
	resumeGotd(ctx, t, conn, tr, anna, storage, migrated)
	covered.add(t, row, "resume")
}

// checkRandomID sends twice with one random_id: both answers name the same
// message, and it arrives once.
func checkRandomID(ctx context.Context, t *testing.T, from *gotdPerson, to speaker) {
	t.Helper()
	const randomID = 4711
	first, err := from.send(ctx, to.phone, "once", randomID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := from.send(ctx, to.phone, "once", randomID); err != nil || again != first {
		t.Fatalf("same random_id again: message %d, %v; want message %d", again, err, first)
	}
	if _, err := from.Send(ctx, to.phone, "next"); err != nil {
		t.Fatal(err)
	}
	checkReceived(ctx, t, to, []string{"once", "next"})
}

// resumeGotd ends a client, lets the other person go on talking, and starts
// the client again from its storage: no code, and the difference holds what it
// missed, once and in order.
func resumeGotd(ctx context.Context, t *testing.T, conn *connection, tr gotdTransport, who speaker, storage session.Storage, other *gotdPerson) {
	t.Helper()
	before, err := who.person.(*gotdPerson).api.UpdatesGetState(ctx)
	if err != nil {
		t.Fatal(err)
	}
	who.person.(*gotdPerson).Close()
	want := []string{"are you there?", "hello?", "well then"}
	for _, text := range want {
		if _, err := other.Send(ctx, who.phone, text); err != nil {
			t.Fatal(err)
		}
	}
	again := startGotd(ctx, t, conn, tr, who.phone, storage)
	if _, err := again.client.Self(ctx); err != nil {
		t.Fatalf("after the restart: %v", err)
	}
	answer, err := again.api.UpdatesGetDifference(ctx, &tg.UpdatesGetDifferenceRequest{
		Pts: before.Pts, Qts: before.Qts, Date: before.Date,
	})
	if err != nil {
		t.Fatal(err)
	}
	difference, ok := answer.(*tg.UpdatesDifference)
	if !ok {
		t.Fatalf("updates.getDifference answered %T", answer)
	}
	var got []string
	for _, m := range difference.NewMessages {
		got = append(got, m.(*tg.Message).Message)
	}
	if len(got) != len(want) {
		t.Fatalf("difference holds %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("difference holds %q, want %q", got, want)
		}
	}
	if pts := before.Pts + len(want); difference.State.Pts != pts {
		t.Errorf("pts after %d missed messages is %d, want %d", len(want), difference.State.Pts, pts)
	}
}

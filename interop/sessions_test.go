package interop

import (
	"context"
	"testing"

	gotd "github.com/gotd/td/session"

	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/sessions"
)

// TestSessionsGotd hands a signed-in device from gotd to godwit and back: what
// each has stored signs the other in.
func TestSessionsGotd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, conn := startSandbox(t)
	phone := newPhone(conn.DCs[0].ID)
	tr := gotdTransports[0]

	storage := &gotd.StorageMemory{}
	theirs := startGotd(ctx, t, conn, tr, phone, storage)
	if err := theirs.SignUp(ctx, "Anna"); err != nil {
		t.Fatal(err)
	}
	self, err := theirs.client.Self(ctx)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	stored, err := storage.LoadSession(ctx)
	if err != nil {
		t.Fatal(err)
	}

	s, err := sessions.Import(sessions.GoTD, string(stored))
	if err != nil {
		t.Fatal(err)
	}
	store := new(telegram.MemoryStore)
	if err := store.Save(&s.Credentials); err != nil {
		t.Fatal(err)
	}
	ours := startGodwit(ctx, t, conn, transport.Options{}, phone, store)
	if me := ours.client.Self(); me == nil || me.ID != self.ID {
		t.Fatalf("godwit is signed in as %v, want user %d", me, self.ID)
	}
	if err := ours.client.Close(); err != nil {
		t.Fatal(err)
	}

	credentials, err := store.Load()
	if err != nil {
		t.Fatal(err)
	}
	text, err := sessions.Export(sessions.GoTD, &sessions.Session{Credentials: credentials, Test: conn.TestDC}, telegram.Network{})
	if err != nil {
		t.Fatal(err)
	}
	back := &gotd.StorageMemory{}
	if err := back.StoreSession(ctx, []byte(text)); err != nil {
		t.Fatal(err)
	}
	again := startGotd(ctx, t, conn, tr, phone, back)
	defer again.Close()
	if me, err := again.client.Self(ctx); err != nil || me.ID != self.ID {
		t.Fatalf("gotd is signed in as %v, %v, want user %d", me, err, self.ID)
	}
}

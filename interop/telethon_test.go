package interop

import (
	"context"
	"os/exec"
	"testing"

	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/telegram"
)

// Telethon comes from Debian's package python3-telethon, which Debian's own
// Python finds whatever other Pythons there are.
const python = "/usr/bin/python3"

// The transports of telethon/run.py.
var telethonTransports = []string{"full", "abridged", "intermediate", "abridged, obfuscated"}

func startTelethon(ctx context.Context, t *testing.T, conn *connection, tr, phone, session string) *mtcutePerson {
	t.Helper()
	if err := exec.Command(python, "-c", "import telethon").Run(); err != nil {
		t.Fatalf("no Telethon: install Debian's python3-telethon (make deps does): %v", err)
	}
	p := startScript(t, phone, python, "telethon/run.py")
	args := map[string]any{"info": conn.Path, "transport": tr, "session": session}
	if err := p.do(ctx, "connect", args, nil); err != nil {
		t.Fatalf("Telethon did not connect: %v", err)
	}
	return p
}

// TestTelethon runs Telethon, which speaks layer 144, the oldest that is served,
// against the sandbox over each of its transports: R-SV-01..10, CLIENTS.md 3
// and 14.
func TestTelethon(t *testing.T) {
	sb, conn := startSandbox(t)
	for _, tr := range telethonTransports {
		t.Run(tr, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			testTelethon(ctx, t, sb, conn, tr)
		})
	}
}

// testTelethon lets two people talk, one with 2FA and one on the second DC, and
// has the first go on from its session string.
func testTelethon(ctx context.Context, t *testing.T, sb *sandbox.Sandbox, conn *connection, tr string) {
	const password = "limosa lapponica"
	row := "telethon, " + tr

	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, password)
	annas := startTelethon(ctx, t, conn, tr, anna.phone, "")
	covered.add(t, row, "key", "rpc")
	if err := annas.SignIn(ctx, password); err != nil {
		t.Fatal(err)
	}
	covered.add(t, row, "code", "2FA")
	anna.person = annas

	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	bens := startTelethon(ctx, t, conn, tr, ben.phone, "")
	args := map[string]any{"phone": ben.phone, "code": codeFor(ben.phone), "name": ben.name}
	if err := bens.do(ctx, "signUp", args, nil); err != nil {
		t.Fatal(err)
	}
	covered.add(t, row, "sign up", "migrate")
	ben.person = bens

	converse(ctx, t, anna, ben)
	covered.add(t, row, "send", "receive", "history")

	var session string
	if err := annas.do(ctx, "session", nil, &session); err != nil {
		t.Fatal(err)
	}
	if err := annas.do(ctx, "quit", nil, nil); err != nil {
		t.Fatal(err)
	}
	again := startTelethon(ctx, t, conn, tr, anna.phone, session)
	if err := again.Add(ctx, ben.phone); err != nil {
		t.Fatal(err)
	}
	anna.person = again
	burst(ctx, t, anna, ben, 9, true)
	covered.add(t, row, "resume")
}

// TestGodwitWithTelethon lets our client talk with Telethon.
func TestGodwitWithTelethon(t *testing.T) {
	sb, conn := startSandbox(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, "")
	anna.person = startTelethon(ctx, t, conn, "full", anna.phone, "")
	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	register(t, sb, ben, "")
	ben.person = startGodwit(ctx, t, conn, transport.Options{Framing: transport.Abridged}, ben.phone, new(telegram.MemoryStore))
	for _, p := range []speaker{anna, ben} {
		if err := p.SignIn(ctx, ""); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	converse(ctx, t, ben, anna)
	covered.add(t, "godwit with telethon", "code", "migrate", "send", "receive", "history")
}

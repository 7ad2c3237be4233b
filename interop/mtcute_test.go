package interop

import (
	"context"
	"testing"

	"godwit/sandbox"
)

// The transports of run.mjs.
var mtcuteTransports = []mtcuteTransport{
	{"intermediate", false, nil},
	{"padded intermediate", false, nil},
	{"intermediate, obfuscated", false, nil},
	{"padded intermediate, obfuscated", false, nil},
	{"intermediate, obfuscated", true, nil},
	{"MTProxy, plain secret", false, mtcuteMTProxy(0)},
	{"MTProxy, dd secret", false, mtcuteMTProxy(1)},
	{"MTProxy, fake TLS", false, mtcuteMTProxy(2)},
	{"SOCKS5", false, mtcuteSOCKS5},
	{"HTTP CONNECT", false, mtcuteConnect},
}

// TestMtcute runs mtcute, which speaks layer 227, against the sandbox over each
// of its transports: R-SV-01..10, CLIENTS.md 2, 5, 6 and 14.
func TestMtcute(t *testing.T) {
	sb, conn := startSandbox(t)
	for _, tr := range mtcuteTransports {
		t.Run(tr.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			testMtcute(ctx, t, sb, conn, tr)
		})
	}
}

// testMtcute lets two people talk, one of them with 2FA and one on the second
// DC, and then takes the network away from one of them. mtcute refuses to sign
// up, so both have accounts already.
func testMtcute(ctx context.Context, t *testing.T, sb *sandbox.Sandbox, conn *connection, tr mtcuteTransport) {
	const password = "limosa lapponica"
	row := "mtcute, " + tr.String()

	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, password)
	annas := startMtcute(ctx, t, conn, tr, anna.phone)
	covered.add(t, row, "key", "rpc")
	if err := annas.SignIn(ctx, password); err != nil {
		t.Fatal(err)
	}
	covered.add(t, row, "code", "2FA")
	anna.person = annas

	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	register(t, sb, ben, "")
	bens := startMtcute(ctx, t, conn, tr, ben.phone)
	var signedIn struct {
		DC int `json:"dc"`
	}
	args := map[string]any{"phone": ben.phone, "code": codeFor(ben.phone)}
	if err := bens.do(ctx, "signIn", args, &signedIn); err != nil {
		t.Fatal(err)
	}
	if signedIn.DC != conn.DCs[1].ID {
		t.Fatalf("Ben is on DC %d, want %d after PHONE_MIGRATE", signedIn.DC, conn.DCs[1].ID)
	}
	covered.add(t, row, "migrate")
	ben.person = bens

	converse(ctx, t, anna, ben)
	covered.add(t, row, "send", "receive", "history")

	resumeMtcute(ctx, t, anna, ben)
	covered.add(t, row, "resume")
}

// resumeMtcute takes the network away from a person, lets the other go on
// talking, and gives it back: mtcute comes back to its session.
func resumeMtcute(ctx context.Context, t *testing.T, who, other speaker) {
	t.Helper()
	network := func(up bool) {
		if err := who.person.(*mtcutePerson).do(ctx, "network", map[string]any{"up": up}, nil); err != nil {
			t.Fatal(err)
		}
	}
	network(false)
	missed := []string{"are you there?", "hello?", "well then"}
	for _, text := range missed {
		if _, err := other.Send(ctx, who.phone, text); err != nil {
			t.Fatal(err)
		}
	}
	network(true)
	checkReceived(ctx, t, who, missed)
	burst(ctx, t, who, other, 9, true)
}

package interop

import (
	"context"
	"testing"

	"github.com/gotd/td/session"

	"godwit/mtproto/transport"
	"godwit/telegram"
)

// TestMixed lets people talk who use clients of different makers, two of them
// of layer 229 and one of layer 227: each is served in its own.
func TestMixed(t *testing.T) {
	sb, conn := startSandbox(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	const password = "limosa lapponica"
	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, "")
	anna.person = startGotd(ctx, t, conn, gotdTransports[0], anna.phone, &session.StorageMemory{})
	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	register(t, sb, ben, "")
	ben.person = startMtcute(ctx, t, conn, mtcuteTransports[0], ben.phone)
	carla := speaker{name: "Carla", phone: newPhone(conn.DCs[1].ID)}
	register(t, sb, carla, password)
	framing := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	carla.person = startGodwit(ctx, t, conn, framing, carla.phone, new(telegram.MemoryStore))

	for p, secret := range map[speaker]string{anna: "", ben: "", carla: password} {
		if err := p.SignIn(ctx, secret); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	for _, pair := range []struct {
		name string
		a, b speaker
	}{
		{"gotd with mtcute", anna, ben},
		{"godwit with gotd", carla, anna},
		{"godwit with mtcute", carla, ben},
	} {
		converse(ctx, t, pair.a, pair.b)
		covered.add(t, pair.name, "code", "migrate", "send", "receive", "history")
	}
	covered.add(t, "godwit with gotd", "2FA")
}

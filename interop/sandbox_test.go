package interop

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"godwit/sandbox"
)

// startSandbox runs a sandbox of two DCs until the test ends and returns it
// with its connection file, from which the clients learn all they know.
func startSandbox(t *testing.T) (*sandbox.Sandbox, *connection) {
	t.Helper()
	return startSandboxWith(t, sandbox.Options{})
}

func startSandboxWith(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, *connection) {
	t.Helper()
	if os.Getenv("GODWIT_INTEROP_LOG") != "" {
		options.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	sb, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Errorf("sandbox: %v", err)
		}
	})
	path := filepath.Join(t.TempDir(), "sandbox.json")
	if err := sb.WriteInfo(path); err != nil {
		t.Fatal(err)
	}
	return sb, readConnection(t, path)
}

// register makes an account without the help of any client, with a password
// unless it is empty.
func register(t *testing.T, sb *sandbox.Sandbox, who speaker, password string) {
	t.Helper()
	if _, err := sb.AddUser(who.phone, who.name, "of the sandbox"); err != nil {
		t.Fatal(err)
	}
	if password == "" {
		return
	}
	if err := sb.SetPassword(who.phone, password, "a bird"); err != nil {
		t.Fatal(err)
	}
}

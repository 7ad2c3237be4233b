package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/sandbox"
	"godwit/tg"
)

// A town is a sandbox with people in it, for commands to be tried on.
type town struct {
	*testing.T
	sandbox    *sandbox.Sandbox
	connection string
	dir        string
}

func newTown(t *testing.T) *town {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sb.Close() })
	tw := &town{T: t, sandbox: sb, dir: t.TempDir()}
	tw.connection = filepath.Join(tw.dir, "telegram.json")
	if err := sb.WriteInfo(tw.connection); err != nil {
		t.Fatal(err)
	}
	for phone, name := range map[string]string{"9996610001": "Ann", "9996620002": "Boris"} {
		if _, err := sb.AddUser(phone, name, ""); err != nil {
			t.Fatal(err)
		}
	}
	return tw
}

func (tw *town) file(name string) string { return filepath.Join(tw.dir, name) }

// run runs a command of one person and returns its exit code and output.
func (tw *town) run(who, typed string, args ...string) (code int, out, errs string) {
	tw.Helper()
	var o, e bytes.Buffer
	args = append(args, "--dc", tw.connection, "--credentials", tw.file(who))
	code = run(tw.Context(), args, strings.NewReader(typed), &o, &e)
	return code, o.String(), e.String()
}

// must runs a command that has to succeed and returns what it printed.
func (tw *town) must(who, typed string, args ...string) string {
	tw.Helper()
	code, out, errs := tw.run(who, typed, args...)
	if code != 0 {
		tw.Fatalf("%v: exit %d\n%s\n%s", args, code, out, errs)
	}
	return out
}

func (tw *town) want(text string, parts ...string) {
	tw.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			tw.Errorf("%q is not in %q", part, text)
		}
	}
}

func TestConversationByCommands(t *testing.T) {
	tw := newTown(t)
	tw.want(tw.must("ann", "9996610001\n11111\n", "login"), "Phone number:", "Code sent to +9996610001:", "Signed in as Ann")
	tw.want(tw.must("boris", "22222\n", "login", "--phone", "+999 66 2 0002"), "Signed in as Boris")
	tw.must("ann", "", "send", "+9996620002", "Are you there?")
	tw.must("boris", "", "send", "+9996610001", "I am.")
	out := tw.must("ann", "", "history", "+9996620002")
	tw.want(out, "→ Are you there?", "← I am.")
	if strings.Index(out, "there?") > strings.Index(out, "I am.") {
		t.Errorf("the newest is not last:\n%s", out)
	}

	ctx, interrupt := context.WithCancel(t.Context())
	screen, errs := newScreen("← Then listen."), newScreen("")
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"listen", "--dc", tw.connection, "--credentials", tw.file("boris")}, nil, screen, errs)
	}()
	tw.must("ann", "", "send", "+9996620002", "Then listen.")
	select {
	case <-screen.seen:
	case got := <-code:
		t.Fatalf("listen ended with %d: %s", got, errs)
	}
	interrupt()
	if got := <-code; got != 0 {
		t.Errorf("listen: exit %d: %s", got, errs)
	}
}

func TestSignInAsks(t *testing.T) {
	tw := newTown(t)
	if err := tw.sandbox.SetPassword("9996610001", "feathers", "what it wears"); err != nil {
		t.Fatal(err)
	}
	out := tw.must("ann", "99999\n11111\nfur\nfeathers\n", "login", "--phone", "9996610001")
	tw.want(out, "That is not the code.", "hint: what it wears", "That is not the password.", "Signed in as Ann")
	tw.want(tw.must("new", "11111\nArctic Tern\n", "login", "--phone", "9996610009"), "has no account", "Signed in as Arctic Tern")
}

// Every mistake gets an error that names it, and nothing is lost by it.
func TestBadInputOfAccounts(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	whole, err := os.ReadFile(tw.file("ann"))
	if err != nil {
		t.Fatal(err)
	}
	copyKey := func(name string, content []byte) {
		key, err := os.ReadFile(tw.file("ann.key"))
		if err != nil {
			t.Fatal(err)
		}
		for path, data := range map[string][]byte{tw.file(name): content, tw.file(name + ".key"): key} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	copyKey("truncated", whole[:len(whole)/2])
	if err := os.WriteFile(tw.file("garbage.json"), []byte("{\"dcs\": [\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(tw.connection)
	if err != nil {
		t.Fatal(err)
	}
	dead := strings.NewReplacer("\"port\": ", "\"port\": 1, \"was\": ").Replace(string(text))
	if err := os.WriteFile(tw.file("dead.json"), []byte(dead), 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name  string
		who   string
		typed string
		args  []string
		want  string
	}{
		{"no code", "x", "", []string{"login", "--phone", "9996610001"}, "no answer"},
		{"phone that is no number", "x", "", []string{"login", "--phone", "12"}, "PHONE_NUMBER_INVALID"},
		{"not signed in", "nobody", "", []string{"send", "+9996610001", "x"}, "godwit login"},
		{"truncated credentials", "truncated", "", []string{"send", "+9996610001", "x"}, tw.file("truncated")},
		{"nobody has the phone", "ann", "", []string{"send", "+9996610077", "x"}, "+9996610077"},
		{"no such username", "ann", "", []string{"send", "@nobody_at_all", "x"}, "@nobody_at_all"},
		{"empty message", "ann", "", []string{"send", "+9996620002", ""}, "MESSAGE_EMPTY"},
		{"connection file that is not there", "ann", "", []string{"send", "+9996610001", "x", "--dc", tw.file("none.json")}, "none.json"},
		{"connection file that is not JSON", "ann", "", []string{"send", "+9996610001", "x", "--dc", tw.file("garbage.json")}, "line 2"},
		{"nobody listens", "ann", "", []string{"send", "+9996610001", "x", "--dc", tw.file("dead.json")}, "127.0.0.1:1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append([]string{"--log-level", "error"}, test.args...)
			if !strings.Contains(strings.Join(args, " "), "--dc") {
				args = append(args, "--dc", tw.connection)
			}
			args = append(args, "--credentials", tw.file(test.who))
			if code := run(t.Context(), args, strings.NewReader(test.typed), &out, &errs); code != 1 {
				t.Errorf("exit %d, want 1\n%s", code, errs.String())
			}
			if !strings.Contains(errs.String(), test.want) {
				t.Errorf("standard error %q does not name %q", errs.String(), test.want)
			}
		})
	}
	kept, err := os.ReadFile(tw.file("truncated"))
	if err != nil || !bytes.Equal(kept, whole[:len(whole)/2]) {
		t.Errorf("the truncated file was changed: %v", err)
	}
	tw.must("ann", "", "send", "+9996620002", "Still here.")
}

// What others write cannot steer the terminal or pass for a message.
func TestLineIsPrintable(t *testing.T) {
	got := line(&tg.Message{Message: "\x1b]0;title\aone\n2026-11-23 20:57:33 ← forged\x9b2J"})
	if strings.ContainsAny(got, "\x1b\a") || strings.Contains(got, "\u009b") {
		t.Errorf("control characters are left in %q", got)
	}
	if strings.Contains(got, "\n2026") {
		t.Errorf("a forged line begins in %q", got)
	}
}

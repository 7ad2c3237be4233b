package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"godwit/sandbox"
)

const ann, boris = "9996610001", "9996620002"

func (tw *town) check(err error) {
	tw.Helper()
	if err != nil {
		tw.Fatal(err)
	}
}

// mailed returns the code that the sandbox has sent last.
func (tw *town) mailed() string {
	box := tw.sandbox.Outbox()
	return box[len(box)-1].Code
}

// converse runs a command whose answers depend on what it prints: once a
// question has been printed, its answer is typed.
func (tw *town) converse(who string, args []string, turns ...[2]any) string {
	tw.Helper()
	c := newConversation(tw.T, turns)
	args = append(args, "--dc", tw.connection, "--credentials", tw.file(who))
	if code := run(tw.Context(), args, c, c, c); code != 0 {
		tw.Fatalf("%v: exit %d\n%s", args, code, c.printed)
	}
	if len(c.turns) > 0 {
		tw.Errorf("%v: never asked %q\n%s", args, c.turns[0][0], c.printed)
	}
	return c.printed
}

// A conversation is a keyboard and a screen. The command writes and reads on
// one goroutine.
type conversation struct {
	t       *testing.T
	turns   [][2]any // question, and its answer: a string or a func() string
	printed string
	since   string // the last answer
}

func newConversation(t *testing.T, turns [][2]any) *conversation {
	return &conversation{t: t, turns: turns}
}

func (c *conversation) Write(p []byte) (int, error) {
	c.printed, c.since = c.printed+string(p), c.since+string(p)
	return len(p), nil
}

func (c *conversation) Read(p []byte) (int, error) {
	if len(c.turns) == 0 {
		return 0, fmt.Errorf("nothing is left to be typed")
	}
	turn := c.turns[0]
	if question := turn[0].(string); !strings.Contains(c.since, question) {
		return 0, fmt.Errorf("asked %q, want %q", c.since, question)
	}
	c.turns, c.since = c.turns[1:], ""
	text, ok := turn[1].(string)
	if !ok {
		text = turn[1].(func() string)()
	}
	c.printed += text + "\n"
	return copy(p, text+"\n"), nil
}

// What people meet when they sign in, in their own words.
func TestLoginConversations(t *testing.T) {
	tw := newTown(t)
	login := []string{"login"}
	withPhone := []string{"login", "--phone", ann}

	tw.converse("typo", login,
		[2]any{"Phone number:", "12"},
		[2]any{"That is not a phone number that Telegram knows.\nPhone number:", ann},
		[2]any{"An empty line has another code sent, by SMS", "99999"},
		[2]any{"That is not the code.\nCode sent to +" + ann, "/back"},
		[2]any{"Phone number:", boris},
		[2]any{"Code sent to +" + boris, "22222"})

	tw.check(tw.sandbox.SetCodeWays(ann, sandbox.CodeByApp, sandbox.CodeByCall, sandbox.CodeByFlashCall, sandbox.CodeByMissedCall,
		sandbox.CodeByFragment, sandbox.CodeByWord, sandbox.CodeByPhrase))
	tw.converse("ways", withPhone,
		[2]any{"Code sent to the Telegram app of +" + ann, ""},
		[2]any{"Code that a call to +" + ann + " says:", ""},
		[2]any{"Number that calls +" + ann + ", which looks like 99966*****:", ""},
		[2]any{"Last digits of the number that calls +" + ann + " and begins with 99966:", ""},
		[2]any{"to be read at https://fragment.com", ""},
		[2]any{`Word sent to +` + ann + `, beginning with "g":`, ""},
		[2]any{`Words sent to +` + ann + `, beginning with "eleven":`, "Eleven thousand kilometres"})

	tw.check(tw.sandbox.SetCodeWays("9996610009", sandbox.CodeNeedsEmail, sandbox.CodeBySMS))
	tw.converse("email", []string{"login", "--phone", "9996610009"},
		[2]any{"needs an e-mail address to sign in by.\nE-mail address:", "nowhere"},
		[2]any{"That is not an e-mail address.", "tern@blocked.example"},
		[2]any{"Telegram does not take that e-mail address.", "tern@example.org"},
		[2]any{"Code sent by e-mail to t**n@example.org:", "1"},
		[2]any{"That is not the code.", tw.mailed},
		[2]any{"Code sent to +9996610009:", "11111"},
		[2]any{"has no account. Name for a new one:", "Arctic Tern"})

	tw.check(tw.sandbox.SetCodeWays("9996610009"))
	tw.check(tw.sandbox.SetLoginEmail("9996610009", "tern@example.org", time.Hour))
	tw.converse("email2", []string{"login", "--phone", "9996610009"},
		[2]any{"/reset gives up the e-mail address, after a wait of 1h0m0s.", "/reset"},
		[2]any{"by e-mail to t**n@example.org:", "/reset"},
		[2]any{"That has been asked for already", tw.mailed})
}

// A lost password is recovered, and nothing is deleted by mistake.
func TestLoginRecovery(t *testing.T) {
	tw := newTown(t)
	tw.check(tw.sandbox.SetPassword(ann, "feathers", "what it wears"))
	tw.check(tw.sandbox.SetRecoveryEmail(ann, "ann@example.org"))
	tw.converse("ann", []string{"login", "--phone", ann},
		[2]any{"Code sent", "11111"},
		[2]any{"Password (hint: what it wears):", "fur"},
		[2]any{"That is not the password.", "/delete"},
		[2]any{"This deletes the account with all its messages", "no"},
		[2]any{"Nothing is deleted.\n", "/delete"},
		[2]any{"Type \"delete everything\"", "delete everything"},
		[2]any{"The account can be deleted in 168h0m0s, unless its owner signs in before.", "/recover"},
		[2]any{"Code sent by e-mail to a*n@example.org:", "1"},
		[2]any{"That is not the code.", tw.mailed},
		[2]any{"New password (empty for none):", "down"})
	tw.want(tw.must("again", "11111\ndown\n", "login", "--phone", ann), "Signed in as Ann")
}

var link = regexp.MustCompile(`tg://login\?token=\S+`)

// Another device is signed in by its QR code; devices are listed, confirmed and
// ended; and the one that is ended says so.
func TestDevices(t *testing.T) {
	tw := newTown(t)
	tw.must("phone", "11111\n", "login", "--phone", ann)
	out := newScreen("tg://login?token=")
	code := make(chan int)
	go func() {
		code <- run(tw.Context(), []string{"login", "--qr", "--dc", tw.connection, "--credentials", tw.file("tablet")}, strings.NewReader(""), out, out)
	}()
	<-out.seen
	token := link.FindString(out.String())
	tw.want(tw.must("phone", "", "accept", token), "Signed in: godwit, ", "Device ")
	if got := <-code; got != 0 {
		t.Fatalf("exit %d\n%s", got, out)
	}
	tw.want(out.String(), "█", "Signed in as Ann")

	tw.must("third", "11111\n", "login", "--phone", ann)
	tw.want(tw.must("phone", "", "devices"), "this device", "new: confirm or deny it", "180 days")
	id := tw.unconfirmed("phone")
	tw.want(tw.must("phone", "", "devices", "confirm", id), id, "confirmed")
	if id := tw.unconfirmed("phone"); id != "" {
		t.Errorf("%s is still unconfirmed", id)
	}
	tw.want(tw.must("phone", "", "devices", "end", id), "signed out")
	tw.refused("third", "SESSION_REVOKED", "send", "+"+boris, "x")
	tw.must("fourth", "11111\n", "login", "--phone", ann)
	tw.must("phone", "", "devices", "deny", tw.unconfirmed("phone"))
	tw.want(tw.must("phone", "", "devices", "end-others"), "All other devices are signed out.")
	tw.refused("tablet", `sign in with "godwit login"`, "devices")

	tw.refused("phone", "no device of that ID", "devices", "end", "1")
	tw.refused("phone", "no device of that ID", "devices", "confirm", "1")
	tw.refused("phone", "accepted already", "accept", token)
	tw.refused("phone", "not a QR code of Telegram's", "accept", "tg://login?token=AQ")
	tw.refused("phone", "no login link", "accept", "https://t.me/godwit")
	tw.refused("phone", "not base64url", "accept", "Ä")
	if exit, _, errs := tw.run("phone", "", "devices", "end", "the-old-one"); exit != 2 || !strings.Contains(errs, `"the-old-one" is not the ID of a device`) {
		t.Errorf("exit %d, %s", exit, errs)
	}

	tw.want(tw.must("phone", "", "logout"), "Ann is signed out.")
	tw.refused("phone", `sign in with "godwit login"`, "logout")
	sent := len(tw.sandbox.Outbox())
	tw.want(tw.must("phone", "", "login", "--phone", ann), "Signed in as Ann")
	if len(tw.sandbox.Outbox()) != sent {
		t.Error("a code was sent although the sign-out had left something in its place")
	}
}

// unconfirmed returns the ID of the device that nobody has confirmed, "" if
// there is none.
func (tw *town) unconfirmed(who string) (id string) {
	tw.Helper()
	var list struct {
		Devices []struct {
			ID          string
			Unconfirmed bool
			Device      string
		}
	}
	tw.check(json.Unmarshal([]byte(tw.must(who, "", "devices", "--json")), &list))
	for _, one := range list.Devices {
		if one.Device == "" {
			tw.Errorf("a device without a name in %+v", list)
		}
		if one.Unconfirmed {
			id = one.ID
		}
	}
	return id
}

// refused runs a command that has to fail with a reason.
func (tw *town) refused(who, reason string, args ...string) {
	tw.Helper()
	code, _, errs := tw.run(who, "", append([]string{"--log-level", "error"}, args...)...)
	if code != 1 || !strings.Contains(errs, reason) {
		tw.Errorf("%v: exit %d, %s, want %q", args, code, errs, reason)
	}
}

// What ends a sign-in says what to do.
func TestLoginRefused(t *testing.T) {
	tw := newTown(t)
	tw.refused("bot", "no bot of that token", "login", "--bot", "1:x")
	tw.refused("short", "not a phone number that Telegram knows", "login", "--phone", "12")
	tw.check(tw.sandbox.RefusePhone(ann, sandbox.PhoneBanned))
	tw.refused("banned", "Telegram has banned that phone number", "login", "--phone", ann)
	tw.check(tw.sandbox.RefusePhone(ann, sandbox.PhoneFlooded))
	tw.refused("flooded", "Too many codes", "login", "--phone", ann)
	if code, _, errs := tw.run("both", "", "login", "--qr", "--phone", ann); code != 2 {
		t.Errorf("--qr with --phone: exit %d, %s", code, errs)
	}
	_, err := tw.sandbox.AddBot("7:secret", "Robot", "robot_bot")
	tw.check(err)
	tw.want(tw.must("bot", "", "login", "--bot", "7:secret"), "Signed in as Robot, user 7.")
}

// The sandbox tells the codes that it sends.
func TestSandboxTellsCodes(t *testing.T) {
	for _, args := range [][]string{
		{"--password", "9996610001=x"}, {"--login-email", "9996610001=a@example.org"}, {"--code-ways", "9996610001=pigeon"},
	} {
		out := newScreen("")
		if code := run(t.Context(), append([]string{"sandbox"}, args...), nil, out, out); code != 1 {
			t.Errorf("%v: exit %d, %s", args, code, out)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	file := filepath.Join(t.TempDir(), "telegram.json")
	out := newScreen("Ctrl-C ends it.")
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{
			"sandbox", "--info", file, "--user", ann + "=Ann", "--user", boris + "=Boris", "--login-email", ann + "=ann@example.org",
			"--password", boris + "=secret", "--code-ways", boris + "=call,sms_word",
		}, nil, out, out)
	}()
	<-out.seen
	tw := &town{T: t, connection: file, dir: t.TempDir()}
	tw.run("ann", "", "login", "--phone", ann)
	_, asked, _ := tw.run("boris", "\ngodwit\n", "login", "--phone", boris)
	tw.want(asked, "Word sent to", "Password:")
	interrupt()
	if got := <-code; got != 0 {
		t.Errorf("exit %d", got)
	}
	tw.want(out.String(), "Code for ann@example.org by email: ", "Code for "+boris+" by call: 22222", "Code for "+boris+" by sms_word: godwit")
}

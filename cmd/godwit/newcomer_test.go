package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/internal/proxytest"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
	"godwit/telegram/groups"
	"godwit/tg"
)

// client signs a device of its own in for what commands cannot do.
func (tw *town) client(phone, code string) *telegram.Client {
	tw.Helper()
	network, file, err := connectionfile.Load(tw.connection)
	tw.check(err)
	c, err := telegram.Connect(tw.Context(), telegram.Options{APIID: file.APIID, APIHash: file.APIHash, Network: network})
	tw.check(err)
	tw.Cleanup(func() { c.Close() })
	_, err = c.SignIn(tw.Context(), telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(code)})
	tw.check(err)
	return c
}

// pair makes a basic group of Ann and Boris.
func (tw *town) pair() {
	tw.Helper()
	c := tw.client(ann, "11111")
	peer, err := c.ImportContact(tw.Context(), telegram.Contact{Phone: "+" + boris, FirstName: "Boris"})
	tw.check(err)
	user := peer.(*tg.InputPeerUser)
	_, err = groups.Create(tw.Context(), c, groups.New{
		Title: "The pair", Kind: groups.Basic, Users: []tg.InputUserClass{&tg.InputUser{UserID: user.UserID, AccessHash: user.AccessHash}},
	})
	tw.check(err)
}

// The id of a group, as chats prints it, is taken where a chat is asked for.
func TestNegativeIDs(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	_, err := groups.Create(tw.Context(), tw.client(ann, "11111"), groups.New{Title: "The flock", Kind: groups.Supergroup})
	tw.check(err)
	tw.pair()
	ids := regexp.MustCompile(`(?m)^-\d+`).FindAllString(tw.must("ann", "", "chats"), -1)
	if len(ids) != 2 || strings.HasPrefix(ids[0], "-100") == strings.HasPrefix(ids[1], "-100") {
		t.Fatalf("the chats are %q", ids)
	}
	file := tw.file("note.txt")
	tw.check(os.WriteFile(file, []byte("eleven"), 0o600))
	for _, id := range ids {
		tw.must("ann", "", "send", id, "by id")
		tw.must("ann", "", "send", "--silent", id, "-12")
		tw.must("ann", "", "upload", file, id)
		tw.want(tw.must("ann", "", "history", "--limit", "3", id), "→ by id", "→ -12", "→ [note.txt, 6 bytes]")
		code, out, errs := command(t, nil, "history", "--dc", tw.connection, "--credentials", tw.file("ann"), "--", id)
		if tw.want(out, "→ by id"); code != 0 {
			t.Errorf("exit %d, %s", code, errs)
		}
		tw.want(tw.must("ann", "", "members", id), "creator Ann")
	}
	tw.want(tw.must("ann", "", "chats"), "The pair", "[note.txt, 6 bytes]")
	tw.refused("ann", "-5: this account does not know it", "send", "-5", "x")
	if code, _, errs := tw.run("ann", "", "history", "me", "--limit", "-3"); code != 2 {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// What a conversation ends with shows, whatever it is.
func TestChatsTellsOfService(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	tw.pair()
	tw.want(tw.must("ann", "", "chats"), "The pair", "[chatcreate]")
}

// A session of a local Telegram is not written down as one of Telegram's own.
func TestExportOfAnotherNetwork(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", ann)
	for _, more := range [][]string{nil, {"--test"}} {
		code, out, errs := command(t, nil, append([]string{"sessions", "export", "gotd", "--credentials", tw.file("ann")}, more...)...)
		if code != 1 || out != "" {
			t.Errorf("exit %d, %s", code, out)
		}
		tw.want(errs, "of another network", "give the --dc")
	}
}

// Telegram's refusals say what to do.
func TestRefusalsAreExplained(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", ann)
	file := tw.file("no.png")
	tw.check(os.WriteFile(file, []byte("no picture"), 0o600))
	tw.refused("ann", "me: a message needs a text", "send", "me", "")
	tw.refused("ann", "me: that is not a picture that Telegram can read; without --photo it goes as a file", "upload", "--photo", file, "me")
	tw.refused("ann", "@nobody_at_all: nobody has this username", "upload", file, "@nobody_at_all")
	tw.refused("ann", "@nobody_at_all: nobody has this username", "download", "@nobody_at_all", "1")
	tw.refused("ann", "through the proxy: proxy 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused; is --proxy right",
		"send", "me", "x", "--proxy", "socks5://127.0.0.1:1")
}

// A server that does not answer is named, and so is how long it was given.
func TestSilentServer(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", ann)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	tw.check(err)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		var kept []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			kept = append(kept, c)
		}
		for _, c := range kept {
			c.Close()
		}
	})
	defer tasks.Wait()
	defer l.Close()
	info, err := os.ReadFile(tw.connection)
	tw.check(err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	silent := regexp.MustCompile(`"port": \d+`).ReplaceAllString(string(info), `"port": `+port)
	tw.connection = tw.file("silent.json")
	tw.check(os.WriteFile(tw.connection, []byte(silent), 0o600))
	tw.refused("ann", "the local Telegram of "+tw.connection+" has not answered for 100ms", "chats", "--timeout", "100ms")
}

// A problem is told once, and a sign-in that has come to nothing leaves nothing.
func TestFailedLogin(t *testing.T) {
	tw := newTown(t)
	const problem = "That is not a phone number that Telegram knows."
	code, out, errs := tw.run("x", "", "login", "--phone", "12")
	if code != 1 || strings.Count(out+errs, problem) != 1 {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	tw.refused("x", "no answer", "login", "--phone", ann)
	tw.refused("x", "through the proxy", "login", "--phone", ann, "--proxy", "socks5://127.0.0.1:1")
	tw.refused("x", "no bot of that token", "login", "--bot", "1:x")
	tw.check(tw.sandbox.SetPassword(boris, "feathers", "what it wears"))
	for problem, typed := range map[string]string{
		"That is not the code.":     "99999\n",
		"That is not the password.": "22222\nfur\n",
	} {
		// Who gives up after a mistake is told of it, and that the question is open.
		code, out, errs := tw.run("x", typed, "login", "--phone", boris)
		if tw.want(out, problem); code != 1 || !strings.Contains(errs, "no answer") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	left, err := filepath.Glob(tw.file("x*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %q, %v", left, err)
	}

	// What was there before stays, but for credentials.
	_, err = filestore.CreateKeyFile(tw.file("x.key"))
	tw.check(err)
	key, err := os.ReadFile(tw.file("x.key"))
	tw.check(err)
	tw.refused("x", problem, "login", "--phone", "12")
	if after, err := os.ReadFile(tw.file("x.key")); err != nil || !slices.Equal(after, key) {
		t.Errorf("the key has gone: %v", err)
	}
	tw.must("x", "11111\n", "login", "--phone", ann)
	tw.must("x", "", "logout")
	tw.refused("x", "PHONE_NUMBER_INVALID", "login", "--phone", "12")
	if _, err := os.Stat(tw.file("x")); err != nil {
		t.Errorf("what the sign-out has left is lost: %v", err)
	}
}

// The device that shows the code is not called signed in before it is.
func TestAcceptWithPassword(t *testing.T) {
	tw := newTown(t)
	tw.check(tw.sandbox.SetPassword(ann, "feathers", ""))
	tw.must("phone", "11111\nfeathers\n", "login", "--phone", ann)
	out := newScreen("tg://login?token=")
	code := make(chan int)
	go func() {
		code <- run(tw.Context(), []string{"login", "--qr", "--dc", tw.connection, "--credentials", tw.file("tablet")}, strings.NewReader("feathers\n"), out, out)
	}()
	<-out.seen
	said := tw.must("phone", "", "accept", link.FindString(out.String()))
	tw.want(said, "Accepted: godwit, ", "It is signed in once it has given the password.")
	if strings.Contains(said, "Signed in") {
		t.Errorf("said is %q", said)
	}
	if got := <-code; got != 0 {
		t.Errorf("exit %d\n%s", got, out)
	}
}

// Who listens is told when the connection goes and comes.
func TestListenTellsOfConnection(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	proxy := proxytest.SOCKS5(t, "", "")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, errs := newScreen("Listening as Boris"), newScreen("godwit: connected again")
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{
			"listen", "--dc", tw.connection, "--credentials", tw.file("boris"), "--proxy", "socks5://" + proxy.Address,
		}, nil, out, errs)
	}()
	<-out.seen
	proxy.Cut()
	<-errs.seen
	tw.want(errs.String(), "godwit: the connection is lost (", "; it is tried again")
	interrupt()
	if got := <-code; got != 0 {
		t.Errorf("exit %d: %s", got, errs)
	}
}

func TestVersion(t *testing.T) {
	code, out, errs := command(t, nil, "--version")
	if code != 0 || !regexp.MustCompile(`^godwit \S+, layer \d+, go1\.\S+\n$`).MatchString(out) {
		t.Errorf("exit %d: %q %s", code, out, errs)
	}
}

// What only people may do names that, for a bot, and says what to do.
func TestBotMayNot(t *testing.T) {
	tw := newTown(t)
	_, err := tw.sandbox.AddBot("7:secret", "Robot", "robot_bot")
	tw.check(err)
	var in signedInJSON
	tw.check(json.Unmarshal([]byte(tw.must("bot", "", "login", "--bot", "7:secret", "--json")), &in))
	if want := (signedInJSON{7, "Robot", true, tw.file("bot")}); in != want {
		t.Errorf("signed in as %+v, want %+v", in, want)
	}
	const why = " is for users only; sign in as the other kind of account"
	tw.refused("bot", "chats: telegram: messages.getDialogs"+why, "chats")
	tw.refused("bot", "me: telegram: messages.getHistory"+why, "history", "me")
	code, out, errs := tw.run("ann", "11111\n", "login", "--phone", ann, "--json")
	if tw.want(errs, "Code sent to"); code != 0 || !strings.HasPrefix(out, `{"user_id":`) {
		t.Errorf("exit %d: %s", code, out)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/telegram/connectionfile"
)

// A desk is a local Telegram and a daemon, and somebody who gives commands.
type desk struct {
	*testing.T
	url, key   string
	connection string
	dir        string
}

// newDesk starts both. They end with the test.
func newDesk(t *testing.T, db string) *desk {
	t.Helper()
	d := &desk{T: t, dir: t.TempDir()}
	d.connection = filepath.Join(d.dir, "telegram.json")
	d.background("Ctrl-C ends it.", "sandbox", "--info", d.connection, "--user", "9996610001=Ann", "--user", "9996620002=Boris")
	var serve http.Handler // what Telegram reaches at the public URL
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve.ServeHTTP(w, r) }))
	t.Cleanup(public.Close)
	out, _ := d.background("/openapi.json", "serve", "--public-url", public.URL+"/", "--dc", d.connection, "--db", db, "--data", filepath.Join(d.dir, "data"),
		"--listen", "127.0.0.1:0", "--allow-webhooks", "127.0.0.0/8", "--allow-plain-webhooks", "--history", "0")
	d.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(out.String())
	to, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	serve = httputil.NewSingleHostReverseProxy(to)
	key := newScreen("")
	if code := run(t.Context(), []string{"key", "create", "desk", "--scope", "admin", "--db", db}, nil, key, io.Discard); code != 0 {
		t.Fatalf("no key: exit %d", code)
	}
	d.key = strings.TrimSpace(key.String())
	return d
}

// background runs a command until the test ends, and returns when it has said
// something: what it prints, and what it logs.
func (d *desk) background(until string, args ...string) (out, errs *screen) {
	d.Helper()
	ctx, end := context.WithCancel(context.Background())
	out, errs = newScreen(until), newScreen("")
	code := make(chan int, 1)
	go func() { code <- run(ctx, args, nil, out, errs) }()
	d.Cleanup(func() {
		end()
		if got := <-code; got != 0 {
			d.Errorf("%v: exit %d\n%s", args, got, errs)
		}
	})
	select {
	case <-out.seen:
	case got := <-code:
		code <- got
		d.Fatalf("%v: exit %d\n%s", args, got, errs)
	}
	return out, errs
}

// do runs a command that asks the daemon, and returns what it prints.
func (d *desk) do(code int, typed string, args ...string) string {
	d.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--url", d.url, "--key", d.key)
	if got := run(d.Context(), args, strings.NewReader(typed), &out, &errs); got != code {
		d.Fatalf("godwit %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), errs.String())
	}
	if code == 0 {
		return out.String()
	}
	return errs.String()
}

// ask is do with --json, for what is answered with one thing.
func ask[T any](d *desk, typed string, args ...string) (answer T) {
	d.Helper()
	out := d.do(0, typed, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		d.Fatalf("%s: %v", out, err)
	}
	return answer
}

func (d *desk) want(text string, parts ...string) {
	d.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			d.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// TestDesk has an account signed in, write, be written to, and end, by commands
// alone.
func TestDesk(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		d := newDesk(t, db)
		a := ask[client.Account](d, "", "account", "create", "Support")
		d.want(d.do(0, "9996620003\n00000\n22222\nSue Port\n", "account", "sign-in", "Support"), "Support is signed in, as user ")
		d.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--events", "1")
		d.want(d.do(0, "", "account", "list"), a.ID, "Support", "9996620003")
		d.want(d.do(0, "", "account", "show", "+999 66 2 0003"), "state        online", "to be sent   0")
		devices := d.do(0, "", "account", "devices", "list", a.ID)
		d.want(devices, "the bridge", "godwit bridge")
		d.want(d.do(4, "", "account", "login-code", "Support"), "no login code")

		sent := ask[client.Message](d, "", "message", "send", "Support", "+9996610001", "<b>Hello</b>", "--html", "--wait", "--idempotency-key", "1")
		if again := ask[client.Accepted](d, "", "message", "send", "Support", "+9996610001", "<b>Hello</b>", "--html", "--idempotency-key", "1"); again.ID != sent.ID {
			d.Errorf("sent twice: %s and %s", sent.ID, again.ID)
		}
		tw := &town{T: d.T, connection: d.connection, dir: d.dir}
		tw.must("ann", "11111\n", "login", "--phone", ann)
		tw.must("ann", "", "send", "+9996620003", "I am here.")
		d.want(d.do(0, "", "inbox", "follow", "--after", "0", "--type", "message.received", "--account", "Support", "--events", "1"), "message.received", "I am here.")
		d.want(d.do(0, "", "message", "send", "Support", sent.ConversationID, "--file", d.connection, "a file", "--wait"), "is sent, as message")
		d.want(d.do(0, "", "message", "edit", sent.ID, "Hello, Ann"), "is edited")
		d.want(d.do(0, "", "inbox", "messages", sent.ConversationID), "→ Hello, Ann (delivered)", "→ [document telegram.json] a file (delivered)")
		d.want(d.do(0, "", "inbox", "conversations", a.ID), sent.ConversationID, "Ann", "a file")
		d.want(d.do(0, "", "message", "show", sent.ID), "→ Hello, Ann")

		d.want(d.do(0, "", "inbox", "conversations", a.ID, "--unread"), sent.ConversationID)
		d.want(d.do(0, "", "inbox", "read", sent.ConversationID), "is read")
		if list := d.do(0, "", "inbox", "conversations", a.ID, "--unread"); list != "" {
			d.Errorf("unread is %s", list)
		}
		d.want(d.do(0, "", "message", "delete", sent.ID), "is deleted")
		later := ask[client.Accepted](d, "", "message", "send", "Support", "+9996610001", "later", "--at", "1h", "--bulk")
		d.want(d.do(0, "", "message", "cancel", later.ID), "is canceled")

		d.want(d.do(0, "", "account", "stop", "Support"), "Support is paused")
		d.want(d.do(0, "", "account", "start", "Support"), "Support is ")
		d.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--events", "2")
		d.want(d.do(1, "Sales\n", "account", "delete", "Support"), "nothing is deleted")
		d.want(d.do(0, "Support\n", "account", "delete", "Support"), "Support is deleted")
		d.want(d.do(1, "", "account", "show", "Support"), `no account is called "Support"`)
	})
}

// TestDeskSignIn has a person sign in by a QR code, and a bot by its token.
func TestDeskSignIn(t *testing.T) {
	d := newDesk(t, "sqlite:"+filepath.Join(t.TempDir(), "godwit.db"))
	tw := &town{T: t, connection: d.connection, dir: d.dir}
	tw.must("ann", "11111\n", "login", "--phone", ann)
	d.do(0, "", "account", "create", "Ann's")
	d.want(d.do(0, "", "account", "sign-in", "Ann's", "--link"), d.url+"/login/", "It is good once, until ")
	out := newScreen("tg://login?token=")
	code := make(chan int)
	go func() {
		code <- run(t.Context(), []string{"account", "sign-in", "Ann's", "--qr", "--url", d.url, "--key", d.key}, nil, out, out)
	}()
	<-out.seen
	tw.must("ann", "", "accept", link.FindString(out.String()))
	if got := <-code; got != 0 {
		t.Errorf("exit %d\n%s", got, out)
	}
	d.want(out.String(), "█", "Ann's is signed in, as user ")

	_, file, err := connectionfile.Load(d.connection)
	if err != nil {
		t.Fatal(err)
	}
	d.do(0, "", "account", "create", "Robot", "--bot", "--webhook")
	d.want(d.do(0, "7:wrong\n"+file.Bots[0].Token+"\n", "account", "sign-in", "Robot"), "Robot is signed in")
	d.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--account", "Robot", "--events", "1")
	tw.must("ann", "", "send", "@sandbox_bot", "by webhook")
	follow := []string{"inbox", "follow", "--after", "0", "--type", "message.received", "--account", "Robot", "--events"}
	d.want(d.do(0, "", append(follow, "1")...), "by webhook")
	d.want(d.do(0, "", "account", "updates", "Robot", "polling"), "The updates of Robot come by polling.")
	tw.must("ann", "", "send", "@sandbox_bot", "by polling")
	d.want(d.do(0, "", append(follow, "2")...), "by webhook", "by polling")
	d.want(d.do(1, "", "account", "updates", "Ann's", "webhook"), "updates_by is for bots")
	for path, status := range map[string]int{"acc_01KB0000000000000000000000": 404, "x": 404, robot(d): 403} {
		res, err := http.Post(d.url+"/telegram/"+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("/telegram/%s: status %d, want %d", path, res.StatusCode, status)
		}
	}
}

// robot returns the id of the account that is called Robot.
func robot(d *desk) string { return ask[client.Account](d, "", "account", "show", "Robot").ID }

// TestPublicURL has URLs refused that Telegram does not call.
func TestPublicURL(t *testing.T) {
	for public, wrong := range map[string]string{
		"https://bridge.example.com": "", "https://bridge.example.com:8443/x": "", "http://bridge.example.com": "is not https",
		"https://bridge.example.com:8787": "8787", "bridge.example.com": "is no URL", "": "",
	} {
		err := (&serveCommand{PublicURL: public}).checkPublic()
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v", public, err)
		}
	}
}

// TestDeskWebhooks makes a webhook and looks after it.
func TestDeskWebhooks(t *testing.T) {
	d := newDesk(t, "sqlite:"+filepath.Join(t.TempDir(), "godwit.db"))
	status := http.StatusOK
	got := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- string(body)
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	d.do(0, "", "account", "create", "Support")
	hook := ask[client.Webhook](d, "", "webhook", "create", receiver.URL, "--type", "message.received", "--account", "Support")
	if !strings.HasPrefix(hook.Secret, "whsec_") {
		t.Errorf("%+v", hook)
	}
	d.want(d.do(0, "", "webhook", "test", hook.ID), "The receiver has answered 200 after ")
	d.want(<-got, "webhook.test")
	status = http.StatusTeapot
	d.want(d.do(1, "", "webhook", "test", hook.ID), "the receiver has not taken the event: ", "418")
	d.want(d.do(0, "", "webhook", "list"), hook.ID, receiver.URL, "message.received", "acc_", "enabled")
	d.want(d.do(0, "", "webhook", "disable", hook.ID), "is disabled")
	d.want(d.do(0, "", "webhook", "show", hook.ID), "disabled: It was disabled over the API.")
	d.want(d.do(0, "", "webhook", "enable", hook.ID), "is enabled")
	d.want(d.do(0, "", "webhook", "rotate", hook.ID, "--overlap", "1h"), "whsec_")
	d.want(d.do(1, "", "webhook", "replay", hook.ID, "--after", "0"), "There is no event after the one and up to the other.")
	if list := d.do(0, "", "webhook", "deliveries", hook.ID, "--state", "dead"); list != "" {
		t.Errorf("given up is %s", list)
	}
	d.want(d.do(0, "", "webhook", "delete", hook.ID), "is deleted")
	d.want(d.do(exitNotFound, "", "webhook", "show", hook.ID), "godwit: ")
	d.want(d.do(1, "", "webhook", "create", "nowhere"), "godwit: ")
}

// TestDeskRefusals has what goes wrong said in sentences and by exit codes.
func TestDeskRefusals(t *testing.T) {
	d := newDesk(t, "sqlite:"+filepath.Join(t.TempDir(), "godwit.db"))
	d.want(d.do(exitNotFound, "", "account", "show", "acc_01KB0000000000000000000000"), "godwit: ")
	d.want(d.do(exitNotFound, "", "message", "show", "msg_01KB0000000000000000000000"), "godwit: ")
	d.want(d.do(1, "", "inbox", "conversations", "nobody"), `no account is called "nobody": "godwit account list" lists them`)
	d.do(0, "", "account", "create", "Two")
	d.do(0, "", "account", "create", "Two")
	d.want(d.do(1, "", "account", "stop", "Two"), `"Two" is not one account but 2: give an id of acc_`)
	key := d.key
	d.key = "godwit_wrong"
	d.want(d.do(exitForbidden, "", "account", "list"), "godwit: ")
	d.key = ""
	d.want(d.do(1, "", "account", "list"), "an API key is needed, as GODWIT_KEY or --key")
	d.key, d.url = key, "http://127.0.0.1:1"
	d.want(d.do(exitLater, "", "account", "list"), "the bridge at http://127.0.0.1:1 cannot be reached: dial tcp")
	d.url = "localhost"
	d.want(d.do(1, "", "account", "list"), `"localhost" is not the URL of a daemon`)
}

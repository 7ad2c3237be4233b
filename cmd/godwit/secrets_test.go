package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/bridgetest"
	"godwit/bridge/client"
	"godwit/internal/pgtest"
	"godwit/internal/secrettest"
	"godwit/sandbox"
	"godwit/sandbox/botapi"
	"godwit/telegram"
)

// A safe is a daemon that logs all it can, and what it must not let out.
type safe struct {
	*desk
	town *town
	db   string
	kek  string
	log  *screen
	ids  map[string]string // of accounts, by name

	mu      sync.Mutex
	secrets []secrettest.Secret
	dumps   [][]byte // of the database at several times
}

// TestSecrets has accounts sign in in every way, and looks for whatever was secret
// then in the database, at several times, and in all that was logged.
func TestSecrets(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, db string) {
		s := newSafe(t, db)
		receiver := s.webhook()
		s.byCode()
		s.byPage()
		s.byQR()
		s.bots()
		s.codeOnAnotherDevice()
		<-receiver
		for _, name := range []string{"by code", "by page"} {
			s.keysOf(s.ids[name])
		}
		s.dump()
		s.post("/v1/accounts/"+s.ids["by page"]+"/sign-out", nil)
		s.dump()
		s.find()
	})
}

// newSafe starts a local Telegram, a Vault and a daemon.
func newSafe(t *testing.T, db string) *safe {
	s := &safe{town: newTown(t), db: db, ids: make(map[string]string)}
	s.desk = &desk{T: t, dir: s.town.dir, connection: s.town.connection}
	s.startBots()
	s.startVault()
	var serve http.Handler
	public := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.add("the secret of a bot's webhook", r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
		serve.ServeHTTP(w, r)
	}))
	t.Cleanup(public.Close)
	out, log := s.background("/openapi.json", "--log-level", "debug", "serve", "--public-url", public.URL, "--dc", s.connection,
		"--db", db, "--kek", s.kek, "--data", filepath.Join(s.dir, "data"), "--listen", "127.0.0.1:0",
		"--allow-webhooks", "127.0.0.0/8", "--allow-plain-webhooks")
	s.log = log
	s.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(out.String())
	to, err := url.Parse(s.url)
	s.check(err)
	serve = httputil.NewSingleHostReverseProxy(to)
	s.key = regexp.MustCompile(`godwit_[0-9A-Za-z]{49}`).FindString(out.String())
	s.add("the first API key", s.key)
	s.ready()
	s.add("an API key", s.post("/v1/keys", map[string]any{"name": "crm", "scopes": []string{"admin"}})["token"].(string))
	return s
}

// ready waits until the daemon has taken its accounts over.
func (s *safe) ready() {
	s.until("the daemon is ready", func() bool {
		res, err := http.Get(s.url + "/readyz")
		s.check(err)
		s.check(res.Body.Close())
		return res.StatusCode == http.StatusOK
	})
}

// until waits until something holds.
func (s *safe) until(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); {
		if time.Now().After(deadline) {
			s.Fatalf("%s: not after two minutes", what)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.Context().Done():
			s.Fatal(s.Context().Err())
		}
	}
}

func (s *safe) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// add notes something secret.
func (s *safe) add(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) < 10 {
		s.Errorf("%s is %q, too short to be looked for", name, value)
		return
	}
	s.secrets = append(s.secrets, secrettest.Secret{Name: name, Value: []byte(value)})
}

// The tokens of the two bots.
var botTokens = []string{"7000001:AAits-updates-are-polled-for-7000001", "7000002:AAits-updates-come-by-webhook-700002"}

func (s *safe) startBots() {
	for i, token := range botTokens {
		_, err := s.town.sandbox.AddBot(token, fmt.Sprint("Bot ", i), fmt.Sprintf("safe%d_bot", i))
		s.check(err)
		s.add("a bot's token", token)
		s.add("the secret of a bot's token", token[strings.Index(token, ":")+1:])
	}
	api := botapi.New(s.town.sandbox, botapi.Options{})
	at, err := api.Start("127.0.0.1:0")
	s.check(err)
	s.Cleanup(func() { api.Close() })
	s.town.sandbox.SetBotAPI(at)
	s.check(s.town.sandbox.WriteInfo(s.connection))
}

// startVault starts what wraps by keeping: what it was given is secret.
func (s *safe) startVault() {
	const token = "hvs.the-token-of-the-daemon"
	s.Setenv("VAULT_TOKEN", token)
	s.add("the token of Vault", token)
	wrapped := make(map[string]string)
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Plaintext, Ciphertext string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Vault-Token") != token {
			http.Error(w, `{"errors": ["permission denied"]}`, http.StatusForbidden)
			return
		}
		s.mu.Lock()
		if in.Plaintext != "" {
			in.Ciphertext = fmt.Sprint("vault:v1:", len(wrapped))
			wrapped[in.Ciphertext] = in.Plaintext
		}
		plaintext := wrapped[in.Ciphertext]
		s.mu.Unlock()
		if key, err := base64.StdEncoding.DecodeString(plaintext); err == nil && len(key) >= 32 {
			s.add("a data key", string(key))
		}
		answer := map[string]any{"data": map[string]any{"ciphertext": in.Ciphertext, "plaintext": plaintext, "key_version": 1}}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			s.Error(err)
		}
	}))
	s.Cleanup(vault.Close)
	s.kek = "hcvault://vault.example.com/transit/keys/godwit?endpoint=" + vault.URL
}

// An answer is that to a request.
type answer struct {
	status int
	body   string
}

// request makes a request.
func (s *safe) request(method, path string, body any) answer {
	s.Helper()
	text, err := json.Marshal(body)
	s.check(err)
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(text))
	s.check(err)
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	s.check(err)
	content, err := io.ReadAll(res.Body)
	s.check(errors.Join(err, res.Body.Close()))
	return answer{res.StatusCode, string(content)}
}

// post makes a request, which must succeed, and returns the answer.
func (s *safe) post(path string, body any) map[string]any {
	s.Helper()
	got := s.request(http.MethodPost, path, body)
	if got.status >= 300 {
		s.Fatalf("POST %s: %d %s", path, got.status, got.body)
	}
	said := make(map[string]any)
	if got.body != "" {
		s.check(json.Unmarshal([]byte(got.body), &said))
	}
	return said
}

// create adds an account and returns its path.
func (s *safe) create(name string, of map[string]string) string {
	s.Helper()
	body := map[string]string{"name": name}
	maps.Copy(body, of)
	s.ids[name] = s.post("/v1/accounts", body)["id"].(string)
	return "/v1/accounts/" + s.ids[name]
}

// online waits until an account is.
func (s *safe) online(account string) {
	s.Helper()
	s.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--account", s.ids[account], "--events", "1")
}

// steps answers a sign-in, where everything but a phone number is secret, and the
// database is looked at after each.
func (s *safe) steps(path string, answers ...[2]string) {
	s.Helper()
	path += "/sign-in"
	s.post(path, nil)
	for _, answer := range answers {
		text := answer[1]
		if text == "" { // the code that was sent
			text = s.sent()
		}
		if answer[0] != "phone" {
			s.add("a "+answer[0], text)
		}
		s.post(path+"/answers", map[string]string{"action": answer[0], "text": text})
		s.dump()
	}
}

// sent returns the code that was sent last.
func (s *safe) sent() string {
	box := s.town.sandbox.Outbox()
	code := box[len(box)-1].Code
	s.add("the code that was sent", code)
	return code
}

// byCode signs an account in by a code, which is long enough to be looked for, and
// by a password.
func (s *safe) byCode() {
	s.check(s.town.sandbox.SetCodeWays(ann, sandbox.CodeByPhrase))
	s.check(s.town.sandbox.SetPassword(ann, "correct horse battery staple", ""))
	s.steps(s.create("by code", nil), [2]string{"phone", ann}, [2]string{"code", "not the phrase that was sent"}, [2]string{"code", ""},
		[2]string{"password", "incorrect horse battery"}, [2]string{"password", "correct horse battery staple"})
	s.online("by code")
}

// byPage has a person open a login link and sign in there.
func (s *safe) byPage() {
	link := s.post(s.create("by page", nil)+"/login-links", nil)["path"].(string)
	s.add("the token of a login link", strings.TrimPrefix(link, "/login/"))
	s.check(s.town.sandbox.SetCodeWays(boris, sandbox.CodeByPhrase))
	for _, form := range []url.Values{nil, {"action": {"phone"}, "text": {boris}}, {"action": {"code"}}} {
		if form.Get("action") == "code" {
			form.Set("text", s.sent())
		}
		s.open(http.StatusOK, s.url+link, form)
		s.dump()
	}
	s.online("by page")
}

// open opens a page, or sends what is filled in there, and returns the answer.
func (s *safe) open(status int, page string, form url.Values) string {
	s.Helper()
	res, err := http.PostForm(page, form)
	if form == nil {
		res, err = http.Get(page)
	}
	s.check(err)
	text, err := io.ReadAll(res.Body)
	s.check(errors.Join(err, res.Body.Close()))
	if res.StatusCode != status {
		s.Fatalf("%v: %s %s", form, res.Status, text)
	}
	return string(text)
}

// byQR shows a QR code, whose token is secret as it is and as the link has it.
func (s *safe) byQR() {
	path := s.create("by QR", nil)
	s.steps(path)
	link := s.post(path+"/sign-in/answers", map[string]string{"action": "qr"})["qr"].(map[string]any)["url"].(string)
	_, token, _ := strings.Cut(link, "token=")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(token, "="))
	s.check(err)
	s.add("the token of a QR code, as in its link", token)
	s.add("the token of a QR code", string(raw))
	s.dump()
}

// bots signs bots in, and has each be written to.
func (s *safe) bots() {
	_, err := s.town.sandbox.AddUser("9996610009", "Carl", "")
	s.check(err)
	s.town.must("carl", "11111\n", "login", "--phone", "9996610009")
	for i, by := range []string{"polling", "webhook"} {
		name := fmt.Sprint("Bot ", i)
		s.steps(s.create(name, map[string]string{"kind": "bot", "updates_by": by}),
			[2]string{"bot_token", "7000009:AAnobody-has-this-token-of-a-bot-70009"}, [2]string{"bot_token", botTokens[i]})
		s.online(name)
		s.town.must("carl", "", "send", fmt.Sprintf("@safe%d_bot", i), "Hello")
		s.do(0, "", "inbox", "follow", "--after", "0", "--type", "message.received", "--account", s.ids[name], "--events", "1")
	}
}

// codeOnAnotherDevice has Telegram write a code to an account that is online here,
// which somebody signs in elsewhere.
func (s *safe) codeOnAnotherDevice() {
	s.check(s.town.sandbox.SetCodeWays(boris, sandbox.CodeByApp))
	s.town.must("boris", "22222\n", "login", "--phone", boris)
	told := s.do(0, "", "inbox", "follow", "--after", "0", "--type", "message.received", "--account", s.ids["by page"], "--events", "1")
	if !strings.Contains(told, "Login code: ") {
		s.Errorf("the account was not written to: %s", told)
	}
	s.add("a code in a message", "Login code: 22222")
	if code := s.do(0, "", "account", "login-code", s.ids["by page"]); !strings.HasPrefix(code, "22222, which Telegram wrote at ") {
		s.Errorf("who asks for the code is told %q", code)
	}
	s.town.must("boris", "", "send", "+"+ann, "Hello") // for the webhook
}

// webhook makes one that is told of everything, and returns when it was told of a
// message.
func (s *safe) webhook() <-chan struct{} {
	told := make(chan struct{})
	once := sync.OnceFunc(func() { close(told) })
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.Error(err)
		}
		if bytes.Contains(body, []byte("22222")) {
			s.Errorf("a webhook is told of a code: %s", body)
		}
		if bytes.Contains(body, []byte("message.received")) {
			once()
		}
	}))
	s.Cleanup(receiver.Close)
	hook := ask[client.Webhook](s.desk, "", "webhook", "create", receiver.URL)
	for _, secret := range []string{hook.Secret, s.post("/v1/webhooks/"+hook.ID+"/rotate-secret", map[string]any{})["secret"].(string)} {
		encoded := strings.TrimPrefix(secret, "whsec_")
		raw, err := base64.StdEncoding.DecodeString(encoded)
		s.check(err)
		s.add("the secret of a webhook, as it is shown", encoded)
		s.add("the secret of a webhook", string(raw))
	}
	return told
}

// keysOf notes the auth keys of an account, as they are stored.
func (s *safe) keysOf(id string) {
	s.Helper()
	data, err := bridgetest.Open(s, s.db, s.kek).Read(s.Context(), bridge.AccountID(id))
	s.check(err)
	var c telegram.Credentials
	s.check(c.UnmarshalBinary(data))
	temporary := 0
	for _, key := range c.Keys {
		s.add("an auth key", string(key.Key.Bytes()))
		if !key.Temporary.Key.IsZero() {
			s.add("a temporary key", string(key.Temporary.Key.Bytes()))
			temporary++
		}
	}
	if len(c.Keys) == 0 || temporary == 0 {
		s.Errorf("%s has %d auth keys and %d temporary ones", id, len(c.Keys), temporary)
	}
}

// dump looks at the database as it is now: at what its tables hold and, where they
// are of this process alone, at its files.
func (s *safe) dump() {
	s.Helper()
	s.dumps = append(s.dumps, secrettest.Dump(s, s.db))
	if path, ok := strings.CutPrefix(s.db, "sqlite:"); ok {
		for _, name := range []string{path, path + "-wal"} {
			// A process that closes the file loses the locks that SQLite has on it.
			content, err := exec.Command("cat", name).Output()
			s.check(err)
			s.dumps = append(s.dumps, content)
		}
	}
}

// find looks for everything everywhere.
func (s *safe) find() {
	log := []byte(s.log.String())
	if !bytes.Contains(log, []byte("level=DEBUG")) {
		s.Errorf("nothing was logged: %s", log)
	}
	found := make(map[string]bool)
	for _, dump := range s.dumps {
		for _, how := range secrettest.Find(dump, s.secrets...) {
			found["the database holds "+how] = true
		}
	}
	for _, how := range secrettest.Find(log, s.secrets...) {
		found["the log holds "+how] = true
	}
	for text := range found {
		s.Error(text)
	}
	s.Logf("%d secrets were looked for in %d dumps and %d KB of log", len(s.secrets), len(s.dumps), len(log)>>10)
}

package control_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/internal/leak"
	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/sandbox/control"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/tg"
)

func TestMain(m *testing.M) { leak.Main(m) }

var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) { return mtcrypto.GeneratePrivateKey(rand.Reader) })

const phone = "9996611001"

// A place is a sandbox under control, and somebody who is signed in.
type place struct {
	*testing.T
	sandbox *sandbox.Sandbox
	url     string
	http    http.Client
	client  *telegram.Client
	ctx     context.Context
}

func newPlace(t *testing.T) *place {
	p := &place{T: t}
	key, err := serverKey()
	p.check(err)
	p.sandbox, err = sandbox.New(sandbox.Options{PrivateKey: key})
	p.check(err)
	_, err = p.sandbox.AddUser(phone, "Ada", "")
	p.check(err)
	p.check(p.sandbox.Start())
	s, err := control.Serve(p.sandbox, "127.0.0.1:0")
	p.check(err)
	path := filepath.Join(t.TempDir(), "connection.json")
	p.check(p.sandbox.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	p.check(err)
	p.url = p.sandbox.Info().ControlURL
	if p.url != s.URL() {
		t.Errorf("the connection file says %q, the server %q", p.url, s.URL())
	}
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
	p.client, err = telegram.Connect(p.ctx, telegram.Options{
		Network: network, APIID: file.APIID, APIHash: file.APIHash, Store: new(telegram.MemoryStore), Patience: -1,
	})
	p.check(err)
	_, err = p.client.SignIn(p.ctx, telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(strings.Repeat(phone[5:6], 5))})
	p.check(err)
	t.Cleanup(func() {
		p.client.Close()
		cancel()
		p.http.CloseIdleConnections()
		p.check(errors.Join(s.Close(), p.sandbox.Close()))
	})
	return p
}

func (p *place) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// do makes a request and reads the answer into out, unless it is to be refused.
func (p *place) do(method, path, body string, code int, out any) {
	p.Helper()
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	p.check(err)
	r, err := p.http.Do(req)
	p.check(err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	p.check(err)
	if r.StatusCode != code {
		p.Fatalf("%s %s %s: %d %s", method, path, body, r.StatusCode, text)
	}
	if code != http.StatusOK && !strings.Contains(string(text), "error") {
		p.Errorf("%s %s %s: no reason in %s", method, path, body, text)
	}
	if out != nil {
		p.check(json.Unmarshal(text, out))
	}
}

func (p *place) wantState(want error) {
	p.Helper()
	_, err := tg.Call(p.ctx, p.client, &tg.UpdatesGetState{})
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		p.Fatalf("error %v, want %v", err, want)
	}
}

// Rules come and go, and are told as they were given.
func TestFaults(t *testing.T) {
	p := newPlace(t)
	var added struct{ ID int }
	p.do("POST", "/faults", `{"kind": "error", "method": "updates.*", "account": "`+phone+`", "error": "FLOOD_WAIT_60", "for": "5m", "times": 2}`, 200, &added)
	p.wantState(tg.ErrFloodWait)
	p.do("POST", "/faults", `{"kind": "limit", "calls": 100, "per": "1m30s"}`, 200, nil)
	var list []control.Fault
	p.do("GET", "/faults", "", 200, &list)
	if len(list) != 2 || list[0].ID != added.ID || list[0].Hits != 1 || list[0].Method != "updates.*" || list[0].Error != "FLOOD_WAIT_60" ||
		list[0].Until.IsZero() || time.Duration(list[1].Per) != 90*time.Second || list[1].Calls != 100 {
		t.Errorf("rules are %+v", list)
	}
	p.do("DELETE", "/faults/1", "", 200, nil)
	p.do("DELETE", "/faults/1", "", 400, nil)
	p.do("DELETE", "/faults", "", 200, nil)
	p.do("GET", "/faults", "", 200, &list)
	if len(list) != 0 {
		t.Errorf("rules are %+v", list)
	}
}

// What cannot be done is refused, with a reason.
func TestRefusals(t *testing.T) {
	p := newPlace(t)
	for _, test := range [][3]string{
		{"POST", "/faults", `{"kind": "error"`},
		{"POST", "/faults", `{"kind": "error", "error": "NO_SUCH"}`},
		{"POST", "/faults", `{"kind": "delay", "delay": "soon"}`},
		{"POST", "/faults", `{"kind": "delay", "dely": "1s"}`},
		{"POST", "/faults", `{"kind": "` + strings.Repeat("x", 100_000) + `"}`},
		{"DELETE", "/faults/x", ""},
		{"POST", "/accounts/9996611002/ban", ""},
		{"POST", "/accounts/" + phone + "/end-sessions", `{"why": "BOREDOM"}`},
		{"POST", "/accounts/" + phone + "/end-sessions", `{"why": "SESSION_REVOKED", "devices": ["x"]}`},
		{"POST", "/accounts/" + phone + "/move", `{"dc": 9}`},
	} {
		p.do(test[0], test[1], test[2], 400, nil)
	}
	p.wantState(nil)
	req, err := http.NewRequest("POST", p.url+"/accounts/"+phone+"/ban", nil)
	p.check(err)
	req.Header.Set("Origin", "https://example.com")
	r, err := p.http.Do(req)
	p.check(err)
	r.Body.Close()
	if r.StatusCode != http.StatusForbidden {
		t.Errorf("a page of somebody else's may ban accounts: %d", r.StatusCode)
	}
}

// What happens once happens to who is named.
func TestMishaps(t *testing.T) {
	p := newPlace(t)
	at := "/accounts/" + phone
	for _, path := range []string{"/salts", "/drop-connections", at + "/drop-connections", "/clock"} {
		p.do("POST", path, "", 200, nil)
		p.wantState(nil)
	}
	p.do("POST", "/clock", `{"ahead": "-1h"}`, 200, nil)
	if off := time.Until(p.sandbox.Now()); off > -59*time.Minute {
		t.Errorf("the clock is off by %v", off)
	}
	p.do("POST", at+"/end-keys", `{"temporary": true}`, 200, nil)
	p.wantState(nil)
	p.do("POST", at+"/move", `{"dc": 2}`, 200, nil)
	p.wantState(nil)
	var devices []sandbox.Authorization
	p.do("GET", at+"/devices", "", 200, &devices)
	if len(devices) != 1 || devices[0].Hash == 0 || devices[0].Address != "127.0.0.1" {
		t.Errorf("devices are %+v", devices)
	}
	p.do("POST", at+"/restrict", `{"for": "1h"}`, 200, nil)
	_, err := p.client.SendText(p.ctx, &tg.InputPeerSelf{}, "a note")
	p.check(err)
	var ledger []sandbox.Entry
	p.do("GET", "/ledger", "", 200, &ledger)
	if len(ledger) != 1 || ledger[0].Text != "a note" {
		t.Errorf("the ledger is %+v", ledger)
	}
	var incidents []sandbox.Incident
	p.do("GET", "/incidents", "", 200, &incidents)
	if len(incidents) != 0 {
		t.Errorf("incidents are %+v", incidents)
	}
	p.do("POST", at+"/ban", "", 200, nil)
	p.wantState(tg.ErrUserDeactivatedBan)
	p.do("POST", at+"/unban", "", 200, nil)
	p.do("POST", at+"/end-sessions", `{"why": "SESSION_EXPIRED"}`, 200, nil)
}

package service_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/sandbox"
)

const (
	annPhone = "9996620001"
	bobPhone = "9996610002"
)

// anyone is whoever has any key, who may do everything.
type anyone struct{}

func (anyone) Authenticate(context.Context, string) (httpapi.Caller, error) { return anyone{}, nil }
func (anyone) KeyID() bridge.KeyID                                          { return "key_test" }
func (anyone) Allows(httpapi.Scope, bridge.AccountID) bool                  { return true }
func (anyone) Limited() bool                                                { return false }

// A desk is a node with its HTTP API, and an account that is online there.
type desk struct {
	*trial.Node
	id  bridge.AccountID
	url string
}

// newDesk starts a node that has Ann online. Bob is in the sandbox too.
func newDesk(p *trial.Place) *desk {
	p.Helper()
	for phone, name := range map[string]string{annPhone: "Ann", bobPhone: "Bob"} {
		_, err := p.Sandbox.AddUser(phone, name, "")
		p.Check(err)
	}
	d := serve(p.Start("node"))
	d.id = d.Add()
	d.SignIn(d.id, annPhone)
	d.Await("from when on updates are news", func() bool {
		state, err := d.Store.UpdateState(d.Context(), d.id)
		d.Check(err)
		return state.Date != 0
	})
	return d
}

// serve serves the HTTP API of a node.
func serve(n *trial.Node) *desk {
	server := httptest.NewServer(httpapi.New(httpapi.Options{
		Authenticator: anyone{}, Accounts: n.Service, Messages: n.Service, Owners: n.Service, Logins: n.Service,
		Uploads: n.Service, Media: n.Service, Exports: n.Service, People: n.Service, Administration: n.Service,
		Logger: slog.New(slog.NewTextHandler(n.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now, Version: "test",
	}))
	n.Cleanup(server.Close)
	return &desk{Node: n, url: server.URL}
}

// do makes a request. The response is to be closed.
func (d *desk) do(method, path string, header map[string]string) *http.Response {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, http.NoBody)
	d.Check(err)
	r.Header.Set("Authorization", "Bearer any")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	d.Check(err)
	return res
}

// whole makes a request and reads the answer.
func (d *desk) whole(method, path string, header map[string]string) (*http.Response, []byte) {
	d.Helper()
	res := d.do(method, path, header)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	d.Check(err)
	return res, data
}

// awaitFile waits until an account has a message with a file of a name, and
// returns the path of the file.
func (d *desk) awaitFile(id bridge.AccountID, name string) (path string) {
	d.Helper()
	d.Await("the file "+name, func() bool {
		list, err := d.Store.Conversations(d.Context(), store.ConversationPage{Accounts: []bridge.AccountID{id}, Limit: 100})
		d.Check(err)
		for _, c := range list {
			messages, err := d.Store.Messages(d.Context(), store.MessagePage{Conversation: c.ID, Limit: 100})
			d.Check(err)
			for _, m := range messages {
				if m.Media != nil && m.Media.Name == name {
					path = "/v1/messages/" + string(m.ID) + "/media"
				}
			}
		}
		return path != ""
	})
	return path
}

// again is whole for an account that has lost its connection, or is about to.
func (d *desk) again(method, path string, header map[string]string) (res *http.Response, data []byte) {
	d.Helper()
	d.Await("the account is connected again", func() bool {
		res = d.do(method, path, header)
		defer res.Body.Close()
		var err error
		data, err = io.ReadAll(res.Body)
		return err == nil && res.StatusCode != 409 && res.StatusCode != 503
	})
	return res, data
}

// made returns a part of what files hold that are made up.
func made(off int64, n int) []byte {
	p := make([]byte, n)
	sandbox.FillMade(p, off)
	return p
}

// TestMedia fetches a file whole and in parts, also when references to it have
// ended, and connections are lost.
func TestMedia(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		d := newDesk(p)
		const size = 3<<20 + 12345
		_, err := p.Sandbox.SendMade(bobPhone, annPhone, sandbox.MadeFile{Name: "nest.bin", MIMEType: "application/x-nest", Size: size})
		p.Check(err)
		path := d.awaitFile(d.id, "nest.bin")

		res, data := d.whole("GET", path, nil)
		tag := res.Header.Get("ETag")
		if res.StatusCode != 200 || !bytes.Equal(data, made(0, size)) || res.Header.Get("Content-Type") != "application/x-nest" ||
			res.Header.Get("Content-Disposition") != "attachment; filename=nest.bin" || tag == "" {
			p.Fatalf("%d, %d bytes, %v", res.StatusCode, len(data), res.Header)
		}
		for part, from := range map[string]int64{
			"0-0": 0, "0-524287": 0, "524287-524288": 524287, "1048575-2097153": 1048575, "3145728-": 3145728, "-1": size - 1,
		} {
			res, data := d.whole("GET", path, map[string]string{"Range": "bytes=" + part, "If-Range": tag})
			if res.StatusCode != 206 || len(data) == 0 || !bytes.Equal(data, made(from, len(data))) ||
				res.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", from, from+int64(len(data))-1, size) {
				p.Errorf("%s: %d, %d bytes, %v", part, res.StatusCode, len(data), res.Header)
			}
		}
		if res, _ := d.whole("GET", path, map[string]string{"Range": fmt.Sprintf("bytes=%d-", size)}); res.StatusCode != 416 {
			p.Errorf("beyond the end: %d", res.StatusCode)
		}
		if res, _ := d.whole("GET", path, map[string]string{"If-None-Match": tag}); res.StatusCode != 304 {
			p.Errorf("known already: %d", res.StatusCode)
		}
		if res, data := d.whole("HEAD", path, nil); res.StatusCode != 200 || res.ContentLength != size || len(data) != 0 {
			p.Errorf("the head: %d, %d bytes", res.StatusCode, res.ContentLength)
		}

		// Telegram's connections are lost in the middle, and then the reader's.
		body := d.do("GET", path, nil).Body
		first := make([]byte, 1<<20)
		_, err = io.ReadFull(body, first)
		p.Check(err)
		p.Sandbox.DropAllConnections()
		rest, err := io.ReadAll(body)
		p.Check(err)
		if !bytes.Equal(append(first, rest...), made(0, size)) {
			p.Error("after the connections were lost, it is another file")
		}
		d.again("HEAD", path, nil)
		body = d.do("GET", path, nil).Body
		_, err = io.ReadFull(body, first)
		p.Check(err)
		p.Check(body.Close())
		res, rest = d.whole("GET", path, map[string]string{"Range": fmt.Sprintf("bytes=%d-", len(first)), "If-Range": tag})
		if res.StatusCode != 206 || !bytes.Equal(append(first, rest...), made(0, size)) {
			p.Errorf("gone on with: %d", res.StatusCode)
		}

		p.Sandbox.SkewClock(25 * time.Hour) // after which no reference is good any more
		res, data = d.again("GET", path, map[string]string{"Range": "bytes=600000-600009"})
		if res.StatusCode != 206 || !bytes.Equal(data, made(600000, 10)) || res.Header.Get("ETag") != tag {
			p.Errorf("after a day: %d %s", res.StatusCode, data)
		}
	})
}

// TestMediaWaits has short waits of Telegram gone through with, and long ones
// told of.
func TestMediaWaits(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	d := newDesk(p)
	const size = 2 << 20
	_, err := p.Sandbox.SendMade(bobPhone, annPhone, sandbox.MadeFile{Name: "nest.bin", Size: size})
	p.Check(err)
	path := d.awaitFile(d.id, "nest.bin")
	fault := sandbox.Fault{Kind: sandbox.FaultError, Method: "upload.getFile", Error: "FLOOD_WAIT_1", Times: 1}
	_, err = p.Sandbox.AddFault(fault)
	p.Check(err)
	if res, data := d.whole("GET", path, nil); res.StatusCode != 200 || !bytes.Equal(data, made(0, size)) {
		t.Errorf("after a second: %d, %d bytes", res.StatusCode, len(data))
	}
	fault.Error, fault.Times = "FLOOD_WAIT_600", 0 // two parts are asked for at once
	_, err = p.Sandbox.AddFault(fault)
	p.Check(err)
	hits := func() int { return p.Sandbox.Faults()[len(p.Sandbox.Faults())-1].Hits }
	for asked := range 2 { // the second time, Telegram is not asked
		before := hits()
		res, data := d.whole("GET", path, nil)
		if res.StatusCode != 429 || res.Header.Get("Retry-After") == "" || res.Header.Get("Content-Disposition") != "" {
			t.Errorf("%d %v %s", res.StatusCode, res.Header, data)
		}
		if n := hits() - before; (n > 0) != (asked == 0) {
			t.Errorf("request %d: Telegram was asked %d times", asked, n)
		}
	}
}

// TestMediaCut has a download that cannot go on cut off, not ended.
func TestMediaCut(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	d := newDesk(p)
	_, err := p.Sandbox.SendMade(bobPhone, annPhone, sandbox.MadeFile{Name: "nest.bin", Size: 64 << 20})
	p.Check(err)
	path := d.awaitFile(d.id, "nest.bin")
	body := d.do("GET", path, nil).Body
	defer body.Close()
	_, err = io.ReadFull(body, make([]byte, 1<<20))
	p.Check(err)
	_, err = d.Service.Pause(t.Context(), d.id)
	p.Check(err)
	if n, err := io.Copy(io.Discard, body); err == nil {
		t.Errorf("the file ends after %d bytes", n)
	}
	if res, data := d.whole("GET", path, nil); res.StatusCode != 409 {
		t.Errorf("of an account that is offline: %d %s", res.StatusCode, data)
	}
}

// TestMediaLarge has memory stay as it is however large a file is, and parts
// found anywhere in it.
func TestMediaLarge(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	d := newDesk(p)
	const large, most = 256 << 20, 2000 << 20
	for name, size := range map[string]int64{"large.bin": large, "most.bin": most} {
		_, err := p.Sandbox.SendMade(bobPhone, annPhone, sandbox.MadeFile{Name: name, Size: size})
		p.Check(err)
	}
	for _, from := range []int64{1 << 31, most - 5} {
		if from >= most {
			from = most - 100
		}
		res, data := d.whole("GET", d.awaitFile(d.id, "most.bin"), map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", from, from+9)})
		if res.StatusCode != 206 || !bytes.Equal(data, made(from, len(data))) {
			t.Errorf("from %d on: %d", from, res.StatusCode)
		}
	}
	body := d.do("GET", d.awaitFile(d.id, "large.bin"), nil).Body
	defer body.Close()
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, highest := used(), uint64(0)
	buffer := make([]byte, 1<<20)
	for read := int64(0); read < large; read += int64(len(buffer)) {
		_, err := io.ReadFull(body, buffer)
		p.Check(err)
		if !bytes.Equal(buffer, made(read, len(buffer))) {
			t.Fatalf("another file from %d on", read)
		}
		if read%(16<<20) == 0 {
			highest = max(highest, used())
		}
	}
	if n, err := body.Read(buffer); n != 0 || err != io.EOF {
		t.Errorf("%d bytes more, %v", n, err)
	}
	if highest > before+32<<20 {
		t.Errorf("%d MB in use at the beginning, up to %d MB later", before>>20, highest>>20)
	}
}

// TestMediaOfBots fetches over the Bot API what it hands out, and does not try
// what it does not.
func TestMediaOfBots(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		const token = "4242:secret"
		_, err := p.Sandbox.AddUser(bobPhone, "Bob", "")
		p.Check(err)
		_, err = p.Sandbox.AddBot(token, "Desk", "desk_bot")
		p.Check(err)
		d := serve(p.Start("node"))
		bot := d.AddBot(token)
		const size = 1<<20 + 77
		for name, size := range map[string]int64{"small.bin": size, "large.bin": bridge.MaxBotDownload + 1} {
			_, err = p.Sandbox.SendMade(bobPhone, "4242", sandbox.MadeFile{Name: name, MIMEType: "application/x-nest", Size: size})
			p.Check(err)
		}
		path := d.awaitFile(bot, "small.bin")
		res, data := d.whole("GET", path, nil)
		if res.StatusCode != 200 || !bytes.Equal(data, made(0, size)) || res.Header.Get("Content-Type") != "application/x-nest" {
			p.Errorf("%d, %d bytes, %v", res.StatusCode, len(data), res.Header)
		}
		res, data = d.whole("GET", path, map[string]string{"Range": "bytes=700000-700099", "If-Range": res.Header.Get("ETag")})
		if res.StatusCode != 206 || !bytes.Equal(data, made(700000, 100)) {
			p.Errorf("a part: %d, %d bytes", res.StatusCode, len(data))
		}
		res, data = d.whole("GET", d.awaitFile(bot, "large.bin"), nil)
		if res.StatusCode != 422 || !bytes.Contains(data, []byte(`"surface_unable"`)) || !bytes.Contains(data, []byte("kind user")) {
			p.Errorf("over 20 MB: %d %s", res.StatusCode, data)
		}
	})
}

package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
)

const testMessage = "msg_01KB0000000000000000000000"

// A shelf has one file, which ends early if broken is set.
type shelf struct {
	file    bridge.File
	data    []byte
	opening error
	broken  error // what reading beyond the data fails with
	closed  atomic.Int32
	// If there are such, reading says so, and waits until it may.
	reads, may chan struct{}
}

func (s *shelf) OpenMedia(context.Context, bridge.MessageID) (*bridge.File, error) {
	if s.opening != nil {
		return nil, s.opening
	}
	f := s.file
	f.Size = int64(len(s.data))
	f.Content = &shelved{Reader: bytes.NewReader(s.data), s: s}
	if s.broken != nil {
		f.Size += 10
	}
	return &f, nil
}

type shelved struct {
	*bytes.Reader
	s *shelf
}

func (f *shelved) Read(p []byte) (int, error) {
	if f.s.reads != nil {
		f.s.reads <- struct{}{}
		<-f.s.may
	}
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) && f.s.broken != nil {
		err = f.s.broken
	}
	return n, err
}

func (f *shelved) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd && f.s.broken != nil {
		return f.Size() + 10, nil
	}
	return f.Reader.Seek(offset, whence)
}

func (f *shelved) Close() error {
	f.s.closed.Add(1)
	return nil
}

func mediaServer(m Media, address string) *Server {
	return New(Options{
		Owners: owners(address), Accounts: new(accounts), Messages: new(conversing), Media: m,
		Authenticator: keys{
			"all":   {scopes: []Scope{ScopeMessagesRead}},
			"read":  {scopes: []Scope{ScopeAccountsRead}},
			"other": {scopes: []Scope{ScopeAdmin}, account: "acc_01KB0000000000000000000001"},
		},
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow }, Version: "test",
	})
}

const mediaPath = "/v1/messages/" + testMessage + "/media"

func TestMediaHeaders(t *testing.T) {
	for _, test := range []struct {
		file              bridge.File
		kind, disposition string
	}{
		{bridge.File{Name: "a b.html", MIMEType: "text/html; charset=utf-8", Tag: "5"}, "text/html; charset=utf-8", `attachment; filename="a b.html"`},
		{bridge.File{Name: `..\..\nest.jpg`, MIMEType: "no type"}, "application/octet-stream", "attachment; filename=nest.jpg"},
		{bridge.File{MIMEType: "audio/ogg"}, "audio/ogg", "attachment; filename=" + testMessage + ".ogg"},
		{bridge.File{Name: "Überblick \"1\".pdf"}, "application/octet-stream", "attachment; filename*=utf-8''%C3%9Cberblick%20%221%22.pdf"},
		{bridge.File{Name: "a\r\nSet-Cookie: x"}, "application/octet-stream", "attachment; filename*=utf-8''a%0D%0ASet-Cookie%3A%20x"},
	} {
		s := &shelf{file: test.file, data: []byte("0123456789")}
		res, data, _ := ask(t, mediaServer(s, ""), "all", "GET", mediaPath, "")
		if res.StatusCode != 200 || string(data) != "0123456789" || res.ContentLength != 10 || s.closed.Load() != 1 {
			t.Errorf("%+v: %d %s", test.file, res.StatusCode, data)
		}
		if got := res.Header.Get("Content-Type"); got != test.kind {
			t.Errorf("%+v is %s", test.file, got)
		}
		if got := res.Header.Get("Content-Disposition"); got != test.disposition {
			t.Errorf("%+v is to be kept as %s", test.file, got)
		}
		if res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Content-Security-Policy") != "sandbox" {
			t.Errorf("a browser may run it: %v", res.Header)
		}
	}
}

func TestMediaRanges(t *testing.T) {
	for _, test := range []struct {
		name   string
		header map[string]string
		method string
		status int
		body   string
		part   string
	}{
		{"a part", map[string]string{"Range": "bytes=2-4"}, "GET", 206, "234", "bytes 2-4/10"},
		{"the end", map[string]string{"Range": "bytes=-3"}, "GET", 206, "789", "bytes 7-9/10"},
		{"no such part", map[string]string{"Range": "bytes=10-"}, "GET", 416, "", "bytes */10"},
		{"the same file", map[string]string{"Range": "bytes=2-4", "If-Range": `"tag"`}, "GET", 206, "234", "bytes 2-4/10"},
		{"another file", map[string]string{"Range": "bytes=2-4", "If-Range": `"old"`}, "GET", 200, "0123456789", ""},
		{"known", map[string]string{"If-None-Match": `"tag"`}, "GET", 304, "", ""},
		{"the head", nil, "HEAD", 200, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, mediaPath, http.NoBody)
			r.Header.Set("Authorization", "Bearer all")
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			s := &shelf{file: bridge.File{Tag: "tag"}, data: []byte("0123456789")}
			mediaServer(s, "").ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("Content-Range") != test.part {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if test.status == 416 {
				if w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "has 10 bytes") {
					t.Errorf("%v %s", w.Header(), w.Body)
				}
				return
			}
			if w.Body.String() != test.body || w.Header().Get("ETag") != `"tag"` {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		})
	}
}

// TestMediaFails has what fails before the first byte answered as a problem, and
// what fails later never taken for the end.
func TestMediaFails(t *testing.T) {
	wait := &bridge.Error{Code: bridge.CodeFloodWait, Detail: "Later.", RetryAt: testNow.Add(time.Minute)}
	for _, test := range []struct {
		name   string
		shelf  *shelf
		key    string
		path   string
		status int
	}{
		{"no key", &shelf{}, "", mediaPath, 401},
		{"another scope", &shelf{}, "read", mediaPath, 403},
		{"another account", &shelf{}, "other", mediaPath, 403},
		{"no id", &shelf{}, "all", "/v1/messages/5/media", 422},
		{"not opened", &shelf{opening: bridge.Errorf(bridge.CodeNotFound, "There is none.")}, "all", mediaPath, 404},
		{"at the first byte", &shelf{file: bridge.File{Tag: "5"}, broken: wait}, "all", mediaPath, 429},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, data, v := ask(t, mediaServer(test.shelf, ""), test.key, "GET", test.path, "")
			if res.StatusCode != test.status || v["status"] != float64(test.status) {
				t.Errorf("%d %s", res.StatusCode, data)
			}
			for _, name := range []string{"Content-Disposition", "ETag", "Accept-Ranges"} {
				if value := res.Header.Get(name); value != "" {
					t.Errorf("the problem has %s: %s", name, value)
				}
			}
		})
	}
	whole := bytes.Repeat([]byte("0123456789"), 20_000) // more than servers keep back
	there := httptest.NewServer(mediaServer(&shelf{data: whole, broken: wait}, ""))
	defer there.Close()
	here := httptest.NewServer(mediaServer(new(shelf), strings.TrimPrefix(there.URL, "http://")))
	defer here.Close()
	for _, url := range []string{there.URL, here.URL} {
		res := fetch(t, url)
		data, err := io.ReadAll(res.Body)
		if err == nil || len(data) == 0 || !bytes.HasPrefix(whole, data) || res.ContentLength != int64(len(whole))+10 {
			t.Errorf("%s: %d bytes of %d, %v", url, len(data), res.ContentLength, err)
		}
		res.Body.Close()
	}
}

// fetch begins to fetch the file.
func fetch(t *testing.T, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+mediaPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer all")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestMediaElsewhere has files come from the node that owns the account, parts
// of them too.
func TestMediaElsewhere(t *testing.T) {
	there := httptest.NewServer(mediaServer(&shelf{file: bridge.File{Tag: "tag"}, data: []byte("0123456789")}, ""))
	defer there.Close()
	r := httptest.NewRequest("GET", mediaPath, http.NoBody)
	r.Header.Set("Authorization", "Bearer all")
	r.Header.Set("Range", "bytes=4-5")
	w := httptest.NewRecorder()
	mediaServer(new(shelf), strings.TrimPrefix(there.URL, "http://")).ServeHTTP(w, r)
	if w.Code != 206 || w.Body.String() != "45" || w.Header().Get("Content-Range") != "bytes 4-5/10" || len(w.Header().Values("ETag")) != 1 {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestMediaAtOnce bounds what a node holds of files.
func TestMediaAtOnce(t *testing.T) {
	s := &shelf{data: []byte("0123456789"), reads: make(chan struct{}), may: make(chan struct{})}
	server := mediaServer(s, "")
	done := make(chan int, maxDownloads)
	for range maxDownloads {
		go func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", mediaPath, http.NoBody)
			r.Header.Set("Authorization", "Bearer all")
			server.ServeHTTP(w, r)
			done <- w.Code
		}()
	}
	for range maxDownloads {
		<-s.reads
	}
	res, data, _ := ask(t, server, "all", "GET", mediaPath, "")
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	close(s.may)
	for range maxDownloads {
		if status := <-done; status != 200 {
			t.Errorf("status %d", status)
		}
	}
}

package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/bridge"
)

const otherAccount = "acc_01KB0000000000000000000001"

// An eventLog is a log of events in memory. Positions go up by ten.
type eventLog struct {
	mu      sync.Mutex
	events  []bridge.Event
	changed chan struct{}
	err     error
}

func newEventLog() *eventLog { return &eventLog{changed: make(chan struct{})} }

func (l *eventLog) add(account bridge.AccountID, kind bridge.EventType, n int, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		i := len(l.events) + 1
		l.events = append(l.events, bridge.Event{
			ID: bridge.EventID(fmt.Sprintf("evt_01KB%022d", i)), Type: kind, AccountID: account, Position: int64(10 * i),
			Timestamp: testNow, SchemaVersion: 1, Data: json.RawMessage(data),
		})
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *eventLog) Read(_ context.Context, after int64, limit int) ([]bridge.Event, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, after, l.err
	}
	from := min(after/10, int64(len(l.events)))
	found := l.events[from:min(from+int64(limit), int64(len(l.events)))]
	if len(found) == limit {
		return found, found[limit-1].Position, nil
	}
	return found, max(after, int64(10*len(l.events))), nil
}

func (l *eventLog) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *eventLog) End() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(10 * len(l.events))
}

func (l *eventLog) Position(_ context.Context, id bridge.EventID) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.ID == id {
			return e.Position, nil
		}
	}
	return 0, bridge.Errorf(bridge.CodeNotFound, "There is no event %s.", id)
}

func eventServer(l *eventLog, k Authenticator) *Server {
	return New(Options{
		Authenticator: k, Accounts: new(accounts), Events: l, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return testNow }, Version: "test",
	})
}

var eventKeys = keys{
	"all": {scopes: []Scope{ScopeMessagesRead}}, "one": {scopes: []Scope{ScopeMessagesRead}, account: testAccount},
	"none": {scopes: []Scope{ScopeAccountsRead}},
}

// TestEventPages has the log read in pages, each event once, by what the key and
// the request allow.
func TestEventPages(t *testing.T) {
	l := newEventLog()
	for range 50 {
		l.add(testAccount, bridge.MessageReceived, 2, `{}`)
		l.add(otherAccount, bridge.MessageSent, 1, `{}`)
	}
	s := eventServer(l, eventKeys)
	for _, test := range []struct {
		key, query string
		want       int
	}{
		{"all", "", 150}, {"one", "", 100}, {"all", "&type=message.sent", 50}, {"one", "&type=message.sent", 0},
		{"all", "&account_id=" + otherAccount, 50}, {"all", "&account_id=" + otherAccount + "&type=message.received,message.sent", 50},
	} {
		seen := make(map[string]bool)
		pages, after := 0, "0"
		for more := true; more; pages++ {
			res, data, v := ask(t, s, test.key, "GET", "/v1/events?limit=7&after="+after+test.query, "")
			if res.StatusCode != 200 {
				t.Fatalf("%+v: %d %s", test, res.StatusCode, data)
			}
			for _, e := range v["events"].([]any) {
				seen[e.(map[string]any)["id"].(string)] = true
			}
			after, more = v["next"].(string), v["more"].(bool)
		}
		if len(seen) != test.want || pages > 150/7+1 {
			t.Errorf("%+v: %d events on %d pages", test, len(seen), pages)
		}
	}
	_, _, v := ask(t, s, "all", "GET", "/v1/events?limit=1&after="+string(l.events[41].ID), "")
	if e := v["events"].([]any)[0].(map[string]any); e["id"] != string(l.events[42].ID) {
		t.Errorf("after event 41 comes %v", e)
	}
	for query, status := range map[string]int{
		"after=latest": 200, "after=5x": 422, "after=-1": 422, "after=evt_01KB9999999999999999999999": 404, "limit=0": 422,
		"account_id=" + otherAccount: 403,
	} {
		if res, data, _ := ask(t, s, "one", "GET", "/v1/events?"+query, ""); res.StatusCode != status {
			t.Errorf("%s: %d %s", query, res.StatusCode, data)
		}
	}
	if res, _, _ := ask(t, s, "none", "GET", "/v1/events", ""); res.StatusCode != 403 {
		t.Errorf("another scope: %d", res.StatusCode)
	}
}

// A pipeListener has connections in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// A stream is a connection on which a stream was opened.
type stream struct {
	net.Conn
	*bufio.Reader
}

// openStreams serves in memory, and returns what opens streams.
func openStreams(t *testing.T, s *Server) func(key, query, lastEventID string) stream {
	l := &pipeListener{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: s}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return func(key, query, lastEventID string) stream {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		header := "Authorization: Bearer " + key + "\r\n"
		if lastEventID != "" {
			header += "Last-Event-ID: " + lastEventID + "\r\n"
		}
		if _, err := fmt.Fprintf(ours, "GET /v1/events/stream?%s HTTP/1.1\r\nHost: x\r\n%s\r\n", query, header); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ours.Close() })
		reader := bufio.NewReader(ours)
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%s %v", res.Status, res.Header)
		}
		return stream{ours, bufio.NewReader(res.Body)}
	}
}

// block reads up to the next empty line.
func (s stream) block() (string, error) {
	var b strings.Builder
	for {
		line, err := s.ReadString('\n')
		if err != nil || line == "\n" {
			return b.String(), err
		}
		b.WriteString(line)
	}
}

// expect reads blocks that hold some texts, in their order.
func (s stream) expect(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		got, err := s.block()
		if err != nil || !strings.Contains(got, text) {
			t.Fatalf("%q, %v; want %q", got, err, text)
		}
	}
}

// TestStream has events follow as they come, from any point, with signs of life.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEventLog()
		l.add(testAccount, bridge.MessageReceived, 3, `{"n": 1}`)
		open := openStreams(t, eventServer(l, eventKeys))
		live := open("all", "", "")
		resumed := open("all", "after=0", "20")
		one := open("one", "type=message.sent&after=0", "")
		for _, s := range []stream{live, resumed, one} {
			s.expect(t, "retry: 1000")
		}
		resumed.expect(t, "id: 30\nevent: message.received\ndata: {\"id\":\""+string(l.events[2].ID)+`"`)
		synctest.Wait()
		l.add(otherAccount, bridge.MessageSent, 1, "{\n}")
		live.expect(t, "id: 40\nevent: message.sent\ndata: {")
		resumed.expect(t, "id: 40\n")
		l.add(testAccount, bridge.MessageSent, 1, "{}")
		live.expect(t, "id: 50\n")
		resumed.expect(t, "id: 50\n")
		one.expect(t, "id: 50\n")
		started := time.Now()
		one.expect(t, ": alive\nid: 50", ": alive")
		if waited := time.Since(started); waited != 30*time.Second {
			t.Errorf("two signs of life in %v", waited)
		}
	})
}

// TestSlowReader has a reader cut off that takes nothing any more, and others
// not held up by it.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEventLog()
		open := openStreams(t, eventServer(l, eventKeys))
		slow, quick := open("all", "", ""), open("all", "", "")
		slow.expect(t, "retry")
		quick.expect(t, "retry")
		l.add(testAccount, bridge.MessageReceived, 300, `"`+strings.Repeat("a", 1000)+`"`)
		for i := range 300 {
			quick.expect(t, fmt.Sprintf("id: %d\n", 10*(i+1)))
		}
		<-time.After(11 * time.Second)
		for n := 0; ; n++ {
			if _, err := slow.block(); err != nil {
				break
			}
			if n > 200 {
				t.Fatal("a slow reader was not cut off")
			}
		}
	})
}

// revocableKeys are keys that can be taken back while a server asks for them.
type revocableKeys struct {
	mu   sync.Mutex
	keys keys
}

func (k *revocableKeys) Authenticate(ctx context.Context, key string) (Caller, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys.Authenticate(ctx, key)
}

func (k *revocableKeys) revoke(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, key)
}

// TestStreamEnds has a stream say why it ends.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEventLog()
		k := &revocableKeys{keys: keys{"a": {scopes: []Scope{ScopeMessagesRead}}, "b": {scopes: []Scope{ScopeMessagesRead}}}}
		open := openStreams(t, eventServer(l, k))
		revoked := open("a", "", "")
		revoked.expect(t, "retry")
		k.revoke("a")
		revoked.expect(t, `event: error
data: {"type":"urn:godwit:problem:unauthorized"`)
		if text, err := revoked.block(); err == nil {
			t.Errorf("and then %q", text)
		}
		broken := open("b", "", "")
		broken.expect(t, "retry")
		synctest.Wait()
		l.mu.Lock()
		l.err = errors.New("secret of the database")
		l.mu.Unlock()
		l.add(testAccount, bridge.MessageReceived, 1, "{}")
		broken.expect(t, `"code":"internal"`)
	})
}

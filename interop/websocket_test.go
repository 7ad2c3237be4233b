package interop

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"godwit/mtproto/transport/web"
)

// sizes are those of messages around the limits of each form of a frame's
// length.
var sizes = []int{1, 125, 126, 127, 65535, 65536, 300_000}

// echoAll sends messages of all sizes and wants them back.
func echoAll(t *testing.T, c net.Conn) {
	t.Helper()
	for _, size := range sizes {
		sent := strings.Repeat("x", size-1) + "!"
		done := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c, sent)
			done <- err
		}()
		got := make([]byte, size)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != sent {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// TestWebSocketServer has github.com/coder/websocket as a client of our
// WebSocket: R-HT-06.
func TestWebSocketServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := web.Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := io.Copy(c, c); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	conn, _, err := websocket.Dial(ctx, s.URL, &websocket.DialOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := conn.Subprotocol(); got != "binary" {
		t.Errorf("subprotocol %q", got)
	}
	stream := websocket.NetConn(ctx, conn, websocket.MessageBinary)
	echoAll(t, stream)
	pinged := make(chan error, 1)
	go func() { pinged <- conn.Ping(ctx) }()
	go func() { _, _ = io.Copy(io.Discard, stream) }() // reading answers pings
	if err := <-pinged; err != nil {
		t.Errorf("ping: %v", err)
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
}

// TestWebSocketClient has our client at a server that is made with
// github.com/coder/websocket: R-HT-06.
func TestWebSocketClient(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"binary"}})
		if err != nil {
			t.Error(err)
			return
		}
		conn.SetReadLimit(1 << 20)
		stream := websocket.NetConn(ctx, conn, websocket.MessageBinary)
		go func() {
			if err := conn.Ping(ctx); err != nil {
				t.Errorf("ping: %v", err)
			}
		}()
		if _, err := io.Copy(stream, stream); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	c, err := new(web.WebSocket).DialURL(ctx, "ws"+strings.TrimPrefix(s.URL, "http"))
	if err != nil {
		t.Fatal(err)
	}
	echoAll(t, c)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

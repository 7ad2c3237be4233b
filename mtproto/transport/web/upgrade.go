package web

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"time"

	"godwit/mtproto"
)

// upgradeTimeout is for the server's answer to an opening.
const upgradeTimeout = 30 * time.Second

// Upgrade turns a request into a WebSocket (RFC 6455, section 4.2) and returns
// it as the stream of bytes that MTProto needs, under no deadline. A request
// that opens none, or none with the subprotocol "binary" (R-HT-06), has been
// answered when Upgrade returns the error that says why.
func Upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if status, why := refusal(r, key); why != "" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, why, status)
		return nil, violation("%s", why)
	}
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot become a WebSocket", http.StatusInternalServerError)
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := answerOpening(c, key); err != nil {
		_ = c.Close() // it is of no use any more
		return nil, fmt.Errorf("web: answering a WebSocket: %w", err)
	}
	return newConn(c, rw.Reader, mtproto.Server), nil
}

// refusal returns why a request opens no WebSocket, and how that is told; ""
// where it does open one.
func refusal(r *http.Request, key string) (int, string) {
	decoded, err := base64.StdEncoding.DecodeString(key)
	switch {
	case !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade"):
		return http.StatusUpgradeRequired, "a WebSocket is served here"
	case r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return http.StatusMethodNotAllowed, "a WebSocket is opened by GET, with HTTP/1.1"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, "Sec-WebSocket-Version has to be 13"
	case err != nil || len(decoded) != 16:
		return http.StatusBadRequest, "Sec-WebSocket-Key has to be 16 bytes in base64"
	case !hasToken(r.Header, "Sec-WebSocket-Protocol", subprotocol):
		return http.StatusBadRequest, "Sec-WebSocket-Protocol has to be " + subprotocol
	}
	return 0, ""
}

func answerOpening(c net.Conn, key string) error {
	if err := c.SetDeadline(time.Now().Add(upgradeTimeout)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", acceptKey(key), subprotocol)
	if err != nil {
		return err
	}
	return c.SetDeadline(time.Time{})
}

package inspect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/web"
)

// speaksHTTP reports whether a client's stream begins with a request of HTTP:
// the opening of a WebSocket, or packets in the bodies of requests (R-HT-01,
// R-HT-06).
func speaksHTTP(in *bufio.Reader) bool {
	first, _ := in.Peek(4)
	return string(first) == "GET " || string(first) == "POST"
}

// readHTTP reads what the client has sent from its first request on.
func (c *connection) readHTTP(h *half, in *bufio.Reader) {
	request, err := http.ReadRequest(in)
	switch {
	case err != nil || request.Method != http.MethodPost && !strings.EqualFold(request.Header.Get("Upgrade"), "websocket"):
		c.tell("HTTP without MTProto")
		c.t.summary.Others++
		c.foreign = true
	case request.Method == http.MethodPost:
		c.polling = true
		c.t.summary.Connections++
		c.tell("HTTP")
		for err == nil {
			if err = c.body(h, request.Body); err == nil {
				request, err = http.ReadRequest(in)
			}
		}
		c.noteEnd(h, err)
	default:
		c.carrier = "WebSocket, "
		c.server = &gapless{c, &c.halves[mtproto.Server], &answered{in: &c.halves[mtproto.Server].in}}
		c.readClient(h, bufio.NewReaderSize(&gapless{c, h, web.Overhear(in, mtproto.Client)}, 1<<14))
	}
}

// readResponses reads what the server has answered to requests with packets.
func (c *connection) readResponses(h *half) {
	in := bufio.NewReader(&h.in)
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return // between two responses
		}
		response, err := http.ReadResponse(in, nil) //nolint:bodyclose // it holds nothing
		if err == nil && response.StatusCode >= http.StatusMultipleChoices {
			c.emit(h.side, &Record{Kind: TransportError, Code: -int32(response.StatusCode)}) // R-TR-34
			_, err = io.Copy(io.Discard, response.Body)
		} else if err == nil {
			err = c.body(h, response.Body)
		}
		if err != nil {
			c.noteEnd(h, err)
			return
		}
	}
}

// body reads the packet that a request or a response holds.
func (c *connection) body(h *half, body io.Reader) error {
	p, err := io.ReadAll(io.LimitReader(body, transport.DefaultMaxPacket+1))
	switch {
	case err != nil:
		return err
	case len(p) > transport.DefaultMaxPacket:
		return fmt.Errorf("a body of more than %d bytes", transport.DefaultMaxPacket)
	case len(p) > 0:
		c.t.messages.packet(c, h, p, false)
	}
	return nil
}

// noteEnd tells why a direction is not read on.
func (c *connection) noteEnd(h *half, err error) {
	if !errors.Is(err, io.EOF) {
		c.note(h, "not read on: %v", err)
	}
}

// gapless ends a stream where the capture lacks some of it: where the next
// frame begins cannot be known.
type gapless struct {
	c  *connection
	h  *half
	in io.Reader
}

// Read implements io.Reader.
func (g *gapless) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	if lost := new(lostError); errors.As(err, &lost) {
		g.c.noteEnd(g.h, err)
		return n, io.EOF
	}
	return n, err
}

// answered is what a server has sent over a WebSocket, once it has agreed to
// open one.
type answered struct {
	in     io.Reader
	frames io.Reader // nil before
}

// Read implements io.Reader.
func (a *answered) Read(p []byte) (int, error) {
	if a.frames == nil {
		in := bufio.NewReader(a.in)
		response, err := http.ReadResponse(in, nil) //nolint:bodyclose // it holds nothing
		switch {
		case err != nil:
			return 0, err
		case response.StatusCode != http.StatusSwitchingProtocols:
			return 0, fmt.Errorf("the server opens no WebSocket: %s", response.Status)
		}
		a.frames = web.Overhear(in, mtproto.Server)
	}
	return a.frames.Read(p)
}

package inspect

import (
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/mtproto/transport/web"
)

// R-HT-01, R-HT-06: what goes over HTTP and WebSocket is read too.
func TestWebExchanges(t *testing.T) {
	tests := map[string]struct {
		connect func(transport.DialFunc) transport.Connector
		parts   []string
	}{
		"WebSocket, intermediate, obfuscated": {func(dial transport.DialFunc) transport.Connector {
			return &web.WebSocket{Dial: dial, Transport: transport.Options{Framing: transport.Intermediate}}
		}, []string{"req_pq_multi{nonce: ", "dh_gen_ok{", "auth.signIn{", "answers auth.signIn rpc_result{", "messages.sendMessage{"}},
		"HTTP": {func(dial transport.DialFunc) transport.Connector { return &web.Polling{Dial: dial} }, []string{"http_wait{"}},
	}
	for how, test := range tests {
		t.Run(how, func(t *testing.T) {
			e := recordOver(t, transport.Options{}, test.connect)
			records, summary := inspect(t, pcap(t, cabling{}.frames(t, e.chunks), ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{e.key}})
			text := lines(records)
			want(t, text, "#1 10.0.0.1:40000 → 149.154.167.51:443: "+how+"\n", "rpc_result{")
			want(t, text, test.parts...)
			for _, r := range records {
				if r.Kind == Encrypted || r.Note != "" && r.Kind != Connection {
					t.Errorf("%s", r.Text())
				}
			}
			if summary.Connections != 1 || summary.Others != 0 || summary.Messages < 5 {
				t.Errorf("%+v", summary)
			}
		})
	}
}

// TestWebRest has HTTP that carries no MTProto, what is refused, and what is
// cut, told and read no further.
func TestWebRest(t *testing.T) {
	upgrade := "GET /apiws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	post := "POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\x00\x00\x00\x00"
	for name, test := range map[string]struct {
		client, server string
		want           string
	}{
		"another page":   {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP without MTProto"},
		"no HTTP":        {"GET away\r\n\r\n", "", "HTTP without MTProto"},
		"no WebSocket":   {upgrade + "\x82\x80\x00\x00\x00\x00", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ""},
		"an error":       {post, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "-404"},
		"a cut request":  {post + "POST /api HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", "", "not read on"},
		"a cut response": {post, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "not read on"},
	} {
		t.Run(name, func(t *testing.T) {
			chunks := []chunk{{mtproto.Client, []byte(test.client)}, {mtproto.Server, []byte(test.server)}}
			records, _ := inspect(t, pcap(t, cabling{}.frames(t, chunks), ethernet, 1<<16), Options{})
			want(t, lines(records), test.want)
		})
	}
}

package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"godwit/mtproto/transport"
	"godwit/mtproto/transport/proxy"
	"godwit/mtproto/transport/web"
)

// started is a sandbox that listens, and what its connection file says.
func started(t *testing.T, o Options) (*Sandbox, Info) {
	t.Helper()
	o.PrivateKey = testKey()
	sb, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb, sb.Info()
}

// unknownKey asks something under a key that the server does not know, and
// returns what comes of it.
func unknownKey(t *testing.T, connector transport.Connector, dc DC) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := connector.Connect(ctx, transport.Endpoint{DC: dc.ID, Host: dc.Host, Port: dc.Port})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.SetReadDeadline(time.Now().Add(30*time.Second)), c.SetWriteDeadline(time.Now().Add(30*time.Second))); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 24+64)
	_, _ = rand.Read(p)
	if err := c.WritePacket(p); err != nil {
		return err
	}
	_, err = c.ReadPacket(nil)
	return err
}

// A way is one to the DCs, with the transport that it needs.
type way struct {
	name      string
	needs     Transport
	connector transport.Connector
}

// ways are all that a client of the sandbox may come by. Where the sandbox
// does not serve TLS, or is no proxy, those that others do are tried.
func ways(t *testing.T, info Info) []way {
	t.Helper()
	list := []way{
		{"plain", TransportTCP, &transport.TCP{}},
		{"obfuscated", TransportObfuscated, &transport.TCP{Options: transport.Options{Obfuscated: true}}},
		{"WebSocket", TransportWebSocket, &web.WebSocket{}},
		{"HTTP", TransportHTTP, &web.Polling{}},
	}
	if info.TLSCertificate == "" {
		certificate, err := web.SelfSigned(time.Now(), "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		info.TLSCertificate = certificate.PEM
	}
	trust, err := web.Trust(info.TLSCertificate)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list,
		way{"WebSocket over TLS", TransportTLS, &web.WebSocket{Secure: true, TLS: trust}},
		way{"HTTPS", TransportTLS, &web.Polling{Secure: true, TLS: trust}},
	)
	links := info.MTProxies
	if links == nil {
		m := proxy.MTProxy{Host: info.DCs[0].Host, Port: info.DCs[0].Port, Secret: transport.ProxySecret{Domain: "x"}}
		links = []string{m.Link()}
	}
	for i, link := range links {
		p, err := proxy.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, way{fmt.Sprint("MTProxy ", i), TransportMTProxy, p.Connector(transport.Options{})})
	}
	return list
}

// R-TR-01, R-SV-01, R-HT-07, R-HT-08, R-TR-34, R-OB-11: each DC serves all transports on its one
// port, and says over each of them what is wrong in the way of the transport.
func TestTransports(t *testing.T) {
	_, info := started(t, Options{})
	if !slices.Equal(info.Transports, Transports()) || info.TLSCertificate == "" || len(info.MTProxies) != 3 {
		t.Errorf("connection file: %q, %d proxies", info.Transports, len(info.MTProxies))
	}
	for _, w := range ways(t, info) {
		for _, dc := range info.DCs {
			if err := unknownKey(t, w.connector, dc); !errors.Is(err, &transport.Error{Code: -404}) {
				t.Errorf("%s, DC %d: %v", w.name, dc.ID, err)
			}
		}
	}
}

// What is switched off is not there, and the rest is.
func TestTransportsByChoice(t *testing.T) {
	for _, only := range Transports() {
		_, info := started(t, Options{Transports: []Transport{only}})
		for _, w := range ways(t, info) {
			err := unknownKey(t, w.connector, info.DCs[0])
			if served := errors.Is(err, &transport.Error{Code: -404}); served != (w.needs == only) {
				t.Errorf("%s where only %s is served: %v", w.name, only, err)
			}
		}
	}
	for _, list := range [][]Transport{{}, {"pigeon"}} {
		if _, err := New(Options{Transports: list}); err == nil {
			t.Errorf("transports %q are taken", list)
		}
	}
}

// R-OB-03, R-OB-09, R-OB-11, R-FT-07: the proxy hands its clients to the DC
// that they name, and none to one that is not there; a secret is to be used as
// it says.
func TestMTProxy(t *testing.T) {
	secrets := []transport.ProxySecret{{Key: transport.Secret{1}}, {Key: transport.Secret{2}, Padded: true}, {Key: transport.Secret{3}, Domain: "example.org"}}
	_, info := started(t, Options{ProxySecrets: secrets})
	at := info.DCs[0]
	abridged, padded := transport.Options{}, transport.Options{Framing: transport.PaddedIntermediate}
	code := func(c int32) error { return &transport.Error{Code: c} }
	for name, test := range map[string]struct {
		secret transport.ProxySecret
		o      transport.Options
		dc     int
		want   error // nil for a connection that is closed
	}{
		"plain":                   {secrets[0], abridged, 1, code(-404)},
		"plain, padded":           {secrets[0], padded, 2, code(-404)},
		"plain, intermediate":     {secrets[0], transport.Options{Framing: transport.Intermediate}, 2, code(-404)},
		"padded":                  {secrets[1], abridged, 10002, code(-404)},
		"for files":               {secrets[1], abridged, -10002, code(-404)},
		"fake TLS":                {secrets[2], abridged, 2, code(-404)},
		"no such DC":              {secrets[0], padded, 3, code(-444)},
		"no such DC, fake TLS":    {secrets[2], padded, 3, code(-444)},
		"nobody's":                {transport.ProxySecret{Key: transport.Secret{4}}, padded, 1, nil},
		"nobody's, fake TLS":      {transport.ProxySecret{Key: transport.Secret{4}, Domain: "example.org"}, padded, 1, nil},
		"another site":            {transport.ProxySecret{Key: transport.Secret{3}, Domain: "example.com"}, padded, 1, nil},
		"padded one not padded":   {transport.ProxySecret{Key: transport.Secret{2}}, abridged, 1, nil},
		"fake TLS without":        {transport.ProxySecret{Key: transport.Secret{3}}, padded, 1, nil},
		"fake TLS with a plain 1": {transport.ProxySecret{Key: transport.Secret{1}, Domain: "example.org"}, padded, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := &proxy.MTProxy{Host: at.Host, Port: at.Port, Secret: test.secret, Transport: test.o}
			err := unknownKey(t, m, DC{ID: test.dc})
			if test.want != nil && !errors.Is(err, test.want) || err == nil {
				t.Errorf("%v, want %v", err, test.want)
			}
			var refusal *transport.Error
			if test.want == nil && errors.As(err, &refusal) {
				t.Errorf("%v", err)
			}
		})
	}
	// Inside fake TLS too the framing has to be padded: R-FT-07, R-IX-25.
	c, err := transport.DialTCP(t.Context(), addressOf(at))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := proxy.FakeTLS(t.Context(), c, secrets[2])
	if err != nil {
		t.Fatal(err)
	}
	defer hidden.Close()
	framed, err := transport.NewClient(hidden, transport.Options{
		Framing: transport.Intermediate, Obfuscated: true, Secret: &secrets[2].Key, DC: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := framed.WritePacket(make([]byte, 40)); err != nil {
		t.Fatal(err)
	}
	if _, err := framed.ReadPacket(nil); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
}

// R-FT-03: to whoever does not know the secret, the proxy is a site.
func TestMTProxyIsASite(t *testing.T) {
	_, info := started(t, Options{})
	trust, err := web.Trust(info.TLSCertificate)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Get("https://" + addressOf(info.DCs[0]) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound || response.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%s", response.Status)
	}
}

// A client that stops in the middle of an opening, whatever it opens, keeps
// neither a goroutine nor the sandbox from closing.
func TestHalfOpen(t *testing.T) {
	sb, info := started(t, Options{DCs: 1})
	for _, first := range []string{
		"", "P", "GET /apiws HTTP/1.1\r\nHost: x\r\n", "\x16\x03\x01\x02\x00\x01", "\x16\x03", "\xef", "\xee\xee", "half of a header",
	} {
		c, err := net.Dial("tcp", addressOf(info.DCs[0]))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
	}
	// A WebSocket in which nothing comes.
	ws, err := (&web.WebSocket{}).DialURL(t.Context(), "ws://"+addressOf(info.DCs[0])+"/apiws")
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := sb.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ws.Read(make([]byte, 1)); err == nil {
		t.Error("the WebSocket outlives the sandbox")
	}
}

func addressOf(dc DC) string {
	return transport.Endpoint{Host: dc.Host, Port: dc.Port}.Address()
}

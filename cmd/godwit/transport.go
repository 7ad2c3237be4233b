package main

import (
	"errors"
	"fmt"
	"strings"

	"godwit/mtproto/transport"
	"godwit/mtproto/transport/proxy"
	"godwit/mtproto/transport/web"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
)

// transportFlags say by which way a command connects.
type transportFlags struct {
	Transport string `help:"How to connect: ${enum}." enum:"${ways}" default:"obfuscated" placeholder:"NAME"`
	Proxy     string `help:"Connect through a proxy: socks5://HOST:PORT, http://HOST:PORT (CONNECT), tg://proxy?… or https://t.me/proxy?… (MTProxy)." env:"GODWIT_PROXY" placeholder:"URL"`
}

// The connectWays in which an account command connects.
const (
	wayObfuscated   = "obfuscated"
	wayTCP          = "tcp"
	wayWebSocket    = "websocket"
	wayWebSocketTLS = "websocket-tls"
	wayHTTP         = "http"
	wayHTTPS        = "https"
)

var connectWays = []string{wayObfuscated, wayTCP, wayWebSocket, wayWebSocketTLS, wayHTTP, wayHTTPS}

// wayNames lists the connectWays, for the parser.
func wayNames() string { return strings.Join(connectWays, ",") }

// apply sets how o connects. file is the connection file of a local network,
// nil for Telegram's own.
func (f *transportFlags) apply(o *telegram.Options, file *connectionfile.File) error {
	hidden := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	var dial transport.DialFunc
	if f.Proxy != "" {
		p, err := proxy.Parse(f.Proxy)
		if err != nil {
			return fmt.Errorf("--proxy: %w", err)
		}
		switch p := p.(type) {
		case *proxy.SOCKS5:
			dial = p.Dial
		case *proxy.Connect:
			dial = p.Dial
		default:
			if f.Transport != wayObfuscated {
				return fmt.Errorf("--transport %s: an MTProxy has a transport of its own", f.Transport)
			}
			o.Connector = p.Connector(hidden)
			return nil
		}
	}
	switch f.Transport {
	case wayObfuscated:
		o.Connector = &transport.TCP{Options: hidden, Dial: dial, Hide: proxy.FakeTLS}
		return nil
	case wayTCP:
		o.Connector = &transport.TCP{Dial: dial, Hide: proxy.FakeTLS}
		return nil
	}
	return f.overWeb(o, file, dial)
}

// overWeb has o connect by WebSocket or HTTP.
func (f *transportFlags) overWeb(o *telegram.Options, file *connectionfile.File, dial transport.DialFunc) error {
	socket, polling := &web.WebSocket{Dial: dial}, &web.Polling{Dial: dial}
	if f.Transport == wayWebSocketTLS || f.Transport == wayHTTPS {
		socket.Secure, polling.Secure = true, true
		switch {
		case file == nil: // Telegram's own
			o.Network = telegram.Production().Web()
		case file.TLSCertificate == "":
			return errors.New("the local Telegram does not serve TLS: its connection file has no tls_certificate")
		default:
			trust, err := web.Trust(file.TLSCertificate)
			if err != nil {
				return err
			}
			socket.TLS, polling.TLS = trust, trust
		}
	}
	if f.Transport == wayWebSocket || f.Transport == wayWebSocketTLS {
		o.Connector = socket
	} else {
		o.Connector = polling
	}
	return nil
}

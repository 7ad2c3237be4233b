package proxy

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"godwit/mtproto/transport"
)

// A Proxy is one of those that Parse makes: an [*MTProxy], [*SOCKS5] or
// [*Connect].
type Proxy interface {
	// Connector returns what connects to data centres through the proxy.
	// Packets go as the options say, if the proxy leaves that open.
	Connector(o transport.Options) transport.Connector
	// String tells the proxy without its secrets.
	String() string
}

// Schemes and hosts under which links to proxies are known.
const (
	schemeTelegram = "tg"
	hostTelegram   = "t.me"
)

// Parse reads the address of a proxy in one of the forms in which people are
// given it (R-OB-10):
//
//	tg://proxy?server=HOST&port=PORT&secret=SECRET    MTProxy
//	https://t.me/proxy?server=…                       the same
//	tg://socks?server=HOST&port=PORT&user=…&pass=…    SOCKS5; https://t.me/socks too
//	socks5://[USER:PASSWORD@]HOST[:PORT]              SOCKS5, port 1080
//	http://[USER:PASSWORD@]HOST[:PORT]                HTTP CONNECT, port 80
//
// Errors do not quote secrets or passwords.
func Parse(address string) (Proxy, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("proxy: the address is no URL") // err quotes it
	}
	host, path := strings.ToLower(u.Host), strings.Trim(u.Path, "/")
	switch {
	case u.Scheme == schemeTelegram && path == "":
		return parseLink(host, u.Query())
	case u.Scheme == "https" && (host == hostTelegram || host == "telegram.me"):
		return parseLink(path, u.Query())
	case u.Scheme == "socks5" || u.Scheme == "socks5h":
		return parseURL(u, "1080")
	case u.Scheme == "http":
		return parseURL(u, "80")
	}
	return nil, fmt.Errorf("proxy: address of the scheme %q, want tg://proxy, tg://socks, socks5:// or http://", u.Scheme)
}

// parseLink reads what stands behind a question mark.
func parseLink(kind string, query url.Values) (Proxy, error) {
	host := query.Get("server")
	port, err := parsePort(query.Get("port"))
	switch {
	case kind != "proxy" && kind != "socks":
		return nil, fmt.Errorf("proxy: a link to %q, not to a proxy", kind)
	case host == "":
		return nil, errors.New("proxy: the link names no server")
	case err != nil:
		return nil, err
	case kind == "socks":
		return &SOCKS5{
			Address: net.JoinHostPort(host, strconv.Itoa(port)), User: query.Get("user"), Password: Password(query.Get("pass")),
		}, nil
	}
	// Base64's plus sign is a space in a query.
	secret, err := transport.ParseProxySecret(strings.ReplaceAll(query.Get("secret"), " ", "+"))
	if err != nil {
		return nil, err
	}
	return &MTProxy{Host: host, Port: port, Secret: secret}, nil
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("proxy: port %q is not between 1 and 65535", text)
	}
	return int(port), nil
}

// parseURL reads the address of a proxy that is not only for Telegram.
func parseURL(u *url.URL, port string) (Proxy, error) {
	if u.Port() != "" {
		port = u.Port()
	}
	if _, err := parsePort(port); err != nil {
		return nil, err
	}
	if u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("proxy: want %s://[USER:PASSWORD@]HOST[:PORT]", u.Scheme)
	}
	address := net.JoinHostPort(u.Hostname(), port)
	password, _ := u.User.Password()
	if u.Scheme == "http" {
		return &Connect{Address: address, User: u.User.Username(), Password: Password(password)}, nil
	}
	return &SOCKS5{Address: address, User: u.User.Username(), Password: Password(password)}, nil
}

// Link returns the address that Parse reads. It tells the secret.
func (m *MTProxy) Link() string {
	query := url.Values{
		"server": {m.Host}, "port": {strconv.Itoa(m.Port)}, "secret": {hex.EncodeToString(m.Secret.Encode())},
	}
	return schemeTelegram + "://proxy?" + query.Encode()
}

// Connector implements [Proxy].
func (m *MTProxy) Connector(o transport.Options) transport.Connector {
	through := *m
	through.Transport = o
	return &through
}

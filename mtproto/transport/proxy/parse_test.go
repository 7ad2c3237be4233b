package proxy

import (
	"fmt"
	"strings"
	"testing"

	"godwit/mtproto/transport"
)

const hexKey = "00112233445566778899aabbccddeeff"

// R-OB-10: the forms in which the address of a proxy is given.
func TestParse(t *testing.T) {
	key, err := transport.ParseProxySecret(hexKey)
	if err != nil {
		t.Fatal(err)
	}
	hidden := transport.ProxySecret{Key: key.Key, Domain: "example.com"}
	for address, want := range map[string]Proxy{
		"tg://proxy?server=192.0.2.1&port=443&secret=" + hexKey:                              &MTProxy{Host: "192.0.2.1", Port: 443, Secret: key},
		"https://t.me/proxy?server=p.example&port=8443&secret=dd" + hexKey:                   &MTProxy{Host: "p.example", Port: 8443, Secret: transport.ProxySecret{Key: key.Key, Padded: true}},
		"https://t.me/proxy?server=p&port=1&secret=7gARIjNEVWZ3iJmqu8zd7v9leGFtcGxlLmNvbQ":   &MTProxy{Host: "p", Port: 1, Secret: hidden},
		"https://T.me/proxy?server=p&port=1&secret=7gARIjNEVWZ3iJmqu8zd7v9leGFtcGxlLmNvbQ==": &MTProxy{Host: "p", Port: 1, Secret: hidden},
		"tg://socks?server=p&port=1080&user=ann&pass=x%20y":                                  &SOCKS5{Address: "p:1080", User: "ann", Password: "x y"},
		"https://telegram.me/socks?server=2001:db8::1&port=1080":                             &SOCKS5{Address: "[2001:db8::1]:1080"},
		"socks5://ann:p%40ss@192.0.2.1:9050":                                                 &SOCKS5{Address: "192.0.2.1:9050", User: "ann", Password: "p@ss"},
		"socks5h://[::1]":                                                                    &SOCKS5{Address: "[::1]:1080"},
		"http://proxy.example:3128/":                                                         &Connect{Address: "proxy.example:3128"},
		"http://ann:secret@proxy.example":                                                    &Connect{Address: "proxy.example:80", User: "ann", Password: "secret"},
	} {
		got, err := Parse(address)
		if err != nil || show(got) != show(want) {
			t.Errorf("%s is %v, %v", address, got, err)
		}
		if got != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), "0x11, 0x22") {
			t.Errorf("%s prints its secret", address)
		}
	}
	for _, address := range []string{
		"", "p:1", "://", "https://example.org/proxy?server=p&port=1&secret=" + hexKey, "ftp://p", "tg://join?invite=x",
		"tg://proxy?port=1&secret=" + hexKey, "tg://proxy?server=p&secret=" + hexKey, "tg://proxy?server=p&port=0&secret=" + hexKey,
		"tg://proxy?server=p&port=70000&secret=" + hexKey, "tg://proxy?server=p&port=1", "tg://proxy?server=p&port=1&secret=" + hexKey[2:],
		"socks5://", "socks5://p:99999", "http://p/path", "http://p?x=" + hexKey,
	} {
		p, err := Parse(address)
		if err == nil {
			t.Errorf("%q is %v", address, p)
		} else if strings.Contains(err.Error(), hexKey[2:]) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

// show tells all of a proxy, secrets included.
func show(p Proxy) string {
	switch p := p.(type) {
	case *MTProxy:
		return p.Link()
	case *SOCKS5:
		return "socks5 " + p.Address + " " + p.User + " " + string(p.Password)
	case *Connect:
		return "http " + p.Address + " " + p.User + " " + string(p.Password)
	}
	return fmt.Sprint(p)
}

// The passwords of proxies print as [redacted].
func TestPasswordRedacted(t *testing.T) {
	s := SOCKS5{Address: "p:1", User: "u", Password: "hush"}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", s, s, s), s.Password.LogValue().String(), (&Connect{Password: "hush"}).String()} {
		if strings.Contains(text, "hush") {
			t.Errorf("printed as %q", text)
		}
	}
}

// FuzzParse: a link that is read is written and read as the same.
func FuzzParse(f *testing.F) {
	f.Add("tg://proxy?server=192.0.2.1&port=443&secret=" + hexKey)
	f.Add("https://t.me/socks?server=p&port=1080&user=ann&pass=x")
	f.Add("socks5://ann:p%40ss@192.0.2.1:9050")
	f.Add("http://proxy.example:3128")
	f.Fuzz(func(t *testing.T, address string) {
		p, err := Parse(address)
		if err != nil {
			return
		}
		m, ok := p.(*MTProxy)
		if !ok {
			return
		}
		again, err := Parse(m.Link())
		if err != nil || show(again) != show(p) {
			t.Fatalf("%q is written as %q: %v", address, m.Link(), err)
		}
	})
}

package main

import (
	"strings"
	"testing"

	"godwit/internal/proxytest"
)

// TestTransportFlags has an account command connect by every way, and through
// each kind of proxy.
func TestTransportFlags(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	tw.must("boris", "22222\n", "login", "--phone", "9996620002")
	info := tw.sandbox.Info()
	socks, connect := proxytest.SOCKS5(t, "", ""), proxytest.Connect(t, "ann", "secret")
	var sent []string
	send := func(flags ...string) {
		t.Helper()
		text := "by " + strings.Join(flags, " ")
		tw.must("ann", "", append([]string{"send", "+9996620002", text}, flags...)...)
		sent = append(sent, text)
	}
	for _, way := range connectWays {
		send("--transport", way)
	}
	for _, link := range info.MTProxies {
		send("--proxy", link)
	}
	send("--proxy", "socks5://"+socks.Address)
	send("--proxy", "http://ann:secret@"+connect.Address, "--transport", "websocket-tls")
	for _, s := range []*proxytest.Server{socks, connect} {
		if len(s.Targets()) == 0 {
			t.Error("a proxy was passed by")
		}
	}
	tw.want(tw.must("boris", "", "history", "+9996610001"), sent...)

	for _, flags := range [][]string{
		{"--transport", "pigeon"}, {"--proxy", "ftp://x"}, {"--proxy", "tg://proxy?server=x"},
		{"--transport", "https", "--proxy", info.MTProxies[0]}, {"--proxy", "socks5://127.0.0.1:1"},
	} {
		code, _, errs := tw.run("ann", "", append([]string{"send", "+9996620002", "lost"}, flags...)...)
		if code == 0 || strings.Contains(errs, "secret") || errs == "" {
			t.Errorf("%q: exit %d, %s", flags, code, errs)
		}
	}
}

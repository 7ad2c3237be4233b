package daemon

import (
	"net"
	"strings"
	"testing"
)

func TestAdvertised(t *testing.T) {
	everywhere, here := &net.TCPAddr{IP: net.IPv6zero, Port: 8787}, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 5), Port: 8787}
	tests := []struct {
		name      string
		advertise string
		listens   net.Addr
		shared    bool
		want      string
		err       string // a part of it
	}{
		{"one address", "", here, true, "10.0.0.5:8787", ""},
		{"all addresses, alone", "", everywhere, false, "[::]:8787", ""},
		{"all addresses, shared", "", everywhere, true, "", "--advertise HOST:PORT"},
		{"all addresses of IPv4, shared", "", &net.TCPAddr{IP: net.IPv4zero, Port: 1}, true, "", "0.0.0.0:1"},
		{"said", "bridge-1.internal:8787", everywhere, true, "bridge-1.internal:8787", ""},
		{"said as all addresses", "0.0.0.0:8787", here, true, "", "all addresses"},
		{"said without a port", "bridge-1", here, true, "", "HOST:PORT"},
		{"said with port 0", "bridge-1:0", here, true, "", "HOST:PORT"},
	}
	for _, test := range tests {
		got, err := advertised(test.advertise, test.listens, test.shared)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}

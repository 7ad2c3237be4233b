package telegram

import (
	"net"
	"net/netip"
	"strconv"

	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/tg"
)

// A Network is a Telegram: where its data centres are, and the keys by which
// they prove themselves. The zero Network stands for [Production].
type Network struct {
	// DCs are the addresses, the one to begin with first. Of several with one ID
	// the first that answers is used: each has a quarter of a second before the
	// next is tried beside it (RFC 8305).
	DCs []DC
	// PublicKeys are the RSA keys of the data centres.
	PublicKeys []mtcrypto.PublicKey
	// Test says that the data centres are test ones, whose number in the key
	// exchange is 10000 higher.
	Test bool
	// Refresh has addresses replaced by those that help.getConfig tells, as
	// Telegram's own move (R-AP-01). A local network has only those that it
	// was given.
	Refresh bool
}

// A DC is an address of a data centre.
type DC struct {
	ID   int
	Host string // a name or an IP address
	Port int
	// ThisPortOnly says that no other port of the host serves the data centre.
	ThisPortOnly bool
	// ObfuscatedOnly says that connections there have to be obfuscated
	// (tcpo_only).
	ObfuscatedOnly bool
	// Secret is what connections there have to be under; zero for nothing.
	Secret transport.ProxySecret
}

// addressOf reads an address as help.getConfig tells it (R-AP-03). The error
// says why its secret is none.
func addressOf(d *tg.DCOption) (DC, error) {
	address := DC{
		ID: int(d.ID), Host: d.IPAddress, Port: int(d.Port), ThisPortOnly: d.ThisPortOnly, ObfuscatedOnly: d.TcpoOnly,
	}
	if len(d.Secret) == 0 {
		return address, nil
	}
	var err error
	address.Secret, err = transport.DecodeProxySecret(d.Secret)
	return address, err
}

func (d DC) address() string { return net.JoinHostPort(d.Host, strconv.Itoa(d.Port)) }

func (d DC) isIPv6() bool {
	ip, err := netip.ParseAddr(d.Host)
	return err == nil && ip.Is6() && !ip.Is4In6()
}

// Production returns Telegram's own network: the addresses and RSA keys that
// it publishes (R-AP-01, R-AK-12).
func Production() Network {
	return Network{
		DCs: []DC{
			{ID: 2, Host: "149.154.167.51", Port: 443}, {ID: 1, Host: "149.154.175.50", Port: 443},
			{ID: 3, Host: "149.154.175.100", Port: 443}, {ID: 4, Host: "149.154.167.91", Port: 443},
			{ID: 5, Host: "149.154.171.5", Port: 443},
		},
		PublicKeys: mtcrypto.ProductionKeys(),
		Refresh:    true,
	}
}

// TestNetwork returns Telegram's public test network, which has accounts of
// its own (R-AP-01, R-AP-10).
func TestNetwork() Network {
	return Network{
		DCs: []DC{
			{ID: 2, Host: "149.154.167.40", Port: 443}, {ID: 1, Host: "149.154.175.10", Port: 443},
			{ID: 3, Host: "149.154.175.117", Port: 443},
		},
		PublicKeys: mtcrypto.TestKeys(),
		Test:       true,
		Refresh:    true,
	}
}

// fingerprints returns those of the public keys.
func (n Network) fingerprints() []int64 {
	var list []int64
	for _, key := range n.PublicKeys {
		list = append(list, key.Fingerprint())
	}
	return list
}

// webNames are those of Telegram's data centres on the web, by id (R-HT-05).
var webNames = [...]string{1: "pluto", 2: "venus", 3: "aurora", 4: "vesta", 5: "flora"}

// Web returns Telegram's network as it is reached over TLS, by WebSocket or
// HTTPS (R-HT-05): with names instead of addresses, which do not move. It is
// for n being Production or TestNetwork.
func (n Network) Web() Network {
	var list []DC
	for _, d := range n.DCs {
		if d.ID > 0 && d.ID < len(webNames) {
			list = append(list, DC{ID: d.ID, Host: webNames[d.ID] + ".web.telegram.org", Port: 443})
		}
	}
	n.DCs, n.Refresh = list, false
	return n
}

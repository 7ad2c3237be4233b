package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

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
	ThisPortOnly bool `json:",omitempty"`
	// ObfuscatedOnly says that connections there have to be obfuscated
	// (tcpo_only).
	ObfuscatedOnly bool `json:",omitempty"`
	// Secret is what connections there have to be under; zero for nothing.
	Secret transport.ProxySecret `json:",omitzero"`
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

// A ConnectionFile is what a local network, such as the sandbox, writes down
// for its clients.
type ConnectionFile struct {
	DCs             []ConnectionDC  `json:"dcs"`
	RSAPublicKey    string          `json:"rsa_public_key"` // PEM
	APIID           int             `json:"api_id"`
	APIHash         string          `json:"api_hash"`
	BotAPIURL       string          `json:"bot_api_url"`    // of the Bot API; empty where there is none
	Bots            []ConnectionBot `json:"bots,omitempty"` // that are there
	PhoneConvention PhoneConvention `json:"phone_convention"`
	TestDC          bool            `json:"test_dc"`
	Transports      []string        `json:"transports,omitempty"`      // what the data centres serve
	TLSCertificate  string          `json:"tls_certificate,omitempty"` // PEM; to be trusted where they serve TLS
	MTProxies       []string        `json:"mtproxies,omitempty"`       // links to proxies, for package mtproto/transport/proxy
}

// A ConnectionBot is a bot of a local network.
type ConnectionBot struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Token    string `json:"token"`
}

// A ConnectionDC is an address of a data centre in a ConnectionFile.
type ConnectionDC struct {
	ID   int    `json:"id"`
	Host string `json:"host"`
	Port int    `json:"port"`
}

// A PhoneConvention tells, in words, which phone numbers a local network
// accepts and what their login codes are.
type PhoneConvention struct {
	Prefix  string `json:"prefix"`
	Pattern string `json:"pattern"`
	Code    string `json:"code"`
}

// LoadNetwork reads a connection file. An error is a *ConnectionFileError,
// which names the file and what is wrong with it.
func LoadNetwork(path string) (Network, *ConnectionFile, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return Network{}, nil, &ConnectionFileError{path, err}
	}
	file, err := parseConnectionFile(content)
	if err != nil {
		return Network{}, nil, &ConnectionFileError{path, err}
	}
	network, err := file.Network()
	if err != nil {
		return Network{}, nil, &ConnectionFileError{path, err}
	}
	return network, file, nil
}

// A ConnectionFileError says which connection file cannot be used, and why.
type ConnectionFileError struct {
	Path string
	Err  error
}

func (e *ConnectionFileError) Error() string {
	return "telegram: connection file " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ConnectionFileError) Unwrap() error { return e.Err }

func parseConnectionFile(content []byte) (*ConnectionFile, error) {
	f := new(ConnectionFile)
	err := json.Unmarshal(content, f)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line := 1 + strings.Count(string(content[:min(int(syntax.Offset), len(content))]), "\n")
		return nil, fmt.Errorf("line %d is not JSON: %w", line, err)
	case err != nil:
		return nil, err
	}
	return f, nil
}

// Network returns the network that the file describes, or what is missing.
func (f *ConnectionFile) Network() (Network, error) {
	n := Network{Test: f.TestDC}
	if len(f.DCs) == 0 {
		return n, errors.New("dcs: none listed")
	}
	for i, dc := range f.DCs {
		switch {
		case dc.ID <= 0 || dc.ID >= 1000:
			return n, fmt.Errorf("dcs[%d]: id %d is not between 1 and 999", i, dc.ID)
		case dc.Host == "":
			return n, fmt.Errorf("dcs[%d]: host is missing", i)
		case dc.Port <= 0 || dc.Port > 65535:
			return n, fmt.Errorf("dcs[%d]: port %d is not between 1 and 65535", i, dc.Port)
		}
		n.DCs = append(n.DCs, DC{ID: dc.ID, Host: dc.Host, Port: dc.Port})
	}
	keys, err := mtcrypto.ParsePublicKeys([]byte(f.RSAPublicKey))
	switch {
	case err != nil:
		return n, fmt.Errorf("rsa_public_key: %w", err)
	case len(keys) == 0:
		return n, errors.New("rsa_public_key: no key in it")
	case f.APIID == 0:
		return n, errors.New("api_id is missing")
	case f.APIHash == "":
		return n, errors.New("api_hash is missing")
	}
	n.PublicKeys = keys
	return n, nil
}

package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"godwit/mtproto/transport/proxy"
)

// Info is the content of the connection file: all that a client needs.
type Info struct {
	DCs             []DC            `json:"dcs"`
	RSAPublicKey    string          `json:"rsa_public_key"` // PEM, PKCS#1
	APIID           int             `json:"api_id"`
	APIHash         string          `json:"api_hash"`
	BotAPIURL       string          `json:"bot_api_url"` // empty where it is not served: see SetBotAPI
	Bots            []BotAccount    `json:"bots,omitempty"`
	ControlURL      string          `json:"control_url,omitempty"` // empty where there is none: see SetControl
	PhoneConvention PhoneConvention `json:"phone_convention"`
	// TestDC says that clients add 10000 to the DC id in the key exchange, as
	// on Telegram's test DCs (R-AK-15). Those that do not are served too.
	TestDC bool `json:"test_dc"`
	// Transports are what the DCs serve.
	Transports []Transport `json:"transports"`
	// TLSCertificate is what clients have to trust where TLS is served, as
	// PEM.
	TLSCertificate string `json:"tls_certificate,omitempty"`
	// MTProxies are links to the proxies that the DCs are, one for each secret.
	MTProxies []string `json:"mtproxies,omitempty"`
}

// A DC is the address of a data centre.
type DC struct {
	ID   int    `json:"id"`
	Host string `json:"host"` // an IP address
	Port int    `json:"port"`
}

// PhoneConvention says which phone numbers there are and what their codes are.
type PhoneConvention struct {
	Prefix  string `json:"prefix"`
	Pattern string `json:"pattern"`
	Code    string `json:"code"`
}

// Info returns what clients need to connect. The ports are known once the
// Sandbox has been started.
func (sb *Sandbox) Info() Info {
	bots := sb.Bots()
	sb.mu.Lock()
	defer sb.mu.Unlock()
	info := Info{
		BotAPIURL:    sb.botAPI,
		ControlURL:   sb.control,
		Bots:         bots,
		RSAPublicKey: sb.options.PrivateKey.Public().PEM(),
		APIID:        sb.options.APIID,
		APIHash:      sb.options.APIHash,
		PhoneConvention: PhoneConvention{
			Prefix:  phonePrefix,
			Pattern: phonePrefix + "XYYYY: X is the DC id, YYYY any digits",
			Code:    "the digit X five times",
		},
		TestDC:     true,
		Transports: sb.options.Transports,
	}
	if sb.tls != nil {
		info.TLSCertificate = sb.tls.PEM
	}
	for _, d := range sb.dcs {
		info.DCs = append(info.DCs, DC{ID: d.id, Host: d.host, Port: d.port})
	}
	for _, secret := range sb.options.ProxySecrets {
		m := proxy.MTProxy{Host: sb.dcs[0].host, Port: sb.dcs[0].port, Secret: secret}
		info.MTProxies = append(info.MTProxies, m.Link())
	}
	return info
}

// WriteInfo writes the connection file. Whoever reads path sees the old file
// or the new one, never a part. Only its owner may read it.
func (sb *Sandbox) WriteInfo(path string) error {
	text, err := json.MarshalIndent(sb.Info(), "", "  ")
	if err != nil {
		return fmt.Errorf("sandbox: connection file: %w", err)
	}
	// CreateTemp gives the mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("sandbox: connection file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("sandbox: connection file: %w", err)
	}
	return nil
}

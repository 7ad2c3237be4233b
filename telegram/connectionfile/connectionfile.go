// Package connectionfile reads connection files: what a local network, such as the
// sandbox, writes down for its clients. Call [Load], and put what it returns
// into telegram.Options.
//
// It is apart from package telegram, since it brings encoding/json into a build.
package connectionfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"godwit/mtproto/mtcrypto"
	"godwit/telegram"
)

// A File is what a connection file holds.
type File struct {
	DCs             []DC            `json:"dcs"`
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

// A DC is an address of a data centre in a File.
type DC struct {
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

// Load reads a connection file, and returns the network that it describes with
// all else that it says. An error is an *Error.
func Load(path string) (telegram.Network, *File, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return telegram.Network{}, nil, &Error{path, err}
	}
	file, err := parse(content)
	if err != nil {
		return telegram.Network{}, nil, &Error{path, err}
	}
	network, err := file.Network()
	if err != nil {
		return telegram.Network{}, nil, &Error{path, err}
	}
	return network, file, nil
}

// An Error says which connection file cannot be used, and why.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string {
	return "connection file " + e.Path + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func parse(content []byte) (*File, error) {
	f := new(File)
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
func (f *File) Network() (telegram.Network, error) {
	n := telegram.Network{Test: f.TestDC}
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
		n.DCs = append(n.DCs, telegram.DC{ID: dc.ID, Host: dc.Host, Port: dc.Port})
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

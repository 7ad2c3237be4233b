// Package gotdclient has gotd connect to a local Telegram. Call [Load].
package gotdclient

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"

	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/tg"
)

// A Network is where a local Telegram is, and as which application to use it.
type Network struct {
	APIID   int
	APIHash string
	// Options have the keys and addresses.
	Options telegram.Options
}

// Load reads the connection file that the sandbox writes for its clients.
func Load(path string) (Network, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Network{}, err
	}
	var file struct {
		DCs []struct {
			ID   int
			Host string
			Port int
		}
		RSAPublicKey string `json:"rsa_public_key"`
		APIID        int    `json:"api_id"`
		APIHash      string `json:"api_hash"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return Network{}, err
	}
	block, _ := pem.Decode([]byte(file.RSAPublicKey))
	if block == nil {
		return Network{}, errors.New("no key in the connection file")
	}
	var key *rsa.PublicKey
	if key, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
		return Network{}, err
	}
	list := dcs.List{Test: true}
	for _, dc := range file.DCs {
		list.Options = append(list.Options, tg.DCOption{ID: dc.ID, IPAddress: dc.Host, Port: dc.Port, Static: true})
	}
	return Network{file.APIID, file.APIHash, telegram.Options{
		PublicKeys: []telegram.PublicKey{{RSA: key}}, DC: file.DCs[0].ID, DCList: list,
	}}, nil
}

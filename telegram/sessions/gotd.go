package sessions

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// gotd: JSON, in which bytes are base64.
type (
	gotdJSON struct {
		Version int
		Data    gotdData
	}
	gotdData struct {
		Config    gotdConfig
		DC        int
		Addr      string
		AuthKey   []byte
		AuthKeyID []byte
		Salt      int64
	}
	// gotdConfig is what is needed of Telegram's configuration. Without data
	// centres in it gotd uses those that it knows.
	gotdConfig struct {
		TestMode  bool
		ThisDC    int
		DCOptions []gotdDC
	}
	gotdDC struct {
		ID                int
		IPAddress         string
		Port              int
		IPv6              bool `json:"Ipv6"`
		MediaOnly         bool
		CDN               bool
		TCPObfuscatedOnly bool
	}
)

const gotdVersion = 1

func importGoTD(text string) (*Session, error) {
	var in gotdJSON
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, &Error{Format: string(GoTD), What: "it is not JSON of gotd", Advice: "give the content of its session file"}
	}
	if in.Version != gotdVersion {
		return nil, &Error{Format: string(GoTD), What: fmt.Sprintf("it is of version %d instead of %d", in.Version, gotdVersion)}
	}
	d := &in.Data
	host, port := d.address()
	s := withAddress(d.DC, host, port)
	s.Test = d.Config.TestMode
	out, err := imported(GoTD, d.DC, d.AuthKey, s)
	if err != nil {
		return nil, err
	}
	k := out.Credentials.Keys[d.DC]
	id := binary.LittleEndian.AppendUint64(nil, uint64(k.Key.ID()))
	if len(d.AuthKeyID) != 0 && !bytes.Equal(d.AuthKeyID, id) {
		return nil, &Error{Format: string(GoTD), What: "the id in it is of another key", Advice: "the file is damaged"}
	}
	return out, nil
}

// address returns where the data centre is: Addr may be without a port, and is
// then to be found in the configuration.
func (d *gotdData) address() (host string, port int) {
	if host, text, err := net.SplitHostPort(d.Addr); err == nil {
		if port, err := strconv.Atoi(text); err == nil && port > 0 && port < 1<<16 {
			return host, port
		}
	}
	for _, dc := range d.Config.DCOptions {
		if dc.ID == d.DC && !dc.MediaOnly && !dc.CDN && !dc.TCPObfuscatedOnly && (d.Addr == "" || dc.IPAddress == d.Addr) {
			return dc.IPAddress, dc.Port
		}
	}
	return "", 0
}

func (e *exporting) goTD() (string, error) {
	dc := e.Credentials.DC
	k := e.Credentials.Keys[dc]
	out := gotdJSON{Version: gotdVersion, Data: gotdData{
		DC: dc, Addr: net.JoinHostPort(e.address.Host, strconv.Itoa(e.address.Port)),
		AuthKey: k.Key.Bytes(), AuthKeyID: binary.LittleEndian.AppendUint64(nil, uint64(k.Key.ID())),
	}}
	out.Data.Config.ThisDC, out.Data.Config.TestMode = dc, e.Test
	if len(k.Salts) > 0 {
		out.Data.Salt = int64(newest(k.Salts))
	}
	text, err := json.Marshal(out)
	return string(text), err
}

// newest returns the salt that is good for longest.
func newest(salts []session.Salt) mtproto.Salt {
	best := salts[0]
	for _, s := range salts[1:] {
		if s.ValidUntil > best.ValidUntil {
			best = s
		}
	}
	return best.Value
}

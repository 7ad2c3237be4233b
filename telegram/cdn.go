package telegram

import (
	"context"
	"errors"
	"fmt"

	"godwit/mtproto/mtclient"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/transport"
	"godwit/tg"
	"godwit/tl"
)

// CDN returns what sends requests to a CDN data centre, which upload.getFile
// may name: upload.getCdnFile is all that it serves (R-FI-22). It gets a key
// that proves itself by what help.getCdnConfig says and is kept in memory, and
// is told nothing of the account. Errors are as with [Client.Media].
func (c *Client) CDN(dc int) tg.Invoker { return cdnInvoker{c, dc} }

type cdnInvoker struct {
	c  *Client
	dc int
}

// Invoke implements tg.Invoker. A CDN may forget the key at any time: then the
// request is made once more with another one.
func (m cdnInvoker) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	key := poolKey{dc: m.dc, cdn: true}
	err := m.c.invokeFile(ctx, key, req, req, decode)
	if errors.Is(err, mtclient.ErrKeyUnknown) {
		err = m.c.invokeFile(ctx, key, req, req, decode)
	}
	return err
}

// prepareCDN returns how to connect to a CDN. As long as it has no key, the
// one connection that makes it is all that there is.
func (p *pool) prepareCDN(ctx context.Context) (mtclient.Options, error) {
	c := p.c
	keys, err := c.cdnKeys(ctx, p.dc)
	if err != nil {
		return mtclient.Options{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var addresses []DC
	for _, d := range c.cdn {
		if d.ID == p.dc {
			addresses = append(addresses, d)
		}
	}
	if len(addresses) == 0 {
		return mtclient.Options{}, &UnknownDCError{p.dc}
	}
	return mtclient.Options{
		Connect: func(ctx context.Context) (transport.PacketConn, error) {
			return c.connect(ctx, p.dc, addresses)
		},
		PublicKeys:  keys,
		Credentials: p.key,
		Init:        c.initCDN,
		// Its key lasts as long as the program, and what it serves is encrypted
		// already.
		PermanentKeyOnly: true,
	}, nil
}

// saveCDN keeps the key of a CDN in memory.
func (l *link) saveCDN(m mtclient.Credentials) error {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.key, l.pool.key = m.Key, m
	return nil
}

// cdnKeys returns the RSA keys of a CDN (R-FI-21).
func (c *Client) cdnKeys(ctx context.Context, dc int) ([]mtcrypto.PublicKey, error) {
	c.mu.Lock()
	known, ok := c.cdnPublic[dc]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	config, err := tg.Call(ctx, c, &tg.HelpGetCDNConfig{})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cdnPublic = make(map[int][]mtcrypto.PublicKey)
	for _, k := range config.PublicKeys {
		parsed, err := mtcrypto.ParsePublicKeys([]byte(k.PublicKey))
		if err != nil {
			return nil, fmt.Errorf("telegram: help.getCdnConfig: key of DC %d: %w", k.DCID, err)
		}
		c.cdnPublic[int(k.DCID)] = append(c.cdnPublic[int(k.DCID)], parsed...)
	}
	if c.cdnPublic[dc] == nil {
		return nil, &UnknownDCError{dc}
	}
	return c.cdnPublic[dc], nil
}

// initCDN is initConnection for those who are not to know what the client
// runs on (R-FI-22). TDLib (td/telegram/net/MtprotoHeader.cpp) and gotd
// (telegram/internal/manager/conn.go) write the same there.
func (c *Client) initCDN(query []byte) []byte {
	return c.announce(Device{Model: "n/a", System: "n/a", AppVersion: c.o.Device.AppVersion, LangCode: "en"}, query)
}

package mtserver

import (
	"slices"
	"sync"
	"time"

	"godwit/mtproto/authkey"
	"godwit/mtproto/transport"
)

// exchanges are the key exchanges whose packets come as HTTP requests, over
// whatever connections. Each packet begins with the client's nonce.
type exchanges struct {
	mu   sync.Mutex
	list []*exchange // the one that was used longest ago first
}

// An exchange is one of them.
type exchange struct {
	nonce [16]byte
	used  time.Time // by the server's clock

	mu        sync.Mutex // held while a packet is dealt with
	handshake *authkey.Server
}

const (
	// maxExchanges is how many there may be at once: more than clients that are
	// at it, and few enough for strangers who begin one after the other.
	maxExchanges = 1024
	// nonceAt is where the nonce is in a plaintext packet, behind key id, message
	// id, length and constructor id.
	nonceAt = 8 + 8 + 4 + 4
)

// find returns the exchange that a packet belongs to, a new one if it belongs
// to none.
func (x *exchanges) find(s *Server, packet []byte) (*exchange, error) {
	if len(packet) < nonceAt+16 {
		return nil, &transport.Error{Code: transport.CodeAuthKeyNotFound}
	}
	now := s.o.Now()
	nonce := [16]byte(packet[nonceAt:])
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.list) > 0 && now.Sub(x.list[0].used) > s.o.HandshakeTimeout {
		x.list = x.list[1:]
	}
	i := slices.IndexFunc(x.list, func(e *exchange) bool { return e.nonce == nonce })
	var e *exchange
	if i >= 0 {
		e = x.list[i]
		x.list = slices.Delete(x.list, i, i+1)
	} else {
		e = &exchange{nonce: nonce, handshake: s.newHandshake()}
	}
	e.used = now
	if x.list = append(x.list, e); len(x.list) > maxExchanges {
		x.list = x.list[1:]
	}
	return e, nil
}

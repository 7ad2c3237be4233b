// Package authkey makes auth keys: the exchange by which a client and a DC
// come to share a secret of 2048 bits
// (https://core.telegram.org/mtproto/auth_key, R-AK).
//
// A client calls [NewClient] and [Client.Start], sends the packet, gives every
// packet that arrives to [Client.Receive] and sends what it returns, until
// [Client.Done] has a [Result]. A server gives unencrypted packets to
// [Server.Receive] in the same way.
//
// Packets are whole unencrypted messages (R-AK-01), without framing. The
// package does no I/O: time and randomness come in as arguments. Whatever a
// remote does wrong ends the exchange with an error that wraps a
// *mtproto.ViolationError naming the rule; the next attempt needs a new
// Client, while a Server may go on with a new req_pq.
//
// # The exchange
//
//	client                                                          server
//	       req_pq_multi           nonce
//	1 ─────────────────────────────────────────────────────────────▶
//	       resPQ                  server_nonce, pq, fingerprints
//	  ◀───────────────────────────────────────────────────────────── 2
//	       req_DH_params          p, q, RSA{pq, p, q, new_nonce, dc}
//	4 ─────────────────────────────────────────────────────────────▶
//	       server_DH_params_ok    AES{g, dh_prime, g_a, server_time}
//	  ◀───────────────────────────────────────────────────────────── 5
//	       set_client_DH_params   AES{retry_id, g_b}
//	6 ─────────────────────────────────────────────────────────────▶
//	       dh_gen_ok              hash of new_nonce and the key
//	  ◀───────────────────────────────────────────────────────────── 7
//
// Step 3 is the client's alone: it factors pq. All messages from step 2 on
// repeat nonce and server_nonce, inside of what is encrypted too. The AES key
// follows from new_nonce and server_nonce; the auth key is g^(ab) modulo
// dh_prime. In the place of dh_gen_ok the server may send dh_gen_retry, upon
// which the client repeats step 6 with another b, or dh_gen_fail.
//
// Numbers such as R-AK-01 are those of docs/requirements.md.
package authkey

import (
	"encoding/binary"
	"time"

	"godwit/mtproto"
)

// Result is what an exchange has made.
type Result struct {
	Key  mtproto.AuthKey
	Salt mtproto.Salt // the first server salt (R-AK-34)

	// ServerTime is the server's clock, in whole seconds, and ClockOffset how
	// much it is ahead of ours, as of step 5 (R-AK-35). Zero on a server.
	ServerTime  time.Time
	ClockOffset time.Duration

	Temporary bool      // the key has to be bound to a permanent one
	ExpiresAt time.Time // of a temporary key, by the server's clock (R-PF-02)
	DC        int       // as in the inner data; 0 where a client has not said
}

const plainHead = 20 // auth_key_id 8, msg_id 8, length 4

// AppendPlain appends an unencrypted message to dst (R-AK-01).
func AppendPlain(dst []byte, id mtproto.MsgID, body []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(id))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	return append(dst, body...)
}

// ParsePlain returns the id and the body of an unencrypted message, which
// share the memory of packet. What is behind the body is padding of the
// transport (R-TR-03). The error is a *mtproto.ViolationError of R-AK-01.
func ParsePlain(packet []byte) (id mtproto.MsgID, body []byte, err error) {
	if len(packet) < plainHead {
		return 0, nil, mtproto.Violation("R-AK-01", "unencrypted message of %d bytes", len(packet))
	}
	if key := binary.LittleEndian.Uint64(packet); key != 0 {
		return 0, nil, mtproto.Violation("R-AK-01", "message is for auth key %016x", key)
	}
	length, body := binary.LittleEndian.Uint32(packet[16:]), packet[plainHead:]
	if uint64(length) > uint64(len(body)) {
		return 0, nil, mtproto.Violation("R-AK-01", "body of %d bytes in %d", length, len(body))
	}
	return mtproto.MsgID(binary.LittleEndian.Uint64(packet[8:])), body[:length:length], nil
}

// idSource gives out the ids of unencrypted messages: rising, and of a kind,
// which is the low two bits: 0 for a client, 1 for a server (R-AK-01, R-EM-20).
type idSource struct{ last mtproto.MsgID }

func (s *idSource) next(now time.Time, kind mtproto.MsgID) mtproto.MsgID {
	id := mtproto.MsgIDAt(now) | kind
	if !s.last.Before(id) {
		id = s.last + 4
	}
	s.last = id
	return id
}

package session

import (
	"crypto/subtle"
	"encoding/binary"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
)

// v1MaxPadding is the most that follows a body in MTProto 1.0 (R-EM-51).
const v1MaxPadding = 15

// OpenV1 is [Open] for MTProto 1.0, which captures of before 2018 hold and
// which lives on in the binding of temporary keys: there random bytes stand in
// the place of salt and session id (R-EM-50, R-PF-05). The layout is the same
// but for the padding, which is shorter and not covered by msg_key:
//
//	auth_key_id 8 | msg_key 16 | AES-256-IGE of:
//	    salt 8 | session_id 8 | msg_id 8 | seqno 4 | length 4 | body | padding 0..15
func OpenV1(key *mtproto.AuthKey, from mtproto.Side, packet []byte) (*Envelope, error) {
	id, ok := PacketKeyID(packet)
	if !ok || id != key.ID() {
		return nil, mtproto.Violation("R-EM-10", "packet is not for this auth key")
	}
	size := (len(packet) - packetHead) &^ 15
	if size < plainHead {
		return nil, mtproto.Violation("R-EM-51", "packet of %d bytes is too short", len(packet))
	}
	msgKey := [16]byte(packet[8:packetHead])
	aesKey, aesIV := mtcrypto.DeriveKeysV1(key, from, &msgKey)
	plain := make([]byte, size)
	mtcrypto.DecryptIGE(plain, packet[packetHead:packetHead+size], &aesKey, &aesIV)

	// Which bytes the key covers only the length among them can tell.
	length := int(int32(binary.LittleEndian.Uint32(plain[28:])))
	padding := size - plainHead - length
	if length < 0 || length%4 != 0 || padding < 0 || padding > v1MaxPadding {
		return nil, mtproto.Violation("R-EM-51", "body of %d bytes in %d", length, size)
	}
	want := mtcrypto.MessageKeyV1(plain[:plainHead+length])
	if subtle.ConstantTimeCompare(want[:], msgKey[:]) != 1 {
		return nil, mtproto.Violation("R-EM-51", "msg_key does not match")
	}
	return envelopeOf(id, plain, length), nil
}

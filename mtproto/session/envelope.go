package session

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
)

const (
	packetHead  = 24 // auth_key_id and msg_key
	plainHead   = 32 // salt to length
	minPadding  = 12
	maxPadding  = 1024
	minPlain    = 48 // the least multiple of 16 that holds a head and its padding
	paddingStep = 16
)

// An Envelope is a decrypted packet whose form has been checked, and nothing
// else yet.
type Envelope struct {
	KeyID     mtproto.KeyID
	Salt      mtproto.Salt
	SessionID mtproto.SessionID
	MsgID     mtproto.MsgID
	SeqNo     int32
	Body      []byte
}

// PacketKeyID returns the id of the auth key that a packet names, and whether
// it is long enough to name one. 0 stands for an unencrypted packet (R-AK-01).
func PacketKeyID(packet []byte) (mtproto.KeyID, bool) {
	if len(packet) < 8 {
		return 0, false
	}
	return mtproto.KeyID(binary.LittleEndian.Uint64(packet)), true
}

// Open decrypts a packet that the side from has sent. It returns an error that
// wraps a *mtproto.ViolationError for a packet that does not carry what its key
// promises (R-EM-08, R-EM-10 to R-EM-12). The packet is left as it is.
func Open(key *mtproto.AuthKey, from mtproto.Side, packet []byte) (*Envelope, error) {
	id, ok := PacketKeyID(packet)
	if !ok || id != key.ID() {
		return nil, mtproto.Violation("R-EM-10", "packet is not for this auth key")
	}
	// What is over a multiple of 16 is padding of the transport (R-EM-08).
	size := (len(packet) - packetHead) &^ 15
	if size < minPlain {
		return nil, mtproto.Violation("R-EM-08", "packet of %d bytes is too short", len(packet))
	}
	msgKey := [16]byte(packet[8:packetHead])
	aesKey, aesIV := mtcrypto.DeriveKeys(key, from, &msgKey)
	plain := make([]byte, size)
	mtcrypto.DecryptIGE(plain, packet[packetHead:packetHead+size], &aesKey, &aesIV)

	// The key check covers all that was decrypted and comes before anything in
	// it is believed (R-EM-11).
	want, _ := mtcrypto.MessageKey(key, from, plain)
	if subtle.ConstantTimeCompare(want[:], msgKey[:]) != 1 {
		return nil, mtproto.Violation("R-EM-11", "msg_key does not match")
	}
	length := int(int32(binary.LittleEndian.Uint32(plain[28:])))
	padding := size - plainHead - length
	if length < 0 || length%4 != 0 || padding < minPadding || padding > maxPadding {
		return nil, mtproto.Violation("R-EM-12", "body of %d bytes in %d", length, size)
	}
	return envelopeOf(id, plain, length), nil
}

// envelopeOf reads a plaintext whose body has the given length.
func envelopeOf(id mtproto.KeyID, plain []byte, length int) *Envelope {
	return &Envelope{
		KeyID:     id,
		Salt:      mtproto.Salt(binary.LittleEndian.Uint64(plain)),
		SessionID: mtproto.SessionID(binary.LittleEndian.Uint64(plain[8:])),
		MsgID:     mtproto.MsgID(binary.LittleEndian.Uint64(plain[16:])),
		SeqNo:     int32(binary.LittleEndian.Uint32(plain[24:])),
		Body:      plain[plainHead : plainHead+length : plainHead+length],
	}
}

// Seal encrypts e as the side from and returns the packet and the token by
// which a quick acknowledgement would name it (R-TR-21). The padding is drawn
// from rand, 12 to 75 bytes of it.
func Seal(rand io.Reader, key *mtproto.AuthKey, from mtproto.Side, e *Envelope) (packet []byte, token uint32, err error) {
	size := plainHead + len(e.Body) + minPadding
	size = (size + paddingStep - 1) &^ (paddingStep - 1)
	var extra [1]byte
	if _, err := io.ReadFull(rand, extra[:]); err != nil {
		return nil, 0, fmt.Errorf("mtproto: padding: %w", err)
	}
	size += int(extra[0]&3) * paddingStep

	packet = make([]byte, packetHead+size)
	plain := packet[packetHead:]
	binary.LittleEndian.PutUint64(plain, uint64(e.Salt))
	binary.LittleEndian.PutUint64(plain[8:], uint64(e.SessionID))
	binary.LittleEndian.PutUint64(plain[16:], uint64(e.MsgID))
	binary.LittleEndian.PutUint32(plain[24:], uint32(e.SeqNo))
	binary.LittleEndian.PutUint32(plain[28:], uint32(len(e.Body)))
	n := copy(plain[plainHead:], e.Body)
	if _, err := io.ReadFull(rand, plain[plainHead+n:]); err != nil {
		return nil, 0, fmt.Errorf("mtproto: padding: %w", err)
	}
	msgKey, large := mtcrypto.MessageKey(key, from, plain)
	aesKey, aesIV := mtcrypto.DeriveKeys(key, from, &msgKey)
	mtcrypto.EncryptIGE(plain, plain, &aesKey, &aesIV)
	binary.LittleEndian.PutUint64(packet, uint64(key.ID()))
	copy(packet[8:], msgKey[:])
	return packet, binary.LittleEndian.Uint32(large[:4]) | 1<<31, nil
}

func (s *Session) random64() (int64, error) {
	var p [8]byte
	if _, err := io.ReadFull(s.o.Rand, p[:]); err != nil {
		return 0, fmt.Errorf("mtproto: random number: %w", err)
	}
	return int64(binary.LittleEndian.Uint64(p[:])), nil
}

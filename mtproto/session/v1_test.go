package session

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
)

// countingKey is the key of the vectors that is described as bytes 00..ff.
func countingKey() mtproto.AuthKey {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = byte(i)
	}
	return mtproto.NewAuthKey(value)
}

// sealV1 encrypts a packet of MTProto 1.0, of which used is all but the
// padding.
func sealV1(key *mtproto.AuthKey, from mtproto.Side, used []byte) []byte {
	msgKey := mtcrypto.MessageKeyV1(used)
	aesKey, aesIV := mtcrypto.DeriveKeysV1(key, from, &msgKey)
	plain := append(slices.Clone(used), make([]byte, -len(used)&15)...)
	packet := binary.LittleEndian.AppendUint64(nil, uint64(key.ID()))
	packet = append(append(packet, msgKey[:]...), plain...)
	mtcrypto.EncryptIGE(packet[packetHead:], plain, &aesKey, &aesIV)
	return packet
}

// R-EM-50, R-EM-51: MTProto 1.0 is read with its own checks.
func TestOpenV1(t *testing.T) {
	key := countingKey()
	packet := vectors.Hex(t, "mtproto1_message.0.packet")
	used := vectors.Hex(t, "mtproto1_message.0.plaintext_without_padding")
	e, err := OpenV1(&key, mtproto.Client, packet)
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Body) != string(used[plainHead:]) || e.KeyID != key.ID() || e.SeqNo != 0 ||
		uint64(e.Salt) != binary.LittleEndian.Uint64(used) || uint64(e.SessionID) != binary.LittleEndian.Uint64(used[8:]) ||
		uint64(e.MsgID) != binary.LittleEndian.Uint64(used[16:]) {
		t.Errorf("opened: %+v", e)
	}
	refused := func(name string, from mtproto.Side, packet []byte) {
		t.Helper()
		var violation *mtproto.ViolationError
		if e, err := OpenV1(&key, from, packet); !errors.As(err, &violation) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	for i := range packet {
		spoiled := slices.Clone(packet)
		spoiled[i] ^= 1
		refused("a byte changed", mtproto.Client, spoiled)
		refused("cut", mtproto.Client, packet[:i])
	}
	refused("of the other side", mtproto.Server, packet)
	long := sealV1(&key, mtproto.Client, append(slices.Clone(used), make([]byte, 4)...))
	refused("a block of padding too much", mtproto.Client, append(long, make([]byte, 16)...))
	for _, length := range []uint32{3, 1 << 20, 1 << 31, 1<<32 - 4} {
		odd := slices.Clone(used)
		binary.LittleEndian.PutUint32(odd[28:], length)
		refused("wrong length", mtproto.Client, sealV1(&key, mtproto.Client, odd))
	}
	// The server's offset into the key is another (R-EM-50).
	if _, err := OpenV1(&key, mtproto.Server, sealV1(&key, mtproto.Server, used)); err != nil {
		t.Errorf("from the server: %v", err)
	}
}

func FuzzOpenV1(f *testing.F) {
	f.Add(vectors.Hex(f, "mtproto1_message.0.packet"), false)
	f.Fuzz(func(t *testing.T, packet []byte, server bool) {
		key, from := countingKey(), mtproto.Client
		if server {
			from = mtproto.Server
		}
		if len(packet) >= 8 {
			binary.LittleEndian.PutUint64(packet, uint64(key.ID()))
		}
		e, err := OpenV1(&key, from, packet)
		if err != nil {
			return
		}
		var used []byte
		for _, v := range []uint64{uint64(e.Salt), uint64(e.SessionID), uint64(e.MsgID), uint64(uint32(e.SeqNo)) | uint64(len(e.Body))<<32} {
			used = binary.LittleEndian.AppendUint64(used, v)
		}
		used = append(used, e.Body...)
		if again, err := OpenV1(&key, from, sealV1(&key, from, used)); err != nil || again.MsgID != e.MsgID {
			t.Errorf("sealed again: %v", err)
		}
	})
}

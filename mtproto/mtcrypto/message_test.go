package mtcrypto

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"fmt"
	"testing"

	"godwit/internal/vectors"
	"godwit/mtproto"
)

// countingKey is the auth key of the synthetic vectors: bytes 00 to ff.
func countingKey() *mtproto.AuthKey {
	var raw [mtproto.AuthKeySize]byte
	for i := range raw {
		raw[i] = byte(i)
	}
	k := mtproto.NewAuthKey(raw)
	return &k
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s = %x, want %x", what, got, want)
	}
}

// TestIGEVectors covers R-EM-05.
func TestIGEVectors(t *testing.T) {
	for i := range vectors.Len(t, "aes_ige") {
		path := fmt.Sprintf("aes_ige.%d.", i)
		block, err := aes.NewCipher(vectors.Hex(t, path+"key"))
		if err != nil {
			t.Fatal(err)
		}
		iv := [32]byte(vectors.Hex(t, path+"iv"))
		plain, want := vectors.Hex(t, path+"plain"), vectors.Hex(t, path+"cipher")

		got := make([]byte, len(plain))
		encryptIGE(block, got, plain, &iv)
		same(t, "encryptIGE", got, want)
		decryptIGE(block, got, got, &iv)
		same(t, "decryptIGE in place", got, plain)
		encryptIGE(block, got, got, &iv)
		same(t, "encryptIGE in place", got, want)
		clear(got)
		decryptIGE(block, got, want, &iv)
		same(t, "decryptIGE", got, plain)
	}
}

func TestIGEPanics(t *testing.T) {
	var key, iv [32]byte
	for name, call := range map[string]func(){
		"input of 15 bytes": func() { EncryptIGE(make([]byte, 16), make([]byte, 15), &key, &iv) },
		"input of 17 bytes": func() { DecryptIGE(make([]byte, 32), make([]byte, 17), &key, &iv) },
		"short output":      func() { EncryptIGE(make([]byte, 16), make([]byte, 32), &key, &iv) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

// FuzzIGE decrypts what it encrypted, and checks that no more than the input's
// length is written.
func FuzzIGE(f *testing.F) {
	f.Add(make([]byte, 64), make([]byte, 48))
	f.Fuzz(func(t *testing.T, keyIV, plain []byte) {
		if len(keyIV) < 64 {
			return
		}
		key, iv := [32]byte(keyIV), [32]byte(keyIV[32:])
		plain = plain[:len(plain)&^15]
		sealed := append(make([]byte, len(plain)), 0xa5)
		EncryptIGE(sealed, plain, &key, &iv)
		opened := append(make([]byte, len(plain)), 0xa5)
		DecryptIGE(opened, sealed[:len(plain)], &key, &iv)
		same(t, "opened", opened, append(bytes.Clone(plain), 0xa5))
		if sealed[len(plain)] != 0xa5 {
			t.Error("written past the input's length")
		}
	})
}

// TestEncryptedMessages covers R-EM-01, R-EM-03, R-EM-04 and R-TR-21.
func TestEncryptedMessages(t *testing.T) {
	k := countingKey()
	for i, side := range []mtproto.Side{mtproto.Client, mtproto.Server} {
		path := fmt.Sprintf("encrypted_messages.%d.", i)
		if got, want := int64(side.KDFOffset()), vectors.Int(t, path+"x"); got != want {
			t.Fatalf("x = %d, want %d", got, want)
		}
		plain := vectors.Hex(t, path+"plaintext_with_padding")
		msgKey, large := MessageKey(k, side, plain)
		same(t, "msg_key", msgKey[:], vectors.Hex(t, path+"msg_key"))
		same(t, "middle of msg_key_large", large[8:24], msgKey[:])

		key, iv := DeriveKeys(k, side, &msgKey)
		EncryptIGE(plain, plain, &key, &iv)
		same(t, "packet", append(packetHead(k, msgKey), plain...), vectors.Hex(t, path+"packet"))
	}
	_, large := MessageKey(k, mtproto.Client, vectors.Hex(t, "encrypted_messages.0.plaintext_with_padding"))
	same(t, "msg_key_large", large[:], vectors.Hex(t, "encrypted_messages.0.msg_key_large"))
}

func packetHead(k *mtproto.AuthKey, msgKey [16]byte) []byte {
	id := uint64(k.ID())
	var head []byte
	for range 8 {
		head, id = append(head, byte(id)), id>>8
	}
	return append(head, msgKey[:]...)
}

// TestVersion1 covers R-EM-50, and with the second vector R-PF-05.
func TestVersion1(t *testing.T) {
	k := countingKey()
	for _, test := range []struct{ path, msgKey, packet string }{
		{"mtproto1_message.0.", "msg_key", "packet"},
		{"bind_temp_auth_key.0.", "msg_key_v1", "encrypted_message"},
	} {
		plain := vectors.Hex(t, test.path+"plaintext_without_padding")
		msgKey := MessageKeyV1(plain)
		same(t, "msg_key", msgKey[:], vectors.Hex(t, test.path+test.msgKey))

		key, iv := DeriveKeysV1(k, mtproto.Client, &msgKey)
		plain = append(plain, vectors.Hex(t, test.path+"padding")...)
		EncryptIGE(plain, plain, &key, &iv)
		same(t, "packet", append(packetHead(k, msgKey), plain...), vectors.Hex(t, test.path+test.packet))
	}
}

// TestReceiverCheckPackets opens every packet of the receiver's vectors that
// is whole, in the direction that it was made for (R-EM-04, R-EM-11).
func TestReceiverCheckPackets(t *testing.T) {
	k := countingKey()
	opened := 0
	for i := range vectors.Len(t, "receiver_checks_synthetic.cases") {
		path := fmt.Sprintf("receiver_checks_synthetic.cases.%d", i)
		c, ok := vectors.Get(t, path).(map[string]any)
		if !ok {
			t.Fatalf("%s is no object", path)
		}
		plainHex, _ := c["plaintext_with_padding"].(string)
		packetHex, _ := c["packet"].(string)
		if c["accept"] != true || plainHex == "" || packetHex == "" {
			continue
		}
		side := mtproto.Server
		if c["direction"] == "client->server" {
			side = mtproto.Client
		}
		packet, err := hex.DecodeString(packetHex)
		if err != nil {
			t.Fatal(err)
		}
		body := packet[24:]
		body = body[:len(body)&^15]
		key, iv := DeriveKeys(k, side, (*[16]byte)(packet[8:24]))
		DecryptIGE(body, body, &key, &iv)
		if got := hex.EncodeToString(body); got != plainHex {
			t.Errorf("%v: plaintext = %s, want %s", c["name"], got, plainHex)
		}
		msgKey, _ := MessageKey(k, side, body)
		same(t, "msg_key", msgKey[:], packet[8:24])
		opened++
	}
	if opened < 5 {
		t.Errorf("only %d packets were opened", opened)
	}
}

func BenchmarkEncryptIGE(b *testing.B) { benchmarkIGE(b, EncryptIGE) }
func BenchmarkDecryptIGE(b *testing.B) { benchmarkIGE(b, DecryptIGE) }

func benchmarkIGE(b *testing.B, crypt func(dst, src []byte, key, iv *[32]byte)) {
	for _, size := range []int{64, 1 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var key, iv [32]byte
			buf := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				crypt(buf, buf, &key, &iv)
			}
		})
	}
}

func BenchmarkMessageKeys(b *testing.B) {
	k, plain := countingKey(), make([]byte, 256)
	b.ReportAllocs()
	for b.Loop() {
		msgKey, _ := MessageKey(k, mtproto.Client, plain)
		DeriveKeys(k, mtproto.Client, &msgKey)
	}
}

package mtcrypto

import (
	"testing"

	"godwit/mtproto"
)

// R-AK-38: only the first 1024 bits of an auth key enter the keys of messages,
// and all of them its id.
func TestFirstHalfOfKey(t *testing.T) {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = byte(i * 7)
	}
	whole := mtproto.NewAuthKey(value)
	for i := range value {
		value[i] ^= 1
		other := mtproto.NewAuthKey(value)
		value[i] ^= 1
		same := true
		for _, side := range []mtproto.Side{mtproto.Client, mtproto.Server} {
			msgKey, _ := MessageKey(&whole, side, []byte("text"))
			otherKey, _ := MessageKey(&other, side, []byte("text"))
			key, iv := DeriveKeys(&whole, side, &msgKey)
			key2, iv2 := DeriveKeys(&other, side, &msgKey)
			same = same && msgKey == otherKey && key == key2 && iv == iv2
		}
		if i >= 128 && !same {
			t.Errorf("byte %d matters", i)
		}
		if other.ID() == whole.ID() {
			t.Errorf("byte %d does not enter the id", i)
		}
	}
}

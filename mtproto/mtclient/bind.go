package mtclient

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// A binding is what the owner of a permanent key says in order to let a
// temporary one speak for it (R-PF-03 to R-PF-06).
type binding struct {
	permanent mtproto.AuthKey
	temporary mtproto.KeyID
	session   mtproto.SessionID // in which it is said
	expires   time.Time         // when the temporary key does

	nonce   int64
	head    [16]byte // of the message of MTProto 1.0
	padding [bindPadding]byte
}

// The message of MTProto 1.0 in a binding (R-PF-05):
//
//	auth_key_id 8 | msg_key 16 | AES-256-IGE of:
//	    random 16 | msg_id 8 | seqno 4 | length 4 | bind_auth_key_inner 40 | padding 8
const (
	bindHead    = 24
	bindPlain   = 72
	bindPadding = 8
)

// newBinding draws what is random in a binding.
func newBinding(rand io.Reader, permanent mtproto.AuthKey, temporary mtproto.KeyID, session mtproto.SessionID, expires time.Time) (*binding, error) {
	b := &binding{permanent: permanent, temporary: temporary, session: session, expires: expires}
	var nonce [8]byte
	for _, p := range [][]byte{nonce[:], b.head[:], b.padding[:]} {
		if _, err := io.ReadFull(rand, p); err != nil {
			return nil, fmt.Errorf("mtclient: binding a temporary key: %w", err)
		}
	}
	b.nonce = int64(binary.LittleEndian.Uint64(nonce[:]))
	return b, nil
}

// query returns auth.bindTempAuthKey as it is sent under a message id, which
// the message inside repeats (R-PF-06, R-IX-23).
func (b *binding) query(id mtproto.MsgID) []byte {
	expires := int32(b.expires.Unix())
	inner := marshal(&mt.BindAuthKeyInner{
		Nonce:         b.nonce,
		TempAuthKeyID: int64(b.temporary),
		PermAuthKeyID: int64(b.permanent.ID()),
		TempSessionID: int64(b.session),
		ExpiresAt:     expires,
	})
	plain := make([]byte, 0, bindPlain+bindPadding)
	plain = append(plain, b.head[:]...)
	plain = binary.LittleEndian.AppendUint64(plain, uint64(id))
	plain = binary.LittleEndian.AppendUint32(plain, 0) // seqno
	plain = binary.LittleEndian.AppendUint32(plain, uint32(len(inner)))
	plain = append(plain, inner...)
	msgKey := mtcrypto.MessageKeyV1(plain)
	plain = append(plain, b.padding[:]...)

	message := make([]byte, bindHead+len(plain))
	binary.LittleEndian.PutUint64(message, uint64(b.permanent.ID()))
	copy(message[8:], msgKey[:])
	key, iv := mtcrypto.DeriveKeysV1(&b.permanent, mtproto.Client, &msgKey)
	mtcrypto.EncryptIGE(message[bindHead:], plain, &key, &iv)
	return marshal(&mt.AuthBindTempAuthKey{
		PermAuthKeyID: int64(b.permanent.ID()), Nonce: b.nonce, ExpiresAt: expires, EncryptedMessage: message,
	})
}

// marshal encodes a message of ours, none of which is too long for that.
func marshal(v tl.Object) []byte {
	b, err := tl.Marshal(v)
	if err != nil {
		panic("mtclient: " + err.Error())
	}
	return b
}

package mtserver

import (
	"encoding/binary"
	"slices"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/session"
	"godwit/tl"
)

// Sizes of a packet, and of the one in which a temporary key is bound (R-PF-05).
const (
	packetHead  = 24
	bindInner   = 40 // size of bind_auth_key_inner
	bindMessage = packetHead + 80
)

// quickAckToken returns the token that acknowledges a packet of MTProto 2.0
// that a client has made (R-TR-21).
func quickAckToken(key *mtproto.AuthKey, packet []byte) uint32 {
	msgKey := [16]byte(packet[8:packetHead])
	aesKey, aesIV := mtcrypto.DeriveKeys(key, mtproto.Client, &msgKey)
	plain := make([]byte, (len(packet)-packetHead)&^15)
	mtcrypto.DecryptIGE(plain, packet[packetHead:][:len(plain)], &aesKey, &aesIV)
	_, large := mtcrypto.MessageKey(key, mtproto.Client, plain)
	return binary.LittleEndian.Uint32(large[:])
}

var (
	errBindInvalid = mtproto.NewRPCError(400, "ENCRYPTED_MESSAGE_INVALID")
	errBindBound   = mtproto.NewRPCError(400, "TEMP_AUTH_KEY_ALREADY_BOUND")
	errBindEmpty   = mtproto.NewRPCError(400, "TEMP_AUTH_KEY_EMPTY")

	errPermanentEmpty = mtproto.NewRPCError(401, "AUTH_KEY_PERM_EMPTY")
)

// bind answers auth.bindTempAuthKey, which came under the given message id
// (R-PF-03 to R-PF-10).
func (s *Session) bind(msgID mtproto.MsgID, method []byte) ([]byte, error) {
	var call mt.AuthBindTempAuthKey
	if err := tl.Unmarshal(method, &call); err != nil {
		return nil, mtproto.NewRPCError(400, "INPUT_FETCH_FAIL")
	}
	if !s.key.key.Temporary() {
		return nil, errBindEmpty
	}
	permanent := s.srv.key(mtproto.KeyID(call.PermAuthKeyID))
	if permanent == nil || permanent.key.Temporary() || !s.bindingHolds(permanent, msgID, &call) {
		return nil, errBindInvalid
	}
	replaced, err := s.srv.bind(s.key, permanent)
	if err != nil {
		return nil, err
	}
	for _, old := range replaced {
		if old.Attached() {
			s.mu.Lock()
			s.displaced = old
			s.mu.Unlock()
		}
		old.unbound()
	}
	return binary.LittleEndian.AppendUint32(nil, tl.IDBoolTrue), nil
}

// bindingHolds checks the message that only an owner of the permanent key
// can have made.
func (s *Session) bindingHolds(permanent *keyState, msgID mtproto.MsgID, call *mt.AuthBindTempAuthKey) bool {
	p := call.EncryptedMessage
	if len(p) != bindMessage || binary.LittleEndian.Uint64(p) != uint64(permanent.id()) {
		return false
	}
	e, err := session.OpenV1(&permanent.key.AuthKey, mtproto.Client, p)
	if err != nil || e.MsgID != msgID || e.SeqNo != 0 || len(e.Body) != bindInner {
		return false
	}
	var inner mt.BindAuthKeyInner
	if tl.Unmarshal(e.Body, &inner) != nil {
		return false
	}
	return inner == mt.BindAuthKeyInner{
		Nonce:         call.Nonce,
		TempAuthKeyID: int64(s.key.id()),
		PermAuthKeyID: call.PermAuthKeyID,
		TempSessionID: int64(s.id),
		ExpiresAt:     call.ExpiresAt,
	} && int64(call.ExpiresAt) > s.srv.o.Now().Unix()
}

// bind makes a temporary key speak for a permanent one, in the place of the
// one before, whose sessions it returns (R-PF-07).
func (s *Server) bind(temporary, permanent *keyState) ([]*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch owner := mtproto.KeyID(temporary.owner.Load()); owner {
	case permanent.id():
		return nil, nil
	case 0:
	default:
		return nil, errBindBound
	}
	if s.keyLocked(permanent.id()) == nil {
		return nil, errBindInvalid // destroyed meanwhile
	}
	k := temporary.key
	k.Bound = permanent.id()
	if err := s.o.Keys.Save(k); err != nil {
		return nil, err
	}
	b := binding{permanent.id(), k.Media}
	var replaced []*Session
	if old := s.bindings[b]; old != 0 && old != temporary.id() {
		var err error
		if replaced, err = s.unbindLocked(old); err != nil {
			return nil, err
		}
	}
	temporary.rebound.Store(temporary.replaced)
	temporary.owner.Store(uint64(permanent.id()))
	s.bindings[b] = temporary.id()
	return replaced, nil
}

// unbindLocked makes a temporary key speak for none and returns its sessions.
func (s *Server) unbindLocked(id mtproto.KeyID) ([]*Session, error) {
	k := s.keyLocked(id)
	if k == nil {
		return nil, nil
	}
	stored := k.key
	stored.Bound = 0
	if err := s.o.Keys.Save(stored); err != nil {
		return nil, err
	}
	sessions := k.appendSessions(nil)
	k.owner.Store(0)
	k.replaced = true
	return sessions, nil
}

// dropTemporary answers auth.dropTempAuthKeys: it forgets the temporary keys of
// the session's permanent one but for those that the client names (R-PF-13).
func (s *Session) dropTemporary(method []byte) ([]byte, error) {
	r := tl.NewReader(method)
	r.ID()
	var except []mtproto.KeyID
	for n := r.Vector(8); n > 0 && r.Err() == nil; n-- {
		except = append(except, mtproto.KeyID(r.Long()))
	}
	if r.Finish() != nil {
		return nil, mtproto.NewRPCError(400, "INPUT_FETCH_FAIL")
	}
	if s.key.unbound() {
		return nil, errPermanentEmpty
	}
	ended, err := s.srv.forgetTemporary(s.KeyID(), except)
	for _, old := range ended {
		old.Close() // a query in hand, such as this one, is answered
	}
	if err != nil {
		return nil, err
	}
	return binary.LittleEndian.AppendUint32(nil, tl.IDBoolTrue), nil
}

// forgetTemporary forgets the temporary keys of a permanent one and returns
// their sessions.
func (s *Server) forgetTemporary(permanent mtproto.KeyID, except []mtproto.KeyID) (ended []*Session, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, media := range []bool{false, true} {
		b := binding{permanent, media}
		id, ok := s.bindings[b]
		if !ok || slices.Contains(except, id) {
			continue
		}
		if err := s.o.Keys.Delete(id); err != nil {
			return ended, err
		}
		delete(s.bindings, b)
		if live := s.keys[id]; live != nil {
			ended = live.appendSessions(ended)
		}
	}
	return ended, nil
}

// mayUnbound reports whether a temporary key may call a method before it is
// bound.
func (s *Server) mayUnbound(id uint32) bool { return slices.Contains(s.o.UnboundMethods, id) }

package session

import (
	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/tl"
)

// parse decodes what an element says of the protocol itself, so that a packet
// with a broken message is found out before anything of it is used (R-EM-19).
// Elements of any other kind have no value.
func (s *Session) parse(m *element) error {
	value := serviceMessage(s.o.Side.Remote(), tl.NewReader(m.body).PeekID())
	if value == nil {
		return nil
	}
	r := tl.NewReader(m.body)
	r.Borrow(true)
	r.Object(value)
	if r.Err() != nil {
		return mtproto.Violation("R-TL-05", "service message: %v", r.Err())
	}
	m.value = value
	return s.validate(value)
}

// validate checks what a service message says as far as it is wrong whatever
// else the packet holds.
func (s *Session) validate(value tl.Object) error {
	ids := 0
	switch v := value.(type) {
	case *mt.MsgsAck:
		ids = len(v.MsgIDs)
	case *mt.MsgsStateReq:
		ids = len(v.MsgIDs)
	case *mt.MsgResendReq:
		ids = len(v.MsgIDs)
	case *mt.MsgsAllInfo:
		if ids = len(v.MsgIDs); ids != len(v.Info) {
			return mtproto.Violation("R-SM-46", "state of %d messages for %d ids", len(v.Info), ids)
		}
	case *mt.RPCResult:
		if v.ReqMsgID == 0 || len(v.Result) < 4 {
			return mtproto.Violation("R-SM-24", "rpc_result that answers nothing")
		}
	case *mt.MsgsStateInfo:
		if asked := s.question(v); asked != nil && len(asked.asks) != len(v.Info) {
			return mtproto.Violation("R-SM-41", "state of %d messages instead of %d", len(v.Info), len(asked.asks))
		}
	}
	if ids > MaxAckIDs {
		return mtproto.Violation("R-SM-22", "list of %d ids", ids)
	}
	return nil
}

// serviceMessage returns an empty message of the protocol that the side from
// may send, nil for an id that is none.
func serviceMessage(from mtproto.Side, id uint32) tl.Object {
	switch id {
	case mt.IDMsgsAck:
		return new(mt.MsgsAck)
	case mt.IDMsgsStateReq:
		return new(mt.MsgsStateReq)
	case mt.IDMsgsStateInfo:
		return new(mt.MsgsStateInfo)
	case mt.IDMsgsAllInfo:
		return new(mt.MsgsAllInfo)
	case mt.IDMsgResendReq:
		return new(mt.MsgResendReq)
	case mt.IDMsgDetailedInfo:
		return new(mt.MsgDetailedInfo)
	case mt.IDMsgNewDetailedInfo:
		return new(mt.MsgNewDetailedInfo)
	case mt.IDPing:
		return new(mt.Ping)
	case mt.IDPong:
		return new(mt.Pong)
	}
	if from == mtproto.Client {
		return fromClient(id)
	}
	return fromServer(id)
}

func fromClient(id uint32) tl.Object {
	switch id {
	case mt.IDPingDelayDisconnect:
		return new(mt.PingDelayDisconnect)
	case mt.IDGetFutureSalts:
		return new(mt.GetFutureSalts)
	case mt.IDRPCDropAnswer:
		return new(mt.RPCDropAnswer)
	case mt.IDDestroySession:
		return new(mt.DestroySession)
	case mt.IDDestroyAuthKey:
		return new(mt.DestroyAuthKey)
	case mt.IDHTTPWait:
		return new(mt.HTTPWait)
	}
	return nil
}

func fromServer(id uint32) tl.Object {
	switch id {
	case mt.IDRPCResult:
		return new(mt.RPCResult)
	case mt.IDBadMsgNotification:
		return new(mt.BadMsgNotification)
	case mt.IDBadServerSalt:
		return new(mt.BadServerSalt)
	case mt.IDNewSessionCreated:
		return new(mt.NewSessionCreated)
	case mt.IDFutureSalts:
		return new(mt.FutureSalts)
	case mt.IDDestroySessionOK:
		return new(mt.DestroySessionOK)
	case mt.IDDestroySessionNone:
		return new(mt.DestroySessionNone)
	case mt.IDDestroyAuthKeyOK:
		return new(mt.DestroyAuthKeyOK)
	case mt.IDDestroyAuthKeyNone:
		return new(mt.DestroyAuthKeyNone)
	case mt.IDDestroyAuthKeyFail:
		return new(mt.DestroyAuthKeyFail)
	}
	return nil
}

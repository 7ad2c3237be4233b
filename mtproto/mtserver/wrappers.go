package mtserver

import (
	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/tl"
)

// Ids of what can stand around a query (R-TL-33, R-TL-34).
const (
	idInvokeWithLayer              uint32 = 0xda9b0d0d
	idInitConnection               uint32 = 0xc1cd5ea9
	idInvokeAfterMsg               uint32 = 0xcb9f372d
	idInvokeAfterMsgs              uint32 = 0x3dc4b4f0
	idInvokeWithoutUpdates         uint32 = 0xbf9459b7
	idInvokeWithMessagesRange      uint32 = 0x365275f2
	idInvokeWithTakeout            uint32 = 0xaca9fd2e
	idInvokeWithBusinessConnection uint32 = 0xdd289f8e
	idInvokeWithGooglePlay         uint32 = 0x1df92984
	idInvokeWithApnsSecret         uint32 = 0x0dae54f8
	idInvokeWithReCaptcha          uint32 = 0xadbb0f94
	idMessageRange                 uint32 = 0x0ae30253
	idInputClientProxy             uint32 = 0x75588b3f
)

// idDropTempAuthKeys is auth.dropTempAuthKeys, the one method besides
// auth.bindTempAuthKey that is about keys and answered here.
const idDropTempAuthKeys uint32 = 0x8e48a188

// Ids of JSON values (R-TL-35).
const (
	idJSONNull        uint32 = 0x3f6d7b68
	idJSONBool        uint32 = 0xc7345e6a
	idJSONNumber      uint32 = 0x2be0dfa4
	idJSONString      uint32 = 0xb71e767a
	idJSONArray       uint32 = 0xf7444763
	idJSONObject      uint32 = 0x99c1d49d
	idJSONObjectValue uint32 = 0xc0de1bd9
)

// maxWrappers is how many wrappers are taken off a query.
const maxWrappers = 16

// innerQuery returns the call inside all wrappers, in whatever order they
// stand (R-SV-07, R-TL-38), and nil where the wrappers make no sense; and the
// queries that it is to come after. The package knows the wrappers only in order
// to find that out.
func innerQuery(query []byte) (method []byte, after []mtproto.MsgID) {
	for range maxWrappers {
		r := tl.NewReader(query)
		r.Borrow(true)
		id := r.ID()
		if id == mt.IDGzipPacked {
			unpacked, err := session.Unpack(query)
			if err != nil {
				return nil, nil
			}
			query = unpacked
			continue
		}
		named, ok := skipWrapper(r, id)
		if !ok {
			return query, after
		}
		if r.Err() != nil {
			return nil, nil
		}
		after = append(after, named...)
		query = r.Rest()
	}
	return nil, nil
}

// skipWrapper reads what a wrapper has before its query, and reports whether
// id is one, and the queries that it names.
func skipWrapper(r *tl.Reader, id uint32) (after []mtproto.MsgID, ok bool) {
	switch id {
	case idInvokeWithLayer:
		r.Int()
	case idInitConnection:
		skipInit(r)
	case idInvokeWithTakeout:
		r.Long()
	case idInvokeAfterMsg:
		after = append(after, mtproto.MsgID(r.Long()))
	case idInvokeAfterMsgs:
		for n := r.Vector(8); n > 0 && r.Err() == nil; n-- {
			after = append(after, mtproto.MsgID(r.Long()))
		}
	case idInvokeWithoutUpdates:
	case idInvokeWithMessagesRange:
		r.Expect(idMessageRange, "MessageRange")
		r.Raw(8)
	case idInvokeWithBusinessConnection, idInvokeWithReCaptcha:
		r.ByteString()
	case idInvokeWithGooglePlay, idInvokeWithApnsSecret:
		r.ByteString()
		r.ByteString()
	default:
		return nil, false
	}
	return after, true
}

// skipInit reads the fields of initConnection.
func skipInit(r *tl.Reader) {
	const proxy, params = 1 << 0, 1 << 1
	flags := r.Uint32()
	r.Int() // api_id
	for range 6 {
		r.ByteString()
	}
	if flags&proxy != 0 {
		r.Expect(idInputClientProxy, "InputClientProxy")
		r.ByteString()
		r.Int()
	}
	if flags&params != 0 {
		skipJSON(r)
	}
}

func skipJSON(r *tl.Reader) {
	if !r.Enter() {
		return
	}
	defer r.Leave()
	switch id := r.ID(); id {
	case idJSONNull:
	case idJSONBool:
		r.Bool()
	case idJSONNumber:
		r.Long()
	case idJSONString:
		r.ByteString()
	case idJSONArray:
		for n := r.Vector(4); n > 0 && r.Err() == nil; n-- {
			skipJSON(r)
		}
	case idJSONObject:
		for n := r.Vector(12); n > 0 && r.Err() == nil; n-- {
			r.Expect(idJSONObjectValue, "JSONObjectValue")
			r.ByteString()
			skipJSON(r)
		}
	default:
		r.Unexpected(id, "JSONValue")
	}
}

package sandbox

import (
	"context"
	"strings"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// A call is one query being answered. Handlers run with the world locked.
type call struct {
	context.Context
	dc      *dc
	session *session
	key     *key
	user    *user // nil if nobody is signed in
	method  string

	takeoutID int64    // that the query names, 0 for none
	takeout   *takeout // nil outside of any

	batches map[*user]*batch
	told    map[*session]struct{} // whose queues are to be sent

	delivered []Delivery // to be handed to Options.OnDelivery
}

// A handler serves one method.
type handler struct {
	name string
	free bool // needs no sign-in (R-AP-09)
	away bool // may be called on other DCs than the user's home
	cdn  bool // is served by a CDN DC alone (R-FI-22)
	run  func(c *call, query []byte) (tl.Object, error)
}

// anywhere has the method served on other DCs than the user's home too.
func (h *handler) anywhere() { h.away = true }

// handlers holds a handler for each method that is served, by id.
var handlers = map[uint32]*handler{}

// register adds the handler of method Q.
func register[Q any, P interface {
	*Q
	tg.Request
}, R tl.Object](serve func(c *call, q P) (R, error)) *handler {
	id := tl.TypeID(P(new(Q)))
	h := &handler{name: tg.MethodName(id)}
	h.run = func(c *call, query []byte) (tl.Object, error) {
		q := P(new(Q))
		if err := tl.Unmarshal(query, q); err != nil {
			return nil, errFetch
		}
		return serve(c, q)
	}
	namespace, _, _ := strings.Cut(h.name, ".")
	h.away = namespace == "help" || namespace == "auth" || namespace == "users"
	if handlers[id] != nil {
		panic("sandbox: two handlers for " + h.name)
	}
	handlers[id] = h
	return h
}

// registerFree adds the handler of a method that needs no sign-in.
func registerFree[Q any, P interface {
	*Q
	tg.Request
}, R tl.Object](serve func(c *call, q P) (R, error)) *handler {
	h := register[Q, P, R](serve)
	h.free, h.away = true, true
	return h
}

// perform checks that the caller may call h, and calls it.
func (c *call) perform(h *handler, query []byte) (tl.Object, error) {
	c.method = h.name
	c.world().lapse(c.key)
	c.user = c.key.user()
	if err := c.allowed(h, tl.NewReader(query).PeekID()); err != nil {
		return nil, err
	}
	if err := c.exports(); err != nil {
		return nil, err
	}
	if c.user != nil {
		c.key.auth.active = c.world().unix()
	}
	return h.run(c, query)
}

func (c *call) allowed(h *handler, method uint32) error {
	if h.cdn != c.dc.cdn {
		return errCDNMethod
	}
	if c.user == nil {
		switch {
		case h.free:
			return nil
		case c.key.ended != nil:
			return c.key.ended
		case c.key.pending != nil:
			return errPasswordNeeded
		}
		return errUnregistered
	}
	switch access := tg.AccessOf(method); {
	case access == tg.UserOnly && c.user.isBot():
		return errBotMethod
	case access == tg.BotOnly && !c.user.isBot():
		return errUserMethod
	case !h.away && c.user.dc != c.dc.id:
		return migrate("USER", c.user.dc)
	}
	return nil
}

// A later is what a handler returns that has more to do: work, while others
// see the world, then with the world locked again what makes the answer. It is
// for what takes long, such as reading a file.
type later struct {
	work func() error
	then func(c *call) (tl.Object, error)
}

// TL does nothing: a later is not an answer.
func (*later) TL(*tl.Codec) {}

func (c *call) world() *world { return c.dc.world }

// A boolean is a Bool as the answer to a method.
type boolean bool

// TL appends boolTrue or boolFalse.
func (v boolean) TL(c *tl.Codec) { c.Buffer().Bool(bool(v)) }

// A vector is a Vector as the answer to a method.
type vector[T tl.Object] []T

// TL appends the vector, boxed.
func (v vector[T]) TL(c *tl.Codec) {
	b := c.Buffer()
	b.Vector(len(v))
	for _, element := range v {
		b.Object(element)
	}
}

// What queries are refused with.
var (
	errFetch              = refusal(400, "INPUT_FETCH_FAIL")
	errMethodInvalid      = refusal(400, "INPUT_METHOD_INVALID")
	errConstructorInvalid = refusal(400, "INPUT_CONSTRUCTOR_INVALID")
	errNotInited          = refusal(400, "CONNECTION_NOT_INITED")
	errLayerInvalid       = refusal(400, "CONNECTION_LAYER_INVALID")
	errInputLayer         = refusal(400, "INPUT_LAYER_INVALID")
	errConnectionAPIID    = refusal(400, "CONNECTION_API_ID_INVALID")
	errCDNMethod          = refusal(400, "CDN_METHOD_INVALID")
	errInternal           = refusal(500, "INTERNAL")
	errUnregistered       = refusal(401, "AUTH_KEY_UNREGISTERED")
	errKeyDuplicated      = refusal(406, "AUTH_KEY_DUPLICATED")
	errRevoked            = refusal(401, "SESSION_REVOKED")
	errExpired            = refusal(401, "SESSION_EXPIRED")
	errPasswordNeeded     = refusal(401, "SESSION_PASSWORD_NEEDED")
	errBotMethod          = refusal(400, "BOT_METHOD_INVALID")
	errUserMethod         = refusal(400, "USER_BOT_REQUIRED")
	errPeerInvalid        = refusal(400, "PEER_ID_INVALID")
	errUserInvalid        = refusal(400, "USER_ID_INVALID")
	errChatInvalid        = refusal(400, "CHAT_ID_INVALID")
	errChannelInvalid     = refusal(400, "CHANNEL_INVALID")
	errChannelPrivate     = refusal(400, "CHANNEL_PRIVATE")
	errMessageInvalid     = refusal(400, "MESSAGE_ID_INVALID")
	errAdminRequired      = refusal(400, "CHAT_ADMIN_REQUIRED")
	errWriteForbidden     = refusal(403, "CHAT_WRITE_FORBIDDEN")
	errNotModified        = refusal(400, "CHAT_NOT_MODIFIED")
	errNotParticipant     = refusal(400, "USER_NOT_PARTICIPANT")
)

func refusal(code int, message string) *mtproto.RPCError { return mtproto.NewRPCError(code, message) }

// wait420 refuses until some seconds have passed (R-ER-04).
func wait420(what string, seconds int) error {
	return &mtproto.RPCError{Code: 420, Type: what, Argument: seconds}
}

// migrate tells the client to go to another DC (R-ER-02).
func migrate(what string, dc int) error {
	return &mtproto.RPCError{Code: 303, Type: what + "_MIGRATE", Argument: dc}
}

package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"godwit/internal/layer"
	"godwit/mtproto"
	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport/web"
	"godwit/tg"
	"godwit/tl"
)

// A link is what the handlers need of an MTProto session.
type link interface {
	KeyID() mtproto.KeyID
	Address() string    // of the client, without port
	Connection() string // the same with the port
	Attached() bool     // is connected
	Media() bool        // is for files alone
	Heard() int         // packets that have come
	// Displaced returns the link of a client that was connected when its temporary
	// key was replaced by this one's, and whether there was one; Rebound reports
	// whether this one's had been replaced and is bound again.
	Displaced() (link, bool)
	Rebound() bool
	Push(body []byte)
	Close()
}

// A dc is one data centre. It answers API queries.
type dc struct {
	*Sandbox
	id     int
	cdn    bool // serves upload.getCdnFile alone (R-FI-22)
	server *mtserver.Server
	web    *web.Server // nil unless started; guarded by Sandbox.mu

	secureWeb *web.Server // the same over TLS, if that is served
	host      string      // where it listens, as clients are told; guarded by Sandbox.mu
	port      int

	mediaPort int // for files alone; 0 for none
}

// A session is an MTProto session as the API sees it.
type session struct {
	link  link
	key   *key
	wants bool // to be told of updates (R-AP-08)

	first, latest int // of its key's queries, those that came in it; 0 for none

	mu    sync.Mutex
	queue []queued

	sending sync.Mutex // held while the queue is drained, so that order is kept
}

// handle answers one query. The queries of a session come one after another,
// which is all that invokeAfterMsg asks for.
func (d *dc) handle(ctx context.Context, l link, raw []byte) ([]byte, error) {
	wrapped, err := layer.Unwrap(raw)
	if err != nil {
		return nil, errFetch
	}
	s, speaks, err := d.admit(l, &wrapped)
	if err != nil {
		return nil, err
	}
	query, err := layer.Request(wrapped.Query, speaks)
	if err != nil {
		return nil, d.refuse(err)
	}
	method := tl.NewReader(query).PeekID()
	h, ok := handlers[method]
	if !ok {
		return nil, d.refuse(&layer.UnknownMethodError{ID: method, Name: tg.MethodName(method)})
	}
	c := &call{Context: ctx, dc: d, session: s, takeoutID: wrapped.TakeoutID}
	what, err := c.befall(h.name, query)
	if err != nil {
		return nil, err
	}
	out, err := d.run(c, h, query)
	if what.kind == FaultLoseAnswer {
		return nil, mtserver.ErrLost
	}
	if err != nil {
		return nil, d.report(h.name, err)
	}
	if out, err = layer.Answer(out, h.name, speaks); err != nil {
		d.log.Warn("answer cannot be expressed", "dc", d.id, "method", h.name, "error", err)
		return nil, errInputLayer
	}
	return out, nil
}

// admit finds the state of a session and its key, and notes what the wrappers
// of a query say about the client. It returns the layer that the query is in.
func (d *dc) admit(l link, q *layer.Call) (*session, int, error) {
	w := d.world
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.session(l, d.id)
	k := s.key
	if d.duplicated(s) {
		return nil, 0, errKeyDuplicated
	}
	if !q.WithoutUpdates {
		s.wants = true
	}
	speaks := k.layer
	if q.Layer != 0 {
		speaks = min(q.Layer, layer.Latest)
	}
	switch {
	case q.Init == nil && k.init == nil:
		return nil, 0, errNotInited
	case speaks < layer.Oldest:
		return nil, 0, errLayerInvalid
	case q.Init == nil:
		return s, speaks, nil
	case q.Init.APIID != d.options.APIID:
		return nil, 0, errConnectionAPIID
	}
	k.init = q.Init
	k.layer = speaks
	return s, speaks, nil
}

// run calls a handler with the world locked, then tells everybody concerned.
func (d *dc) run(c *call, h *handler, query []byte) ([]byte, error) {
	out, err := c.locked(func() (tl.Object, error) { return c.perform(h, query) })
	for err == nil {
		rest, ok := out.(*later)
		if !ok {
			break
		}
		if err = rest.work(); err == nil {
			out, err = c.locked(func() (tl.Object, error) { return rest.then(c) })
		}
	}
	for told := range c.told {
		told.flush(d.log)
	}
	for _, one := range c.delivered {
		d.options.OnDelivery(one)
	}
	if err != nil {
		return nil, err
	}
	// Encoding needs no lock: what a handler returns is its own.
	return tl.Marshal(out)
}

// locked calls part of a handler while nobody else sees the world.
func (c *call) locked(part func() (tl.Object, error)) (tl.Object, error) {
	w := c.world()
	w.mu.Lock()
	defer w.mu.Unlock()
	c.key = c.session.key
	due := &call{Context: c.Context, dc: c.dc, told: c.told}
	due.sendDue()
	c.told = due.told
	out, err := part()
	if _, more := out.(*later); err == nil && !more {
		c.announce()
	}
	return out, err
}

// refuse turns a query that cannot be read into an answer (R-SV-10).
func (d *dc) refuse(err error) error {
	var unknown *layer.UnknownMethodError
	var old *layer.UnsupportedError
	var refused *layer.RefusedError
	switch {
	case errors.As(err, &unknown):
		d.log.Warn("method is not served", "dc", d.id, "method", unknown.Name, slog.Uint64("id", uint64(unknown.ID)))
		return errMethodInvalid
	case errors.As(err, &old):
		return errLayerInvalid
	case errors.As(err, &refused):
		d.log.Warn("query cannot be expressed", "dc", d.id, "error", err)
		return errConstructorInvalid
	}
	return errFetch
}

// report logs what is not the client's fault.
func (d *dc) report(method string, err error) error {
	var rpc *mtproto.RPCError
	if errors.As(err, &rpc) {
		return err
	}
	d.log.Error("query failed", "dc", d.id, "method", method, "error", err)
	return errInternal
}

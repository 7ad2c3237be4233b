package inspect

import (
	"encoding/binary"
	"errors"
	"fmt"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/tl"
	"godwit/tl/schema"
)

// Constructors that this package looks into.
const (
	idContainer = 0x73f1f8dc
	idRPCResult = 0xf35c6d01
	idRPCError  = 0x2144ca19
	idGzip      = 0x3072cfa1
	idWithLayer = 0xda9b0d0d
	idBind      = 0xcdd42a05
)

// maxQueries is how many queries of a session are remembered for their
// answers.
const maxQueries = 1 << 16

// maxNested is how many containers may lie in each other. None should (R-SM-10).
const maxNested = 2

// A reader reads packets: it decrypts them and follows what goes on in the
// sessions.
type reader struct {
	o        *Options
	t        *tracker
	keys     map[mtproto.KeyID]*mtproto.AuthKey
	catalog  *catalog
	layers   map[mtproto.KeyID]int // announced with the key
	sessions map[sessionKey]*sessionState
}

type sessionKey struct {
	key mtproto.KeyID
	id  mtproto.SessionID
}

// A sessionState is what is known of a session.
type sessionState struct {
	salts   [2]mtproto.Salt // by who used it last
	salted  [2]bool
	queries map[mtproto.MsgID]*schema.Combinator
	oldest  []mtproto.MsgID // in the order of queries
}

func newReader(o *Options, t *tracker) *reader {
	r := &reader{
		o: o, t: t, catalog: newCatalog(o.Schemas),
		keys:     make(map[mtproto.KeyID]*mtproto.AuthKey),
		layers:   make(map[mtproto.KeyID]int),
		sessions: make(map[sessionKey]*sessionState),
	}
	for i := range o.Keys {
		r.keys[o.Keys[i].ID()] = &o.Keys[i]
	}
	return r
}

// key returns a key that was given, nil if it was not.
func (r *reader) key(id mtproto.KeyID) *mtproto.AuthKey { return r.keys[id] }

// packet reads a packet that a half has sent.
func (r *reader) packet(c *connection, h *half, p []byte, ackAsked bool) {
	id, ok := session.PacketKeyID(p)
	switch {
	case !ok:
		c.note(h, "packet of %d bytes", len(p))
		return
	case id == 0:
		r.plaintext(c, h, p)
		return
	}
	c.keys[id] = true
	key := r.keys[id]
	if key == nil {
		r.t.summary.Missing[id]++
		c.emit(h.side, &Record{Kind: Encrypted, KeyID: id, Size: len(p), AckAsked: ackAsked, Note: "no key of this id was given"})
		return
	}
	e, version, err := r.open(c, h, key, p)
	if err != nil {
		r.t.summary.Refused[id]++
		c.emit(h.side, &Record{Kind: Encrypted, KeyID: id, Size: len(p), AckAsked: ackAsked, Note: err.Error()})
		return
	}
	r.message(c, h, &Record{
		Kind: Message, KeyID: id, Version: version, SessionID: e.SessionID, MsgID: e.MsgID, SeqNo: e.SeqNo,
		Salt: e.Salt, AckAsked: ackAsked,
	}, e.Body, 0)
}

// open decrypts a packet by either version of the protocol. Which end is the
// client is tried where the capture does not tell.
func (r *reader) open(c *connection, h *half, key *mtproto.AuthKey, p []byte) (*session.Envelope, int, error) {
	from := h.side
	if c.swapped {
		from = from.Remote()
	}
	e, version, err := openAs(key, from, p)
	if err == nil || c.sideKnown {
		c.sideKnown = c.sideKnown || err == nil
		return e, version, err
	}
	if e, version, err := openAs(key, from.Remote(), p); err == nil {
		c.sideKnown, c.swapped = true, !c.swapped
		return e, version, nil
	}
	return nil, 0, err
}

func openAs(key *mtproto.AuthKey, from mtproto.Side, p []byte) (*session.Envelope, int, error) {
	e, err := session.Open(key, from, p)
	if err == nil {
		return e, 2, nil
	}
	if e, v1 := session.OpenV1(key, from, p); v1 == nil {
		return e, 1, nil
	}
	return nil, 0, err
}

// plaintext reads a message of the making of an auth key (R-AK-01). What
// follows the object is random (R-AK-08).
func (r *reader) plaintext(c *connection, h *half, p []byte) {
	const head = 20
	if len(p) < head {
		c.note(h, "plaintext packet of %d bytes", len(p))
		return
	}
	rec := &Record{Kind: Plaintext, MsgID: mtproto.MsgID(binary.LittleEndian.Uint64(p[8:]))}
	body := p[head:]
	if n := int(int32(binary.LittleEndian.Uint32(p[16:]))); n < 0 || n > len(body) {
		rec.Note = fmt.Sprintf("announces %d bytes and has %d", n, len(body))
	} else {
		body = body[:n]
	}
	d := r.decoder(body, 0)
	rec.Object = d.boxed()
	if err := d.r.Err(); err != nil {
		rec.Note, rec.Raw = err.Error(), body
	}
	c.emit(h.side, rec)
}

func (r *reader) decoder(body []byte, layer int) *decoder {
	d := &decoder{catalog: r.catalog, layer: layer, r: tl.NewReader(body)}
	d.budget = new(int)
	*d.budget = maxUnpacked
	return d
}

// message reads a message, and the elements of a container one by one.
func (r *reader) message(c *connection, h *half, rec *Record, body []byte, nested int) {
	state := r.session(rec.KeyID, rec.SessionID)
	side := h.side
	if c.swapped {
		side = side.Remote()
	}
	if rec.Container == 0 {
		rec.NewSalt = !state.salted[side] || state.salts[side] != rec.Salt
		state.salts[side], state.salted[side] = rec.Salt, true
	}
	if tl.NewReader(body).PeekID() == idContainer && nested < maxNested {
		r.container(c, h, rec, body, nested)
		return
	}
	r.t.summary.Messages++
	d := r.decoder(body, r.layers[rec.KeyID])
	d.answered = func(id mtproto.MsgID) *schema.Combinator {
		rec.Answers = id
		query := state.queries[id]
		if query != nil {
			rec.Method = query.Name
		}
		return query
	}
	rec.Object = d.boxed()
	if err := d.r.Finish(); err != nil {
		rec.Note, rec.Raw = err.Error(), body
		if errors.Is(err, tl.ErrTrailing) {
			rec.Raw = d.rest
		}
	}
	if d.method != nil {
		state.ask(rec.MsgID, d.method)
	}
	if d.announced != 0 {
		r.layers[rec.KeyID] = d.announced
	}
	r.binding(rec)
	c.emit(h.side, rec)
}

// container reads a msg_container: its own record has the ids of its messages.
// The lengths of the elements count, not where their objects end (R-SM-11).
func (r *reader) container(c *connection, h *half, rec *Record, body []byte, nested int) {
	type element struct {
		id    mtproto.MsgID
		seqno int32
		body  []byte
	}
	var (
		elements []element
		ids      []any
	)
	in := tl.NewReader(body)
	in.ID()
	for range in.Count(4) {
		e := element{id: mtproto.MsgID(in.Long()), seqno: in.Int()}
		e.body = in.Raw(int(in.Int()))
		if in.Err() != nil {
			break
		}
		elements, ids = append(elements, e), append(ids, int64(e.id))
	}
	rec.Object = &Object{Name: "msg_container", Fields: []Field{{"messages", ids}}}
	if err := in.Finish(); err != nil {
		rec.Note = err.Error()
	}
	c.emit(h.side, rec)
	for _, e := range elements {
		inner := *rec
		inner.Container, inner.MsgID, inner.SeqNo = rec.MsgID, e.id, e.seqno
		inner.Object, inner.Note, inner.NewSalt, inner.AckAsked = nil, "", false, false
		r.message(c, h, &inner, e.body, nested+1)
	}
}

// binding opens the message of MTProto 1.0 inside auth.bindTempAuthKey, if the
// permanent key was given too (R-PF-05).
func (r *reader) binding(rec *Record) {
	call := rec.Object.inner(idBind)
	if call == nil {
		return
	}
	for i, f := range call.Fields {
		sealed, ok := f.Value.([]byte)
		id, named := session.PacketKeyID(sealed)
		if !ok || !named || r.keys[id] == nil {
			continue
		}
		e, err := session.OpenV1(r.keys[id], mtproto.Client, sealed)
		if err != nil {
			rec.Note = "the binding inside does not decrypt: " + err.Error()
			continue
		}
		d := r.decoder(e.Body, 0)
		if inner := d.boxed(); d.r.Finish() == nil {
			call.Fields[i].Value = inner
		}
	}
}

// session returns what is known of a session.
func (r *reader) session(key mtproto.KeyID, id mtproto.SessionID) *sessionState {
	k := sessionKey{key, id}
	s := r.sessions[k]
	if s == nil {
		s = &sessionState{queries: make(map[mtproto.MsgID]*schema.Combinator)}
		r.sessions[k] = s
	}
	return s
}

// ask remembers a query until its answer comes.
func (s *sessionState) ask(id mtproto.MsgID, method *schema.Combinator) {
	if s.queries[id] == nil {
		s.oldest = append(s.oldest, id)
	}
	s.queries[id] = method
	if len(s.oldest) > maxQueries {
		delete(s.queries, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
}

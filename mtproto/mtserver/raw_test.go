package mtserver

import (
	"crypto/rand"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tl"
)

// A raw client makes its messages by hand, so that it can break rules.
type raw struct {
	*link
	key  mtproto.AuthKey
	id   mtproto.SessionID
	salt mtproto.Salt
	last mtproto.MsgID
	n    int32 // content-related messages so far
}

func (f *fixture) raw(k Key) *raw {
	f.t.Helper()
	return &raw{link: f.dial(transport.Options{Framing: transport.Abridged}), key: k.AuthKey, id: 77, salt: k.Salt}
}

// on continues over another connection.
func (r *raw) on(l *link) { r.link = l }

func (r *raw) msgID() mtproto.MsgID {
	id := mtproto.MsgIDAt(time.Now()) + 4
	if !r.last.Before(id) {
		id = r.last + 4
	}
	r.last = id
	return id
}

// message makes a message; content-related ones are counted.
func (r *raw) message(body []byte, content bool) *session.Envelope {
	e := &session.Envelope{Salt: r.salt, SessionID: r.id, MsgID: r.msgID(), SeqNo: 2 * r.n, Body: body}
	if content {
		e.SeqNo++
		r.n++
	}
	return e
}

func (r *raw) send(e *session.Envelope) {
	r.t.Helper()
	packet, _, err := session.Seal(rand.Reader, &r.key, mtproto.Client, e)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(packet)
}

// element is one message from the server.
type element struct {
	id    mtproto.MsgID
	seqno int32
	body  []byte
}

// receive takes one packet apart.
func (r *raw) receive() []element {
	r.t.Helper()
	e, err := session.Open(&r.key, mtproto.Server, r.packet())
	if err != nil {
		r.t.Fatal(err)
	}
	if e.SessionID != r.id {
		r.t.Fatalf("message of session %d", e.SessionID)
	}
	reader := tl.NewReader(e.Body)
	if reader.PeekID() != 0x73f1f8dc {
		return []element{{e.MsgID, e.SeqNo, e.Body}}
	}
	reader.ID()
	var list []element
	for n := reader.Int(); n > 0; n-- {
		m := element{id: mtproto.MsgID(reader.Long()), seqno: reader.Int()}
		m.body = reader.Raw(int(reader.Int()))
		list = append(list, m)
	}
	if err := reader.Finish(); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// await waits for a message of the constructor id, decodes it into v, and
// returns it. Others before it are ignored.
func (r *raw) await(v tl.Object) element {
	r.t.Helper()
	for {
		for _, m := range r.receive() {
			if tl.NewReader(m.body).PeekID() == tl.TypeID(v) {
				if err := tl.Unmarshal(m.body, v); err != nil {
					r.t.Fatal(err)
				}
				return m
			}
		}
	}
}

// ask sends a service message and waits for the answer.
func (r *raw) ask(v tl.Object, answer tl.Object) element {
	r.t.Helper()
	r.send(r.message(marshal(r.t, v), false))
	return r.await(answer)
}

// waiting returns all that has come in or is about to.
func (r *raw) waiting() (list []element) {
	r.t.Helper()
	for synctest.Wait(); len(r.in) > 0; synctest.Wait() {
		list = append(list, r.receive()...)
	}
	return list
}

package session_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/session"
	"godwit/tl"
)

// queriesOf returns the queries in packets of the client, by their ids, and
// what each is to come after.
func queriesOf(t *testing.T, packets [][]byte) (ids []mtproto.MsgID, after []mtproto.MsgID, bodies [][]byte) {
	t.Helper()
	for _, packet := range packets {
		elements, _, all := messagesOf(opened(t, mtproto.Client, packet))
		for i, body := range all {
			named := mtproto.MsgID(0)
			if binary.LittleEndian.Uint32(body) == 0xcb9f372d {
				named = mtproto.MsgID(binary.LittleEndian.Uint64(body[4:]))
				body = body[12:]
			}
			if binary.LittleEndian.Uint32(body) == 0x11223344 {
				ids, after, bodies = append(ids, elements[i]), append(after, named), append(bodies, body)
			}
		}
	}
	return ids, after, bodies
}

// R-SM-70, R-SM-71, R-SM-72: a query that comes after another names the id which
// that one has when it leaves, and none once that one is answered; what is sent
// again names the new id.
func TestAfter(t *testing.T) {
	p := newPair(t, func(client, _ *session.Options) { client.CompressAbove = 100 })
	p.connect()
	p.settle()
	p.answer = nil
	first := p.client.Request(query(1))
	second := p.client.Ask(session.Request{Body: query(2), After: first})
	third := p.client.Ask(session.Request{Body: query(500), After: second}) // packed, within the wrapper
	packets := p.clientPackets()
	ids, after, bodies := queriesOf(t, packets)
	if len(ids) != 2 || after[0] != 0 || after[1] != ids[0] || !bytes.Equal(bodies[1], query(2)) {
		t.Fatalf("sent %d after %d", ids, after)
	}
	_, _, all := messagesOf(opened(t, mtproto.Client, packets[0]))
	if last := all[len(all)-1]; binary.LittleEndian.Uint32(last) != 0xcb9f372d || tl.NewReader(last[12:]).PeekID() != mt.IDGzipPacked {
		t.Errorf("third: %x", last[:20])
	}

	// The packet is refused: all leave again, in order, with new ids.
	e := opened(t, mtproto.Client, packets[0])
	if err := p.fromServer(marshal(t, &mt.BadServerSalt{BadMsgID: int64(e.MsgID), ErrorCode: 48, NewServerSalt: 77})); err != nil {
		t.Fatal(err)
	}
	again, after, _ := queriesOf(t, p.clientPackets())
	if len(again) != 2 || again[0] == ids[0] || after[1] != again[0] {
		t.Fatalf("sent again %d after %d", again, after)
	}

	// The state of the first is asked for after a reconnect: what comes after it
	// waits for the answer, since its id may change.
	fourth := p.client.Ask(session.Request{Body: query(4), After: first})
	p.cut()
	if ids, _, _ := queriesOf(t, p.clientPackets()); len(ids) != 0 {
		t.Errorf("%d queries left before the state was known", len(ids))
	}
	p.cut()
	p.answer = p.echo
	p.settle()
	for _, id := range []session.RequestID{first, second, third, fourth} {
		if result, ok := p.results[id]; !ok || result.Err != nil {
			t.Errorf("request %d: %v", id, result.Err)
		}
	}
	if id := p.client.Ask(session.Request{Body: query(5), After: first}); id == 0 {
		t.Fatal("no id")
	}
	if _, after, _ := queriesOf(t, p.clientPackets()); len(after) != 1 || after[0] != 0 {
		t.Errorf("after a query that is answered: %d", after)
	}
	unsent := p.client.Ask(session.Request{Body: query(6)})
	if !p.client.Recall(unsent) || p.client.Recall(unsent) || p.client.Recall(first) {
		t.Error("recalled otherwise than once")
	}
}

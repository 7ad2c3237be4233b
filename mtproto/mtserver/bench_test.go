package mtserver

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
)

// echo is a handler that keeps nothing.
type echo struct{}

func (echo) HandleRequest(_ context.Context, _ *Session, _ mtproto.MsgID, q []byte) ([]byte, error) {
	return q, nil
}
func (echo) SessionOpened(*Session)     {}
func (echo) SessionClosed(*Session)     {}
func (echo) KeyDestroyed(mtproto.KeyID) {}

// loopback starts a server on the loopback interface and returns how to reach
// it.
func loopback(b *testing.B) (f *fixture, dial func() net.Conn) {
	b.Helper()
	f = &fixture{t: b, keys: NewMemoryKeys()}
	srv, err := New(Options{DC: 2, PrivateKey: rsaKey(), Keys: f.keys, Handler: echo{}})
	if err != nil {
		b.Fatal(err)
	}
	f.srv = srv
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = srv.Serve(listener) }()
	b.Cleanup(func() { _ = srv.Close() })
	return f, func() net.Conn {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
}

// ask sends a query by hand and takes packets until its answer has come, in
// the goroutine of the caller.
func ask(b *testing.B, p *peer, q []byte) {
	b.Helper()
	id := p.core.Request(q)
	p.flush()
	var buf []byte
	for p.results[id].Body == nil {
		packet, err := p.conn.ReadPacket(buf)
		if err != nil {
			b.Fatal(err)
		}
		buf = packet
		events, err := p.core.Receive(time.Now(), packet)
		if err != nil {
			b.Fatal(err)
		}
		for _, event := range events {
			if result, ok := event.(session.Result); ok {
				p.results[result.Request] = result
			}
		}
	}
	delete(p.results, id)
	p.flush()
}

func connect(b *testing.B, f *fixture, c net.Conn, o transport.Options) *peer {
	b.Helper()
	conn, err := transport.NewClient(c, o)
	if err != nil {
		b.Fatal(err)
	}
	k := f.key()
	return newPeer(&link{t: b, net: c, conn: conn}, k.AuthKey, k.Salt, 0)
}

// BenchmarkIdleConnection reports what a connection costs the server that has
// asked a query and then is silent: its memory, in bytes, with the socket of
// the client's end.
func BenchmarkIdleConnection(b *testing.B) {
	const n = 500
	f, dial := loopback(b)
	ask(b, connect(b, f, dial(), transport.Options{}), query("warm"))
	before := memoryInUse()
	for b.Loop() {
		f, dial := loopback(b)
		conns := make([]net.Conn, n)
		for i := range conns {
			conns[i] = dial()
			p := connect(b, f, conns[i], transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true})
			ask(b, p, query("once"))
		}
		b.ReportMetric(float64(memoryInUse()-before)/n, "B/conn")
		for _, c := range conns {
			c.Close()
		}
		if err := f.srv.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func memoryInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // empties what pools held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// BenchmarkQuery is one query and its answer over loopback TCP, both ends
// included.
func BenchmarkQuery(b *testing.B) {
	f, dial := loopback(b)
	p := connect(b, f, dial(), transport.Options{})
	q := query("a query of the usual size, which is not long at all")
	b.ReportAllocs()
	for b.Loop() {
		ask(b, p, q)
	}
}

package session_test

import (
	"testing"
	"time"

	"godwit/mtproto/session"
)

// BenchmarkPending measures a client and a server with 10,000 queries under
// way: asked and answered, answered over a new connection after the old one was
// lost with all of them, and cancelled.
func BenchmarkPending(b *testing.B) {
	const n = 10_000
	ask := func(p *pair) (ids []session.RequestID) {
		for range n {
			ids = append(ids, p.client.Request(query(4)))
		}
		return ids
	}
	for _, bench := range []struct {
		name string
		run  func(p *pair)
	}{
		{"answered", func(p *pair) { ask(p); p.settle() }},
		{"answered late", func(p *pair) { // when as many more wait to be sent
			p.answer = nil
			ask(p)
			p.toServer()
			ask(p)
			p.answer = p.echo
			for _, q := range p.queries {
				p.echo(q)
			}
			p.toClient()
			p.settle()
		}},
		{"lost", func(p *pair) { ask(p); p.clientPackets(); p.cut(); p.settle() }},
		{"unacknowledged", func(p *pair) { ask(p); p.toServer(); p.serverPackets(); p.cut(); p.settle() }},
		{"cancelled", func(p *pair) {
			for _, id := range ask(p) {
				p.client.Cancel(id)
			}
		}},
		{"stalled", func(p *pair) {
			p.answer = nil
			ask(p)
			p.settle()
			for range 10 {
				p.now = p.now.Add(60 * time.Second)
				if err := p.client.Tick(p.clientNow()); err != nil {
					p.t.Fatal(err)
				}
				p.settle()
			}
			for _, q := range p.queries {
				p.echo(q)
			}
			p.settle()
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := newPair(b, func(_, server *session.Options) { server.MaxPending = 64 << 20 })
				p.connect()
				p.settle()
				bench.run(p)
				if left := p.client.Pending(); left != 0 {
					b.Fatalf("%d queries were not answered", left)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/query")
		})
	}
}

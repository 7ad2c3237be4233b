package telegram

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto/transport"
	"godwit/tg"
)

func addressesOf(list []DC) []string {
	var addresses []string
	for _, d := range list {
		addresses = append(addresses, d.address())
	}
	return addresses
}

// TestRefresh has the addresses of Telegram's own data centres kept as they
// move, and those of a local network left alone (R-AP-01, R-AP-03). Ports are
// changed only where that is allowed, families take turns, and which comes
// first is Telegram's to say (R-TR-06).
func TestRefresh(t *testing.T) {
	options := []tg.DCOption{
		{ID: 1, IPAddress: "192.0.2.1", Port: 443, ThisPortOnly: true},
		{ID: 1, IPAddress: "192.0.2.2", Port: 443, TcpoOnly: true, ThisPortOnly: true},
		{ID: 1, IPAddress: "2001:db8::1", Port: 443, Ipv6: true, ThisPortOnly: true},
		{ID: 2, IPAddress: "192.0.2.3", Port: 443, MediaOnly: true},
		{ID: 203, IPAddress: "192.0.2.5", Port: 443, CDN: true},
		{ID: 3, IPAddress: "192.0.2.6", Port: 8443},
		{ID: 4, IPAddress: "192.0.2.7", Port: 443, ThisPortOnly: true, TcpoOnly: true, Secret: make([]byte, 16)},
		{ID: 4, IPAddress: "192.0.2.8", Port: 443, ThisPortOnly: true, Secret: append([]byte{0xee}, "0123456789abcdefexample.com"...)},
		{ID: 4, IPAddress: "192.0.2.9", Port: 443, ThisPortOnly: true, Secret: []byte{1}},
	}
	options[6].Secret[3] = 9
	n := &fakeNetwork{t: t, config: &tg.Config{DCOptions: options}}
	c := n.client(Options{Transport: &transport.Options{Obfuscated: true}})
	want := func(dc int, addresses ...string) {
		t.Helper()
		if got := addressesOf(c.addresses(dc)); !slices.Equal(got, addresses) {
			t.Errorf("DC %d: %q, want %q", dc, got, addresses)
		}
	}
	refresh := func() {
		t.Helper()
		if err := c.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want(1, "one:1")
	c.o.Network.Refresh = true
	refresh()
	want(1, "192.0.2.1:443", "[2001:db8::1]:443", "192.0.2.2:443", "one:1", "one:443", "one:80", "one:5222")
	want(2, "two:2", "two:443", "two:80", "two:5222")
	want(3, "192.0.2.6:8443", "192.0.2.6:443", "192.0.2.6:80", "192.0.2.6:5222")

	want(4, "192.0.2.7:443")

	c.o.Connector = &transport.TCP{}
	want(4, "192.0.2.7:443")
	c.o.Connector = &transport.TCP{Hide: func(context.Context, net.Conn, transport.ProxySecret) (net.Conn, error) { return nil, nil }}
	want(4, "192.0.2.7:443", "192.0.2.8:443")
	if d := c.addresses(4)[0]; d.Secret.Key != (transport.Secret{3: 9}) {
		t.Error("the secret of an address is another")
	}
	want(1, "192.0.2.1:443", "[2001:db8::1]:443", "one:1", "one:443", "one:80", "one:5222")
	n.config.ForceTryIpv6 = true
	refresh()
	want(1, "[2001:db8::1]:443", "192.0.2.1:443", "one:1", "one:443", "one:80", "one:5222")
}

// A racer is a connection that takes some time, or fails after it.
type racer struct {
	transport.PacketConn
	after  time.Duration
	err    error
	began  time.Duration // since the start of the race
	cut    bool
	closed bool
}

func (r *racer) Close() error { r.closed = true; return nil }

func (r *racer) attempt(start time.Time) attempt {
	r.began = -1
	return func(ctx context.Context) (transport.PacketConn, error) {
		r.began = time.Since(start)
		select {
		case <-time.After(r.after):
			return r, r.err
		case <-ctx.Done():
			r.cut = true
			return nil, ctx.Err()
		}
	}
}

// TestRace has attempts begin when they are due, the first connection win and
// the others go away (RFC 8305).
func TestRace(t *testing.T) {
	const never = time.Hour
	refused := errors.New("refused")
	for name, test := range map[string]struct {
		racers []*racer
		winner int             // -1 for none
		began  []time.Duration // -1 for never
		took   time.Duration
	}{
		"first at once":           {[]*racer{{after: 10}, {after: 0}}, 0, []time.Duration{0, -1}, 10},
		"first is silent":         {[]*racer{{after: never}, {after: 50}}, 1, []time.Duration{0, 250}, 300},
		"first is refused":        {[]*racer{{after: 20, err: refused}, {after: 50}}, 1, []time.Duration{0, 20}, 70},
		"first is late but first": {[]*racer{{after: 260}, {after: 100}, {after: 1}}, 0, []time.Duration{0, 250, -1}, 260},
		"a failure hurries the next": {
			[]*racer{{after: never}, {after: 30, err: refused}, {after: 5}}, 2, []time.Duration{0, 250, 280}, 285,
		},
		"all refused":  {[]*racer{{after: 20, err: refused}, {after: 30, err: refused}}, -1, []time.Duration{0, 20}, 50},
		"nobody there": {nil, -1, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var attempts []attempt
				for _, r := range test.racers {
					if r.after != never {
						r.after *= time.Millisecond
					}
					attempts = append(attempts, r.attempt(start))
				}
				conn, err := race(t.Context(), attempts)
				if took := time.Since(start); took != test.took*time.Millisecond {
					t.Errorf("took %v, want %v ms", took, int64(test.took))
				}
				for i, r := range test.racers {
					if want := test.began[i]; want >= 0 && r.began != want*time.Millisecond || want < 0 && r.began >= 0 {
						t.Errorf("attempt %d began after %v, want %d ms", i, r.began, int64(want))
					}
					if r.closed || r.cut != (i != test.winner && r.began >= 0 && r.err == nil) {
						t.Errorf("attempt %d: closed %v, cut short %v", i, r.closed, r.cut)
					}
				}
				switch {
				case test.winner >= 0 && (err != nil || conn != test.racers[test.winner]):
					t.Errorf("%v, %v", conn, err)
				case test.winner < 0 && err == nil:
					t.Errorf("a connection from nowhere")
				case test.winner < 0 && strings.Count(err.Error(), refused.Error()) != len(test.racers):
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestRaceTie has a second connection closed that was made in the same moment,
// and one that takes no notice of its context waited for.
func TestRaceTie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &racer{}
		conn, err := race(t.Context(), []attempt{
			func(context.Context) (transport.PacketConn, error) {
				<-time.After(time.Second)
				return deaf, nil
			},
			(&racer{}).attempt(time.Now()),
		})
		if err != nil || conn == deaf || !deaf.closed {
			t.Errorf("%v, %v; the other is closed: %v", conn, err, deaf.closed)
		}
	})
}

// TestRaceCancelled ends with its context, without trying the rest.
func TestRaceCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var attempts []attempt
		for range 10 {
			attempts = append(attempts, (&racer{after: time.Hour}).attempt(time.Now()))
		}
		start := time.Now()
		if _, err := race(ctx, attempts); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Error("took", fmt.Sprint(took))
		}
	})
}

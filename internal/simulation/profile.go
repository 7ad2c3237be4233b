package simulation

import (
	"math/rand/v2"
	"time"
)

// A profile says how bad the world of one seed is. A mean time of 0 stands for
// never.
type profile struct {
	duration time.Duration // of the faults
	latency  time.Duration // of every packet, at the least
	jitter   time.Duration // that comes on top, at the most
	perByte  time.Duration // that a connection takes to accept a packet

	// Of packets of a connection that lives.
	lose, repeat, reorder, forge float64

	// How far apart on average, of the connection.
	cut, silence, replay time.Duration
	// Of the client.
	request, cancel, suspend, clientClock, crash time.Duration
	// Of the server.
	publish, restart, forget, serverClock, refuse time.Duration

	slow       float64 // of the queries take long
	loseUpdate float64 // of the updates are not pushed
	firstSkew  time.Duration
	makeKey    bool // the client begins without a key
	compress   int
	dialFails  float64
}

// drawProfile draws the world of a seed. Most faults are absent from most
// worlds, so that those that are there have time to do what they do.
func drawProfile(r *rand.Rand) profile {
	between := func(low, high time.Duration) time.Duration { return low + time.Duration(r.Int64N(int64(high-low))) }
	perhaps := func(p float64, low, high time.Duration) time.Duration {
		if d := between(low, high); r.Float64() < p {
			return d
		}
		return 0
	}
	share := func(p, most float64) float64 {
		if s := r.Float64() * most; r.Float64() < p {
			return s
		}
		return 0
	}
	p := profile{duration: between(time.Minute, 10*time.Minute)}
	if r.IntN(8) == 0 {
		p.duration = between(10*time.Minute, 5*time.Hour)
	}
	long := max(p.duration/60, 5*time.Second) // about sixty times in the run
	p.latency = between(time.Millisecond, 400*time.Millisecond)
	p.jitter = perhaps(0.7, time.Millisecond, 5*time.Second)
	p.perByte = perhaps(0.5, 0, 20*time.Microsecond)

	p.lose, p.repeat = share(0.15, 0.1), share(0.3, 0.2)
	p.reorder, p.forge = share(0.3, 0.3), share(0.1, 0.05)

	p.cut, p.silence = perhaps(0.8, long, 20*long), perhaps(0.3, 10*long, 30*long)
	p.replay = perhaps(0.3, long, 10*long)

	p.request, p.cancel = between(long/3, long), perhaps(0.7, long/2, 10*long)
	p.suspend, p.clientClock = perhaps(0.3, 10*long, 60*long), perhaps(0.3, 10*long, 60*long)
	p.crash = perhaps(0.3, 15*long, 60*long)

	p.publish = between(long/5, 2*long)
	p.restart, p.forget = perhaps(0.4, 10*long, 60*long), perhaps(0.3, 10*long, 60*long)
	p.serverClock = perhaps(0.2, 20*long, 60*long)
	p.refuse = perhaps(0.05, 30*long, 60*long)

	p.slow, p.loseUpdate = share(0.6, 0.3), share(0.4, 0.3)
	p.firstSkew = time.Duration(r.Int64N(int64(48*time.Hour))) - 24*time.Hour
	if r.IntN(3) > 0 {
		p.firstSkew /= 2000
	}
	p.makeKey = r.IntN(10) == 0
	if r.IntN(4) == 0 {
		p.compress = 150
	}
	p.dialFails = share(0.5, 0.4)
	return p
}

// A fault is something that goes wrong, or happens, again and again.
type fault struct {
	name  string
	every time.Duration
	do    func()
}

func (w *world) faults() []fault {
	return []fault{
		{"requests", w.p.request, w.client.ask},
		{"cancel", w.p.cancel, w.client.cancelOne},
		{"cut", w.p.cut, w.net.cut},
		{"silence", w.p.silence, w.net.silence},
		{"replay", w.p.replay, w.net.replay},
		{"suspend", w.p.suspend, w.client.suspend},
		{"client's clock jumps", w.p.clientClock, w.client.jump},
		{"crash", w.p.crash, w.client.crash},
		{"publish", w.p.publish, func() { w.server.publish(w.burst(3, 60)) }},
		{"restart", w.p.restart, w.server.restart},
		{"session is forgotten", w.p.forget, w.server.forgetOne},
		{"server's clock jumps", w.p.serverClock, w.server.jump},
		{"key is forgotten", w.p.refuse, w.server.forgetKeys},
	}
}

// burst draws how many of something come at once: most often a few.
func (w *world) burst(few, many int) int {
	if w.choice.IntN(20) == 0 {
		return 1 + w.choice.IntN(many)
	}
	return 1 + w.choice.IntN(few)
}

// step draws by how much a clock jumps: a second as likely as days.
func (w *world) step() time.Duration {
	by := int64(time.Second) << w.choice.IntN(19)
	return time.Duration(w.choice.Int64N(2*by) - by)
}

// mixes reports whether packets get lost, forged or out of order in this
// world, so that what needs them in order may fail and begin again.
func (p *profile) mixes() bool { return p.lose+p.repeat+p.reorder+p.forge > 0 || p.replay > 0 }

// hostile reports whether somebody changes the order of packets or repeats
// them.
func (p *profile) hostile() bool { return p.repeat+p.reorder > 0 || p.replay > 0 }

// remembers reports whether the server never forgets a session, nor the client
// its place in time, by which they lose track of each other.
func (p *profile) remembers() bool {
	return p.restart+p.forget+p.serverClock+p.refuse+p.suspend+p.clientClock == 0
}

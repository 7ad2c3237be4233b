// Package simnet is a network in memory that behaves like a bad one: it takes
// its time, hands bytes out in pieces, breaks connections in the middle of what
// they carry, and lets some go silent. In a bubble of testing/synctest its time
// is virtual.
//
// Make a [Network] with [New], serve what [Network.Listen] returns, and open
// connections with [Network.Dial].
package simnet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Options say how bad a network is. The zero value is a good one.
type Options struct {
	Latency time.Duration // of every piece of data, at the least
	Jitter  time.Duration // that comes on top, at the most
	Piece   int           // bytes that arrive at once, at the most; 0 for any number
	Buffer  int           // bytes on the way in one direction before Write waits; 0 stands for 64 KiB
	Refuse  float64       // the share of the attempts to connect that fail
}

// ErrReset is what reading from and writing to a broken connection returns.
var ErrReset = errors.New("simnet: connection reset")

// ErrRefused is what Dial returns for an attempt that fails, and where nobody
// listens.
var ErrRefused = errors.New("simnet: connection refused")

// A Network carries the connections to one address. It is safe for concurrent
// use.
type Network struct {
	mu       sync.Mutex
	o        Options
	choice   *rand.Rand
	listener *listener // nil for nobody
	links    []*link
	dialed   int
}

// New returns a network whose choices follow from the seed.
func New(seed uint64, o Options) *Network {
	if o.Buffer == 0 {
		o.Buffer = 64 << 10
	}
	return &Network{o: o, choice: rand.New(rand.NewPCG(seed, 2))}
}

// A listener accepts connections until it is closed.
type listener struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

// Listen makes the far end of the network listen, in the place of who listened
// before.
func (n *Network) Listen() net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listener = &listener{accepted: make(chan net.Conn), closed: make(chan struct{})}
	return n.listener
}

// Accept returns the far end of the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accepted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. Connections go on.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns an address that says nothing.
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

// Dial opens a connection and returns its near end.
func (n *Network) Dial(ctx context.Context) (net.Conn, error) {
	n.mu.Lock()
	latency, refuse := n.delay(), n.choice.Float64() < n.o.Refuse
	n.mu.Unlock()
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	to := n.listener
	n.mu.Unlock()
	if refuse || to == nil {
		return nil, ErrRefused
	}
	l := newLink(n)
	select {
	case to.accepted <- &l.far:
	case <-to.closed:
		return nil, ErrRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dialed++
	n.links = append(n.links, l)
	return &l.near, nil
}

// delay draws how long something is on its way.
func (n *Network) delay() time.Duration {
	d := n.o.Latency
	if n.o.Jitter > 0 {
		d += time.Duration(n.choice.Int64N(int64(n.o.Jitter)))
	}
	return d
}

// Dialed returns how many connections there have been.
func (n *Network) Dialed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

// Heal makes the network a good one, for connections that are open too.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.o = Options{Buffer: n.o.Buffer}
}

// Cut breaks every open connection: what has not arrived never does, not even
// the rest of what is in the middle of arriving.
func (n *Network) Cut() {
	for _, l := range n.open() {
		l.toFar.fail(ErrReset)
		l.toNear.fail(ErrReset)
	}
}

// Silence makes every open connection carry nothing more, without telling
// either end.
func (n *Network) Silence() {
	for _, l := range n.open() {
		l.toFar.silence()
		l.toNear.silence()
	}
}

// open returns the connections that are open.
func (n *Network) open() []*link {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links = slices.DeleteFunc(n.links, func(l *link) bool { return l.toFar.over() && l.toNear.over() })
	return slices.Clone(n.links)
}

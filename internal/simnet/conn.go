package simnet

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A link is a connection: two ends and a way in each direction.
type link struct {
	near, far     end
	toFar, toNear way
}

func newLink(n *Network) *link {
	l := &link{}
	for _, w := range []*way{&l.toFar, &l.toNear} {
		w.network, w.changed = n, make(chan struct{})
	}
	l.near = end{in: &l.toNear, out: &l.toFar}
	l.far = end{in: &l.toFar, out: &l.toNear}
	return l
}

// An end is one end of a connection, a net.Conn.
type end struct {
	in, out *way
}

// Read returns the bytes that have arrived, io.EOF after the other end has
// been closed and ErrReset when the connection is broken.
func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write puts bytes on their way, and waits for room.
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

// Close ends both directions: what has been written still arrives.
func (e *end) Close() error {
	e.out.finish()
	e.in.fail(net.ErrClosed)
	return nil
}

// LocalAddr and RemoteAddr return addresses that say nothing.
func (e *end) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (e *end) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline sets both deadlines.
func (e *end) SetDeadline(t time.Time) error {
	e.in.setDeadline(&e.in.readBy, t)
	e.out.setDeadline(&e.out.writeBy, t)
	return nil
}

// SetReadDeadline sets when Read gives up.
func (e *end) SetReadDeadline(t time.Time) error {
	e.in.setDeadline(&e.in.readBy, t)
	return nil
}

// SetWriteDeadline sets when Write gives up.
func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.setDeadline(&e.out.writeBy, t)
	return nil
}

// A way is one direction of a connection.
type way struct {
	network *Network

	mu       sync.Mutex
	changed  chan struct{} // closed, and made anew, with every change
	pieces   []piece
	size     int // bytes in pieces
	silent   bool
	finished bool  // nothing more is written
	failed   error // nothing more is read or written
	readBy   time.Time
	writeBy  time.Time
}

// A piece is some bytes on their way.
type piece struct {
	at   time.Time // of the arrival
	data []byte
}

// change wakes those who wait for something to change. w.mu is held.
func (w *way) change() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// wait waits until something changes, or until the earlier of the two times,
// of which the zero one is never. w.mu is held, but not meanwhile.
func (w *way) wait(a, b time.Time) {
	changed := w.changed
	w.mu.Unlock()
	defer w.mu.Lock()
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		a = b
	}
	if a.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(a))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }

func (w *way) read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		var next time.Time
		switch {
		case w.failed != nil:
			return 0, w.failed
		case passed(w.readBy):
			return 0, os.ErrDeadlineExceeded
		case w.silent:
		case len(w.pieces) > 0:
			first := &w.pieces[0]
			if !first.at.After(time.Now()) {
				n := copy(p, first.data)
				if first.data = first.data[n:]; len(first.data) == 0 {
					w.pieces = w.pieces[1:]
				}
				w.size -= n
				w.change()
				return n, nil
			}
			next = first.at
		case w.finished:
			return 0, io.EOF
		}
		w.wait(w.readBy, next)
	}
}

func (w *way) write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	written := 0
	for len(p) > 0 {
		data, at, room := w.next(p)
		switch {
		case w.failed != nil:
			return written, w.failed
		case w.finished:
			return written, net.ErrClosed
		case passed(w.writeBy):
			return written, os.ErrDeadlineExceeded
		case !room:
			w.wait(w.writeBy, time.Time{})
			continue
		}
		w.pieces = append(w.pieces, piece{at, append([]byte(nil), data...)})
		w.size += len(data)
		written += len(data)
		p = p[len(data):]
		w.change()
	}
	return written, nil
}

// next draws how much of p goes on its way as one piece and when it arrives:
// not before what went ahead.
func (w *way) next(p []byte) (data []byte, at time.Time, room bool) {
	n := w.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.o.Piece > 0 {
		p = p[:1+n.choice.IntN(min(len(p), n.o.Piece))]
	}
	at = time.Now().Add(n.delay())
	if last := len(w.pieces) - 1; last >= 0 && at.Before(w.pieces[last].at) {
		at = w.pieces[last].at
	}
	return p, at, w.size < n.o.Buffer
}

func (w *way) setDeadline(which *time.Time, t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*which = t
	w.change()
}

func (w *way) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.change()
}

func (w *way) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed, w.pieces, w.size = err, nil, 0
		w.change()
	}
}

func (w *way) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
	w.change()
}

func (w *way) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed != nil
}

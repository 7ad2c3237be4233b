package simnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/simnet"
)

// connect runs test with both ends of a connection, in virtual time.
func connect(t *testing.T, o simnet.Options, test func(n *simnet.Network, near, far net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1, o)
		l := n.Listen()
		accepted := make(chan net.Conn, 1)
		go func() {
			far, err := l.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- far
		}()
		near, err := n.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		far := <-accepted
		test(n, near, far)
		near.Close()
		far.Close()
	})
}

func TestBytesArriveInOrderAndLate(t *testing.T) {
	o := simnet.Options{Latency: time.Second, Jitter: time.Second, Piece: 7}
	connect(t, o, func(_ *simnet.Network, near, far net.Conn) {
		sent := make([]byte, 10_000)
		for i := range sent {
			sent[i] = byte(i * i >> 3)
		}
		begun := time.Now()
		go func() {
			if _, err := near.Write(sent); err != nil {
				t.Error(err)
			}
			near.Close()
		}()
		received, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(sent, received) {
			t.Errorf("%d bytes of %d, %v", len(received), len(sent), err)
		}
		if took := time.Since(begun); took < time.Second || took > 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestCut(t *testing.T) {
	connect(t, simnet.Options{Latency: time.Second, Piece: 3}, func(n *simnet.Network, near, far net.Conn) {
		if _, err := near.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		n.Cut()
		if got, err := io.ReadAll(far); !errors.Is(err, simnet.ErrReset) || len(got) != 0 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if _, err := near.Write(make([]byte, 1)); !errors.Is(err, simnet.ErrReset) {
			t.Error(err)
		}
	})
}

func TestSilenceAndDeadlines(t *testing.T) {
	connect(t, simnet.Options{Buffer: 10}, func(n *simnet.Network, near, far net.Conn) {
		n.Silence()
		_ = near.SetDeadline(time.Now().Add(time.Minute))
		_ = far.SetReadDeadline(time.Now().Add(time.Hour))
		begun := time.Now()
		if _, err := near.Write(make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Write(make([]byte, 20)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1, simnet.Options{})
		dial := func(want error) {
			t.Helper()
			if _, err := n.Dial(t.Context()); !errors.Is(err, want) {
				t.Error(err)
			}
		}
		dial(simnet.ErrRefused)
		l := n.Listen()
		l.Close()
		dial(simnet.ErrRefused)
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		n = simnet.New(1, simnet.Options{Refuse: 1})
		n.Listen()
		dial(simnet.ErrRefused)
	})
}

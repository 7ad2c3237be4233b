package mtclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
)

// ordered starts queries 1 to n in their order, and returns what waits for
// their answers.
func (h *harness) ordered(order *Sequence, n int, answered func(n uint64, body []byte, err error)) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range uint64(n) {
		place := order.Next()
		all.Go(func() {
			<-time.After(time.Duration(n-int(i)) * time.Millisecond) // in any order but theirs
			body, err := h.Do(context.Background(), Request{Query: message(queryID, i+1), Place: place})
			answered(i+1, body, err)
		})
	}
	return &all
}

// afterOf takes an invokeAfterMsg apart.
func afterOf(query []byte) (inner []byte, after mtproto.MsgID) {
	if binary.LittleEndian.Uint32(query) != 0xcb9f372d {
		return query, 0
	}
	return query[12:], mtproto.MsgID(binary.LittleEndian.Uint64(query[4:]))
}

// R-SM-70, R-SM-71: queries of a sequence leave in their order without waiting,
// each naming the one before; one that is refused on account of that is sent
// again when it is answered, and a refusal of another holds nothing up.
func TestSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var got []uint64
		refused := map[uint64]int{}
		s.answer = func(c *serverConn, body []byte) ([]byte, error) {
			query, after := afterOf(body)
			n := binary.LittleEndian.Uint64(query[4:])
			switch {
			case n == 3:
				got = append(got, n)
				return nil, mtproto.NewRPCError(400, "BAD")
			case n == 4 && after != 0:
				return nil, mtproto.NewRPCError(400, "MSG_WAIT_FAILED")
			case after != 0 && (n == 5 || n == 6) && refused[n] == 0:
				refused[n]++
				return nil, mtproto.NewRPCError(400, "MSG_WAIT_TIMEOUT")
			}
			got = append(got, n)
			return echo(c, query)
		}
		h := run(t, s, Options{Credentials: s.credentials()})
		h.ask(100)
		var order Sequence
		h.ordered(&order, 8, func(n uint64, body []byte, err error) {
			switch {
			case n == 3 && errors.Is(err, &mtproto.RPCError{Type: "BAD"}):
			case err != nil || !bytes.Equal(body, message(answerID, n)):
				t.Errorf("query %d: %x, %v", n, body, err)
			}
		}).Wait()
		h.stop(s)
		if len(got) != 9 {
			t.Errorf("carried out %v", got)
		}
		// The test's server does not hold 7 back until 6 is done, as a real one does.
		got = slices.DeleteFunc(got, func(n uint64) bool { return n > 6 })
		if !slices.IsSorted(got) {
			t.Errorf("carried out as %v", got)
		}
	})
}

// A sequence is kept over a lost connection: queries that are sent again name
// the ids that those before them have then.
func TestSequenceOverReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		var got []uint64
		lose := false
		s.see = func(c *serverConn, _ []byte) bool {
			if lose && c.number == 1 {
				_ = c.Close()
				return false
			}
			return true
		}
		ids := map[mtproto.MsgID]bool{}
		s.answerTo = func(id mtproto.MsgID, body []byte) ([]byte, error) {
			query, after := afterOf(body)
			if after != 0 && !ids[after] {
				t.Errorf("%x comes after %d, which has not come", query, after)
			}
			ids[id] = true
			got = append(got, binary.LittleEndian.Uint64(query[4:]))
			return echo(nil, query)
		}
		h := run(t, s, Options{Credentials: s.credentials()})
		h.ask(100)
		lose = true
		var order Sequence
		h.ordered(&order, 20, func(n uint64, body []byte, err error) {
			if err != nil || !bytes.Equal(body, message(answerID, n)) {
				t.Errorf("query %d: %x, %v", n, body, err)
			}
		}).Wait()
		h.stop(s)
		if !slices.IsSorted(got[1:]) || len(got) != 21 {
			t.Errorf("carried out as %v", got)
		}
	})
}

// A place that is released, or whose query is given up, holds nothing up.
func TestPlaceReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		s.down.Store(true)
		h := run(t, s, Options{Credentials: s.credentials()})
		var order Sequence
		first, second, third, fourth := order.Next(), order.Next(), order.Next(), order.Next()
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		give := func(p *Place, n uint64) {
			all.Go(func() {
				_, err := h.Do(ctx, Request{Query: message(queryID, n), Place: p})
				if !errors.Is(err, mtproto.ErrNotExecuted) || !errors.Is(err, context.Canceled) {
					t.Errorf("query %d: %v", n, err)
				}
			})
		}
		give(second, 2) // waits for the first place
		give(third, 3)
		synctest.Wait()
		first.Release()
		synctest.Wait() // now the second waits for a connection
		cancel()
		all.Wait()
		s.down.Store(false)
		all.Go(func() {
			if _, err := h.Do(context.Background(), Request{Query: message(queryID, 4), Place: fourth}); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		h.stop(s)
		if s.sent(message(queryID, 2)) || s.sent(message(queryID, 3)) {
			t.Error("a query that was given up was sent")
		}
	})
}

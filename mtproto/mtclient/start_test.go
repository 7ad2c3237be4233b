package mtclient

import (
	"sync"
	"testing"
	"testing/synctest"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// R-IX-29: queries made at once at the start are all wrapped in what announces
// the connection, and none is lost by it.
func TestParallelStart(t *testing.T) {
	for _, temporary := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			s.temporary = temporary
			wrapped := 0
			s.answer = func(c *serverConn, body []byte) ([]byte, error) {
				query, w := unwrap(body)
				if w {
					wrapped++
				}
				return echo(c, query)
			}
			h := run(t, s, Options{Init: wrap})
			var all sync.WaitGroup
			for n := range uint64(20) {
				all.Go(func() { h.ask(n) })
			}
			all.Wait()
			h.stop(s)
			if wrapped != 20 {
				t.Errorf("%d of 20 were wrapped", wrapped)
			}
		})
	}
}

// R-EM-42: the salts that are saved are good after a restart.
func TestSaltsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t)
		c := s.credentials()
		first := run(t, s, Options{Credentials: c})
		first.ask(1)
		first.stop(s)
		kept := first.saved[len(first.saved)-1]
		if len(kept.Salts) < 10 {
			t.Fatalf("%d salts are kept", len(kept.Salts))
		}
		advance(10 * 60 * 60 * 1e9)
		refused := 0
		s.see = func(_ *serverConn, packet []byte) bool {
			k := s.keys[c.Key.ID()]
			e, err := session.Open(&k.key, mtproto.Client, packet)
			if err != nil {
				t.Error(err)
			} else if !k.salts.Valid(s.now(), e.Salt) {
				refused++
			}
			return true
		}
		second := run(t, s, Options{Credentials: kept})
		second.ask(2)
		second.stop(s)
		if refused != 0 {
			t.Errorf("%d packets had a salt that was over", refused)
		}
	})
}

package mtclient

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
)

// lend runs a client that makes a temporary key, and returns it with the key.
func lend(t *testing.T, s *server, permanent Credentials) (*harness, Temporary) {
	t.Helper()
	made := make(chan Temporary, 8)
	h := run(t, s, Options{Credentials: permanent, OnTemporary: func(key Temporary) { made <- key }})
	h.ask(1)
	return h, <-made
}

// R-PF-07, R-EM-64: several clients use one temporary key, which one of them makes,
// and each may have the server forget the session of another.
func TestForeignKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTemporaryServer(t)
		permanent := s.credentials()
		owner, key := lend(t, s, permanent)
		other := run(t, s, Options{Credentials: permanent, Temporary: key})
		other.ask(2)
		owner.ask(3)
		if owner.Session() == other.Session() || other.Session() == 0 {
			t.Errorf("the sessions are %x and %x", owner.Session(), other.Session())
		}
		s.cut()
		advance(10 * time.Second)
		other.ask(4)
		if keys, _ := s.temporaryKeys(); len(keys) != 1 || count(s.notes(), "bind") != 1 {
			t.Errorf("%d temporary keys, bound %d times", len(keys), count(s.notes(), "bind"))
		}
		other.DestroySession(owner.Session())
		owner.cancel()
		<-owner.ended
		other.ask(5)
		if want := fmt.Sprintf("destroy %x", int64(owner.Session())); count(s.notes(), want) != 1 {
			t.Errorf("%q is not in %q", want, s.notes())
		}
		other.stop(s)
		other.DestroySession(1) // does not hang
	})
}

// A client with the key of another ends when that is of no use any more, and says
// so of what was not carried out.
func TestForeignKeyEnds(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, s *server, permanent Credentials, key Temporary){
		"replaced": func(t *testing.T, s *server, permanent Credentials, _ Temporary) {
			next, _ := lend(t, s, permanent)
			next.cancel()
			<-next.ended
		},
		"expired": func(*testing.T, *server, Credentials, Temporary) { advance(25 * time.Hour) },
		"forgotten": func(_ *testing.T, s *server, _ Credentials, key Temporary) {
			s.mu.Lock()
			delete(s.keys, key.Key.ID())
			s.mu.Unlock()
			s.cut()
			advance(10 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTemporaryServer(t)
				permanent := s.credentials()
				owner, key := lend(t, s, permanent)
				owner.cancel()
				<-owner.ended
				other := run(t, s, Options{Credentials: permanent, Temporary: key})
				other.ask(2)
				end(t, s, permanent, key)
				_, err := other.Do(context.Background(), Request{Query: message(queryID, 3)})
				var outcome *mtproto.OutcomeError
				if !errors.As(err, &outcome) || outcome.Outcome != mtproto.NotExecuted || !errors.Is(err, ErrKeyExpired) {
					t.Errorf("a query under the key: %v", err)
				}
				if err := <-other.ended; !errors.Is(err, ErrKeyExpired) {
					t.Errorf("Run: %v", err)
				}
				s.tasks.Wait()
			})
		})
	}
}

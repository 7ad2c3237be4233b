package mtserver

import (
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/transport"
)

// Of the keys in memory those that have expired are forgotten some time, and
// no others (R-PF-02).
func TestMemoryKeys(t *testing.T) {
	m := NewMemoryKeys()
	now := time.Unix(1700000000, 0)
	save := func(n uint64, expires time.Time) mtproto.KeyID {
		var value [mtproto.AuthKeySize]byte
		binary.LittleEndian.PutUint64(value[:], n)
		k := Key{AuthKey: mtproto.NewAuthKey(value), Created: now, ExpiresAt: expires}
		if err := m.Save(k); err != nil {
			t.Fatal(err)
		}
		return k.AuthKey.ID()
	}
	var permanent, expired, good []mtproto.KeyID
	for n := range uint64(1000) {
		permanent = append(permanent, save(3*n, time.Time{}))
		expired = append(expired, save(3*n+1, now.Add(-time.Second)))
		good = append(good, save(3*n+2, now.Add(time.Second)))
	}
	for _, id := range append(permanent, good...) {
		if k, ok := m.Load(id); !ok || k.AuthKey.ID() != id {
			t.Fatal("a key that has not expired is gone")
		}
	}
	left := 0
	for _, id := range expired {
		if _, ok := m.Load(id); ok {
			left++
		}
	}
	if left == 0 || left == len(expired) {
		t.Errorf("%d of %d expired keys left", left, len(expired))
	}
	if err := errors.Join(m.Delete(permanent[0]), m.Delete(permanent[0])); err != nil {
		t.Error(err)
	}
	if _, ok := m.Load(permanent[0]); ok {
		t.Error("a deleted key is there")
	}
}

// R-AK-09: the last step of a key exchange is answered again when it comes
// again, and the key stays as it was stored. A source of randomness that is
// not safe for concurrent use will do.
func TestHandshakeRetransmission(t *testing.T) {
	var seed [32]byte
	serve(t, Options{Rand: mathrand.NewChaCha8(seed)}, func(t *testing.T, f *fixture) {
		l := f.dial(transport.Options{})
		c := authkey.NewClient(authkey.ClientOptions{Keys: publicKeys(), DC: 2, Rand: f.srv.o.Rand})
		out, err := c.Start(time.Now())
		var last []byte
		for err == nil && out != nil {
			l.write(out)
			last = out
			out, err = c.Receive(time.Now(), l.packet())
		}
		made, ok := c.Done()
		if err != nil || !ok {
			t.Fatalf("key exchange: %v", err)
		}
		stored, _ := f.keys.Load(made.Key.ID())
		stored.Bound = 5
		if err := f.keys.Save(stored); err != nil {
			t.Fatal(err)
		}
		l.write(last)
		if in := l.next(); in.err != nil {
			t.Fatalf("not answered again: %v", in.err)
		}
		if k, _ := f.keys.Load(made.Key.ID()); k != stored {
			t.Error("the key was stored again")
		}
	})
}

// An iteration over sessions may end early and may close them.
func TestSessionsIteration(t *testing.T) {
	serve(t, Options{}, func(t *testing.T, f *fixture) {
		k := f.key()
		for i := range 3 {
			r := f.raw(k)
			r.id = mtproto.SessionID(i + 1)
			r.send(r.message(ping(t), false))
			r.waiting()
		}
		n := 0
		for s := range f.srv.Sessions() {
			s.Close()
			if n++; n == 2 {
				break
			}
		}
		if _, closed, _ := f.h.counts(); closed != 2 {
			t.Errorf("%d sessions closed", closed)
		}
	})
}

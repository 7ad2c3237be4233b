package sandbox

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"godwit/mtproto/transport"
	"godwit/tg"
	"godwit/tl"
)

// What a sandbox holds is tried with
//
//	go test ./sandbox -run TestManyClients -v -clients 2000
var clients = flag.Int("clients", 60, "number of clients in TestManyClients")

// Everybody signs in on a connection of their own and stays; then each writes
// to the next, and everybody gets exactly what is for them.
func TestManyClients(t *testing.T) {
	n := *clients
	sb, err := New(Options{PrivateKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sb.Close() })
	info := sb.Info()
	for i := range n {
		if _, err := sb.AddUser(phoneOf(i), fmt.Sprint("Person ", i), ""); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	people := make([]*remote, n)
	inParallel(n, func(i int) {
		people[i] = dial(t, info, 1+i%2, transport.Options{Framing: transport.Abridged})
		if err := people[i].signIn(t.Context(), info, phoneOf(i), fmt.Sprint(1+i%2)); err != nil {
			t.Errorf("person %d: %v", i, err)
		}
	})
	if t.Failed() {
		return
	}
	t.Logf("%d clients made keys and signed in within %v", n, time.Since(began).Round(time.Millisecond))

	began = time.Now()
	inParallel(n, func(i int) {
		if err := people[i].write(t.Context(), phoneOf((i+1)%n), fmt.Sprint("from ", i)); err != nil {
			t.Errorf("person %d: %v", i, err)
		}
	})
	for i, p := range people {
		if err := p.awaitText(t.Context(), fmt.Sprint("from ", (i+n-1)%n)); err != nil {
			t.Fatalf("person %d: %v", i, err)
		}
	}
	t.Logf("%d messages sent and received within %v", n, time.Since(began).Round(time.Millisecond))

	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("heap in use, clients and server together: %d MB, %d goroutines", m.HeapInuse>>20, runtime.NumGoroutine())
	if got := len(sb.Ledger()); got != n {
		t.Errorf("the server has %d messages, want %d", got, n)
	}
}

func phoneOf(i int) string { return fmt.Sprintf("99966%d%04d", 1+i%2, i) }

// inParallel calls f for 0 to n-1, some at a time.
func inParallel(n int, f func(i int)) {
	var group sync.WaitGroup
	free := make(chan struct{}, 32)
	for i := range n {
		free <- struct{}{}
		group.Go(func() {
			f(i)
			<-free
		})
	}
	group.Wait()
}

func (r *remote) signIn(ctx context.Context, info Info, phone, digit string) error {
	sent, err := tg.Call(ctx, r, &tg.AuthSendCode{PhoneNumber: phone, APIID: int32(info.APIID), APIHash: info.APIHash})
	if err != nil {
		return err
	}
	code, ok := sent.(*tg.AuthSentCode)
	if !ok {
		return fmt.Errorf("code sent as %T", sent)
	}
	_, err = tg.Call(ctx, r, &tg.AuthSignIn{
		PhoneNumber: phone, PhoneCodeHash: code.PhoneCodeHash, PhoneCode: tl.Some(digit + digit + digit + digit + digit),
	})
	return err
}

// write sends a text to the owner of a phone number.
func (r *remote) write(ctx context.Context, phone, text string) error {
	found, err := tg.Call(ctx, r, &tg.ContactsResolvePhone{Phone: phone})
	if err != nil {
		return err
	}
	user := found.Users[0].(*tg.User)
	_, err = tg.Call(ctx, r, &tg.MessagesSendMessage{
		Peer: &tg.InputPeerUser{UserID: user.ID, AccessHash: user.AccessHash.Value}, Message: text, RandomID: user.ID,
	})
	return err
}

// awaitText waits for the first chat message that comes, which must be text.
func (r *remote) awaitText(ctx context.Context, text string) error {
	for {
		select {
		case u := <-r.updates:
			all, ok := u.(*tg.Updates)
			if !ok {
				continue
			}
			for _, one := range all.Updates {
				if m, ok := one.(*tg.UpdateNewMessage); ok {
					if got := m.Message.(*tg.Message).Message; got != text {
						return fmt.Errorf("got %q, want %q", got, text)
					}
					return nil
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

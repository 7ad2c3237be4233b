package simulation_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/simnet"
	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport"
)

var shellKey = sync.OnceValue(func() *mtcrypto.PrivateKey {
	key, err := mtcrypto.GeneratePrivateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// What queries, answers and updates begin with; a number follows.
const (
	shellQuery uint32 = 0x51515151 + iota
	shellAnswer
	shellUpdate
)

func numbered(id uint32, n uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, id), n)
}

// A shellWorld is mtclient and mtserver on a bad network, in virtual time.
type shellWorld struct {
	t      *testing.T
	choice *mathrand.Rand // of the one goroutine that makes trouble
	net    *simnet.Network
	keys   *mtserver.MemoryKeys
	client *mtclient.Client
	server *mtserver.Server
	served chan error

	mu       sync.Mutex
	executed map[uint32]int
	slow     *mathrand.Rand
	updates  map[uint32]int // that the client got
	asking   sync.WaitGroup
	ended    map[string]int
}

// TestShells runs the client and the server as programs use them, with
// goroutines, temporary keys that are replaced every few minutes and real
// framing, over a network that breaks, stalls and refuses, while the server
// restarts (R-EM-61 to R-EM-63, R-PF-02, R-PF-11, R-SM-47, R-SM-65): every query
// ends, with its own answer or an outcome that is true, none that must not is
// carried out twice, and what is pushed at the end arrives.
func TestShells(t *testing.T) {
	shellKey()
	for seed := range shellSeeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runShells(t, seed) })
		})
	}
}

func runShells(t *testing.T, seed uint64) {
	choice := mathrand.New(mathrand.NewPCG(seed, 3))
	w := &shellWorld{
		t: t, choice: choice, keys: mtserver.NewMemoryKeys(), slow: mathrand.New(mathrand.NewPCG(seed, 4)),
		executed: map[uint32]int{}, updates: map[uint32]int{}, ended: map[string]int{},
	}
	w.net = simnet.New(seed, simnet.Options{
		Latency: time.Duration(1+choice.IntN(200)) * time.Millisecond,
		Jitter:  time.Duration(choice.IntN(2000)) * time.Millisecond,
		Piece:   []int{0, 1, 50, 1000}[choice.IntN(4)], Refuse: choice.Float64() / 2,
	})
	w.serve()
	ctx, stop := context.WithCancel(t.Context())
	running := w.run(ctx, seed)
	for range 150 {
		w.trouble()
		<-time.After(time.Duration(choice.Int64N(int64(6 * time.Second))))
	}
	w.net.Heal()
	w.net.Cut()
	w.asking.Wait()
	w.ask(99_999, true, 0)
	w.asking.Wait()
	w.push(99_999)
	<-time.After(10 * time.Second)
	w.check()
	stop()
	if err := <-running; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	w.shut()
}

// run starts the client.
func (w *shellWorld) run(ctx context.Context, seed uint64) <-chan error {
	client, err := mtclient.New(mtclient.Options{
		Dial: w.net.Dial, DC: 2, PublicKeys: []mtcrypto.PublicKey{shellKey().Public()},
		Transport:   transport.Options{Framing: []transport.Framing{transport.Abridged, transport.PaddedIntermediate}[seed%2]},
		KeyLifetime: 5 * time.Minute, PermanentKeyOnly: seed%4 == 3, MaxBackoff: 5 * time.Second,
		OnUpdate: func(body []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.updates[binary.LittleEndian.Uint32(body[4:])]++
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.client = client
	running := make(chan error, 1)
	go func() { running <- client.Run(ctx) }()
	return running
}

// serve starts a server, which knows the keys of the one before.
func (w *shellWorld) serve() {
	server, err := mtserver.New(mtserver.Options{DC: 2, PrivateKey: shellKey(), Keys: w.keys, Handler: w})
	if err != nil {
		w.t.Fatal(err)
	}
	w.server, w.served = server, make(chan error, 1)
	l := w.net.Listen()
	go func() { w.served <- server.Serve(l) }()
}

func (w *shellWorld) shut() {
	if err := w.server.Close(); err != nil {
		w.t.Error(err)
	}
	if err := <-w.served; !errors.Is(err, mtserver.ErrServerClosed) {
		w.t.Errorf("Serve: %v", err)
	}
}

// trouble does one thing to the two of them.
func (w *shellWorld) trouble() {
	switch w.choice.IntN(12) {
	case 0:
		w.net.Cut()
	case 1:
		if w.choice.IntN(3) == 0 {
			w.net.Silence()
		}
	case 2:
		if w.choice.IntN(4) == 0 {
			w.shut()
			w.serve()
		}
	case 3:
		w.push(w.choice.Uint32N(1000))
	default:
		for range 1 + w.choice.IntN(4) {
			n := w.choice.Uint32N(1 << 30)
			var patience time.Duration
			if w.choice.IntN(4) == 0 {
				patience = time.Duration(w.choice.Int64N(int64(20 * time.Second)))
			}
			w.ask(n, w.choice.IntN(2) == 0, patience)
		}
	}
}

// ask makes a query, which is given up when patience ends, if that is not 0.
func (w *shellWorld) ask(n uint32, repeat bool, patience time.Duration) {
	w.asking.Go(func() {
		ctx := w.t.Context()
		if patience > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		body, err := w.client.Do(ctx, mtclient.Request{Query: numbered(shellQuery, n), Repeat: repeat})
		w.mu.Lock()
		defer w.mu.Unlock()
		times := w.executed[n]
		var refusal *mtproto.RPCError
		switch {
		case err == nil:
			w.ended["answered"]++
			if string(body) != string(numbered(shellAnswer, n)) || times == 0 {
				w.t.Errorf("query %d, carried out %d times: answer %x", n, times, body)
			}
		case errors.As(err, &refusal):
			w.t.Errorf("query %d: %v", n, err)
		case errors.Is(err, mtproto.ErrNotExecuted):
			w.ended["not executed"]++
			w.executed[n] -= 1000 // and never will be
			if times != 0 {
				w.t.Errorf("query %d, carried out %d times: %v", n, times, err)
			}
		case errors.Is(err, mtproto.ErrExecuted):
			w.ended["executed"]++
			if times == 0 {
				w.t.Errorf("query %d, never carried out: %v", n, err)
			}
		case errors.Is(err, mtproto.ErrOutcomeUnknown):
			w.ended["unknown"]++
			if repeat && patience == 0 {
				w.t.Errorf("query %d could be repeated: %v", n, err)
			}
		default:
			w.t.Errorf("query %d: %v", n, err)
		}
		if !repeat && times > 1 {
			w.t.Errorf("query %d was carried out %d times: %v", n, times, err)
		}
	})
}

// HandleRequest carries a query out, and takes its time now and then.
func (w *shellWorld) HandleRequest(ctx context.Context, _ *mtserver.Session, _ mtproto.MsgID, query []byte) ([]byte, error) {
	n := binary.LittleEndian.Uint32(query[4:])
	w.mu.Lock()
	w.executed[n]++
	var delay time.Duration
	if w.slow.IntN(5) == 0 {
		delay = time.Duration(w.slow.Int64N(int64(30 * time.Second)))
	}
	w.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return numbered(shellAnswer, n), nil
}

// SessionOpened, SessionClosed and KeyDestroyed make a Handler of it.
func (w *shellWorld) SessionOpened(*mtserver.Session) {}
func (w *shellWorld) SessionClosed(*mtserver.Session) {}
func (w *shellWorld) KeyDestroyed(mtproto.KeyID)      {}

func (w *shellWorld) push(n uint32) {
	for s := range w.server.Sessions() {
		s.Push(numbered(shellUpdate, n))
	}
}

func (w *shellWorld) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Logf("%d connections, queries %v, %d updates", w.net.Dialed(), w.ended, len(w.updates))
	for n, times := range w.executed {
		if times < 0 && times != -1000 {
			w.t.Errorf("query %d was carried out, after all", n)
		}
	}
	if w.updates[99_999] == 0 {
		w.t.Error("the last update is missing")
	}
	if w.ended["answered"] == 0 {
		w.t.Error("nothing was answered")
	}
}

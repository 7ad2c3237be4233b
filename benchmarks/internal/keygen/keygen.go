// Package keygen measures what generating an auth key costs a client. Call
// [Measure].
package keygen

import (
	"context"
	crand "crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gotd/td/bin"
	rivalcrypto "github.com/gotd/td/crypto"
	"github.com/gotd/td/exchange"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/mtcrypto"
)

// dc is the data center that the clients ask for a key. The server takes any.
const dc = 2

// A Result is the mean CPU time that the client spent on one auth key.
type Result struct{ Godwit, Gotd time.Duration }

// Measure has each client generate as many keys, in turns.
//
// Both talk to the same server, godwit's, in the same thread and without a
// network between. A meter reads the thread's CPU clock and stands still while
// the server works, so that it counts the client alone: factoring, RSA,
// Diffie-Hellman, the checks, encoding, and the garbage that the client has to
// help collecting, but not collection in the background. The n-th server of
// both draws the same randomness, and so the same pq to factor.
func Measure(handshakes int) (Result, error) {
	key, err := mtcrypto.GeneratePrivateKey(crand.Reader)
	if err != nil {
		return Result{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var godwit, gotd meter
	for n := range handshakes {
		if err := runGotd(&gotd, key, newServer(key, n)); err != nil {
			return Result{}, err
		}
		if err := runGodwit(&godwit, key, newServer(key, n)); err != nil {
			return Result{}, err
		}
	}
	count := time.Duration(handshakes)
	return Result{Godwit: godwit.total / count, Gotd: gotd.total / count}, nil
}

func newServer(key *mtcrypto.PrivateKey, n int) *authkey.Server {
	var seed [32]byte
	seed[0], seed[1] = byte(n), byte(n>>8)
	return authkey.NewServer(authkey.ServerOptions{
		Key: key, DC: dc, Rand: rand.NewChaCha8(seed),
		KeyExists: func(mtproto.KeyID) bool { return false },
		AcceptDC:  func(int) bool { return true },
	})
}

func runGodwit(m *meter, key *mtcrypto.PrivateKey, server *authkey.Server) error {
	m.start()
	client := authkey.NewClient(authkey.ClientOptions{
		Keys: []mtcrypto.PublicKey{key.Public()}, DC: dc, Rand: crand.Reader,
	})
	packet, err := client.Start(time.Now())
	m.stop()
	for err == nil && packet != nil {
		var answer []byte
		if answer, err = server.Receive(time.Now(), packet); err != nil {
			break
		}
		m.start()
		packet, err = client.Receive(time.Now(), answer)
		m.stop()
	}
	if err != nil {
		return err
	}
	result, ok := client.Done()
	if !ok {
		return errors.New("keygen: godwit's client is not done")
	}
	return agree(server, result.Key.Bytes())
}

func runGotd(m *meter, key *mtcrypto.PrivateKey, server *authkey.Server) error {
	public := key.Public()
	conn := &serverConn{meter: m, server: server}
	m.start()
	keys := []exchange.PublicKey{{RSA: &rsa.PublicKey{N: new(big.Int).Set(public.N), E: public.E}}}
	client := exchange.NewExchanger(conn, dc).WithRand(rivalcrypto.DefaultRand()).Client(keys)
	result, err := client.Run(context.Background())
	m.stop()
	if err != nil {
		return err
	}
	return agree(server, result.AuthKey.Value[:])
}

// agree fails unless the server ended with the client's key: what did less
// than the whole exchange must not be measured.
func agree(server *authkey.Server, clientKey []byte) error {
	result, ok := server.Done()
	if !ok {
		return errors.New("keygen: the server is not done")
	}
	if string(result.Key.Bytes()) != string(clientKey) {
		return errors.New("keygen: client and server have different keys")
	}
	return nil
}

// A serverConn is gotd's connection to a server in the same thread. Sending
// runs the server, with the client's meter stopped.
type serverConn struct {
	meter  *meter
	server *authkey.Server
	answer []byte
}

// Send gives the packet to the server.
func (c *serverConn) Send(_ context.Context, b *bin.Buffer) error {
	c.meter.stop()
	defer c.meter.start()
	var err error
	c.answer, err = c.server.Receive(time.Now(), b.Copy())
	return err
}

// Recv returns the answer to the packet that was sent last.
func (c *serverConn) Recv(_ context.Context, b *bin.Buffer) error {
	if c.answer == nil {
		return errors.New("keygen: the server has nothing to say")
	}
	b.ResetTo(c.answer)
	c.answer = nil
	return nil
}

// Close does nothing.
func (c *serverConn) Close() error { return nil }

// Package place gives tests of what is built on the client a local Telegram
// with people on it. [New] starts one.
package place

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/tg"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// serverKey is made once: it takes as long as a dozen tests.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// A Place is a sandbox for one test.
type Place struct {
	*sandbox.Sandbox
	T   testing.TB
	Ctx context.Context // ends with the test

	network telegram.Network
	file    *connectionfile.File
}

// New starts a sandbox that ends with the test.
func New(t testing.TB, o sandbox.Options) *Place {
	t.Helper()
	p := &Place{T: t}
	var err error
	o.PrivateKey, err = serverKey()
	p.Check(err)
	p.Sandbox, err = sandbox.New(o)
	p.Check(err)
	p.Check(p.Start())
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(t.TempDir(), "connection.json")
	p.Check(p.WriteInfo(path))
	p.network, p.file, err = connectionfile.Load(path)
	p.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p.Ctx = ctx
	return p
}

// Check ends the test on an error.
func (p *Place) Check(err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatal(err)
	}
}

// Person adds somebody with a phone number 99966XYYYY and returns a client that
// is signed in as them.
func (p *Place) Person(phone, name string) *telegram.Client {
	p.T.Helper()
	_, err := p.AddUser(phone, name, "")
	p.Check(err)
	return p.SignIn(phone, telegram.Options{})
}

// SignIn returns another client of somebody who is there.
func (p *Place) SignIn(phone string, o telegram.Options) *telegram.Client {
	p.T.Helper()
	o.APIID, o.APIHash, o.Network = p.file.APIID, p.file.APIHash, p.network
	c, err := telegram.Connect(p.Ctx, o)
	p.Check(err)
	p.T.Cleanup(func() { _ = c.Close() })
	code := strings.Repeat(phone[5:6], 5)
	_, err = c.SignIn(p.Ctx, telegram.Answers{PhoneNumber: phone, AskCode: telegram.FixedCode(code)})
	p.Check(err)
	return c
}

// Meet returns how a client names somebody with a phone number.
func (p *Place) Meet(c *telegram.Client, phone string) tg.InputPeerClass {
	p.T.Helper()
	peer, err := c.ResolvePhone(p.Ctx, phone)
	p.Check(err)
	return peer
}

// User is Meet, as requests name users.
func (p *Place) User(c *telegram.Client, phone string) tg.InputUserClass {
	p.T.Helper()
	return telegram.InputUserOf(p.Meet(c, phone))
}

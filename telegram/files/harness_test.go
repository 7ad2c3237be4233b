package files_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	randv2 "math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/mtproto/mtcrypto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/files"
	"godwit/tg"
)

// patience is how long a test waits for what must happen. None waits for it to
// pass.
const patience = time.Minute

const (
	annPhone   = "9996610001" // on DC 1
	borisPhone = "9996620002" // on DC 2
)

// serverKey is made once: it takes as long as a dozen tests.
var serverKey = sync.OnceValues(func() (*mtcrypto.PrivateKey, error) {
	return mtcrypto.GeneratePrivateKey(rand.Reader)
})

// A place is a sandbox with Ann and Boris, who are at home on different DCs.
type place struct {
	*sandbox.Sandbox
	t      *testing.T
	ctx    context.Context
	later  atomic.Int64 // by how much the sandbox's clock is ahead
	client telegram.Options
}

func newPlace(t *testing.T, o sandbox.Options) *place {
	t.Helper()
	key, err := serverKey()
	check(t, err)
	p := &place{t: t}
	o.PrivateKey, o.FileDir = key, t.TempDir()
	o.Now = func() time.Time { return time.Now().Add(time.Duration(p.later.Load())) }
	p.Sandbox, err = sandbox.New(o)
	check(t, err)
	check(t, p.Start())
	t.Cleanup(func() { check(t, p.Close()) })
	path := filepath.Join(t.TempDir(), "connection.json")
	check(t, p.WriteInfo(path))
	network, file, err := connectionfile.Load(path)
	check(t, err)
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	p.client = telegram.Options{APIID: file.APIID, APIHash: file.APIHash, Network: network}
	for phone, name := range map[string]string{annPhone: "Ann", borisPhone: "Boris"} {
		_, err := p.AddUser(phone, name, "")
		check(t, err)
	}
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A person is a client that is signed in.
type person struct {
	*telegram.Client
	*files.Files
	p *place
}

func (p *place) person(phone string, o files.Options) *person {
	p.t.Helper()
	c, err := telegram.Connect(p.ctx, p.client)
	check(p.t, err)
	p.t.Cleanup(func() { c.Close() })
	_, err = c.SignIn(p.ctx, telegram.Answers{
		PhoneNumber: phone, AskCode: telegram.FixedCode(strings.Repeat(phone[5:6], 5)),
	})
	check(p.t, err)
	return &person{c, files.New(c, o), p}
}

// Send is that of Files: both have one.
func (n *person) Send(ctx context.Context, peer tg.InputPeerClass, media files.Media, m telegram.Outgoing) (*tg.Message, error) {
	return n.Files.Send(ctx, peer, media, m)
}

// SendAlbum is that of Files.
func (n *person) SendAlbum(ctx context.Context, peer tg.InputPeerClass, media []files.Media, m telegram.Outgoing) ([]*tg.Message, error) {
	return n.Files.SendAlbum(ctx, peer, media, m)
}

// peer finds somebody.
func (n *person) peer(phone string) tg.InputPeerClass {
	n.p.t.Helper()
	peer, err := n.ImportContact(n.p.ctx, telegram.Contact{Phone: phone, FirstName: "Contact"})
	check(n.p.t, err)
	return peer
}

// newest returns the last messages with somebody, the newest first.
func (n *person) newest(peer tg.InputPeerClass, count int) (list []*tg.Message) {
	n.p.t.Helper()
	for m, err := range n.History(n.p.ctx, peer, telegram.HistoryOptions{Limit: count}) {
		check(n.p.t, err)
		list = append(list, m)
	}
	return list
}

// received returns the file of the newest message from somebody.
func (n *person) received(from string) *files.Remote {
	n.p.t.Helper()
	peer := n.peer(from)
	r, err := files.OfMessage(n.newest(peer, 1)[0], peer)
	check(n.p.t, err)
	return r
}

// fetched downloads a file.
func (n *person) fetched(r *files.Remote) []byte {
	n.p.t.Helper()
	var b bytes.Buffer
	_, err := n.Download(n.p.ctx, r, &b, files.Transfer{})
	check(n.p.t, err)
	return b.Bytes()
}

// noise returns bytes that are the same in every run.
func noise(n int) []byte {
	p := make([]byte, n)
	randv2.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(p)
	return p
}

// sourceOf returns a source that can be read at any place.
func sourceOf(name string, p []byte) *files.Source {
	return &files.Source{Name: name, Size: int64(len(p)), Content: bytes.NewReader(p)}
}

func pngOf(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 99, A: 255})
		}
	}
	var b bytes.Buffer
	check(t, png.Encode(&b, m))
	return b.Bytes()
}

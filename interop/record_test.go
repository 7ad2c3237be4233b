package interop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/gotd/td/session"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	mtsession "godwit/mtproto/session"
	"godwit/mtproto/transport"
)

var record = flag.Bool("record", false, "write what TestRecord hears into the corpora of the fuzz targets")

// A tape is what has passed over one connection.
type tape struct {
	mu                 sync.Mutex
	toServer, toClient bytes.Buffer
}

// writer returns a writer onto one side of the tape.
func (r *tape) writer(b *bytes.Buffer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return b.Write(p)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A recorder is a relay that keeps what passes.
type recorder struct {
	net.Listener
	to    string
	mu    sync.Mutex
	tapes []*tape
	tasks sync.WaitGroup
}

// startRecorder relays connections to an address until the test ends.
func startRecorder(t *testing.T, to string) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Listener: l, to: to}
	r.tasks.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			r.tasks.Go(func() { r.relay(t, client) })
		}
	})
	t.Cleanup(func() { l.Close(); r.tasks.Wait() })
	return r
}

func (r *recorder) relay(t *testing.T, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	k := &tape{}
	r.mu.Lock()
	r.tapes = append(r.tapes, k)
	r.mu.Unlock()
	r.tasks.Go(func() {
		_, _ = io.Copy(io.MultiWriter(client, k.writer(&k.toClient)), server) // either may hang up
		client.Close()
	})
	_, _ = io.Copy(io.MultiWriter(server, k.writer(&k.toServer)), client)
}

// TestRecord listens to gotd as it signs up at the sandbox, over a plain and an
// obfuscated connection, and reads all of it: every packet of both sides, by
// Overhear and with the key that gotd has stored. With -record it becomes part of
// the corpora of the fuzz targets.
func TestRecord(t *testing.T) {
	for _, tr := range []gotdTransport{gotdTransports[1], gotdTransports[4]} {
		t.Run(tr.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, conn := startSandbox(t)
			dc := conn.DCs[0]
			r := startRecorder(t, net.JoinHostPort(dc.Host, strconv.Itoa(dc.Port)))
			heard := &connection{PublicKey: conn.PublicKey, APIID: conn.APIID, APIHash: conn.APIHash, TestDC: conn.TestDC}
			heard.DCs = append(heard.DCs, conn.DCs...)
			heard.DCs[0].Port = r.Addr().(*net.TCPAddr).Port
			storage := &session.StorageMemory{}
			p := startGotd(ctx, t, heard, tr, newPhone(dc.ID), storage)
			if err := p.SignUp(ctx, "Anna"); err != nil {
				t.Fatal(err)
			}
			p.Close()
			data, err := (&session.Loader{Storage: storage}).Load(ctx)
			if err != nil {
				t.Fatal(err)
			}
			key := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(data.AuthKey))
			plain, encrypted := 0, 0
			for _, k := range r.tapes {
				a, b := hear(t, k, &key)
				plain, encrypted = plain+a, encrypted+b
			}
			if t.Logf("%d packets of key exchanges, %d of sessions", plain, encrypted); plain < 6 || encrypted < 10 {
				t.Error("little was heard")
			}
		})
	}
}

// hear reads a tape and counts its packets.
func hear(t *testing.T, k *tape, key *mtproto.AuthKey) (plain, encrypted int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	first := k.toServer.Bytes()[:min(4096, k.toServer.Len())]
	save(t, "mtproto/mtserver", "FuzzConnection", first)
	save(t, "mtproto/transport", "FuzzAccept", first)
	requests, answers, err := transport.Overhear(&k.toServer, &k.toClient, transport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for side, reader := range map[mtproto.Side]*transport.Reader{mtproto.Client: requests, mtproto.Server: answers} {
		for {
			packet, err := reader.ReadPacket(nil)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v: %v", side, err)
			}
			if id, _ := mtsession.PacketKeyID(packet); id == 0 {
				plain++
				if _, _, err := authkey.ParsePlain(packet); err != nil {
					t.Errorf("%v: %v", side, err)
				}
				save(t, "mtproto/authkey", "FuzzPlain", packet)
				continue
			}
			encrypted++
			e, err := mtsession.Open(key, side, packet)
			if err != nil {
				t.Errorf("%v: %v", side, err)
				continue
			}
			save(t, "mtproto/session", "FuzzReceive", e.Body, side == mtproto.Client)
		}
	}
	return plain, encrypted
}

// maxSaved is the size in bytes of the largest input that is worth keeping.
const maxSaved = 8 << 10

// save writes an input of a fuzz target, if that is asked for.
func save(t *testing.T, dir, target string, input []byte, rest ...any) {
	t.Helper()
	if !*record || len(input) > maxSaved {
		return
	}
	text := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", input)
	for _, v := range rest {
		text += fmt.Sprintf("%T(%v)\n", v, v)
	}
	path := filepath.Join("..", filepath.FromSlash(dir), "testdata", "fuzz", target)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("gotd-%x", sum[:6])), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

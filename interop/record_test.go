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
	"godwit/sandbox"
	"godwit/telegram/sessions"
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
			_, heard, r := startRecorded(t)
			storage := &session.StorageMemory{}
			p := startGotd(ctx, t, heard, tr, newPhone(heard.DCs[0].ID), storage)
			if err := p.SignUp(ctx, "Anna"); err != nil {
				t.Fatal(err)
			}
			p.Close()
			data, err := (&session.Loader{Storage: storage}).Load(ctx)
			if err != nil {
				t.Fatal(err)
			}
			key := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(data.AuthKey))
			r.hear(t, "gotd", &key)
		})
	}
}

// TestRecordScripts does the same with mtcute and Telethon, which sign in and
// hand out their sessions.
func TestRecordScripts(t *testing.T) {
	for _, client := range []struct {
		format sessions.Format
		start  func(ctx context.Context, conn *connection, phone string) *mtcutePerson
	}{
		{sessions.MTCute, func(ctx context.Context, conn *connection, phone string) *mtcutePerson {
			return startMtcute(ctx, t, conn, mtcuteTransports[0], phone)
		}},
		{sessions.Telethon, func(ctx context.Context, conn *connection, phone string) *mtcutePerson {
			return startTelethon(ctx, t, conn, telethonTransports[2], phone, "")
		}},
	} {
		t.Run(string(client.format), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			sb, heard, r := startRecorded(t)
			anna := speaker{name: "Anna", phone: newPhone(heard.DCs[0].ID)}
			register(t, sb, anna, "")
			p := client.start(ctx, heard, anna.phone)
			if err := p.SignIn(ctx, ""); err != nil {
				t.Fatal(err)
			}
			var text string
			if err := p.do(ctx, "session", nil, &text); err != nil {
				t.Fatal(err)
			}
			if err := p.do(ctx, "quit", nil, nil); err != nil {
				t.Fatal(err)
			}
			s, err := sessions.Import(client.format, text)
			if err != nil {
				t.Fatal(err)
			}
			key := s.Credentials.Keys[heard.DCs[0].ID].Key
			r.hear(t, string(client.format), &key)
		})
	}
}

// startRecorded starts a sandbox whose first DC is reached through a recorder.
func startRecorded(t *testing.T) (*sandbox.Sandbox, *connection, *recorder) {
	t.Helper()
	sb, conn := startSandbox(t)
	dc := conn.DCs[0]
	r := startRecorder(t, net.JoinHostPort(dc.Host, strconv.Itoa(dc.Port)))
	info, err := os.ReadFile(conn.Path)
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprintf("\"port\": %d", dc.Port)
	if bytes.Count(info, []byte(port)) != 1 {
		t.Fatalf("%s is not once in %s", port, info)
	}
	info = bytes.Replace(info, []byte(port), fmt.Appendf(nil, "\"port\": %d", r.Addr().(*net.TCPAddr).Port), 1)
	path := filepath.Join(t.TempDir(), "recorded.json")
	if err := os.WriteFile(path, info, 0o600); err != nil {
		t.Fatal(err)
	}
	return sb, readConnection(t, path), r
}

// hear reads all tapes, of a client of a maker.
func (r *recorder) hear(t *testing.T, maker string, key *mtproto.AuthKey) {
	t.Helper()
	plain, encrypted := 0, 0
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.tapes {
		a, b := hear(t, maker, k, key)
		plain, encrypted = plain+a, encrypted+b
	}
	if t.Logf("%d packets of key exchanges, %d of sessions", plain, encrypted); plain < 6 || encrypted < 10 {
		t.Error("little was heard")
	}
}

// hear reads a tape and counts its packets.
func hear(t *testing.T, maker string, k *tape, key *mtproto.AuthKey) (plain, encrypted int) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	first := k.toServer.Bytes()[:min(4096, k.toServer.Len())]
	save(t, maker, "mtproto/mtserver", "FuzzConnection", first)
	save(t, maker, "mtproto/transport", "FuzzAccept", first)
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
				save(t, maker, "mtproto/authkey", "FuzzPlain", packet)
				continue
			}
			encrypted++
			e, err := mtsession.Open(key, side, packet)
			if err != nil {
				t.Errorf("%v: %v", side, err)
				continue
			}
			save(t, maker, "mtproto/session", "FuzzReceive", e.Body, side == mtproto.Client)
		}
	}
	return plain, encrypted
}

// maxSaved is the size in bytes of the largest input that is worth keeping.
const maxSaved = 8 << 10

// save writes an input of a fuzz target, if that is asked for.
func save(t *testing.T, maker, dir, target string, input []byte, rest ...any) {
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
	if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%s-%x", maker, sum[:6])), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

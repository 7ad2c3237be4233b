package interop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram/downloader"
	"github.com/gotd/td/telegram/uploader"
	gotd "github.com/gotd/td/tg"

	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/files"
)

// A carrier is a person who sends files too.
type carrier interface {
	person
	// SendFile sends a file of this path to a contact, as a document.
	SendFile(ctx context.Context, phone, path string) error
	// FetchFile fetches the file of the newest message with a contact, and
	// returns its SHA-256 in hexadecimal.
	FetchFile(ctx context.Context, phone string) (string, error)
}

// TestFiles sends files, small and big, between clients of all makers, who are
// at home on two DCs: R-FI-01..07, R-FI-10..14 and R-AP-06.
func TestFiles(t *testing.T) {
	sb, conn := startSandbox(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, "")
	anna.person = startGotd(ctx, t, conn, gotdTransports[0], anna.phone, &session.StorageMemory{})
	ben := speaker{name: "Ben", phone: newPhone(conn.DCs[1].ID)}
	register(t, sb, ben, "")
	ben.person = startMtcute(ctx, t, conn, mtcuteTransports[0], ben.phone)
	carla := speaker{name: "Carla", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, carla, "")
	framing := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	carla.person = startGodwit(ctx, t, conn, framing, carla.phone, new(telegram.MemoryStore))
	for _, p := range []speaker{anna, ben, carla} {
		if err := p.SignIn(ctx, ""); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	for _, pair := range []struct {
		name string
		a, b speaker
	}{
		{"godwit with gotd", carla, anna},
		{"godwit with mtcute", carla, ben},
	} {
		if err := errors.Join(pair.a.Add(ctx, pair.b.phone), pair.b.Add(ctx, pair.a.phone)); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{5, 700_000, 11 << 20} {
			hand(ctx, t, pair.a, pair.b, size)
			hand(ctx, t, pair.b, pair.a, size)
		}
		covered.add(t, pair.name, "files")
	}
}

// hand sends a file from one person to another, and compares what arrives.
func hand(ctx context.Context, t *testing.T, from, to speaker, size int) {
	t.Helper()
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(size)}).Read(content)
	path := filepath.Join(t.TempDir(), "nest.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := from.person.(carrier).SendFile(ctx, to.phone, path); err != nil {
		t.Fatalf("%s sends %d bytes: %v", from.name, size, err)
	}
	got, err := to.person.(carrier).FetchFile(ctx, from.phone)
	if err != nil {
		t.Fatalf("%s fetches %d bytes: %v", to.name, size, err)
	}
	if got != hashOf(content) {
		t.Errorf("%d bytes from %s to %s arrived as something else", size, from.name, to.name)
	}
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// SendFile implements carrier.
func (p *godwitPerson) SendFile(ctx context.Context, phone, path string) error {
	source, err := files.FromPath(path)
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = files.New(p.client, files.Options{}).Send(ctx, p.contacts[phone], files.Document{Source: source}, telegram.Outgoing{})
	return err
}

// FetchFile implements carrier.
func (p *godwitPerson) FetchFile(ctx context.Context, phone string) (string, error) {
	for m, err := range p.client.History(ctx, p.contacts[phone], telegram.HistoryOptions{Limit: 1}) {
		if err != nil {
			return "", err
		}
		remote, err := files.OfMessage(m, p.contacts[phone])
		if err != nil {
			return "", err
		}
		var b bytes.Buffer
		_, err = files.New(p.client, files.Options{Verify: true}).Download(ctx, remote, &b, files.Transfer{})
		return hashOf(b.Bytes()), err
	}
	return "", errors.New("the chat is empty")
}

// SendFile implements carrier.
func (p *gotdPerson) SendFile(ctx context.Context, phone, path string) error {
	file, err := uploader.NewUploader(p.api).WithThreads(4).FromPath(ctx, path)
	if err != nil {
		return err
	}
	_, err = p.api.MessagesSendMedia(ctx, &gotd.MessagesSendMediaRequest{
		Peer: p.contacts[phone], RandomID: rand.Int64(),
		Media: &gotd.InputMediaUploadedDocument{
			File: file, MimeType: "application/octet-stream",
			Attributes: []gotd.DocumentAttributeClass{&gotd.DocumentAttributeFilename{FileName: filepath.Base(path)}},
		},
	})
	return err
}

// FetchFile implements carrier.
func (p *gotdPerson) FetchFile(ctx context.Context, phone string) (string, error) {
	document, err := p.newestDocument(ctx, phone)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	_, err = downloader.NewDownloader().Download(p.api, document.AsInputDocumentFileLocation("")).Stream(ctx, &b)
	return hashOf(b.Bytes()), err
}

// SendFile implements carrier.
func (p *mtcutePerson) SendFile(ctx context.Context, phone, path string) error {
	return p.do(ctx, "sendFile", map[string]any{"phone": phone, "path": path}, nil)
}

// FetchFile implements carrier.
func (p *mtcutePerson) FetchFile(ctx context.Context, phone string) (string, error) {
	var hash string
	err := p.do(ctx, "fetchFile", map[string]any{"phone": phone}, &hash)
	return hash, err
}

package interop

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotd/td/session"
	gotd "github.com/gotd/td/tg"

	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/telegram"
)

// TestCDN has gotd's client follow the sandbox to its CDN, whose key is another
// one, decrypt what it gets there and check the hashes: R-FI-20 to R-FI-26. Our
// own client fetches the same file from there. mtcute gives up where it is sent
// to a CDN, and asks not to be: it is not here.
func TestCDN(t *testing.T) {
	sb, conn := startSandboxWith(t, sandbox.Options{CDN: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, anna, "")
	anna.person = startGotd(ctx, t, conn, gotdTransports[0], anna.phone, &session.StorageMemory{})
	carla := speaker{name: "Carla", phone: newPhone(conn.DCs[0].ID)}
	register(t, sb, carla, "")
	framing := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	carla.person = startGodwit(ctx, t, conn, framing, carla.phone, new(telegram.MemoryStore))
	for _, p := range []speaker{anna, carla} {
		if err := p.SignIn(ctx, ""); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	for _, pair := range [][2]speaker{{anna, carla}, {carla, anna}} {
		if err := pair[0].Add(ctx, pair[1].phone); err != nil {
			t.Fatal(err)
		}
	}
	// Left to itself, gotd checks each part as it comes. Told to verify, it asks
	// for the ranges of the hashes themselves, which Telegram's rules allow where
	// the last one is as long as the others (R-FI-11).
	for _, test := range []struct {
		size   int
		verify bool
	}{{700_000, false}, {6 << 17, true}} {
		fetchFromCDN(ctx, t, carla, anna, test.size, test.verify)
	}
	covered.add(t, "gotd from the sandbox", "CDN")
	hand(ctx, t, anna, carla, 700_000)
	covered.add(t, "godwit from the sandbox", "CDN")
}

// fetchFromCDN sends a file to somebody with gotd, who fetches it.
func fetchFromCDN(ctx context.Context, t *testing.T, from, to speaker, size int, verify bool) {
	t.Helper()
	gotdPerson := to.person.(*gotdPerson)
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(size)}).Read(content)
	path := filepath.Join(t.TempDir(), "nest.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := from.person.(carrier).SendFile(ctx, to.phone, path); err != nil {
		t.Fatal(err)
	}

	document, err := gotdPerson.newestDocument(ctx, from.phone)
	if err != nil {
		t.Fatal(err)
	}
	location := document.AsInputDocumentFileLocation("")
	if gotdPerson.isOnCDN(ctx, t, location) {
		t.Fatal("the CDN has the file before anybody has asked for it")
	}
	var b bytes.Buffer
	d := gotdPerson.client.Download(location).WithVerify(verify)
	if _, err := d.Stream(ctx, &b); err != nil {
		t.Fatalf("%d bytes, verified %v: %v", size, verify, err)
	}
	if hashOf(b.Bytes()) != hashOf(content) {
		t.Errorf("%d bytes, verified %v: they arrived as something else", size, verify)
	}
	if !gotdPerson.isOnCDN(ctx, t, location) {
		t.Error("gotd did not fetch it by the CDN")
	}
}

// isOnCDN reports whether the CDN has got a file.
func (p *gotdPerson) isOnCDN(ctx context.Context, t *testing.T, at gotd.InputFileLocationClass) bool {
	t.Helper()
	answer, err := p.api.UploadGetFile(ctx, &gotd.UploadGetFileRequest{CDNSupported: true, Location: at, Limit: 4096})
	if err != nil {
		t.Fatal(err)
	}
	to, ok := answer.(*gotd.UploadFileCDNRedirect)
	if !ok || len(to.FileHashes) == 0 {
		t.Fatalf("upload.getFile answered %T without a way to the CDN", answer)
	}
	invoker, err := p.client.CDN(ctx, to.DCID, 1)
	if err != nil {
		t.Fatal(err)
	}
	part, err := gotd.NewClient(invoker).UploadGetCDNFile(ctx, &gotd.UploadGetCDNFileRequest{FileToken: to.FileToken, Limit: 4096})
	if err != nil {
		t.Fatal(err)
	}
	_, there := part.(*gotd.UploadCDNFile)
	return there
}

// newestDocument returns the document of the newest message with a contact.
func (p *gotdPerson) newestDocument(ctx context.Context, phone string) (*gotd.Document, error) {
	page, err := p.api.MessagesGetHistory(ctx, &gotd.MessagesGetHistoryRequest{Peer: p.contacts[phone], Limit: 1})
	if err != nil {
		return nil, err
	}
	list, ok := page.AsModified()
	if !ok || len(list.GetMessages()) == 0 {
		return nil, fmt.Errorf("messages.getHistory answered %v", page)
	}
	m, ok := list.GetMessages()[0].(*gotd.Message)
	if !ok {
		return nil, fmt.Errorf("the newest message is %v", list.GetMessages()[0])
	}
	media, ok := m.Media.(*gotd.MessageMediaDocument)
	if !ok {
		return nil, fmt.Errorf("it carries %v", m.Media)
	}
	document, ok := media.Document.AsNotEmpty()
	if !ok {
		return nil, fmt.Errorf("its document is %v", media.Document)
	}
	return document, nil
}

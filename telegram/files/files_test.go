package files_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"godwit/mtproto"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/tg"
	"godwit/tl"
)

// R-FI-01, R-FI-04, R-FI-05, R-FI-06, R-FI-12, R-FI-13, R-AP-06: files of any
// size, known or not, go from one DC to somebody on another.
func TestSendAndFetch(t *testing.T) {
	p := newPlace(t, sandbox.Options{MediaOnly: true, FileMemory: 1 << 20})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{Verify: true})
	to := ann.peer(borisPhone)
	for _, size := range []int{1, 33 << 10, 1<<20 + 77, 10<<20 + 1} {
		want := noise(size)
		sources := map[string]*files.Source{"known": sourceOf("known", want)}
		if size <= 2<<20 {
			sources["in order"] = &files.Source{Name: "in order", Size: int64(size), Content: bytes.NewBuffer(want)}
			sources["stream"] = &files.Source{Name: "stream", Size: -1, Content: iotest.HalfReader(bytes.NewBuffer(want))}
		}
		for name, source := range sources {
			m, err := ann.Send(p.ctx, to, files.Document{Source: source}, telegram.Outgoing{Text: name})
			if err != nil {
				t.Fatalf("%s of %d bytes: %v", name, size, err)
			}
			r := boris.received(annPhone)
			if r.Name != name || r.Size != int64(size) || m.Message != name {
				t.Errorf("%s of %d bytes arrived as %s of %d", name, size, r.Name, r.Size)
			}
			if !bytes.Equal(boris.fetched(r), want) {
				t.Errorf("%s of %d bytes arrived as something else", name, size)
			}
		}
	}
}

// R-FI-05: a stream that ends with a whole part.
func TestStreamEndsOnABoundary(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	want := noise(1 << 20)
	source := &files.Source{Name: "stream", Size: -1, Content: bytes.NewBuffer(want)}
	m, err := ann.Send(p.ctx, &tg.InputPeerSelf{}, files.Document{Source: source}, telegram.Outgoing{})
	check(t, err)
	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	if !bytes.Equal(ann.fetched(r), want) {
		t.Error("something else came back")
	}
}

// Photos arrive as JPEG, alone and in albums, and their captions with them.
func TestPhotosAndAlbums(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{})
	to, from := ann.peer(borisPhone), boris.peer(annPhone)
	picture := pngOf(t, 400, 300)
	bold := []tg.MessageEntityClass{&tg.MessageEntityBold{Length: 3}}
	stream := &files.Source{Name: "a.png", Size: -1, Content: bytes.NewBuffer(picture)}
	_, err := ann.Send(p.ctx, to, files.Photo{Source: stream}, telegram.Outgoing{Text: "One", Entities: bold})
	check(t, err)
	m := boris.newest(from, 1)[0]
	if m.Message != "One" || len(m.Entities) != 1 {
		t.Errorf("caption %q with %d entities", m.Message, len(m.Entities))
	}
	shown, err := jpeg.Decode(bytes.NewReader(boris.fetched(boris.received(annPhone))))
	if err != nil || shown.Bounds().Dx() != 400 {
		t.Errorf("photo %v, %v", shown, err)
	}

	first, err := files.OfMessage(ann.newest(to, 1)[0], to)
	check(t, err)
	video := files.Document{
		Source: sourceOf("b.mp4", noise(5000)), MIME: "video/mp4", Thumb: sourceOf("t.png", picture),
		Attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeVideo{Duration: 2, W: 40, H: 30}},
	}
	sent, err := ann.SendAlbum(p.ctx, to, []files.Media{
		files.Photo{Source: sourceOf("c.png", picture)}, video, files.Existing{Remote: first},
	}, telegram.Outgoing{Text: "Three", Reply: telegram.Reply{Message: int(ann.newest(to, 1)[0].ID)}})
	check(t, err)
	if len(sent) != 3 || sent[0].Message != "Three" || sent[1].Message != "" || sent[0].ReplyTo == nil {
		t.Errorf("sent %+v", sent)
	}
	for i, m := range boris.newest(from, 3) {
		if m.GroupedID.Value == 0 || m.GroupedID != boris.newest(from, 1)[0].GroupedID {
			t.Errorf("message %d is of group %v", i, m.GroupedID)
		}
	}
	_, err = ann.SendAlbum(p.ctx, to, []files.Media{video}, telegram.Outgoing{})
	if err == nil {
		t.Error("an album of one was sent")
	}
	_, err = ann.SendAlbum(p.ctx, to, []files.Media{
		files.Photo{Source: sourceOf("c.png", picture)}, files.Document{Source: sourceOf("x", noise(10))},
	}, telegram.Outgoing{})
	if !errors.Is(err, tg.ErrMediaGroupedInvalid) {
		t.Errorf("a photo and a document in one album: %v", err)
	}
}

// R-FI-14: profile photos need no reference, and their size is not known.
func TestProfilePhotos(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{})
	u, err := ann.Upload(p.ctx, sourceOf("me.png", pngOf(t, 200, 200)), files.Transfer{})
	check(t, err)
	photo, err := tg.Call(p.ctx, ann.Client, &tg.PhotosUploadProfilePhoto{File: u.Input()})
	check(t, err)
	check(t, u.Done())
	users, err := tg.Call(p.ctx, boris.Client, &tg.ContactsResolvePhone{Phone: annPhone})
	check(t, err)
	r, err := files.OfProfile(users.Users[0].(*tg.User), true)
	check(t, err)
	if m, err := jpeg.DecodeConfig(bytes.NewReader(boris.fetched(r))); err != nil || m.Width != 200 {
		t.Errorf("profile photo: %v, %v", m, err)
	}
	if _, err := boris.Open(p.ctx, r); err == nil {
		t.Error("a file of unknown size was opened for reading")
	}
	if _, err := files.OfProfile(boris.Self(), true); !errors.Is(err, files.ErrNoFile) {
		t.Errorf("of somebody without a photo: %v", err)
	}

	// R-FI-15: found again in the profile.
	r, err = files.OfPhoto(photo.Photo.(*tg.Photo), files.FromProfile(&tg.InputUserSelf{}))
	check(t, err)
	p.later.Add(int64(25 * time.Hour))
	if _, err := jpeg.Decode(bytes.NewReader(ann.fetched(r))); err != nil {
		t.Error(err)
	}
}

// R-FI-15: a reference that has ended is renewed where the file was found, and
// a file that is not there any more says so.
func TestReferencesAreRenewed(t *testing.T) {
	p := newPlace(t, sandbox.Options{FileReferenceTTL: time.Hour})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{Verify: true})
	want := noise(600 << 10)
	to := ann.peer(borisPhone)
	_, err := ann.Send(p.ctx, to, files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	r := boris.received(annPhone)
	p.later.Add(int64(2 * time.Hour))
	if !bytes.Equal(boris.fetched(r), want) {
		t.Error("something else came back")
	}
	p.later.Add(int64(2 * time.Hour))
	other := boris.peer(annPhone)
	_, err = boris.Send(p.ctx, other, files.Existing{Remote: r}, telegram.Outgoing{})
	check(t, err)
	p.later.Add(int64(2 * time.Hour))
	_, err = boris.SendAlbum(p.ctx, other, []files.Media{
		files.Existing{Remote: r}, files.Document{Source: sourceOf("y", want)},
	}, telegram.Outgoing{})
	check(t, err)

	m := boris.newest(other, 4)[3]
	r, err = files.OfMessage(m, other)
	check(t, err)
	_, err = tg.Call(p.ctx, boris.Client, &tg.MessagesDeleteMessages{ID: []int32{m.ID}})
	check(t, err)
	p.later.Add(int64(2 * time.Hour))
	var gone *files.ReferenceError
	if _, err := boris.Download(p.ctx, r, io.Discard, files.Transfer{}); !errors.As(err, &gone) ||
		!errors.Is(err, tg.ErrFileReferenceExpired) {
		t.Errorf("of a message that was deleted: %v", err)
	}
	r.Remember(func(context.Context, files.Telegram) ([]tl.Object, error) {
		list := boris.newest(other, 3)
		return []tl.Object{list[2].Media.(*tg.MessageMediaDocument).Document}, nil
	})
	if !bytes.Equal(boris.fetched(r), want) {
		t.Error("the other origin does not lead there")
	}
}

// R-FI-20..R-FI-27: documents come from the CDN, after it has got them, and
// with another key when it has forgotten the first.
func TestCDN(t *testing.T) {
	p := newPlace(t, sandbox.Options{CDN: true})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{})
	want := noise(2<<20 + 3)
	_, err := ann.Send(p.ctx, ann.peer(borisPhone), files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	r := boris.received(annPhone)
	for _, forget := range []func(){
		func() {}, func() { p.ForgetCDN(false) }, func() { p.ForgetCDN(true) },
	} {
		forget()
		if !bytes.Equal(boris.fetched(r), want) {
			t.Error("something else came back")
		}
	}
	direct := files.New(boris.Client, files.Options{NoCDN: true})
	if _, err := direct.Download(p.ctx, r, io.Discard, files.Transfer{}); err != nil {
		t.Error(err)
	}
}

// R-FI-07: a file that Telegram has lost parts of is sent again, as far as it
// has to be.
func TestMissingParts(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	want := noise(300 << 10)
	journal := filepath.Join(t.TempDir(), "journal")
	u, err := ann.Upload(p.ctx, sourceOf("x", want), files.Transfer{Journal: journal})
	check(t, err)
	check(t, u.Close())
	p.later.Add(int64(24 * time.Hour))
	_, err = ann.Upload(p.ctx, sourceOf("other", noise(10)), files.Transfer{}) // when old ones are thrown away
	check(t, err)
	m, err := ann.Send(p.ctx, &tg.InputPeerSelf{}, files.Document{
		Source: sourceOf("x", want), Transfer: files.Transfer{Journal: journal},
	}, telegram.Outgoing{})
	check(t, err)
	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	if !bytes.Equal(ann.fetched(r), want) {
		t.Error("something else came back")
	}
	if _, err := os.Stat(journal); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
}

// R-FI-03: the limit is the server's, and named.
func TestTooLarge(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	huge := func(size int64) *files.Source {
		return &files.Source{Name: "huge", Size: size, Content: bytes.NewReader(nil)}
	}
	var large *files.TooLargeError
	_, err := ann.Upload(p.ctx, huge(4000*512<<10+1), files.Transfer{})
	if !errors.As(err, &large) || large.Limit != 4000*512<<10 || large.Setting != "upload_max_fileparts_default" || large.Premium {
		t.Errorf("without premium: %v", err)
	}
	check(t, p.SetPremium(borisPhone, true))
	boris := p.person(borisPhone, files.Options{})
	_, err = boris.Upload(p.ctx, huge(8000*512<<10+1), files.Transfer{})
	if !errors.As(err, &large) || large.Limit != 8000*512<<10 || large.Setting != "upload_max_fileparts_premium" {
		t.Errorf("with premium: %v", err)
	}
	var changed *files.ChangedError
	if _, err = boris.Upload(p.ctx, huge(5000), files.Transfer{}); !errors.As(err, &changed) {
		t.Errorf("shorter than it was to be: %v", err)
	}
	if _, err = boris.Upload(p.ctx, huge(0), files.Transfer{}); err == nil {
		t.Error("an empty file was taken")
	}
}

// R-FI-07: Telegram slows transfers down, and they go on.
func TestSlowedDown(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	p.slow(3)
	want := noise(2 << 20)
	m, err := ann.Send(p.ctx, &tg.InputPeerSelf{}, files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	p.slow(2)
	if !bytes.Equal(ann.fetched(r), want) {
		t.Error("something else came back")
	}
}

// slow has the next n requests that move files wait for a second.
func (p *place) slow(n int) {
	p.t.Helper()
	_, err := p.AddFault(sandbox.Fault{Kind: sandbox.FaultError, Method: "upload.*", Error: "FLOOD_PREMIUM_WAIT_1", Times: n})
	check(p.t, err)
}

// A failing is a Telegram that fails after some requests.
type failing struct {
	files.Telegram
	left atomic.Int64
	err  error
}

func (f *failing) Media(dc int) tg.Invoker { return failingMedia{f, f.Telegram.Media(dc)} }

type failingMedia struct {
	f     *failing
	inner tg.Invoker
}

func (m failingMedia) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	if m.f.left.Add(-1) < 0 {
		return m.f.err
	}
	return m.inner.Invoke(ctx, req, decode)
}

var errPulled = errors.New("the plug was pulled")

// Transfers that are broken off go on from their journals, and do again only
// what was not done.
func TestResume(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	const parts, chunks = 41, 21
	want := noise(10<<20 + 1)
	dir := t.TempDir()
	path := filepath.Join(dir, "film.bin")
	check(t, os.WriteFile(path, want, 0o600))
	document := func() files.Document {
		source, err := files.FromPath(path)
		check(t, err)
		t.Cleanup(func() { source.Close() })
		return files.Document{Source: source, Transfer: files.Transfer{Journal: filepath.Join(dir, "up")}}
	}
	weak := &failing{Telegram: ann.Client, err: errPulled}
	weak.left.Store(10)
	if _, err := files.New(weak, files.Options{}).Send(p.ctx, &tg.InputPeerSelf{}, document(), telegram.Outgoing{}); !errors.Is(err, errPulled) {
		t.Fatalf("broken off with %v", err)
	}
	weak.left.Store(parts)
	m, err := files.New(weak, files.Options{}).Send(p.ctx, &tg.InputPeerSelf{}, document(), telegram.Outgoing{})
	check(t, err)
	if left := weak.left.Load(); left < 1 || left > 10 {
		t.Errorf("the second upload took %d requests", parts-left)
	}

	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	out := filepath.Join(dir, "copy.bin")
	weak.left.Store(10)
	if err := files.New(weak, files.Options{}).Save(p.ctx, r, out, files.Transfer{}); !errors.Is(err, errPulled) {
		t.Fatalf("broken off with %v", err)
	}
	weak.left.Store(chunks)
	var began, ended int64
	check(t, files.New(weak, files.Options{}).Save(p.ctx, r, out, files.Transfer{Progress: func(p files.Progress) {
		if began == 0 {
			began = p.Done
		}
		ended = p.Done
	}}))
	if left := weak.left.Load(); left < 1 || left > 10 {
		t.Errorf("the second download took %d requests", chunks-left)
	}
	if began < 512<<10 || ended != int64(len(want)) {
		t.Errorf("progress from %d to %d", began, ended)
	}
	got, err := os.ReadFile(out)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Error("something else came back")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	check(t, err)
	if len(left) != 2 {
		t.Errorf("left behind: %q", left)
	}
}

// R-ER-05: servers that fail are asked again; other refusals end a transfer
// and name the place.
func TestServerFailures(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	want := noise(1 << 20)
	m, err := ann.Send(p.ctx, &tg.InputPeerSelf{}, files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	weak := &failing{Telegram: ann.Client, err: mtproto.NewRPCError(400, "LOCATION_INVALID")}
	var at *files.LoadError
	if _, err := files.New(weak, files.Options{}).Download(p.ctx, r, io.Discard, files.Transfer{}); !errors.As(err, &at) ||
		!errors.Is(err, tg.ErrLocationInvalid) {
		t.Errorf("refused: %v", err)
	}
	disk := errors.New("disk full")
	if _, err := ann.Download(p.ctx, r, iotestWriter{disk}, files.Transfer{}); !errors.Is(err, disk) {
		t.Errorf("to a full disk: %v", err)
	}
}

type iotestWriter struct{ err error }

func (w iotestWriter) Write([]byte) (int, error) { return 0, w.err }

// A remote file reads as any other.
func TestReader(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann := p.person(annPhone, files.Options{})
	want := noise(1<<20 + 99)
	m, err := ann.Send(p.ctx, &tg.InputPeerSelf{}, files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	r, err := files.OfMessage(m, &tg.InputPeerSelf{})
	check(t, err)
	rd, err := ann.Open(p.ctx, r)
	check(t, err)
	if err := iotest.TestReader(rd, want); err != nil {
		t.Error(err)
	}
	if _, err := rd.Seek(-100, io.SeekEnd); err != nil {
		t.Error(err)
	}
	if tail, err := io.ReadAll(rd); err != nil || !bytes.Equal(tail, want[len(want)-100:]) {
		t.Errorf("the end: %d bytes, %v", len(tail), err)
	}
	check(t, rd.Close())
	if _, err := rd.ReadAt(make([]byte, 1), 1<<20); !errors.Is(err, context.Canceled) {
		t.Errorf("after Close: %v", err)
	}
}

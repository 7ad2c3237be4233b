package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"godwit/internal/layer"
	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// A Device is somebody's who is signed in from within the process, over no
// connection: a server for bots, such as that of package sandbox/botapi, acts by
// such, and so do people who are made up. It implements tg.Invoker.
type Device struct {
	dc    *dc
	keyID mtproto.KeyID
	user  *user
	push  func(tg.UpdatesClass)

	mu     sync.Mutex
	closed bool
}

// ErrBotToken is what SignInBot fails with if no bot has the token.
var ErrBotToken = errors.New("sandbox: no bot has this token")

// SignInBot signs in as the bot of a token. push is told of the bot's updates,
// one after the other, as all of its devices are; it must not use the Sandbox.
// An unknown token is ErrBotToken.
func (sb *Sandbox) SignInBot(token string, push func(tg.UpdatesClass)) (*Device, error) {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.tokens[token]
	if u == nil || token == "" {
		return nil, ErrBotToken
	}
	return sb.within(u, push), nil
}

// SignInPerson signs in as the owner of a phone number, who is asked for no
// code. It is otherwise like SignInBot.
func (sb *Sandbox) SignInPerson(phone string, push func(tg.UpdatesClass)) (*Device, error) {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.phones[cleanPhone(phone)]
	if u == nil {
		return nil, fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	}
	return sb.within(u, push), nil
}

// within signs u in, with the world locked.
func (sb *Sandbox) within(u *user, push func(tg.UpdatesClass)) *Device {
	w := sb.world
	d := &Device{dc: sb.dcs[u.dc-1], keyID: mtproto.KeyID(w.randomID()), user: u, push: push}
	s := w.session(inside{d}, u.dc)
	s.wants = true
	s.key.layer = tg.Layer
	s.key.init = &layer.Init{APIID: sb.options.APIID, DeviceModel: "Within the sandbox"}
	w.signInAs(s.key, w.authorization(u, inside{d}.Address()))
	return d
}

// WatchBots has f told the token of each bot that is there, and of each that is
// added later. f may use the Sandbox.
func (sb *Sandbox) WatchBots(f func(token string)) {
	w := sb.world
	w.mu.Lock()
	w.watchers = append(w.watchers, f)
	var tokens []string
	for token, u := range w.tokens {
		if u.added() {
			tokens = append(tokens, token)
		}
	}
	w.mu.Unlock()
	for _, token := range tokens {
		f(token)
	}
}

// Now returns the time by the servers' clock.
func (sb *Sandbox) Now() time.Time { return sb.world.now() }

// ID returns the user id of who is signed in.
func (d *Device) ID() int64 { return d.user.id }

// Invoke calls a method. Errors are those of the method.
func (d *Device) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	raw, err := tl.Marshal(req)
	if err != nil {
		return fmt.Errorf("sandbox: %T: %w", req, err)
	}
	out, err := d.dc.handle(ctx, inside{d}, raw)
	if err != nil {
		return err
	}
	r := tl.NewReader(out)
	if err := decode(r); err != nil {
		return err
	}
	return r.Finish()
}

// SignOut ends the device.
func (d *Device) SignOut() {
	inside{d}.Close()
	w := d.dc.world
	w.closed(inside{d})
	w.destroyed(d.keyID)
}

// A StoredFile is the content of a file, as a server for bots hands it out.
type StoredFile struct {
	Document bool // a photo otherwise
	Hash     int64
	// Reference names the file for some time: see Options.FileReferenceTTL.
	Reference []byte
	Size      int64
	MIMEType  string // of a document
	Name      string // of a document; empty if it has none
	Content   io.ReaderAt
}

// File returns a file by its id, or one of its
// pictures if kind is not empty. Unlike other clients, servers for bots find
// files for ever.
func (d *Device) File(id int64, kind string) (*StoredFile, bool) {
	w := d.dc.world
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil {
		return nil, false
	}
	out := &StoredFile{
		Document: f.document, Hash: w.fileHash(d.user, f), Reference: w.reference(d.user, f), MIMEType: f.mime,
	}
	data := f.content
	if kind != "" || !f.document {
		var err error
		if data, err = f.picture(kind); err != nil {
			return nil, false
		}
		out.MIMEType = "image/jpeg"
	}
	for _, a := range f.attributes {
		if a, ok := a.(*tg.DocumentAttributeFilename); ok {
			out.Name = a.FileName
		}
	}
	out.Size, out.Content = data.size, data
	return out, true
}

// An inside is the link of a Device's session.
type inside struct{ *Device }

func (l inside) KeyID() mtproto.KeyID    { return l.keyID }
func (l inside) Address() string         { return "127.0.0.1" }
func (l inside) Connection() string      { return fmt.Sprintf("%s:%d", l.Address(), l.keyID) }
func (l inside) Media() bool             { return false }
func (l inside) Heard() int              { return 0 }
func (l inside) Displaced() (link, bool) { return nil, false }
func (l inside) Rebound() bool           { return false }

// Attached reports whether the device is signed in.
func (l inside) Attached() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.closed
}

// Push takes an update.
func (l inside) Push(body []byte) {
	if !l.Attached() {
		return
	}
	r := tl.NewReader(body)
	u := tg.Decode[tg.UpdatesClass](r)
	if err := r.Finish(); err != nil {
		l.dc.log.Error("update cannot be read", "error", err)
		return
	}
	l.push(u)
}

// Close has no more updates told.
func (l inside) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

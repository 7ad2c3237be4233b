// Package files sends and fetches files over Telegram: photos, videos and
// documents of up to 4 GB, in parts, several at a time, with memory that does
// not grow with the file.
//
// Start with [New]. [Files.Send] sends a file to somebody and
// [Files.SendAlbum] several as one; [OfMessage] says what file a message
// carries, and [Files.Save] fetches it to disk, [Files.Download] to a writer,
// [Files.Open] piece by piece as it is read:
//
//	f := files.New(client, files.Options{})
//	source, err := files.FromPath("nest.jpg")
//	…
//	message, err := f.Send(ctx, peer, files.Photo{Source: source}, telegram.Outgoing{Text: "Hatched!"})
//	…
//	remote, err := files.OfMessage(message, peer)
//	…
//	err = f.Save(ctx, remote, "nest-2.jpg", files.Transfer{})
//
// # Speed
//
// Parts travel over connections that are for files alone. How many are under
// way adapts: more for as long as that makes the whole faster, fewer when
// Telegram asks to wait or fails.
//
// # Going on after a crash
//
// With a journal, a small file beside the large one, an upload or a download
// goes on where it was when the program ended. A journal outlives neither its
// transfer nor a change of the file.
//
// # References
//
// What names a file to Telegram ends after some time. A [Remote] remembers
// where it was found, and is found there again by itself (R-FI-15).
//
// Numbers such as R-FI-15 are those of docs/requirements.md.
package files

import (
	"context"
	"fmt"
	"sync"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// Telegram is what transfers need of a client: a *telegram.Client has it.
type Telegram interface {
	tg.Invoker
	// Media sends requests to a data centre, 0 for the account's own, over
	// connections for files.
	Media(dc int) tg.Invoker
	// CDN sends requests to a CDN data centre.
	CDN(dc int) tg.Invoker
	// Self returns as whom the client is signed in, nil if it is not.
	Self() *tg.User
	// Send sends a message.
	Send(ctx context.Context, peer tg.InputPeerClass, m telegram.Outgoing) (*tg.Message, error)
	// SendAlbum sends several as one.
	SendAlbum(ctx context.Context, peer tg.InputPeerClass, album []telegram.Outgoing) ([]*tg.Message, error)
}

// Options are what Files starts with. The zero Options are good.
type Options struct {
	// Requests is how many parts of one transfer are under way at most, 1 to 64;
	// 0 stands for 8. Each takes some MB of memory.
	Requests int
	// Verify has downloads from Telegram's own data centres checked against the
	// hashes that upload.getFileHashes tells (R-FI-16). Those from a CDN always
	// are.
	Verify bool
	// NoCDN has nothing fetched from a CDN.
	NoCDN bool
	// Patience is for how long Telegram may want a transfer to wait. Where it
	// wants longer, the transfer ends with the *flow.WaitError; 0: however long.
	Patience time.Duration
}

const (
	defaultRequests = 8
	maxRequests     = 64
)

// Files transfers files for one account. It is safe for concurrent use.
type Files struct {
	t Telegram
	o Options

	mu     sync.Mutex
	limits *limits // nil until they are known
}

// New returns what transfers files for the account that t is signed in to.
func New(t Telegram, o Options) *Files {
	if o.Requests <= 0 {
		o.Requests = defaultRequests
	}
	o.Requests = min(o.Requests, maxRequests)
	return &Files{t: t, o: o}
}

// Progress is how far a transfer is.
type Progress struct {
	Done  int64 // bytes that are there, those of an earlier run included
	Total int64 // bytes; negative while it is not known
	// Requests is how many parts may be under way at once just now.
	Requests int
}

// Transfer says how a transfer is made. The zero Transfer is good.
type Transfer struct {
	// Progress is told after each part, and once at the beginning, from one
	// goroutine at a time. It must return soon.
	Progress func(Progress)
	// Journal is the path of a file that notes what is done, so that the
	// transfer goes on from there if it has been broken off; none if empty. A
	// journal of another transfer begins anew; a file that is no journal is an
	// error. It is removed when all is done.
	Journal string
}

// tell reports progress.
func (t Transfer) tell(p Progress) {
	if t.Progress != nil {
		t.Progress(p)
	}
}

// A TooLargeError says that a file is larger than the account may send.
type TooLargeError struct {
	Name    string
	Size    int64  // bytes; negative where the end was not reached
	Limit   int64  // bytes
	Setting string // in help.getAppConfig, that the limit comes from
	Premium bool   // the account has a premium subscription, and so no larger limit
}

func (e *TooLargeError) Error() string {
	size := "more"
	if e.Size >= 0 {
		size = fmt.Sprintf("%d bytes", e.Size)
	}
	hint := "; with Telegram Premium the limit is higher"
	if e.Premium {
		hint = ""
	}
	return fmt.Sprintf("files: %s has %s, and the account may send %d bytes (%s)%s", e.Name, size, e.Limit, e.Setting, hint)
}

// limits are how large files may be, in parts (R-FI-03).
type limits struct{ standard, premium int }

// The limits where Telegram does not tell others (R-FI-03).
var defaultLimits = limits{4000, 8000}

// The names of the limits in help.getAppConfig.
const (
	settingStandard = "upload_max_fileparts_default"
	settingPremium  = "upload_max_fileparts_premium"
)

// maxParts returns how many parts a file may have, and the setting that says
// so.
func (f *Files) maxParts(ctx context.Context) (parts int, setting string, err error) {
	l, err := f.fetchLimits(ctx)
	if err != nil {
		return 0, "", err
	}
	if f.isPremium() {
		return l.premium, settingPremium, nil
	}
	return l.standard, settingStandard, nil
}

func (f *Files) isPremium() bool {
	self := f.t.Self()
	return self != nil && self.Premium
}

func (f *Files) fetchLimits(ctx context.Context) (limits, error) {
	f.mu.Lock()
	known := f.limits
	f.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	answer, err := tg.Call(ctx, f.t, &tg.HelpGetAppConfig{})
	if err != nil {
		return limits{}, err
	}
	l := defaultLimits
	if config, ok := answer.(*tg.HelpAppConfig); ok {
		l = limitsOf(config.Config)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limits = &l
	return l, nil
}

// limitsOf reads the limits from what help.getAppConfig says.
func limitsOf(config tg.JSONValueClass) limits {
	l := defaultLimits
	object, ok := config.(*tg.JSONObject)
	if !ok {
		return l
	}
	for _, field := range object.Value {
		number, ok := field.Value.(*tg.JSONNumber)
		if !ok || number.Value < 1 || number.Value > 1<<20 {
			continue
		}
		switch field.Key {
		case settingStandard:
			l.standard = int(number.Value)
		case settingPremium:
			l.premium = int(number.Value)
		}
	}
	return l
}

// tooLarge returns the error for a file that has more than the allowed parts.
func (f *Files) tooLarge(name string, size int64, parts int, setting string) error {
	return &TooLargeError{name, size, int64(parts) * maxPart, setting, f.isPremium()}
}

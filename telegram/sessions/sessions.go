// Package sessions takes over signed-in devices from other programs, and hands
// them on: the string sessions of Telethon, Pyrogram, GramJS and mtcute, gotd's
// JSON, and, to read only, the tdata folder of Telegram Desktop.
//
// Call [Import] with what the other program has stored, or [ImportTDesktop],
// and save the Credentials of the result in a [telegram.Store]; [Export] goes
// the other way.
//
// A session is a secret: whoever has it is signed in. None prints, and no error
// quotes one. Two programs must not use the same session at the same time:
// Telegram ends it then (AUTH_KEY_DUPLICATED).
//
// # What the formats hold
//
// All hold the main data centre and its auth key. Besides:
//
//	format    user id  bot   test servers  application id  address
//	telethon  no       no    no            no              yes
//	gramjs    no       no    no            no              yes
//	pyrogram  yes      yes   yes           newer ones      no
//	mtcute    mostly   yes   yes           no              yes
//	gotd      no       no    in its config no              yes
//	tdata     yes      no    no            no              no
//
// Where the user id is missing, the Credentials have [telegram.UnknownUser],
// and the first connection finds it out. Where the format does not tell test
// servers from Telegram's own, whoever imports has to know.
package sessions

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"godwit/mtproto"
	"godwit/telegram"
)

// A Format is how another program stores a session.
type Format string

// The formats that Import and Export know.
const (
	Telethon Format = "telethon"
	Pyrogram Format = "pyrogram"
	GramJS   Format = "gramjs"
	MTCute   Format = "mtcute" // version 3
	GoTD     Format = "gotd"   // JSON, version 1
)

// Formats lists the formats.
func Formats() []Format { return []Format{Telethon, Pyrogram, GramJS, MTCute, GoTD} }

// A Session is a signed-in device. It prints as [redacted].
type Session struct {
	// Credentials have the main data centre, its key, the user as far as known
	// and, where the format has it, the data centre's address.
	Credentials telegram.Credentials
	// Test says that the session is one of Telegram's test servers.
	Test bool
	// APIID is the application that made the session, 0 where that is not
	// known. Telegram lets another one go on with it.
	APIID int
}

// String returns [redacted].
func (s Session) String() string { return "[redacted]" }

// GoString returns [redacted].
func (s Session) GoString() string { return "[redacted]" }

// LogValue returns [redacted].
func (s Session) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// An Error says which format could not be read or written, what is wrong and
// what to do about it.
type Error struct {
	Format string // such as "telethon" or "tdata"
	What   string // what is wrong
	Advice string // what to do, "" where nothing is to be said
	Err    error  // the cause, nil where What says it all
}

func (e *Error) Error() string {
	text := "sessions: " + e.Format + ": " + e.What
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Import reads what another program has stored. Space around it does not
// count. An error is an *Error.
func Import(f Format, text string) (*Session, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, &Error{Format: string(f), What: "it is empty", Advice: "give the whole string that the program has printed"}
	}
	switch f {
	case Telethon:
		return importTelethon(text)
	case Pyrogram:
		return importPyrogram(text)
	case GramJS:
		return importGramJS(text)
	case MTCute:
		return importMTCute(text)
	case GoTD:
		return importGoTD(text)
	}
	return nil, unknown(f)
}

// Export writes a session as the other program stores it. The Credentials need
// the key of their main data centre, and for formats that hold an address that
// data centre's address, of the Credentials or of network. An error is an
// *Error.
func Export(f Format, s *Session, network telegram.Network) (string, error) {
	if !slices.Contains(Formats(), f) {
		return "", unknown(f)
	}
	key := s.Credentials.Keys[s.Credentials.DC].Key
	if s.Credentials.UserID == 0 || key.IsZero() {
		return "", &Error{Format: string(f), What: "the credentials are not signed in", Advice: "sign in first"}
	}
	e := &exporting{Session: s, format: f, key: &key}
	if f != Pyrogram {
		if err := e.locate(network); err != nil {
			return "", err
		}
	}
	switch f {
	case Telethon:
		return e.telethon()
	case Pyrogram:
		return e.pyrogram()
	case GramJS:
		return e.gramJS()
	case MTCute:
		return e.mtcute()
	}
	return e.goTD()
}

func unknown(f Format) error {
	return &Error{Format: string(f), What: "this format is not known", Advice: fmt.Sprintf("there are %v", Formats())}
}

// exporting is a session on its way out.
type exporting struct {
	*Session
	format  Format
	key     *mtproto.AuthKey
	address telegram.DC
}

// locate finds the address of the main data centre.
func (e *exporting) locate(network telegram.Network) error {
	for _, dc := range slices.Concat(e.Credentials.Addresses, network.DCs) {
		if dc.ID == e.Credentials.DC {
			e.address = dc
			return nil
		}
	}
	return &Error{Format: string(e.format), What: fmt.Sprintf("no address of DC %d is known", e.Credentials.DC)}
}

func (e *exporting) fail(what, advice string) error {
	return &Error{Format: string(e.format), What: what, Advice: advice}
}

// maxDC bounds the numbers of data centres: there are 5, and local networks
// have up to 9.
const maxDC = 100

// imported makes a Session of what all formats have, and checks it.
func imported(f Format, dc int, key []byte, s Session) (*Session, error) {
	if dc < 1 || dc > maxDC {
		return nil, &Error{Format: string(f), What: fmt.Sprintf("it names a DC %d, which does not exist", dc), Advice: "the string is damaged"}
	}
	if len(key) != mtproto.AuthKeySize {
		return nil, &Error{
			Format: string(f), What: fmt.Sprintf("its key has %d bytes instead of %d", len(key), mtproto.AuthKeySize),
			Advice: "the string is cut or damaged",
		}
	}
	authKey := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(key))
	if !slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) {
		return nil, &Error{Format: string(f), What: "it holds no key", Advice: "sign in with that program first"}
	}
	s.Credentials.DC = dc
	s.Credentials.Keys = map[int]telegram.DCKey{dc: {Key: authKey}}
	if s.Credentials.UserID == 0 {
		s.Credentials.UserID = telegram.UnknownUser
	}
	return &s, nil
}

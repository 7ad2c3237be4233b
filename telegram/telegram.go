// Package telegram is a Telegram client for people and bots.
//
// Start with [Connect]; [Client.SignIn] or [Client.SignInBot] signs in, unless
// the stored credentials already are. Then [Client.SendText],
// [Client.History] and [Client.Dialogs] do the everyday things, and
// Options.Handler gets what happens. [Client.Resolve] finds the peer of what
// people write: @name, a phone number, a link. All other methods of the API are
// called through [tg.Call], for which a [Client] is the [tg.Invoker]:
//
//	client, err := telegram.Connect(ctx, telegram.Options{APIID: id, APIHash: hash, Store: store})
//	…
//	defer client.Close()
//	user, err := client.SignIn(ctx, telegram.Answers{PhoneNumber: phone, AskCode: ask})
//	…
//	full, err := tg.Call(ctx, client, &tg.UsersGetFullUser{ID: &tg.InputUserSelf{}})
//
// What not every program needs is in packages of its own: files sends and
// fetches files, text reads and writes Markdown and HTML, groups runs groups and
// channels, participants lists who is in them, takeout exports an account,
// sessions takes over what other programs have signed in, and signin is the
// sign-in by itself.
//
// # Signing in
//
// [Client.SignIn] asks an [Authenticator] for what it needs, question by
// question: code, password, e-mail address, name. [Client.SignInQR] shows a QR
// code instead, and [Client.AcceptLogin] scans that of another device. Who has
// the answers later, such as a program that serves web requests, takes
// [Client.BeginSignIn], whose state can be stored in between.
// [Client.Authorizations] lists the account's devices, and OnAuthorization
// tells of new ones; [Client.SetPassword] and its kin deal with 2FA.
//
// # Credentials
//
// A [Store] keeps what signs the device in. A [MemoryStore] forgets it with the
// program; package telegram/filestore keeps it in an encrypted file. Everything is
// saved as soon as it changes. One Store serves one client at a time.
//
// # Waits
//
// Where Telegram asks to wait (FLOOD_WAIT, SLOWMODE_WAIT, …), the client keeps
// to it: it holds back what falls under the wait, without a connection, lets
// everything else go on, and tries again by itself. A request that would have
// to wait for longer than Options.Patience fails at once with a
// *flow.WaitError. [WithPriority] and [WithPatience] say it for single
// requests, [Client.Waits] shows what is being waited for.
//
// # Updates
//
// The handler is called with each update once, in order, one call after the other. The
// state of an update is saved after the handler has returned: what a program
// was handling when it crashed is handed to it again when it is started again.
//
// Numbers such as R-LG-21 are those of docs/requirements.md.
package telegram

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/telegram/flow"
	"godwit/telegram/updates"
)

// Options are what a client starts with. APIID and APIHash are required; zero
// elsewhere stands for the default.
type Options struct {
	// APIID and APIHash identify the program to Telegram:
	// https://my.telegram.org/apps gives them out.
	APIID   int
	APIHash string

	// Store keeps the credentials: in memory, unless one is given.
	Store Store
	// Peers keeps the access hashes of peers: in memory, unless one is given.
	Peers PeerStore
	// Network is where to connect to: Production.
	Network Network
	// Handler gets the updates. Without one, none are asked for.
	Handler Handler

	// LoadState, if not nil, says that the Handler keeps the state of the
	// updates: it stores each Delivery's Change itself, best in the transaction
	// that stores what the updates mean, and LoadState returns what has been
	// stored, the zero State for nothing yet. So the two can never differ.
	// Without it the client keeps the state with the credentials.
	LoadState func(ctx context.Context) (updates.State, error)

	// Transport is how packets are framed: padded intermediate, obfuscated.
	// That is what Telegram's own clients use: every address accepts it, those
	// that insist on obfuscation included, and nothing in it is the same twice
	// for a network in between to recognise. It costs 4 to 19 bytes a packet
	// and one pass of AES-CTR. Plain abridged is the leanest.
	Transport *transport.Options
	// PermanentKeyOnly has everything encrypted with the keys that are stored,
	// without perfect forward secrecy: it spares a key exchange, a tenth of a
	// second or so, each time that a program connects.
	PermanentKeyOnly bool
	// KeepTemporaryKeys has temporary keys stored with the credentials, which spares
	// a program that starts again their making. Telegram leaves that open: they stay
	// in memory alone "for additional security" (https://core.telegram.org/api/pfs).
	// With it, who steals the credentials can read what was said in the last day.
	KeepTemporaryKeys bool
	// Device is how the session is shown to the account's owner.
	Device Device
	// Patience is for how long a request may be held back where Telegram asks
	// to wait, FLOOD_WAIT and the like: DefaultPatience if 0, not at all if
	// negative. [WithPatience] says it for single requests.
	Patience time.Duration
	// Waits are those of an earlier run, for the client to keep to: what
	// [Client.Waits] returned or OnWait was told.
	Waits []flow.Wait
	// OnWait is told when Telegram begins or lengthens a wait. It must return
	// soon.
	OnWait func(flow.Wait)
	// Observe, if not nil, is told of each request by its method, such as
	// messages.sendMessage, with the context that it is made with; what it
	// returns, which may be nil, is called with what came of it.
	Observe func(ctx context.Context, method string) func(error)
	// KeyLog, if not nil, gets every auth key that packets are encrypted with, a
	// line each in hexadecimal, as "godwit inspect --auth-key-file" reads them:
	// for looking at captures of one's own traffic, as SSLKEYLOGFILE is for TLS.
	// Whoever has it can read everything, and act as the account.
	KeyLog io.Writer
	// OnConnection is told when the connection to the account's main data centre
	// is lost, with why, and with nil when it is there again. Meanwhile it is
	// tried again and again. It must return soon and must not use the client.
	OnConnection func(lost error)
	// Logger is told of lost connections and the like, never of secrets.
	Logger mtproto.Logger

	// Dial opens TCP connections; net.Dialer's DialContext by default. Through a
	// proxy they go by the Dial of what package mtproto/transport/proxy has.
	Dial DialFunc
	// Connector opens the connections that carry packets, in place of Transport
	// and Dial: those of package mtproto/transport/web go by WebSocket or HTTP,
	// one of package mtproto/transport/proxy goes through an MTProxy.
	Connector transport.Connector
}

// A Device describes the program to Telegram, which shows it in the list of
// the account's sessions.
type Device struct {
	Model      string // "godwit"
	System     string // the operating system
	AppVersion string // "1"
	LangCode   string // ISO 639-1: "en"
}

const (
	fetchTimeout = time.Minute // for the answer to a fetch of the update engine
	maxTries     = 3           // to reach a data centre for the first time
)

var (
	// ErrClosed says that the client was closed by its own program.
	ErrClosed = errors.New("telegram: the client is closed")
	// ErrNotSignedIn says that the client is not signed in.
	ErrNotSignedIn = errors.New("telegram: not signed in")
)

// complete fills in what is not given.
func (o *Options) complete() error {
	switch {
	case o.APIID == 0:
		return errors.New("telegram: Options.APIID is missing")
	case o.APIHash == "":
		return errors.New("telegram: Options.APIHash is missing")
	}
	if o.Store == nil {
		o.Store = new(MemoryStore)
	}
	if o.Peers == nil {
		o.Peers = new(MemoryPeers)
	}
	if len(o.Network.DCs) == 0 {
		o.Network = Production()
	}
	if o.Transport == nil {
		o.Transport = &transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	o.Logger = mtproto.LoggerOr(o.Logger)
	if o.OnConnection == nil {
		o.OnConnection = func(error) {}
	}
	if o.Connector == nil {
		o.Connector = &transport.TCP{Options: *o.Transport, Dial: o.Dial}
	}
	fill(&o.Device.Model, "godwit")
	fill(&o.Device.System, runtime.GOOS)
	fill(&o.Device.AppVersion, "1")
	fill(&o.Device.LangCode, "en")
	return nil
}

// usable reports whether an address can be connected to: over plain TCP some
// cannot.
func (o *Options) usable(d DC) bool {
	tcp, ok := o.Connector.(*transport.TCP)
	if !ok {
		return true
	}
	hides := d.Secret.Domain == "" || tcp.Hide != nil
	return hides && (!d.ObfuscatedOnly || tcp.Options.Obfuscated || !d.Secret.IsZero())
}

func fill(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

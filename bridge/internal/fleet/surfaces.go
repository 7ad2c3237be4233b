package fleet

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/account"
	"godwit/bridge/internal/botapi"
	"godwit/bridge/internal/inbox"
)

// A Runner is an account that is online, or on its way there: *account.Runner
// over MTProto, *botapi.Runner over the Bot API. Its errors are as theirs: a
// *bridge.Error, of CodeSurfaceUnable for what the surface has no way to do.
type Runner interface {
	// Close takes the account offline and waits until nothing is left.
	Close()
	// Health adds what the Runner knows to h.
	Health(ctx context.Context, h *bridge.Health) error
	SignOut(ctx context.Context) error
	// Backfill has what was asked for of the past fetched, in the background.
	Backfill()
	// Export has the members of groups fetched that were asked for.
	Export()

	Resolve(ctx context.Context, p bridge.Peer) (inbox.Peer, error)
	Send(ctx context.Context, p bridge.Peer, m *bridge.Message) (*inbox.Batch, error)
	Act(ctx context.Context, a *bridge.QueuedAction) (telegramID int, err error)

	Edit(ctx context.Context, p bridge.Peer, m *bridge.Message) error
	Delete(ctx context.Context, p bridge.Peer, telegramID int, everybody bool) error
	React(ctx context.Context, p bridge.Peer, telegramID int, emoji []string) error
	MarkRead(ctx context.Context, p bridge.Peer, upTo int) error
	Typing(ctx context.Context, p bridge.Peer) error
	// Open opens the file that a message carries, until ctx ends.
	Open(ctx context.Context, p bridge.Peer, m *bridge.Message) (*bridge.File, error)
	// Group returns what there is to know of a group or channel.
	Group(ctx context.Context, p bridge.Peer) (*bridge.Group, error)

	Devices(ctx context.Context) ([]bridge.Device, error)
	EndDevice(ctx context.Context, id int64) error
	ConfirmDevice(ctx context.Context, id int64) error
	LoginCode(ctx context.Context) (*bridge.LoginCode, error)
}

// A Person is a Runner that does what bots cannot: *account.Runner is one. Its
// errors are as those of Runner.
type Person interface {
	Runner

	// Groups asks admit before each request.
	Groups(ctx context.Context, admit func(context.Context) error) ([]bridge.Group, error)

	LookUp(ctx context.Context, p bridge.Peer) (*bridge.Profile, error)
	Search(ctx context.Context, query string, limit int) ([]bridge.Profile, error)
	Contacts(ctx context.Context) ([]bridge.Profile, error)
	AddContact(ctx context.Context, n bridge.NewContact) (*bridge.Profile, error)
	DeleteContact(ctx context.Context, p bridge.Peer) error
	Blocked(ctx context.Context, after, limit int) (list []bridge.Profile, total int, err error)
}

var _ Person = (*account.Runner)(nil)

// A SignIn is a sign-in of an account under way.
type SignIn interface {
	// Step returns what is asked for.
	Step(ctx context.Context) (*bridge.SignIn, error)
	// Answer answers that, and returns what is asked for then.
	Answer(ctx context.Context, a bridge.Answer) (*bridge.SignIn, error)
	// Close leaves the sign-in, which can be gone on with.
	Close()
	// Cancel gives it up.
	Cancel(ctx context.Context) error
}

// A Watcher is told what happens to an account, in order, and must return soon.
type Watcher interface {
	// Happened is told what happens while the Runner goes on.
	Happened(bridge.Cause)
	// Ended is told why a Runner that was not closed has ended.
	Ended(bridge.Cause)
}

// A Starter brings accounts online; *Surfaces is one.
type Starter interface {
	// Start returns at once. turn is waited for before connecting; what it
	// returns is called afterwards.
	Start(a *bridge.Account, epoch int64, w Watcher, turn func(context.Context) (func(), error)) Runner
	BeginSignIn(ctx context.Context, a *bridge.Account, epoch int64) (SignIn, error)
	// ResumeSignIn goes on with what was begun before, perhaps elsewhere.
	ResumeSignIn(ctx context.Context, a *bridge.Account, epoch int64) (SignIn, error)
}

// Surfaces start each account over the surface of its kind.
type Surfaces struct {
	Users *account.Environment
	Bots  *botapi.Environment
}

var _ Starter = (*Surfaces)(nil)

// Start implements Starter.
func (s *Surfaces) Start(a *bridge.Account, epoch int64, w Watcher, turn func(context.Context) (func(), error)) Runner {
	if a.Kind == bridge.BotAccount {
		return s.Bots.Start(a, epoch, w, turn)
	}
	return s.Users.Start(a, epoch, w, turn)
}

// BeginSignIn implements Starter.
func (s *Surfaces) BeginSignIn(ctx context.Context, a *bridge.Account, epoch int64) (SignIn, error) {
	if a.Kind == bridge.BotAccount {
		return s.Bots.BeginSignIn(a, epoch), nil
	}
	begun, err := s.Users.BeginSignIn(ctx, a, epoch)
	if err != nil {
		return nil, err
	}
	return begun, nil
}

// ResumeSignIn implements Starter. Nothing of a bot's sign-in is left behind
// before it is done, so it begins again.
func (s *Surfaces) ResumeSignIn(ctx context.Context, a *bridge.Account, epoch int64) (SignIn, error) {
	if a.Kind == bridge.BotAccount {
		return s.Bots.BeginSignIn(a, epoch), nil
	}
	resumed, err := s.Users.ResumeSignIn(ctx, a, epoch)
	if err != nil {
		return nil, err
	}
	return resumed, nil
}

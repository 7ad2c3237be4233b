package account

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/telegram"
	"godwit/telegram/flow"
	"godwit/telegram/participants"
	"godwit/tg"
)

// Export fetches the members of groups that were asked for, one export after the
// other, a page at a time. Each page is stored with where to go on, so that none
// is lost or fetched twice when the account moves or its node ends. It returns
// when there is nothing left, and can be called again at any time.
//
// The error says what stopped it, as that of Backfill. An export that Telegram
// refuses has failed, and one that cannot go on now waits; neither stops another.
func (r *Recorder) Export(ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client) error {
	ctx = telegram.WithPriority(ctx, flow.Bulk)
	var stopped error // the one of those that wait which is to be tried again first
	for after := bridge.ExportID(""); ; {
		e, err := r.Store.NextExport(ctx, a.ID, after)
		if err != nil {
			return err
		}
		if e == nil {
			return stopped
		}
		after = e.ID
		x := &exporter{r: r, client: c, epoch: epoch, export: e}
		err = x.run(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, store.ErrNotOwner):
			return err
		case stopped == nil, laterOf(err).Before(laterOf(stopped)):
			stopped = err
		}
	}
}

// exportPatience is how long an export waits for a page where it is. For longer
// waits it is left, and found again, which costs a request.
const exportPatience = 2 * time.Minute

// errWithdrawn says that nobody wants an export any more.
var errWithdrawn = errors.New("account: the export was canceled")

// An exporter makes one export.
type exporter struct {
	r      *Recorder
	client *telegram.Client
	epoch  int64
	export *bridge.Export
}

// run goes on with the export until it is at its end or has to wait.
func (x *exporter) run(ctx context.Context) error {
	err := x.members(ctx)
	switch {
	case err == nil, errors.Is(err, errWithdrawn):
		return nil
	case x.hopeless(err):
		return x.fail(ctx, err)
	case ctx.Err() != nil, errors.Is(err, store.ErrNotOwner):
		return err
	}
	var wait *flow.WaitError
	if errors.As(err, &wait) && x.r.Refused != nil {
		if noted := x.r.Refused(ctx, x.export.AccountID, bridge.BudgetParticipants, time.Until(wait.Wait.Until)); noted != nil {
			return errors.Join(noted, err)
		}
	}
	return errors.Join(x.wait(ctx, err), err)
}

// members fetches what is left of the list.
func (x *exporter) members(ctx context.Context) error {
	peer, err := x.group(ctx)
	if err != nil {
		return err
	}
	list, err := x.list(ctx, peer)
	if err != nil {
		return err
	}
	release, err := x.enter(ctx)
	if err != nil {
		return err
	}
	defer func() { release() }()
	for page, err := range list.Pages(ctx) {
		if err != nil {
			return err
		}
		if err := x.keep(ctx, page, list.Report()); err != nil || x.export.State.Final() {
			return err
		}
		release()
		if release, err = x.enter(ctx); err != nil {
			release = func() {}
			return err
		}
	}
	return nil
}

// list returns the members that are wanted, from where the export is.
func (x *exporter) list(ctx context.Context, peer tg.InputPeerClass) (*participants.List, error) {
	e := x.export
	o := participants.Options{
		Kind: listKinds[e.List], Query: e.Query, Resume: participants.Report{Seen: e.Seen, Total: e.Total, Offset: e.Offset},
	}
	known, err := x.r.Store.ExportPeers(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range known {
		o.Known = append(o.Known, telegram.IDOf(telegramPeer(p)))
	}
	return participants.Of(&witness{x.client, e}, peer, o), nil
}

var listKinds = map[bridge.MemberList]participants.Kind{
	bridge.AllMembers: participants.Recent, bridge.AdminMembers: participants.Admins, bridge.BotMembers: participants.Bots,
	bridge.ContactMembers: participants.Contacts, bridge.BannedMembers: participants.Banned,
	bridge.KickedMembers: participants.Kicked, bridge.FoundMembers: participants.Search,
}

// A witness is a client that notes what the group of an export is called.
type witness struct {
	*telegram.Client
	export *bridge.Export
}

// Learn is as that of the client.
func (w *witness) Learn(users []tg.UserClass, chats []tg.ChatClass) {
	for _, p := range convertPeers(nil, chats) {
		if p.Peer == w.export.Group && p.Title != "" {
			w.export.Title = p.Title
		}
	}
	w.Client.Learn(users, chats)
}

// group returns how the group is named to Telegram. Who is known by a name alone
// is looked up first.
func (x *exporter) group(ctx context.Context) (tg.InputPeerClass, error) {
	e := x.export
	if e.Group.Resolved() {
		return x.client.InputPeer(telegramPeer(e.Group))
	}
	if err := x.admit(ctx, bridge.BudgetLookups); err != nil {
		return nil, err
	}
	answer, err := lookUp(ctx, x.client, e.Group)
	if err != nil {
		return nil, err
	}
	found := convertPeer(answer.Peer)
	if found.Kind != bridge.GroupPeer && found.Kind != bridge.ChannelPeer {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "@%s is no group.", e.Group.Name)
	}
	e.Group = found
	if err := x.store(ctx, nil, ""); err != nil {
		return nil, err
	}
	return x.client.InputPeer(telegramPeer(found))
}

// enter waits until a page may be fetched. What it returns is called afterwards.
func (x *exporter) enter(ctx context.Context) (func(), error) {
	if err := x.admit(ctx, bridge.BudgetParticipants); err != nil {
		return nil, err
	}
	return x.r.turn(ctx)
}

// admit spends what something costs, for which it waits if that is not long.
func (x *exporter) admit(ctx context.Context, kind bridge.BudgetKind) error {
	for {
		err := x.r.admit(ctx, x.export.AccountID, kind)
		var later *bridge.Error
		if err == nil || !errors.As(err, &later) || later.RetryAt.IsZero() || time.Until(later.RetryAt) > exportPatience {
			return err
		}
		if err := sleep(ctx, time.Until(later.RetryAt)); err != nil {
			return err
		}
	}
}

// keep stores a page, with where the list is then.
func (x *exporter) keep(ctx context.Context, page []participants.Participant, report participants.Report) error {
	e, now := x.export, time.Now().UTC()
	members := make([]bridge.Member, 0, len(page))
	for i := range page {
		members = append(members, convertMember(&page[i]))
	}
	if e.State == bridge.ExportQueued {
		e.State, e.StartedAt = bridge.ExportRunning, now
	}
	e.Total, e.Limit, e.Offset = report.Total, report.Cap, report.Offset
	e.Code, e.Error, e.RetryAt = "", "", time.Time{}
	kind := bridge.ExportProgress
	if report.Why != participants.Interrupted {
		kind = bridge.ExportFinished
		e.Gap = gaps[report.Why]
		e.End(bridge.ExportDone, now)
	}
	return x.store(ctx, members, kind)
}

var gaps = map[participants.Reason]bridge.ExportGap{
	participants.Complete: bridge.NoGap, participants.Capped: bridge.GapLimit, participants.Shifted: bridge.GapShifted,
}

// store stores how far the export is, with what has come of it, and tells of it.
func (x *exporter) store(ctx context.Context, members []bridge.Member, kind bridge.EventType) error {
	e := *x.export
	e.Seen += len(members)
	err := x.r.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.CheckOwner(e.AccountID, x.epoch); err != nil {
			return err
		}
		switch there, err := t.SetExport(&e); {
		case err != nil:
			return err
		case !there:
			return errWithdrawn
		}
		if err := t.AddMembers(e.ID, x.export.Seen, members); err != nil {
			return err
		}
		if kind == "" {
			return nil
		}
		event, err := bridge.NewEvent(time.Now(), rand.Reader, kind, e.AccountID, bridge.MTProto, "", &e)
		if err != nil {
			return err
		}
		return t.AddEvent(event)
	})
	if err == nil {
		x.export.Seen = e.Seen
	}
	return err
}

// wait notes what the export waits for.
func (x *exporter) wait(ctx context.Context, why error) error {
	x.export.RetryAt = laterOf(why)
	return x.note(ctx, why, "")
}

// note stores why the export does not go on, unless nobody wants it any more.
func (x *exporter) note(ctx context.Context, why error, event bridge.EventType) error {
	x.because(why)
	err := x.store(ctx, nil, event)
	if errors.Is(err, errWithdrawn) {
		return nil
	}
	return err
}

// hopeless reports whether an error is about the export itself, so that it cannot
// be gone on with.
func (x *exporter) hopeless(err error) bool {
	var hidden *participants.HiddenError
	switch code := bridge.CodeOf(err); {
	case errors.As(err, &hidden), errors.Is(err, participants.ErrForbidden), errors.Is(err, participants.ErrBasicKind):
		return true
	case code == bridge.CodeInvalidRequest, code == bridge.CodeNotFound:
		return true
	}
	return refusedAlone(err)
}

// fail ends the export, and tells why.
func (x *exporter) fail(ctx context.Context, why error) error {
	x.export.End(bridge.ExportFailed, time.Now().UTC())
	return x.note(ctx, why, bridge.ExportBroken)
}

// because notes an error in words for users.
func (x *exporter) because(why error) {
	var hidden *participants.HiddenError
	var own *bridge.Error
	e := x.export
	switch {
	case errors.As(why, &hidden) && hidden.Hidden:
		e.Code, e.Error = bridge.CodeTelegramRefused, "The members of the group are hidden from all but its administrators, and the account is none."
	case errors.As(why, &hidden):
		e.Code, e.Error = bridge.CodeTelegramRefused, "Administrators alone may list these members, and the account is none."
	case errors.Is(why, participants.ErrForbidden):
		e.Code, e.Error = bridge.CodeTelegramRefused, "The account is not in the group any more."
	case errors.Is(why, participants.ErrBasicKind):
		e.Code, e.Error = bridge.CodeInvalidRequest, "Basic groups keep no list of who is banned or kicked."
	case errors.As(told(why), &own):
		e.Code, e.Error = own.Code, own.Detail
	default:
		e.Code, e.Error = bridge.CodeUnavailable, "Telegram has not answered."
	}
}

// convertMember returns what is told of a participant.
func convertMember(p *participants.Participant) bridge.Member {
	m := bridge.Member{
		Peer: peerOf(p.Peer), Role: p.Role.String(), Title: p.Title, JoinedAt: p.Joined.UTC(), By: p.By, Bot: p.Bot,
	}
	if u := p.User; u != nil {
		m.Username, m.FirstName, m.LastName = username(u.Username, u.Usernames), u.FirstName.Value, u.LastName.Value
		m.Phone, m.Deleted, m.Premium, m.Contact = u.Phone.Value, u.Deleted, u.Premium, u.Contact
	}
	return m
}

// Package participants lists who is in a group, supergroup or channel, and says
// how much of the truth the list is: Telegram shows at most 10,000 members of a
// supergroup and 200 of a channel, counts approximately, and shifts its pages
// while people come and go.
//
// Start with [Of], iterate over [List.All], or over [List.Pages] to keep what has
// come so far, then look at [List.Report]:
//
//	list := participants.Of(client, peer, participants.Options{})
//	for p, err := range list.All(ctx) {
//		…
//	}
//	fmt.Println(list.Report())
//
// One request is in flight at a time (R-PT-17); the client's scheduler holds it
// back for as long as Telegram wants. A context made by telegram.WithPriority
// lets conversations go first.
//
// Numbers such as R-PT-06 are those of docs/requirements.md.
package participants

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"godwit/telegram"
	"godwit/tg"
)

// Limits of what Telegram shows (R-PT-03, R-PT-04).
const (
	PageSize         = 100    // asked for at once; more than 200 never come
	VisibleMembers   = 10_000 // of a supergroup
	VisibleBroadcast = 200    // of a channel
	VisibleSearch    = 200    // for one query
)

// A Kind is a kind of participants (R-PT-02).
type Kind int

// The kinds. Kicked, Banned and, in channels, all of them are for
// administrators.
const (
	Recent   Kind = iota // members
	Admins               // administrators and the creator
	Kicked               // who may not come back
	Banned               // members and others who may not do everything
	Bots                 //
	Search               // members, by name or username
	Contacts             // members who are the account's contacts
	Mentions             // whom to offer for a mention
)

var kindNames = [...]string{"recent", "admins", "kicked", "banned", "bots", "search", "contacts", "mentions"}

// String returns the name that ParseKind reads.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// ParseKind reads the name of a kind.
func ParseKind(name string) (Kind, error) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("participants: %q is none of %v", name, kindNames)
}

// Options say which participants are wanted. The zero Options stand for all
// members.
type Options struct {
	Kind  Kind
	Query string // name or username, for all kinds but Recent, Admins and Bots
	Topic int    // of a forum, for Mentions

	// Resume is the report of an iteration that was broken off: this one goes on
	// where it stopped. Who is returned then may have been returned before, since
	// pages shift.
	Resume Report
	// Known are those that have been returned before, where Resume is set: they
	// are not returned again, nor counted.
	Known []telegram.PeerID
	// Hash is the Hash of an earlier report. If Telegram says that nothing has
	// changed, nobody is returned and Report.Unchanged is set (R-PT-08).
	Hash int64
}

// A List is the participants of one group, fetched while they are iterated
// over. It is for one goroutine.
type List struct {
	api     telegram.API
	peer    tg.InputPeerClass
	options Options
	report  Report
	seen    map[telegram.PeerID]bool
}

// Of returns the participants of a group, supergroup or channel. Nothing is
// fetched before [List.All] is iterated over.
func Of(api telegram.API, peer tg.InputPeerClass, o Options) *List {
	return &List{api: api, peer: peer, options: o, report: o.Resume, seen: make(map[telegram.PeerID]bool)}
}

// ErrForbidden says that the account is not in a basic group any more, and so
// cannot list its members.
var ErrForbidden = errors.New("participants: the account is not in this group any more")

// ErrBasicKind says that basic groups know no such kind of participants.
var ErrBasicKind = errors.New("participants: basic groups keep no list of who is kicked or banned")

// A HiddenError says that the account may not list the members: in a channel,
// or where Hidden is set in a supergroup, administrators alone may (R-PT-10,
// R-PT-11).
type HiddenError struct {
	Peer   telegram.PeerID
	Hidden bool  // members were hidden by the administrators
	Err    error // what Telegram said, nil if it said nothing
}

func (e *HiddenError) Error() string {
	if e.Hidden {
		return fmt.Sprintf("participants: the members of %v are hidden from all but its administrators", e.Peer)
	}
	return fmt.Sprintf("participants: only administrators may list the members of %v", e.Peer)
}

// Unwrap returns what Telegram said.
func (e *HiddenError) Unwrap() error { return e.Err }

// All fetches the participants, a page at a time. Each user is returned once.
// An error ends the iteration: a *HiddenError; ErrForbidden or ErrBasicKind for
// a basic group; else Telegram's. A basic group that has become a supergroup is
// listed as that (R-PT-16). Iterating again begins anew, or where
// Options.Resume says.
func (l *List) All(ctx context.Context) iter.Seq2[Participant, error] {
	return func(yield func(Participant, error) bool) {
		l.begin()
		err := l.list(ctx, func(p Participant) bool { return yield(p, nil) }, func() bool { return true })
		if err != nil {
			yield(Participant{}, err)
		}
	}
}

// Pages is All with those that one request has brought at once, so that Report
// says where to go on after each of them; a page can be empty. After the last
// one, Report says how complete the list is. A basic group is one page.
func (l *List) Pages(ctx context.Context) iter.Seq2[[]Participant, error] {
	return func(yield func([]Participant, error) bool) {
		l.begin()
		var page []Participant
		err := l.list(ctx, func(p Participant) bool {
			page = append(page, p)
			return true
		}, func() bool {
			whole := page
			page = nil
			return yield(whole, nil)
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

func (l *List) begin() {
	l.report = l.options.Resume
	l.report.Why = Interrupted
	clear(l.seen)
	for _, id := range l.options.Known {
		l.seen[id] = true
	}
}

// list fetches until there is no more, or one returns false, which is called for
// each participant, or turn does, which is called after each page.
func (l *List) list(ctx context.Context, one func(Participant) bool, turn func() bool) error {
	if chat, ok := l.peer.(*tg.InputPeerChat); ok {
		moved, err := l.basic(ctx, chat.ChatID, one, turn)
		if moved == nil || err != nil {
			return err
		}
		l.peer = moved
	}
	channel := telegram.InputChannelOf(l.peer)
	if channel == nil {
		return errors.New("participants: the peer is no group")
	}
	if err := l.look(ctx, channel); err != nil {
		return err
	}
	request := &tg.ChannelsGetParticipants{
		Channel: channel, Filter: l.options.filter(), Offset: int32(l.report.Offset), Limit: PageSize,
	}
	if request.Offset == 0 {
		request.Hash = l.options.Hash
	}
	for {
		answer, err := tg.Call(ctx, l.api, request)
		if err != nil {
			return l.explain(err)
		}
		page, ok := answer.(*tg.ChannelsChannelParticipants)
		if !ok {
			l.report.Unchanged, l.report.Why = true, Complete
			return nil
		}
		l.api.Learn(page.Users, page.Chats)
		if !l.take(page, one) {
			return nil
		}
		request.Offset, request.Hash = int32(l.report.Offset), 0
		// R-PT-05: a page that is shorter than asked for is no end.
		last := len(page.Participants) == 0 || l.report.Offset >= l.reachable()
		if last {
			l.conclude()
		}
		if !turn() || last {
			return nil
		}
	}
}

// take hands on a page. It returns false if the iteration was broken off.
func (l *List) take(page *tg.ChannelsChannelParticipants, one func(Participant) bool) bool {
	l.report.Total = int(page.Count) // R-PT-06: approximate, and it changes
	users := make(map[int64]*tg.User, len(page.Users))
	for _, u := range page.Users {
		if u, ok := u.(*tg.User); ok {
			users[u.ID] = u
		}
	}
	if l.report.Offset == 0 && len(page.Participants) >= l.reachable() {
		l.report.Hash = hashOf(page.Participants)
	}
	for _, raw := range page.Participants {
		p := participantOf(raw, users)
		l.report.Offset++
		if l.seen[p.Peer] {
			continue
		}
		l.seen[p.Peer] = true
		l.report.Seen++
		if !one(p) {
			return false
		}
	}
	return true
}

// look asks whether the members may be listed, since Telegram answers with an
// empty list where they may not (R-PT-10).
func (l *List) look(ctx context.Context, channel tg.InputChannelClass) error {
	answer, err := tg.Call(ctx, l.api, &tg.ChannelsGetFullChannel{Channel: channel})
	if err != nil {
		return err
	}
	l.api.Learn(answer.Users, answer.Chats)
	full, ok := answer.FullChat.(*tg.ChannelFull)
	if !ok {
		return errors.New("participants: the answer of channels.getFullChannel is about something else")
	}
	broadcast := false
	for _, c := range answer.Chats {
		if c, ok := c.(*tg.Channel); ok && c.ID == full.ID {
			broadcast = c.Broadcast
		}
	}
	l.report.Cap = l.options.visible(broadcast)
	if !full.CanViewParticipants && (l.options.Kind != Admins || broadcast) {
		return &HiddenError{Peer: l.id(), Hidden: full.ParticipantsHidden}
	}
	return nil
}

// explain makes a HiddenError of what Telegram says to those who are no
// administrators.
func (l *List) explain(err error) error {
	if errors.Is(err, tg.ErrChatAdminRequired) {
		return &HiddenError{Peer: l.id(), Err: err}
	}
	return err
}

func (l *List) id() telegram.PeerID {
	if p, ok := l.peer.(*tg.InputPeerChannel); ok {
		return telegram.PeerID{Kind: telegram.PeerChannel, ID: p.ChannelID}
	}
	return telegram.PeerID{}
}

// filter returns what requests ask for (R-PT-02).
func (o *Options) filter() tg.ChannelParticipantsFilterClass {
	switch o.Kind {
	case Admins:
		return &tg.ChannelParticipantsAdmins{}
	case Kicked:
		return &tg.ChannelParticipantsKicked{Q: o.Query}
	case Banned:
		return &tg.ChannelParticipantsBanned{Q: o.Query}
	case Bots:
		return &tg.ChannelParticipantsBots{}
	case Search:
		return &tg.ChannelParticipantsSearch{Q: o.Query}
	case Contacts:
		return &tg.ChannelParticipantsContacts{Q: o.Query}
	case Mentions:
		f := &tg.ChannelParticipantsMentions{}
		f.Q.Value, f.Q.Set = o.Query, o.Query != ""
		f.TopMsgID.Value, f.TopMsgID.Set = int32(o.Topic), o.Topic != 0
		return f
	}
	return &tg.ChannelParticipantsRecent{}
}

// visible returns how many can be seen at most (R-PT-04).
func (o *Options) visible(broadcast bool) int {
	switch {
	case broadcast:
		return VisibleBroadcast
	case o.Kind == Search && o.Query != "":
		return VisibleSearch
	}
	return VisibleMembers
}

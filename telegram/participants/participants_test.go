package participants_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/telegram/internal/place"
	"godwit/telegram/participants"
	"godwit/tg"
	"godwit/tl"
)

const (
	annPhone   = "9996610001"
	borisPhone = "9996610002"
	chrisPhone = "9996610003"
)

// read iterates over a list to its end.
func read(p *place.Place, l *participants.List) []participants.Participant {
	p.T.Helper()
	var all []participants.Participant
	for one, err := range l.All(p.Ctx) {
		p.Check(err)
		all = append(all, one)
	}
	return all
}

// failure returns the error that ends an iteration.
func failure(p *place.Place, l *participants.List) error {
	for _, err := range l.All(p.Ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

// crowd makes a supergroup and returns it as a client names it.
func crowd(p *place.Place, c *telegram.Client, o sandbox.Crowd) tg.InputPeerClass {
	p.T.Helper()
	o.Title, o.Username = "Crowd", "the_crowd"
	_, err := p.AddCrowd(o)
	p.Check(err)
	peer, err := c.ResolveUsername(p.Ctx, "the_crowd")
	p.Check(err)
	return peer
}

// R-PT-01, R-PT-04, R-PT-05, R-PT-06, R-PT-12, R-PT-17: a group beyond the cap
// is read up to it, page after page, each user once, and the report says what
// is missing.
func TestLargeGroup(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann := p.Person(annPhone, "Ann")
	peer := crowd(p, ann, sandbox.Crowd{Creator: annPhone, Members: 10_500, Bots: 3})
	counted := &counting{API: ann}
	list := participants.Of(counted, peer, participants.Options{})
	all := read(p, list)
	seen := make(map[int64]bool)
	for _, one := range all {
		if one.User == nil || one.User.ID != one.Peer.ID {
			t.Fatalf("participant %+v without a user", one)
		}
		seen[one.Peer.ID] = true
	}
	r := list.Report()
	if len(seen) != participants.VisibleMembers || r.Seen != len(seen) || r.Total != 10_501 || r.Cap != participants.VisibleMembers {
		t.Errorf("%d different ones, report %+v", len(seen), r)
	}
	if r.Complete() || r.Why != participants.Capped || !strings.Contains(r.String(), "at most 10000") {
		t.Errorf("report %v", r)
	}
	if counted.most != 1 || counted.pages != participants.VisibleMembers/participants.PageSize {
		t.Errorf("%d requests at once, %d pages", counted.most, counted.pages)
	}
	bots := participants.Of(ann, peer, participants.Options{Kind: participants.Bots})
	if n := len(read(p, bots)); n != 3 || !bots.Report().Complete() {
		t.Errorf("%d bots, %v", n, bots.Report())
	}
	found := participants.Of(ann, peer, participants.Options{Kind: participants.Search, Query: "member 1"})
	if n := len(read(p, found)); n != participants.VisibleSearch || found.Report().Why != participants.Capped {
		t.Errorf("%d found, %v", n, found.Report())
	}
}

// counting counts the requests for pages, and how many are under way at once.
type counting struct {
	telegram.API
	pages, now, most int
}

func (c *counting) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	if _, ok := req.(*tg.ChannelsGetParticipants); ok {
		c.pages++
	}
	c.now++
	c.most = max(c.most, c.now)
	defer func() { c.now-- }()
	return c.API.Invoke(ctx, req, decode)
}

// An iteration goes on where another has stopped, and the report counts both.
func TestResume(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann := p.Person(annPhone, "Ann")
	peer := crowd(p, ann, sandbox.Crowd{Creator: annPhone, Members: 349})
	list := participants.Of(ann, peer, participants.Options{})
	seen := make(map[int64]bool)
	for one, err := range list.All(p.Ctx) {
		p.Check(err)
		if seen[one.Peer.ID] = true; len(seen) == 150 {
			break
		}
	}
	r := list.Report()
	if r.Why != participants.Interrupted || r.Offset != 150 || r.Seen != 150 {
		t.Errorf("broken off with %+v", r)
	}
	rest := participants.Of(ann, peer, participants.Options{Resume: r})
	for _, one := range read(p, rest) {
		if seen[one.Peer.ID] {
			t.Errorf("%v came again", one.Peer)
		}
		seen[one.Peer.ID] = true
	}
	if got := rest.Report(); len(seen) != 350 || !got.Complete() || got.Seen != 350 {
		t.Errorf("%d seen, %v", len(seen), got)
	}
}

// R-PT-02, R-PT-07, R-PT-08, R-PT-09, R-PT-13: every kind of participants,
// whatever their order, and lists that have not changed.
func TestKinds(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann, boris, chris := p.Person(annPhone, "Ann"), p.Person(borisPhone, "Boris"), p.Person(chrisPhone, "Chris")
	peer := crowd(p, ann, sandbox.Crowd{Creator: annPhone, Members: 5, Bots: 1, Phones: []string{borisPhone, chrisPhone}})
	p.Check(groups.Promote(p.Ctx, ann, peer, p.Meet(ann, borisPhone), tg.ChatAdminRights{BanUsers: true}, "deputy"))
	_, err := ann.ImportContact(p.Ctx, telegram.Contact{Phone: chrisPhone, FirstName: "Chris"})
	p.Check(err)
	var members []participants.Participant
	for _, one := range read(p, participants.Of(ann, peer, participants.Options{})) {
		if one.User.LastName.Or("") == "2" || one.User.LastName.Or("") == "3" {
			members = append(members, one)
		}
	}
	for i, one := range members {
		member, err := ann.InputPeer(one.Peer.Peer())
		p.Check(err)
		if i == 0 {
			p.Check(groups.Ban(p.Ctx, ann, peer, member, noTime))
		} else {
			p.Check(groups.Restrict(p.Ctx, ann, peer, member, tg.ChatBannedRights{SendMedia: true}, noTime))
		}
	}
	for _, test := range []struct {
		o    participants.Options
		want []string
	}{
		{participants.Options{}, []string{"Ann creator", "Boris admin", "Chris member", "Member member", "Member member", "Member member", "Member restricted"}},
		{participants.Options{Kind: participants.Admins}, []string{"Ann creator", "Boris admin"}},
		{participants.Options{Kind: participants.Kicked}, []string{"Member kicked"}},
		{participants.Options{Kind: participants.Banned}, []string{"Member restricted"}},
		{participants.Options{Kind: participants.Bots}, []string{"Member member"}},
		{participants.Options{Kind: participants.Search, Query: "bor"}, []string{"Boris admin"}},
		{participants.Options{Kind: participants.Contacts}, []string{"Chris member"}},
		{participants.Options{Kind: participants.Mentions, Query: "c"}, []string{"Chris member"}},
	} {
		list := participants.Of(ann, peer, test.o)
		var got []string
		for _, one := range read(p, list) {
			got = append(got, fmt.Sprintf("%s %v", one.User.FirstName.Or(""), one.Role))
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) || !list.Report().Complete() {
			t.Errorf("%v: %q, want %q, %v", test.o.Kind, got, test.want, list.Report())
		}
		test.o.Hash = list.Report().Hash
		if again := participants.Of(ann, peer, test.o); len(read(p, again)) != 0 || !again.Report().Unchanged {
			t.Errorf("%v again: %v", test.o.Kind, again.Report())
		}
	}

	deputy, err := participants.Get(p.Ctx, ann, peer, p.Meet(ann, borisPhone))
	p.Check(err)
	if deputy.Role != participants.Admin || deputy.Title != "deputy" || !deputy.AdminRights.BanUsers || deputy.AdminRights.PinMessages {
		t.Errorf("Boris is %+v", deputy)
	}
	theirs, err := boris.ResolveUsername(p.Ctx, "the_crowd")
	p.Check(err)
	self, err := participants.Get(p.Ctx, boris, theirs, &tg.InputPeerSelf{})
	p.Check(err)
	if self.Peer.ID != boris.Self().ID {
		t.Errorf("himself he is %+v", self)
	}
	p.Check(groups.Leave(p.Ctx, chris, mustResolve(p, chris)))
	if _, err := participants.Get(p.Ctx, ann, peer, p.Meet(ann, chrisPhone)); !errors.Is(err, tg.ErrUserNotParticipant) {
		t.Errorf("who has left: %v", err)
	}
	if err := failure(p, participants.Of(chris, mustResolve(p, chris), participants.Options{Kind: participants.Kicked})); !isHidden(err) {
		t.Errorf("who is kicked, to somebody who is nobody: %v", err)
	}
}

func mustResolve(p *place.Place, c *telegram.Client) tg.InputPeerClass {
	p.T.Helper()
	peer, err := c.ResolveUsername(p.Ctx, "the_crowd")
	p.Check(err)
	return peer
}

func isHidden(err error) bool {
	var hidden *participants.HiddenError
	return errors.As(err, &hidden)
}

// R-PT-10, R-PT-11: hidden members, and those of channels, are for
// administrators; others are told so.
func TestHidden(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann, boris := p.Person(annPhone, "Ann"), p.Person(borisPhone, "Boris")
	peer := crowd(p, ann, sandbox.Crowd{Creator: annPhone, Members: 20, Phones: []string{borisPhone}})
	p.Check(groups.SetMembersHidden(p.Ctx, ann, peer, true))
	if n := len(read(p, participants.Of(ann, peer, participants.Options{}))); n != 22 {
		t.Errorf("the creator sees %d", n)
	}
	theirs := mustResolve(p, boris)
	err := failure(p, participants.Of(boris, theirs, participants.Options{}))
	var hidden *participants.HiddenError
	if !errors.As(err, &hidden) || !hidden.Hidden || hidden.Peer.Kind != telegram.PeerChannel {
		t.Errorf("a member is told %v", err)
	}
	if n := len(read(p, participants.Of(boris, theirs, participants.Options{Kind: participants.Admins}))); n != 1 {
		t.Errorf("a member sees %d administrators", n)
	}

	made, err := groups.Create(p.Ctx, ann, groups.New{Kind: groups.Channel, Title: "News"})
	p.Check(err)
	p.Check(groups.SetUsername(p.Ctx, ann, made.Peer, "the_news"))
	news, err := groups.Join(p.Ctx, boris, "@the_news")
	p.Check(err)
	for _, kind := range []participants.Kind{participants.Recent, participants.Admins} {
		err = failure(p, participants.Of(boris, news, participants.Options{Kind: kind}))
		if !errors.As(err, &hidden) || hidden.Hidden {
			t.Errorf("%v of a channel: %v", kind, err)
		}
	}
	list := participants.Of(ann, made.Peer, participants.Options{})
	if n := len(read(p, list)); n != 2 || list.Report().Cap != participants.VisibleBroadcast {
		t.Errorf("the creator sees %d, %v", n, list.Report())
	}
	p.Check(groups.Ban(p.Ctx, ann, made.Peer, p.Meet(ann, borisPhone), noTime))
	if err := failure(p, participants.Of(boris, news, participants.Options{})); !errors.Is(err, tg.ErrChannelPrivate) {
		t.Errorf("who is banned is told %v", err)
	}
}

// R-PT-14, R-PT-16: basic groups come in one piece, until they have become
// supergroups.
func TestBasicGroup(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann, boris := p.Person(annPhone, "Ann"), p.Person(borisPhone, "Boris")
	p.Person(chrisPhone, "Chris")
	made, err := groups.Create(p.Ctx, ann, groups.New{
		Kind: groups.Basic, Title: "Team", Users: []tg.InputUserClass{p.User(ann, borisPhone), p.User(ann, chrisPhone)},
	})
	p.Check(err)
	p.Check(groups.Promote(p.Ctx, ann, made.Peer, p.Meet(ann, chrisPhone), tg.ChatAdminRights{}, ""))
	for kind, want := range map[participants.Kind]int{participants.Recent: 3, participants.Admins: 2, participants.Bots: 0} {
		list := participants.Of(ann, made.Peer, participants.Options{Kind: kind})
		if n := len(read(p, list)); n != want || !list.Report().Complete() {
			t.Errorf("%v: %d, want %d, %v", kind, n, want, list.Report())
		}
	}
	found := read(p, participants.Of(ann, made.Peer, participants.Options{Kind: participants.Search, Query: "chr"}))
	if len(found) != 1 || found[0].Role != participants.Admin || found[0].By != ann.Self().ID {
		t.Errorf("found %+v", found)
	}
	if err := failure(p, participants.Of(ann, made.Peer, participants.Options{Kind: participants.Kicked})); !errors.Is(err, participants.ErrBasicKind) {
		t.Errorf("who is kicked: %v", err)
	}
	p.Check(groups.Leave(p.Ctx, boris, made.Peer))
	if err := failure(p, participants.Of(boris, made.Peer, participants.Options{})); !errors.Is(err, participants.ErrForbidden) {
		t.Errorf("who has left is told %v", err)
	}
	moved, err := groups.Migrate(p.Ctx, ann, made.Peer)
	p.Check(err)
	list := participants.Of(ann, made.Peer, participants.Options{})
	if n := len(read(p, list)); n != 2 || list.Report().Cap != participants.VisibleMembers {
		t.Errorf("%d in the supergroup %v, %v", n, moved, list.Report())
	}
	if _, err := ann.SendText(p.Ctx, made.Peer, "x"); !errors.Is(err, tg.ErrChatWriteForbidden) {
		t.Errorf("writing to what has become a supergroup: %v", err)
	}
}

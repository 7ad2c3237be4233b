package participants_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"godwit/telegram"
	"godwit/telegram/participants"
	"godwit/tg"
	"godwit/tl"
)

var noTime time.Time

// A server answers requests for pages as it is told.
type server struct {
	t     *testing.T
	pages []tl.Object // in this order
	asked []tg.ChannelsGetParticipants
	full  tg.ChannelFull
}

func (s *server) Learn([]tg.UserClass, []tg.ChatClass) {}

func (s *server) LearnFrom([]tg.MessageClass, []tg.UserClass, []tg.ChatClass) {}

func (s *server) InputPeer(tg.PeerClass) (tg.InputPeerClass, error) { return nil, nil }

func (s *server) Invoke(_ context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	var answer tl.Object
	switch req := req.(type) {
	case *tg.ChannelsGetFullChannel:
		answer = &tg.MessagesChatFull{FullChat: &s.full, Chats: []tg.ChatClass{}, Users: []tg.UserClass{}}
	case *tg.ChannelsGetParticipants:
		s.asked = append(s.asked, *req)
		if len(s.pages) == 0 {
			s.t.Fatal("asked for more pages than there are")
		}
		answer, s.pages = s.pages[0], s.pages[1:]
	}
	raw, err := tl.Marshal(answer)
	if err != nil {
		return err
	}
	return decode(tl.NewReader(raw))
}

// page returns a page with the users from low to high.
func pageOf(count int32, ids ...int64) tl.Object {
	p := &tg.ChannelsChannelParticipants{Count: count, Chats: []tg.ChatClass{}, Users: []tg.UserClass{}}
	for _, id := range ids {
		p.Participants = append(p.Participants, &tg.ChannelParticipant{UserID: id, Date: 1})
	}
	return p
}

// Pages may be short, overlap, and lie about how many there are.
func TestPages(t *testing.T) {
	full := tg.ChannelFull{ID: 5, CanViewParticipants: true, ChatPhoto: &tg.PhotoEmpty{}, NotifySettings: tg.PeerNotifySettings{}}
	for _, test := range []struct {
		name    string
		pages   []tl.Object
		offsets []int32
		want    participants.Report
	}{
		{"short pages (R-PT-05)", []tl.Object{pageOf(5, 1, 2), pageOf(5, 3, 4), pageOf(5, 5)}, []int32{0, 2, 4},
			participants.Report{Seen: 5, Total: 5, Offset: 5}},
		{"overlapping pages (R-PT-06)", []tl.Object{pageOf(4, 1, 2), pageOf(5, 2, 3), pageOf(5, 4)}, []int32{0, 2, 4},
			participants.Report{Seen: 4, Total: 5, Offset: 5, Why: participants.Shifted}},
		{"a count that is too high (R-PT-06)", []tl.Object{pageOf(9, 1, 2), pageOf(9)}, []int32{0, 2},
			participants.Report{Seen: 2, Total: 9, Offset: 2, Why: participants.Shifted}},
		{"nobody", []tl.Object{pageOf(0)}, []int32{0}, participants.Report{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &server{t: t, pages: test.pages, full: full}
			list := participants.Of(s, &tg.InputPeerChannel{ChannelID: 5}, participants.Options{})
			for _, err := range list.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			got := list.Report()
			test.want.Cap, got.Hash = participants.VisibleMembers, 0
			if got != test.want {
				t.Errorf("report %+v, want %+v", got, test.want)
			}
			for i, q := range s.asked {
				if q.Offset != test.offsets[i] || q.Limit != participants.PageSize {
					t.Errorf("page %d: offset %d, limit %d", i, q.Offset, q.Limit)
				}
			}
			if len(s.asked) != len(test.offsets) {
				t.Errorf("%d pages, want %d", len(s.asked), len(test.offsets))
			}
		})
	}
}

// R-PT-15: updates of a basic group apply in the order of its versions.
func TestRoster(t *testing.T) {
	begin := &tg.ChatParticipants{ChatID: 7, Version: 3, Participants: []tg.ChatParticipantClass{
		&tg.ChatParticipantCreator{UserID: 1}, &tg.ChatParticipant{UserID: 2, InviterID: 1, Date: 9},
	}}
	for _, test := range []struct {
		name    string
		updates []tg.UpdateClass
		ok      bool
		want    map[int64]participants.Role
	}{
		{"added", []tg.UpdateClass{&tg.UpdateChatParticipantAdd{ChatID: 7, UserID: 3, InviterID: 1, Date: 10, Version: 4}}, true,
			map[int64]participants.Role{1: participants.Creator, 2: participants.Member, 3: participants.Member}},
		{"promoted and demoted", []tg.UpdateClass{
			&tg.UpdateChatParticipantAdmin{ChatID: 7, UserID: 2, IsAdmin: true, Version: 4},
			&tg.UpdateChatParticipantAdd{ChatID: 7, UserID: 3, Version: 5},
			&tg.UpdateChatParticipantAdmin{ChatID: 7, UserID: 3, IsAdmin: true, Version: 6},
			&tg.UpdateChatParticipantAdmin{ChatID: 7, UserID: 3, Version: 7},
		}, true, map[int64]participants.Role{1: participants.Creator, 2: participants.Admin, 3: participants.Member}},
		{"removed", []tg.UpdateClass{&tg.UpdateChatParticipantDelete{ChatID: 7, UserID: 2, Version: 4}}, true,
			map[int64]participants.Role{1: participants.Creator}},
		{"old", []tg.UpdateClass{&tg.UpdateChatParticipantDelete{ChatID: 7, UserID: 2, Version: 3}}, true,
			map[int64]participants.Role{1: participants.Creator, 2: participants.Member}},
		{"of another group", []tg.UpdateClass{&tg.UpdateChatParticipantDelete{ChatID: 8, UserID: 2, Version: 9}}, true,
			map[int64]participants.Role{1: participants.Creator, 2: participants.Member}},
		{"with a gap", []tg.UpdateClass{&tg.UpdateChatParticipantDelete{ChatID: 7, UserID: 2, Version: 5}}, false,
			map[int64]participants.Role{1: participants.Creator, 2: participants.Member}},
		{"replaced", []tg.UpdateClass{&tg.UpdateChatParticipants{Participants: &tg.ChatParticipants{
			ChatID: 7, Version: 9, Participants: []tg.ChatParticipantClass{&tg.ChatParticipantCreator{UserID: 4}},
		}}}, true, map[int64]participants.Role{4: participants.Creator}},
		{"thrown out", []tg.UpdateClass{&tg.UpdateChatParticipants{Participants: &tg.ChatParticipantsForbidden{ChatID: 7}}}, false,
			map[int64]participants.Role{1: participants.Creator, 2: participants.Member}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := participants.NewRoster(begin)
			ok := true
			for _, u := range test.updates {
				ok = r.Apply(u) && ok
			}
			got := make(map[int64]participants.Role)
			for _, one := range r.Members() {
				got[one.Peer.ID] = one.Role
			}
			if ok != test.ok || len(got) != len(test.want) {
				t.Errorf("%v, %v", ok, got)
			}
			for id, role := range test.want {
				if got[id] != role {
					t.Errorf("user %d is %v, want %v", id, got[id], role)
				}
			}
		})
	}
}

// R-PT-09: all constructors are read.
func TestConstructors(t *testing.T) {
	full := tg.ChannelFull{ID: 5, CanViewParticipants: true, ChatPhoto: &tg.PhotoEmpty{}}
	page := &tg.ChannelsChannelParticipants{Count: 7, Chats: []tg.ChatClass{}, Users: []tg.UserClass{&tg.User{ID: 1, Bot: true}},
		Participants: []tg.ChannelParticipantClass{
			&tg.ChannelParticipant{UserID: 1, Date: 5, Rank: tl.Some("rank")},
			&tg.ChannelParticipantSelf{UserID: 2, InviterID: 9, Date: 5},
			&tg.ChannelParticipantCreator{UserID: 3, AdminRights: tg.ChatAdminRights{AddAdmins: true}},
			&tg.ChannelParticipantAdmin{UserID: 4, PromotedBy: 3, Date: 5},
			&tg.ChannelParticipantBanned{Peer: &tg.PeerUser{UserID: 5}, KickedBy: 3, BannedRights: tg.ChatBannedRights{SendMedia: true}},
			&tg.ChannelParticipantBanned{Left: true, Peer: &tg.PeerChannel{ChannelID: 6}, KickedBy: 3, BannedRights: tg.ChatBannedRights{ViewMessages: true}},
			&tg.ChannelParticipantLeft{Peer: &tg.PeerUser{UserID: 7}},
		}}
	s := &server{t: t, pages: []tl.Object{page}, full: full}
	var got []participants.Participant
	for one, err := range participants.Of(s, &tg.InputPeerChannel{ChannelID: 5}, participants.Options{}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one)
	}
	want := []struct {
		id   telegram.PeerID
		role participants.Role
		by   int64
	}{
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 1}, participants.Member, 0},
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 2}, participants.Member, 9},
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 3}, participants.Creator, 0},
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 4}, participants.Admin, 3},
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 5}, participants.Restricted, 3},
		{telegram.PeerID{Kind: telegram.PeerChannel, ID: 6}, participants.Out, 3},
		{telegram.PeerID{Kind: telegram.PeerUser, ID: 7}, participants.Left, 0},
	}
	for i, w := range want {
		if got[i].Peer != w.id || got[i].Role != w.role || got[i].By != w.by {
			t.Errorf("%d: %+v, want %+v", i, got[i], w)
		}
	}
	if !got[0].Bot || got[0].Title != "rank" || got[0].Joined.Unix() != 5 {
		t.Errorf("the bot is %+v", got[0])
	}
}

func TestNames(t *testing.T) {
	for k := participants.Recent; k <= participants.Mentions; k++ {
		if again, err := participants.ParseKind(k.String()); again != k || err != nil {
			t.Errorf("%v: %v, %v", k, again, err)
		}
	}
	if _, err := participants.ParseKind("friends"); err == nil {
		t.Error("a kind that there is not")
	}
}

// What was returned before a list was broken off is not returned again, though
// pages have shifted, and each page can be gone on after.
func TestResumePages(t *testing.T) {
	full := tg.ChannelFull{ID: 5, CanViewParticipants: true, ChatPhoto: &tg.PhotoEmpty{}}
	peer := &tg.InputPeerChannel{ChannelID: 5}
	s := &server{t: t, full: full, pages: []tl.Object{pageOf(5, 1, 2), pageOf(5, 2, 3), pageOf(5, 4, 5)}}
	first := participants.Of(s, peer, participants.Options{})
	var known []telegram.PeerID
	for page, err := range first.Pages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			known = append(known, p.Peer)
		}
		break
	}
	if r := first.Report(); len(known) != 2 || r.Offset != 2 || r.Seen != 2 || r.Why != participants.Interrupted {
		t.Errorf("%v, %v", known, r)
	}
	second := participants.Of(s, peer, participants.Options{Resume: first.Report(), Known: known})
	var sizes []int
	var offsets []int
	for page, err := range second.Pages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		sizes, offsets = append(sizes, len(page)), append(offsets, second.Report().Offset)
		if done := second.Report().Complete(); done != (second.Report().Offset == 6) {
			t.Errorf("at %d: %v", second.Report().Offset, second.Report())
		}
	}
	if want := []int{1, 2}; !slices.Equal(sizes, want) || !slices.Equal(offsets, []int{4, 6}) || second.Report().Seen != 5 {
		t.Errorf("pages of %v up to %v, %v", sizes, offsets, second.Report())
	}
}

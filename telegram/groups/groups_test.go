package groups_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/telegram/internal/place"
	"godwit/tg"
	"godwit/tl"
)

const (
	annPhone   = "9996610001"
	borisPhone = "9996610002"
	chrisPhone = "9996610003"
)

// A party is three people.
type party struct {
	*place.Place
	ann, boris, chris *telegram.Client
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := place.New(t, sandbox.Options{})
	return &party{p, p.Person(annPhone, "Ann"), p.Person(borisPhone, "Boris"), p.Person(chrisPhone, "Chris")}
}

// refused checks that Telegram has refused something for a reason.
func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (p *party) make(n groups.New) tg.InputPeerClass {
	p.T.Helper()
	made, err := groups.Create(p.Ctx, p.ann, n)
	p.Check(err)
	return made.Peer
}

// as returns how another client names a group, which it was told of.
func (p *party) as(c *telegram.Client, peer tg.InputPeerClass) tg.InputPeerClass {
	p.T.Helper()
	for d, err := range c.Dialogs(p.Ctx) {
		p.Check(err)
		if in, ok := peer.(*tg.InputPeerChannel); ok && telegram.IDOf(d.Raw.Peer).ID == in.ChannelID {
			return d.Peer
		}
	}
	p.T.Fatal("the group is not in the list of dialogs")
	return nil
}

func texts(p *party, c *telegram.Client, peer tg.InputPeerClass, o telegram.HistoryOptions) []string {
	p.T.Helper()
	out := []string{}
	for m, err := range c.History(p.Ctx, peer, o) {
		p.Check(err)
		out = append(out, m.Message)
	}
	return out
}

func TestBasicGroup(t *testing.T) {
	p := newParty(t)
	_, err := groups.Create(p.Ctx, p.ann, groups.New{Kind: groups.Basic, Title: "Nobody"})
	refused(t, "a group of one", err, tg.ErrUsersTooFew)
	team := p.make(groups.New{Kind: groups.Basic, Title: "Team", Users: []tg.InputUserClass{p.User(p.ann, borisPhone)}})
	_, err = groups.Add(p.Ctx, p.boris, team, p.User(p.boris, chrisPhone))
	p.Check(err)
	_, err = p.chris.SendText(p.Ctx, team, "hello")
	p.Check(err)
	p.Check(groups.SetTitle(p.Ctx, p.chris, team, "Crew"))
	p.Check(groups.SetAbout(p.Ctx, p.chris, team, "Who sails"))
	info, err := groups.Describe(p.Ctx, p.ann, team)
	p.Check(err)
	if info.Members != 3 || info.About != "Who sails" || !info.CanViewMembers {
		t.Errorf("the group is %+v", info)
	}
	p.Check(groups.RestrictAll(p.Ctx, p.ann, team, tg.ChatBannedRights{SendMessages: true, ChangeInfo: true}))
	_, err = p.boris.SendText(p.Ctx, team, "muted")
	refused(t, "writing where nobody may", err, tg.ErrChatWriteForbidden)
	refused(t, "a title by a member", groups.SetTitle(p.Ctx, p.boris, team, "Mine"), tg.ErrChatAdminRequired)
	p.Check(groups.Promote(p.Ctx, p.ann, team, p.Meet(p.ann, borisPhone), tg.ChatAdminRights{}, ""))
	_, err = p.boris.SendText(p.Ctx, team, "not muted")
	p.Check(err)
	p.Check(groups.Kick(p.Ctx, p.boris, team, p.Meet(p.boris, chrisPhone)))
	_, err = p.chris.SendText(p.Ctx, team, "gone")
	refused(t, "writing to a group that one is not in", err, tg.ErrPeerIDInvalid)
	refused(t, "a ban", groups.Ban(p.Ctx, p.ann, team, p.Meet(p.ann, chrisPhone), time.Time{}), groups.ErrBasic)
	refused(t, "slow mode", groups.SetSlowMode(p.Ctx, p.ann, team, time.Minute), groups.ErrBasic)
	p.Check(groups.Demote(p.Ctx, p.ann, team, p.Meet(p.ann, borisPhone)))

	club, err := groups.Migrate(p.Ctx, p.ann, team)
	p.Check(err)
	refused(t, "migrating twice", second(groups.Migrate(p.Ctx, p.ann, club)), groups.ErrNotBasic)
	if info, err = groups.Describe(p.Ctx, p.ann, team); err != nil || info.MigratedTo == nil {
		t.Errorf("what has migrated is %+v, %v", info, err)
	}
	p.Check(groups.RestrictAll(p.Ctx, p.ann, club, tg.ChatBannedRights{}))
	_, err = p.boris.SendText(p.Ctx, p.as(p.boris, club), "in the supergroup")
	p.Check(err)
	p.Check(groups.Delete(p.Ctx, p.ann, club))
	_, err = p.ann.SendText(p.Ctx, club, "deleted")
	refused(t, "writing to what is deleted", err, tg.ErrChannelPrivate)
}

func second[A any](_ A, err error) error { return err }

func TestSupergroup(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club", About: "Birds", Users: []tg.InputUserClass{p.User(p.ann, borisPhone)}})
	p.Check(groups.SetUsername(p.Ctx, p.ann, club, "bird_club"))
	refused(t, "a bad username", groups.SetUsername(p.Ctx, p.ann, club, "a"), tg.ErrUsernameInvalid)
	p.Check(p.SetUsername(chrisPhone, "chris_c"))
	refused(t, "a username that is taken", groups.SetUsername(p.Ctx, p.ann, club, "chris_c"), tg.ErrUsernameOccupied)
	boris := p.as(p.boris, club)
	chris, err := groups.Join(p.Ctx, p.chris, "https://t.me/bird_club")
	p.Check(err)
	refused(t, "joining twice", second(groups.Join(p.Ctx, p.chris, "@bird_club")), tg.ErrUserAlreadyParticipant)
	_, err = p.chris.SendText(p.Ctx, chris, "I have joined")
	p.Check(err)

	asAnn := p.Meet(p.ann, chrisPhone)
	p.Check(groups.Restrict(p.Ctx, p.ann, club, asAnn, tg.ChatBannedRights{SendMessages: true}, time.Time{}))
	_, err = p.chris.SendText(p.Ctx, chris, "muted")
	refused(t, "writing while restricted", err, tg.ErrUserBannedInChannel)
	p.Check(groups.Restrict(p.Ctx, p.ann, club, asAnn, tg.ChatBannedRights{}, time.Time{}))
	_, err = p.chris.SendText(p.Ctx, chris, "not muted")
	p.Check(err)
	p.Check(groups.Kick(p.Ctx, p.ann, club, asAnn))
	_, err = p.chris.SendText(p.Ctx, chris, "kicked")
	refused(t, "writing when kicked", err, tg.ErrChatWriteForbidden)
	_, err = groups.Join(p.Ctx, p.chris, "@bird_club")
	p.Check(err)
	p.Check(groups.Ban(p.Ctx, p.ann, club, asAnn, time.Time{}))
	refused(t, "joining when banned", second(groups.Join(p.Ctx, p.chris, "@bird_club")), tg.ErrUserBannedInChannel)
	_, err = p.chris.SendText(p.Ctx, chris, "banned")
	refused(t, "writing when banned", err, tg.ErrChannelPrivate)

	refused(t, "a ban by a member", groups.Ban(p.Ctx, p.boris, boris, p.Meet(p.boris, annPhone), time.Time{}), tg.ErrChatAdminRequired)
	deputy := tg.ChatAdminRights{BanUsers: true, AddAdmins: true, ChangeInfo: true}
	p.Check(groups.Promote(p.Ctx, p.ann, club, p.Meet(p.ann, borisPhone), deputy, "deputy"))
	refused(t, "a ban of the creator", groups.Ban(p.Ctx, p.boris, boris, p.Meet(p.boris, annPhone), time.Time{}), tg.ErrUserAdminInvalid)
	p.Check(groups.Restrict(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone), tg.ChatBannedRights{}, time.Time{}))
	_, err = groups.Join(p.Ctx, p.chris, "@bird_club")
	p.Check(err)
	more := tg.ChatAdminRights{PinMessages: true}
	refused(t, "rights that one has not", groups.Promote(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone), more, ""), tg.ErrRightForbidden)
	p.Check(groups.Promote(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone), tg.ChatAdminRights{BanUsers: true}, ""))
	p.Check(groups.SetTitle(p.Ctx, p.boris, boris, "Club of Birds"))
	p.Check(groups.SetProtected(p.Ctx, p.ann, club, true))
	m, err := p.boris.SendText(p.Ctx, boris, "a secret")
	p.Check(err)
	_, err = p.boris.Forward(p.Ctx, boris, []int{int(m.ID)}, &tg.InputPeerSelf{}, telegram.Forwarding{})
	refused(t, "forwarding what is protected", err, tg.ErrChatForwardsRestricted)
	p.Check(groups.Demote(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone)))
	p.Check(groups.SetSlowMode(p.Ctx, p.ann, club, time.Hour))
	_, err = p.chris.SendText(p.Ctx, chris, "once")
	p.Check(err)
	_, err = p.chris.SendText(telegram.WithPatience(p.Ctx, 0), chris, "again")
	refused(t, "a second message in slow mode", err, tg.ErrSlowmodeWait)
	refused(t, "a slow mode that there is not", groups.SetSlowMode(p.Ctx, p.ann, club, 7*time.Second), tg.ErrSecondsInvalid)
	p.Check(groups.SetSlowMode(p.Ctx, p.ann, club, 0))
	refused(t, "the same slow mode", groups.SetSlowMode(p.Ctx, p.ann, club, 0), tg.ErrChatNotModified)
	refused(t, "the creator leaving", groups.Leave(p.Ctx, p.ann, club), tg.ErrUserCreator)
}

// What was written before a member came shows, unless it is hidden.
func TestHiddenHistory(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club"})
	p.Check(groups.SetHistoryHidden(p.Ctx, p.ann, club, true))
	_, err := p.ann.SendText(p.Ctx, club, "before")
	p.Check(err)
	_, err = groups.Add(p.Ctx, p.ann, club, p.User(p.ann, borisPhone))
	p.Check(err)
	_, err = p.ann.SendText(p.Ctx, club, "after")
	p.Check(err)
	boris := p.as(p.boris, club)
	if got := texts(p, p.boris, boris, telegram.HistoryOptions{}); !slices.Equal(got, []string{"after"}) {
		t.Errorf("Boris sees %q", got)
	}
	p.Check(second(p.ann.ClearHistory(p.Ctx, club, true)))
	if got := texts(p, p.boris, boris, telegram.HistoryOptions{}); len(got) != 0 {
		t.Errorf("after all is cleared Boris sees %q", got)
	}
}

func TestInvites(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club"})
	once, err := groups.CreateInvite(p.Ctx, p.ann, club, groups.NewInvite{Title: "for one", Limit: 1})
	p.Check(err)
	boris, err := groups.Join(p.Ctx, p.boris, once.Link)
	p.Check(err)
	refused(t, "an invitation that is used up", second(groups.Join(p.Ctx, p.chris, once.Link)), tg.ErrInviteHashExpired)
	refused(t, "an invitation by a member", second(groups.CreateInvite(p.Ctx, p.boris, boris, groups.NewInvite{})), tg.ErrChatAdminRequired)
	refused(t, "an invitation that is no more", second(groups.CreateInvite(p.Ctx, p.ann, club, groups.NewInvite{Expires: time.Unix(1, 0)})), tg.ErrExpireDateInvalid)
	var arrived []int64
	for a, err := range groups.Arrivals(p.Ctx, p.ann, club, once.Link) {
		p.Check(err)
		arrived = append(arrived, a.User)
	}
	if !slices.Equal(arrived, []int64{p.boris.Self().ID}) {
		t.Errorf("by the invitation came %v", arrived)
	}

	asking, err := groups.CreateInvite(p.Ctx, p.ann, club, groups.NewInvite{Approval: true})
	p.Check(err)
	refused(t, "joining with an approval", second(groups.Join(p.Ctx, p.chris, asking.Link)), tg.ErrInviteRequestSent)
	_, _, err = p.chris.Resolve(p.Ctx, asking.Link)
	refused(t, "resolving an invitation of others", err, telegram.ErrNotJoined)
	var waiting []int64
	for a, err := range groups.Requests(p.Ctx, p.ann, club) {
		p.Check(err)
		waiting = append(waiting, a.User)
	}
	if !slices.Equal(waiting, []int64{p.chris.Self().ID}) {
		t.Errorf("waiting are %v", waiting)
	}
	chris, err := p.ann.InputPeer(&tg.PeerUser{UserID: waiting[0]})
	p.Check(err)
	p.Check(groups.Decide(p.Ctx, p.ann, club, chris, true))
	refused(t, "deciding twice", groups.Decide(p.Ctx, p.ann, club, chris, true), tg.ErrHideRequesterMissing)
	got, _, err := p.chris.Resolve(p.Ctx, asking.Link)
	p.Check(err)
	if _, err := p.chris.SendText(p.Ctx, got, "let in"); err != nil {
		t.Errorf("who was let in cannot write: %v", err)
	}

	revoked, err := groups.RevokeInvite(p.Ctx, p.ann, club, asking.Link)
	p.Check(err)
	if !revoked.Revoked || revoked.Link != asking.Link || revoked.Used != 1 {
		t.Errorf("revoked %+v", revoked)
	}
	for _, revoked := range []bool{false, true} {
		var links []string
		for i, err := range groups.Invites(p.Ctx, p.ann, club, &tg.InputUserSelf{}, revoked) {
			p.Check(err)
			links = append(links, i.Link)
		}
		want := []string{once.Link}
		if revoked {
			want = []string{asking.Link}
		}
		if !slices.Equal(links, want) {
			t.Errorf("invitations %q, want %q", links, want)
		}
	}
	p.Check(groups.DeleteInvite(p.Ctx, p.ann, club, asking.Link))
	p.Check(groups.DecideAll(p.Ctx, p.ann, club, true))
}

func TestTopics(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club"})
	refused(t, "a topic of no forum", second(groups.CreateTopic(p.Ctx, p.ann, club, "x")), tg.ErrChannelForumMissing)
	p.Check(groups.SetForum(p.Ctx, p.ann, club, true))
	for i := range 120 {
		_, err := groups.CreateTopic(p.Ctx, p.ann, club, fmt.Sprint("topic ", i))
		p.Check(err)
	}
	birds, err := groups.CreateTopic(p.Ctx, p.ann, club, "Birds")
	p.Check(err)
	m, err := p.ann.Send(p.Ctx, club, telegram.Outgoing{Text: "a tern", Reply: telegram.Reply{Topic: birds}})
	p.Check(err)
	answer, err := p.ann.Send(p.Ctx, club, telegram.Outgoing{Text: "a godwit", Reply: telegram.Reply{Topic: birds, Message: int(m.ID)}})
	p.Check(err)
	h := answer.ReplyTo.(*tg.MessageReplyHeader)
	if !h.ForumTopic || h.ReplyToMsgID.Value != m.ID || int(h.ReplyToTopID.Value) != birds {
		t.Errorf("the answer is in %+v", h)
	}
	_, err = p.ann.SendText(p.Ctx, club, "in general")
	p.Check(err)
	for id, want := range map[int][]string{birds: {"a godwit", "a tern"}, groups.General: {"in general"}} {
		if got := texts(p, p.ann, club, telegram.HistoryOptions{Topic: id}); !slices.Equal(got, want) {
			t.Errorf("topic %d holds %q, want %q", id, got, want)
		}
	}
	p.Check(groups.PinTopic(p.Ctx, p.ann, club, birds, true))
	var titles []string
	for topic, err := range groups.Topics(p.Ctx, p.ann, club, "") {
		p.Check(err)
		titles = append(titles, topic.Title)
	}
	if len(titles) != 122 || titles[0] != "Birds" || titles[1] != "General" || titles[121] != "topic 0" {
		t.Errorf("%d topics: %q", len(titles), titles)
	}
	p.Check(groups.ChangeTopic(p.Ctx, p.ann, club, birds, groups.EditTopic{Title: tl.Some("Waders"), Closed: tl.Some(true)}))
	_, err = groups.Add(p.Ctx, p.ann, club, p.User(p.ann, borisPhone))
	p.Check(err)
	boris := p.as(p.boris, club)
	_, err = p.boris.Send(p.Ctx, boris, telegram.Outgoing{Text: "too late", Reply: telegram.Reply{Topic: birds}})
	refused(t, "writing to a topic that is closed", err, tg.ErrTopicClosed)
	refused(t, "another one's topic", groups.ChangeTopic(p.Ctx, p.boris, boris, birds, groups.EditTopic{Title: tl.Some("x")}), tg.ErrChatAdminRequired)
	p.Check(groups.DeleteTopic(p.Ctx, p.ann, club, birds))
	for topic, err := range groups.Topics(p.Ctx, p.ann, club, "wader") {
		t.Errorf("after it is deleted there is %+v, %v", topic, err)
	}
	p.Check(p.ann.MarkTopicRead(p.Ctx, club, groups.General, int(answer.ID)))
}

func TestJoinNames(t *testing.T) {
	p := newParty(t)
	p.Check(p.SetUsername(borisPhone, "boris_b"))
	for text, want := range map[string]error{
		"@nobody_at_all": tg.ErrUsernameNotOccupied, "https://t.me/+AAAAAAAAAAAA": tg.ErrInviteHashExpired,
	} {
		refused(t, text, second(groups.Join(p.Ctx, p.ann, text)), want)
	}
	for _, text := range []string{"@boris_b", "https://example.org/x"} {
		if _, err := groups.Join(p.Ctx, p.ann, text); err == nil {
			t.Errorf("%s was joined", text)
		}
	}
}

package interop

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotd/td/session"

	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/telegram/groups"
	"godwit/tg"
)

// An organizer is a person who makes polls, pins, drafts, albums and topics, the last
// of which not all can. Ids are its own.
type organizer interface {
	person
	// Poll sends a poll and returns the id of its message.
	Poll(ctx context.Context, phone, question string, answers []string) (int, error)
	// Vote votes for the answer at an index.
	Vote(ctx context.Context, phone string, id, answer int) error
	// Votes returns how many votes each answer has.
	Votes(ctx context.Context, phone string, id int) ([]int, error)
	Pin(ctx context.Context, phone string, id int) error
	// Pinned returns the ids of the pinned messages.
	Pinned(ctx context.Context, phone string) ([]int, error)
	SaveDraft(ctx context.Context, phone, text string) error
	Draft(ctx context.Context, phone string) (string, error)
	// SendAlbum sends photos as an album.
	SendAlbum(ctx context.Context, phone string, paths []string) error
	// Album returns how many messages the album has that the newest message is of.
	Album(ctx context.Context, phone string) (int, error)
	// Forum joins a forum by its link, makes a topic with a text in it, and returns
	// the titles of the topics.
	Forum(ctx context.Context, link, title, text string) ([]string, error)
	// Comment writes a comment on the only post of a channel, by its username.
	Comment(ctx context.Context, channel, text string) error
}

// TestOrganizers has clients of other makers and ours, one side each, vote in
// polls of the other, pin, keep drafts, send albums, use the topics of a forum and
// comment on a channel.
func TestOrganizers(t *testing.T) {
	framing := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	for name, start := range map[string]func(ctx context.Context, t *testing.T, conn *connection, phone string) organizer{
		"gotd": func(ctx context.Context, t *testing.T, conn *connection, phone string) organizer {
			return startGotd(ctx, t, conn, gotdTransports[0], phone, &session.StorageMemory{})
		},
		"mtcute": func(ctx context.Context, t *testing.T, conn *connection, phone string) organizer {
			return startMtcute(ctx, t, conn, mtcuteTransports[0], phone)
		},
		"telethon": func(ctx context.Context, t *testing.T, conn *connection, phone string) organizer {
			return startTelethon(ctx, t, conn, "full", phone, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb, conn := startSandbox(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			theirs := speaker{name: "Theirs", phone: newPhone(conn.DCs[0].ID)}
			register(t, sb, theirs, "")
			ours := speaker{name: "Ours", phone: newPhone(conn.DCs[0].ID)}
			register(t, sb, ours, "")
			m := &meeting{
				ctx: ctx, t: t, theirs: theirs.phone, ours: ours.phone,
				other: start(ctx, t, conn, theirs.phone),
				our:   startGodwit(ctx, t, conn, framing, ours.phone, new(telegram.MemoryStore)),
				twin:  startGodwit(ctx, t, conn, framing, theirs.phone, new(telegram.MemoryStore)),
			}
			for _, p := range []person{m.other, m.our, m.twin} {
				m.must("sign in", p.SignIn(ctx, ""))
			}
			m.must("add", m.other.Add(ctx, ours.phone))
			m.must("add", m.our.Add(ctx, theirs.phone))
			m.must("add", m.twin.Add(ctx, ours.phone))
			row := name + " with godwit"
			for _, part := range []struct {
				feature string
				run     func()
			}{
				{"polls", m.polls}, {"pins", m.pins}, {"drafts", m.drafts}, {"albums", m.albums}, {"comments", m.comments},
				{"topics", m.topics},
			} {
				if name == "telethon" && part.feature == "topics" {
					continue // its layer, 144, has none
				}
				part.run()
				covered.add(t, row, part.feature)
			}
		})
	}
}

// A meeting is a person of another client, one of ours, and one of ours that is
// signed in to the account of the first.
type meeting struct {
	ctx          context.Context
	t            *testing.T
	other        organizer
	our, twin    *godwitPerson
	theirs, ours string // phone numbers
}

func (m *meeting) must(what string, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%s: %v", what, err)
	}
}

// newest returns our newest messages with them, the newest first.
func (m *meeting) newest(limit int) (list []*tg.Message) {
	m.t.Helper()
	for one, err := range m.our.client.History(m.ctx, m.our.contacts[m.theirs], telegram.HistoryOptions{Limit: limit}) {
		m.must("history", err)
		list = append(list, one)
	}
	return list
}

// theirNewest returns the id of their newest message with us.
func (m *meeting) theirNewest() int {
	m.t.Helper()
	list, err := m.other.History(m.ctx, m.ours)
	m.must("their history", err)
	return list[len(list)-1].ID
}

func (m *meeting) polls() {
	m.t.Helper()
	peer, answers := m.our.contacts[m.theirs], []string{"Godwit", "Tern", "Knot"}
	id, err := m.other.Poll(m.ctx, m.ours, "Which bird?", answers)
	m.must("their poll", err)
	got := m.newest(1)[0]
	poll, ok := got.Media.(*tg.MessageMediaPoll)
	if !ok || poll.Poll.Question.Text != "Which bird?" || len(poll.Poll.Answers) != 3 {
		m.t.Fatalf("their poll is %+v", got.Media)
	}
	_, err = tg.Call(m.ctx, m.our.client, &tg.MessagesSendVote{
		Peer: peer, MsgID: got.ID, Options: [][]byte{poll.Poll.Answers[1].(*tg.PollAnswer).Option},
	})
	m.must("our vote", err)
	m.must("their vote", m.other.Vote(m.ctx, m.ours, id, 1))
	votes, err := m.other.Votes(m.ctx, m.ours, id)
	if m.must("votes", err); !slices.Equal(votes, []int{0, 2, 0}) {
		m.t.Errorf("of their poll they see %v", votes)
	}

	sent, err := m.our.client.Send(m.ctx, peer, telegram.Outgoing{Media: telegram.Poll{Question: "Where?", Answers: answers[:2]}.Media()})
	m.must("our poll", err)
	m.must("their vote in ours", m.other.Vote(m.ctx, m.ours, m.theirNewest(), 0))
	results := m.newest(1)[0].Media.(*tg.MessageMediaPoll).Results
	if m.newest(1)[0].ID != sent.ID || results.TotalVoters.Value != 1 {
		m.t.Errorf("our poll has %+v", results)
	}
}

func (m *meeting) pins() {
	m.t.Helper()
	peer := m.our.contacts[m.theirs]
	id, err := m.other.Send(m.ctx, m.ours, "to be pinned")
	m.must("send", err)
	m.must("pin", m.other.Pin(m.ctx, m.ours, id))
	var pinned []int
	for one, err := range m.our.client.Search(m.ctx, peer, telegram.Search{Kind: &tg.InputMessagesFilterPinned{}}) {
		m.must("search", err)
		pinned = append(pinned, int(one.ID))
		if one.Message != "to be pinned" {
			m.t.Errorf("pinned is %q", one.Message)
		}
	}
	if len(pinned) != 1 {
		m.t.Fatalf("pinned are %v", pinned)
	}
	theirs, err := m.other.Pinned(m.ctx, m.ours)
	if m.must("their pins", err); !slices.Equal(theirs, []int{id}) {
		m.t.Errorf("they see pinned %v, want %d", theirs, id)
	}
	m.must("unpin", m.our.client.Unpin(m.ctx, peer, pinned[0]))
	if theirs, err = m.other.Pinned(m.ctx, m.ours); err != nil || len(theirs) != 0 {
		m.t.Errorf("after we have unpinned it they see pinned %v, %v", theirs, err)
	}
}

// drafts are seen by the other devices of the same account.
func (m *meeting) drafts() {
	m.t.Helper()
	m.must("their draft", m.other.SaveDraft(m.ctx, m.ours, "not yet sent"))
	list, err := m.twin.client.Drafts(m.ctx)
	if m.must("drafts", err); len(list) != 1 || list[0].Text != "not yet sent" || list[0].Peer.ID != m.our.client.Self().ID {
		m.t.Errorf("our client reads the drafts %+v", list)
	}
	m.must("our draft", m.twin.client.SaveDraft(m.ctx, m.twin.contacts[m.ours], telegram.Outgoing{Text: "changed"}))
	if text, err := m.other.Draft(m.ctx, m.ours); err != nil || text != "changed" {
		m.t.Errorf("they read the draft %q, %v", text, err)
	}
}

// picture writes a photo and returns its path.
func (m *meeting) picture(name string, shade uint8) string {
	m.t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for i := range 200 * 100 {
		img.Set(i%200, i/200, color.RGBA{shade, uint8(i), 0, 255})
	}
	path := filepath.Join(m.t.TempDir(), name)
	f, err := os.Create(path)
	m.must("picture", err)
	m.must("picture", png.Encode(f, img))
	m.must("picture", f.Close())
	return path
}

func (m *meeting) albums() {
	m.t.Helper()
	paths := []string{m.picture("a.png", 10), m.picture("b.png", 99), m.picture("c.png", 200)}
	m.must("their album", m.other.SendAlbum(m.ctx, m.ours, paths))
	for _, one := range m.newest(3) {
		if _, photo := one.Media.(*tg.MessageMediaPhoto); !photo || one.GroupedID.Value == 0 || one.GroupedID != m.newest(1)[0].GroupedID {
			m.t.Errorf("of their album we see %+v", one)
		}
	}
	var album []files.Media
	for _, path := range paths[:2] {
		source, err := files.FromPath(path)
		m.must("source", err)
		defer source.Close()
		album = append(album, files.Photo{Source: source})
	}
	_, err := files.New(m.our.client, files.Options{}).SendAlbum(m.ctx, m.our.contacts[m.theirs], album, telegram.Outgoing{})
	m.must("our album", err)
	if n, err := m.other.Album(m.ctx, m.ours); err != nil || n != 2 {
		m.t.Errorf("of our album they see %d, %v", n, err)
	}
}

func (m *meeting) topics() {
	m.t.Helper()
	forum, err := groups.Create(m.ctx, m.our.client, groups.New{Kind: groups.Forum, Title: "Birds"})
	m.must("forum", err)
	m.must("rights", groups.RestrictAll(m.ctx, m.our.client, forum.Peer, tg.ChatBannedRights{ChangeInfo: true})) // who may make topics
	_, err = groups.CreateTopic(m.ctx, m.our.client, forum.Peer, "Waders")
	m.must("topic", err)
	invite, err := groups.CreateInvite(m.ctx, m.our.client, forum.Peer, groups.NewInvite{})
	m.must("invite", err)
	titles, err := m.other.Forum(m.ctx, invite.Link, "Terns", "Arctic ones")
	m.must("their topic", err)
	slices.Sort(titles)
	if !slices.Equal(titles, []string{"General", "Terns", "Waders"}) {
		m.t.Errorf("they see the topics %q", titles)
	}
	for topic, err := range groups.Topics(m.ctx, m.our.client, forum.Peer, "Terns") {
		m.must("topics", err)
		var said []string
		for one, err := range m.our.client.History(m.ctx, forum.Peer, telegram.HistoryOptions{Topic: topic.ID}) {
			m.must("history of the topic", err)
			said = append(said, one.Message)
		}
		if !slices.Equal(said, []string{"Arctic ones"}) {
			m.t.Errorf("in their topic is %q", said)
		}
	}
}

func (m *meeting) comments() {
	m.t.Helper()
	c := m.our.client
	news, err := groups.Create(m.ctx, c, groups.New{Kind: groups.Channel, Title: "News"})
	m.must("channel", err)
	talk, err := groups.Create(m.ctx, c, groups.New{Title: "Talk"})
	m.must("group", err)
	name := fmt.Sprintf("news_%d", rand.Uint32())
	m.must("username", groups.SetUsername(m.ctx, c, news.Peer, name))
	m.must("discussion", groups.SetDiscussion(m.ctx, c, news.Peer, talk.Peer))
	post, err := c.SendText(m.ctx, news.Peer, "Godwits are back")
	m.must("post", err)
	m.must("their comment", m.other.Comment(m.ctx, name, "I have seen them"))
	var said []string
	for one, err := range c.History(m.ctx, news.Peer, telegram.HistoryOptions{Topic: int(post.ID)}) {
		m.must("comments", err)
		said = append(said, one.Message)
	}
	if !slices.Equal(said, []string{"I have seen them"}) {
		m.t.Errorf("comments are %q", said)
	}
}

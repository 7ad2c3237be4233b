package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gotd/td/session"
	gotd "github.com/gotd/td/tg"

	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/telegram/participants"
	"godwit/tg"
)

// A chatter is a person who can do more with messages than to send them. Ids
// are its own.
type chatter interface {
	person
	Edit(ctx context.Context, phone string, id int, text string) error
	Reply(ctx context.Context, phone string, id int, text string) error
	React(ctx context.Context, phone string, id int, emoji string) error
	// NewReactions marks reactions as seen, and returns to how many messages there
	// were new ones.
	NewReactions(ctx context.Context, phone string) (int, error)
	Remove(ctx context.Context, phone string, id int) error
	// Members joins a group by its link and returns the first names of who is in
	// it.
	Members(ctx context.Context, link string) ([]string, error)
}

// TestChats has clients of other makers and ours, one side each, edit, reply,
// react and delete, and list who is in a group.
func TestChats(t *testing.T) {
	framing := transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}
	for name, start := range map[string]func(ctx context.Context, t *testing.T, conn *connection, phone string) chatter{
		"gotd": func(ctx context.Context, t *testing.T, conn *connection, phone string) chatter {
			return startGotd(ctx, t, conn, gotdTransports[0], phone, &session.StorageMemory{})
		},
		"mtcute": func(ctx context.Context, t *testing.T, conn *connection, phone string) chatter {
			return startMtcute(ctx, t, conn, mtcuteTransports[0], phone)
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb, conn := startSandbox(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			theirs := speaker{name: "Theirs", phone: newPhone(conn.DCs[0].ID)}
			register(t, sb, theirs, "")
			other := start(ctx, t, conn, theirs.phone)
			ours := speaker{name: "Ours", phone: newPhone(conn.DCs[0].ID)}
			register(t, sb, ours, "")
			our := startGodwit(ctx, t, conn, framing, ours.phone, new(telegram.MemoryStore))
			for _, err := range []error{
				other.SignIn(ctx, ""), our.SignIn(ctx, ""), other.Add(ctx, ours.phone), our.Add(ctx, theirs.phone),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			row := name + " with godwit"
			testMessages(ctx, t, row, other, our, ours.phone, theirs.phone)
			testMembers(ctx, t, row, sb, other, our, ours.phone)
		})
	}
}

// testMessages checks on our side what theirs does, and on theirs what ours
// does.
func testMessages(ctx context.Context, t *testing.T, row string, other chatter, our *godwitPerson, ours, theirs string) {
	t.Helper()
	peer := our.contacts[theirs]
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	id, err := other.Send(ctx, ours, "one")
	must("send", err)
	got, err := our.Receive(ctx)
	must("receive", err)
	newest := func() *tg.Message {
		for m, err := range our.client.History(ctx, peer, telegram.HistoryOptions{Limit: 1}) {
			must("history", err)
			return m
		}
		t.Fatal("no message is left")
		return nil
	}
	must("edit", other.Edit(ctx, ours, id, "two"))
	if m := newest(); m.Message != "two" || !m.EditDate.Set {
		t.Errorf("edited to %+v", m)
	}
	must("react", other.React(ctx, ours, id, "👍"))
	must("our reaction", our.client.React(ctx, peer, got.ID, "🔥"))
	if r := newest().Reactions; r == nil || len(r.Results) != 2 {
		t.Errorf("reactions %+v", r)
	}
	for _, want := range []int{1, 0} {
		n, err := other.NewReactions(ctx, ours)
		must("new reactions", err)
		if n != want {
			t.Errorf("they have new reactions to %d messages, want %d", n, want)
		}
	}
	must("reply", other.Reply(ctx, ours, id, "three"))
	if h, ok := newest().ReplyTo.(*tg.MessageReplyHeader); !ok || int(h.ReplyToMsgID.Value) != got.ID {
		t.Errorf("the reply is to %+v", newest().ReplyTo)
	}
	_, err = our.client.Send(ctx, peer, telegram.Outgoing{Text: "four", Reply: telegram.Reply{Message: got.ID}})
	must("our reply", err)
	testNewReactions(ctx, t, other, our, ours, theirs)
	must("delete", other.Remove(ctx, ours, id))
	_, err = our.client.Edit(ctx, peer, got.ID, telegram.Outgoing{Text: "gone"})
	if !errors.Is(err, tg.ErrMessageIDInvalid) {
		t.Errorf("editing what the other side has deleted: %v", err)
	}
	list, err := other.History(ctx, ours)
	must("their history", err)
	var texts []string
	for _, m := range list {
		texts = append(texts, m.Text)
	}
	if !slices.Equal(texts, []string{"three", "four"}) {
		t.Errorf("their history holds %q", texts)
	}
	covered.add(t, row, "edit", "reply", "react", "delete")
}

// testNewReactions has theirs react to our newest message.
func testNewReactions(ctx context.Context, t *testing.T, other chatter, our *godwitPerson, ours, theirs string) {
	t.Helper()
	list, err := other.History(ctx, ours)
	if err != nil || len(list) == 0 {
		t.Fatalf("their history: %d messages, %v", len(list), err)
	}
	if err := other.React(ctx, ours, list[len(list)-1].ID, "👍"); err != nil {
		t.Fatal(err)
	}
	peer := our.contacts[theirs]
	for _, want := range [][]string{{"four"}, nil} {
		var got []string
		for m, err := range our.client.UnreadReactions(ctx, peer, 0) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m.Message)
		}
		if !slices.Equal(got, want) {
			t.Errorf("we have new reactions to %q, want %q", got, want)
		}
		if err := our.client.ReadReactions(ctx, peer, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// testMembers has both sides list a group of some hundred.
func testMembers(ctx context.Context, t *testing.T, row string, sb *sandbox.Sandbox, other chatter, our *godwitPerson, ours string) {
	t.Helper()
	if _, err := sb.AddCrowd(sandbox.Crowd{Title: "Crowd", Username: "the_crowd", Creator: ours, Members: 350}); err != nil {
		t.Fatal(err)
	}
	peer, err := our.client.ResolveUsername(ctx, "the_crowd")
	if err != nil {
		t.Fatal(err)
	}
	invite, err := groups.CreateInvite(ctx, our.client, peer, groups.NewInvite{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	names, err := other.Members(ctx, invite.Link)
	if err != nil || len(names) != 352 {
		t.Errorf("they see %d members, %v, want 352", len(names), err)
	}
	members := participants.Of(our.client, peer, participants.Options{})
	joined := false
	for m, err := range members.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		joined = joined || m.User.Contact // whom ours added before
	}
	if r := members.Report(); !joined || !r.Complete() || r.Seen != 352 {
		t.Errorf("we see %v, whether they joined: %v", r, joined)
	}
	covered.add(t, row, "members")
}

// Edit changes a message.
func (p *gotdPerson) Edit(ctx context.Context, phone string, id int, text string) error {
	request := &gotd.MessagesEditMessageRequest{Peer: p.contacts[phone], ID: id}
	request.SetMessage(text)
	_, err := p.api.MessagesEditMessage(ctx, request)
	return err
}

// Reply answers a message.
func (p *gotdPerson) Reply(ctx context.Context, phone string, id int, text string) error {
	request := &gotd.MessagesSendMessageRequest{Peer: p.contacts[phone], Message: text, RandomID: int64(id) + 1<<40}
	request.SetReplyTo(&gotd.InputReplyToMessage{ReplyToMsgID: id})
	_, err := p.api.MessagesSendMessage(ctx, request)
	return err
}

// React reacts to a message.
func (p *gotdPerson) React(ctx context.Context, phone string, id int, emoji string) error {
	request := &gotd.MessagesSendReactionRequest{Peer: p.contacts[phone], MsgID: id}
	request.SetReaction([]gotd.ReactionClass{&gotd.ReactionEmoji{Emoticon: emoji}})
	_, err := p.api.MessagesSendReaction(ctx, request)
	return err
}

// NewReactions marks reactions as seen, and returns to how many messages there were
// new ones.
func (p *gotdPerson) NewReactions(ctx context.Context, phone string) (int, error) {
	answer, err := p.api.MessagesGetUnreadReactions(ctx, &gotd.MessagesGetUnreadReactionsRequest{
		Peer: p.contacts[phone], Limit: 10,
	})
	if err != nil {
		return 0, err
	}
	list, is := answer.AsModified()
	if !is {
		return 0, fmt.Errorf("messages.getUnreadReactions answered %T", answer)
	}
	_, err = p.api.MessagesReadReactions(ctx, &gotd.MessagesReadReactionsRequest{Peer: p.contacts[phone]})
	return len(list.GetMessages()), err
}

// Remove deletes a message for everybody.
func (p *gotdPerson) Remove(ctx context.Context, _ string, id int) error {
	_, err := p.api.MessagesDeleteMessages(ctx, &gotd.MessagesDeleteMessagesRequest{Revoke: true, ID: []int{id}})
	return err
}

// Members joins a group by its link and returns the first names of who is in
// it.
func (p *gotdPerson) Members(ctx context.Context, link string) ([]string, error) {
	r, err := telegram.ParseReference(link)
	if err != nil {
		return nil, err
	}
	answer, err := p.api.MessagesImportChatInvite(ctx, r.Invite)
	if err != nil {
		return nil, err
	}
	ok, is := answer.(*gotd.MessagesChatInviteJoinResultOk)
	if !is {
		return nil, fmt.Errorf("messages.importChatInvite answered %T", answer)
	}
	updates, is := ok.Updates.(*gotd.Updates)
	if !is || len(updates.Chats) == 0 {
		return nil, fmt.Errorf("messages.importChatInvite answered %T", ok.Updates)
	}
	channel := updates.Chats[0].(*gotd.Channel)
	var names []string
	for {
		page, err := p.api.ChannelsGetParticipants(ctx, &gotd.ChannelsGetParticipantsRequest{
			Channel: channel.AsInput(), Filter: &gotd.ChannelParticipantsRecent{}, Offset: len(names), Limit: 100,
		})
		if err != nil {
			return names, err
		}
		list, is := page.(*gotd.ChannelsChannelParticipants)
		if !is || len(list.Participants) == 0 {
			return names, nil
		}
		for _, u := range list.Users {
			names = append(names, u.(*gotd.User).FirstName)
		}
	}
}

// Edit changes a message.
func (p *mtcutePerson) Edit(ctx context.Context, phone string, id int, text string) error {
	return p.do(ctx, "edit", map[string]any{"phone": phone, "message": id, "text": text}, nil)
}

// Reply answers a message.
func (p *mtcutePerson) Reply(ctx context.Context, phone string, id int, text string) error {
	return p.do(ctx, "reply", map[string]any{"phone": phone, "message": id, "text": text}, nil)
}

// React reacts to a message.
func (p *mtcutePerson) React(ctx context.Context, phone string, id int, emoji string) error {
	return p.do(ctx, "react", map[string]any{"phone": phone, "message": id, "emoji": emoji}, nil)
}

// NewReactions marks reactions as seen, and returns to how many messages there were
// new ones.
func (p *mtcutePerson) NewReactions(ctx context.Context, phone string) (n int, err error) {
	err = p.do(ctx, "newReactions", map[string]any{"phone": phone}, &n)
	return n, err
}

// Remove deletes a message for everybody.
func (p *mtcutePerson) Remove(ctx context.Context, phone string, id int) error {
	return p.do(ctx, "remove", map[string]any{"phone": phone, "message": id}, nil)
}

// Members joins a group by its link and returns the first names of who is in
// it.
func (p *mtcutePerson) Members(ctx context.Context, link string) (names []string, err error) {
	err = p.do(ctx, "members", map[string]any{"link": link}, &names)
	return names, err
}

package groups_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

func TestDiscussion(t *testing.T) {
	p := newParty(t)
	news := p.make(groups.New{Kind: groups.Channel, Title: "News"})
	talk := p.make(groups.New{Title: "Talk"})
	p.Check(groups.SetUsername(p.Ctx, p.ann, news, "wader_news"))
	silent, err := p.ann.SendText(p.Ctx, news, "before there was a group")
	p.Check(err)

	refused(t, "a channel for a group", groups.SetDiscussion(p.Ctx, p.ann, news, news), tg.ErrMegagroupIDInvalid)
	refused(t, "a group for a channel", groups.SetDiscussion(p.Ctx, p.ann, talk, talk), tg.ErrBroadcastIDInvalid)
	refused(t, "a basic group", groups.SetDiscussion(p.Ctx, p.ann, news, &tg.InputPeerChat{ChatID: 1}), groups.ErrBasic)
	p.Check(groups.SetHistoryHidden(p.Ctx, p.ann, talk, true))
	refused(t, "a hidden history", groups.SetDiscussion(p.Ctx, p.ann, news, talk), tg.ErrMegagroupPrehistoryHidden)
	p.Check(groups.SetHistoryHidden(p.Ctx, p.ann, talk, false))
	list, err := groups.DiscussionGroups(p.Ctx, p.ann)
	p.Check(err)
	if len(list) != 1 || list[0].(*tg.Channel).Title != "Talk" {
		t.Errorf("groups for a discussion: %+v", list)
	}
	p.Check(groups.SetDiscussion(p.Ctx, p.ann, news, talk))
	refused(t, "the same again", groups.SetDiscussion(p.Ctx, p.ann, news, talk), tg.ErrLinkNotModified)
	refused(t, "hiding the history of what is linked", groups.SetHistoryHidden(p.Ctx, p.ann, talk, true), tg.ErrChatLinkExists)
	for peer, want := range map[tg.InputPeerClass]tg.InputPeerClass{news: talk, talk: news} {
		info, err := groups.Describe(p.Ctx, p.ann, peer)
		p.Check(err)
		if telegram.InputChannelOf(info.Linked).(*tg.InputChannel).ChannelID != want.(*tg.InputPeerChannel).ChannelID {
			t.Errorf("%+v is linked with %+v", peer, info.Linked)
		}
	}

	post, err := p.ann.SendText(p.Ctx, news, "Godwits are back")
	p.Check(err)
	if r := post.Replies; r == nil || !r.Comments || r.Replies != 0 || r.ChannelID.Value != talk.(*tg.InputPeerChannel).ChannelID {
		t.Errorf("the post has %+v", r)
	}
	refused(t, "a post of before", second(groups.Discuss(p.Ctx, p.ann, news, int(silent.ID))), tg.ErrMsgIDInvalid)

	// Boris follows the channel and is in no group.
	boris, err := groups.Join(p.Ctx, p.boris, "@wader_news")
	p.Check(err)
	d, err := groups.Discuss(p.Ctx, p.boris, boris, int(post.ID))
	p.Check(err)
	copied := d.Messages[0].(*tg.Message)
	if h := copied.FwdFrom; copied.Message != "Godwits are back" || !copied.Pinned || h.ChannelPost.Value != post.ID ||
		h.SavedFromMsgID.Value != post.ID || telegram.IDOf(copied.FromID) != telegram.IDOf(post.PeerID) {
		t.Errorf("the copy is %+v, forwarded by %+v", copied, h)
	}
	comment := telegram.Outgoing{Text: "I have seen them", Reply: telegram.Reply{Message: d.Thread}}
	sent, err := p.boris.Send(p.Ctx, d.Group, comment)
	p.Check(err)
	answer, err := p.ann.Send(p.Ctx, talk, telegram.Outgoing{Text: "Where?", Reply: telegram.Reply{Message: int(sent.ID)}})
	p.Check(err)
	if h := answer.ReplyTo.(*tg.MessageReplyHeader); int(h.ReplyToTopID.Value) != d.Thread {
		t.Errorf("an answer to a comment is in thread %d, want %d", h.ReplyToTopID.Value, d.Thread)
	}
	want := []string{"Where?", "I have seen them"}
	for what, got := range map[string][]string{
		"by the post":  texts(p, p.boris, boris, telegram.HistoryOptions{Topic: int(post.ID)}),
		"by the group": texts(p, p.ann, talk, telegram.HistoryOptions{Topic: d.Thread}),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("comments %s: %q, want %q", what, got, want)
		}
	}
	now, err := p.boris.Messages(p.Ctx, boris, int(post.ID))
	p.Check(err)
	if r := now[0].(*tg.Message).Replies; r.Replies != 2 || r.MaxID.Value != answer.ID || len(r.RecentRepliers) != 2 {
		t.Errorf("the post has %+v", r)
	}

	d, err = groups.Discuss(p.Ctx, p.boris, boris, int(post.ID))
	p.Check(err)
	if d.Unread != 1 || d.Newest != int(answer.ID) {
		t.Errorf("before it is read: %+v", d)
	}
	p.Check(p.boris.MarkTopicRead(p.Ctx, boris, int(post.ID), d.Newest))
	if d, err = groups.Discuss(p.Ctx, p.boris, boris, int(post.ID)); err != nil || d.Unread != 0 || d.Read != d.Newest {
		t.Errorf("after it is read: %+v, %v", d, err)
	}
	_, err = p.ann.Edit(p.Ctx, news, int(post.ID), telegram.Outgoing{Text: "Godwits are back!"})
	p.Check(err)
	now, err = p.ann.Messages(p.Ctx, talk, d.Thread)
	p.Check(err)
	if got := now[0].(*tg.Message).Message; got != "Godwits are back!" {
		t.Errorf("after the edit of the post its copy says %q", got)
	}

	// A post that goes takes its copy along, and leaves the comments.
	gone, err := p.ann.SendText(p.Ctx, news, "Godwits are gone")
	p.Check(err)
	there, err := groups.Discuss(p.Ctx, p.ann, news, int(gone.ID))
	p.Check(err)
	_, err = p.ann.Send(p.Ctx, talk, telegram.Outgoing{Text: "Already?", Reply: telegram.Reply{Message: there.Thread}})
	p.Check(err)
	_, err = p.ann.Delete(p.Ctx, news, []int{int(gone.ID)}, true)
	p.Check(err)
	now, err = p.ann.Messages(p.Ctx, talk, there.Thread)
	p.Check(err)
	if now[0] != nil {
		t.Errorf("the copy of a post that was deleted: %+v", now[0])
	}
	if left := texts(p, p.ann, talk, telegram.HistoryOptions{Limit: 2}); !slices.Equal(left, []string{"Already?", "Where?"}) {
		t.Errorf("the group has %q", left)
	}

	p.Check(groups.SetDiscussion(p.Ctx, p.ann, nil, talk))
	refused(t, "ending it twice", groups.SetDiscussion(p.Ctx, p.ann, news, nil), tg.ErrLinkNotModified)
	refused(t, "comments that are no more", second(groups.Discuss(p.Ctx, p.ann, news, int(post.ID))), tg.ErrMsgIDInvalid)
	_, err = p.boris.Send(p.Ctx, d.Group, comment)
	refused(t, "a comment where none are", err, tg.ErrChannelPrivate)
}

func TestLog(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club", Users: []tg.InputUserClass{p.User(p.ann, borisPhone)}})
	boris := p.as(p.boris, club)
	log := func(f groups.LogFilter) []string {
		t.Helper()
		out := []string{}
		for e, err := range groups.Log(p.Ctx, p.ann, club, f) {
			p.Check(err)
			out = append(out, fmt.Sprintf("%T", e.Action)[len("*tg.ChannelAdminLogEventAction"):])
		}
		return out
	}
	for _, err := range groups.Log(p.Ctx, p.boris, boris, groups.LogFilter{}) {
		refused(t, "the log for a member", err, tg.ErrChatAdminRequired)
	}
	for _, err := range groups.Log(p.Ctx, p.ann, &tg.InputPeerChat{ChatID: 1}, groups.LogFilter{}) {
		refused(t, "the log of a basic group", err, groups.ErrBasic)
	}
	p.Check(groups.SetTitle(p.Ctx, p.ann, club, "Bird Club"))
	p.Check(groups.SetAbout(p.Ctx, p.ann, club, "Waders"))
	p.Check(groups.SetUsername(p.Ctx, p.ann, club, "bird_club"))
	chris, err := groups.Join(p.Ctx, p.chris, "@bird_club")
	p.Check(err)
	m, err := p.chris.SendText(p.Ctx, chris, "a tern")
	p.Check(err)
	_, err = p.chris.Edit(p.Ctx, chris, int(m.ID), telegram.Outgoing{Text: "a godwit"})
	p.Check(err)
	p.Check(p.ann.Pin(p.Ctx, club, int(m.ID), telegram.Pinning{}))
	_, err = p.ann.Delete(p.Ctx, club, []int{int(m.ID)}, true)
	p.Check(err)
	p.Check(groups.Promote(p.Ctx, p.ann, club, p.Meet(p.ann, borisPhone), tg.ChatAdminRights{BanUsers: true}, "deputy"))
	p.Check(groups.Ban(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone), time.Time{}))
	p.Check(groups.Restrict(p.Ctx, p.boris, boris, p.Meet(p.boris, chrisPhone), tg.ChatBannedRights{}, time.Time{}))
	p.Check(groups.Demote(p.Ctx, p.ann, club, p.Meet(p.ann, borisPhone)))

	want := []string{
		"ParticipantToggleAdmin", "ParticipantToggleBan", "ParticipantToggleBan", "ParticipantToggleAdmin", "DeleteMessage",
		"UpdatePinned", "EditMessage", "ParticipantJoin", "ChangeUsername", "ChangeAbout", "ChangeTitle", "ParticipantInvite",
	}
	if got := log(groups.LogFilter{}); !slices.Equal(got, want) {
		t.Errorf("the log is %q, want %q", got, want)
	}
	for what, test := range map[string]struct {
		filter groups.LogFilter
		want   []string
	}{
		"kick":   {groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Kick: true}}, want[2:3]},
		"unkick": {groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Unkick: true}}, want[1:2]},
		"roles":  {groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Promote: true, Demote: true}}, []string{want[0], want[3]}},
		"info":   {groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Info: true}, Limit: 2}, want[8:10]},
		"Boris":  {groups.LogFilter{Admins: []tg.InputUserClass{p.User(p.ann, borisPhone)}}, want[1:3]},
		"a word": {groups.LogFilter{Text: "GODWIT"}, want[4:7]},
		"a name": {groups.LogFilter{Text: "chris", Kinds: &tg.ChannelAdminLogEventsFilter{Join: true}}, want[7:8]},
		"none":   {groups.LogFilter{Text: "curlew"}, []string{}},
	} {
		if got := log(test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", what, got, test.want)
		}
	}
	for e, err := range groups.Log(p.Ctx, p.ann, club, groups.LogFilter{Kinds: &tg.ChannelAdminLogEventsFilter{Edit: true}}) {
		p.Check(err)
		edit := e.Action.(*tg.ChannelAdminLogEventActionEditMessage)
		if was, now := edit.PrevMessage.(*tg.Message), edit.NewMessage.(*tg.Message); was.Message != "a tern" || now.Message != "a godwit" {
			t.Errorf("edited from %q to %q", was.Message, now.Message)
		}
		if e.User != p.chris.Self().ID {
			t.Errorf("edited by %d", e.User)
		}
	}
	// It goes on where it was: more than a page.
	for i := range 205 {
		p.Check(groups.SetAbout(p.Ctx, p.ann, club, fmt.Sprint("about ", i)))
	}
	if n := len(log(groups.LogFilter{})); n != 205+len(want) {
		t.Errorf("the log has %d events", n)
	}
}

// A message is answered in another chat, whole or by a quote.
func TestReplyElsewhere(t *testing.T) {
	p := newParty(t)
	club := p.make(groups.New{Title: "Club", Users: []tg.InputUserClass{p.User(p.ann, borisPhone)}})
	m, err := p.boris.SendText(p.Ctx, p.as(p.boris, club), "Terns nest early, godwits late")
	p.Check(err)
	toChris := p.Meet(p.ann, chrisPhone)
	reply := telegram.Reply{Message: int(m.ID), Peer: club}
	sent, err := p.ann.Send(p.Ctx, toChris, telegram.Outgoing{Text: "Look what Boris says", Reply: reply})
	p.Check(err)
	h := sent.ReplyTo.(*tg.MessageReplyHeader)
	if h.Quote || h.QuoteText.Value != m.Message || h.ReplyToMsgID.Value != m.ID ||
		telegram.IDOf(h.ReplyToPeerID) != telegram.IDOf(m.PeerID) || telegram.IDOf(h.ReplyFrom.FromID).ID != p.boris.Self().ID {
		t.Errorf("answered is %+v", h)
	}
	reply.Quote, reply.QuoteOffset = "godwits late", 18
	sent, err = p.ann.Send(p.Ctx, toChris, telegram.Outgoing{Text: "This", Reply: reply})
	p.Check(err)
	if h := sent.ReplyTo.(*tg.MessageReplyHeader); !h.Quote || h.QuoteText.Value != "godwits late" || h.QuoteOffset.Value != 18 {
		t.Errorf("quoted is %+v", h)
	}
	reply.Quote = "curlews"
	_, err = p.ann.Send(p.Ctx, toChris, telegram.Outgoing{Text: "This", Reply: reply})
	refused(t, "a quote of what was not said", err, tg.ErrQuoteTextInvalid)

	// Of a private chat it is told who wrote it, and no id.
	private, err := p.chris.SendText(p.Ctx, p.Meet(p.chris, annPhone), "between us")
	p.Check(err)
	var theirs int
	for m, err := range p.ann.History(p.Ctx, toChris, telegram.HistoryOptions{Limit: 1}) {
		p.Check(err)
		theirs = int(m.ID)
	}
	sent, err = p.ann.Send(p.Ctx, club, telegram.Outgoing{Text: "Chris says", Reply: telegram.Reply{Message: theirs, Peer: toChris}})
	p.Check(err)
	h = sent.ReplyTo.(*tg.MessageReplyHeader)
	if h.ReplyToMsgID.Set || h.ReplyToPeerID != nil || telegram.IDOf(h.ReplyFrom.FromID).ID != p.chris.Self().ID || h.QuoteText.Value != private.Message {
		t.Errorf("answered from a private chat is %+v", h)
	}
	p.Check(groups.SetProtected(p.Ctx, p.ann, club, true))
	_, err = p.ann.Send(p.Ctx, toChris, telegram.Outgoing{Text: "This", Reply: telegram.Reply{Message: int(m.ID), Peer: club}})
	refused(t, "answering elsewhere what is protected", err, tg.ErrReplyToInvalid)
	_, err = p.ann.Send(p.Ctx, toChris, telegram.Outgoing{Text: "This", Reply: telegram.Reply{Message: 1 << 20, Peer: club}})
	refused(t, "answering what is not there", err, tg.ErrReplyMessageIDInvalid)
}

// Emoji that users make: who pays may react with them where they are allowed,
// everybody with those that a chat lists. Who has reacted is listed.
func TestCustomReactions(t *testing.T) {
	p := newParty(t)
	id, err := p.AddCustomEmoji("🐦", []byte("RIFF\x00\x00\x00\x00WEBP"))
	p.Check(err)
	bird := &tg.ReactionCustomEmoji{DocumentID: id}
	documents, err := tg.Call(p.Ctx, p.ann, &tg.MessagesGetCustomEmojiDocuments{DocumentID: []int64{id, 1}})
	p.Check(err)
	if len(documents) != 1 || documents[0].(*tg.Document).ID != id {
		t.Errorf("custom emoji %+v", documents)
	}
	club := p.make(groups.New{Title: "Club", Users: []tg.InputUserClass{p.User(p.ann, borisPhone)}})
	boris := p.as(p.boris, club)
	m, err := p.ann.SendText(p.Ctx, club, "a godwit")
	p.Check(err)
	react := func(reactions ...tg.ReactionClass) error {
		return p.boris.ReactWith(p.Ctx, boris, int(m.ID), reactions...)
	}
	allow := func(r tg.ChatReactionsClass) {
		t.Helper()
		_, err := tg.Call(p.Ctx, p.ann, &tg.MessagesSetChatAvailableReactions{Peer: club, AvailableReactions: r})
		p.Check(err)
	}
	thumb, fire := &tg.ReactionEmoji{Emoticon: "👍"}, &tg.ReactionEmoji{Emoticon: "🔥"}
	refused(t, "a custom emoji where they are not allowed", react(bird), tg.ErrReactionInvalid)
	allow(&tg.ChatReactionsAll{AllowCustom: true})
	refused(t, "one without premium", react(bird), tg.ErrPremiumAccountRequired)
	refused(t, "one that there is not", react(&tg.ReactionCustomEmoji{DocumentID: 1}), tg.ErrDocumentInvalid)
	refused(t, "two without premium", react(thumb, fire), tg.ErrReactionsTooMany)
	allow(&tg.ChatReactionsSome{Reactions: []tg.ReactionClass{bird}})
	p.Check(react(bird))
	refused(t, "one that is not listed", react(thumb), tg.ErrReactionInvalid)
	allow(&tg.ChatReactionsAll{AllowCustom: true})
	p.Check(p.SetPremium(borisPhone, true))
	p.Check(react(bird, thumb, fire))
	refused(t, "the same again", react(bird, thumb, fire), tg.ErrMessageNotModified)
	p.Check(p.ann.React(p.Ctx, club, int(m.ID), "👍"))
	got, err := p.boris.Messages(p.Ctx, boris, int(m.ID))
	p.Check(err)
	results := got[0].(*tg.Message).Reactions.Results
	if len(results) != 3 || results[0].Count != 2 || results[0].ChosenOrder.Value != 1 {
		t.Errorf("reactions are %+v", results)
	}
	who := func(reaction tg.ReactionClass) (out []int64) {
		for r, err := range p.ann.Reactors(p.Ctx, club, int(m.ID), reaction) {
			p.Check(err)
			if r.Own != (r.Peer.ID == p.ann.Self().ID) {
				t.Errorf("own: %+v", r)
			}
			out = append(out, r.Peer.ID)
		}
		return out
	}
	a, b := p.ann.Self().ID, p.boris.Self().ID
	if got := who(thumb); !slices.Equal(got, []int64{a, b}) {
		t.Errorf("thumbs up are from %v", got)
	}
	if got := who(bird); !slices.Equal(got, []int64{b}) {
		t.Errorf("birds are from %v", got)
	}
	if got := who(nil); len(got) != 4 {
		t.Errorf("reactions are from %v", got)
	}
	news := p.make(groups.New{Kind: groups.Channel, Title: "News"})
	post, err := p.ann.SendText(p.Ctx, news, "a godwit")
	p.Check(err)
	for _, err := range p.ann.Reactors(p.Ctx, news, int(post.ID), nil) {
		if !errors.Is(err, tg.ErrBroadcastForbidden) {
			t.Errorf("who has reacted to a post: %v", err)
		}
	}
}

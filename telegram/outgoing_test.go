package telegram_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

const (
	annPhone   = "9996610001"
	borisPhone = "9996610002"
	chrisPhone = "9996610003"
)

// A party is three people at one place who are signed in.
type party struct {
	*place
	ann, boris, chris *telegram.Client
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := &party{place: newPlace(t)}
	for phone, name := range map[string]string{annPhone: "Ann", borisPhone: "Boris", chrisPhone: "Chris"} {
		p.addUser(phone, name)
	}
	p.ann = p.signIn(p.options(), annPhone)
	p.boris = p.signIn(p.options(), borisPhone)
	p.chris = p.signIn(p.options(), chrisPhone)
	return p
}

// collect returns the texts of messages.
func collect[M any](t *testing.T, all func(func(M, error) bool), text func(M) string) []string {
	t.Helper()
	texts := []string{}
	for m, err := range all {
		check(t, err)
		texts = append(texts, text(m))
	}
	return texts
}

func textOf(m *tg.Message) string { return m.Message }

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// newest returns the id of the newest message that c has with a peer.
func newest(t *testing.T, p *place, c *telegram.Client, peer tg.InputPeerClass) *tg.Message {
	t.Helper()
	for m, err := range c.History(p.ctx, peer, telegram.HistoryOptions{Limit: 1}) {
		check(t, err)
		return m
	}
	t.Fatal("no message")
	return nil
}

func TestOutgoing(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	ann := p.contact(p.boris, annPhone)
	first, err := p.ann.Send(p.ctx, boris, telegram.Outgoing{
		Text: "Look at this", Entities: []tg.MessageEntityClass{&tg.MessageEntityBold{Offset: 0, Length: 4}}, Silent: true,
	})
	check(t, err)
	if !first.Silent || len(first.Entities) != 1 {
		t.Errorf("sent %+v", first)
	}
	theirs := newest(t, p.place, p.boris, ann)
	answer, err := p.boris.Send(p.ctx, ann, telegram.Outgoing{
		Text: "I do", Reply: telegram.Reply{Message: int(theirs.ID), Quote: "at this", QuoteOffset: 5},
	})
	check(t, err)
	header := answer.ReplyTo.(*tg.MessageReplyHeader)
	if header.ReplyToMsgID.Value != theirs.ID || header.QuoteText.Value != "at this" || header.QuoteOffset.Value != 5 {
		t.Errorf("the answer names %+v", header)
	}
	seen := newest(t, p.place, p.ann, boris).ReplyTo.(*tg.MessageReplyHeader)
	if seen.ReplyToMsgID.Value != first.ID {
		t.Errorf("to the other side the answer is to %d, want %d", seen.ReplyToMsgID.Value, first.ID)
	}
	_, err = p.boris.Send(p.ctx, ann, telegram.Outgoing{Text: "x", Reply: telegram.Reply{Message: int(theirs.ID), Quote: "no part"}})
	if !errors.Is(err, tg.ErrQuoteTextInvalid) {
		t.Errorf("a quote of nothing: %v", err)
	}
	_, err = p.boris.Send(p.ctx, ann, telegram.Outgoing{Text: "x", Reply: telegram.Reply{Message: 999}})
	if !errors.Is(err, tg.ErrReplyMessageIDInvalid) {
		t.Errorf("an answer to nothing: %v", err)
	}

	changed, err := p.ann.Edit(p.ctx, boris, int(first.ID), telegram.Outgoing{Text: "Look at that"})
	check(t, err)
	if changed.Message != "Look at that" || !changed.EditDate.Set {
		t.Errorf("edited to %+v", changed)
	}
	if _, err = p.ann.Edit(p.ctx, boris, int(first.ID), telegram.Outgoing{Text: "Look at that"}); !errors.Is(err, tg.ErrMessageNotModified) {
		t.Errorf("the same edit again: %v", err)
	}
	if _, err = p.boris.Edit(p.ctx, ann, int(theirs.ID), telegram.Outgoing{Text: "mine"}); !errors.Is(err, tg.ErrMessageAuthorRequired) {
		t.Errorf("an edit of somebody else's: %v", err)
	}

	forwarded, err := p.ann.Forward(p.ctx, boris, []int{int(first.ID), int(newest(t, p.place, p.ann, boris).ID)}, &tg.InputPeerSelf{}, telegram.Forwarding{})
	check(t, err)
	if len(forwarded) != 2 || forwarded[0].FwdFrom == nil || forwarded[1].Message != "I do" {
		t.Errorf("forwarded %+v", forwarded)
	}
	hidden, err := p.ann.Forward(p.ctx, boris, []int{int(first.ID)}, &tg.InputPeerSelf{}, telegram.Forwarding{HideAuthor: true})
	check(t, err)
	if hidden[0].FwdFrom != nil {
		t.Errorf("a hidden author shows in %+v", hidden[0].FwdFrom)
	}

	n, err := p.ann.Delete(p.ctx, boris, []int{int(first.ID), 9999}, true)
	check(t, err)
	if n != 1 {
		t.Errorf("%d deleted, want 1", n)
	}
	same(t, "left to Boris", collect(t, p.boris.History(p.ctx, ann, telegram.HistoryOptions{}), textOf), []string{"I do"})
	n, err = p.boris.ClearHistory(p.ctx, ann, true)
	check(t, err)
	same(t, "left to Ann", collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{}), textOf), []string{})
	if n != 1 {
		t.Errorf("%d cleared, want 1", n)
	}
}

// R-UP-15: what a method has deleted moves the pts, in as many parts as the
// server likes; the client asks again until nothing is left.
func TestClearLongHistory(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	for i := range 1100 {
		_, err := p.ann.SendText(p.ctx, boris, fmt.Sprint(i))
		check(t, err)
	}
	n, err := p.ann.ClearHistory(p.ctx, boris, false)
	check(t, err)
	if n != 1100 {
		t.Errorf("%d deleted, want 1100", n)
	}
}

func TestReactPinDraft(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	ann := p.contact(p.boris, annPhone)
	m, err := p.ann.SendText(p.ctx, boris, "hello")
	check(t, err)
	theirs := int(newest(t, p.place, p.boris, ann).ID)
	check(t, p.boris.React(p.ctx, ann, theirs, "👍"))
	check(t, p.ann.React(p.ctx, boris, int(m.ID), "👍"))
	got := newest(t, p.place, p.ann, boris).Reactions
	if got == nil || len(got.Results) != 1 || got.Results[0].Count != 2 || !got.Results[0].ChosenOrder.Set {
		t.Errorf("reactions %+v", got)
	}
	if err := p.ann.React(p.ctx, boris, int(m.ID), "👍"); !errors.Is(err, tg.ErrMessageNotModified) {
		t.Errorf("the same reaction again: %v", err)
	}
	if err := p.ann.React(p.ctx, boris, int(m.ID), "🪿"); !errors.Is(err, tg.ErrReactionInvalid) {
		t.Errorf("a reaction that there is not: %v", err)
	}
	check(t, p.ann.React(p.ctx, boris, int(m.ID)))
	unread := func() []string { return collect(t, p.ann.UnreadReactions(p.ctx, boris, 0), textOf) }
	same(t, "with new reactions", unread(), []string{"hello"})
	for d, err := range p.ann.Dialogs(p.ctx) {
		check(t, err)
		if d.Title == "Contact" && d.Reacted != 1 {
			t.Errorf("%d messages with new reactions, want 1", d.Reacted)
		}
	}
	for r, err := range p.ann.Reactors(p.ctx, boris, int(m.ID), nil) {
		check(t, err)
		if !r.Unread {
			t.Errorf("not new: %+v", r)
		}
	}
	check(t, p.ann.MarkSeen(p.ctx, boris, int(m.ID)))
	same(t, "after it was seen", unread(), []string{})
	check(t, p.boris.React(p.ctx, ann, theirs, "🔥"))
	same(t, "with new reactions again", unread(), []string{"hello"})
	check(t, p.ann.ReadReactions(p.ctx, boris, 0))
	same(t, "after all were seen", unread(), []string{})

	check(t, p.boris.Pin(p.ctx, ann, theirs, telegram.Pinning{Silent: true}))
	pinned := telegram.Search{Kind: &tg.InputMessagesFilterPinned{}}
	same(t, "pinned", collect(t, p.ann.Search(p.ctx, boris, pinned), textOf), []string{"hello"})
	n, err := p.ann.UnpinAll(p.ctx, boris, 0)
	check(t, err)
	same(t, "pinned after all", collect(t, p.boris.Search(p.ctx, ann, pinned), textOf), []string{})
	if n != 1 {
		t.Errorf("%d unpinned, want 1", n)
	}
	check(t, p.ann.Pin(p.ctx, boris, int(m.ID), telegram.Pinning{OneSide: true}))
	same(t, "pinned by Ann for herself", collect(t, p.boris.Search(p.ctx, ann, pinned), textOf), []string{})
	check(t, p.ann.Unpin(p.ctx, boris, int(m.ID)))

	check(t, p.ann.SaveDraft(p.ctx, boris, telegram.Outgoing{Text: "Shall we"}))
	drafts, err := p.ann.Drafts(p.ctx)
	check(t, err)
	if len(drafts) != 1 || drafts[0].Text != "Shall we" || drafts[0].Peer.Kind != telegram.PeerUser {
		t.Errorf("drafts %+v", drafts)
	}
	p.send(p.ann, boris, "Shall we go?")
	if drafts, err = p.ann.Drafts(p.ctx); err != nil || len(drafts) != 0 {
		t.Errorf("after sending there are drafts %+v, %v", drafts, err)
	}
	check(t, p.ann.Typing(p.ctx, boris, nil))
	check(t, p.boris.MarkRead(p.ctx, ann, 0))
	for d, err := range p.ann.Dialogs(p.ctx) {
		check(t, err)
		if d.Title == "Contact" && d.Raw.ReadOutboxMaxID != d.Raw.TopMessage {
			t.Errorf("read up to %d of %d", d.Raw.ReadOutboxMaxID, d.Raw.TopMessage)
		}
	}
}

func TestPolls(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	ann := p.contact(p.boris, annPhone)
	_, err := p.ann.Send(p.ctx, boris, telegram.Outgoing{Media: telegram.Poll{Question: "?", Answers: []string{"one"}}.Media()})
	if !errors.Is(err, tg.ErrPollAnswersInvalid) {
		t.Errorf("a poll with one answer: %v", err)
	}
	asked, err := p.ann.Send(p.ctx, boris, telegram.Outgoing{
		Media: telegram.Poll{Question: "Tea?", Answers: []string{"yes", "no"}, Public: true}.Media(),
	})
	check(t, err)
	theirs := int(newest(t, p.place, p.boris, ann).ID)
	results, err := p.boris.Vote(p.ctx, ann, theirs, 1)
	check(t, err)
	if results.TotalVoters.Value != 1 || !results.Results[1].Chosen || results.Results[1].Voters.Value != 1 {
		t.Errorf("results %+v", results)
	}
	if _, err = p.boris.Vote(p.ctx, ann, theirs, 0, 1); !errors.Is(err, tg.ErrOptionsTooMuch) {
		t.Errorf("two votes: %v", err)
	}
	if _, err = p.boris.Vote(p.ctx, ann, theirs, 7); err == nil {
		t.Error("a vote for an answer that there is not")
	}
	check(t, p.ann.ClosePoll(p.ctx, boris, int(asked.ID)))
	if _, err = p.boris.Vote(p.ctx, ann, theirs, 0); !errors.Is(err, tg.ErrMessagePollClosed) {
		t.Errorf("a vote after the end: %v", err)
	}
	p.send(p.ann, boris, "no poll")
	if _, err = p.boris.Vote(p.ctx, ann, int(newest(t, p.place, p.boris, ann).ID), 0); !errors.Is(err, telegram.ErrNoPoll) {
		t.Errorf("a vote in a text: %v", err)
	}
}

// A message for later waits at the server, and goes out without the client.
func TestScheduled(t *testing.T) {
	p := newParty(t)
	in := newInbox()
	o := p.options()
	o.Handler = in.handler()
	p.signIn(o, borisPhone)
	boris := p.contact(p.ann, borisPhone)
	m, err := p.ann.Send(p.ctx, boris, telegram.Outgoing{Text: "good morning", Schedule: time.Now().Add(time.Hour)})
	check(t, err)
	if m.Message != "good morning" || int64(m.Date) < time.Now().Add(50*time.Minute).Unix() {
		t.Errorf("put by as %+v", m)
	}
	same(t, "sent yet", collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{}), textOf), []string{})
	_, err = p.ann.Edit(p.ctx, boris, int(m.ID), telegram.Outgoing{Text: "good evening", Schedule: time.Now().Add(time.Second)})
	check(t, err)
	in.want(p.ctx, t, "good evening")
}

func TestAlbum(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	place := telegram.Outgoing{Media: &tg.InputMediaGeoPoint{GeoPoint: &tg.InputGeoPoint{Lat: 52, Long: 5}}}
	if _, err := p.ann.SendAlbum(p.ctx, boris, []telegram.Outgoing{place}); err == nil {
		t.Error("an album of one")
	}
	if _, err := p.ann.SendAlbum(p.ctx, boris, []telegram.Outgoing{place, place}); !errors.Is(err, tg.ErrMediaInvalid) && !errors.Is(err, tg.ErrMediaGroupedInvalid) {
		t.Errorf("an album of places: %v", err)
	}
	sent, err := p.ann.Send(p.ctx, boris, place)
	check(t, err)
	again := telegram.InputMediaOf(sent.Media)
	if _, err := p.ann.Send(p.ctx, boris, telegram.Outgoing{Media: again}); err != nil {
		t.Errorf("the same place again: %v", err)
	}
}

// A history can be read from either end, and gone on with.
func TestHistoryBothWays(t *testing.T) {
	p := newParty(t)
	boris := p.contact(p.ann, borisPhone)
	var want []string
	for i := range 230 {
		want = append(want, fmt.Sprint(i))
		p.send(p.ann, boris, want[i])
	}
	oldest := collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{OldestFirst: true}), textOf)
	same(t, "oldest first", oldest, want)
	slices.Reverse(oldest)
	same(t, "newest first", collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{}), textOf), oldest)
	var last int
	for m, err := range p.ann.History(p.ctx, boris, telegram.HistoryOptions{OldestFirst: true, Limit: 120}) {
		check(t, err)
		last = int(m.ID)
	}
	rest := collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{OldestFirst: true, After: last}), textOf)
	same(t, "gone on with", rest, want[120:])
	got := collect(t, p.ann.History(p.ctx, boris, telegram.HistoryOptions{OldestFirst: true, After: last, Before: last + 3}), textOf)
	same(t, "between", got, want[120:122])
}

func TestSearch(t *testing.T) {
	p := newParty(t)
	boris, chris := p.contact(p.ann, borisPhone), p.contact(p.ann, chrisPhone)
	for i := range 120 {
		p.send(p.ann, boris, fmt.Sprintf("Tern %d, a wader", i))
		if i%10 == 0 {
			p.send(p.ann, chris, fmt.Sprintf("godwit, a wader https://example.org/%d", i))
		}
	}
	if got := collect(t, p.ann.Search(p.ctx, boris, telegram.Search{Text: "tern 11"}), textOf); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if got := collect(t, p.ann.Search(p.ctx, boris, telegram.Search{}), textOf); len(got) != 120 {
		t.Errorf("found %d of 120", len(got))
	}
	if got := collect(t, p.ann.Search(p.ctx, chris, telegram.Search{Kind: &tg.InputMessagesFilterURL{}, Limit: 5}), textOf); len(got) != 5 {
		t.Errorf("found %q", got)
	}
	got := collect(t, p.ann.SearchEverywhere(p.ctx, telegram.Search{Text: "TERN"}), textOf)
	if len(got) != 120 {
		t.Errorf("found %d everywhere", len(got))
	}
	got = collect(t, p.ann.SearchEverywhere(p.ctx, telegram.Search{Text: "wader"}), textOf)
	slices.Sort(got)
	if got = slices.Compact(got); len(got) != 132 {
		t.Errorf("found %d different ones everywhere, want 132", len(got))
	}
	for _, err := range p.ann.SearchEverywhere(p.ctx, telegram.Search{Text: " "}) {
		if !errors.Is(err, tg.ErrSearchQueryEmpty) {
			t.Errorf("a search for nothing: %v", err)
		}
	}
}

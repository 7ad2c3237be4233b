package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
)

// signedIn signs both people of a town in.
func (tw *town) signedIn() {
	tw.Helper()
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	tw.must("boris", "22222\n", "login", "--phone", "9996620002")
}

// crowd puts a public supergroup of Ann's there.
func (tw *town) crowd(name string, o sandbox.Crowd) {
	tw.Helper()
	o.Title, o.Username, o.Creator = "The crowd", name, "9996610001"
	if _, err := tw.sandbox.AddCrowd(o); err != nil {
		tw.Fatal(err)
	}
}

// lines decodes one JSON value a line.
func lines[T any](t *testing.T, out string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(out) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

func TestChatsHistorySend(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	var sent struct{ ID, Chat int64 }
	if err := json.Unmarshal([]byte(tw.must("ann", "", "send", "+9996620002", "*Hello* _you_", "--markdown", "--json")), &sent); err != nil {
		t.Fatal(err)
	}
	tw.must("ann", "", "send", "+9996620002", "<b>again</b>", "--html", "--silent", "--reply-to", fmt.Sprint(sent.ID))
	got := lines[messageJSON](t, tw.must("boris", "", "history", "+9996610001", "--json"))
	if len(got) != 2 || got[0].Text != "Hello you" || got[0].HTML != "<b>Hello</b> <i>you</i>" || got[1].ReplyTo != got[0].ID {
		t.Errorf("Boris has %+v", got)
	}
	// The peer is known from before, by its id alone.
	tw.must("boris", "", "send", fmt.Sprint(got[0].From), "by id")
	tw.want(tw.must("ann", "", "history", "+9996620002", "--search", "by", "--limit", "1"), "← by id")
	tw.want(tw.must("ann", "", "send", "+9996620002", "later", "--schedule", "1h"), "scheduled message")
	tw.want(tw.must("ann", "", "chats"), "1 new", "Boris", "by id")
	chats := lines[chatJSON](t, tw.must("ann", "", "chats", "--json"))
	if len(chats) != 1 || chats[0].ID != sent.Chat || chats[0].Kind != "user" || chats[0].Last.Text != "by id" {
		t.Errorf("chats %+v", chats)
	}
	if out := tw.must("ann", "", "chats", "--archived"); out != "" {
		t.Errorf("in the archive is %q", out)
	}
}

// A list for programs tells of reactions that have not been seen.
func TestChatsTellOfReactions(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	tw.must("ann", "", "send", "+"+boris, "React!")
	c := tw.client(boris, "22222")
	peer, err := c.ImportContact(tw.Context(), telegram.Contact{Phone: "+" + ann, FirstName: "Ann"})
	tw.check(err)
	for m, err := range c.History(tw.Context(), peer, telegram.HistoryOptions{Limit: 1}) {
		tw.check(err)
		tw.check(c.React(tw.Context(), peer, int(m.ID), "👍"))
	}
	chats := lines[chatJSON](t, tw.must("ann", "", "chats", "--json"))
	if len(chats) != 1 || chats[0].Reacted != 1 || chats[0].Mentions != 0 {
		t.Errorf("chats %+v", chats)
	}
}

func TestMembersJoinLeave(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	tw.crowd("the_crowd", sandbox.Crowd{Members: 230, Bots: 2})
	tw.want(tw.must("boris", "", "join", "https://t.me/the_crowd"), "Joined -100")
	out := tw.must("boris", "", "members", "@the_crowd")
	tw.want(out, "232 of 232: complete", "creator Ann", "member Boris")
	if n := strings.Count(out, "\n"); n != 233 {
		t.Errorf("%d lines", n)
	}
	tw.want(tw.must("boris", "", "members", "@the_crowd", "--filter", "bots", "--json"), `"bot":true`, `"report":{"seen":2,"total":2,"visible":10000,"complete":true}`)
	tw.want(tw.must("boris", "", "members", "@the_crowd", "--limit", "3"), "3 of 232: not complete, broken off")
	tw.want(tw.must("boris", "", "members", "@the_crowd", "--query", "ann"), "1 of 1: complete")
	tw.want(tw.must("boris", "", "leave", "@the_crowd"), "Left -100")
}

// Every mistake gets an error that names it and says what to do.
func TestBadInputOfChats(t *testing.T) {
	tw := newTown(t)
	tw.signedIn()
	tw.crowd("the_crowd", sandbox.Crowd{Members: 2})
	tw.crowd("the_news", sandbox.Crowd{Members: 2, Broadcast: true})
	tw.must("boris", "", "join", "@the_news")
	file := tw.write("note.txt", noise(100<<10))
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"send", "@nobody_at_all", "x"}, []string{"@nobody_at_all", "nobody has this username"}},
		{[]string{"history", "https://example.org/x"}, []string{"https://example.org/x", "none of Telegram's"}},
		{[]string{"history", "https://t.me/addstickers/x"}, []string{"something else than a user"}},
		{[]string{"join", "https://t.me/+AAAAAAAAAAAA"}, []string{"expired or was revoked"}},
		{[]string{"join", "https://t.me/+!"}, []string{"damaged"}},
		{[]string{"join", "@the_news"}, []string{"a member already"}},
		{[]string{"send", "@the_crowd", "x"}, []string{"@the_crowd", "may not write there", "CHAT_WRITE_FORBIDDEN"}},
		{[]string{"send", "@the_news", "x"}, []string{"may not write there"}},
		{[]string{"upload", file, "@the_crowd"}, []string{"@the_crowd", "may not write there", "CHAT_WRITE_FORBIDDEN"}},
		{[]string{"send", "@a!", "x"}, []string{"@a!"}},
		{[]string{"members", "@the_news"}, []string{"only administrators may list the members of channel"}},
		{[]string{"members", "@the_crowd", "--filter", "kicked"}, []string{"only administrators"}},
		{[]string{"members", "+9996610001"}, []string{"no group"}},
		{[]string{"leave", "@the_crowd"}, []string{"not a member"}},
		{[]string{"leave", "+9996610001"}, []string{"no group or channel"}},
		{[]string{"send", "987654", "x"}, []string{"user 987654 has not been seen", "godwit chats"}},
		{[]string{"send", "me", "*x", "--markdown"}, []string{"at byte 0", "* is not closed"}},
		{[]string{"send", "me", "<x>", "--html"}, []string{"<x> is no tag"}},
		{[]string{"send", "me", "x", "--reply-to", "99"}, []string{"no such message to reply to"}},
		{[]string{"send", "me", "x", "--schedule", "tomorrow"}, []string{"neither a time"}},
		{[]string{"send", "me", "x", "--schedule", "2001-01-01T00:00:00Z"}, []string{"that time is over"}},
	} {
		code, _, errs := tw.run("boris", "", test.args...)
		if code != 1 {
			t.Errorf("%v: exit %d, want 1", test.args, code)
		}
		tw.want(errs, test.want...)
	}
	if left, err := filepath.Glob(tw.file("*.transfer-*")); err != nil || len(left) > 0 {
		t.Errorf("journals are left: %q, %v", left, err)
	}
}

func TestParseWhen(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"90m":                       now.Add(90 * time.Minute),
		"2026-01-01T14:00:00+01:00": now.Add(time.Hour),
	} {
		if got, err := parseWhen("--schedule", s, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
}

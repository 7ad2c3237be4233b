package telegram_test

import (
	"errors"
	"strings"
	"testing"

	"godwit/telegram"
	"godwit/tg"
)

// references are the forms of https://core.telegram.org/api/links that lead to
// peers, and others that do not.
var references = []struct {
	text string
	want telegram.Reference
}{
	{"me", telegram.Reference{Self: true}},
	{"@durov", telegram.Reference{Username: "durov"}},
	{" durov ", telegram.Reference{Username: "durov"}},
	{"+1 (555) 123-4567", telegram.Reference{Phone: "15551234567"}},
	{"1234567", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerUser, ID: 1234567}}},
	{"-1234", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerChat, ID: 1234}}},
	{"-1001234567890", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerChannel, ID: 1234567890}}},
	{"https://t.me/durov", telegram.Reference{Username: "durov"}},
	{"HTTP://T.me/durov/", telegram.Reference{Username: "durov"}},
	{"t.me/durov?start=1", telegram.Reference{Username: "durov"}},
	{"durov.t.me", telegram.Reference{Username: "durov"}},
	{"https://durov.t.me/5", telegram.Reference{Username: "durov", Message: 5}},
	{"telegram.me/durov/12", telegram.Reference{Username: "durov", Message: 12}},
	{"https://telegram.dog/s/durov", telegram.Reference{Username: "durov"}},
	{"https://t.me/group/3/12", telegram.Reference{Username: "group", Topic: 3, Message: 12}},
	{"https://t.me/group/12?single&thread=3", telegram.Reference{Username: "group", Topic: 3, Message: 12}},
	{"https://t.me/c/1234567890/7", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerChannel, ID: 1234567890}, Message: 7}},
	{"https://t.me/c/1234567890/2/7", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerChannel, ID: 1234567890}, Topic: 2, Message: 7}},
	{"https://t.me/+AbCdEf-_123456", telegram.Reference{Invite: "AbCdEf-_123456"}},
	{"https://t.me/joinchat/AbCdEf-_123456", telegram.Reference{Invite: "AbCdEf-_123456"}},
	{"https://t.me/+15551234567", telegram.Reference{Phone: "15551234567"}},
	{"tg://resolve?domain=durov&post=4&thread=2", telegram.Reference{Username: "durov", Message: 4, Topic: 2}},
	{"tg:resolve?phone=15551234567", telegram.Reference{Phone: "15551234567"}},
	{"tg://join?invite=AbCdEf-_123456", telegram.Reference{Invite: "AbCdEf-_123456"}},
	{"tg://privatepost?channel=1234567890&post=7", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerChannel, ID: 1234567890}, Message: 7}},
	{"tg://user?id=42", telegram.Reference{Peer: telegram.PeerID{Kind: telegram.PeerUser, ID: 42}}},
}

var badReferences = map[string]string{
	"":                            "empty",
	"@a":                          "4 to 32",
	"@1abcd":                      "cannot be",
	"no one":                      "cannot be",
	"+12":                         "phone",
	"https://example.org/durov":   "none of Telegram's",
	"https://t.me/":               "nowhere",
	"https://t.me/durov/x":        "no message",
	"https://t.me/durov/1/2/3":    "goes on",
	"https://t.me/addstickers/x":  "something else",
	"https://t.me/c/x/1":          "no id",
	"https://t.me/joinchat/a b":   "damaged",
	"tg://settings":               "something else",
	"tg://privatepost?channel=-4": "no id",
	"tg://user?id=x":              "no id",
}

func TestParseReference(t *testing.T) {
	for _, test := range references {
		if got, err := telegram.ParseReference(test.text); err != nil || got != test.want {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
	}
	for text, reason := range badReferences {
		_, err := telegram.ParseReference(text)
		var bad *telegram.ReferenceError
		if !errors.As(err, &bad) || bad.Text != text || !strings.Contains(bad.Reason, reason) {
			t.Errorf("%q: %v, want something of %q", text, err, reason)
		}
	}
}

// What is read names exactly one thing, and ids go through a number and back.
func FuzzParseReference(f *testing.F) {
	for _, test := range references {
		f.Add(test.text)
	}
	for text := range badReferences {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := telegram.ParseReference(text)
		if err != nil {
			return
		}
		named := 0
		for _, set := range []bool{r.Self, r.Username != "", r.Phone != "", r.Invite != "", r.Peer != telegram.PeerID{}} {
			if set {
				named++
			}
		}
		if named != 1 || r.Message < 0 {
			t.Errorf("%q names %+v", text, r)
		}
		if r.Username != "" {
			if again, err := telegram.ParseReference("@" + r.Username); err != nil || again.Username != r.Username {
				t.Errorf("@%s: %+v, %v", r.Username, again, err)
			}
		}
		if again := telegram.Unmark(r.Peer.Mark()); again != r.Peer {
			t.Errorf("%v became %v", r.Peer, again)
		}
	})
}

func TestResolve(t *testing.T) {
	p := newParty(t)
	check(t, p.SetUsername(borisPhone, "boris_b"))
	for _, text := range []string{"@boris_b", "https://t.me/boris_b", "tg://resolve?domain=boris_b", "+" + borisPhone} {
		peer, _, err := p.ann.Resolve(p.ctx, text)
		check(t, err)
		if u, ok := peer.(*tg.InputPeerUser); !ok || u.UserID != p.boris.Self().ID {
			t.Errorf("%s is %+v", text, peer)
		}
	}
	for text, want := range map[string]error{
		"@nobody_at_all":             tg.ErrUsernameNotOccupied,
		"+9996619999":                tg.ErrPhoneNotOccupied,
		"https://t.me/+AAAAAAAAAAAA": tg.ErrInviteHashExpired,
		"https://t.me/+abc.def":      nil,
	} {
		_, _, err := p.ann.Resolve(p.ctx, text)
		var bad *telegram.ReferenceError
		if want != nil && !errors.Is(err, want) || want == nil && !errors.As(err, &bad) {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, _, err := p.ann.Resolve(p.ctx, "12345")
	var unknown *telegram.UnknownPeerError
	if !errors.As(err, &unknown) {
		t.Errorf("an id that was never seen: %v", err)
	}
}

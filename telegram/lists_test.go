package telegram

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

// TestDialogPages has a list of dialogs fetched page by page, each dialog once.
func TestDialogPages(t *testing.T) {
	user := func(id int64) *tg.User {
		return &tg.User{ID: id, AccessHash: tl.Some(id * 10), FirstName: tl.Some(fmt.Sprint("user ", id))}
	}
	dialog := func(peer tg.PeerClass, top int32) *tg.Dialog {
		return &tg.Dialog{Peer: peer, TopMessage: top, UnreadCount: 1}
	}
	pages := []tg.MessagesDialogsClass{
		&tg.MessagesDialogsSlice{
			Count: 5,
			Dialogs: []tg.DialogClass{
				dialog(&tg.PeerUser{UserID: 1}, 9), &tg.DialogFolder{Peer: &tg.PeerUser{}, Folder: tg.Folder{}},
				dialog(&tg.PeerChat{ChatID: 2}, 8),
			},
			Messages: []tg.MessageClass{
				&tg.Message{ID: 9, Date: 90, PeerID: &tg.PeerUser{UserID: 1}},
				&tg.MessageService{ID: 8, Date: 80, PeerID: &tg.PeerChat{ChatID: 2}, Action: &tg.MessageActionEmpty{}},
			},
			Users: []tg.UserClass{user(1)},
			Chats: []tg.ChatClass{&tg.Chat{ID: 2, Title: "group", Photo: &tg.ChatPhotoEmpty{}}},
		},
		&tg.MessagesDialogsSlice{
			Count: 5,
			Dialogs: []tg.DialogClass{
				dialog(&tg.PeerUser{UserID: 1}, 9), dialog(&tg.PeerChannel{ChannelID: 3}, 7), dialog(&tg.PeerUser{UserID: 404}, 1),
			},
			Users: []tg.UserClass{user(1)},
			Chats: []tg.ChatClass{&tg.ChannelForbidden{ID: 3, AccessHash: 30, Title: "channel"}},
		},
		&tg.MessagesDialogsSlice{Count: 5},
	}
	var offsets []string
	n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
		r := request.(*tg.MessagesGetDialogs)
		offsets = append(offsets, fmt.Sprintf("%T %d %d", r.OffsetPeer, r.OffsetID, r.OffsetDate))
		if len(pages) == 0 {
			return nil, errUnexpected
		}
		page := pages[0]
		pages = pages[1:]
		return page, nil
	}}
	c := n.client(Options{})
	var titles []string
	for d, err := range c.Dialogs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Unread != 1 || d.Raw == nil || d.Peer == nil {
			t.Errorf("dialog %+v", d)
		}
		titles = append(titles, d.Title)
	}
	if want := []string{"user 1", "group", "channel"}; !slices.Equal(titles, want) {
		t.Errorf("titles %q, want %q", titles, want)
	}
	want := []string{"*tg.InputPeerEmpty 0 0", "*tg.InputPeerChat 8 80", "*tg.InputPeerChannel 7 0"}
	if !slices.Equal(offsets, want) {
		t.Errorf("offsets %q, want %q", offsets, want)
	}
	for _, err := range c.Dialogs(t.Context()) {
		if !errors.Is(err, errUnexpected) {
			t.Errorf("error %v", err)
		}
	}
}

// TestHistoryPages has a history go on after pages that hold nothing but
// service messages, and stop where it is told to.
func TestHistoryPages(t *testing.T) {
	newest := int32(250)
	var offsets []int32
	n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
		r := request.(*tg.MessagesGetHistory)
		offsets = append(offsets, r.OffsetID)
		from := newest
		if r.OffsetID != 0 {
			from = r.OffsetID - 1
		}
		page := &tg.MessagesChannelMessages{}
		for id := from; id > max(from-r.Limit, 0); id-- {
			var m tg.MessageClass = &tg.Message{ID: id, PeerID: &tg.PeerChannel{}}
			switch {
			case id > 100 && id <= 200:
				m = &tg.MessageService{ID: id, PeerID: &tg.PeerChannel{}, Action: &tg.MessageActionEmpty{}}
			case id == 50:
				m = &tg.MessageEmpty{ID: id}
			}
			page.Messages = append(page.Messages, m)
		}
		return page, nil
	}}
	c := n.client(Options{})
	tests := []struct {
		o           HistoryOptions
		first, last int32
		count       int
		offsets     []int32
	}{
		{HistoryOptions{}, 250, 1, 149, []int32{0, 151, 51}},
		{HistoryOptions{Limit: 3}, 250, 248, 3, []int32{0}},
		{HistoryOptions{Limit: 60}, 250, 91, 60, []int32{0, 191, 131}},
		{HistoryOptions{Before: 90, After: 80}, 89, 81, 9, []int32{90}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%+v", test.o), func(t *testing.T) {
			offsets = nil
			var ids []int32
			for m, err := range c.History(t.Context(), &tg.InputPeerSelf{}, test.o) {
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, m.ID)
			}
			if len(ids) != test.count || ids[0] != test.first || ids[len(ids)-1] != test.last {
				t.Errorf("%d messages from %d to %d, want %d from %d to %d",
					len(ids), ids[0], ids[len(ids)-1], test.count, test.first, test.last)
			}
			if !slices.Equal(offsets, test.offsets) {
				t.Errorf("offsets %v, want %v", offsets, test.offsets)
			}
		})
	}
	for range c.History(t.Context(), &tg.InputPeerSelf{}, HistoryOptions{}) {
		break // without a panic
	}
}

// TestPeers has access hashes kept, but not those of min constructors.
func TestPeers(t *testing.T) {
	n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
		if r := request.(*tg.ContactsResolvePhone); r.Phone != "123456" {
			t.Errorf("phone %q", r.Phone)
		}
		return &tg.ContactsResolvedPeer{
			Peer: &tg.PeerUser{UserID: 5}, Users: []tg.UserClass{&tg.User{ID: 5, AccessHash: tl.Some(int64(55))}},
		}, nil
	}}
	c := n.client(Options{})
	peer, err := c.ResolvePhone(t.Context(), "+12 (34) 5-6")
	if p, ok := peer.(*tg.InputPeerUser); err != nil || !ok || p.UserID != 5 || p.AccessHash != 55 {
		t.Errorf("%+v, %v", peer, err)
	}
	c.Learn(
		[]tg.UserClass{&tg.User{ID: 6, Min: true, AccessHash: tl.Some(int64(66))}, &tg.UserEmpty{ID: 7}},
		[]tg.ChatClass{
			&tg.Channel{ID: 8, Min: true, AccessHash: tl.Some(int64(88))}, &tg.ChatForbidden{ID: 9},
			&tg.ChannelForbidden{ID: 10, AccessHash: 100},
		})
	tests := []struct {
		peer  tg.PeerClass
		known bool
	}{
		{&tg.PeerUser{UserID: 5}, true},
		{&tg.PeerUser{UserID: 6}, false},
		{&tg.PeerUser{UserID: 7}, false},
		{&tg.PeerChannel{ChannelID: 8}, false},
		{&tg.PeerChat{ChatID: 9}, true},
		{&tg.PeerChannel{ChannelID: 10}, true},
		{nil, false},
	}
	for _, test := range tests {
		if known := c.peers.knows(test.peer); known != test.known {
			t.Errorf("%+v: known %v", test.peer, known)
		}
		_, err := c.InputPeer(test.peer)
		var unknown *UnknownPeerError
		if errors.As(err, &unknown) == test.known {
			t.Errorf("%+v: %v", test.peer, err)
		}
	}
}

// TestErrorsNameWhatIsWrong has errors name what they are about.
func TestErrorsNameWhatIsWrong(t *testing.T) {
	for want, err := range map[string]error{
		"bots.setBotCommands": &AccessError{"bots.setBotCommands", tg.BotOnly},
		"DC 4":                &UnreachableError{4, errUnexpected},
		"DC 5":                &UnknownDCError{5},
		"user 6":              &UnknownPeerError{&tg.PeerUser{UserID: 6}},
		"channel 7":           &UnknownPeerError{&tg.PeerChannel{ChannelID: 7}},
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

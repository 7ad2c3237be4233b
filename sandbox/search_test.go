package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// What is looked for is found by whole words, whatever their case, and without
// reading all messages.
func TestSearchIndex(t *testing.T) {
	l, alice, bob, toBob, _ := pair(t)
	const many = 500
	for i := range many {
		alice.say(toBob, fmt.Sprint("a tern, number ", i))
	}
	rare := alice.say(toBob, "Two GODWITS at https://example.org/nest")
	bob.say(bob.meet(alicePhone), "godwits? where?")
	search := func(q tg.MessagesSearch) []string {
		t.Helper()
		q.Peer, q.Limit = toBob, 100
		if q.Filter == nil {
			q.Filter = &tg.InputMessagesFilterEmpty{}
		}
		switch a := must(alice, &q).(type) {
		case *tg.MessagesMessages:
			return texts(a.Messages)
		case *tg.MessagesMessagesSlice:
			return texts(a.Messages)
		}
		return nil
	}
	const found, asked = "Two GODWITS at https://example.org/nest", "godwits? where?"
	same(t, "a word", search(tg.MessagesSearch{Q: "godwits"}), asked, found)
	same(t, "two words", search(tg.MessagesSearch{Q: "Nest two"}), found)
	same(t, "a part of a word", search(tg.MessagesSearch{Q: "godwit"}))
	same(t, "punctuation", search(tg.MessagesSearch{Q: "?"}))
	same(t, "a number", search(tg.MessagesSearch{Q: "tern 77"}), "a tern, number 77")
	same(t, "by Bob", search(tg.MessagesSearch{FromID: toBob}), asked)
	same(t, "links", search(tg.MessagesSearch{Filter: &tg.InputMessagesFilterURL{}}), found)

	c := &call{dc: l.dcs[0], user: l.world.users[alice.self.ID]}
	p := peerKey{peerUser, bob.self.ID}
	ids, err := c.messageIDs(p)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		q    query
		want int
	}{
		"a word":      {query{text: "godwits", filter: &tg.InputMessagesFilterEmpty{}}, 2},
		"with common": {query{text: "a tern 77", filter: &tg.InputMessagesFilterEmpty{}}, 1},
		"a sender":    {query{from: bob.self.ID, filter: &tg.InputMessagesFilterEmpty{}}, 1},
		"links":       {query{filter: &tg.InputMessagesFilterURL{}}, 1},
		"pinned":      {query{filter: &tg.InputMessagesFilterPinned{}}, 0},
		"photos":      {query{filter: &tg.InputMessagesFilterPhotos{}}, 0},
	} {
		if got := len(c.candidates(p, ids, &test.q, words(test.q.text))); got != test.want {
			t.Errorf("%s: %d of %d messages are looked at, want %d", what, got, len(ids), test.want)
		}
	}

	// What changes or goes is found, or is not, as it is now.
	id := rare.Updates[0].(*tg.UpdateMessageID).ID
	must(alice, &tg.MessagesEditMessage{Peer: toBob, ID: id, Message: tl.Some("Two curlews")})
	same(t, "the word of before", search(tg.MessagesSearch{Q: "nest"}))
	same(t, "the word of now", search(tg.MessagesSearch{Q: "curlews"}), "Two curlews")
	must(alice, &tg.MessagesUpdatePinnedMessage{Peer: toBob, ID: id, Silent: true})
	same(t, "pinned", search(tg.MessagesSearch{Filter: &tg.InputMessagesFilterPinned{}}), "Two curlews")
	must(alice, &tg.MessagesDeleteMessages{ID: []int32{id}})
	same(t, "what was deleted", search(tg.MessagesSearch{Q: "curlews"}))
	same(t, "pinned and deleted", search(tg.MessagesSearch{Filter: &tg.InputMessagesFilterPinned{}}))
}

// Pages of everything are those of what brute force finds, whatever was edited,
// deleted and pinned in between.
func TestSearchEverything(t *testing.T) {
	l, alice, bob, toBob, toAlice := pair(t)
	l.person(carolPhone, "Carol")
	toCarol := alice.meet(carolPhone)
	var mine []int32
	for i := range 300 {
		if i%40 == 0 {
			l.clock.advance(time.Second)
		}
		switch {
		case i%7 == 3:
			bob.say(toAlice, fmt.Sprint("from Bob ", i))
		case i%5 == 2:
			alice.say(toCarol, fmt.Sprint("to Carol ", i))
		default:
			mine = append(mine, alice.say(toBob, fmt.Sprint("to Bob ", i)).Updates[0].(*tg.UpdateMessageID).ID)
		}
		if i%50 == 10 { // in the midst of it, so that the index has been made and has to follow
			must(alice, &tg.MessagesDeleteMessages{ID: mine[len(mine)-5 : len(mine)-2], Revoke: true})
			must(alice, &tg.MessagesUpdatePinnedMessage{Peer: toBob, ID: mine[len(mine)-1]})
			must(alice, &tg.MessagesSearch{Peer: toBob, Filter: &tg.InputMessagesFilterEmpty{}, Limit: 1})
		}
	}
	u := l.world.users[alice.self.ID]
	said := func(of ...peerKey) []string {
		var all []*entry
		for _, p := range of {
			for _, id := range u.dialogs[p].ids {
				if e := u.box.get(id); e.action == nil {
					all = append(all, e)
				}
			}
		}
		slices.SortFunc(all, newer)
		out := []string{}
		for _, e := range all {
			out = append(out, e.text)
		}
		return out
	}
	within := peerKey{peerUser, bob.self.ID}
	pages := func(peer tg.InputPeerClass, limit int32) []string {
		t.Helper()
		out := []string{}
		q := &tg.MessagesSearch{Peer: peer, Filter: &tg.InputMessagesFilterEmpty{}, Limit: limit}
		for {
			var list []tg.MessageClass
			switch a := must(alice, q).(type) {
			case *tg.MessagesMessages:
				list = a.Messages
			case *tg.MessagesMessagesSlice:
				list = a.Messages
			}
			if len(list) == 0 {
				return out
			}
			out = append(out, texts(list)...)
			q.OffsetID = list[len(list)-1].(*tg.Message).ID
		}
	}
	same(t, "with Bob", pages(toBob, 30), said(within)...)

	// Everywhere, those that mention a number.
	everywhere := []string{}
	global := &tg.MessagesSearchGlobal{Q: "to", Filter: &tg.InputMessagesFilterEmpty{}, OffsetPeer: &tg.InputPeerEmpty{}, Limit: 17}
	for more := true; more; {
		a := must(alice, global).(*tg.MessagesMessagesSlice)
		everywhere = append(everywhere, texts(a.Messages)...)
		if more = a.NextRate.Set; more {
			last := a.Messages[len(a.Messages)-1].(*tg.Message)
			global.OffsetRate, global.OffsetID = a.NextRate.Value, last.ID
			global.OffsetPeer = map[int64]tg.InputPeerClass{
				bob.self.ID: toBob, toCarol.UserID: toCarol,
			}[last.PeerID.(*tg.PeerUser).UserID]
		}
	}
	want := slices.DeleteFunc(said(within, peerKey{peerUser, toCarol.UserID}), func(s string) bool { return strings.HasPrefix(s, "from") })
	same(t, "everywhere", everywhere, want...)
}

// What a page of everything and a page of topics take does not grow with the
// number of messages.
func TestPagesOfMany(t *testing.T) {
	took := func(many int) (search, topics float64) {
		l, alice, _, _, _ := pair(t)
		ch := alice.newChannel("Club", false)
		must(alice, &tg.ChannelsToggleForum{Channel: ch, Enabled: true})
		club := inputPeer(ch)
		made := must(alice, &tg.MessagesCreateForumTopic{Peer: club, Title: "Waders", RandomID: lastRandomID.Add(1)})
		topic := made.(*tg.Updates).Updates[0].(*tg.UpdateMessageID).ID
		for i := range many {
			q := &tg.MessagesSendMessage{Peer: club, Message: "a tern", RandomID: lastRandomID.Add(1)}
			if i%2 == 0 {
				q.ReplyTo = &tg.InputReplyToMessage{ReplyToMsgID: topic}
			}
			must(alice, q)
		}
		must(alice, &tg.ChannelsReadHistory{Channel: ch, MaxID: topic + int32(many) - 5})
		l.clock.advance(time.Second)
		search = testing.AllocsPerRun(20, func() {
			got := must(alice, &tg.MessagesSearch{Peer: club, Filter: &tg.InputMessagesFilterEmpty{}, Limit: 10})
			if n := len(got.(*tg.MessagesChannelMessages).Messages); n != 10 {
				t.Fatalf("a page of %d", n)
			}
		})
		topics = testing.AllocsPerRun(20, func() {
			got := must(alice, &tg.MessagesGetForumTopics{Peer: club, Limit: 10})
			if len(got.Topics) != 2 || got.Topics[0].(*tg.ForumTopic).TopMessage == 0 {
				t.Fatalf("topics %+v", got.Topics)
			}
		})
		return search, topics
	}
	fewSearch, fewTopics := took(40)
	manySearch, manyTopics := took(4000)
	if manySearch > fewSearch+2 || manyTopics > fewTopics+2 {
		t.Errorf("with a hundred times as many messages a search takes %g allocations instead of %g, topics %g instead of %g",
			manySearch, fewSearch, manyTopics, fewTopics)
	}
}

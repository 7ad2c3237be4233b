package sandbox

import (
	"fmt"
	"testing"

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

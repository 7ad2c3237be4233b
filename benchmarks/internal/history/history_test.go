package history

import (
	"bytes"
	"testing"

	"github.com/gotd/td/bin"
	rival "github.com/gotd/td/tg"

	"godwit/tg"
	"godwit/tl"
)

// Both decode the page to the same content: each encodes what it decoded to
// the page's own bytes, and some fields are compared one by one.
func TestBothReadTheSame(t *testing.T) {
	page, err := Bytes()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := decode(page)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := decodeRival(page)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tl.Marshal(ours)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, page) {
		t.Error("godwit encodes what it decoded to other bytes")
	}
	var b bin.Buffer
	if err := theirs.Encode(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Buf, page) {
		t.Error("gotd encodes what it decoded to other bytes")
	}
	compare(t, ours.(*tg.MessagesMessages), theirs.(*rival.MessagesMessages))
}

func compare(t *testing.T, ours *tg.MessagesMessages, theirs *rival.MessagesMessages) {
	t.Helper()
	if len(ours.Messages) != messages || len(theirs.Messages) != messages {
		t.Fatalf("%d and %d messages", len(ours.Messages), len(theirs.Messages))
	}
	texts, entities, media := 0, 0, 0
	for i, our := range ours.Messages {
		m, ok := our.(*tg.Message)
		other, same := theirs.Messages[i].(*rival.Message)
		if ok != same {
			t.Fatalf("message %d: %T and %T", i, our, theirs.Messages[i])
		}
		if !ok {
			continue
		}
		if m.Message != other.Message || int(m.ID) != other.ID || m.Out != other.Out ||
			len(m.Entities) != len(other.Entities) || (m.Media == nil) != (other.Media == nil) {
			t.Errorf("message %d: %+v and %+v", i, m, other)
		}
		texts++
		entities += len(m.Entities)
		if m.Media != nil {
			media++
		}
	}
	if texts < messages/2 || entities == 0 || media == 0 || len(ours.Users) != people {
		t.Errorf("not a page of history: %d texts, %d entities, %d media, %d users",
			texts, entities, media, len(ours.Users))
	}
}

// The page is the same in every run, so that results of different days compare.
func TestPageIsFixed(t *testing.T) {
	first, err := Bytes()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the page changes from call to call")
	}
}

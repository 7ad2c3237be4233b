package tg_test

import (
	"fmt"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

// history returns an answer of messages.getHistory with n messages, such as a
// busy group has.
func history(n int) *tg.MessagesMessagesSlice {
	h := &tg.MessagesMessagesSlice{
		Count: 4321,
		Chats: []tg.ChatClass{&tg.Chat{ID: 77, Title: "Waders of the estuary", Photo: &tg.ChatPhotoEmpty{}, ParticipantsCount: 12, Date: 1700000000}},
	}
	for i := range 12 {
		h.Users = append(h.Users, &tg.User{ID: int64(1000 + i), AccessHash: tl.Some(int64(i) << 40), FirstName: tl.Some(fmt.Sprint("Name ", i)),
			Username: tl.Some(fmt.Sprint("name_", i)), Status: &tg.UserStatusOffline{WasOnline: 1700000000}})
	}
	for i := range n {
		m := &tg.Message{
			ID: int32(5000 - i), Date: int32(1700000000 - 60*i), Out: i%5 == 0,
			FromID: &tg.PeerUser{UserID: int64(1000 + i%12)}, PeerID: &tg.PeerChat{ChatID: 77},
			Message: "Two hundred of them on the mud south of the sluice, and more coming in with the tide.",
		}
		if i%3 == 0 {
			m.ReplyTo = &tg.MessageReplyHeader{ReplyToMsgID: tl.Some(int32(4990 - i))}
			m.Entities = []tg.MessageEntityClass{&tg.MessageEntityBold{Offset: 0, Length: 11}, &tg.MessageEntityURL{Offset: 12, Length: 9}}
		}
		if i%10 == 0 {
			m.Media = &tg.MessageMediaPhoto{Photo: &tg.Photo{ID: int64(i), AccessHash: 99, FileReference: make([]byte, 25), Date: 1700000000, DCID: 2,
				Sizes: []tg.PhotoSizeClass{&tg.PhotoSize{Type: "m", W: 320, H: 240, Size: 20000}, &tg.PhotoSize{Type: "x", W: 800, H: 600, Size: 90000}}}}
		}
		h.Messages = append(h.Messages, m)
	}
	return h
}

func BenchmarkDecodeHistory(b *testing.B) {
	p := encode(b, history(100))
	for _, borrow := range []bool{false, true} {
		b.Run(fmt.Sprint("borrow=", borrow), func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			r := tl.NewReader(nil)
			r.Borrow(borrow)
			for b.Loop() {
				r.Reset(p)
				if tg.Decode[tg.MessagesMessagesClass](r); r.Finish() != nil {
					b.Fatal(r.Err())
				}
			}
		})
	}
}

func BenchmarkEncodeHistory(b *testing.B) {
	h := history(100)
	b.SetBytes(int64(len(encode(b, h))))
	b.ReportAllocs()
	var buf tl.Buffer
	for b.Loop() {
		buf.Reset()
		if buf.Object(h); buf.Err() != nil {
			b.Fatal(buf.Err())
		}
	}
}

func TestHistory(t *testing.T) {
	h := history(100)
	for _, m := range h.Messages {
		checkRoundTrip(t, m)
	}
	if v, err := decode(encode(t, h)); err != nil || len(v.(*tg.MessagesMessagesSlice).Messages) != 100 {
		t.Error(err)
	}
}

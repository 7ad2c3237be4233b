package telegram

import (
	"errors"
	"reflect"
	"testing"

	"godwit/tg"
	"godwit/tl"
)

// TestMinPeers has authors of whom Telegram shows no access hash named by the
// message that they were seen in, until more is known.
func TestMinPeers(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		group := &tg.Channel{ID: 9, AccessHash: tl.Some(int64(99)), Megagroup: true, Photo: &tg.ChatPhotoEmpty{}}
		author, forwarded := &tg.PeerUser{UserID: 5}, &tg.PeerChannel{ChannelID: 8}
		send := func(id int32, users ...tg.UserClass) {
			f.push(t, &tg.Updates{
				Updates: []tg.UpdateClass{&tg.UpdateNewChannelMessage{
					Message: &tg.Message{
						ID: id, Message: "m", PeerID: &tg.PeerChannel{ChannelID: 9}, FromID: author,
						FwdFrom: &tg.MessageFwdHeader{FromID: forwarded},
					},
					Pts: id, PtsCount: 1,
				}},
				Users: users,
				Chats: []tg.ChatClass{group, &tg.Channel{ID: 8, Min: true, AccessHash: tl.Some(int64(1)), Photo: &tg.ChatPhotoEmpty{}}},
			})
		}
		var unknown *UnknownPeerError
		if _, err := f.InputPeer(author); !errors.As(err, &unknown) {
			t.Errorf("named before it was seen: %v", err)
		}
		in := &tg.InputPeerChannel{ChannelID: 9, AccessHash: 99}
		want := func(peer tg.PeerClass, want tg.InputPeerClass) {
			t.Helper()
			if got, err := f.InputPeer(peer); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("named %+v, %v, want %+v", got, err, want)
			}
		}
		send(1, &tg.User{ID: 5, Min: true, AccessHash: tl.Some(int64(2))})
		want(author, &tg.InputPeerUserFromMessage{Peer: in, MsgID: 1, UserID: 5})
		want(forwarded, &tg.InputPeerChannelFromMessage{Peer: in, MsgID: 1, ChannelID: 8})
		send(2, &tg.User{ID: 5, Min: true})
		want(author, &tg.InputPeerUserFromMessage{Peer: in, MsgID: 2, UserID: 5})
		send(3, &tg.User{ID: 5, AccessHash: tl.Some(int64(55))})
		want(author, &tg.InputPeerUser{UserID: 5, AccessHash: 55})
		send(4, &tg.User{ID: 5, Min: true, AccessHash: tl.Some(int64(2))})
		want(author, &tg.InputPeerUser{UserID: 5, AccessHash: 55})
	})
}

// TestMinPeersOfHistory has them learned from what was read, too.
func TestMinPeersOfHistory(t *testing.T) {
	n := answering(t)
	c := n.client(Options{Store: signedInStore(t)})
	chat := &tg.PeerChat{ChatID: 3}
	pageOf(c, &tg.MessagesMessages{
		Messages: []tg.MessageClass{
			&tg.MessageEmpty{ID: 1},
			&tg.MessageService{ID: 2, PeerID: chat, FromID: &tg.PeerUser{UserID: 6}},
			&tg.Message{ID: 3, PeerID: chat, ViaBotID: tl.Some(int64(7))},
		},
		Users: []tg.UserClass{&tg.User{ID: 6, Min: true}, &tg.User{ID: 7, Min: true}, &tg.User{ID: 8, Min: true}},
	})
	in := &tg.InputPeerChat{ChatID: 3}
	for id, msgID := range map[int64]int32{6: 2, 7: 3} {
		got, err := c.InputPeer(&tg.PeerUser{UserID: id})
		if want := (&tg.InputPeerUserFromMessage{Peer: in, MsgID: msgID, UserID: id}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("named %+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := c.InputPeer(&tg.PeerUser{UserID: 8}); err == nil {
		t.Errorf("who was in no message is named %+v", got)
	}
}

// TestOriginsAreBounded has the oldest forgotten first.
func TestOriginsAreBounded(t *testing.T) {
	var o origins
	for id := range int64(2 * maxOrigins) {
		for range 2 {
			o.set(PeerID{PeerUser, id}, origin{msgID: int32(id)})
		}
	}
	if len(o.of) != maxOrigins || len(o.order) != maxOrigins {
		t.Errorf("%d are kept, %d in order", len(o.of), len(o.order))
	}
	if _, ok := o.get(PeerID{PeerUser, maxOrigins - 1}); ok {
		t.Error("an old one is kept")
	}
	if at, ok := o.get(PeerID{PeerUser, maxOrigins}); !ok || at.msgID != maxOrigins {
		t.Error("a newer one is forgotten")
	}
}

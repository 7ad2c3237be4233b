package store_test

import (
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// TestMerge has somebody who was written to by a phone number turn out to be a
// person with whom there is a conversation already.
func TestMerge(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		kept := b.meet(a.ID, user(5), time.Second)
		phone := bridge.Peer{Kind: bridge.PhonePeer, Name: "9996611002"}
		asked := &bridge.Conversation{
			ID: newID[bridge.ConversationID](b, 0), AccountID: a.ID, Peer: phone, Phone: phone.Name, CreatedAt: epoch,
		}
		m := &bridge.Message{
			ID: newID[bridge.MessageID](b, 0), AccountID: a.ID, ConversationID: asked.ID, Source: bridge.MTProto,
			Direction: bridge.Outbound, At: epoch, CreatedAt: epoch, State: bridge.Queued, RandomID: 1,
			Content: bridge.Content{Text: "hello"},
		}
		b.change(func(t *store.Tx) error {
			_, err := t.AddConversations([]*bridge.Conversation{asked})
			b.check(err)
			_, err = t.AddMessages([]*bridge.Message{m})
			b.check(err)
			got, err := t.ResolveConversation(asked, user(5))
			b.check(err)
			if got.ID != kept.ID || got.Phone != phone.Name || got.Username != kept.Username {
				b.Errorf("merged into %+v", got)
			}
			return nil
		})
		got, err := b.Conversation(b.ctx(), asked.ID)
		if err != nil || got.ID != kept.ID || got.Phone != phone.Name {
			b.Errorf("the old id leads to %+v, %v", got, err)
		}
		list, err := b.Messages(b.ctx(), store.MessagePage{Conversation: asked.ID, Limit: 10})
		if err != nil || len(list) != 1 || list[0].ID != m.ID {
			b.Errorf("messages by the old id: %v, %v", list, err)
		}
		b.change(func(t *store.Tx) error {
			named, err := t.ConversationsNamed([]bridge.ConversationID{asked.ID})
			if err != nil || len(named) != 1 || named[0].ID != kept.ID {
				b.Errorf("named by the old id: %v, %v", named, err)
			}
			known, err := t.KnownAs(a.ID, phone)
			if err != nil || known == nil || known.ID != kept.ID {
				b.Errorf("known as %v: %v, %v", phone, known, err)
			}
			return nil
		})
	})
}

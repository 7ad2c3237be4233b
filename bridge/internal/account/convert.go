package account

import (
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/telegram"
	"godwit/telegram/updates"
	"godwit/tg"
)

// A converter says in the bridge's terms what Telegram tells an account.
type converter struct {
	self int64 // the account's user id
}

// convert returns what a delivery means. What concerns neither messages nor
// devices means nothing but the change of the state.
func (c converter) convert(d updates.Delivery) *inbox.Batch {
	b := &inbox.Batch{Source: bridge.MTProto, Peers: convertPeers(d.Users, d.Chats), State: convertChange(d.Change)}
	if d.Lost != nil {
		lost := new(inbox.Lost)
		if d.Lost.Channel != 0 {
			lost.Channel = bridge.Peer{Kind: bridge.ChannelPeer, ID: d.Lost.Channel}
		}
		b.Changes = append(b.Changes, lost)
		for _, m := range d.Lost.Messages {
			b.Changes = c.message(b.Changes, m)
		}
	}
	for _, u := range d.Updates {
		b.Changes = c.update(b.Changes, u)
		if p, ok := renamed(u); ok {
			b.Peers = append(b.Peers, p)
		}
	}
	return b
}

// update appends what an update means.
func (c converter) update(to []inbox.Change, u tg.UpdateClass) []inbox.Change {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return c.message(to, u.Message)
	case *tg.UpdateNewChannelMessage:
		return c.message(to, u.Message)
	case *tg.UpdateEditMessage:
		return c.edit(to, u.Message)
	case *tg.UpdateEditChannelMessage:
		return c.edit(to, u.Message)
	case *tg.UpdateMessageID:
		return append(to, &inbox.Sent{RandomID: u.RandomID, TelegramID: int(u.ID)})
	case *tg.UpdateDeleteMessages:
		return append(to, &inbox.Deletion{TelegramIDs: ints(u.Messages)})
	case *tg.UpdateDeleteChannelMessages:
		return append(to, &inbox.Deletion{Channel: channelPeer(u.ChannelID), TelegramIDs: ints(u.Messages)})
	case *tg.UpdateMessageReactions:
		return append(to, &inbox.Reacted{
			Peer: convertPeer(u.Peer), TelegramID: int(u.MsgID), Reactions: convertReactions(&u.Reactions),
			MineUnknown: u.Reactions.Min,
		})
	case *tg.UpdateNewAuthorization:
		return append(to, &inbox.Device{DeviceData: bridge.DeviceData{
			Hash: u.Hash, Unconfirmed: u.Unconfirmed, Device: u.Device.Value, Location: u.Location.Value, At: unix(u.Date.Value),
		}})
	}
	return c.read(to, u)
}

// read appends what an update means that says how far somebody has read.
func (c converter) read(to []inbox.Change, u tg.UpdateClass) []inbox.Change {
	switch u := u.(type) {
	case *tg.UpdateReadHistoryInbox:
		if u.TopMsgID.Set {
			return to // a topic alone
		}
		return append(to, &inbox.Read{
			Peer: convertPeer(u.Peer), By: bridge.ReadByAccount, UpTo: int(u.MaxID), Unread: int(u.StillUnreadCount),
		})
	case *tg.UpdateReadChannelInbox:
		return append(to, &inbox.Read{
			Peer: channelPeer(u.ChannelID), By: bridge.ReadByAccount, UpTo: int(u.MaxID), Unread: int(u.StillUnreadCount),
		})
	case *tg.UpdateReadHistoryOutbox:
		return append(to, &inbox.Read{Peer: convertPeer(u.Peer), By: bridge.ReadByPeer, UpTo: int(u.MaxID)})
	case *tg.UpdateReadChannelOutbox:
		return append(to, &inbox.Read{Peer: channelPeer(u.ChannelID), By: bridge.ReadByPeer, UpTo: int(u.MaxID)})
	}
	return to
}

func (c converter) message(to []inbox.Change, m tg.MessageClass) []inbox.Change {
	if converted := c.convertMessage(m); converted != nil {
		to = append(to, converted)
	}
	return to
}

func (c converter) edit(to []inbox.Change, m tg.MessageClass) []inbox.Change {
	if converted := c.convertMessage(m); converted != nil {
		to = append(to, &inbox.Edit{Message: *converted})
	}
	return to
}

func convertChange(change updates.Change) *store.UpdateChange {
	if change.IsZero() {
		return nil
	}
	to := new(store.UpdateChange)
	if n := change.Common; n != nil {
		to.Counters = countersOf(n.PTS, n.QTS, n.Date, n.Seq)
	}
	for _, channel := range change.Channels {
		to.Channels = append(to.Channels, store.ChannelPTS{Channel: channel.ID, PTS: int(channel.PTS)})
	}
	return to
}

func countersOf(pts, qts, date, seq int32) *store.Counters {
	return &store.Counters{PTS: int64(pts), QTS: int64(qts), Date: int64(date), Seq: int64(seq)}
}

// convertState returns a state as package updates has it.
func convertState(from store.UpdateState) updates.State {
	to := updates.State{Common: updates.Common{
		PTS: int32(from.PTS), QTS: int32(from.QTS), Date: int32(from.Date), Seq: int32(from.Seq),
	}}
	for id, pts := range from.Channels {
		if to.Channels == nil {
			to.Channels = make(map[int64]int32, len(from.Channels))
		}
		to.Channels[id] = int32(pts)
	}
	return to
}

// convertPeer returns whom a peer of Telegram's is, the zero Peer for nil.
func convertPeer(p tg.PeerClass) bridge.Peer {
	if p == nil {
		return bridge.Peer{}
	}
	return peerOf(telegram.IDOf(p))
}

// telegramPeer is the reverse of convertPeer.
func telegramPeer(p bridge.Peer) tg.PeerClass {
	kind := map[bridge.PeerKind]telegram.PeerKind{
		bridge.UserPeer: telegram.PeerUser, bridge.GroupPeer: telegram.PeerChat, bridge.ChannelPeer: telegram.PeerChannel,
	}[p.Kind]
	return telegram.PeerID{Kind: kind, ID: p.ID}.Peer()
}

func channelPeer(id int64) bridge.Peer { return bridge.Peer{Kind: bridge.ChannelPeer, ID: id} }

func ints(list []int32) []int {
	out := make([]int, len(list))
	for i, n := range list {
		out[i] = int(n)
	}
	return out
}

// unix returns a time of Telegram's, the zero time for 0.
func unix(seconds int32) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

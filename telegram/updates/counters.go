package updates

import "godwit/tg"

// kind tells which counter an update stands under.
type kind uint8

const (
	plain      kind = iota // seq, with the rest of its container
	underPTS               // the common pts (R-UP-11)
	underQTS               // qts (R-UP-12)
	underOwn               // the pts of its channel (R-UP-11)
	ahead                  // updateMessageID: before everything else (R-UP-16)
	tooLong                // updateChannelTooLong (R-UP-27)
	ptsChanged             // updatePtsChanged (R-UP-14)
)

// A counter is where an update stands.
type counter struct {
	kind       kind
	channel    int64
	end, count int32
}

// counterOf reads the counter of an update, and names the channel of those
// that stand under a channel's.
func counterOf(u tg.UpdateClass) counter {
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateDeleteMessages:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateReadHistoryInbox:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateReadHistoryOutbox:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateWebPage:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateReadMessagesContents:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateEditMessage:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateFolderPeers:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdatePinnedMessages:
		return counter{kind: underPTS, end: u.Pts, count: u.PtsCount}
	case *tg.UpdateMessageID:
		return counter{kind: ahead}
	case *tg.UpdatePtsChanged:
		return counter{kind: ptsChanged}
	case *tg.UpdateChannelTooLong:
		return counter{kind: tooLong, channel: u.ChannelID, end: u.Pts.Value}
	}
	if c, ok := channelCounterOf(u); ok {
		return c
	}
	if qts, ok := qtsOf(u); ok {
		return counter{kind: underQTS, end: qts, count: 1}
	}
	return counter{}
}

func channelCounterOf(u tg.UpdateClass) (counter, bool) {
	switch u := u.(type) {
	case *tg.UpdateNewChannelMessage:
		return counter{underOwn, channelOfMessage(u.Message), u.Pts, u.PtsCount}, true
	case *tg.UpdateEditChannelMessage:
		return counter{underOwn, channelOfMessage(u.Message), u.Pts, u.PtsCount}, true
	case *tg.UpdateDeleteChannelMessages:
		return counter{underOwn, u.ChannelID, u.Pts, u.PtsCount}, true
	case *tg.UpdateChannelWebPage:
		return counter{underOwn, u.ChannelID, u.Pts, u.PtsCount}, true
	case *tg.UpdatePinnedChannelMessages:
		return counter{underOwn, u.ChannelID, u.Pts, u.PtsCount}, true
	}
	return counter{}, false
}

func qtsOf(u tg.UpdateClass) (int32, bool) {
	switch u := u.(type) {
	case *tg.UpdateNewEncryptedMessage:
		return u.Qts, true
	case *tg.UpdateMessagePollVote:
		return u.Qts, true
	case *tg.UpdateChatParticipant:
		return u.Qts, true
	case *tg.UpdateChannelParticipant:
		return u.Qts, true
	case *tg.UpdateBotStopped:
		return u.Qts, true
	case *tg.UpdateBotChatInviteRequester:
		return u.Qts, true
	case *tg.UpdateBotChatBoost:
		return u.Qts, true
	case *tg.UpdateBotMessageReaction:
		return u.Qts, true
	case *tg.UpdateBotMessageReactions:
		return u.Qts, true
	case *tg.UpdateBotBusinessConnect:
		return u.Qts, true
	case *tg.UpdateBotNewBusinessMessage:
		return u.Qts, true
	case *tg.UpdateBotEditBusinessMessage:
		return u.Qts, true
	case *tg.UpdateBotDeleteBusinessMessage:
		return u.Qts, true
	case *tg.UpdateBotPurchasedPaidMedia:
		return u.Qts, true
	case *tg.UpdateManagedBot:
		return u.Qts, true
	case *tg.UpdateBotGuestChatQuery:
		return u.Qts, true
	case *tg.UpdateBotStarsSubscription:
		return u.Qts, true
	}
	return 0, false
}

// peersOf returns the peers that a message names.
func peersOf(m tg.MessageClass) []tg.PeerClass {
	var peers []tg.PeerClass
	add := func(list ...tg.PeerClass) {
		for _, p := range list {
			if p != nil {
				peers = append(peers, p)
			}
		}
	}
	switch m := m.(type) {
	case *tg.Message:
		add(m.PeerID, m.FromID)
		if m.FwdFrom != nil {
			add(m.FwdFrom.FromID)
		}
		if m.ViaBotID.Set {
			add(&tg.PeerUser{UserID: m.ViaBotID.Value})
		}
	case *tg.MessageService:
		add(m.PeerID, m.FromID)
	}
	return peers
}

func channelOfMessage(m tg.MessageClass) int64 {
	var peer tg.PeerClass
	switch m := m.(type) {
	case *tg.Message:
		peer = m.PeerID
	case *tg.MessageService:
		peer = m.PeerID
	case *tg.MessageEmpty:
		peer = m.PeerID
	}
	if p, ok := peer.(*tg.PeerChannel); ok {
		return p.ChannelID
	}
	return 0
}

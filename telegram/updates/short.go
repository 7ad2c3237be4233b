package updates

import "godwit/tg"

// expand makes the update that a short message stands for, and returns the
// peers that it names, none of which comes along (R-UP-03).
func expand(u tg.UpdatesClass) (tg.UpdateClass, []tg.PeerClass) {
	var m *tg.Message
	var pts, count int32
	switch u := u.(type) {
	case *tg.UpdateShortMessage:
		m = &tg.Message{
			Out: u.Out, Mentioned: u.Mentioned, MediaUnread: u.MediaUnread, Silent: u.Silent,
			ID: u.ID, PeerID: &tg.PeerUser{UserID: u.UserID}, FwdFrom: u.FwdFrom,
			ViaBotID: u.ViaBotID, ReplyTo: u.ReplyTo, Date: u.Date, Message: u.Message,
			Entities: u.Entities, TTLPeriod: u.TTLPeriod,
		}
		if !u.Out {
			m.FromID = &tg.PeerUser{UserID: u.UserID}
		}
		pts, count = u.Pts, u.PtsCount
	case *tg.UpdateShortChatMessage:
		m = &tg.Message{
			Out: u.Out, Mentioned: u.Mentioned, MediaUnread: u.MediaUnread, Silent: u.Silent,
			ID: u.ID, FromID: &tg.PeerUser{UserID: u.FromID}, PeerID: &tg.PeerChat{ChatID: u.ChatID},
			FwdFrom: u.FwdFrom, ViaBotID: u.ViaBotID, ReplyTo: u.ReplyTo, Date: u.Date,
			Message: u.Message, Entities: u.Entities, TTLPeriod: u.TTLPeriod,
		}
		pts, count = u.Pts, u.PtsCount
	}
	return &tg.UpdateNewMessage{Message: m, Pts: pts, PtsCount: count}, peersOf(m)
}

// ExpandSent makes the updates that an updateShortSentMessage stands for from
// the request that it answers (R-UP-01). Self is the account's user id, peer
// whom the message went to.
func ExpandSent(
	sent *tg.UpdateShortSentMessage, request *tg.MessagesSendMessage, self int64, peer tg.PeerClass,
) *tg.Updates {
	m := &tg.Message{
		Out: true, Silent: request.Silent, ID: sent.ID,
		FromID: &tg.PeerUser{UserID: self}, PeerID: peer,
		Date: sent.Date, Message: request.Message, Media: sent.Media,
		Entities: sent.Entities, TTLPeriod: sent.TTLPeriod,
	}
	return &tg.Updates{
		Updates: []tg.UpdateClass{
			&tg.UpdateMessageID{ID: sent.ID, RandomID: request.RandomID},
			&tg.UpdateNewMessage{Message: m, Pts: sent.Pts, PtsCount: sent.PtsCount},
		},
		Date: sent.Date,
	}
}

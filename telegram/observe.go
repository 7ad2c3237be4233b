package telegram

import (
	"time"

	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/updates"
)

// observe gives what the result of a request says about updates to the engine
// (R-UP-02, R-UP-15).
func (c *Client) observe(req tg.Request, body []byte) {
	p := c.pumpOf(c.mainDC())
	if p == nil {
		return
	}
	r := tl.NewReader(body)
	switch r.PeekID() {
	case tg.IDUpdateShortSentMessage:
		sent := new(tg.UpdateShortSentMessage)
		r.Object(sent)
		if u := c.expandSent(sent, req); r.Err() == nil {
			p.push(func(now time.Time) { p.give(now, u) })
		}
	case tg.IDUpdatesTooLong, tg.IDUpdateShort, tg.IDUpdateShortMessage, tg.IDUpdateShortChatMessage,
		tg.IDUpdatesCombined, tg.IDUpdates:
		p.push(func(now time.Time) { p.receive(now, body) })
	case tg.IDMessagesAffectedMessages, tg.IDMessagesAffectedHistory, tg.IDMessagesAffectedFoundMessages:
		// All of them begin with the same two fields.
		r.ID()
		pts, count := r.Int(), r.Int()
		channel := channelOfRequest(req)
		p.push(func(now time.Time) { p.engine.Affected(now, channel, pts, count) })
	}
}

// expandSent makes whole updates of the short answer to a sendMessage. Others
// that are answered so only move the state.
func (c *Client) expandSent(sent *tg.UpdateShortSentMessage, req tg.Request) tg.UpdatesClass {
	request, ok := req.(*tg.MessagesSendMessage)
	self := c.Self()
	if !ok || self == nil {
		return sent
	}
	peer := peerOf(request.Peer, self.ID)
	if peer == nil {
		return sent
	}
	return updates.ExpandSent(sent, request, self.ID, peer)
}

// peerOf returns the peer that an input peer stands for, nil if that does not
// show.
func peerOf(p tg.InputPeerClass, self int64) tg.PeerClass {
	switch p := p.(type) {
	case *tg.InputPeerSelf:
		return &tg.PeerUser{UserID: self}
	case *tg.InputPeerUser:
		return &tg.PeerUser{UserID: p.UserID}
	case *tg.InputPeerUserFromMessage:
		return &tg.PeerUser{UserID: p.UserID}
	case *tg.InputPeerChat:
		return &tg.PeerChat{ChatID: p.ChatID}
	case *tg.InputPeerChannel:
		return &tg.PeerChannel{ChannelID: p.ChannelID}
	case *tg.InputPeerChannelFromMessage:
		return &tg.PeerChannel{ChannelID: p.ChannelID}
	}
	return nil
}

// channelOfRequest returns the channel whose pts the affected… result of a
// request moves, 0 for the common one.
func channelOfRequest(req tg.Request) int64 {
	switch req := req.(type) {
	case *tg.ChannelsDeleteMessages:
		return channelOfInput(req.Channel)
	case *tg.ChannelsDeleteParticipantHistory:
		return channelOfInput(req.Channel)
	}
	var peer tg.InputPeerClass
	switch req := req.(type) {
	case *tg.MessagesReadHistory:
		peer = req.Peer
	case *tg.MessagesDeleteHistory:
		peer = req.Peer
	case *tg.MessagesReadMentions:
		peer = req.Peer
	case *tg.MessagesUnpinAllMessages:
		peer = req.Peer
	case *tg.MessagesReadReactions:
		peer = req.Peer
	case *tg.MessagesReadPollVotes:
		peer = req.Peer
	case *tg.MessagesDeleteTopicHistory:
		peer = req.Peer
	case *tg.MessagesDeleteSavedHistory:
		peer = req.ParentPeer
	}
	if p, ok := peerOf(peer, 0).(*tg.PeerChannel); ok {
		return p.ChannelID
	}
	return 0
}

func channelOfInput(c tg.InputChannelClass) int64 {
	switch c := c.(type) {
	case *tg.InputChannel:
		return c.ChannelID
	case *tg.InputChannelFromMessage:
		return c.ChannelID
	}
	return 0
}

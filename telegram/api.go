package telegram

import "godwit/tg"

// An API is what calls Telegram for one account: a [*Client], or a session of
// package telegram/takeout over one. Functions that read much take either.
type API interface {
	tg.Invoker
	// Learn remembers the access hashes of users and chats.
	Learn(users []tg.UserClass, chats []tg.ChatClass)
	// LearnFrom is Learn for what came with messages.
	LearnFrom(messages []tg.MessageClass, users []tg.UserClass, chats []tg.ChatClass)
	// InputPeer returns how a peer is named in requests.
	InputPeer(peer tg.PeerClass) (tg.InputPeerClass, error)
}

var _ API = (*Client)(nil)

// A page is messages with what belongs to them.
type page struct {
	messages []tg.MessageClass
	total    int // that there are; exact for a whole list alone
	nextRate int32
}

// pageOf returns the messages of an answer, and learns whom they mention.
// messages.messagesNotModified, which answers a hash alone, is empty.
func pageOf(api API, answer tg.MessagesMessagesClass) page {
	switch a := answer.(type) {
	case *tg.MessagesMessages:
		api.LearnFrom(a.Messages, a.Users, a.Chats)
		return page{a.Messages, len(a.Messages), 0}
	case *tg.MessagesMessagesSlice:
		api.LearnFrom(a.Messages, a.Users, a.Chats)
		return page{a.Messages, int(a.Count), a.NextRate.Or(0)}
	case *tg.MessagesChannelMessages:
		api.LearnFrom(a.Messages, a.Users, a.Chats)
		return page{a.Messages, int(a.Count), 0}
	}
	return page{}
}

package interop

import (
	"time"

	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/tgtest"
)

func (w *tgtestWorld) getState(server *tgtest.Server, req *tgtest.Request, _ *tg.UpdatesGetStateRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.caller(req)
	if err != nil {
		return err
	}
	u.session, u.online = req.Session, true
	return server.SendResult(req, &tg.UpdatesState{Pts: u.pts, Date: int(time.Now().Unix()), Seq: 0})
}

// getDifference answers with the messages since a pts: each counts for one.
func (w *tgtestWorld) getDifference(server *tgtest.Server, req *tgtest.Request, q *tg.UpdatesGetDifferenceRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.caller(req)
	if err != nil {
		return err
	}
	u.session, u.online = req.Session, true
	now := int(time.Now().Unix())
	if q.Pts < 0 || q.Pts >= len(u.log) {
		return server.SendResult(req, &tg.UpdatesDifferenceEmpty{Date: now})
	}
	difference := &tg.UpdatesDifference{State: tg.UpdatesState{Pts: u.pts, Date: now}}
	for _, m := range u.log[q.Pts:] {
		difference.NewMessages = append(difference.NewMessages, m)
	}
	for _, other := range w.users {
		difference.Users = append(difference.Users, other.seenBy(u))
	}
	return server.SendResult(req, difference)
}

// sendMessage stores a message with both people and pushes it to the other.
func (w *tgtestWorld) sendMessage(server *tgtest.Server, req *tgtest.Request, q *tg.MessagesSendMessageRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, to, err := w.chat(req, q.Peer)
	if err != nil {
		return err
	}
	users := []tg.UserClass{from.seenBy(to), to.seenBy(to)}
	in := to.add(from.user.ID, q.Message, false)
	if to.online {
		// A recipient who is gone is no reason to fail the sender.
		_ = server.Send(req.RequestCtx, to.session, tgtest.MessageFromServer, &tg.Updates{
			Updates: []tg.UpdateClass{&tg.UpdateNewMessage{Message: in, Pts: to.pts, PtsCount: 1}},
			Users:   users,
			Date:    in.Date,
		})
	}
	out := from.add(to.user.ID, q.Message, true)
	return server.SendResult(req, &tg.Updates{
		Updates: []tg.UpdateClass{
			&tg.UpdateMessageID{ID: out.ID, RandomID: q.RandomID},
			&tg.UpdateNewMessage{Message: out, Pts: from.pts, PtsCount: 1},
		},
		Users: []tg.UserClass{from.seenBy(from), to.seenBy(from)},
		Date:  out.Date,
	})
}

// add appends a message to a chat and counts it.
func (u *tgtestUser) add(with int64, text string, out bool) *tg.Message {
	u.lastID++
	u.pts++
	m := &tg.Message{
		ID: u.lastID, Out: out, PeerID: &tg.PeerUser{UserID: with}, Date: int(time.Now().Unix()), Message: text,
	}
	u.chats[with] = append(u.chats[with], m)
	u.log = append(u.log, m)
	return m
}

// chat returns the caller and the other person of a chat.
func (w *tgtestWorld) chat(req *tgtest.Request, peer tg.InputPeerClass) (self, other *tgtestUser, err error) {
	self, err = w.caller(req)
	if err != nil {
		return nil, nil, err
	}
	user, ok := peer.(*tg.InputPeerUser)
	if !ok {
		return nil, nil, tgerr.New(400, "PEER_ID_INVALID")
	}
	for _, u := range w.users {
		if u.user.ID == user.UserID {
			return self, u, nil
		}
	}
	return nil, nil, tgerr.New(400, "PEER_ID_INVALID")
}

// getHistory answers newest first, as Telegram does, by offset id and limit.
func (w *tgtestWorld) getHistory(server *tgtest.Server, req *tgtest.Request, q *tg.MessagesGetHistoryRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	self, other, err := w.chat(req, q.Peer)
	if err != nil {
		return err
	}
	page := &tg.MessagesMessages{Users: []tg.UserClass{self.seenBy(self), other.seenBy(self)}}
	chat := self.chats[other.user.ID]
	for i := len(chat) - 1; i >= 0 && len(page.Messages) < q.Limit; i-- {
		if q.OffsetID == 0 || chat[i].ID < q.OffsetID {
			page.Messages = append(page.Messages, chat[i])
		}
	}
	return server.SendResult(req, page)
}

package sandbox

import (
	"time"
	"unicode/utf8"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(getBotCallbackAnswer)
	register(setBotCallbackAnswer)
}

// Pressing buttons.
const (
	answerWait      = 15 * time.Second // for a bot to say something
	maxCallbackText = 200              // code points of what it says
	maxButtonCache  = 30 * 24 * 3600   // seconds
)

// A press is a button that somebody has pressed and whose bot has not answered.
type press struct {
	bot      *user
	answered chan struct{} // closed when there is an answer
	answer   *tg.MessagesBotCallbackAnswer
}

// getBotCallbackAnswer serves messages.getBotCallbackAnswer: it tells the bot of
// the press and waits for the answer.
func getBotCallbackAnswer(c *call, q *tg.MessagesGetBotCallbackAnswer) (tl.Object, error) {
	e, err := c.findMessage(q.Peer, q.MsgID)
	if err != nil {
		return nil, err
	}
	w := c.world()
	b := w.users[e.from]
	switch {
	case !b.isBot():
		return nil, errMessageInvalid
	case !hasData(e.markup, q.Data):
		return nil, refusal(400, "DATA_INVALID")
	}
	update := &tg.UpdateBotCallbackQuery{
		QueryID: w.randomID(), UserID: c.user.id, Peer: e.to.object(), MsgID: e.id,
		ChatInstance: w.accessHash(0, e.to), Data: q.Data,
	}
	switch e.to.kind {
	case peerUser:
		update.Peer, update.MsgID = c.user.key().object(), e.copies[b.id]
		update.ChatInstance = w.accessHash(b.id, c.user.key())
	case peerChat:
		update.MsgID = e.copies[b.id]
	}
	p := &press{bot: b, answered: make(chan struct{})}
	w.presses[update.QueryID] = p
	c.tell(b, update, c.user.key(), e.to)
	c.announce()
	c.batches = nil // the rest of the call says nothing again
	told := c.told
	c.told = nil
	return &later{work: func() error {
		for s := range told {
			s.flush(c.dc.log)
		}
		timer := time.NewTimer(answerWait)
		defer timer.Stop()
		select {
		case <-p.answered:
		case <-timer.C:
		case <-c.Done():
		}
		return nil
	}, then: func(c *call) (tl.Object, error) {
		delete(c.world().presses, update.QueryID)
		if p.answer == nil {
			return nil, refusal(400, "BOT_RESPONSE_TIMEOUT")
		}
		return p.answer, nil
	}}, nil
}

// setBotCallbackAnswer serves messages.setBotCallbackAnswer.
func setBotCallbackAnswer(c *call, q *tg.MessagesSetBotCallbackAnswer) (boolean, error) {
	p := c.world().presses[q.QueryID]
	switch {
	case p == nil || p.bot != c.user || p.answer != nil:
		return false, refusal(400, "QUERY_ID_INVALID")
	case utf8.RuneCountInString(q.Message.Or("")) > maxCallbackText:
		return false, refusal(400, "MESSAGE_TOO_LONG")
	case q.URL.Or("") != "" && !validLink(q.URL.Value):
		return false, refusal(400, "URL_INVALID")
	}
	p.answer = &tg.MessagesBotCallbackAnswer{
		Alert: q.Alert, HasURL: q.URL.Or("") != "", Message: q.Message, URL: q.URL,
		CacheTime: min(max(q.CacheTime, 0), maxButtonCache),
	}
	close(p.answered)
	return true, nil
}

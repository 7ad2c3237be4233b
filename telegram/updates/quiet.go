package updates

import "time"

// Telegram stops pushing the updates of some large channels to sessions that
// do not ask for them. So a channel that has been silent is asked after, the
// one that has been for longest first and one at a time: an account with
// thousands of channels makes as few requests as one with some hundreds, and
// none of its channels goes silent for good.
//
// TDLib polls channels that are open on screen, its maintainer says that big
// chats are not pushed in real time otherwise (tdlib #2709); Telethon asks each
// channel after 15 minutes (Telethon #4345).
const (
	quietWait    = 20 * time.Minute // of a channel, until it is asked after; the common check comes first
	quietSpacing = 2 * time.Second  // between two such channels
)

// quietList holds the channels in the order in which they were heard of last,
// by links in the channels themselves.
type quietList struct {
	first, last *channel
	nextAt      time.Time // not before
}

func (l *quietList) remove(c *channel) {
	if c.heard.IsZero() {
		return
	}
	if c.before != nil {
		c.before.after = c.after
	} else {
		l.first = c.after
	}
	if c.after != nil {
		c.after.before = c.before
	} else {
		l.last = c.before
	}
	c.before, c.after, c.heard = nil, nil, time.Time{}
}

// heard notes that something was heard of a channel.
func (l *quietList) hear(now time.Time, c *channel) {
	l.remove(c)
	c.heard, c.before = now, l.last
	if l.last != nil {
		l.last.after = c
	} else {
		l.first = c
	}
	l.last = c
}

// deadline returns when the next silent channel is to be asked after.
func (l *quietList) deadline() time.Time {
	if l.first == nil {
		return time.Time{}
	}
	if at := l.first.heard.Add(quietWait); at.After(l.nextAt) {
		return at
	}
	return l.nextAt
}

// tickQuiet asks after the channel that has been silent for longest. Bots are
// told everything, so nothing is asked for them.
func (e *Engine) tickQuiet(now time.Time) {
	if e.o.Bot || !due(now, e.quiet.deadline()) {
		return
	}
	c := e.quiet.first
	e.quiet.hear(now, c)
	e.quiet.nextAt = now.Add(quietSpacing)
	if c.known {
		e.fetchChannel(c)
	}
}

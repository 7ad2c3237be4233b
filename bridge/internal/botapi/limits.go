package botapi

import "time"

// What a bot may send (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
const (
	allWindow, allLimit         = time.Second, 30 // messages to all chats
	privateWindow, privateLimit = time.Second, 1  // to one person
	groupWindow, groupLimit     = time.Minute, 20 // to one group
	maxRemembered               = 10000           // chats whose messages are remembered
)

// limits keep a bot below what Telegram refuses. They do no I/O.
type limits struct {
	all   []time.Time // when the last messages were sent, the oldest first
	chats map[int64][]time.Time
}

// take notes a message to a chat and returns the zero time, or when there is
// room for it.
func (l *limits) take(now time.Time, chat int64) time.Time {
	window, limit := privateWindow, privateLimit
	if chat < 0 {
		window, limit = groupWindow, groupLimit
	}
	l.all = recent(l.all, now.Add(-allWindow))
	sent := recent(l.chats[chat], now.Add(-window))
	var free time.Time
	if len(l.all) >= allLimit {
		free = l.all[len(l.all)-allLimit].Add(allWindow)
	}
	if len(sent) >= limit {
		if at := sent[len(sent)-limit].Add(window); at.After(free) {
			free = at
		}
	}
	if !free.IsZero() {
		return free
	}
	if l.chats == nil || len(l.chats) >= maxRemembered {
		l.forget(now)
	}
	l.all, l.chats[chat] = append(l.all, now), append(sent, now)
	return time.Time{}
}

// recent drops the times up to one of them.
func recent(list []time.Time, upTo time.Time) []time.Time {
	for len(list) > 0 && !list[0].After(upTo) {
		list = list[1:]
	}
	return list
}

// forget drops the chats that nothing has been sent to for long enough.
func (l *limits) forget(now time.Time) {
	kept := make(map[int64][]time.Time)
	for chat, sent := range l.chats {
		if sent = recent(sent, now.Add(-groupWindow)); len(sent) > 0 {
			kept[chat] = sent
		}
	}
	l.chats = kept
}

package botapi

import (
	"strings"
	"sync"
	"time"
)

// A Fault has requests refused that would be served otherwise.
type Fault struct {
	Bot    int64  // id of the bot that it is for; 0 for any
	Method string // such as sendMessage, in any case; empty for any
	Chat   string // chat_id of the request; empty for any
	Times  int    // how many requests are refused; 0 for all, until ClearFaults

	RetryAfter  int    // seconds: the answer is 429, and what follows means nothing
	Code        int    // HTTP status, such as 502; 0 means 400
	Description string // such as "Bad Request: chat not found"
	MigrateTo   int64  // chat id that the group has now; 0 for none
}

// AddFault has requests refused from now on, after the faults that are there.
func (s *Server) AddFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (f *Fault) matches(q *request) bool {
	return (f.Bot == 0 || f.Bot == q.b.id) && (f.Method == "" || strings.EqualFold(f.Method, q.method)) &&
		(f.Chat == "" || f.Chat == q.args["chat_id"])
}

// fault returns what a request is refused with, nil if it is not.
func (s *Server) fault(q *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if !f.matches(q) {
			continue
		}
		out := &refusal{code: f.Code, description: f.Description, migratedTo: f.MigrateTo}
		switch {
		case f.RetryAfter > 0:
			out = tooMany(f.RetryAfter)
		case f.Code == 0:
			out.code = 400
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
		}
		return out
	}
	return nil
}

// Limits are how many messages a bot may send
// (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
type Limits struct {
	PerChat  int // a second, to one chat; 0 for no limit
	PerGroup int // a minute, to one group; 0 for no limit
	Total    int // a second, to all chats; 0 for no limit
}

// DefaultLimits are those that Telegram tells of.
func DefaultLimits() *Limits { return &Limits{PerChat: 1, PerGroup: 20, Total: 30} }

// A meter knows when a bot has sent messages of late.
type meter struct {
	mu   sync.Mutex
	sent map[int64][]time.Time // by chat id, 0 for all
}

// allow counts a message to a chat, or says how many seconds it has to wait.
func (m *meter) allow(l *Limits, chat int64, now time.Time) (wait int) {
	if l == nil {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent == nil {
		m.sent = make(map[int64][]time.Time)
	}
	for key, list := range m.sent {
		for len(list) > 0 && now.Sub(list[0]) >= time.Minute {
			list = list[1:]
		}
		if m.sent[key] = list; len(list) == 0 {
			delete(m.sent, key)
		}
	}
	wait = max(waitFor(m.sent[chat], l.PerChat, time.Second, now), waitFor(m.sent[0], l.Total, time.Second, now))
	if chat < 0 {
		wait = max(wait, waitFor(m.sent[chat], l.PerGroup, time.Minute, now))
	}
	if wait == 0 {
		m.sent[chat] = append(m.sent[chat], now)
		m.sent[0] = append(m.sent[0], now)
	}
	return wait
}

// waitFor returns for how many seconds nothing more may be sent of which there
// are at most so many within a time.
func waitFor(sent []time.Time, most int, within time.Duration, now time.Time) int {
	if most <= 0 || len(sent) < most {
		return 0
	}
	left := within - now.Sub(sent[len(sent)-most])
	if left <= 0 {
		return 0
	}
	return int((left + time.Second - 1) / time.Second)
}

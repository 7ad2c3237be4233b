package outbox

import (
	"strings"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// Methods of Telegram that messages are sent by, as waits name them. Those of the
// Bot API are named after what is sent.
const (
	sendMessage = "messages.sendMessage"
	sendMedia   = "messages.sendMedia"
)

func methodOf(m *bridge.Message) string {
	bot := m.Source == bridge.BotAPI
	switch {
	case bot && m.Media != nil && m.Media.Type != "":
		return "send" + strings.ToUpper(m.Media.Type[:1]) + m.Media.Type[1:]
	case bot:
		return "sendMessage"
	case m.Media != nil:
		return sendMedia
	}
	return sendMessage
}

// A situation is all that decides which of the next messages of an account may
// go, apart from its budgets.
type situation struct {
	status bridge.Status
	waits  []store.Wait
	busy   map[bridge.ConversationID]bool // where a message is on its way
	room   int                            // how many more may be on their way
}

// A plan is what goes now, and when to look again if nothing else happens; the
// zero time for never.
type plan struct {
	send []store.Head
	wake time.Time
}

// planOf says which messages go. Heads are the first messages of their
// conversations, in the order in which they are to go.
func planOf(now time.Time, s situation, heads []store.Head) plan {
	var p plan
	if !sends(s.status) {
		return p
	}
	for _, h := range heads {
		if s.busy[h.Conversation.ID] {
			continue
		}
		if s.status.State == bridge.Restricted && strange(h) {
			continue // whoever ends the restriction wakes the account
		}
		if until := s.waitFor(now, h); !until.IsZero() {
			p.wake = sooner(p.wake, until)
			continue
		}
		if len(p.send) == s.room {
			break
		}
		p.send = append(p.send, h)
	}
	return p
}

// sends reports whether an account in a status sends anything.
func sends(s bridge.Status) bool {
	switch s.State {
	case bridge.Online, bridge.Throttled, bridge.Restricted:
		return !s.Suspected
	}
	return false
}

// strange reports whether a message is for somebody who has not written to the
// account.
func strange(h store.Head) bool {
	switch h.Conversation.Peer.Kind {
	case bridge.GroupPeer, bridge.ChannelPeer:
		return false
	}
	return h.Acquaintance != bridge.Known
}

// waitFor returns until when a message has to wait, the zero time for not at
// all.
func (s *situation) waitFor(now time.Time, h store.Head) time.Time {
	var until time.Time
	for _, w := range s.waits {
		concerns := w.Scope.Method == methodOf(h.Message) ||
			w.Scope.Chat != 0 && w.Scope.Chat == h.Conversation.Peer.ID && h.Conversation.Peer.Kind == bridge.ChannelPeer
		if concerns && w.Until.After(now) && w.Until.After(until) {
			until = w.Until
		}
	}
	return until
}

// sooner returns the earlier of two times, of which the zero time is never.
func sooner(t, u time.Time) time.Time {
	if t.IsZero() || !u.IsZero() && u.Before(t) {
		return u
	}
	return t
}

// maxBackoff bounds the time between two attempts to send a message.
const maxBackoff = 5 * time.Minute

// backoff returns how long a message waits after an attempt that got no answer.
func backoff(attempts int) time.Duration {
	return min(time.Second<<min(max(attempts-1, 0), 16), maxBackoff)
}

// A verdict is what becomes of a message that could not be sent.
type verdict struct {
	state   bridge.SendState
	retryAt time.Time
	reason  string
	unasked bool // Telegram was not asked to send it
}

// verdictOf says what becomes of a message. It stays queued where the error is
// about the account, or leaves open what has become of the request: sent again
// with its random id, it is sent once at most.
func verdictOf(now time.Time, m *bridge.Message, e *bridge.Error) verdict {
	v := verdict{state: bridge.Queued, reason: string(e.Code) + ": " + e.Detail}
	switch e.Code {
	case bridge.CodeFloodWait:
		v.retryAt = e.RetryAt
	case bridge.CodeUnavailable:
		v.retryAt = now.Add(backoff(m.Attempts))
	case bridge.CodeAccountNotOnline:
		v.retryAt, v.unasked = now.Add(time.Second), true
	case bridge.CodeAccountRestricted:
	default:
		v.state = bridge.Failed
	}
	return v
}

package demo

import (
	"context"
	"fmt"
	"strings"

	"godwit/bridge"
	"godwit/bridge/client"
	"godwit/sandbox/people"
)

// attend answers whoever asks the desk something, as a program does that follows
// the stream of events. It ends with ctx.
func (s *story) attend(ctx context.Context) {
	for done := 0; ; {
		events, changed := s.stream.all()
		for ; done < len(events); done++ {
			if err := s.attendTo(ctx, events[done]); err != nil {
				if ctx.Err() == nil {
					s.fail(fmt.Errorf("the desk cannot answer: %w", err))
				}
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// attendTo answers a question. The daemon may be down; the event's id has the
// answer sent once all the same.
func (s *story) attendTo(ctx context.Context, t *told) error {
	answer := answers[t.what.Text]
	if t.Type != bridge.MessageReceived || answer == "" || s.ofDesk(t.what.Peer.ID) {
		return nil
	}
	once := &client.SendIntoConversationParams{IdempotencyKey: "answer to " + string(t.ID)}
	return insist(ctx, func() error {
		_, err := s.api.SendIntoConversation(ctx, string(t.what.ConversationID), client.NewMessage{Text: answer}, once)
		return err
	})
}

// ofDesk reports whether a user is an account of the desk.
func (s *story) ofDesk(user int64) bool {
	for _, d := range s.desks {
		if d.user == user {
			return true
		}
	}
	return false
}

// give has an account write to somebody. Once the daemon has accepted that, it is
// to arrive.
func (s *story) give(ctx context.Context, from *desk, to, text string) error {
	once := &client.SendMessageParams{IdempotencyKey: fmt.Sprintf("%s to %s: %s", from.name, to, text)}
	return insist(ctx, func() error {
		_, err := s.api.SendMessage(ctx, string(from.id), client.SendMessageRequest{To: to, Text: text}, once)
		return err
	})
}

// A sight is something that the daemon is to tell of: an event, in the
// conversation of an account with a user or a group.
type sight struct {
	account bridge.AccountID
	kind    bridge.EventType
	peer    int64
	text    string // of what was written
}

func (w sight) String() string {
	s := fmt.Sprintf("%s of account %s with %d", w.kind, w.account, w.peer)
	if w.text != "" {
		s += fmt.Sprintf(": %q", w.text)
	}
	return s
}

// sightOf is what an event shows.
func sightOf(t *told) sight {
	w := sight{account: t.AccountID, kind: t.Type, peer: t.what.Peer.ID}
	switch t.Type {
	case bridge.MessageReceived, bridge.MessageSent, bridge.MessageEdited, bridge.MessageFailed:
		w.text = t.what.Text
	}
	return w
}

// want notes that something is to be told of, once more than was noted before.
func (s *story) want(d *desk, kind bridge.EventType, peer int64, text string) {
	s.wants = append(s.wants, sight{d.id, kind, peer, text})
}

// wantAnswered notes that the desk writes something to a person, and what the
// person does then.
func (s *story) wantAnswered(d *desk, r *role, text string) {
	s.want(d, bridge.MessageSent, r.ID, text)
	s.written[r.Person]++
	line := r.Lines[(s.written[r.Person]-1)%len(r.Lines)]
	habit := r.Habit
	if s.written[r.Person] > 1 {
		habit = people.Answers
	}
	switch habit {
	case people.Reacts:
		s.want(d, bridge.MessageReaction, r.ID, "")
	case people.Corrects:
		s.want(d, bridge.MessageEdited, r.ID, line)
	case people.Regrets:
		s.want(d, bridge.MessageDeleted, r.ID, "")
	case people.Stops:
		s.want(d, bridge.MessageReceived, r.ID, "stop")
	case people.Blocks: // nobody is told
	default:
		s.want(d, bridge.MessageReceived, r.ID, line)
	}
}

// awaitWants waits until all that is to be told of has been.
func (s *story) awaitWants(ctx context.Context) error {
	return s.stream.await(ctx, func(events []*told) error { return lacking(s.wants, events) })
}

// lacking returns an error that names what of some wants is not among events.
func lacking(wants []sight, events []*told) error {
	seen := make(map[sight]int)
	for _, t := range events {
		seen[sightOf(t)]++
	}
	var first sight
	lacks := 0
	for _, w := range wants {
		if seen[w]--; seen[w] < 0 {
			if lacks++; lacks == 1 {
				first = w
			}
		}
	}
	if lacks == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d events have not come, such as %v", lacks, len(wants), first)
}

// who is what somebody is called in the story.
func (s *story) who(peer bridge.Peer) string {
	if r := s.cast[peer.ID]; r != nil {
		return r.Name
	}
	for _, d := range s.desks {
		if d.user == peer.ID {
			return d.name
		}
	}
	if peer.Kind == bridge.ChannelPeer {
		return "group"
	}
	return peer.String()
}

// narrate shows an event, if it is one of those that are to be shown now.
func (s *story) narrate(t *told) {
	s.mu.Lock()
	shown := s.shown
	s.mu.Unlock()
	if shown == nil || !shown(t) { // nil until all desks are there
		return
	}
	d := s.desks[t.AccountID]
	if text := s.narration(d, t); text != "" {
		s.line("  %s", text)
	}
}

// show says which events are shown from now on.
func (s *story) show(which func(*told) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = which
}

// narration is how an event is shown; empty for not at all.
func (s *story) narration(d *desk, t *told) string {
	if t.what.Service != "" || t.what.Peer.ID == serviceUser {
		return ""
	}
	them, text := s.who(t.what.Peer), t.what.Text
	if t.what.Media != nil {
		text = strings.TrimSpace("[" + t.what.Media.Type + "] " + text)
	}
	says := func(from, to, text string) string { return fmt.Sprintf("%5s → %-5s  %s", from, to, text) }
	switch t.Type {
	case bridge.MessageReceived:
		if t.what.Peer.Kind == bridge.ChannelPeer {
			return says(s.who(t.what.Sender), them, text)
		}
		return says(them, d.name, text)
	case bridge.MessageSent:
		return says(d.name, them, text)
	case bridge.MessageFailed:
		why, _, _ := strings.Cut(t.what.Error, ":")
		return says(d.name, them, "(not sent: "+why+") "+text)
	case bridge.MessageEdited:
		return says(them, d.name, "(edited) "+text)
	case bridge.MessageDeleted:
		return says(them, d.name, "(deletes the question)")
	case bridge.MessageReaction:
		var emoji []string
		for _, r := range t.what.Reactions {
			emoji = append(emoji, r.Emoji)
		}
		return says(them, d.name, "(reacts) "+strings.Join(emoji, " "))
	}
	return ""
}

// serviceUser is who writes for Telegram itself.
const serviceUser = 777000

package demo

import (
	"context"
	"errors"
	"fmt"

	"godwit/bridge"
	"godwit/bridge/client"
	"godwit/sandbox/people"
)

// compare holds what the sandbox has accepted against the daemon's inbox, log of
// events, stream and webhook.
func (s *story) compare(ctx context.Context) error {
	log, err := s.log(ctx)
	if err != nil {
		return err
	}
	enough := func(events []*told) error {
		there := make(map[bridge.EventID]bool)
		for _, t := range events {
			there[t.ID] = true
		}
		if len(there) < len(log) {
			return fmt.Errorf("%d of %d events have come", len(there), len(log))
		}
		return nil
	}
	if err := s.stream.await(ctx, enough); err != nil {
		return fmt.Errorf("the stream: %w", err)
	}
	if err := s.hook.await(ctx, enough); err != nil {
		return fmt.Errorf("the webhook: %w", err)
	}
	stream, _ := s.stream.all()
	hook, _ := s.hook.all()
	accounts := make(map[int64]member)
	for id, d := range s.desks {
		m := member{account: id}
		if d == s.ann {
			m.channels = []int64{s.group}
		}
		accounts[d.user] = m
	}
	ledger := ledgerSides(s.sandbox.Ledger(), accounts)
	inbox, err := s.inbox(ctx)
	if err != nil {
		return err
	}
	repeated, hookErr := checkHook(log, hook)
	err = errors.Join(
		checkLog(log), checkStream(log, stream), hookErr,
		differ("the events", ledger, eventSides(log)), differ("the inbox", s.corrected(ledger), inbox),
	)
	if err != nil {
		return err
	}
	if incidents := s.sandbox.Incidents(); len(incidents) > 0 {
		return fmt.Errorf("a key was used in two places at once: %+v", incidents)
	}
	s.line("  The ledger has %d messages of Ann, Boris and the bot.", ledger.count())
	s.line("  The inbox has each of them once, in the order in which they were written.")
	s.line("  The stream has told %d events, each once and in order.", len(log))
	s.line("  The webhook has got each of them, signed, and in order; %d twice.", repeated)
	return nil
}

// log returns all events that there are.
func (s *story) log(ctx context.Context) (log []*told, err error) {
	for e, err := range s.api.Events(ctx, &client.ListEventsParams{After: "0", Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		t, err := toldOf(e)
		if err != nil {
			return nil, err
		}
		log = append(log, t)
	}
	return log, nil
}

// inbox returns the messages of all conversations, as the API lists them.
func (s *story) inbox(ctx context.Context) (sides, error) {
	out := make(sides)
	for id := range s.desks {
		for c, err := range s.api.Conversations(ctx, string(id), nil) {
			if err != nil {
				return nil, err
			}
			peer, err := bridge.ParsePeer(c.Peer)
			if err != nil {
				return nil, err
			}
			if peer.ID == serviceUser {
				continue
			}
			for m, err := range s.api.Messages(ctx, c.ID, &client.ListMessagesParams{Order: client.ListMessagesParamsOrderOldest}) {
				if err != nil {
					return nil, err
				}
				if m.Service == "" && bridge.SendState(m.State) != bridge.Failed {
					l := side{id, peer, bridge.Direction(m.Direction)}
					out[l] = append(out[l], m.Text)
				}
			}
		}
	}
	return out, nil
}

// corrected is the ledger with what people have edited, as it reads now.
func (s *story) corrected(ledger sides) sides {
	out := make(sides)
	for l, texts := range ledger {
		r := s.cast[l.peer.ID]
		for i, text := range texts {
			if r != nil && r.Habit == people.Corrects && l.direction == bridge.Inbound && i == 0 {
				text = r.Lines[0]
			}
			out[l] = append(out[l], text)
		}
	}
	return out
}

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"godwit/bridge"
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
	after := "0"
	for {
		var page struct {
			Events []json.RawMessage `json:"events"`
			Next   string            `json:"next"`
			More   bool              `json:"more"`
		}
		query := url.Values{"after": {after}, "limit": {"1000"}}
		if err := s.api.ask(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, data := range page.Events {
			t, err := read(data)
			if err != nil {
				return nil, err
			}
			log = append(log, t)
		}
		if !page.More {
			return log, nil
		}
		after = page.Next
	}
}

// inbox returns the messages of all conversations, as the API lists them.
func (s *story) inbox(ctx context.Context) (sides, error) {
	out := make(sides)
	for id := range s.desks {
		type conversation struct {
			ID   bridge.ConversationID `json:"id"`
			Peer bridge.Peer           `json:"peer"`
		}
		err := eachPage(ctx, s.api, "/v1/accounts/"+string(id)+"/conversations", "conversations", func(c conversation) error {
			if c.Peer.ID == serviceUser {
				return nil
			}
			type message struct {
				Direction bridge.Direction `json:"direction"`
				Text      string           `json:"text"`
				Service   string           `json:"service"`
				State     bridge.SendState `json:"state"`
			}
			return eachPage(ctx, s.api, conversationPath(c.ID)+"/messages?order=oldest", "messages", func(m message) error {
				if m.Service == "" && m.State != bridge.Failed {
					l := side{id, c.Peer, m.Direction}
					out[l] = append(out[l], m.Text)
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// eachPage does something with everything that a list of the API has, page by
// page.
func eachPage[T any](ctx context.Context, a *api, path, field string, do func(T) error) error {
	at, err := url.Parse(path)
	if err != nil {
		return err
	}
	query := at.Query()
	query.Set("limit", "200")
	for {
		at.RawQuery = query.Encode()
		var page map[string]json.RawMessage
		if err := a.ask(ctx, http.MethodGet, at.String(), nil, &page); err != nil {
			return err
		}
		var list []T
		var next string
		if err := json.Unmarshal(page[field], &list); err != nil {
			return err
		}
		if raw := page["next"]; raw != nil {
			if err := json.Unmarshal(raw, &next); err != nil {
				return err
			}
		}
		for _, one := range list {
			if err := do(one); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		query.Set("after", next)
	}
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

package demo

import (
	"context"
	"encoding/json"
	"sync"

	"godwit/bridge"
	"godwit/bridge/client"
)

// A told event is one that the daemon has told of, with what is read of its
// data.
type told struct {
	bridge.Event
	what struct {
		ID             bridge.MessageID      `json:"id"`
		ConversationID bridge.ConversationID `json:"conversation_id"`
		Peer           bridge.Peer           `json:"peer"`
		Sender         bridge.Peer           `json:"sender"`
		Text           string                `json:"text"`
		Service        string                `json:"service"`
		Media          *bridge.Media         `json:"media"`
		Replaces       bridge.MessageID      `json:"replaces"`
		Reactions      []bridge.Reaction     `json:"reactions"`
		Error          string                `json:"error"`
	}
}

// read reads an event from JSON.
func read(data []byte) (*told, error) {
	t := new(told)
	if err := json.Unmarshal(data, &t.Event); err != nil {
		return nil, err
	}
	return t, json.Unmarshal(t.Data, &t.what)
}

func toldOf(e client.Event) (*told, error) {
	t := &told{Event: bridge.Event{
		ID: bridge.EventID(e.ID), Type: bridge.EventType(e.Type), Timestamp: e.Timestamp, AccountID: bridge.AccountID(e.AccountID),
		Seq: e.Seq, Source: bridge.Source(e.Source), SchemaVersion: int(e.SchemaVersion), Data: e.Data,
	}}
	return t, json.Unmarshal(t.Data, &t.what)
}

// lane names what the event is told in order with: its conversation or, where it
// has none, its account.
func (t *told) lane() string {
	if t.what.ConversationID != "" {
		return string(t.what.ConversationID)
	}
	return string(t.AccountID)
}

// A record is a list of events in the order in which they came.
type record struct {
	mu      sync.Mutex
	events  []*told
	changed chan struct{} // closed with each change
}

func newRecord() *record { return &record{changed: make(chan struct{})} }

func (r *record) add(t *told) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, t)
	close(r.changed)
	r.changed = make(chan struct{})
}

// all returns what there is, and a channel that is closed when there is more.
func (r *record) all() ([]*told, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[:len(r.events):len(r.events)], r.changed
}

// await waits until what there is is enough. An error of missing says what is
// not there yet.
func (r *record) await(ctx context.Context, missing func([]*told) error) error {
	for {
		events, changed := r.all()
		lacks := missing(events)
		if lacks == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return &lateError{lacks, context.Cause(ctx)}
		}
	}
}

// A lateError says what has not happened in time.
type lateError struct{ lacks, why error }

func (e *lateError) Error() string { return e.lacks.Error() + " (" + e.why.Error() + ")" }

// Unwrap returns both.
func (e *lateError) Unwrap() []error { return []error{e.lacks, e.why} }

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// Events is the log of events, of all accounts in one order.
type Events interface {
	// Read returns up to limit events after a position, and the position to go on
	// from.
	Read(ctx context.Context, after int64, limit int) (events []bridge.Event, next int64, err error)
	// Changed returns a channel that is closed when there is more to read than now.
	Changed() <-chan struct{}
	// End returns the position of the last event.
	End() int64
	// Position returns that of an event. The error is a *bridge.Error of
	// CodeNotFound where there is none.
	Position(ctx context.Context, id bridge.EventID) (int64, error)
}

const eventsTag = "Events"

// EventFilter is which events somebody wants.
type EventFilter struct {
	After   string             `query:"after" doc:"Where to go on: next of the page before, the id of an event, 0 for the first event there is, or, for a stream, latest for what happens from now on." maxLength:"64"`
	Account []bridge.AccountID `query:"account_id" doc:"Of these accounts alone." maxItems:"100"`
	Type    []bridge.EventType `query:"type" doc:"Of these types alone." maxItems:"50"`
}

// eventPage is a page of the log.
type eventPage struct {
	Events []bridge.Event `json:"events"`
	Next   string         `json:"next" doc:"What after has to be for what comes next. It changes even if there are no events: others were passed by."`
	More   bool           `json:"more" doc:"Whether there is more already."`
}

func (s *Server) registerEvents() {
	register(s, operation{
		method: http.MethodGet, path: "/v1/events", id: "list-events", tag: eventsTag, scope: ScopeMessagesRead,
		summary: "Read the log of events",
		detail: "All accounts that the key may see, in one order, from any point. No event is skipped, however the page falls. " +
			"Each account's events are numbered by seq without gaps.",
	}, s.listEvents)
	s.registerStream()
}

// from returns the position that after names.
func (s *Server) from(ctx context.Context, after, otherwise string) (int64, error) {
	if after == "" {
		after = otherwise
	}
	if after == "latest" {
		return s.o.Events.End(), nil
	}
	if id, err := bridge.ParseID[bridge.EventID](after); err == nil {
		return s.o.Events.Position(ctx, id)
	}
	position, err := strconv.ParseInt(after, 10, 64)
	if err != nil || position < 0 {
		return 0, bridge.Errorf(bridge.CodeInvalidRequest, "%q is no place in the log: use next of a page, the id of an event, 0 or latest.", after)
	}
	return position, nil
}

// wants returns what tells the events that a caller asks for, and may see.
func (f *EventFilter) wants(caller Caller) (func(*bridge.Event) bool, error) {
	for _, id := range f.Account {
		if !caller.Allows(ScopeMessagesRead, id) {
			return nil, bridge.Errorf(bridge.CodeForbidden, "This API key does not allow %s.", forbidden(ScopeMessagesRead, id))
		}
	}
	allowed := make(map[bridge.AccountID]bool) // what was asked of the key
	return func(e *bridge.Event) bool {
		if len(f.Type) > 0 && !slices.Contains(f.Type, e.Type) || len(f.Account) > 0 && !slices.Contains(f.Account, e.AccountID) {
			return false
		}
		ok, known := allowed[e.AccountID]
		if !known {
			ok = caller.Allows(ScopeMessagesRead, e.AccountID)
			allowed[e.AccountID] = ok
		}
		return ok
	}, nil
}

// scanLimit is how many events one request for a page looks at.
const scanLimit = 10_000

func (s *Server) listEvents(ctx context.Context, in *struct {
	EventFilter
	Limit int `query:"limit" doc:"How many at most." minimum:"1" maximum:"1000" default:"100"`
}) (*body[eventPage], error) {
	position, err := s.from(ctx, in.After, "0")
	if err != nil {
		return nil, err
	}
	wants, err := in.wants(callerOf(ctx))
	if err != nil {
		return nil, err
	}
	page := eventPage{Events: []bridge.Event{}}
	for scanned := 0; len(page.Events) < in.Limit && scanned < scanLimit; {
		events, next, err := s.o.Events.Read(ctx, position, in.Limit)
		if err != nil {
			return nil, err
		}
		scanned += len(events)
		for i := 0; i < len(events) && len(page.Events) < in.Limit; i++ {
			if wants(&events[i]) {
				page.Events = append(page.Events, events[i])
				if len(page.Events) == in.Limit {
					next = events[i].Position
				}
			}
		}
		if next <= position {
			break
		}
		position = next
	}
	page.Next, page.More = strconv.FormatInt(position, 10), position < s.o.Events.End()
	return &body[eventPage]{page}, nil
}

const (
	// heartbeat is how often a stream says that it is alive, so that proxies on
	// the way do not take it for dead.
	heartbeat = 15 * time.Second
	// patience is how long a stream waits for its reader to take what was written.
	patience = 10 * time.Second
	// streamBatch is how many events a stream writes at once.
	streamBatch = 100
)

// streamed is what opens a stream.
type streamed struct {
	EventFilter
	LastEventID string `header:"Last-Event-ID" doc:"What browsers send when they come back: as after, and before it." maxLength:"64"`
}

// streamPath is where the log is followed.
const streamPath = "/v1/events/stream"

func (s *Server) registerStream() {
	const detail = "Server-sent events (text/event-stream). Each has the event's type as event, the event as data, and as id what " +
		"Last-Event-ID, or after, has to be to go on behind it. Without either, the stream begins with what happens from now on. " +
		"Comments keep it alive. A reader that does not take what it is sent for 10 seconds is cut off, and comes back to " +
		"where it was; where the stream ends because of something else, it says why in an event of type error first, " +
		"whose data is a problem document."
	register(s, operation{
		method: http.MethodGet, path: streamPath, id: "stream-events", tag: eventsTag, scope: ScopeMessagesRead,
		summary: "Follow the log of events", detail: detail,
	}, s.openStream)
	s.answers(streamPath, "text/event-stream", "The stream.", &huma.Schema{Type: huma.TypeString})
}

func (s *Server) openStream(ctx context.Context, in *streamed) (*huma.StreamResponse, error) {
	after := in.LastEventID
	if after == "" {
		after = in.After
	}
	position, err := s.from(ctx, after, "latest")
	if err != nil {
		return nil, err
	}
	wants, err := in.wants(callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) { s.stream(c, &in.EventFilter, position, wants) }}, nil
}

// A streamWriter writes to a reader who may be slow.
type streamWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// write writes a part of the stream, for as long as the reader's patience lasts.
func (w *streamWriter) write(part []byte) error {
	// Where the deadline cannot be set, there is no connection to be slow.
	if err := w.control.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.w.Write(part); err != nil {
		return err
	}
	return w.control.Flush()
}

// stream writes events until the reader goes, is too slow, or has lost his key.
func (s *Server) stream(c huma.Context, filter *EventFilter, position int64, wants func(*bridge.Event) bool) {
	response, ok := c.BodyWriter().(http.ResponseWriter)
	if !ok {
		s.o.Logger.Error("a response cannot be streamed")
		return
	}
	ctx := c.Context()
	c.SetHeader("Content-Type", "text/event-stream")
	c.SetHeader("Cache-Control", "no-store")
	c.SetHeader("X-Accel-Buffering", "no") // of nginx, which would keep it to itself
	w := &streamWriter{response, http.NewResponseController(response)}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	// The id is where to go on after a cut that comes before the first event.
	err := w.write(fmt.Appendf(nil, ": the log of events\nretry: 1000\nid: %d\n\n", position))
	for err == nil {
		changed := s.o.Events.Changed()
		var events []bridge.Event
		var next int64
		if events, next, err = s.o.Events.Read(ctx, position, streamBatch); err != nil {
			s.lament(ctx, w, err)
			return
		}
		if part := streamPart(events, wants); len(part) > 0 {
			err = w.write(part)
		}
		if next > position {
			position = next
			continue
		}
		select {
		case <-changed:
		case <-beat.C:
			if wants, err = s.stillWants(c, filter); err != nil {
				s.lament(ctx, w, err)
				return
			}
			// The id moves on for those who want few events of many.
			err = w.write(fmt.Appendf(nil, ": alive\nid: %d\n\n", position))
		case <-ctx.Done():
			return
		}
	}
	s.o.Logger.Debug("a stream of events was cut off", "request", RequestID(ctx), "error", err)
}

// stillWants asks anew what the key allows that a stream was opened with.
func (s *Server) stillWants(c huma.Context, filter *EventFilter) (func(*bridge.Event) bool, error) {
	caller, err := s.authenticate(c.Context(), c.Header("Authorization"))
	if err != nil {
		return nil, err
	}
	if !caller.Allows(ScopeMessagesRead, "") {
		return nil, bridge.Errorf(bridge.CodeForbidden, "This API key does not allow %s any more.", ScopeMessagesRead)
	}
	return filter.wants(caller)
}

// streamPart returns events as they are written to a stream.
func streamPart(events []bridge.Event, wants func(*bridge.Event) bool) []byte {
	var part bytes.Buffer
	for i := range events {
		e := &events[i]
		if !wants(e) {
			continue
		}
		data, err := json.Marshal(e) // in one line
		if err != nil {
			continue // its data is no JSON, which no database has let in
		}
		fmt.Fprintf(&part, "id: %d\nevent: %s\ndata: %s\n\n", e.Position, e.Type, data)
	}
	return part.Bytes()
}

// lament says in a stream why it ends.
func (s *Server) lament(ctx context.Context, w *streamWriter, err error) {
	if ctx.Err() != nil {
		return
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.o.Logger.Error("a stream of events has failed", "request", RequestID(ctx), "error", err)
	}
	data, err := json.Marshal(p)
	if err == nil {
		err = w.write(fmt.Appendf(nil, "event: error\ndata: %s\n\n", data))
	}
	if err != nil {
		s.o.Logger.Debug("a stream of events was cut off", "request", RequestID(ctx), "error", err)
	}
}

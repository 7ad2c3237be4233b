package webhook

import (
	"container/heap"
	"slices"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// An item is an event on its way to the webhook.
type item struct {
	bridge.Delivery
	event *bridge.Event
	lane  *lane

	settled bool // it is over, or what is to be written says that it waits
	retried bool // it takes one of the places for what waits
}

// A lane is what is delivered in order: a conversation, or what is about an
// account as a whole.
type lane struct {
	key     string
	items   []*item // in memory; while sending, the first is under way
	sending bool

	// kept says that the lane is written down, since something of it failed or
	// takes long: all of it goes through the database then, until nothing of it
	// is left there.
	kept bool
	more bool // there is, or can be, more of it in the database than items
	due  time.Time
	slot int // in the heap of those that wait; -1: not there
}

// A queue works out what of the log goes to one webhook when, and what has to be
// written down about it. It does no I/O, and takes the time as an argument.
//
// An event that is delivered at once is written down once, afterwards. As soon
// as one fails, its lane is kept: that event and all that come after it in the
// lane are written down as pending, and the log is read on. So what a receiver
// does not take costs rows, not memory, and holds up nothing but its own
// conversation.
type queue struct {
	webhook bridge.WebhookID
	limit   int // of requests at once
	window  int // of events in memory that are not settled
	chance  func() float64

	read    int64          // events up to here have been offered
	skip    map[int64]bool // events after the position it began with of which there are rows already
	log     []*item        // offered, in order; those at its beginning are not settled
	open    int            // of log: not settled
	lanes   map[string]*lane
	fresh   []*lane // can go on, and are not kept
	resumed []*lane // can go on, and are kept
	waiting waitingLanes

	sending  int
	retrying int // of those: items of kept lanes
	paused   time.Time

	// What is to be written down.
	rows     map[int64]*bridge.Delivery
	dropped  []int64 // deliveries whose events are no more
	keeps    map[string]time.Time
	releases map[string]bool
	moved    bool
}

// newQueue returns the queue of a webhook that has come to a position, with the
// lanes that are kept, and the events after the position that have rows.
func newQueue(w *store.Webhook, kept []store.Lane, skip []int64, limit int, chance func() float64) *queue {
	q := &queue{
		webhook: w.ID, limit: limit, window: 4 * limit, chance: chance, read: w.Position, paused: w.PausedUntil,
		skip: make(map[int64]bool), lanes: make(map[string]*lane),
	}
	for _, position := range skip {
		q.skip[position] = true
	}
	for _, k := range kept {
		l := &lane{key: k.Key, kept: true, more: true, due: k.Due}
		q.lanes[k.Key] = l
		heap.Push(&q.waiting, l)
	}
	q.written()
	return q
}

// room returns how many events can be offered.
func (q *queue) room() int { return max(0, q.window-q.open) }

// position returns up to where all events are settled.
func (q *queue) position() int64 {
	for len(q.log) > 0 && q.log[0].settled {
		q.log = q.log[1:]
	}
	if len(q.log) == 0 {
		return q.read
	}
	return q.log[0].Position - 1
}

// laneOf returns what an event is delivered in order with.
func laneOf(e *bridge.Event) string {
	if e.ConversationID != "" {
		return string(e.ConversationID)
	}
	return string(e.AccountID)
}

func (q *queue) newItem(e *bridge.Event) *item {
	return &item{event: e, Delivery: bridge.Delivery{
		WebhookID: q.webhook, Position: e.Position, EventID: e.ID, Type: e.Type, AccountID: e.AccountID,
		Lane: laneOf(e), State: bridge.DeliveryPending,
	}}
}

// offer takes events that the webhook wants, of all up to a position.
func (q *queue) offer(events []*bridge.Event, upTo int64) {
	for _, e := range events {
		if q.skip[e.Position] {
			delete(q.skip, e.Position)
			continue
		}
		i := q.newItem(e)
		l := q.lanes[i.Lane]
		if l != nil && l.kept {
			l.more = true
			q.write(i)
			continue
		}
		if l == nil {
			l = &lane{key: i.Lane, slot: -1}
			q.lanes[i.Lane] = l
		}
		i.lane = l
		q.log, q.open = append(q.log, i), q.open+1
		if l.items = append(l.items, i); len(l.items) == 1 {
			q.fresh = append(q.fresh, l)
		}
	}
	if upTo > q.read {
		q.read, q.moved = upTo, true
	}
}

// next returns what to send, or a lane whose pending deliveries are to be read
// for [queue.loaded], or neither, when there is nothing to do before wake.
func (q *queue) next(now time.Time) (send *item, load *lane) {
	if q.sending >= q.limit || now.Before(q.paused) {
		return nil, nil
	}
	// What waits has up to half of the places, and the others too if nobody
	// else wants them.
	if q.retrying < max(1, q.limit/2) || len(q.fresh) == 0 {
		if l, ok := pop(&q.resumed); ok {
			q.retrying++
			l.items[0].retried = true
			return q.start(l), nil
		}
		if len(q.waiting) > 0 && !q.waiting[0].due.After(now) {
			l := heap.Pop(&q.waiting).(*lane)
			return nil, l
		}
	}
	if l, ok := pop(&q.fresh); ok {
		return q.start(l), nil
	}
	q.spill(now)
	return nil, nil
}

func pop(list *[]*lane) (*lane, bool) {
	if len(*list) == 0 {
		return nil, false
	}
	l := (*list)[0]
	*list = (*list)[1:]
	return l, true
}

func (q *queue) start(l *lane) *item {
	q.sending++
	l.sending = true
	return l.items[0]
}

// spill makes room for other lanes where some that take long have filled it,
// although more could be under way: it keeps the lanes of the oldest events.
func (q *queue) spill(now time.Time) {
	for q.position(); len(q.log) > 0 && (q.open >= q.window || len(q.log) >= 4*q.window); q.position() {
		q.keep(q.log[0].lane, now)
	}
}

// keep makes a lane one that is written down.
func (q *queue) keep(l *lane, due time.Time) {
	if !l.kept {
		l.kept = true
		q.fresh = slices.DeleteFunc(q.fresh, func(other *lane) bool { return other == l })
		for _, i := range l.items {
			q.write(i)
		}
		if len(l.items) > 0 && !l.sending {
			q.resumed = append(q.resumed, l)
		}
	}
	l.due = due
	q.keeps[l.key] = due
	delete(q.releases, l.key)
}

// write notes what has become of an item. It holds up nothing any more.
func (q *queue) write(i *item) {
	row := i.Delivery
	q.rows[i.Position] = &row
	q.settle(i)
}

func (q *queue) settle(i *item) {
	if !i.settled && i.lane != nil {
		q.open--
	}
	i.settled = true
}

// loaded takes what was read of a lane, after everything else was written down,
// and whether there may be more.
func (q *queue) loaded(l *lane, waiting []store.Waiting, more bool, now time.Time) {
	l.more = more
	for _, w := range waiting {
		if w.Event == nil {
			q.dropped = append(q.dropped, w.Position)
			continue
		}
		l.items = append(l.items, &item{Delivery: w.Delivery, event: w.Event, lane: l, settled: true})
	}
	q.goOn(l, now)
}

// goOn has a lane of which nothing is under way go on.
func (q *queue) goOn(l *lane, now time.Time) {
	switch {
	case len(l.items) > 0 && l.kept:
		q.resumed = append(q.resumed, l)
	case len(l.items) > 0:
		q.fresh = append(q.fresh, l)
	case l.kept && l.more:
		q.wait(l, now)
	default:
		delete(q.lanes, l.key)
		if l.kept {
			delete(q.keeps, l.key)
			q.releases[l.key] = true
		}
	}
}

func (q *queue) wait(l *lane, due time.Time) {
	l.due, l.items, l.more = due, nil, true
	heap.Push(&q.waiting, l)
}

// done takes what has come of sending an item.
func (q *queue) done(i *item, out outcome, now time.Time) {
	l := i.lane
	q.sending--
	if i.retried {
		q.retrying--
		i.retried = false
	}
	if out.aborted {
		l.sending = false
		q.goOn(l, now)
		return
	}
	if out.everyone && out.notBefore.After(q.paused) {
		q.paused, q.moved = out.notBefore, true
	}
	i.Attempts++
	i.Attempt = out.Attempt
	wait, again := delay(i.Attempts, q.chance())
	switch {
	case out.delivered:
		i.State = bridge.DeliveryDone
	case again:
		due := now.Add(wait)
		if out.notBefore.After(due) {
			due = out.notBefore
		}
		q.keep(l, due)
		l.sending = false
		q.write(i)
		q.wait(l, due)
		return
	default:
		i.State = bridge.DeliveryDead
	}
	q.write(i)
	l.sending, l.items = false, l.items[1:]
	q.goOn(l, now)
}

// replay has deliveries made again, whatever became of them. Those of a lane
// that waits no longer wait.
func (q *queue) replay(items []*item, now time.Time) {
	for _, i := range items {
		l := q.lanes[i.Lane]
		switch {
		case l == nil:
			l = &lane{key: i.Lane, kept: true, slot: -1}
			q.lanes[i.Lane] = l
			q.wait(l, now)
		case l.slot >= 0:
			l.due = now
			heap.Fix(&q.waiting, l.slot)
		}
		q.keep(l, now)
		l.more = true
		row := i.Delivery
		row.State, row.Attempts, row.Attempt = bridge.DeliveryPending, 0, bridge.Attempt{}
		q.rows[i.Position] = &row
	}
}

// wake returns when there is something to do although nothing has happened: the
// zero time for never.
func (q *queue) wake(now time.Time) time.Time {
	switch {
	case q.sending >= q.limit:
		return time.Time{}
	case now.Before(q.paused):
		return q.paused
	case len(q.waiting) > 0:
		return q.waiting[0].due
	}
	return time.Time{}
}

// dirty returns how much is to be written down.
func (q *queue) dirty() int {
	n := len(q.rows) + len(q.dropped) + len(q.keeps) + len(q.releases)
	if n == 0 && q.moved {
		return 1
	}
	return n
}

// written forgets what was to be written down.
func (q *queue) written() {
	q.rows, q.dropped, q.moved = make(map[int64]*bridge.Delivery), nil, false
	q.keeps, q.releases = make(map[string]time.Time), make(map[string]bool)
}

// waitingLanes is a heap of lanes by when they are due.
type waitingLanes []*lane

func (w waitingLanes) Len() int           { return len(w) }
func (w waitingLanes) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waitingLanes) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].slot, w[j].slot = i, j
}

// Push implements heap.Interface.
func (w *waitingLanes) Push(v any) {
	l := v.(*lane)
	l.slot = len(*w)
	*w = append(*w, l)
}

// Pop implements heap.Interface.
func (w *waitingLanes) Pop() any {
	last := len(*w) - 1
	l := (*w)[last]
	(*w)[last] = nil
	*w, l.slot = (*w)[:last], -1
	return l
}

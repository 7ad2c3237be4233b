package simulation

import (
	"encoding/binary"
	"slices"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/telegram/updates"
	"godwit/tg"
	"godwit/tl"
)

// What queries and answers of the simulation begin with; a number follows.
const (
	queryID  uint32 = 0x51515151
	answerID uint32 = 0x0e0e0e0e
)

// A request is something that the client wants to know or have done.
type request struct {
	number    uint32
	body      []byte
	id        session.RequestID
	fetch     *updates.Fetch // of the update engine
	asked     time.Time
	timeout   *event
	repeat    bool // to carry it out twice does no harm
	sent      bool // it has its id
	ended     bool
	cancelled bool // and is waited for all the same: its end tells what became of it
	abandoned bool // the client's life has ended before
	never     bool // it is certain that it was not carried out, and will not be
}

// ask makes some requests.
func (c *client) ask() {
	n := c.w.burst(3, 200)
	for range n {
		size := c.w.choice.IntN(1 + c.w.choice.IntN(60))
		body := make([]byte, 8+4*size)
		binary.LittleEndian.PutUint32(body, queryID)
		c.request(&request{body: body, repeat: c.w.chance(0.5)})
	}
	c.pump()
}

// request sends a request, as soon as there is a key.
func (c *client) request(r *request) {
	r.number = c.w.books.open(r)
	if r.fetch == nil {
		binary.LittleEndian.PutUint32(r.body[4:], r.number)
	}
	if c.session == nil {
		c.early = append(c.early, r)
		return
	}
	c.send(r)
}

func (c *client) send(r *request) {
	r.id, r.sent = c.session.Ask(session.Request{Body: r.body, Repeat: r.repeat}), true
	c.calls[r.id] = r
}

// cancelOne gives up one of the requests under way.
func (c *client) cancelOne() {
	if r := c.w.books.pick(); r != nil {
		c.cancel(r)
		c.pump()
	}
}

func (c *client) cancel(r *request) {
	if r.cancelled {
		return
	}
	r.timeout.cancel()
	outcome := mtproto.NotExecuted
	if r.sent {
		outcome = c.session.Cancel(r.id)
	} else {
		c.early = slices.DeleteFunc(c.early, func(other *request) bool { return other == r })
	}
	if c.w.books.cancelled(r, outcome); outcome == mtproto.NotExecuted {
		delete(c.calls, r.id)
	}
	if r.fetch != nil {
		c.engine.Failed(c.steady(), *r.fetch, errNoAnswer)
	}
}

// ended takes the end of a request.
func (c *client) ended(e session.Result) {
	r := c.calls[e.Request]
	if r == nil {
		c.w.violation("client: an end of request %d, which is not under way", e.Request)
		return
	}
	delete(c.calls, e.Request)
	switch sabotaged := r.number%16 == 5 && r.fetch == nil; {
	case sabotaged && c.w.o.Sabotage == LoseAnswer:
		return
	case sabotaged && c.w.o.Sabotage == DoubleAnswer:
		c.w.books.ended(r, e)
	case sabotaged && c.w.o.Sabotage == WrongAnswer && len(e.Body) >= 8:
		e.Body[4] ^= 1
	case c.w.o.Sabotage == Leak:
		c.leak = append(c.leak, make([]byte, 1000))
	}
	r.timeout.cancel()
	c.w.books.ended(r, e)
	if r.fetch != nil && !r.cancelled {
		c.fetched(*r.fetch, e)
	}
}

// updated takes what the server sends by itself.
func (c *client) updated(body []byte) {
	r := tl.NewReader(body)
	u := tg.Decode[tg.UpdatesClass](r)
	if err := r.Finish(); err != nil {
		c.w.violation("client: update: %v", err)
		return
	}
	c.engine.Receive(c.steady(), u)
}

// deliver handles what the engine puts out and makes its requests. The state
// is stored in one with the effect of what belongs to it.
func (c *client) deliver() {
	for _, d := range c.engine.Deliveries() {
		for _, u := range d.Updates {
			c.w.books.handled(u)
		}
		if d.Lost != nil {
			c.w.violation("client: updates are given up: %+v", *d.Lost)
		}
		c.stored.Apply(d.Change)
	}
	for _, f := range c.engine.Fetches() {
		c.fetch(f)
	}
}

// fetch makes a request of the update engine.
func (c *client) fetch(f updates.Fetch) {
	var method tl.Object
	switch f.Kind {
	case updates.FetchState:
		method = &tg.UpdatesGetState{}
	case updates.FetchDifference:
		method = &tg.UpdatesGetDifference{Pts: f.PTS, Qts: f.QTS, Date: f.Date}
	case updates.FetchChannelDifference:
		method = &tg.UpdatesGetChannelDifference{
			Channel: &tg.InputChannel{ChannelID: f.Channel}, Filter: &tg.ChannelMessagesFilterEmpty{},
			Pts: f.PTS, Limit: f.Limit,
		}
	}
	r := &request{body: c.w.marshal(method), fetch: &f, repeat: true}
	r.timeout = c.w.after(fetchTimeout, "fetch takes too long", func() {
		if r.abandoned {
			return
		}
		if c.awake(func() { c.timedOut(r) }) {
			c.timedOut(r)
		}
	})
	c.request(r)
}

func (c *client) timedOut(r *request) {
	if r.ended || r.abandoned || r.cancelled {
		return
	}
	c.cancel(r)
	c.pump()
}

// fetched gives the answer to a fetch to the engine.
func (c *client) fetched(f updates.Fetch, e session.Result) {
	if e.Err != nil {
		c.engine.Failed(c.steady(), f, e.Err)
		return
	}
	r := tl.NewReader(e.Body)
	var take func(time.Time)
	switch f.Kind {
	case updates.FetchState:
		s := &tg.UpdatesState{}
		r.Object(s)
		take = func(now time.Time) { c.engine.GotState(now, s) }
	case updates.FetchDifference:
		d := tg.Decode[tg.UpdatesDifferenceClass](r)
		take = func(now time.Time) { c.engine.GotDifference(now, d) }
	case updates.FetchChannelDifference:
		d := tg.Decode[tg.UpdatesChannelDifferenceClass](r)
		take = func(now time.Time) { c.engine.GotChannelDifference(now, f.Channel, d) }
	}
	if err := r.Finish(); err != nil {
		c.w.violation("client: answer to a fetch: %v", err)
		return
	}
	take(c.steady())
}

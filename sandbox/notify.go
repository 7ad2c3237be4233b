package sandbox

import (
	"log/slog"
	"slices"
	"sync"

	"godwit/internal/layer"
	"godwit/tg"
	"godwit/tl"
)

// A notice is an Updates on its way to sessions. It is encoded once, however
// many read it, and once for each layer in use.
type notice struct {
	updates tg.UpdatesClass

	mu    sync.Mutex
	forms map[int][]byte
	err   error
}

// in returns the notice as a client of the given layer reads it.
func (n *notice) in(speaks int) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return nil, n.err
	}
	if n.forms == nil {
		raw, err := tl.Marshal(n.updates)
		if err != nil {
			n.err = err
			return nil, err
		}
		n.forms = map[int][]byte{layer.Latest: raw}
	}
	if p, ok := n.forms[speaks]; ok {
		return p, nil
	}
	p, err := layer.Updates(n.forms[layer.Latest], speaks)
	if err == nil {
		n.forms[speaks] = p
	}
	return p, err
}

// A queued notice waits to be sent in the layer that its session reads.
type queued struct {
	*notice
	layer int
}

// flush sends what is queued, in the order in which it was queued.
func (s *session) flush(log *slog.Logger) {
	s.sending.Lock()
	defer s.sending.Unlock()
	for {
		s.mu.Lock()
		queue := s.queue
		s.queue = nil
		s.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, q := range queue {
			p, err := q.in(q.layer)
			if err != nil {
				log.Warn("update is not sent", "error", err)
				continue
			}
			s.link.Push(p)
		}
	}
}

// A batch is what one call tells one user.
type batch struct {
	user    *user
	updates []tg.UpdateClass
	seen    refs
}

// tell adds an update for u, which mentions the given peers.
func (c *call) tell(u *user, update tg.UpdateClass, seen ...peerKey) {
	b := c.batch(u)
	b.updates = append(b.updates, update)
	b.seen.add(seen...)
}

func (c *call) batch(u *user) *batch {
	b := c.batches[u]
	if b == nil {
		if c.batches == nil {
			c.batches = make(map[*user]*batch)
		}
		b = &batch{user: u}
		c.batches[u] = b
	}
	return b
}

// updates returns what the call tells u, as u sees it. The caller's own go
// into the result of its method (R-UP-32).
func (c *call) updates(u *user) *tg.Updates {
	b := c.batch(u)
	w := c.world()
	return &tg.Updates{
		Updates: slices.Clone(b.updates),
		Users:   w.userObjects(u, &b.seen),
		Chats:   w.chatObjects(u, &b.seen),
		Date:    w.unix(),
	}
}

// announce queues what the call has to tell, for every session but the one
// that called (R-UP-32).
func (c *call) announce() {
	for _, b := range c.batches {
		listeners := c.listeners(b.user)
		if len(b.updates) == 0 || len(listeners) == 0 || c.world().unheard(b.user) {
			continue
		}
		n := &notice{updates: c.updates(b.user)}
		for _, s := range listeners {
			c.enqueue(s, n)
		}
	}
}

// listeners returns the sessions on which u is to be told of what this call
// does.
func (c *call) listeners(u *user) []*session {
	var all []*session
	for k := range u.keys {
		if k.dc != u.dc {
			continue
		}
		for s := range k.sessions {
			if s != c.session && s.wants {
				all = append(all, s)
			}
		}
	}
	return all
}

func (c *call) enqueue(s *session, n *notice) {
	s.mu.Lock()
	s.queue = append(s.queue, queued{n, s.key.layer})
	s.mu.Unlock()
	if c.told == nil {
		c.told = make(map[*session]struct{})
	}
	c.told[s] = struct{}{}
}

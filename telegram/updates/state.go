package updates

import "godwit/tg"

// State is where an account stands in its updates (R-UP-10).
type State struct {
	Common   Common
	Channels map[int64]int32 // pts by channel id
}

// Common are the counters that all but channels share. The zero value is none.
type Common struct {
	PTS  int32 // messages of users and basic groups
	QTS  int32 // secret chats and what bots are told
	Date int32 // unix time of the last change
	Seq  int32 // updates without a counter of their own
}

// A Change is what a delivery does to the state.
type Change struct {
	Common   *Common      // nil: as before
	Channels []ChannelPTS // those that changed
}

// ChannelPTS is the pts of one channel. A PTS of 0 stands for a channel that
// is to be forgotten: the account may no longer read it.
type ChannelPTS struct {
	ID  int64
	PTS int32
}

// IsZero reports whether c changes nothing.
func (c *Change) IsZero() bool { return c.Common == nil && len(c.Channels) == 0 }

// Apply makes the change in s.
func (s *State) Apply(c Change) {
	if c.Common != nil {
		s.Common = *c.Common
	}
	for _, channel := range c.Channels {
		if channel.PTS == 0 {
			delete(s.Channels, channel.ID)
			continue
		}
		if s.Channels == nil {
			s.Channels = make(map[int64]int32)
		}
		s.Channels[channel.ID] = channel.PTS
	}
}

// Clone returns a copy that shares nothing with s.
func (s State) Clone() State {
	channels := make(map[int64]int32, len(s.Channels))
	for id, pts := range s.Channels {
		channels[id] = pts
	}
	s.Channels = channels
	return s
}

// A Delivery is a run of updates to be applied in order, and the change of
// the state that goes with them.
//
// Messages and other things that were fetched come as the updates that they
// were missed as, UpdateNewMessage and so on, with pts 0.
type Delivery struct {
	Updates []tg.UpdateClass
	Users   []tg.UserClass // those that the updates name, as far as they were sent along
	Chats   []tg.ChatClass
	Lost    *Lost // what could not be had; nil almost always
	Change  Change
}

// Lost says that more was missed than Telegram hands out (R-UP-22, R-UP-26).
// What is shown has to be read anew.
type Lost struct {
	Channel  int64             // 0: the dialogs, private chats and basic groups
	Messages []tg.MessageClass // the channel's last messages
}

// Deliveries returns the deliveries that were made since the last call.
func (e *Engine) Deliveries() []Delivery {
	d := e.deliveries
	e.deliveries, e.last = nil, nil
	return d
}

// entities are the users and chats that came with some updates.
type entities struct {
	users []tg.UserClass
	chats []tg.ChatClass
}

// delivery returns the delivery to which the next update belongs.
func (e *Engine) delivery(from *entities) *Delivery {
	if from == nil {
		from = &entities{}
	}
	if e.last != from || len(e.deliveries) == 0 {
		e.deliveries = append(e.deliveries, Delivery{Users: from.users, Chats: from.chats})
		e.last = from
	}
	return &e.deliveries[len(e.deliveries)-1]
}

// emit delivers one update.
func (e *Engine) emit(u tg.UpdateClass, from *entities) {
	d := e.delivery(from)
	d.Updates = append(d.Updates, u)
}

// commonChanged notes the common state in the delivery of what changed it.
func (e *Engine) commonChanged(from *entities) {
	now := e.commonState()
	e.delivery(from).Change.Common = &now
}

// channelChanged notes a channel's pts in the delivery of what changed it.
func (e *Engine) channelChanged(id int64, pts int32, from *entities) {
	change := &e.delivery(from).Change
	for i := range change.Channels {
		if change.Channels[i].ID == id {
			change.Channels[i].PTS = pts
			return
		}
	}
	change.Channels = append(change.Channels, ChannelPTS{ID: id, PTS: pts})
}

// lost delivers a Lost on its own, with the change already made.
func (e *Engine) lost(l Lost, from *entities) {
	e.last = nil
	e.delivery(from).Lost = &l
}

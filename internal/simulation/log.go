package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"godwit/telegram/updates"
	"godwit/tg"
	"godwit/tl"
)

// simChannel is the one channel of the account.
const simChannel = 31

// Where the counters begin.
const (
	firstPTS        = 100
	firstQTS        = 50
	firstChannelPTS = 1000
)

// sliceSize is how many events a difference holds.
const sliceSize = 10

// An updateLog is everything that has happened to the account, under each of
// three counters. Every event counts 1, so that it is known by its number.
type updateLog struct {
	choice            *rand.Rand
	pts, qts, channel int32 // how many there are of each
	date              int32
}

func newUpdateLog(choice *rand.Rand) *updateLog { return &updateLog{choice: choice, date: 5000} }

// state is where an account stands that has seen all.
func (l *updateLog) state() updates.State {
	return updates.State{
		Common:   updates.Common{PTS: firstPTS + l.pts, QTS: firstQTS + l.qts, Date: l.date, Seq: 1},
		Channels: map[int64]int32{simChannel: firstChannelPTS + l.channel},
	}
}

// happen adds an event and returns what the account's sessions are told.
func (l *updateLog) happen() *tg.Updates {
	l.date++
	var u tg.UpdateClass
	switch l.choice.IntN(5) {
	case 0:
		l.qts++
		u = &tg.UpdateBotStopped{Qts: firstQTS + l.qts}
	case 1, 2:
		l.channel++
		u = &tg.UpdateNewChannelMessage{
			Message: l.message(&tg.PeerChannel{ChannelID: simChannel}, l.channel),
			Pts:     firstChannelPTS + l.channel, PtsCount: 1,
		}
	default:
		l.pts++
		u = &tg.UpdateNewMessage{Message: l.message(&tg.PeerUser{UserID: 5}, l.pts), Pts: firstPTS + l.pts, PtsCount: 1}
	}
	return &tg.Updates{Updates: []tg.UpdateClass{u}, Date: l.date}
}

func (l *updateLog) message(peer tg.PeerClass, n int32) *tg.Message {
	return &tg.Message{ID: n, PeerID: peer, Message: fmt.Sprint(n)}
}

func (l *updateLog) updatesState() *tg.UpdatesState {
	return &tg.UpdatesState{Pts: firstPTS + l.pts, Qts: firstQTS + l.qts, Date: l.date, Seq: 1}
}

// difference answers updates.getDifference, in slices.
func (l *updateLog) difference(m *tg.UpdatesGetDifference) tg.UpdatesDifferenceClass {
	d := &tg.UpdatesDifference{State: *l.updatesState()}
	for n := m.Pts - firstPTS + 1; n <= l.pts; n++ {
		if len(d.NewMessages) == sliceSize {
			s := d.State
			s.Pts, s.Qts, s.Date = firstPTS+n-1, m.Qts, m.Date
			return &tg.UpdatesDifferenceSlice{NewMessages: d.NewMessages, IntermediateState: s}
		}
		d.NewMessages = append(d.NewMessages, l.message(&tg.PeerUser{UserID: 5}, n))
	}
	for n := m.Qts - firstQTS + 1; n <= l.qts; n++ {
		d.OtherUpdates = append(d.OtherUpdates, &tg.UpdateBotStopped{Qts: firstQTS + n})
	}
	d.OtherUpdates = append(d.OtherUpdates, &tg.UpdateChannelTooLong{
		ChannelID: simChannel, Pts: tl.Some(firstChannelPTS + l.channel),
	})
	return d
}

func (l *updateLog) channelDifference(m *tg.UpdatesGetChannelDifference) tg.UpdatesChannelDifferenceClass {
	d := &tg.UpdatesChannelDifference{}
	for n := m.Pts - firstChannelPTS + 1; n <= l.channel && len(d.NewMessages) < sliceSize; n++ {
		d.NewMessages = append(d.NewMessages, l.message(&tg.PeerChannel{ChannelID: simChannel}, n))
	}
	d.Pts = m.Pts + int32(len(d.NewMessages))
	d.Final = d.Pts == firstChannelPTS+l.channel
	if len(d.NewMessages) == 0 {
		return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: m.Pts}
	}
	return d
}

// placeOf returns the counter and the number of an event that was handled.
func placeOf(u tg.UpdateClass) (counter string, n int32) {
	message := func(m tg.MessageClass) int32 {
		if m, ok := m.(*tg.Message); ok {
			return m.ID
		}
		return 0
	}
	switch u := u.(type) {
	case *tg.UpdateNewMessage:
		return "pts", message(u.Message)
	case *tg.UpdateNewChannelMessage:
		return "channel", message(u.Message)
	case *tg.UpdateBotStopped:
		return "qts", u.Qts - firstQTS
	}
	return fmt.Sprintf("%T", u), 0
}

// ends returns how many events there are of each counter.
func (l *updateLog) ends() map[string]int32 {
	return map[string]int32{"pts": l.pts, "qts": l.qts, "channel": l.channel}
}

// counters are those of ends, in order.
var counters = slices.Sorted(slices.Values([]string{"pts", "qts", "channel"}))

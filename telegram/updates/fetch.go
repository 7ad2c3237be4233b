package updates

import (
	"errors"
	"slices"
	"time"

	"godwit/tg"
)

// FetchKind is the request that a Fetch stands for.
type FetchKind uint8

// The kinds of a Fetch.
const (
	FetchState             FetchKind = iota // updates.getState; answer: GotState
	FetchDifference                         // updates.getDifference; answer: GotDifference
	FetchChannelDifference                  // updates.getChannelDifference; answer: GotChannelDifference
)

// A Fetch is a request that the engine wants to be made. Its answer is given
// to the Got… method of its kind, its failure to Failed. There is never more
// than one under way for the common boxes, and one for each channel (R-UP-20).
type Fetch struct {
	Kind           FetchKind
	Channel        int64 // of a channel difference
	PTS, QTS, Date int32 // where to start from (R-UP-21, R-UP-25)
	Limit          int32 // of a channel difference
}

// Fetches returns the requests to be made that were decided on since the last
// call.
func (e *Engine) Fetches() []Fetch {
	f := e.fetches
	e.fetches = nil
	return f
}

// A fetcher is where the fetching for one box, or the common ones, stands.
type fetcher struct {
	phase    phase
	again    bool // something was missed after the fetch under way began
	retryAt  time.Time
	failures int
}

type phase uint8

const (
	idle     phase = iota
	queued         // for one of MaxChannelFetches
	underWay       // the request is being made
	delayed        // until retryAt
)

// busy reports whether updates must wait for a fetch.
func (f *fetcher) busy() bool { return f.phase != idle }

// at returns when a failed fetch is tried again.
func (f *fetcher) at() time.Time {
	if f.phase == delayed {
		return f.retryAt
	}
	return time.Time{}
}

func (f *fetcher) due(now time.Time) bool { return due(now, f.at()) }

// delay puts the next try off: a second, doubling up to a minute, or as long as
// Telegram asks (R-ER-05, R-ER-06).
func (f *fetcher) delay(now time.Time, err error) {
	wait := min(firstBackoff<<min(f.failures, 10), lastBackoff)
	if rpc := tg.ErrFloodWait; errors.As(err, &rpc) && errors.Is(rpc, tg.ErrFloodWait) {
		wait = max(wait, time.Duration(rpc.Argument)*time.Second)
	}
	f.phase, f.again, f.retryAt = delayed, false, now.Add(wait)
	f.failures++
}

// fetchCommon asks for the difference, or notes that it has to be asked for
// again once the answer to the present request is here.
func (e *Engine) fetchCommon(now time.Time) {
	switch e.common.phase {
	case idle:
		e.launchCommon()
	case underWay:
		e.common.again = true
	}
	e.idleAt = now.Add(idleWait)
}

func (e *Engine) launchCommon() {
	e.common.phase, e.common.again = underWay, false
	f := Fetch{Kind: FetchState}
	if !e.reset {
		f = Fetch{Kind: FetchDifference, PTS: e.pts.value, QTS: e.qts.value, Date: e.date}
	}
	e.fetches = append(e.fetches, f)
}

// Failed takes the failure of a fetch (R-UP-28).
func (e *Engine) Failed(now time.Time, f Fetch, err error) {
	e.last = nil
	if f.Kind == FetchChannelDifference {
		e.channelFailed(now, f.Channel, err)
		return
	}
	if e.common.phase != underWay {
		return
	}
	switch {
	case isTimestamp(err):
		e.reset = true
		e.launchCommon()
	case isRefusal(err):
		e.giveUp(now)
	default:
		e.common.delay(now, err)
	}
}

// giveUp goes on without a difference that the server refuses to make: what
// has arrived is better than nothing.
func (e *Engine) giveUp(now time.Time) {
	e.reset, e.alone = false, true
	e.pts.skip()
	e.qts.skip()
	e.seq.skip()
	e.lost(Lost{}, nil)
	e.finishCommon(now)
}

func (e *Engine) channelFailed(now time.Time, id int64, err error) {
	c, ok := e.channels[id]
	if !ok || c.fetch.phase != underWay {
		return
	}
	e.flying--
	switch {
	case isTimestamp(err):
		c.value = 1 // the answer will be that it is too long ago
		c.fetch = fetcher{}
		e.fetchChannel(c)
	case isRefusal(err):
		e.forget(c)
	default:
		c.fetch.delay(now, err)
		e.schedule(c)
	}
	e.launchChannels()
}

// isTimestamp reports that Telegram does not accept the pts.
func isTimestamp(err error) bool {
	return errors.Is(err, tg.ErrPersistentTimestampInvalid) || errors.Is(err, tg.ErrPersistentTimestampEmpty)
}

// isRefusal reports that asking again is no use: CHANNEL_PRIVATE,
// CHANNEL_INVALID and the like.
func isRefusal(err error) bool {
	rpc := tg.ErrChannelPrivate
	return errors.As(err, &rpc) && slices.Contains([]int{400, 403, 404, 406}, rpc.Code)
}

package participants

import (
	"fmt"

	"godwit/tg"
)

// A Reason is why a list is not complete.
type Reason int

// The reasons. Complete is none.
const (
	Complete    Reason = iota
	Interrupted        // the iteration was broken off, or failed
	Capped             // there are more than Telegram shows
	Shifted            // people came or went meanwhile, or the count was not exact (R-PT-06)
)

// String returns what to tell people.
func (r Reason) String() string {
	switch r {
	case Complete:
		return "complete"
	case Interrupted:
		return "broken off"
	case Capped:
		return "there are more than Telegram shows"
	case Shifted:
		return "people came or went meanwhile, or the count is not exact"
	}
	return fmt.Sprintf("reason %d", int(r))
}

// A Report says how much of a list has been seen.
type Report struct {
	Seen   int   // different participants that were returned, those of resumed iterations included
	Total  int   // that Telegram says there are; approximate
	Cap    int   // how many can be seen at most; 0: all
	Offset int   // where to go on, for Options.Resume
	Hash   int64 // of a list of one page, for Options.Hash; 0: of none

	Unchanged bool   // the list is as it was when Options.Hash was made
	Why       Reason // why the list is not complete
}

// Complete tells whether the list holds everybody.
func (r Report) Complete() bool { return r.Why == Complete }

// String tells people how much they see.
func (r Report) String() string {
	switch {
	case r.Unchanged:
		return "unchanged"
	case r.Complete():
		return fmt.Sprintf("%d of %d: complete", r.Seen, r.Total)
	case r.Why == Capped:
		return fmt.Sprintf("%d of %d: not complete, Telegram shows at most %d", r.Seen, r.Total, r.Cap)
	}
	return fmt.Sprintf("%d of %d: not complete, %v", r.Seen, r.Total, r.Why)
}

// Report says how much has been seen by now.
func (l *List) Report() Report { return l.report }

// reachable returns the offset behind which nothing comes (R-PT-05).
func (l *List) reachable() int {
	if l.report.Cap > 0 {
		return min(l.report.Total, l.report.Cap)
	}
	return l.report.Total
}

// conclude says how complete a list is that has been read to its end.
func (l *List) conclude() {
	switch {
	case l.report.Cap > 0 && l.report.Total > l.report.Cap:
		l.report.Why = Capped
	case l.report.Seen < l.report.Total:
		l.report.Why = Shifted
	default:
		l.report.Why = Complete
	}
}

// hashOf is the running value by which Telegram tells whether a list has
// changed (R-PT-08).
func hashOf(list []tg.ChannelParticipantClass) int64 {
	var h uint64
	for _, raw := range list {
		h ^= h >> 21
		h ^= h << 35
		h ^= h >> 4
		h += uint64(participantOf(raw, nil).Peer.ID)
	}
	return int64(h)
}

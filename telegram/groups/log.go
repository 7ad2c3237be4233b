package groups

import (
	"context"
	"iter"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// maxLogPage is how many events of a log are fetched at once, as
// https://core.telegram.org/method/channels.getAdminLog limits them.
const maxLogPage = 100

// A LogFilter says which events of a log are wanted. The zero LogFilter stands for
// all of them.
type LogFilter struct {
	// Kinds are the kinds of events; nil: all.
	Kinds *tg.ChannelAdminLogEventsFilter
	// Admins are whose events are wanted; none: everybody's.
	Admins []tg.InputUserClass
	// Text is what events are searched for: messages, names.
	Text string

	Limit  int   // how many there are to be at most; 0: all
	Before int64 // id of an event; only older ones are wanted. 0: up to the newest
	After  int64 // id of an event; only newer ones are wanted. 0: from the oldest
}

// A LogEvent is what somebody has done in a supergroup or channel.
type LogEvent struct {
	ID     int64
	Date   time.Time
	User   int64 // id of who has done it
	Action tg.ChannelAdminLogEventActionClass
}

// Log returns what has been done in a supergroup or channel during the last 48
// hours, the newest first: by administrators, and by members as far as it concerns
// administrators, such as joining. Only they may read it. It is fetched as the
// iteration goes on; an error ends the iteration.
func Log(ctx context.Context, api telegram.API, peer tg.InputPeerClass, f LogFilter) iter.Seq2[LogEvent, error] {
	return func(yield func(LogEvent, error) bool) {
		in, err := channel(peer)
		if err != nil {
			yield(LogEvent{}, err)
			return
		}
		request := &tg.ChannelsGetAdminLog{
			Channel: in, Q: f.Text, EventsFilter: f.Kinds, Admins: f.Admins, MaxID: f.Before, MinID: f.After, Limit: maxLogPage,
		}
		left := f.Limit
		for {
			answer, err := tg.Call(ctx, api, request)
			if err != nil {
				yield(LogEvent{}, err)
				return
			}
			api.Learn(answer.Users, answer.Chats)
			before := request.MaxID
			for _, e := range answer.Events {
				request.MaxID = e.ID
				if !yield(LogEvent{e.ID, time.Unix(int64(e.Date), 0), e.UserID, e.Action}, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if request.MaxID == before {
				return
			}
		}
	}
}

package updates_test

import (
	"fmt"
	"time"

	"godwit/telegram/updates"
	"godwit/tg"
)

// An engine orders what arrives, and says what to fetch.
func Example() {
	now := time.Unix(1_700_000_000, 0)
	state := updates.State{Common: updates.Common{PTS: 10, Date: 100}}
	engine := updates.New(updates.Options{State: state})
	run := func() {
		for _, d := range engine.Deliveries() {
			for _, u := range d.Updates {
				fmt.Println("deliver", u.(*tg.UpdateNewMessage).Message.(*tg.Message).Message)
			}
			state.Apply(d.Change) // stored together with the effect of the updates
		}
		for _, f := range engine.Fetches() {
			fmt.Println("fetch the difference from pts", f.PTS)
		}
	}
	message := func(text string, pts int32) *tg.UpdateShort {
		return &tg.UpdateShort{Update: &tg.UpdateNewMessage{
			Message: &tg.Message{Message: text}, Pts: pts, PtsCount: 1,
		}}
	}

	engine.Start(now)
	run()
	engine.GotDifference(now, &tg.UpdatesDifferenceEmpty{Date: 100})
	engine.Receive(now, message("one", 11))
	engine.Receive(now, message("three", 13)) // too early
	run()
	engine.Tick(engine.Deadline()) // half a second later
	run()
	engine.GotDifference(now, &tg.UpdatesDifference{
		NewMessages: []tg.MessageClass{&tg.Message{Message: "two"}},
		State:       tg.UpdatesState{Pts: 12, Date: 110},
	})
	run()
	fmt.Println("stored pts", state.Common.PTS)
	// Output:
	// fetch the difference from pts 10
	// deliver one
	// fetch the difference from pts 11
	// deliver two
	// deliver three
	// stored pts 13
}

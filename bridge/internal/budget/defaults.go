package budget

import (
	"maps"

	"godwit/bridge"
)

// defaults are what an account may do of which its operator has said nothing.
//
// Telegram does not publish the limits of user accounts. The one figure that it
// does publish is for bots, 20 messages a minute into a group ("My bot is hitting
// limits" of https://core.telegram.org/bots/faq, and the same number in the
// documentation of teloxide's throttle and in python-telegram-bot's wiki); posts
// stay well below it. All other numbers are chosen conservatively, and flood
// waits correct them.
var defaults = bridge.BudgetPlan{
	bridge.BudgetMessages:      {Limits: limits(20, 300, 2000), Spacing: 1},
	bridge.BudgetFirstMessages: {Limits: limits(1, 5, 15), Spacing: 60},
	bridge.BudgetPosts:         {Limits: limits(5, 60, 300), Spacing: 3},
	bridge.BudgetJoins:         {Limits: limits(1, 4, 10), Spacing: 120},
	bridge.BudgetLookups:       {Limits: limits(3, 20, 60), Spacing: 5},
	bridge.BudgetParticipants:  {Limits: limits(20, 400, 4000), Spacing: 1},
	bridge.BudgetHistory:       {Limits: limits(30, 1000, 12000), Spacing: 1},
}

func limits(minute, hour, day int) map[bridge.Window]int {
	return map[bridge.Window]int{bridge.PerMinute: minute, bridge.PerHour: hour, bridge.PerDay: day}
}

// Defaults returns what an account may do of which its operator has said nothing.
func Defaults() bridge.BudgetPlan { return maps.Clone(defaults) }

package bridge

import "time"

// A RampState is whether the work of a ramp goes on.
type RampState string

// The states of a ramp.
const (
	RampRunning RampState = "running"
	RampPaused  RampState = "paused" // nothing of it goes, and its days do not count
)

// A Ramp brings new accounts to their work by and by: what they may do grows
// from day to day by a plan, and joins and posts that it has been given wait
// their turn.
type Ramp struct {
	ID        RampID
	Name      string // what its operator calls it
	Plan      RampPlan
	State     RampState
	CreatedAt time.Time
	RequestBy KeyID // who asked for it
}

// A RampMember is an account that is on a ramp. It is on one at most.
type RampMember struct {
	RampID    RampID
	AccountID AccountID
	// StartsOn is the account's first day on the ramp, as 2030-01-31 in its time
	// zone. Days on which the ramp was paused are taken out by moving it.
	StartsOn string
	// PausedOn is the day on which the ramp was paused; empty: it runs.
	PausedOn string
}

// An ActionKind is what sort of thing a queued action is.
type ActionKind string

// The kinds of queued actions.
const (
	JoinAction  ActionKind = "join"  // a group or channel, by its link or username
	LeaveAction ActionKind = "leave" // it
	PostAction  ActionKind = "post"  // a message into it
)

// ActionKinds are all kinds of queued actions.
var ActionKinds = []ActionKind{JoinAction, LeaveAction, PostAction}

// Budget returns the kind that the action falls under, and false for those that
// there is no budget for.
func (k ActionKind) Budget() (BudgetKind, bool) {
	switch k {
	case JoinAction:
		return BudgetJoins, true
	case PostAction:
		return BudgetPosts, true
	}
	return "", false
}

// An ActionState is how far a queued action has come.
type ActionState string

// The states of an action. Done, failed and canceled are ends.
const (
	ActionQueued   ActionState = "queued"
	ActionRunning  ActionState = "running" // Telegram has been asked; the answer is not known yet
	ActionDone     ActionState = "done"
	ActionFailed   ActionState = "failed"
	ActionCanceled ActionState = "canceled"
)

// A QueuedAction is a join, a leave or a post that an account is to do when its
// budget lets it. Of the same account and target, they are done in the order in
// which they were given; a post or leave after a join that failed fails too.
type QueuedAction struct {
	ID        ActionID
	AccountID AccountID
	RampID    RampID // that it belongs to; empty for none
	Kind      ActionKind
	// Target is the group or channel: a username without @, in lower case, or an
	// invitation as + and its hash.
	Target  string
	Content Content // of a post
	// RandomID is what Telegram tells repetitions of a post by. It is made before
	// the first attempt and never changes; 0 for the other kinds.
	RandomID int64
	State    ActionState
	// NotBefore is when it may go at the earliest; zero: at once.
	NotBefore time.Time
	Attempts  int
	Error     string // of failed, and of the last attempt: a code, and what Telegram said
	// TelegramID is what Telegram numbers the message of a post; 0: not sent.
	TelegramID int
	CreatedAt  time.Time
	StartedAt  time.Time // of the last attempt; zero: none yet
	FinishedAt time.Time // zero: not yet
	RequestBy  KeyID     // who asked for it
}

// RampWork is an action that is given to a ramp.
type RampWork struct {
	Kind    ActionKind
	Target  string  // a username or link
	Content Content // of a post
	// AccountID is the account that does it. If it is empty, one does that is
	// chosen: for a join, one that is not there and has the fewest to do; for a
	// post, one that is there.
	AccountID AccountID
	// Each has every account of the ramp do it: of posts, every one that is there.
	Each      bool
	NotBefore time.Time // zero: at once
}

// A RampAccount is how far an account of a ramp has come.
type RampAccount struct {
	RampMember
	Day  int // of the ramp, from 0; negative: it has not begun
	Work []RampProgress
}

// A RampProgress is how far an account of a ramp has come with the actions of a
// kind.
type RampProgress struct {
	Kind   ActionKind
	Today  int // how many the ramp has for today; -1: it does not limit them
	Counts map[ActionState]int
	// Next and Last are when the first and the last of those that are queued may
	// go; zero: none is, or not by the present plan.
	Next, Last time.Time
}

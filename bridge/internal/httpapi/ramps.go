package httpapi

import (
	"context"
	"net/http"
	"time"

	"godwit/bridge"
)

// Ramps is what can be done with ramps. Errors are *bridge.Error.
type Ramps interface {
	Create(ctx context.Context, name string, plan bridge.RampPlan, accounts []bridge.AccountID, by bridge.KeyID) (*bridge.Ramp, error)
	Ramp(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error)
	List(ctx context.Context, after bridge.RampID, limit int) ([]*bridge.Ramp, error)
	Update(ctx context.Context, id bridge.RampID, name string, plan bridge.RampPlan) (*bridge.Ramp, error)
	Pause(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error)
	Resume(ctx context.Context, id bridge.RampID) (*bridge.Ramp, error)
	Delete(ctx context.Context, id bridge.RampID) error

	Members(ctx context.Context, id bridge.RampID) ([]bridge.RampAccount, error)
	AddMember(ctx context.Context, id bridge.RampID, account bridge.AccountID) error
	RemoveMember(ctx context.Context, id bridge.RampID, account bridge.AccountID) error

	// Queue gives work to the accounts: all of it or none. Repeated with an
	// idempotency key, which may be empty, it does nothing and answers the same.
	Queue(ctx context.Context, id bridge.RampID, work []bridge.RampWork, by bridge.KeyID, idempotencyKey string) ([]*bridge.QueuedAction, error)
	Actions(ctx context.Context, id bridge.RampID, after bridge.ActionID, limit int) ([]*bridge.QueuedAction, error)
	Cancel(ctx context.Context, id bridge.RampID, action bridge.ActionID) error
}

// A RampBody is a ramp as its operator describes it.
type RampBody struct {
	Name string `json:"name" doc:"What its operator calls it." minLength:"1" maxLength:"200" example:"The twenty"`
	// The fields of bridge.RampPlan.
	PerDay map[bridge.BudgetKind][]int `json:"per_day" doc:"By kind, such as joins and posts: how many go at most on each day, from the first one on. When its days are over, the account's own plan alone holds."`
	Hours  *bridge.Hours               `json:"hours,omitempty" doc:"In which they go, in each account's time zone, as long as it is on the ramp."`
	Spread int                         `json:"spread_minutes,omitempty" doc:"Over how many minutes the beginnings of the accounts' hours are spread, to even out the load. Where an account stands in it is always the same." minimum:"0" maximum:"720"`
}

func (b RampBody) plan() bridge.RampPlan {
	return bridge.RampPlan{PerDay: b.PerDay, Hours: b.Hours, Spread: b.Spread}
}

// A newRamp is a ramp and who is on it.
type newRamp struct {
	RampBody
	Accounts []bridge.AccountID `json:"accounts,omitempty" doc:"Their first day is today." maxItems:"1000" nullable:"false"`
}

// A rampView is a ramp as the API shows it.
type rampView struct {
	ID bridge.RampID `json:"id" example:"ramp_01KB0000000000000000000000"`
	RampBody
	State     bridge.RampState `json:"state" enum:"running,paused"`
	CreatedAt time.Time        `json:"created_at"`
}

var rampAnswer = answerBy(viewOfRamp)

func viewOfRamp(r *bridge.Ramp) rampView {
	return rampView{r.ID, RampBody{r.Name, r.Plan.PerDay, r.Plan.Hours, r.Plan.Spread}, r.State, r.CreatedAt}
}

// A RampPath is what requests about a ramp begin with.
type RampPath struct {
	Ramp bridge.RampID `path:"ramp" doc:"The ramp's id." pattern:"^ramp_[0-9A-HJKMNP-TV-Z]{26}$"`
}

// rampMember names an account of a ramp.
type rampMember struct {
	RampPath
	AccountPath
}

// rampList is a page of ramps.
type rampList struct {
	Ramps []rampView `json:"ramps"`
	Next  string     `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

// A rampAccount is how far an account has come.
type rampAccount struct {
	AccountID bridge.AccountID `json:"account_id"`
	StartsOn  string           `json:"starts_on" doc:"Its first day, without those on which the ramp was paused." format:"date"`
	Day       int              `json:"day" doc:"Which day of the ramp it is, from 0."`
	Work      []rampProgress   `json:"work"`
}

// A rampProgress is how far an account has come with one kind of action.
type rampProgress struct {
	Kind   bridge.ActionKind          `json:"kind" enum:"join,leave,post"`
	Today  *int                       `json:"limit_today,omitempty" doc:"What the ramp has for today; missing: it does not limit them."`
	Counts map[bridge.ActionState]int `json:"counts" doc:"How many there are, by state."`
	NextAt *time.Time                 `json:"next_at,omitempty" doc:"When the first of those that are queued may go."`
	LastAt *time.Time                 `json:"last_at,omitempty" doc:"When the last of them may go, as far as can be foreseen."`
}

// rampAccounts is the accounts of a ramp.
type rampAccounts struct {
	Accounts []rampAccount `json:"accounts"`
}

// A newAction is an action that is given to a ramp.
type newAction struct {
	Kind      bridge.ActionKind `json:"kind" enum:"join,leave,post"`
	Target    string            `json:"target" doc:"The group or channel: a username, or a link." maxLength:"200" example:"https://t.me/durov"`
	Post      *PostText         `json:"post,omitempty" doc:"What a post says."`
	Account   bridge.AccountID  `json:"account_id,omitempty" doc:"Which account does it. If it is missing, one does that is chosen: for a join, one that is not there and has the fewest to do; for a post, one that is there."`
	Each      bool              `json:"each,omitempty" doc:"Every account of the ramp does it; of posts and leaves, every one that is there."`
	NotBefore time.Time         `json:"not_before,omitzero"`
}

// newActions are given at once: all of them or none.
type newActions struct {
	Actions []newAction `json:"actions" minItems:"1" maxItems:"1000" nullable:"false"`
}

// An actionView is a queued action as the API shows it.
type actionView struct {
	ID         bridge.ActionID    `json:"id" example:"act_01KB0000000000000000000000"`
	AccountID  bridge.AccountID   `json:"account_id"`
	Kind       bridge.ActionKind  `json:"kind" enum:"join,leave,post"`
	Target     string             `json:"target"`
	State      bridge.ActionState `json:"state" enum:"queued,running,done,failed,canceled"`
	Text       string             `json:"text,omitempty"`
	NotBefore  *time.Time         `json:"not_before,omitempty"`
	Attempts   int                `json:"attempts"`
	Error      string             `json:"error,omitempty" doc:"Why it failed, or why the last attempt did."`
	TelegramID int                `json:"telegram_id,omitempty" doc:"Of the message of a post."`
	CreatedAt  time.Time          `json:"created_at"`
	FinishedAt *time.Time         `json:"finished_at,omitempty"`
	RequestBy  bridge.KeyID       `json:"requested_by,omitempty"`
}

// actionList is a page of actions.
type actionList struct {
	Actions []actionView `json:"actions"`
	Next    string       `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

const (
	rampsTag = "Ramps"
	rampPart = "/v1/ramps/{ramp}"
)

func (s *Server) registerRamps() {
	register(s, operation{
		method: http.MethodPost, path: "/v1/ramps", id: "create-ramp", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Make a ramp for new accounts", status: http.StatusCreated,
		detail: "What its accounts may do grows from day to day by the plan. Joins and posts that it is given wait their turn; nothing else is done.",
	}, func(ctx context.Context, in *body[newRamp]) (*body[rampView], error) {
		return rampAnswer(s.o.Ramps.Create(ctx, in.Body.Name, in.Body.plan(), in.Body.Accounts, callerOf(ctx).KeyID()))
	})
	register(s, operation{
		method: http.MethodGet, path: "/v1/ramps", id: "list-ramps", tag: rampsTag, scope: ScopeAccountsRead, whole: true,
		summary: "List the ramps",
	}, s.listRamps)
	register(s, operation{
		method: http.MethodGet, path: rampPart, id: "get-ramp", tag: rampsTag, scope: ScopeAccountsRead, whole: true,
		summary: "Show a ramp",
	}, func(ctx context.Context, in *RampPath) (*body[rampView], error) {
		return rampAnswer(s.o.Ramps.Ramp(ctx, in.Ramp))
	})
	register(s, operation{
		method: http.MethodPut, path: rampPart, id: "update-ramp", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Change a ramp", detail: "Its accounts stay at the day that they are at.",
	}, func(ctx context.Context, in *struct {
		RampPath
		Body RampBody
	}) (*body[rampView], error) {
		return rampAnswer(s.o.Ramps.Update(ctx, in.Ramp, in.Body.Name, in.Body.plan()))
	})
	register(s, operation{
		method: http.MethodPost, path: rampPart + "/pause", id: "pause-ramp", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Pause a ramp", detail: "Nothing of it goes, and the days until it is resumed do not count.",
	}, func(ctx context.Context, in *RampPath) (*body[rampView], error) {
		return rampAnswer(s.o.Ramps.Pause(ctx, in.Ramp))
	})
	register(s, operation{
		method: http.MethodPost, path: rampPart + "/resume", id: "resume-ramp", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Resume a ramp",
	}, func(ctx context.Context, in *RampPath) (*body[rampView], error) {
		return rampAnswer(s.o.Ramps.Resume(ctx, in.Ramp))
	})
	register(s, operation{
		method: http.MethodDelete, path: rampPart, id: "delete-ramp", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Delete a ramp", detail: "What it has queued is canceled. Its accounts stay.", status: http.StatusNoContent,
	}, func(ctx context.Context, in *RampPath) (*nothing, error) { return nil, s.o.Ramps.Delete(ctx, in.Ramp) })
	s.registerRampMembers()
	s.registerRampActions()
}

func (s *Server) registerRampMembers() {
	const one = rampPart + "/accounts/{account}"
	register(s, operation{
		method: http.MethodGet, path: rampPart + "/accounts", id: "list-ramp-accounts", tag: rampsTag, scope: ScopeAccountsRead, whole: true,
		summary: "Show how far the accounts of a ramp have come",
	}, s.listRampMembers)
	register(s, operation{
		method: http.MethodPut, path: one, id: "add-ramp-account", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Put an account on a ramp", status: http.StatusNoContent,
		detail: "Its first day is today. An account is on one ramp at most.",
	}, func(ctx context.Context, in *rampMember) (*nothing, error) {
		return nil, s.o.Ramps.AddMember(ctx, in.Ramp, in.Account)
	})
	register(s, operation{
		method: http.MethodDelete, path: one, id: "remove-ramp-account", tag: rampsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Take an account off a ramp", detail: "What it has queued there is canceled.", status: http.StatusNoContent,
	}, func(ctx context.Context, in *rampMember) (*nothing, error) {
		return nil, s.o.Ramps.RemoveMember(ctx, in.Ramp, in.Account)
	})
}

func (s *Server) registerRampActions() {
	const path = rampPart + "/actions"
	register(s, operation{
		method: http.MethodPost, path: path, id: "queue-actions", tag: rampsTag, scope: ScopeMessagesSend, whole: true,
		summary: "Queue joins, posts and leaves", status: http.StatusAccepted,
		detail: "All of them or, where anything is wrong with one, none. Those of one account and target are done in their order; what follows a join that failed fails too.",
	}, s.queueActions)
	register(s, operation{
		method: http.MethodGet, path: path, id: "list-actions", tag: rampsTag, scope: ScopeAccountsRead, whole: true,
		summary: "List the actions of a ramp", detail: "In the order in which they were given.",
	}, s.listActions)
	register(s, operation{
		method: http.MethodDelete, path: path + "/{action}", id: "cancel-action", tag: rampsTag, scope: ScopeMessagesSend, whole: true,
		summary: "Cancel an action that has not been started", status: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		RampPath
		Action bridge.ActionID `path:"action" pattern:"^act_[0-9A-HJKMNP-TV-Z]{26}$"`
	}) (*nothing, error) {
		return nil, s.o.Ramps.Cancel(ctx, in.Ramp, in.Action)
	})
}

func (s *Server) listRamps(ctx context.Context, in *Page) (*body[rampList], error) {
	ramps, err := s.o.Ramps.List(ctx, bridge.RampID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	next := nextOf(ramps, in.Limit, func(r *bridge.Ramp) bridge.RampID { return r.ID })
	return &body[rampList]{rampList{viewsOf(ramps, viewOfRamp), next}}, nil
}

func (s *Server) listRampMembers(ctx context.Context, in *RampPath) (*body[rampAccounts], error) {
	members, err := s.o.Ramps.Members(ctx, in.Ramp)
	if err != nil {
		return nil, err
	}
	return &body[rampAccounts]{rampAccounts{viewsOf(members, viewOfRampAccount)}}, nil
}

func viewOfRampAccount(m bridge.RampAccount) rampAccount {
	a := rampAccount{AccountID: m.AccountID, StartsOn: m.StartsOn, Day: m.Day}
	for _, w := range m.Work {
		p := rampProgress{Kind: w.Kind, Counts: w.Counts, NextAt: timeOf(w.Next), LastAt: timeOf(w.Last)}
		if w.Today >= 0 {
			p.Today = &w.Today
		}
		a.Work = append(a.Work, p)
	}
	return a
}

func (s *Server) queueActions(ctx context.Context, in *struct {
	RampPath
	Idempotency
	Body newActions
}) (*body[actionList], error) {
	work := make([]bridge.RampWork, len(in.Body.Actions))
	for i, a := range in.Body.Actions {
		work[i] = bridge.RampWork{Kind: a.Kind, Target: a.Target, AccountID: a.Account, Each: a.Each, NotBefore: a.NotBefore}
		if a.Post != nil {
			work[i].Content = a.Post.content()
		}
	}
	actions, err := s.o.Ramps.Queue(ctx, in.Ramp, work, callerOf(ctx).KeyID(), in.Key)
	if err != nil {
		return nil, err
	}
	return &body[actionList]{actionList{Actions: viewsOf(actions, viewOfAction)}}, nil
}

func viewOfAction(a *bridge.QueuedAction) actionView {
	return actionView{
		ID: a.ID, AccountID: a.AccountID, Kind: a.Kind, Target: a.Target, State: a.State, Text: a.Content.Text,
		NotBefore: timeOf(a.NotBefore), Attempts: a.Attempts, Error: a.Error, TelegramID: a.TelegramID,
		CreatedAt: a.CreatedAt, FinishedAt: timeOf(a.FinishedAt), RequestBy: a.RequestBy,
	}
}

func (s *Server) listActions(ctx context.Context, in *struct {
	RampPath
	Page
}) (*body[actionList], error) {
	actions, err := s.o.Ramps.Actions(ctx, in.Ramp, bridge.ActionID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	next := nextOf(actions, in.Limit, func(a *bridge.QueuedAction) bridge.ActionID { return a.ID })
	return &body[actionList]{actionList{viewsOf(actions, viewOfAction), next}}, nil
}

package httpapi

import (
	"context"
	"net/http"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/budget"
)

// Budgets is what can be done with the budgets of accounts. Errors are
// *bridge.Error.
type Budgets interface {
	// Budget returns an account's budget, with the whole plan, and how it stands
	// with each kind of action.
	Budget(ctx context.Context, id bridge.AccountID) (*budget.Budget, []budget.Report, error)
	SetPlan(ctx context.Context, id bridge.AccountID, zone string, plan bridge.BudgetPlan) error
}

// A budgetPlan is what an account may do.
type budgetPlan struct {
	TimeZone string            `json:"time_zone,omitempty" doc:"In which its days and hours are, by IANA's name; UTC if empty. A new one holds from the next midnight of the old one on." example:"Europe/Berlin"`
	Plan     bridge.BudgetPlan `json:"plan" doc:"By kind: messages, first_messages, posts, joins, lookups, participants, history. Those that are missing have the defaults. limits are by minute, hour and day."`
}

// A budgetView is what an account may do, and how it stands with it.
type budgetView struct {
	TimeZone string       `json:"time_zone"`
	Budgets  []budgetKind `json:"budgets"`
}

// A budgetKind is how an account stands with one kind of action.
type budgetKind struct {
	Kind     bridge.BudgetKind `json:"kind" enum:"messages,first_messages,posts,joins,lookups,participants,history"`
	Limits   []budgetLimit     `json:"limits"`
	Spacing  int               `json:"spacing_seconds,omitempty" doc:"At least between one and the next."`
	Hours    *bridge.Hours     `json:"hours,omitempty" doc:"Of the day, in which they go."`
	NextAt   *time.Time        `json:"next_at,omitempty" doc:"When the next one may go; missing: not by the present plan."`
	WaitsFor budget.Reason     `json:"waits_for,omitempty" doc:"Why not now." enum:"minute,hour,day,spacing,hours,ramp,flood_wait,not_allowed"`
	HeldTill *time.Time        `json:"held_until,omitempty" doc:"When Telegram lets it do this again."`
	Today    int               `json:"left_today" doc:"How many can still go before the day ends."`
	RampDay  *int              `json:"ramp_day,omitempty" doc:"Which day of its ramp it is, from 0, if the ramp limits this today."`
	AheadAt  *time.Time        `json:"ahead_at,omitempty" doc:"When as many as ahead asks for will have been able to go."`
}

// A budgetLimit is how an account stands with one limit.
type budgetLimit struct {
	Window  bridge.Window `json:"window" enum:"minute,hour,day"`
	Limit   *int          `json:"limit,omitempty" doc:"Missing: none."`
	Source  budget.Source `json:"source,omitempty" doc:"Where the limit comes from." enum:"plan,learned,ramp"`
	Used    int           `json:"used"`
	Left    *int          `json:"left,omitempty"`
	FreesAt *time.Time    `json:"frees_at,omitempty" doc:"When the next one stops counting."`
}

const budgetsTag = "Budgets"

func (s *Server) registerBudgets() {
	const path = accountPart + "/budget"
	register(s, operation{
		method: http.MethodGet, path: path, id: "get-budget", tag: budgetsTag, scope: ScopeAccountsRead,
		summary: "Show what an account may do, and when",
		detail:  "What is planned, what flood waits have taught, what its ramp has for today, what is used and what is left.",
	}, s.getBudget)
	register(s, operation{
		method: http.MethodPut, path: path, id: "set-budget", tag: budgetsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Set what an account may do",
		detail:  "The plan replaces the one before. What flood waits have taught stays, and is never more than the plan.",
	}, func(ctx context.Context, in *struct {
		AccountPath
		Body budgetPlan
	}) (*body[budgetView], error) {
		if err := s.o.Budgets.SetPlan(ctx, in.Account, in.Body.TimeZone, in.Body.Plan); err != nil {
			return nil, err
		}
		return s.getBudget(ctx, &budgetQuery{AccountPath: in.AccountPath})
	})
}

// budgetQuery asks for a budget.
type budgetQuery struct {
	AccountPath
	Ahead int `query:"ahead" doc:"Forecast when so many of each kind will have been able to go." minimum:"0" maximum:"1000"`
}

func (s *Server) getBudget(ctx context.Context, in *budgetQuery) (*body[budgetView], error) {
	b, reports, err := s.o.Budgets.Budget(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	v := budgetView{TimeZone: b.Zone.String()}
	for _, r := range reports {
		k := budgetKind{
			Kind: r.Kind, Spacing: int(r.Spacing / time.Second), Hours: b.Plan[r.Kind].Hours, NextAt: timeOf(r.Next.At),
			WaitsFor: r.Next.Reason, HeldTill: timeOf(r.Held), Today: r.Today,
		}
		if r.RampDay >= 0 {
			k.RampDay = &r.RampDay
		}
		if in.Ahead > 0 {
			k.AheadAt = timeOf(b.Forecast(r.Kind, in.Ahead, s.o.Now()).At)
		}
		for _, w := range r.Windows {
			l := budgetLimit{Window: w.Window, Used: w.Used, FreesAt: timeOf(w.Frees)}
			if w.Limit.Set {
				l.Limit, l.Left, l.Source = &w.Limit.Count, &w.Left, w.Limit.Source
			}
			k.Limits = append(k.Limits, l)
		}
		v.Budgets = append(v.Budgets, k)
	}
	return &body[budgetView]{v}, nil
}

// timeOf returns a time as JSON has it: the zero time is missing.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

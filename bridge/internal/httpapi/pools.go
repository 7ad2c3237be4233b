package httpapi

import (
	"context"
	"net/http"
	"time"

	"godwit/bridge"
)

// Pools is what can be done with pools of accounts. Errors are *bridge.Error.
type Pools interface {
	Create(ctx context.Context, name string, policy bridge.PoolPolicy) (*bridge.Pool, error)
	Pool(ctx context.Context, id bridge.PoolID) (*bridge.Pool, error)
	List(ctx context.Context, after bridge.PoolID, limit int) ([]*bridge.Pool, error)
	Update(ctx context.Context, id bridge.PoolID, name string, policy bridge.PoolPolicy) (*bridge.Pool, error)
	Delete(ctx context.Context, id bridge.PoolID) error

	Members(ctx context.Context, id bridge.PoolID) ([]bridge.PoolMember, error)
	AddMember(ctx context.Context, id bridge.PoolID, account bridge.AccountID) error
	RemoveMember(ctx context.Context, id bridge.PoolID, account bridge.AccountID) error

	// Give has an account of the pool send a message. Repeated with an idempotency
	// key, which may be empty, it does nothing and answers the same.
	Give(ctx context.Context, id bridge.PoolID, m bridge.PoolMessage, idempotencyKey string) (*bridge.PoolReceipt, error)
}

// A newPool is a pool as its operator describes it.
type newPool struct {
	Name          string         `json:"name" doc:"What its operator calls it." minLength:"1" maxLength:"200" example:"Sales"`
	FirstMessages *int           `json:"first_messages_per_person,omitempty" doc:"How many messages the accounts, all together, may write to a person who has not answered. 1 if missing." minimum:"0" maximum:"5"`
	HandOver      []bridge.State `json:"hand_over,omitempty" doc:"Of accounts in which states the conversations go to another one, if the person wrote first." enum:"banned,restricted" nullable:"false"`
}

func (n newPool) policy() bridge.PoolPolicy {
	p := bridge.PoolPolicy{FirstMessages: bridge.DefaultFirstMessages, HandOver: n.HandOver}
	if n.FirstMessages != nil {
		p.FirstMessages = *n.FirstMessages
	}
	return p
}

// A poolView is a pool as the API shows it.
type poolView struct {
	ID            bridge.PoolID  `json:"id" example:"pool_01KB0000000000000000000000"`
	Name          string         `json:"name"`
	FirstMessages int            `json:"first_messages_per_person"`
	HandOver      []bridge.State `json:"hand_over"`
	CreatedAt     time.Time      `json:"created_at"`
}

func viewOfPool(p *bridge.Pool) poolView {
	return poolView{p.ID, p.Name, p.Policy.FirstMessages, append([]bridge.State{}, p.Policy.HandOver...), p.CreatedAt}
}

// A PoolPath is what requests about a pool begin with.
type PoolPath struct {
	Pool bridge.PoolID `path:"pool" doc:"The pool's id." pattern:"^pool_[0-9A-HJKMNP-TV-Z]{26}$"`
}

// poolMember names an account of a pool.
type poolMember struct {
	PoolPath
	AccountPath
}

// poolList is a page of pools.
type poolList struct {
	Pools []poolView `json:"pools"`
	Next  string     `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

// A memberView is how an account of a pool stands.
type memberView struct {
	AccountID bridge.AccountID `json:"account_id"`
	State     bridge.State     `json:"state"`
	Queued    int              `json:"queued" doc:"First messages that wait."`
	NextAt    *time.Time       `json:"next_at,omitempty" doc:"When it may write the next one to a new person, after those that wait; missing: not by its present plan."`
	Today     int              `json:"left_today" doc:"How many more it may today, those that wait among them."`
}

// memberList is the accounts of a pool.
type memberList struct {
	Accounts []memberView `json:"accounts"`
}

// A PostText is what is to be written.
type PostText struct {
	Text     string          `json:"text" minLength:"1" maxLength:"4096"`
	Entities []bridge.Entity `json:"entities,omitempty" doc:"How parts of the text are shown, in UTF-16 code units." nullable:"false"`
	Silent   bool            `json:"silent,omitempty" doc:"Without a sound."`
}

func (p PostText) content() bridge.Content {
	return bridge.Content{Text: p.Text, Entities: p.Entities, Silent: p.Silent}
}

// A poolMessage is a message that is given to a pool.
type poolMessage struct {
	To bridge.Person `json:"to" doc:"By what is known of the person; any of it is enough."`
	PostText
	Priority string    `json:"priority,omitempty" enum:"conversation,bulk,backfill" default:"conversation" doc:"Which of the account's messages go first."`
	SendAt   time.Time `json:"send_at,omitzero" doc:"Not before; at once if it is missing."`
}

// A receipt is what became of a message that was given to a pool.
type receipt struct {
	ID       bridge.MessageID        `json:"id" example:"msg_01KB0000000000000000000000"`
	Account  bridge.AccountID        `json:"account_id" doc:"Which account sends it."`
	Reason   bridge.AssignmentReason `json:"reason" doc:"Why that one." enum:"theirs,acquainted,has_budget,handed_over"`
	Budget   bridge.BudgetKind       `json:"budget" doc:"What it is taken from." enum:"messages,first_messages"`
	Earliest *time.Time              `json:"earliest_send_at,omitempty" doc:"As the account's budget is now; missing: not by its present plan."`
}

const (
	poolsTag = "Pools"
	poolPart = "/v1/pools/{pool}"
)

func (s *Server) registerPools() {
	register(s, operation{
		method: http.MethodPost, path: "/v1/pools", id: "create-pool", tag: poolsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Make a pool of accounts", status: http.StatusCreated,
		detail: "What is given to a pool is done by the account that it falls to: the one that knows the person, or, where none does, the one whose budget lets it do so first.",
	}, func(ctx context.Context, in *body[newPool]) (*body[poolView], error) {
		return poolAnswer(s.o.Pools.Create(ctx, in.Body.Name, in.Body.policy()))
	})
	register(s, operation{
		method: http.MethodGet, path: "/v1/pools", id: "list-pools", tag: poolsTag, scope: ScopeAccountsRead, whole: true,
		summary: "List the pools",
	}, s.listPools)
	register(s, operation{
		method: http.MethodGet, path: poolPart, id: "get-pool", tag: poolsTag, scope: ScopeAccountsRead, whole: true,
		summary: "Show a pool",
	}, func(ctx context.Context, in *PoolPath) (*body[poolView], error) {
		return poolAnswer(s.o.Pools.Pool(ctx, in.Pool))
	})
	register(s, operation{
		method: http.MethodPut, path: poolPart, id: "update-pool", tag: poolsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Change a pool",
	}, func(ctx context.Context, in *struct {
		PoolPath
		Body newPool
	}) (*body[poolView], error) {
		return poolAnswer(s.o.Pools.Update(ctx, in.Pool, in.Body.Name, in.Body.policy()))
	})
	register(s, operation{
		method: http.MethodDelete, path: poolPart, id: "delete-pool", tag: poolsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Delete a pool", status: http.StatusNoContent,
		detail: "Its accounts stay. What it knew of people, and how often they were written to, is forgotten.",
	}, func(ctx context.Context, in *PoolPath) (*nothing, error) { return nil, s.o.Pools.Delete(ctx, in.Pool) })
	s.registerPoolMembers()
}

func (s *Server) registerPoolMembers() {
	const one = poolPart + "/accounts/{account}"
	register(s, operation{
		method: http.MethodGet, path: poolPart + "/accounts", id: "list-pool-accounts", tag: poolsTag, scope: ScopeAccountsRead, whole: true,
		summary: "Show how the accounts of a pool stand",
	}, s.listPoolMembers)
	register(s, operation{
		method: http.MethodPut, path: one, id: "add-pool-account", tag: poolsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Add an account to a pool", detail: "An account is in one pool at most.", status: http.StatusNoContent,
	}, func(ctx context.Context, in *poolMember) (*nothing, error) {
		return nil, s.o.Pools.AddMember(ctx, in.Pool, in.Account)
	})
	register(s, operation{
		method: http.MethodDelete, path: one, id: "remove-pool-account", tag: poolsTag, scope: ScopeAccountsWrite, whole: true,
		summary: "Take an account out of a pool", status: http.StatusNoContent,
		detail: "To whom it has written stays known there, so that others of the pool do not write to them too.",
	}, func(ctx context.Context, in *poolMember) (*nothing, error) {
		return nil, s.o.Pools.RemoveMember(ctx, in.Pool, in.Account)
	})
	register(s, operation{
		method: http.MethodPost, path: poolPart + "/messages", id: "give-to-pool", tag: poolsTag, scope: ScopeMessagesSend, whole: true,
		summary: "Have an account of a pool write to a person", status: http.StatusAccepted,
		detail: "A person stays with the account that knows them. A first message that an account cannot send is never given to another one.",
	}, s.giveToPool)
}

var poolAnswer = answerBy(viewOfPool)

func (s *Server) listPools(ctx context.Context, in *Page) (*body[poolList], error) {
	pools, err := s.o.Pools.List(ctx, bridge.PoolID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	next := nextOf(pools, in.Limit, func(p *bridge.Pool) bridge.PoolID { return p.ID })
	return &body[poolList]{poolList{viewsOf(pools, viewOfPool), next}}, nil
}

func (s *Server) listPoolMembers(ctx context.Context, in *PoolPath) (*body[memberList], error) {
	members, err := s.o.Pools.Members(ctx, in.Pool)
	if err != nil {
		return nil, err
	}
	return &body[memberList]{memberList{viewsOf(members, func(m bridge.PoolMember) memberView {
		return memberView{m.AccountID, m.State, m.Queued, timeOf(m.Next), m.Today}
	})}}, nil
}

func (s *Server) giveToPool(ctx context.Context, in *struct {
	PoolPath
	Idempotency
	Body poolMessage
}) (*body[receipt], error) {
	m := bridge.PoolMessage{
		Person: in.Body.To, Content: in.Body.content(), Priority: priorities[in.Body.Priority], NotBefore: in.Body.SendAt,
		RequestBy: callerOf(ctx).KeyID(),
	}
	r, err := s.o.Pools.Give(ctx, in.Pool, m, in.Key)
	if err != nil {
		return nil, err
	}
	a := r.Assignment
	return &body[receipt]{receipt{r.MessageID, a.Account, a.Reason, a.Kind, timeOf(a.At)}}, nil
}

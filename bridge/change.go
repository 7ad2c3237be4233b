package bridge

import "time"

// AccountChange is the data of events about accounts.
type AccountChange struct {
	State    State     `json:"state"`
	Cause    Kind      `json:"cause"`
	Error    string    `json:"error,omitempty"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"`
	Method   string    `json:"method,omitempty"`
	Chat     int64     `json:"chat,omitempty"`
	WhatToDo string    `json:"what_to_do,omitempty"`
	// LoginLinks is where POST makes a login link, with an API key, while the
	// account has to be signed in. The link itself is no part of an event: it is a
	// secret, and events are stored, shown and sent to others.
	LoginLinks string `json:"login_links,omitempty"`
}

// ChangeOf returns what is told of an account that has come to its status by a
// cause.
func ChangeOf(a *Account, c Cause) AccountChange {
	s := a.Status
	change := AccountChange{
		State: s.State, Cause: c.Kind, Error: c.Error, Since: s.Since, Until: s.Until,
		Method: c.Scope.Method, Chat: c.Scope.Chat, WhatToDo: s.WhatToDo(),
	}
	switch s.State {
	case New, SignedOut, LoginRequired:
		change.LoginLinks = "/v1/accounts/" + string(a.ID) + "/login-links"
	}
	return change
}

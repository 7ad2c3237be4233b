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
}

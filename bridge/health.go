package bridge

import "time"

// Health is what is known of how an account is. Times that are zero are of what
// has not happened since the node began to run it.
type Health struct {
	State      State     `json:"state"`
	Since      time.Time `json:"since"`
	Node       string    `json:"node,omitempty"`
	Connected  bool      `json:"connected" doc:"There is a connection that Telegram has answered on."`
	LastPong   time.Time `json:"last_pong,omitzero" doc:"When Telegram last answered anything."`
	LastUpdate time.Time `json:"last_update,omitzero" doc:"When the last update was stored."`
	// PTSLag is how many updates Telegram is known to have that are not stored.
	PTSLag        int       `json:"pts_lag"`
	Queued        int       `json:"queued" doc:"How many messages are to be sent."`
	OldestUnsent  time.Time `json:"oldest_unsent,omitzero" doc:"Since when the oldest of them has been due."`
	Waits         []Wait    `json:"waits,omitempty" doc:"What Telegram wants later."`
	CredentialsAt time.Time `json:"credentials_at,omitzero" doc:"When the session blob was last stored."`
}

// A Wait is something that Telegram wants later.
type Wait struct {
	Method string    `json:"method"`
	Chat   int64     `json:"chat,omitempty"`
	Until  time.Time `json:"until"`
}

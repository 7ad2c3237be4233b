package bridge

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// An Actor is who asked for something: the id of an API key, or one of the
// others.
type Actor string

// Those who ask without an API key.
const (
	OperatorActor Actor = "operator" // at the command line
	DaemonActor   Actor = "daemon"   // by itself, because of what a person or Telegram did
)

// ActorOf returns who the bearer of an API key is.
func ActorOf(id KeyID) Actor { return Actor(id) }

// An AuditEntry is one thing that somebody asked for. Entries are never changed
// or deleted.
type AuditEntry struct {
	ID        AuditID         `json:"id"`
	At        time.Time       `json:"at"`
	Actor     Actor           `json:"actor"`
	Action    string          `json:"action"`               // what, such as key.create
	AccountID AccountID       `json:"account_id,omitempty"` // on which account
	Subject   string          `json:"subject,omitempty"`    // the id of what else it was done to
	RequestID string          `json:"request_id,omitempty"` // as the response carried it
	Detail    json.RawMessage `json:"detail,omitempty"`     // an object, which holds no secrets
}

// The actions of operators. Those of the HTTP API have the id of the operation.
const (
	AuditKeyCreate      = "key.create"
	AuditKeyRevoke      = "key.revoke"
	AuditKeysRotate     = "keys.rotate"
	AuditKeysShred      = "keys.shred"
	AuditSuppress       = "suppression.add"
	AuditSuppressImport = "suppression.import"
	AuditUnsuppress     = "suppression.remove"
)

// maxAuditDetail is how long the detail of an entry may be, in bytes.
const maxAuditDetail = 8 << 10

// secretFields are the names of fields that no detail has, in lower case and
// without underscores.
var secretFields = []string{
	"password", "code", "token", "secret", "authkey", "session", "key", "apihash", "hash", "phonecodehash", "blob", "credentials",
}

// Check returns an error that names what is wrong with an entry. It is not for
// users: a mistake is the daemon's own.
func (e *AuditEntry) Check() error {
	switch {
	case e.Actor == "" || e.Action == "":
		return Errorf(CodeInternal, "An audit entry says neither who nor what.")
	case len(e.Detail) > maxAuditDetail:
		return Errorf(CodeInternal, "The detail of an audit entry for %s has %d bytes.", e.Action, len(e.Detail))
	case len(e.Detail) == 0:
		return nil
	}
	var detail map[string]any
	if err := json.Unmarshal(e.Detail, &detail); err != nil || detail == nil {
		return Errorf(CodeInternal, "The detail of an audit entry for %s is not a JSON object.", e.Action)
	}
	if name := secretIn(detail); name != "" {
		return Errorf(CodeInternal, "The detail of an audit entry for %s has a field %q, which may be secret.", e.Action, name)
	}
	return nil
}

// secretIn returns the name of a field that no detail has, at any depth.
func secretIn(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if slices.Contains(secretFields, strings.ToLower(strings.ReplaceAll(name, "_", ""))) {
				return name
			}
			if found := secretIn(value); found != "" {
				return found
			}
		}
	case []any:
		for _, value := range v {
			if found := secretIn(value); found != "" {
				return found
			}
		}
	}
	return ""
}

package bridge

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// The names of things. Each is a prefix that says what kind of thing it is, and
// a ULID, so that what was made later sorts later (https://github.com/ulid/spec).
type (
	// AccountID names an account: acc_…
	AccountID string
	// PoolID names a pool of accounts: pool_…
	PoolID string
	// ConversationID names a conversation of an account: conv_…
	ConversationID string
	// MessageID names a message, sent or received: msg_…
	MessageID string
	// EventID names an event: evt_…
	EventID string
	// KeyID names an API key, which it does not give away: key_…
	KeyID string
	// WebhookID names a webhook: hook_…
	WebhookID string
	// RampID names a ramp: ramp_…
	RampID string
	// ActionID names a queued action: act_…
	ActionID string
	// UploadID names a file that is to be sent: upl_…
	UploadID string
	// AuditID names an entry of the audit log: aud_…
	AuditID string
	// SuppressionID names an entry of the suppression list: sup_…
	SuppressionID string
	// ExportID names an export of the members of a group: exp_…
	ExportID string
)

// A name is any of the types of names.
type name interface {
	AccountID | PoolID | ConversationID | MessageID | EventID | KeyID | WebhookID | RampID | ActionID | UploadID |
		AuditID | SuppressionID | ExportID
}

func prefixOf[T name]() string {
	switch any(T("")).(type) {
	case AccountID:
		return "acc_"
	case PoolID:
		return "pool_"
	case ConversationID:
		return "conv_"
	case MessageID:
		return "msg_"
	case EventID:
		return "evt_"
	case WebhookID:
		return "hook_"
	case RampID:
		return "ramp_"
	case ActionID:
		return "act_"
	case UploadID:
		return "upl_"
	case AuditID:
		return "aud_"
	case SuppressionID:
		return "sup_"
	case ExportID:
		return "exp_"
	}
	return "key_"
}

// NewID returns the name of something made at a time. Entropy gives 10 random
// bytes; from [MonotonicEntropy], names of the same millisecond sort in the order
// in which they were made.
func NewID[T name](at time.Time, entropy io.Reader) (T, error) {
	id, err := ulid.New(ulid.Timestamp(at), entropy)
	if err != nil {
		return "", fmt.Errorf("bridge: a new id: %w", err)
	}
	return T(prefixOf[T]() + id.String()), nil
}

// NewIDAfter is as NewID, but for a name that sorts after another one, if that is not
// empty: the clock by which that was made may have been ahead.
func NewIDAfter[T name](last T, at time.Time, entropy io.Reader) (T, error) {
	id, err := NewID[T](at, entropy)
	if err != nil || id > last {
		return id, err
	}
	made, err := ulid.ParseStrict(strings.TrimPrefix(string(last), prefixOf[T]()))
	if err != nil {
		return "", fmt.Errorf("bridge: a new id after %q: %w", last, err)
	}
	return NewID[T](ulid.Time(made.Time()).Add(time.Millisecond), entropy)
}

// MonotonicEntropy returns entropy from which NewID makes names that sort in the
// order in which they were made. It is for NewID alone, which may use it
// concurrently if entropy can be.
func MonotonicEntropy(entropy io.Reader) io.Reader {
	return &ulid.LockedMonotonicReader{MonotonicReader: ulid.Monotonic(entropy, 0)}
}

// NewRandomID returns a number by which Telegram tells repetitions of a message,
// which is never 0. Entropy gives 8 random bytes.
func NewRandomID(entropy io.Reader) (int64, error) {
	var b [8]byte
	if _, err := io.ReadFull(entropy, b[:]); err != nil {
		return 0, fmt.Errorf("bridge: a new random id: %w", err)
	}
	return int64(binary.BigEndian.Uint64(b[:]) | 1), nil
}

// ParseID returns the name that a text is, or an error that says what is wrong
// with it.
func ParseID[T name](s string) (T, error) {
	prefix := prefixOf[T]()
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return "", fmt.Errorf("%q is no id: it does not begin with %s", s, prefix)
	}
	id, err := ulid.ParseStrict(rest)
	if err != nil || id.String() != rest {
		return "", fmt.Errorf("%q is no id: it is not %s and 26 letters and digits of a ULID", s, prefix)
	}
	return T(s), nil
}

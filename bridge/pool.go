package bridge

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Pool is a group of accounts that share their work: what is given to the pool
// is done by whichever of them it falls to.
type Pool struct {
	ID        PoolID
	Name      string // what its operator calls it
	Policy    PoolPolicy
	CreatedAt time.Time
}

// A PoolPolicy is what a pool's operator allows.
type PoolPolicy struct {
	// FirstMessages is how many messages the accounts of the pool, all of them
	// together, may write to a person who has not answered.
	FirstMessages int `json:"first_messages_per_person"`
	// HandOver are the states of accounts, banned and restricted, whose
	// conversations are offered to others of the pool, if the person wrote first.
	// Empty: those of none.
	HandOver []State `json:"hand_over,omitempty"`
}

// DefaultFirstMessages is how many messages a pool writes to a person who has
// not answered, unless its operator says otherwise.
const DefaultFirstMessages = 1

// Check returns an error of CodeInvalidRequest that names what is wrong with a
// policy.
func (p PoolPolicy) Check() error {
	if p.FirstMessages < 0 || p.FirstMessages > 5 {
		return Errorf(CodeInvalidRequest, "first_messages_per_person is %d; it can be 0 to 5.", p.FirstMessages)
	}
	for _, s := range p.HandOver {
		if s != Banned && s != Restricted {
			return Errorf(CodeInvalidRequest, "hand_over names %q; it can name banned and restricted.", s)
		}
	}
	return nil
}

// HandsOver reports whether conversations of accounts in a state are offered to
// others.
func (p PoolPolicy) HandsOver(s State) bool { return slices.Contains(p.HandOver, s) }

// A PersonKey is one of the things that a person is known by: user:ID, the id at
// Telegram, phone:DIGITS or username:NAME in lower case.
type PersonKey string

// A Person is somebody to write to, by any of the things that they are known by.
type Person struct {
	UserID   int64  `json:"user_id,omitempty"`
	Phone    string `json:"phone,omitempty"`    // digits alone, or with + and spaces
	Username string `json:"username,omitempty"` // with or without @
}

// Keys returns what the person is known by, the surest first, or an error of
// CodeInvalidRequest if that is nothing, or nothing that it can be.
func (p Person) Keys() ([]PersonKey, error) {
	var keys []PersonKey
	if p.UserID < 0 {
		return nil, Errorf(CodeInvalidRequest, "user_id %d is not the id of a person.", p.UserID)
	}
	if p.UserID > 0 {
		keys = append(keys, PersonKey("user:"+strconv.FormatInt(p.UserID, 10)))
	}
	if p.Phone != "" {
		digits := strings.Map(func(r rune) rune {
			if strings.ContainsRune("+ -()", r) {
				return -1
			}
			return r
		}, p.Phone)
		if len(digits) < 5 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			return nil, Errorf(CodeInvalidRequest, "phone %q is not a number of 5 to 15 digits.", p.Phone)
		}
		keys = append(keys, PersonKey("phone:"+digits))
	}
	if p.Username != "" {
		name := strings.ToLower(strings.TrimPrefix(p.Username, "@"))
		if !isUsername(name) {
			return nil, Errorf(CodeInvalidRequest, "username %q is not one of Telegram's.", p.Username)
		}
		keys = append(keys, PersonKey("username:"+name))
	}
	if len(keys) == 0 {
		return nil, Errorf(CodeInvalidRequest, "The person has neither user_id nor phone nor username.")
	}
	return keys, nil
}

// isUsername reports whether a name in lower case is a username: 4 to 32
// letters, digits and underscores, of which the first is a letter
// (https://core.telegram.org/method/account.checkUsername, and collectible ones
// from 4 characters on).
func isUsername(name string) bool {
	return len(name) >= 4 && len(name) <= 32 && name[0] >= 'a' && name[0] <= 'z' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// An Assignment is which account of a pool does something.
type Assignment struct {
	Account AccountID
	Reason  AssignmentReason
	Kind    BudgetKind // what it spends
	At      time.Time  // when it may go; the zero time: not by the account's present plan
}

// First reports whether it is one of the messages to a person who has not
// answered.
func (a Assignment) First() bool { return a.Kind == BudgetFirstMessages }

// An AssignmentReason says why an account was chosen.
type AssignmentReason string

// The reasons.
const (
	Theirs     AssignmentReason = "theirs"      // the person is the account's
	Acquainted AssignmentReason = "acquainted"  // the account has a conversation with the person
	HasBudget  AssignmentReason = "has_budget"  // nobody knows the person, and its budget comes first
	HandedOver AssignmentReason = "handed_over" // from an account that Telegram has banned or restricted
)

// A PoolMessage is a message to a person that is given to a pool, or to an
// account of one.
type PoolMessage struct {
	Person    Person
	Content   Content
	Priority  Priority
	NotBefore time.Time // zero: at once
	RequestBy KeyID
}

// A PoolReceipt is what became of a message that was given to a pool.
type PoolReceipt struct {
	MessageID  MessageID
	Assignment Assignment
}

// A PoolMember is how an account of a pool stands.
type PoolMember struct {
	AccountID AccountID
	State     State
	Queued    int       // first messages that wait
	Next      time.Time // when it may write the next one to a new person; zero: not by its present plan
	Today     int       // how many more it may today, those that wait among them
}

// ParseTarget returns the written form of a group or channel of a
// [QueuedAction], from a username or a link (https://core.telegram.org/api/links).
// The error is of CodeInvalidRequest.
func ParseTarget(s string) (string, error) {
	rest, _ := strings.CutPrefix(strings.TrimSpace(s), "https://")
	rest, isLink := strings.CutPrefix(rest, "t.me/")
	if !isLink {
		rest, isLink = strings.CutPrefix(rest, "telegram.me/")
	}
	rest = strings.TrimSuffix(rest, "/")
	hash, isInvite := strings.CutPrefix(rest, "+")
	if old, ok := strings.CutPrefix(rest, "joinchat/"); ok && isLink {
		hash, isInvite = old, true
	}
	if isInvite {
		if len(hash) < 8 || len(hash) > 64 || strings.Trim(strings.ToLower(hash), "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return "", Errorf(CodeInvalidRequest, "%q is not an invitation.", s)
		}
		return "+" + hash, nil
	}
	name := strings.ToLower(strings.TrimPrefix(rest, "@"))
	if !isUsername(name) {
		return "", Errorf(CodeInvalidRequest, "%q is neither a username nor a link such as t.me/name or t.me/+hash.", s)
	}
	return name, nil
}

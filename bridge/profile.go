package bridge

import "time"

// A Profile is a person, bot, group or channel as an account sees it. What
// Telegram does not tell is empty.
type Profile struct {
	Peer      Peer   `json:"peer"`
	Title     string `json:"title,omitempty"` // of a group or channel; the whole name of a person
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Phone     string `json:"phone,omitempty"` // digits alone
	Bot       bool   `json:"bot,omitempty"`
	Deleted   bool   `json:"deleted,omitempty"` // the account is gone
	Premium   bool   `json:"premium,omitempty"`
	Verified  bool   `json:"verified,omitempty"` // by Telegram
	Contact   bool   `json:"contact,omitempty"`  // of the account
	Mutual    bool   `json:"mutual,omitempty"`   // and the account is a contact of theirs
	// BlockedAt is when the account has blocked them, in the list of those alone.
	BlockedAt time.Time `json:"blocked_at,omitzero"`
}

// A NewContact is somebody who is to be added to an account's contacts: a phone
// number, a username, or user:ID.
type NewContact struct {
	Who       Peer
	FirstName string
	LastName  string
}

// GroupKind is what sort of group something is.
type GroupKind string

// The kinds of groups.
const (
	BasicGroup     GroupKind = "basic"
	Supergroup     GroupKind = "supergroup"
	ForumGroup     GroupKind = "forum" // a supergroup with topics
	BroadcastGroup GroupKind = "channel"
	ForbiddenGroup GroupKind = "forbidden" // the account was removed, and sees no more of it
)

// A Group is a group or channel as an account sees it.
type Group struct {
	Peer     Peer      `json:"peer"`
	Kind     GroupKind `json:"kind"`
	Title    string    `json:"title"`
	Username string    `json:"username,omitempty"`
	Members  int       `json:"members,omitempty"` // that there are, as Telegram says; 0: it does not
	Role     string    `json:"role"`              // of the account: creator, admin, member, left, or banned

	// What follows is told of one group alone.

	About string `json:"about,omitempty"`
	// MembersHidden says that administrators alone see who is in it.
	MembersHidden bool `json:"members_hidden,omitempty"`
	// CanList says that the account may list and export the members.
	CanList bool `json:"can_list_members,omitempty"`
	// MovedTo is the supergroup that a basic group has become.
	MovedTo Peer `json:"moved_to,omitzero"`
}

package bridge

import (
	"slices"
	"time"
)

// An ExportState is how far an export has come.
type ExportState string

// The states. The last three are ends.
const (
	ExportQueued   ExportState = "queued"  // nothing has been fetched yet
	ExportRunning  ExportState = "running" // some has
	ExportDone     ExportState = "done"    // whether it is complete is another matter
	ExportFailed   ExportState = "failed"
	ExportCanceled ExportState = "canceled"
)

// Final reports whether no more work is done for an export in this state.
func (s ExportState) Final() bool { return s != ExportQueued && s != ExportRunning }

// A MemberList is which members of a group are wanted.
type MemberList string

// The lists. Kicked and Banned are for administrators of the group, and so are
// all of them in channels.
const (
	AllMembers     MemberList = "members"
	AdminMembers   MemberList = "admins"
	BotMembers     MemberList = "bots"
	ContactMembers MemberList = "contacts" // who are the account's contacts
	BannedMembers  MemberList = "banned"   // members and others who may not do everything
	KickedMembers  MemberList = "kicked"   // who may not come back
	FoundMembers   MemberList = "search"   // whose name or username begins with a query
)

// MemberLists are all lists.
var MemberLists = []MemberList{
	AllMembers, AdminMembers, BotMembers, ContactMembers, BannedMembers, KickedMembers, FoundMembers,
}

// An ExportGap is why an export does not hold everybody.
type ExportGap string

// The gaps.
const (
	NoGap         ExportGap = ""
	GapUnfinished ExportGap = "unfinished" // it has not come to its end
	GapLimit      ExportGap = "limit"      // there are more than Telegram shows
	GapShifted    ExportGap = "shifted"    // people came or went meanwhile, or Telegram's count is not exact
)

// An Export is a list of the members of a group, which is fetched in the
// background and kept for some time.
type Export struct {
	ID        ExportID   `json:"id"`
	AccountID AccountID  `json:"account_id"`
	Group     Peer       `json:"group"`
	Title     string     `json:"title,omitempty"` // of the group
	List      MemberList `json:"list"`
	Query     string     `json:"query,omitempty"`

	State ExportState `json:"state"`
	Seen  int         `json:"seen"`            // how many it holds
	Total int         `json:"total,omitempty"` // that there are, as Telegram says, which is not always exact
	Limit int         `json:"limit,omitempty"` // how many Telegram shows at most; 0: all
	Gap   ExportGap   `json:"gap,omitempty"`
	// Code and Error say why it has failed or, while it goes on, what it waits for.
	Code    Code      `json:"code,omitempty"`
	Error   string    `json:"error,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"` // when it is gone on with

	CreatedAt  time.Time `json:"created_at"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"` // when it is deleted, with all that it holds

	Offset    int   `json:"-"` // where Telegram is to be asked to go on
	RequestBy KeyID `json:"-"`
}

// ExportRetention is for how long an export is kept after its end.
const ExportRetention = 7 * 24 * time.Hour

// Check returns an error of CodeInvalidRequest that names what is wrong with an
// export that is asked for.
func (e *Export) Check() error {
	switch {
	case e.Group.Kind != GroupPeer && e.Group.Kind != ChannelPeer && e.Group.Kind != UsernamePeer:
		return Errorf(CodeInvalidRequest, "%s is no group: give @username, group:ID or channel:ID.", e.Group)
	case !slices.Contains(MemberLists, e.List):
		return Errorf(CodeInvalidRequest, "%q is no list of members: %v are.", e.List, MemberLists)
	case e.List == FoundMembers && e.Query == "":
		return Errorf(CodeInvalidRequest, "To search for members, a query is needed.")
	case e.Query != "" && (e.List == AllMembers || e.List == AdminMembers || e.List == BotMembers):
		return Errorf(CodeInvalidRequest, "A query does not go with the list %s; it does with search.", e.List)
	}
	return nil
}

// End ends an export at a time.
func (e *Export) End(s ExportState, at time.Time) {
	e.State, e.FinishedAt, e.RetryAt = s, at, time.Time{}
	e.ExpiresAt = at.Add(ExportRetention)
	if s == ExportDone {
		e.Code, e.Error = "", ""
	} else {
		e.Gap = GapUnfinished
	}
}

// A Member is somebody in a group, or who was, as an export holds them. What
// Telegram does not tell is empty.
type Member struct {
	Peer      Peer      `json:"peer"` // a user; who is banned can be a channel
	Username  string    `json:"username,omitempty"`
	FirstName string    `json:"first_name,omitempty"`
	LastName  string    `json:"last_name,omitempty"`
	Phone     string    `json:"phone,omitempty"` // digits alone
	Role      string    `json:"role"`            // member, admin, creator, restricted, kicked or left
	Title     string    `json:"title,omitempty"` // of an administrator
	JoinedAt  time.Time `json:"joined_at,omitzero"`
	By        int64     `json:"by,omitempty"` // user id of who has invited, promoted or banned
	Bot       bool      `json:"bot,omitempty"`
	Deleted   bool      `json:"deleted,omitempty"` // the account is gone
	Premium   bool      `json:"premium,omitempty"`
	Contact   bool      `json:"contact,omitempty"` // of the account that has made the export
}

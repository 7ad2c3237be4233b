// Code generated from openapi.json by bridge/client/generate. DO NOT EDIT.

package client

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"time"
)

// Defines values for AccountKind.
const (
	AccountKindBot  AccountKind = "bot"
	AccountKindUser AccountKind = "user"
)

// Defines values for ActionState.
const (
	ActionStateCanceled ActionState = "canceled"
	ActionStateDone     ActionState = "done"
	ActionStateFailed   ActionState = "failed"
	ActionStateQueued   ActionState = "queued"
	ActionStateRunning  ActionState = "running"
)

// Defines values for ActionKind.
const (
	ActionKindJoin  ActionKind = "join"
	ActionKindLeave ActionKind = "leave"
	ActionKindPost  ActionKind = "post"
)

// Defines values for BudgetKindKind.
const (
	BudgetKindKindFirstMessages BudgetKindKind = "first_messages"
	BudgetKindKindHistory       BudgetKindKind = "history"
	BudgetKindKindJoins         BudgetKindKind = "joins"
	BudgetKindKindLookups       BudgetKindKind = "lookups"
	BudgetKindKindMessages      BudgetKindKind = "messages"
	BudgetKindKindParticipants  BudgetKindKind = "participants"
	BudgetKindKindPosts         BudgetKindKind = "posts"
)

// Defines values for BudgetKindWaitsFor.
const (
	BudgetKindWaitsForDay        BudgetKindWaitsFor = "day"
	BudgetKindWaitsForFloodWait  BudgetKindWaitsFor = "flood_wait"
	BudgetKindWaitsForHour       BudgetKindWaitsFor = "hour"
	BudgetKindWaitsForHours      BudgetKindWaitsFor = "hours"
	BudgetKindWaitsForMinute     BudgetKindWaitsFor = "minute"
	BudgetKindWaitsForNotAllowed BudgetKindWaitsFor = "not_allowed"
	BudgetKindWaitsForRamp       BudgetKindWaitsFor = "ramp"
	BudgetKindWaitsForSpacing    BudgetKindWaitsFor = "spacing"
)

// Defines values for BudgetLimitSource.
const (
	BudgetLimitSourceLearned BudgetLimitSource = "learned"
	BudgetLimitSourcePlan    BudgetLimitSource = "plan"
	BudgetLimitSourceRamp    BudgetLimitSource = "ramp"
)

// Defines values for BudgetLimitWindow.
const (
	BudgetLimitWindowDay    BudgetLimitWindow = "day"
	BudgetLimitWindowHour   BudgetLimitWindow = "hour"
	BudgetLimitWindowMinute BudgetLimitWindow = "minute"
)

// Defines values for Code.
const (
	CodeAccountBanned     Code = "account_banned"
	CodeAccountNotOnline  Code = "account_not_online"
	CodeAccountRestricted Code = "account_restricted"
	CodeBudgetExhausted   Code = "budget_exhausted"
	CodeConflict          Code = "conflict"
	CodeFloodWait         Code = "flood_wait"
	CodeForbidden         Code = "forbidden"
	CodeIdempotencyReused Code = "idempotency_reused"
	CodeInternal          Code = "internal"
	CodeInvalidRequest    Code = "invalid_request"
	CodeLoginCodeInvalid  Code = "login_code_invalid"
	CodeLoginExpired      Code = "login_expired"
	CodeNotFound          Code = "not_found"
	CodeOtherAccount      Code = "other_account"
	CodeOutcomeUnknown    Code = "outcome_unknown"
	CodePasswordInvalid   Code = "password_invalid"
	CodeSuppressed        Code = "suppressed"
	CodeSurfaceUnable     Code = "surface_unable"
	CodeTelegramRefused   Code = "telegram_refused"
	CodeTooLarge          Code = "too_large"
	CodeUnauthorized      Code = "unauthorized"
	CodeUnavailable       Code = "unavailable"
)

// Defines values for CreateExportRequestList.
const (
	CreateExportRequestListAdmins   CreateExportRequestList = "admins"
	CreateExportRequestListBanned   CreateExportRequestList = "banned"
	CreateExportRequestListBots     CreateExportRequestList = "bots"
	CreateExportRequestListContacts CreateExportRequestList = "contacts"
	CreateExportRequestListKicked   CreateExportRequestList = "kicked"
	CreateExportRequestListMembers  CreateExportRequestList = "members"
	CreateExportRequestListSearch   CreateExportRequestList = "search"
)

// Defines values for DeliveryState.
const (
	DeliveryStateDead      DeliveryState = "dead"
	DeliveryStateDelivered DeliveryState = "delivered"
	DeliveryStatePending   DeliveryState = "pending"
)

// Defines values for EventType.
const (
	EventTypeAccountBanned        EventType = "account.banned"
	EventTypeAccountConnecting    EventType = "account.connecting"
	EventTypeAccountDevice        EventType = "account.device"
	EventTypeAccountFloodWait     EventType = "account.flood_wait"
	EventTypeAccountLoginRequired EventType = "account.login_required"
	EventTypeAccountNew           EventType = "account.new"
	EventTypeAccountOnline        EventType = "account.online"
	EventTypeAccountPaused        EventType = "account.paused"
	EventTypeAccountRestricted    EventType = "account.restricted"
	EventTypeAccountSignedOut     EventType = "account.signed_out"
	EventTypeAccountSigningIn     EventType = "account.signing_in"
	EventTypeConversationRead     EventType = "conversation.read"
	EventTypeExportCanceled       EventType = "export.canceled"
	EventTypeExportDone           EventType = "export.done"
	EventTypeExportFailed         EventType = "export.failed"
	EventTypeExportProgress       EventType = "export.progress"
	EventTypeMessageDeleted       EventType = "message.deleted"
	EventTypeMessageEdited        EventType = "message.edited"
	EventTypeMessageFailed        EventType = "message.failed"
	EventTypeMessageReaction      EventType = "message.reaction"
	EventTypeMessageReceived      EventType = "message.received"
	EventTypeMessageSent          EventType = "message.sent"
)

// Defines values for ExportGap.
const (
	ExportGapLimit      ExportGap = "limit"
	ExportGapShifted    ExportGap = "shifted"
	ExportGapUnfinished ExportGap = "unfinished"
)

// Defines values for ExportState.
const (
	ExportStateCanceled ExportState = "canceled"
	ExportStateDone     ExportState = "done"
	ExportStateFailed   ExportState = "failed"
	ExportStateQueued   ExportState = "queued"
	ExportStateRunning  ExportState = "running"
)

// Defines values for Format.
const (
	FormatHTML     Format = "html"
	FormatMarkdown Format = "markdown"
	FormatPlain    Format = "plain"
)

// Defines values for MessageDirection.
const (
	MessageDirectionIn  MessageDirection = "in"
	MessageDirectionOut MessageDirection = "out"
)

// Defines values for MessageSource.
const (
	MessageSourceBotapi  MessageSource = "botapi"
	MessageSourceMtproto MessageSource = "mtproto"
)

// Defines values for NewMediaType.
const (
	NewMediaTypeAudio    NewMediaType = "audio"
	NewMediaTypeDocument NewMediaType = "document"
	NewMediaTypePhoto    NewMediaType = "photo"
	NewMediaTypeVideo    NewMediaType = "video"
	NewMediaTypeVoice    NewMediaType = "voice"
)

// Defines values for NewPoolHandOver.
const (
	NewPoolHandOverBanned     NewPoolHandOver = "banned"
	NewPoolHandOverRestricted NewPoolHandOver = "restricted"
)

// Defines values for Priority.
const (
	PriorityBackfill     Priority = "backfill"
	PriorityBulk         Priority = "bulk"
	PriorityConversation Priority = "conversation"
)

// Defines values for RampState.
const (
	RampStatePaused  RampState = "paused"
	RampStateRunning RampState = "running"
)

// Defines values for ReceiptBudget.
const (
	ReceiptBudgetFirstMessages ReceiptBudget = "first_messages"
	ReceiptBudgetMessages      ReceiptBudget = "messages"
)

// Defines values for ReceiptReason.
const (
	ReceiptReasonAcquainted ReceiptReason = "acquainted"
	ReceiptReasonHandedOver ReceiptReason = "handed_over"
	ReceiptReasonHasBudget  ReceiptReason = "has_budget"
	ReceiptReasonTheirs     ReceiptReason = "theirs"
)

// Defines values for State.
const (
	StateBanned        State = "banned"
	StateConnecting    State = "connecting"
	StateLoginRequired State = "login_required"
	StateNew           State = "new"
	StateOnline        State = "online"
	StatePaused        State = "paused"
	StateRestricted    State = "restricted"
	StateSignedOut     State = "signed_out"
	StateSigningIn     State = "signing_in"
	StateThrottled     State = "throttled"
)

// Defines values for UpdatesBy.
const (
	UpdatesByPolling UpdatesBy = "polling"
	UpdatesByWebhook UpdatesBy = "webhook"
)

// Defines values for GetExportMembersParamsFormat.
const (
	GetExportMembersParamsFormatCsv   GetExportMembersParamsFormat = "csv"
	GetExportMembersParamsFormatJsonl GetExportMembersParamsFormat = "jsonl"
)

// Defines values for ListMessagesParamsOrder.
const (
	ListMessagesParamsOrderNewest ListMessagesParamsOrder = "newest"
	ListMessagesParamsOrderOldest ListMessagesParamsOrder = "oldest"
)

// Accepted defines model for Accepted.
type Accepted struct {
	ConversationID string `json:"conversation_id"`

	// EarliestSendAt When its budgets and Telegram's waits let it go, as far as that is known; what goes before it may take longer.
	EarliestSendAt time.Time `json:"earliest_send_at"`
	ID             string    `json:"id"`
	State          string    `json:"state"`
}

// Account defines model for Account.
type Account struct {
	// Cause What led there.
	Cause     string    `json:"cause,omitempty,omitzero"`
	CreatedAt time.Time `json:"created_at"`

	// Error Telegram's error, if that was one; of data_key_locked, the key-encryption key that is missing.
	//
	// Examples: SESSION_REVOKED
	Error string `json:"error,omitempty,omitzero"`

	// ID Examples: acc_01KB0000000000000000000000
	ID   string      `json:"id"`
	Kind AccountKind `json:"kind"`
	Name string      `json:"name"`

	// Node Which node of the bridge runs it.
	Node string `json:"node,omitempty,omitzero"`

	// Phone Digits alone.
	Phone string    `json:"phone,omitempty,omitzero"`
	Since time.Time `json:"since"`
	State State     `json:"state"`

	// ThrottledChat Where messages have to wait.
	ThrottledChat int64 `json:"throttled_chat,omitempty,omitzero"`

	// ThrottledMethod What has to wait.
	ThrottledMethod string `json:"throttled_method,omitempty,omitzero"`

	// Until When it ends by itself, where that is known.
	Until     time.Time `json:"until,omitempty,omitzero"`
	UpdatesBy UpdatesBy `json:"updates_by,omitempty,omitzero"`

	// UserID At Telegram.
	UserID int64 `json:"user_id,omitempty,omitzero"`

	// WhatToDo What somebody has to do for it to work, for people.
	WhatToDo string `json:"what_to_do,omitempty,omitzero"`
}

// AccountKind defines model for AccountKind.
type AccountKind string

// AccountList defines model for AccountList.
type AccountList struct {
	Accounts []Account `json:"accounts"`

	// Next What after has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// Action defines model for Action.
type Action struct {
	AccountID string    `json:"account_id"`
	Attempts  int64     `json:"attempts"`
	CreatedAt time.Time `json:"created_at"`

	// Error Why it failed, or why the last attempt did.
	Error      string    `json:"error,omitempty,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitempty,omitzero"`

	// ID Examples: act_01KB0000000000000000000000
	ID          string      `json:"id"`
	Kind        ActionKind  `json:"kind"`
	NotBefore   time.Time   `json:"not_before,omitempty,omitzero"`
	RequestedBy string      `json:"requested_by,omitempty,omitzero"`
	State       ActionState `json:"state"`
	Target      string      `json:"target"`

	// TelegramID Of the message of a post.
	TelegramID int64  `json:"telegram_id,omitempty,omitzero"`
	Text       string `json:"text,omitempty,omitzero"`
}

// ActionState defines model for Action.State.
type ActionState string

// ActionKind defines model for ActionKind.
type ActionKind string

// ActionList defines model for ActionList.
type ActionList struct {
	Actions []Action `json:"actions"`

	// Next What after has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// AddContactRequest defines model for Add-contactRequest.
type AddContactRequest struct {
	// FirstName What the account calls them.
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty,omitzero"`

	// Who +phone, @username, or user:ID that the account has come across.
	Who string `json:"who"`
}

// Allowance defines model for Allowance.
type Allowance struct {
	Hours          Hours            `json:"hours,omitempty,omitzero"`
	Limits         map[string]int64 `json:"limits"`
	SpacingSeconds int64            `json:"spacing_seconds,omitempty,omitzero"`
}

// Answer defines model for Answer.
type Answer struct {
	// Action One of the actions of the sign-in.
	//
	// Examples: code
	Action    string `json:"action"`
	FirstName string `json:"first_name,omitempty,omitzero"`

	// Hint Of a new password.
	Hint     string `json:"hint,omitempty,omitzero"`
	LastName string `json:"last_name,omitempty,omitzero"`

	// Text The phone number, code, password, bot token or address.
	Text string `json:"text,omitempty,omitzero"`
}

// Attempt defines model for Attempt.
type Attempt struct {
	At time.Time `json:"at"`

	// Error What went wrong.
	Error string `json:"error,omitempty,omitzero"`

	// Status Of the response; left out if there was none.
	Status int64 `json:"status,omitempty,omitzero"`
	TookMS int64 `json:"took_ms"`
}

// AuditEntry defines model for AuditEntry.
type AuditEntry struct {
	AccountID string      `json:"account_id,omitempty,omitzero"`
	Action    string      `json:"action"`
	Actor     string      `json:"actor"`
	At        time.Time   `json:"at"`
	Detail    interface{} `json:"detail,omitempty,omitzero"`
	ID        string      `json:"id"`
	RequestID string      `json:"request_id,omitempty,omitzero"`
	Subject   string      `json:"subject,omitempty,omitzero"`
}

// AuditList defines model for AuditList.
type AuditList struct {
	Entries []AuditEntry `json:"entries"`

	// Next What before has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// BackfillRequest defines model for BackfillRequest.
type BackfillRequest struct {
	// Messages How many more; all that there are if it is missing.
	Messages int64 `json:"messages,omitempty,omitzero"`
}

// BlockedList defines model for BlockedList.
type BlockedList struct {
	// Next What after has to be for the next page; empty at the end.
	Next   string    `json:"next,omitempty,omitzero"`
	People []Profile `json:"people"`
	Total  int64     `json:"total"`
}

// BotUpdates defines model for BotUpdates.
type BotUpdates struct {
	UpdatesBy UpdatesBy `json:"updates_by"`
}

// Budget defines model for Budget.
type Budget struct {
	Budgets  []BudgetKind `json:"budgets"`
	TimeZone string       `json:"time_zone"`
}

// BudgetKind defines model for BudgetKind.
type BudgetKind struct {
	// AheadAt When as many as ahead asks for will have been able to go.
	AheadAt time.Time `json:"ahead_at,omitempty,omitzero"`

	// HeldUntil When Telegram lets it do this again.
	HeldUntil time.Time `json:"held_until,omitempty,omitzero"`

	// Hours Of the day, in which they go.
	Hours Hours          `json:"hours,omitempty,omitzero"`
	Kind  BudgetKindKind `json:"kind"`

	// LeftToday How many can still go before the day ends.
	LeftToday int64         `json:"left_today"`
	Limits    []BudgetLimit `json:"limits"`

	// NextAt When the next one may go; missing: not by the present plan.
	NextAt time.Time `json:"next_at,omitempty,omitzero"`

	// RampDay Which day of its ramp it is, from 0, if the ramp limits this today.
	RampDay int64 `json:"ramp_day,omitempty,omitzero"`

	// SpacingSeconds At least between one and the next.
	SpacingSeconds int64 `json:"spacing_seconds,omitempty,omitzero"`

	// WaitsFor Why not now.
	WaitsFor BudgetKindWaitsFor `json:"waits_for,omitempty,omitzero"`
}

// BudgetKindKind defines model for BudgetKind.Kind.
type BudgetKindKind string

// BudgetKindWaitsFor Why not now.
type BudgetKindWaitsFor string

// BudgetLimit defines model for BudgetLimit.
type BudgetLimit struct {
	// FreesAt When the next one stops counting.
	FreesAt time.Time `json:"frees_at,omitempty,omitzero"`
	Left    int64     `json:"left,omitempty,omitzero"`

	// Limit Missing: none.
	Limit int64 `json:"limit,omitempty,omitzero"`

	// Source Where the limit comes from.
	Source BudgetLimitSource `json:"source,omitempty,omitzero"`
	Used   int64             `json:"used"`
	Window BudgetLimitWindow `json:"window"`
}

// BudgetLimitSource Where the limit comes from.
type BudgetLimitSource string

// BudgetLimitWindow defines model for BudgetLimit.Window.
type BudgetLimitWindow string

// BudgetPlan defines model for BudgetPlan.
type BudgetPlan struct {
	// Plan By kind: messages, first_messages, posts, joins, lookups, participants, history. Those that are missing have the defaults. limits are by minute, hour and day.
	Plan map[string]Allowance `json:"plan"`

	// TimeZone In which its days and hours are, by IANA's name; UTC if empty. A new one holds from the next midnight of the old one on.
	//
	// Examples: Europe/Berlin
	TimeZone string `json:"time_zone,omitempty,omitzero"`
}

// Code defines model for Code.
type Code string

// Conversation defines model for Conversation.
type Conversation struct {
	AccountID string    `json:"account_id"`
	ID        string    `json:"id"`
	LastAt    time.Time `json:"last_at,omitempty,omitzero"`
	LastText  string    `json:"last_text,omitempty,omitzero"`

	// Peer Whom it is with.
	Peer string `json:"peer"`

	// PersonWrote The peer has written to the account.
	PersonWrote bool   `json:"person_wrote"`
	Phone       string `json:"phone,omitempty,omitzero"`

	// ReadByPeer Of the last message that the peer has read.
	ReadByPeer int64 `json:"read_by_peer,omitempty,omitzero"`

	// ReadUpTo The id at Telegram of the last message that the account has read.
	ReadUpTo int64  `json:"read_up_to,omitempty,omitzero"`
	Title    string `json:"title,omitempty,omitzero"`
	Unread   int64  `json:"unread"`
	Username string `json:"username,omitempty,omitzero"`
}

// ConversationList defines model for ConversationList.
type ConversationList struct {
	Conversations []Conversation `json:"conversations"`

	// Next What after has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// CreateExportRequest defines model for Create-exportRequest.
type CreateExportRequest struct {
	// Group @username, or group:ID or channel:ID that the account has come across.
	//
	// Examples: channel:1234567890
	Group string `json:"group"`

	// List Which of them. Banned and kicked are for administrators.
	List CreateExportRequestList `json:"list,omitempty,omitzero"`

	// Query What a name or username begins with, for search, contacts, banned and kicked.
	Query string `json:"query,omitempty,omitzero"`
}

// CreateExportRequestList Which of them. Banned and kicked are for administrators.
type CreateExportRequestList string

// Delivery defines model for Delivery.
type Delivery struct {
	AccountID   string    `json:"account_id"`
	Attempts    int64     `json:"attempts"`
	EventID     string    `json:"event_id"`
	EventType   EventType `json:"event_type"`
	LastAttempt Attempt   `json:"last_attempt,omitempty,omitzero"`

	// Position Of the event in the log.
	Position string        `json:"position"`
	State    DeliveryState `json:"state"`
}

// DeliveryList defines model for DeliveryList.
type DeliveryList struct {
	Deliveries []Delivery `json:"deliveries"`

	// Next What before has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// DeliveryState defines model for DeliveryState.
type DeliveryState string

// Device defines model for Device.
type Device struct {
	ActiveAt time.Time `json:"active_at"`
	App      string    `json:"app"`
	Country  string    `json:"country"`

	// ID Names it when it is to be ended or confirmed; 0 is the bridge itself.
	ID         string    `json:"id"`
	IP         string    `json:"ip"`
	Model      string    `json:"model"`
	SignedInAt time.Time `json:"signed_in_at"`
	System     string    `json:"system"`

	// Unconfirmed Nobody has confirmed its sign-in yet.
	Unconfirmed bool `json:"unconfirmed,omitempty,omitzero"`
}

// DeviceList defines model for DeviceList.
type DeviceList struct {
	Devices []Device `json:"devices"`
}

// Entity defines model for Entity.
type Entity struct {
	EmojiID  string `json:"emoji_id,omitempty,omitzero"`
	Language string `json:"language,omitempty,omitzero"`
	Length   int64  `json:"length"`
	Offset   int64  `json:"offset"`
	Type     string `json:"type"`
	URL      string `json:"url,omitempty,omitzero"`
	UserID   int64  `json:"user_id,omitempty,omitzero"`
}

// ErrorDetail defines model for ErrorDetail.
type ErrorDetail struct {
	// Location Where the error occurred, e.g. 'body.items[3].tags' or 'path.thing-id'
	Location string `json:"location,omitempty,omitzero"`

	// Message Error message text
	Message string `json:"message,omitempty,omitzero"`

	// Value The value at the given location
	Value interface{} `json:"value,omitempty,omitzero"`
}

// Event defines model for Event.
type Event struct {
	AccountID     string          `json:"account_id"`
	Data          json.RawMessage `json:"data"`
	ID            string          `json:"id"`
	SchemaVersion int64           `json:"schema_version"`
	Seq           int64           `json:"seq"`
	Source        string          `json:"source"`
	Timestamp     time.Time       `json:"timestamp"`
	Type          EventType       `json:"type"`
}

// EventPage defines model for EventPage.
type EventPage struct {
	Events []Event `json:"events"`

	// More Whether there is more already.
	More bool `json:"more"`

	// Next What after has to be for what comes next. It changes even if there are no events: others were passed by.
	Next string `json:"next"`
}

// EventType defines model for EventType.
type EventType string

// Export defines model for Export.
type Export struct {
	AccountID string `json:"account_id"`
	Code      Code   `json:"code,omitempty,omitzero"`

	// Complete It holds everybody, as far as Telegram tells.
	Complete  bool      `json:"complete"`
	CreatedAt time.Time `json:"created_at"`

	// Error The same for people.
	Error string `json:"error,omitempty,omitzero"`

	// ExpiresAt When it is deleted, with all that it holds.
	ExpiresAt  time.Time `json:"expires_at,omitempty,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitempty,omitzero"`

	// Gap Why it does not: it has not come to its end; there are more than Telegram shows; or people came and went meanwhile, or Telegram's count is not exact.
	Gap ExportGap `json:"gap,omitempty,omitzero"`

	// Group Whose members are wanted.
	Group string `json:"group"`
	ID    string `json:"id"`

	// Limit How many Telegram shows at most of such a group; all if it is missing.
	Limit int64  `json:"limit,omitempty,omitzero"`
	List  string `json:"list"`
	Query string `json:"query,omitempty,omitzero"`

	// RetryAt When it is gone on with.
	RetryAt time.Time `json:"retry_at,omitempty,omitzero"`

	// Seen How many it holds.
	Seen      int64       `json:"seen"`
	StartedAt time.Time   `json:"started_at,omitempty,omitzero"`
	State     ExportState `json:"state"`

	// Title Of the group.
	Title string `json:"title,omitempty,omitzero"`

	// Total How many there are, as Telegram says, which is not always exact.
	Total int64 `json:"total,omitempty,omitzero"`
}

// ExportGap Why it does not: it has not come to its end; there are more than Telegram shows; or people came and went meanwhile, or Telegram's count is not exact.
type ExportGap string

// ExportState defines model for Export.State.
type ExportState string

// ExportList defines model for ExportList.
type ExportList struct {
	Exports []Export `json:"exports"`

	// Next What after has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// Format defines model for Format.
type Format string

// Forward defines model for Forward.
type Forward struct {
	At        time.Time `json:"at"`
	From      string    `json:"from,omitempty,omitzero"`
	MessageID int64     `json:"message_id,omitempty,omitzero"`
	Name      string    `json:"name,omitempty,omitzero"`
}

// Group defines model for Group.
type Group struct {
	About          string `json:"about,omitempty,omitzero"`
	CanListMembers bool   `json:"can_list_members,omitempty,omitzero"`
	Kind           string `json:"kind"`
	Members        int64  `json:"members,omitempty,omitzero"`
	MembersHidden  bool   `json:"members_hidden,omitempty,omitzero"`
	MovedTo        string `json:"moved_to,omitempty,omitzero"`
	Peer           string `json:"peer"`
	Role           string `json:"role"`
	Title          string `json:"title"`
	Username       string `json:"username,omitempty,omitzero"`
}

// GroupList defines model for GroupList.
type GroupList struct {
	Groups []Group `json:"groups"`
}

// Health defines model for Health.
type Health struct {
	// Connected There is a connection that Telegram has answered on.
	Connected bool `json:"connected"`

	// CredentialsAt When the session blob was last stored.
	CredentialsAt time.Time `json:"credentials_at,omitempty,omitzero"`

	// LastPong When Telegram last answered anything.
	LastPong time.Time `json:"last_pong,omitempty,omitzero"`

	// LastUpdate When the last update was stored.
	LastUpdate time.Time `json:"last_update,omitempty,omitzero"`
	Node       string    `json:"node,omitempty,omitzero"`

	// OldestUnsent Since when the oldest of them has been due.
	OldestUnsent time.Time `json:"oldest_unsent,omitempty,omitzero"`
	PTSLag       int64     `json:"pts_lag"`

	// Queued How many messages are to be sent.
	Queued int64     `json:"queued"`
	Since  time.Time `json:"since"`
	State  State     `json:"state"`

	// Waits What Telegram wants later.
	Waits []Wait `json:"waits,omitempty,omitzero"`
}

// Hours defines model for Hours.
type Hours struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Key defines model for Key.
type Key struct {
	// Accounts That it is for; with no pools either, it is for all.
	Accounts  []string  `json:"accounts,omitempty,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitempty,omitzero"`
	ID        string    `json:"id"`

	// LastUsedAt To the minute.
	LastUsedAt time.Time `json:"last_used_at,omitempty,omitzero"`
	Name       string    `json:"name"`

	// Pools Whose accounts it is for, too.
	Pools     []string  `json:"pools,omitempty,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitempty,omitzero"`
	Scopes    []string  `json:"scopes"`
}

// KeyList defines model for KeyList.
type KeyList struct {
	Keys []Key  `json:"keys"`
	Next string `json:"next,omitempty,omitzero"`
}

// LoginCode defines model for LoginCode.
type LoginCode struct {
	// At When Telegram wrote it.
	At time.Time `json:"at"`

	// Code Digits. It is good once, for some minutes.
	//
	// Examples: 12345
	Code string `json:"code"`
}

// LoginLink defines model for LoginLink.
type LoginLink struct {
	Expires time.Time `json:"expires"`

	// Path Where the person goes, on this server.
	//
	// Examples: /login/…
	Path string `json:"path"`
}

// LookUpRequest defines model for Look-upRequest.
type LookUpRequest struct {
	// Who @username or +phone.
	//
	// Examples: @durov
	Who string `json:"who"`
}

// MadeKey defines model for MadeKey.
type MadeKey struct {
	// Accounts That it is for; with no pools either, it is for all.
	Accounts  []string  `json:"accounts,omitempty,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitempty,omitzero"`
	ID        string    `json:"id"`

	// LastUsedAt To the minute.
	LastUsedAt time.Time `json:"last_used_at,omitempty,omitzero"`
	Name       string    `json:"name"`

	// Pools Whose accounts it is for, too.
	Pools     []string  `json:"pools,omitempty,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitempty,omitzero"`
	Scopes    []string  `json:"scopes"`

	// Token For Authorization: Bearer. It is not shown again.
	Token string `json:"token"`
}

// MarkReadRequest defines model for Mark-readRequest.
type MarkReadRequest struct {
	// UpTo The id at Telegram of the last message that was read; all if it is missing.
	UpTo int64 `json:"up_to,omitempty,omitzero"`
}

// Media defines model for Media.
type Media struct {
	Duration  float64 `json:"duration,omitempty,omitzero"`
	Emoji     string  `json:"emoji,omitempty,omitzero"`
	File      string  `json:"file,omitempty,omitzero"`
	Height    int64   `json:"height,omitempty,omitzero"`
	Latitude  float64 `json:"latitude,omitempty,omitzero"`
	Longitude float64 `json:"longitude,omitempty,omitzero"`
	MIMEType  string  `json:"mime_type,omitempty,omitzero"`
	Name      string  `json:"name,omitempty,omitzero"`
	Phone     string  `json:"phone,omitempty,omitzero"`
	Reference string  `json:"reference,omitempty,omitzero"`
	Size      int64   `json:"size,omitempty,omitzero"`
	Title     string  `json:"title,omitempty,omitzero"`
	Type      string  `json:"type"`
	URL       string  `json:"url,omitempty,omitzero"`
	Width     int64   `json:"width,omitempty,omitzero"`
}

// Member defines model for Member.
type Member struct {
	AccountID string `json:"account_id"`

	// LeftToday How many more it may today, those that wait among them.
	LeftToday int64 `json:"left_today"`

	// NextAt When it may write the next one to a new person, after those that wait; missing: not by its present plan.
	NextAt time.Time `json:"next_at,omitempty,omitzero"`

	// Queued First messages that wait.
	Queued int64 `json:"queued"`
	State  State `json:"state"`
}

// MemberList defines model for MemberList.
type MemberList struct {
	Accounts []Member `json:"accounts"`
}

// Message defines model for Message.
type Message struct {
	AccountID      string           `json:"account_id"`
	Album          string           `json:"album,omitempty,omitzero"`
	At             time.Time        `json:"at"`
	Attempts       int64            `json:"attempts,omitempty,omitzero"`
	ConversationID string           `json:"conversation_id"`
	DeletedAt      time.Time        `json:"deleted_at,omitempty,omitzero"`
	Direction      MessageDirection `json:"direction"`
	EditedAt       time.Time        `json:"edited_at,omitempty,omitzero"`
	Entities       []Entity         `json:"entities,omitempty,omitzero"`
	Error          string           `json:"error,omitempty,omitzero"`
	Forward        Forward          `json:"forward,omitempty,omitzero"`
	ID             string           `json:"id"`
	Media          Media            `json:"media,omitempty,omitzero"`
	NotBefore      time.Time        `json:"not_before,omitempty,omitzero"`
	Reactions      []Reaction       `json:"reactions,omitempty,omitzero"`
	ReplyTo        int64            `json:"reply_to,omitempty,omitzero"`
	Sender         string           `json:"sender,omitempty,omitzero"`
	Service        string           `json:"service,omitempty,omitzero"`
	Silent         bool             `json:"silent,omitempty,omitzero"`
	Source         MessageSource    `json:"source"`

	// State Of what the bridge was given to send.
	State      string `json:"state,omitempty,omitzero"`
	TelegramID int64  `json:"telegram_id,omitempty,omitzero"`
	Text       string `json:"text,omitempty,omitzero"`
	Topic      int64  `json:"topic,omitempty,omitzero"`
}

// MessageDirection defines model for Message.Direction.
type MessageDirection string

// MessageSource defines model for Message.Source.
type MessageSource string

// MessageList defines model for MessageList.
type MessageList struct {
	Messages []Message `json:"messages"`

	// Next What after has to be for the next page; empty at the end.
	Next string `json:"next,omitempty,omitzero"`
}

// NewAccount defines model for NewAccount.
type NewAccount struct {
	Kind AccountKind `json:"kind,omitempty,omitzero"`

	// Name What its operator calls it.
	//
	// Examples: Support
	Name      string    `json:"name"`
	UpdatesBy UpdatesBy `json:"updates_by,omitempty,omitzero"`
}

// NewAction defines model for NewAction.
type NewAction struct {
	// AccountID Which account does it. If it is missing, one does that is chosen: for a join, one that is not there and has the fewest to do; for a post, one that is there.
	AccountID string `json:"account_id,omitempty,omitzero"`

	// Each Every account of the ramp does it; of posts and leaves, every one that is there.
	Each      bool       `json:"each,omitempty,omitzero"`
	Kind      ActionKind `json:"kind"`
	NotBefore time.Time  `json:"not_before,omitempty,omitzero"`

	// Post What a post says.
	Post PostText `json:"post,omitempty,omitzero"`

	// Target The group or channel: a username, or a link.
	//
	// Examples: https://t.me/durov
	Target string `json:"target"`
}

// NewActions defines model for NewActions.
type NewActions struct {
	Actions []NewAction `json:"actions"`
}

// NewContent defines model for NewContent.
type NewContent struct {
	// Entities How parts of a plain text are shown.
	Entities []Entity `json:"entities,omitempty,omitzero"`
	Format   Format   `json:"format,omitempty,omitzero"`
	Media    NewMedia `json:"media,omitempty,omitzero"`

	// ReplyTo The id at Telegram of the message that is answered.
	ReplyTo int64 `json:"reply_to,omitempty,omitzero"`

	// Silent Without a sound for those who get it.
	Silent bool `json:"silent,omitempty,omitzero"`

	// Text At most 4096 characters, 1024 of a caption.
	Text string `json:"text,omitempty,omitzero"`

	// Topic Of a forum.
	Topic int64 `json:"topic,omitempty,omitzero"`
}

// NewKey defines model for NewKey.
type NewKey struct {
	Accounts  []string  `json:"accounts,omitempty,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitempty,omitzero"`
	Name      string    `json:"name"`
	Pools     []string  `json:"pools,omitempty,omitzero"`

	// Scopes accounts:read, accounts:write, messages:read, messages:send, contacts:read, contacts:write, exports, webhooks, or admin for everything.
	Scopes []string `json:"scopes"`
}

// NewMedia defines model for NewMedia.
type NewMedia struct {
	// Duration Seconds, of what is played.
	Duration float64 `json:"duration,omitempty,omitzero"`

	// File The id of an upload.
	File   string `json:"file"`
	Height int64  `json:"height,omitempty,omitzero"`

	// Type How it is shown; a photo is made a JPEG by Telegram.
	Type  NewMediaType `json:"type"`
	Width int64        `json:"width,omitempty,omitzero"`
}

// NewMediaType How it is shown; a photo is made a JPEG by Telegram.
type NewMediaType string

// NewMessage defines model for NewMessage.
type NewMessage struct {
	// Entities How parts of a plain text are shown.
	Entities []Entity `json:"entities,omitempty,omitzero"`
	Format   Format   `json:"format,omitempty,omitzero"`
	Media    NewMedia `json:"media,omitempty,omitzero"`
	Priority Priority `json:"priority,omitempty,omitzero"`

	// ReplyTo The id at Telegram of the message that is answered.
	ReplyTo int64 `json:"reply_to,omitempty,omitzero"`

	// SendAt Not before; at once if it is missing.
	SendAt time.Time `json:"send_at,omitempty,omitzero"`

	// Silent Without a sound for those who get it.
	Silent bool `json:"silent,omitempty,omitzero"`

	// Text At most 4096 characters, 1024 of a caption.
	Text string `json:"text,omitempty,omitzero"`

	// Topic Of a forum.
	Topic int64 `json:"topic,omitempty,omitzero"`
}

// NewPool defines model for NewPool.
type NewPool struct {
	// FirstMessagesPerPerson How many messages the accounts, all together, may write to a person who has not answered. 1 if missing.
	FirstMessagesPerPerson int64 `json:"first_messages_per_person,omitempty,omitzero"`

	// HandOver Of accounts in which states the conversations go to another one, if the person wrote first.
	HandOver []NewPoolHandOver `json:"hand_over,omitempty,omitzero"`

	// Name What its operator calls it.
	//
	// Examples: Sales
	Name string `json:"name"`
}

// NewPoolHandOver defines model for NewPool.HandOver.
type NewPoolHandOver string

// NewRamp defines model for NewRamp.
type NewRamp struct {
	// Accounts Their first day is today.
	Accounts []string `json:"accounts,omitempty,omitzero"`

	// Hours In which they go, in each account's time zone, as long as it is on the ramp.
	Hours Hours `json:"hours,omitempty,omitzero"`

	// Name What its operator calls it.
	//
	// Examples: The twenty
	Name string `json:"name"`

	// PerDay By kind, such as joins and posts: how many go at most on each day, from the first one on. When its days are over, the account's own plan alone holds.
	PerDay map[string]*[]int64 `json:"per_day"`

	// SpreadMinutes Over how many minutes the beginnings of the accounts' hours are spread, to even out the load. Where an account stands in it is always the same.
	SpreadMinutes int64 `json:"spread_minutes,omitempty,omitzero"`
}

// NewSuppression defines model for NewSuppression.
type NewSuppression struct {
	Note     string `json:"note,omitempty,omitzero"`
	Phone    string `json:"phone,omitempty,omitzero"`
	UserID   int64  `json:"user_id,omitempty,omitzero"`
	Username string `json:"username,omitempty,omitzero"`
}

// Person defines model for Person.
type Person struct {
	Phone    string `json:"phone,omitempty,omitzero"`
	UserID   int64  `json:"user_id,omitempty,omitzero"`
	Username string `json:"username,omitempty,omitzero"`
}

// Pool defines model for Pool.
type Pool struct {
	CreatedAt              time.Time `json:"created_at"`
	FirstMessagesPerPerson int64     `json:"first_messages_per_person"`
	HandOver               []State   `json:"hand_over"`

	// ID Examples: pool_01KB0000000000000000000000
	ID   string `json:"id"`
	Name string `json:"name"`
}

// PoolList defines model for PoolList.
type PoolList struct {
	// Next What after has to be for the next page; empty at the end.
	Next  string `json:"next,omitempty,omitzero"`
	Pools []Pool `json:"pools"`
}

// PoolMessage defines model for PoolMessage.
type PoolMessage struct {
	// Entities How parts of the text are shown, in UTF-16 code units.
	Entities []Entity `json:"entities,omitempty,omitzero"`
	Priority Priority `json:"priority,omitempty,omitzero"`

	// SendAt Not before; at once if it is missing.
	SendAt time.Time `json:"send_at,omitempty,omitzero"`

	// Silent Without a sound.
	Silent bool   `json:"silent,omitempty,omitzero"`
	Text   string `json:"text"`

	// To By what is known of the person; any of it is enough.
	To Person `json:"to"`
}

// PostText defines model for PostText.
type PostText struct {
	// Entities How parts of the text are shown, in UTF-16 code units.
	Entities []Entity `json:"entities,omitempty,omitzero"`

	// Silent Without a sound.
	Silent bool   `json:"silent,omitempty,omitzero"`
	Text   string `json:"text"`
}

// Priority defines model for Priority.
type Priority string

// Problem defines model for Problem.
type Problem struct {
	Code Code `json:"code"`

	// Detail What was wrong and what to do, for people.
	Detail string `json:"detail"`

	// Errors Which fields of the request are wrong.
	Errors []ErrorDetail `json:"errors,omitempty,omitzero"`

	// RetryAt From when on it can be tried again.
	RetryAt time.Time `json:"retry_at,omitempty,omitzero"`

	// Status Examples: 404
	Status int64 `json:"status"`

	// Title The status in words.
	//
	// Examples: Not Found
	Title string `json:"title"`

	// Type urn:godwit:problem: and the code.
	//
	// Examples: urn:godwit:problem:not_found
	Type string `json:"type"`
}

// Profile defines model for Profile.
type Profile struct {
	BlockedAt time.Time `json:"blocked_at,omitempty,omitzero"`
	Bot       bool      `json:"bot,omitempty,omitzero"`
	Contact   bool      `json:"contact,omitempty,omitzero"`
	Deleted   bool      `json:"deleted,omitempty,omitzero"`
	FirstName string    `json:"first_name,omitempty,omitzero"`
	LastName  string    `json:"last_name,omitempty,omitzero"`
	Mutual    bool      `json:"mutual,omitempty,omitzero"`
	Peer      string    `json:"peer"`
	Phone     string    `json:"phone,omitempty,omitzero"`
	Premium   bool      `json:"premium,omitempty,omitzero"`
	Title     string    `json:"title,omitempty,omitzero"`
	Username  string    `json:"username,omitempty,omitzero"`
	Verified  bool      `json:"verified,omitempty,omitzero"`
}

// ProfileList defines model for ProfileList.
type ProfileList struct {
	People []Profile `json:"people"`
}

// Ramp defines model for Ramp.
type Ramp struct {
	CreatedAt time.Time `json:"created_at"`

	// Hours In which they go, in each account's time zone, as long as it is on the ramp.
	Hours Hours `json:"hours,omitempty,omitzero"`

	// ID Examples: ramp_01KB0000000000000000000000
	ID string `json:"id"`

	// Name What its operator calls it.
	//
	// Examples: The twenty
	Name string `json:"name"`

	// PerDay By kind, such as joins and posts: how many go at most on each day, from the first one on. When its days are over, the account's own plan alone holds.
	PerDay map[string]*[]int64 `json:"per_day"`

	// SpreadMinutes Over how many minutes the beginnings of the accounts' hours are spread, to even out the load. Where an account stands in it is always the same.
	SpreadMinutes int64     `json:"spread_minutes,omitempty,omitzero"`
	State         RampState `json:"state"`
}

// RampState defines model for Ramp.State.
type RampState string

// RampAccount defines model for RampAccount.
type RampAccount struct {
	AccountID string `json:"account_id"`

	// Day Which day of the ramp it is, from 0.
	Day int64 `json:"day"`

	// StartsOn Its first day, without those on which the ramp was paused.
	StartsOn string         `json:"starts_on"`
	Work     []RampProgress `json:"work"`
}

// RampAccounts defines model for RampAccounts.
type RampAccounts struct {
	Accounts []RampAccount `json:"accounts"`
}

// RampBody defines model for RampBody.
type RampBody struct {
	// Hours In which they go, in each account's time zone, as long as it is on the ramp.
	Hours Hours `json:"hours,omitempty,omitzero"`

	// Name What its operator calls it.
	//
	// Examples: The twenty
	Name string `json:"name"`

	// PerDay By kind, such as joins and posts: how many go at most on each day, from the first one on. When its days are over, the account's own plan alone holds.
	PerDay map[string]*[]int64 `json:"per_day"`

	// SpreadMinutes Over how many minutes the beginnings of the accounts' hours are spread, to even out the load. Where an account stands in it is always the same.
	SpreadMinutes int64 `json:"spread_minutes,omitempty,omitzero"`
}

// RampList defines model for RampList.
type RampList struct {
	// Next What after has to be for the next page; empty at the end.
	Next  string `json:"next,omitempty,omitzero"`
	Ramps []Ramp `json:"ramps"`
}

// RampProgress defines model for RampProgress.
type RampProgress struct {
	// Counts How many there are, by state.
	Counts map[string]int64 `json:"counts"`
	Kind   ActionKind       `json:"kind"`

	// LastAt When the last of them may go, as far as can be foreseen.
	LastAt time.Time `json:"last_at,omitempty,omitzero"`

	// LimitToday What the ramp has for today; missing: it does not limit them.
	LimitToday int64 `json:"limit_today,omitempty,omitzero"`

	// NextAt When the first of those that are queued may go.
	NextAt time.Time `json:"next_at,omitempty,omitzero"`
}

// ReactRequest defines model for ReactRequest.
type ReactRequest struct {
	// Emoji None takes the reactions back.
	Emoji []string `json:"emoji"`
}

// Reaction defines model for Reaction.
type Reaction struct {
	Count int64  `json:"count"`
	Emoji string `json:"emoji"`
	Mine  bool   `json:"mine,omitempty,omitzero"`
}

// Receipt defines model for Receipt.
type Receipt struct {
	// AccountID Which account sends it.
	AccountID string `json:"account_id"`

	// Budget What it is taken from.
	Budget ReceiptBudget `json:"budget"`

	// EarliestSendAt As the account's budget is now; missing: not by its present plan.
	EarliestSendAt time.Time `json:"earliest_send_at,omitempty,omitzero"`

	// ID Examples: msg_01KB0000000000000000000000
	ID string `json:"id"`

	// Reason Why that one.
	Reason ReceiptReason `json:"reason"`
}

// ReceiptBudget What it is taken from.
type ReceiptBudget string

// ReceiptReason Why that one.
type ReceiptReason string

// ReplayInput defines model for ReplayInput.
type ReplayInput struct {
	// After Those behind this place in the log: the id of an event, next of a page of events, or 0.
	After string `json:"after"`

	// OnlyDead Of these, those that were given up.
	OnlyDead bool `json:"only_dead,omitempty,omitzero"`

	// UpTo And up to this one, with it; up to the last if left out.
	UpTo string `json:"up_to,omitempty,omitzero"`
}

// RotateWebhookSecretRequest defines model for Rotate-webhook-secretRequest.
type RotateWebhookSecretRequest struct {
	// OverlapSeconds How long the old secret stays valid.
	OverlapSeconds *int64 `json:"overlap_seconds,omitempty"`
}

// Rotated defines model for Rotated.
type Rotated struct {
	// Secret The new secret. Shown once.
	Secret string `json:"secret"`
}

// SendMessageRequest defines model for Send-messageRequest.
type SendMessageRequest struct {
	// Entities How parts of a plain text are shown.
	Entities []Entity `json:"entities,omitempty,omitzero"`
	Format   Format   `json:"format,omitempty,omitzero"`
	Media    NewMedia `json:"media,omitempty,omitzero"`
	Priority Priority `json:"priority,omitempty,omitzero"`

	// ReplyTo The id at Telegram of the message that is answered.
	ReplyTo int64 `json:"reply_to,omitempty,omitzero"`

	// SendAt Not before; at once if it is missing.
	SendAt time.Time `json:"send_at,omitempty,omitzero"`

	// Silent Without a sound for those who get it.
	Silent bool `json:"silent,omitempty,omitzero"`

	// Text At most 4096 characters, 1024 of a caption.
	Text string `json:"text,omitempty,omitzero"`

	// To @username, +phone, or user:ID, group:ID or channel:ID that the account has come across.
	//
	// Examples: @durov
	To string `json:"to"`

	// Topic Of a forum.
	Topic int64 `json:"topic,omitempty,omitzero"`
}

// SignIn defines model for SignIn.
type SignIn struct {
	// Actions The answers that are possible now.
	//
	// Examples: ["code","resend","cancel"]
	Actions []string `json:"actions"`

	// Attempt How often this has been asked, 1 for the first time.
	Attempt  int64          `json:"attempt,omitempty,omitzero"`
	Code     SignInCode     `json:"code,omitempty,omitzero"`
	Password SignInPassword `json:"password,omitempty,omitzero"`
	Phone    string         `json:"phone,omitempty,omitzero"`

	// Problem What was wrong with the answer before.
	Problem SignInProblem `json:"problem,omitempty,omitzero"`
	QR      SignInQR      `json:"qr,omitempty,omitzero"`

	// Step What is asked for: start, code, email, email_code, name, password, recovery, new_password, qr; done ends it.
	//
	// Examples: code
	Step string `json:"step"`

	// Terms What a new user agrees to.
	Terms string `json:"terms,omitempty,omitzero"`
}

// SignInCode defines model for SignInCode.
type SignInCode struct {
	// Length In characters, where it is known.
	Length int64 `json:"length,omitempty,omitzero"`

	// Next How it would be sent again.
	Next string `json:"next,omitempty,omitzero"`

	// Pattern Of the number that calls, or of the e-mail address.
	Pattern string `json:"pattern,omitempty,omitzero"`

	// ResendAt When it can be sent again.
	ResendAt time.Time `json:"resend_at,omitempty,omitzero"`

	// Via How it was sent: app, sms, call, flash_call, missed_call, email, fragment, …
	Via string `json:"via"`
}

// SignInPassword defines model for SignInPassword.
type SignInPassword struct {
	// Hint What its owner wrote down to remember it by.
	Hint string `json:"hint,omitempty,omitzero"`

	// Recovery Whether it can be recovered by e-mail.
	Recovery bool `json:"recovery,omitempty,omitzero"`
}

// SignInProblem defines model for SignInProblem.
type SignInProblem struct {
	Code   Code   `json:"code"`
	Detail string `json:"detail"`
}

// SignInQR defines model for SignInQR.
type SignInQR struct {
	// Expires When another one takes its place.
	Expires time.Time `json:"expires"`
	URL     string    `json:"url"`
}

// State defines model for State.
type State string

// Suppression defines model for Suppression.
type Suppression struct {
	AddedAt time.Time `json:"added_at"`
	AddedBy string    `json:"added_by"`
	ID      string    `json:"id"`
	Note    string    `json:"note,omitempty,omitzero"`
	Person  Person    `json:"person"`
	Reason  string    `json:"reason"`
}

// SuppressionList defines model for SuppressionList.
type SuppressionList struct {
	Next         string        `json:"next,omitempty,omitzero"`
	Suppressions []Suppression `json:"suppressions"`
}

// UpdatesBy defines model for UpdatesBy.
type UpdatesBy string

// Upload defines model for Upload.
type Upload struct {
	CreatedAt time.Time `json:"created_at"`

	// ID What media.file of a message is to be.
	ID       string `json:"id"`
	MIMEType string `json:"mime_type,omitempty,omitzero"`
	Name     string `json:"name"`

	// Size Bytes.
	Size int64 `json:"size"`
}

// Wait defines model for Wait.
type Wait struct {
	Chat   int64     `json:"chat,omitempty,omitzero"`
	Method string    `json:"method"`
	Until  time.Time `json:"until"`
}

// Webhook defines model for Webhook.
type Webhook struct {
	// AccountIDs Whose events. With neither accounts nor pools, those of all.
	AccountIDs []string  `json:"account_ids,omitempty,omitzero"`
	CreatedAt  time.Time `json:"created_at"`

	// Dead How many events were given up. Left out in lists.
	Dead        int64  `json:"dead,omitempty,omitzero"`
	Description string `json:"description,omitempty,omitzero"`

	// DisabledReason Why nothing is sent to it.
	DisabledReason string `json:"disabled_reason,omitempty,omitzero"`
	Enabled        bool   `json:"enabled"`

	// EventTypes Which events; all if there are none.
	EventTypes []EventType `json:"event_types,omitempty,omitzero"`

	// ID Examples: hook_01KB0000000000000000000000
	ID string `json:"id"`

	// PausedUntil When its receiver wants to be asked again.
	PausedUntil time.Time `json:"paused_until,omitempty,omitzero"`

	// PoolIDs And those of whose accounts.
	PoolIDs []string `json:"pool_ids,omitempty,omitzero"`

	// Position How far it has come in the log: up to there everything is delivered, waits to be tried again, or was given up.
	Position string `json:"position"`

	// Secret What its requests are signed with, by the Standard Webhooks scheme. Shown once, when the webhook is made.
	Secret string `json:"secret,omitempty,omitzero"`

	// URL Where events are sent. It has to be https, and lead to a public address.
	//
	// Examples: https://example.com/hooks/telegram
	URL string `json:"url"`

	// Waiting How many events wait to be tried again, or behind such. Left out in lists.
	Waiting int64 `json:"waiting,omitempty,omitzero"`
}

// WebhookInput defines model for WebhookInput.
type WebhookInput struct {
	// AccountIDs Whose events. With neither accounts nor pools, those of all.
	AccountIDs  []string `json:"account_ids,omitempty,omitzero"`
	Description string   `json:"description,omitempty,omitzero"`

	// EventTypes Which events; all if there are none.
	EventTypes []EventType `json:"event_types,omitempty,omitzero"`

	// PoolIDs And those of whose accounts.
	PoolIDs []string `json:"pool_ids,omitempty,omitzero"`

	// URL Where events are sent. It has to be https, and lead to a public address.
	//
	// Examples: https://example.com/hooks/telegram
	URL string `json:"url"`
}

// WebhookList defines model for WebhookList.
type WebhookList struct {
	// Next What after has to be for the next page; empty at the end.
	Next     string    `json:"next,omitempty,omitzero"`
	Webhooks []Webhook `json:"webhooks"`
}

// ListAccountsParams defines parameters for ListAccounts.
type ListAccountsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListBlockedParams defines parameters for ListBlocked.
type ListBlockedParams struct {
	// After The next of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`
	Limit int64  `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// GetBudgetParams defines parameters for GetBudget.
type GetBudgetParams struct {
	// Ahead Forecast when so many of each kind will have been able to go.
	Ahead int64 `form:"ahead,omitempty" json:"ahead,omitempty,omitzero"`
}

// ListConversationsParams defines parameters for ListConversations.
type ListConversationsParams struct {
	// After The next of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`
	Limit int64  `form:"limit,omitempty" json:"limit,omitempty,omitzero"`

	// Unread Only those with messages that the account has not read.
	Unread bool `form:"unread,omitempty" json:"unread,omitempty,omitzero"`
}

// ListExportsParams defines parameters for ListExports.
type ListExportsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// CreateExportParams defines parameters for CreateExport.
type CreateExportParams struct {
	// IdempotencyKey Repeated with the same key and body, the request does nothing and answers as it did first.
	IdempotencyKey string `json:"Idempotency-Key,omitempty,omitzero"`
}

// GetExportMembersParams defines parameters for GetExportMembers.
type GetExportMembersParams struct {
	Format GetExportMembersParamsFormat `form:"format,omitempty" json:"format,omitempty,omitzero"`

	// Partial What there is by now of an export that is not done.
	Partial bool `form:"partial,omitempty" json:"partial,omitempty,omitzero"`
}

// GetExportMembersParamsFormat defines parameters for GetExportMembers.
type GetExportMembersParamsFormat string

// SendMessageParams defines parameters for SendMessage.
type SendMessageParams struct {
	// IdempotencyKey Repeated with the same key and body, the request does nothing and answers as it did first.
	IdempotencyKey string `json:"Idempotency-Key,omitempty,omitzero"`
}

// SearchPeopleParams defines parameters for SearchPeople.
type SearchPeopleParams struct {
	Query string `form:"query" json:"query"`
	Limit int64  `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListAuditParams defines parameters for ListAudit.
type ListAuditParams struct {
	// Account Only what was done to this account.
	Account string `form:"account,omitempty" json:"account,omitempty,omitzero"`

	// Actor Only what this API key has asked for.
	Actor string `form:"actor,omitempty" json:"actor,omitempty,omitzero"`

	// Before The next of the page before.
	Before string `form:"before,omitempty" json:"before,omitempty,omitzero"`
	Limit  int64  `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListMessagesParams defines parameters for ListMessages.
type ListMessagesParams struct {
	// After The next of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`
	Limit int64  `form:"limit,omitempty" json:"limit,omitempty,omitzero"`

	// Order Which comes first.
	Order ListMessagesParamsOrder `form:"order,omitempty" json:"order,omitempty,omitzero"`
}

// ListMessagesParamsOrder defines parameters for ListMessages.
type ListMessagesParamsOrder string

// SendIntoConversationParams defines parameters for SendIntoConversation.
type SendIntoConversationParams struct {
	// IdempotencyKey Repeated with the same key and body, the request does nothing and answers as it did first.
	IdempotencyKey string `json:"Idempotency-Key,omitempty,omitzero"`
}

// ListEventsParams defines parameters for ListEvents.
type ListEventsParams struct {
	// After Where to go on: next of the page before, the id of an event, 0 for the first event there is, or, for a stream, latest for what happens from now on.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// AccountID Of these accounts alone.
	AccountID []string `form:"account_id,omitempty" json:"account_id,omitempty,omitzero"`

	// Type Of these types alone.
	Type []EventType `form:"type,omitempty" json:"type,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListKeysParams defines parameters for ListKeys.
type ListKeysParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// DeleteMessageParams defines parameters for DeleteMessage.
type DeleteMessageParams struct {
	// Everybody For everybody, or for the account alone.
	Everybody *bool `form:"everybody,omitempty" json:"everybody,omitempty"`
}

// GetMediaParams defines parameters for GetMedia.
type GetMediaParams struct {
	// Range Which bytes are wanted, as of RFC 9110.
	Range string `json:"Range,omitempty,omitzero"`

	// IfRange The ETag of what there is already: if the file is another one, all of it is sent.
	IfRange string `json:"If-Range,omitempty,omitzero"`

	// IfNoneMatch The ETag of what there is already: if the file is the same, nothing is sent.
	IfNoneMatch string `json:"If-None-Match,omitempty,omitzero"`
}

// ListPoolsParams defines parameters for ListPools.
type ListPoolsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// GiveToPoolParams defines parameters for GiveToPool.
type GiveToPoolParams struct {
	// IdempotencyKey Repeated with the same key and body, the request does nothing and answers as it did first.
	IdempotencyKey string `json:"Idempotency-Key,omitempty,omitzero"`
}

// ListRampsParams defines parameters for ListRamps.
type ListRampsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListActionsParams defines parameters for ListActions.
type ListActionsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// QueueActionsParams defines parameters for QueueActions.
type QueueActionsParams struct {
	// IdempotencyKey Repeated with the same key and body, the request does nothing and answers as it did first.
	IdempotencyKey string `json:"Idempotency-Key,omitempty,omitzero"`
}

// ListSuppressionsParams defines parameters for ListSuppressions.
type ListSuppressionsParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// UploadParams defines parameters for Upload.
type UploadParams struct {
	// Name The name that others see.
	Name string `form:"name" json:"name"`
}

// ListWebhooksParams defines parameters for ListWebhooks.
type ListWebhooksParams struct {
	// After The id of the last one of the page before.
	After string `form:"after,omitempty" json:"after,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// ListDeliveriesParams defines parameters for ListDeliveries.
type ListDeliveriesParams struct {
	// State In this state alone.
	State DeliveryState `form:"state,omitempty" json:"state,omitempty,omitzero"`

	// Before next of the page before.
	Before string `form:"before,omitempty" json:"before,omitempty,omitzero"`

	// Limit How many at most.
	Limit int64 `form:"limit,omitempty" json:"limit,omitempty,omitzero"`
}

// CreateAccountJSONRequestBody defines body for CreateAccount for application/json ContentType.
type CreateAccountJSONRequestBody = NewAccount

// SetBudgetJSONRequestBody defines body for SetBudget for application/json ContentType.
type SetBudgetJSONRequestBody = BudgetPlan

// AddContactJSONRequestBody defines body for AddContact for application/json ContentType.
type AddContactJSONRequestBody = AddContactRequest

// CreateExportJSONRequestBody defines body for CreateExport for application/json ContentType.
type CreateExportJSONRequestBody = CreateExportRequest

// LookUpJSONRequestBody defines body for LookUp for application/json ContentType.
type LookUpJSONRequestBody = LookUpRequest

// SendMessageJSONRequestBody defines body for SendMessage for application/json ContentType.
type SendMessageJSONRequestBody = SendMessageRequest

// AnswerSignInJSONRequestBody defines body for AnswerSignIn for application/json ContentType.
type AnswerSignInJSONRequestBody = Answer

// SetUpdatesJSONRequestBody defines body for SetUpdates for application/json ContentType.
type SetUpdatesJSONRequestBody = BotUpdates

// BackfillJSONRequestBody defines body for Backfill for application/json ContentType.
type BackfillJSONRequestBody = BackfillRequest

// SendIntoConversationJSONRequestBody defines body for SendIntoConversation for application/json ContentType.
type SendIntoConversationJSONRequestBody = NewMessage

// MarkReadJSONRequestBody defines body for MarkRead for application/json ContentType.
type MarkReadJSONRequestBody = MarkReadRequest

// CreateKeyJSONRequestBody defines body for CreateKey for application/json ContentType.
type CreateKeyJSONRequestBody = NewKey

// EditMessageJSONRequestBody defines body for EditMessage for application/json ContentType.
type EditMessageJSONRequestBody = NewContent

// ReactJSONRequestBody defines body for React for application/json ContentType.
type ReactJSONRequestBody = ReactRequest

// CreatePoolJSONRequestBody defines body for CreatePool for application/json ContentType.
type CreatePoolJSONRequestBody = NewPool

// UpdatePoolJSONRequestBody defines body for UpdatePool for application/json ContentType.
type UpdatePoolJSONRequestBody = NewPool

// GiveToPoolJSONRequestBody defines body for GiveToPool for application/json ContentType.
type GiveToPoolJSONRequestBody = PoolMessage

// CreateRampJSONRequestBody defines body for CreateRamp for application/json ContentType.
type CreateRampJSONRequestBody = NewRamp

// UpdateRampJSONRequestBody defines body for UpdateRamp for application/json ContentType.
type UpdateRampJSONRequestBody = RampBody

// QueueActionsJSONRequestBody defines body for QueueActions for application/json ContentType.
type QueueActionsJSONRequestBody = NewActions

// SuppressJSONRequestBody defines body for Suppress for application/json ContentType.
type SuppressJSONRequestBody = NewSuppression

// CreateWebhookJSONRequestBody defines body for CreateWebhook for application/json ContentType.
type CreateWebhookJSONRequestBody = WebhookInput

// UpdateWebhookJSONRequestBody defines body for UpdateWebhook for application/json ContentType.
type UpdateWebhookJSONRequestBody = WebhookInput

// ReplayEventsJSONRequestBody defines body for ReplayEvents for application/json ContentType.
type ReplayEventsJSONRequestBody = ReplayInput

// RotateWebhookSecretJSONRequestBody defines body for RotateWebhookSecret for application/json ContentType.
type RotateWebhookSecretJSONRequestBody = RotateWebhookSecretRequest

// ListAccounts asks the daemon to list the accounts.
//
// In the order in which they were added; those that the key may see.
func (c *Client) ListAccounts(ctx context.Context, params *ListAccountsParams) (*AccountList, error) {
	r := newCall(http.MethodGet, "/v1/accounts")
	if params == nil {
		params = new(ListAccountsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(AccountList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Accounts yields what ListAccounts lists, page after page. An error is the
// last that it yields.
func (c *Client) Accounts(ctx context.Context, params *ListAccountsParams) iter.Seq2[Account, error] {
	p := ListAccountsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Account, string, error) {
		p.After = cursor
		page, err := c.ListAccounts(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Accounts, page.Next, nil
	})
}

// CreateAccount asks the daemon to add an account.
//
// Nobody is signed in yet: begin a sign-in with it, or make a login link for whom it belongs to.
func (c *Client) CreateAccount(ctx context.Context, body NewAccount) (*Account, error) {
	r := newCall(http.MethodPost, "/v1/accounts")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeleteAccount asks the daemon to delete an account.
//
// It is signed out, and everything that the bridge has of it is deleted for good. At Telegram the account stays.
func (c *Client) DeleteAccount(ctx context.Context, account string) error {
	r := newCall(http.MethodDelete, "/v1/accounts/%s", account)
	return c.do(ctx, r, nil)
}

// GetAccount asks the daemon to show an account.
func (c *Client) GetAccount(ctx context.Context, account string) (*Account, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s", account)
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListBlocked asks the daemon to list those whom an account has blocked.
//
// The latest first. Bots block nobody.
func (c *Client) ListBlocked(ctx context.Context, account string, params *ListBlockedParams) (*BlockedList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/blocked", account)
	if params == nil {
		params = new(ListBlockedParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(BlockedList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Blocked yields what ListBlocked lists, page after page. An error is the
// last that it yields.
func (c *Client) Blocked(ctx context.Context, account string, params *ListBlockedParams) iter.Seq2[Profile, error] {
	p := ListBlockedParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Profile, string, error) {
		p.After = cursor
		page, err := c.ListBlocked(ctx, account, &p)
		if err != nil {
			return nil, "", err
		}
		return page.People, page.Next, nil
	})
}

// GetBudget asks the daemon to show what an account may do, and when.
//
// What is planned, what flood waits have taught, what its ramp has for today, what is used and what is left.
func (c *Client) GetBudget(ctx context.Context, account string, params *GetBudgetParams) (*Budget, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/budget", account)
	if params == nil {
		params = new(GetBudgetParams)
	}
	r.ask("ahead", params.Ahead)
	answer := new(Budget)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// SetBudget asks the daemon to set what an account may do.
//
// The plan replaces the one before. What flood waits have taught stays, and is never more than the plan.
func (c *Client) SetBudget(ctx context.Context, account string, body BudgetPlan) (*Budget, error) {
	r := newCall(http.MethodPut, "/v1/accounts/%s/budget", account)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Budget)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListContacts asks the daemon to list an account's contacts.
//
// All of them, as Telegram tells now. Bots have none.
func (c *Client) ListContacts(ctx context.Context, account string) (*ProfileList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/contacts", account)
	answer := new(ProfileList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// AddContact asks the daemon to add somebody to an account's contacts.
//
// Whoever is named by a phone number or a username is looked up, which the account's budget for lookups has to allow now.
func (c *Client) AddContact(ctx context.Context, account string, body AddContactRequest) (*Profile, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/contacts", account)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Profile)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeleteContact asks the daemon to take somebody out of an account's contacts.
func (c *Client) DeleteContact(ctx context.Context, account string, contact string) error {
	r := newCall(http.MethodDelete, "/v1/accounts/%s/contacts/%s", account, contact)
	return c.do(ctx, r, nil)
}

// ListConversations asks the daemon to list the conversations of an account.
//
// Those with the latest messages first.
func (c *Client) ListConversations(ctx context.Context, account string, params *ListConversationsParams) (*ConversationList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/conversations", account)
	if params == nil {
		params = new(ListConversationsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	r.ask("unread", params.Unread)
	answer := new(ConversationList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Conversations yields what ListConversations lists, page after page. An error is the
// last that it yields.
func (c *Client) Conversations(ctx context.Context, account string, params *ListConversationsParams) iter.Seq2[Conversation, error] {
	p := ListConversationsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Conversation, string, error) {
		p.After = cursor
		page, err := c.ListConversations(ctx, account, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Conversations, page.Next, nil
	})
}

// ListDevices asks the daemon to list the devices that are signed in to an account.
func (c *Client) ListDevices(ctx context.Context, account string) (*DeviceList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/devices", account)
	answer := new(DeviceList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// EndDevice asks the daemon to sign a device out.
func (c *Client) EndDevice(ctx context.Context, account string, device string) error {
	r := newCall(http.MethodDelete, "/v1/accounts/%s/devices/%s", account, device)
	return c.do(ctx, r, nil)
}

// ConfirmDevice asks the daemon to confirm the sign-in of a device.
func (c *Client) ConfirmDevice(ctx context.Context, account string, device string) error {
	r := newCall(http.MethodPost, "/v1/accounts/%s/devices/%s/confirm", account, device)
	return c.do(ctx, r, nil)
}

// ListExports asks the daemon to list the exports of an account.
//
// The latest first.
func (c *Client) ListExports(ctx context.Context, account string, params *ListExportsParams) (*ExportList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/exports", account)
	if params == nil {
		params = new(ListExportsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(ExportList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Exports yields what ListExports lists, page after page. An error is the
// last that it yields.
func (c *Client) Exports(ctx context.Context, account string, params *ListExportsParams) iter.Seq2[Export, error] {
	p := ListExportsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Export, string, error) {
		p.After = cursor
		page, err := c.ListExports(ctx, account, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Exports, page.Next, nil
	})
}

// CreateExport asks the daemon to export the members of a group or channel.
//
// They are fetched in the background, a hundred at a time, within the account's budget for participants, and gone on with after a restart. Events (export.progress, export.done, export.failed) tell how far it is. Telegram shows at most 10,000 members of a supergroup and 200 of a channel, and none where administrators have hidden them: complete and gap say how much of the truth the list is. It is deleted a week after its end. Bots cannot.
func (c *Client) CreateExport(ctx context.Context, account string, body CreateExportRequest, params *CreateExportParams) (*Export, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/exports", account)
	if params == nil {
		params = new(CreateExportParams)
	}
	r.set("Idempotency-Key", params.IdempotencyKey)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Export)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeleteExport asks the daemon to delete an export with all that it holds.
func (c *Client) DeleteExport(ctx context.Context, account string, export string) error {
	r := newCall(http.MethodDelete, "/v1/accounts/%s/exports/%s", account, export)
	return c.do(ctx, r, nil)
}

// GetExport asks the daemon to show an export.
func (c *Client) GetExport(ctx context.Context, account string, export string) (*Export, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/exports/%s", account, export)
	answer := new(Export)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// CancelExport asks the daemon to end an export.
//
// What it holds by then stays for a week.
func (c *Client) CancelExport(ctx context.Context, account string, export string) (*Export, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/exports/%s/cancel", account, export)
	answer := new(Export)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// GetExportMembers asks the daemon to fetch what an export holds.
//
// As CSV, with a line of names first, or as JSON lines. In the CSV, what a spreadsheet would take for a formula has an apostrophe before it. An export that is not done is refused unless partial is set.
func (c *Client) GetExportMembers(ctx context.Context, account string, export string, params *GetExportMembersParams) (io.ReadCloser, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/exports/%s/members", account, export)
	if params == nil {
		params = new(GetExportMembersParams)
	}
	r.ask("format", params.Format)
	r.ask("partial", params.Partial)
	return c.open(ctx, r)
}

// ListGroups asks the daemon to list the groups and channels of an account.
//
// Those in its list of conversations, as Telegram tells now, the one with the latest message first. Each hundred conversations count as a page of history. Bots cannot.
func (c *Client) ListGroups(ctx context.Context, account string) (*GroupList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/groups", account)
	answer := new(GroupList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// GetGroup asks the daemon to show a group or channel.
//
// With whether its members can be listed. It counts as a page of participants.
func (c *Client) GetGroup(ctx context.Context, account string, group string) (*Group, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/groups/%s", account, group)
	answer := new(Group)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// AccountHealth asks the daemon to show how an account is.
//
// What online means is measured: the last pong, the last update, how far behind.
func (c *Client) AccountHealth(ctx context.Context, account string) (*Health, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/health", account)
	answer := new(Health)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ReadLoginCode asks the daemon to read the login code that Telegram has written to an account last, to sign it in on another device.
func (c *Client) ReadLoginCode(ctx context.Context, account string) (*LoginCode, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/login-code", account)
	answer := new(LoginCode)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// CreateLoginLink asks the daemon to make a login link.
//
// Whoever opens it can sign the account in, once, without an API key. It ends with the sign-in or after a day.
func (c *Client) CreateLoginLink(ctx context.Context, account string) (*LoginLink, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/login-links", account)
	answer := new(LoginLink)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// LookUp asks the daemon to find out who has a username or phone number.
//
// Telegram is asked each time, within the account's budget for lookups: where that does not allow it now, the answer is 429 and says when. Bots cannot.
func (c *Client) LookUp(ctx context.Context, account string, body LookUpRequest) (*Profile, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/look-ups", account)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Profile)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// SendMessage asks the daemon to send a message.
//
// It is stored before this is answered, and sent once, in the order of its conversation. Events, or the message itself, tell what becomes of it.
func (c *Client) SendMessage(ctx context.Context, account string, body SendMessageRequest, params *SendMessageParams) (*Accepted, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/messages", account)
	if params == nil {
		params = new(SendMessageParams)
	}
	r.set("Idempotency-Key", params.IdempotencyKey)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Accepted)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// SearchPeople asks the daemon to search for people, groups and channels.
//
// By the beginning of a name or username: the account's contacts and conversations first, then others. It counts as a look-up. Bots cannot.
func (c *Client) SearchPeople(ctx context.Context, account string, params *SearchPeopleParams) (*ProfileList, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/people", account)
	if params == nil {
		params = new(SearchPeopleParams)
	}
	r.ask("query", params.Query)
	r.ask("limit", params.Limit)
	answer := new(ProfileList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// CancelSignIn asks the daemon to give a sign-in up.
func (c *Client) CancelSignIn(ctx context.Context, account string) error {
	r := newCall(http.MethodDelete, "/v1/accounts/%s/sign-in", account)
	return c.do(ctx, r, nil)
}

// GetSignIn asks the daemon to show what a sign-in asks for.
//
// While a QR code is shown, ask every few seconds: it changes, and ends in done.
func (c *Client) GetSignIn(ctx context.Context, account string) (*SignIn, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/sign-in", account)
	answer := new(SignIn)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// BeginSignIn asks the daemon to begin a sign-in.
//
// One that was begun before is given up.
func (c *Client) BeginSignIn(ctx context.Context, account string) (*SignIn, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/sign-in", account)
	answer := new(SignIn)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// AnswerSignIn asks the daemon to answer a step of a sign-in.
//
// A wrong code or password is no failure: the step stays, with its problem.
func (c *Client) AnswerSignIn(ctx context.Context, account string, body Answer) (*SignIn, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/sign-in/answers", account)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(SignIn)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// SignInQR asks the daemon to show the QR code of a sign-in as a picture.
func (c *Client) SignInQR(ctx context.Context, account string) (io.ReadCloser, error) {
	r := newCall(http.MethodGet, "/v1/accounts/%s/sign-in/qr.png", account)
	return c.open(ctx, r)
}

// SignOutAccount asks the daemon to sign an account out.
//
// Its session at Telegram ends. Its messages stay.
func (c *Client) SignOutAccount(ctx context.Context, account string) (*Account, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/sign-out", account)
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// StartAccount asks the daemon to bring a paused account online.
func (c *Client) StartAccount(ctx context.Context, account string) (*Account, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/start", account)
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// StopAccount asks the daemon to take an account offline.
//
// It stays signed in. What is to be sent is parked until it is started.
func (c *Client) StopAccount(ctx context.Context, account string) (*Account, error) {
	r := newCall(http.MethodPost, "/v1/accounts/%s/stop", account)
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// SetUpdates asks the daemon to change how the updates of a bot come.
//
// None is lost on the way, and none comes twice.
func (c *Client) SetUpdates(ctx context.Context, account string, body BotUpdates) (*Account, error) {
	r := newCall(http.MethodPut, "/v1/accounts/%s/updates", account)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Account)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListAudit asks the daemon to show who has asked for what.
//
// The newest first. Entries are never changed.
func (c *Client) ListAudit(ctx context.Context, params *ListAuditParams) (*AuditList, error) {
	r := newCall(http.MethodGet, "/v1/audit")
	if params == nil {
		params = new(ListAuditParams)
	}
	r.ask("account", params.Account)
	r.ask("actor", params.Actor)
	r.ask("before", params.Before)
	r.ask("limit", params.Limit)
	answer := new(AuditList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Audit yields what ListAudit lists, page after page. An error is the
// last that it yields.
func (c *Client) Audit(ctx context.Context, params *ListAuditParams) iter.Seq2[AuditEntry, error] {
	p := ListAuditParams{}
	if params != nil {
		p = *params
	}
	return pages(p.Before, func(cursor string) ([]AuditEntry, string, error) {
		p.Before = cursor
		page, err := c.ListAudit(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Entries, page.Next, nil
	})
}

// GetConversation asks the daemon to show a conversation.
func (c *Client) GetConversation(ctx context.Context, conversation string) (*Conversation, error) {
	r := newCall(http.MethodGet, "/v1/conversations/%s", conversation)
	answer := new(Conversation)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Backfill asks the daemon to fetch older messages of a conversation.
//
// They are fetched in the background when the account is online, from the oldest that was fetched on, and listed like all others. No events tell of them. Bots cannot.
func (c *Client) Backfill(ctx context.Context, conversation string, body BackfillRequest) error {
	r := newCall(http.MethodPost, "/v1/conversations/%s/backfill", conversation)
	if err := r.send(body); err != nil {
		return err
	}
	return c.do(ctx, r, nil)
}

// ListMessages asks the daemon to list the messages of a conversation.
//
// Deleted ones are listed too, with when that was.
func (c *Client) ListMessages(ctx context.Context, conversation string, params *ListMessagesParams) (*MessageList, error) {
	r := newCall(http.MethodGet, "/v1/conversations/%s/messages", conversation)
	if params == nil {
		params = new(ListMessagesParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	r.ask("order", params.Order)
	answer := new(MessageList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Messages yields what ListMessages lists, page after page. An error is the
// last that it yields.
func (c *Client) Messages(ctx context.Context, conversation string, params *ListMessagesParams) iter.Seq2[Message, error] {
	p := ListMessagesParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Message, string, error) {
		p.After = cursor
		page, err := c.ListMessages(ctx, conversation, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Messages, page.Next, nil
	})
}

// SendIntoConversation asks the daemon to send a message into a conversation.
func (c *Client) SendIntoConversation(ctx context.Context, conversation string, body NewMessage, params *SendIntoConversationParams) (*Accepted, error) {
	r := newCall(http.MethodPost, "/v1/conversations/%s/messages", conversation)
	if params == nil {
		params = new(SendIntoConversationParams)
	}
	r.set("Idempotency-Key", params.IdempotencyKey)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Accepted)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// MarkRead asks the daemon to mark a conversation as read.
func (c *Client) MarkRead(ctx context.Context, conversation string, body MarkReadRequest) error {
	r := newCall(http.MethodPost, "/v1/conversations/%s/read", conversation)
	if err := r.send(body); err != nil {
		return err
	}
	return c.do(ctx, r, nil)
}

// Typing asks the daemon to show that somebody is writing.
//
// For some seconds. To be called while a person, or a program for one, does write.
func (c *Client) Typing(ctx context.Context, conversation string) error {
	r := newCall(http.MethodPost, "/v1/conversations/%s/typing", conversation)
	return c.do(ctx, r, nil)
}

// ListEvents asks the daemon to read the log of events.
//
// All accounts that the key may see, in one order, from any point. No event is skipped, however the page falls. Each account's events are numbered by seq without gaps.
func (c *Client) ListEvents(ctx context.Context, params *ListEventsParams) (*EventPage, error) {
	r := newCall(http.MethodGet, "/v1/events")
	if params == nil {
		params = new(ListEventsParams)
	}
	r.ask("after", params.After)
	r.ask("account_id", params.AccountID)
	r.ask("type", params.Type)
	r.ask("limit", params.Limit)
	answer := new(EventPage)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListKeys asks the daemon to list the API keys.
//
// Revoked and expired ones too.
func (c *Client) ListKeys(ctx context.Context, params *ListKeysParams) (*KeyList, error) {
	r := newCall(http.MethodGet, "/v1/keys")
	if params == nil {
		params = new(ListKeysParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(KeyList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Keys yields what ListKeys lists, page after page. An error is the
// last that it yields.
func (c *Client) Keys(ctx context.Context, params *ListKeysParams) iter.Seq2[Key, error] {
	p := ListKeysParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Key, string, error) {
		p.After = cursor
		page, err := c.ListKeys(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Keys, page.Next, nil
	})
}

// CreateKey asks the daemon to make an API key.
func (c *Client) CreateKey(ctx context.Context, body NewKey) (*MadeKey, error) {
	r := newCall(http.MethodPost, "/v1/keys")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(MadeKey)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// RevokeKey asks the daemon to revoke an API key.
//
// At once and for good.
func (c *Client) RevokeKey(ctx context.Context, key string) error {
	r := newCall(http.MethodDelete, "/v1/keys/%s", key)
	return c.do(ctx, r, nil)
}

// DeleteMessage asks the daemon to delete a message at Telegram.
func (c *Client) DeleteMessage(ctx context.Context, message string, params *DeleteMessageParams) error {
	r := newCall(http.MethodDelete, "/v1/messages/%s", message)
	if params == nil {
		params = new(DeleteMessageParams)
	}
	r.ask("everybody", params.Everybody)
	return c.do(ctx, r, nil)
}

// GetMessage asks the daemon to show a message.
func (c *Client) GetMessage(ctx context.Context, message string) (*Message, error) {
	r := newCall(http.MethodGet, "/v1/messages/%s", message)
	answer := new(Message)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// EditMessage asks the daemon to edit a message that was sent.
func (c *Client) EditMessage(ctx context.Context, message string, body NewContent) error {
	r := newCall(http.MethodPatch, "/v1/messages/%s", message)
	if err := r.send(body); err != nil {
		return err
	}
	return c.do(ctx, r, nil)
}

// CancelMessage asks the daemon to take back a message that is not on its way yet.
func (c *Client) CancelMessage(ctx context.Context, message string) (*Message, error) {
	r := newCall(http.MethodPost, "/v1/messages/%s/cancel", message)
	answer := new(Message)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// GetMedia asks the daemon to fetch the file that a message carries.
//
// It is passed on as it comes from Telegram, however large it is. Parts can be asked for with Range, and a download that was cut off can be gone on with: If-Range takes the ETag. Where something fails before the first byte, the answer is a problem document; after that, the connection is cut. Bots cannot fetch files over 20 MB.
func (c *Client) GetMedia(ctx context.Context, message string, params *GetMediaParams) (io.ReadCloser, error) {
	r := newCall(http.MethodGet, "/v1/messages/%s/media", message)
	if params == nil {
		params = new(GetMediaParams)
	}
	r.set("Range", params.Range)
	r.set("If-Range", params.IfRange)
	r.set("If-None-Match", params.IfNoneMatch)
	return c.open(ctx, r)
}

// React asks the daemon to react to a message.
func (c *Client) React(ctx context.Context, message string, body ReactRequest) error {
	r := newCall(http.MethodPut, "/v1/messages/%s/reactions", message)
	if err := r.send(body); err != nil {
		return err
	}
	return c.do(ctx, r, nil)
}

// ListPools asks the daemon to list the pools.
func (c *Client) ListPools(ctx context.Context, params *ListPoolsParams) (*PoolList, error) {
	r := newCall(http.MethodGet, "/v1/pools")
	if params == nil {
		params = new(ListPoolsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(PoolList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Pools yields what ListPools lists, page after page. An error is the
// last that it yields.
func (c *Client) Pools(ctx context.Context, params *ListPoolsParams) iter.Seq2[Pool, error] {
	p := ListPoolsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Pool, string, error) {
		p.After = cursor
		page, err := c.ListPools(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Pools, page.Next, nil
	})
}

// CreatePool asks the daemon to make a pool of accounts.
//
// What is given to a pool is done by the account that it falls to: the one that knows the person, or, where none does, the one whose budget lets it do so first.
func (c *Client) CreatePool(ctx context.Context, body NewPool) (*Pool, error) {
	r := newCall(http.MethodPost, "/v1/pools")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Pool)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeletePool asks the daemon to delete a pool.
//
// Its accounts stay. What it knew of people, and how often they were written to, is forgotten.
func (c *Client) DeletePool(ctx context.Context, pool string) error {
	r := newCall(http.MethodDelete, "/v1/pools/%s", pool)
	return c.do(ctx, r, nil)
}

// GetPool asks the daemon to show a pool.
func (c *Client) GetPool(ctx context.Context, pool string) (*Pool, error) {
	r := newCall(http.MethodGet, "/v1/pools/%s", pool)
	answer := new(Pool)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// UpdatePool asks the daemon to change a pool.
func (c *Client) UpdatePool(ctx context.Context, pool string, body NewPool) (*Pool, error) {
	r := newCall(http.MethodPut, "/v1/pools/%s", pool)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Pool)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListPoolAccounts asks the daemon to show how the accounts of a pool stand.
func (c *Client) ListPoolAccounts(ctx context.Context, pool string) (*MemberList, error) {
	r := newCall(http.MethodGet, "/v1/pools/%s/accounts", pool)
	answer := new(MemberList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// RemovePoolAccount asks the daemon to take an account out of a pool.
//
// To whom it has written stays known there, so that others of the pool do not write to them too.
func (c *Client) RemovePoolAccount(ctx context.Context, pool string, account string) error {
	r := newCall(http.MethodDelete, "/v1/pools/%s/accounts/%s", pool, account)
	return c.do(ctx, r, nil)
}

// AddPoolAccount asks the daemon to add an account to a pool.
//
// An account is in one pool at most.
func (c *Client) AddPoolAccount(ctx context.Context, pool string, account string) error {
	r := newCall(http.MethodPut, "/v1/pools/%s/accounts/%s", pool, account)
	return c.do(ctx, r, nil)
}

// GiveToPool asks the daemon to have an account of a pool write to a person.
//
// A person stays with the account that knows them. A first message that an account cannot send is never given to another one.
func (c *Client) GiveToPool(ctx context.Context, pool string, body PoolMessage, params *GiveToPoolParams) (*Receipt, error) {
	r := newCall(http.MethodPost, "/v1/pools/%s/messages", pool)
	if params == nil {
		params = new(GiveToPoolParams)
	}
	r.set("Idempotency-Key", params.IdempotencyKey)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Receipt)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListRamps asks the daemon to list the ramps.
func (c *Client) ListRamps(ctx context.Context, params *ListRampsParams) (*RampList, error) {
	r := newCall(http.MethodGet, "/v1/ramps")
	if params == nil {
		params = new(ListRampsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(RampList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Ramps yields what ListRamps lists, page after page. An error is the
// last that it yields.
func (c *Client) Ramps(ctx context.Context, params *ListRampsParams) iter.Seq2[Ramp, error] {
	p := ListRampsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Ramp, string, error) {
		p.After = cursor
		page, err := c.ListRamps(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Ramps, page.Next, nil
	})
}

// CreateRamp asks the daemon to make a ramp for new accounts.
//
// What its accounts may do grows from day to day by the plan. Joins and posts that it is given wait their turn; nothing else is done.
func (c *Client) CreateRamp(ctx context.Context, body NewRamp) (*Ramp, error) {
	r := newCall(http.MethodPost, "/v1/ramps")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Ramp)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeleteRamp asks the daemon to delete a ramp.
//
// What it has queued is canceled. Its accounts stay.
func (c *Client) DeleteRamp(ctx context.Context, ramp string) error {
	r := newCall(http.MethodDelete, "/v1/ramps/%s", ramp)
	return c.do(ctx, r, nil)
}

// GetRamp asks the daemon to show a ramp.
func (c *Client) GetRamp(ctx context.Context, ramp string) (*Ramp, error) {
	r := newCall(http.MethodGet, "/v1/ramps/%s", ramp)
	answer := new(Ramp)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// UpdateRamp asks the daemon to change a ramp.
//
// Its accounts stay at the day that they are at.
func (c *Client) UpdateRamp(ctx context.Context, ramp string, body RampBody) (*Ramp, error) {
	r := newCall(http.MethodPut, "/v1/ramps/%s", ramp)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Ramp)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListRampAccounts asks the daemon to show how far the accounts of a ramp have come.
func (c *Client) ListRampAccounts(ctx context.Context, ramp string) (*RampAccounts, error) {
	r := newCall(http.MethodGet, "/v1/ramps/%s/accounts", ramp)
	answer := new(RampAccounts)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// RemoveRampAccount asks the daemon to take an account off a ramp.
//
// What it has queued there is canceled.
func (c *Client) RemoveRampAccount(ctx context.Context, ramp string, account string) error {
	r := newCall(http.MethodDelete, "/v1/ramps/%s/accounts/%s", ramp, account)
	return c.do(ctx, r, nil)
}

// AddRampAccount asks the daemon to put an account on a ramp.
//
// Its first day is today. An account is on one ramp at most.
func (c *Client) AddRampAccount(ctx context.Context, ramp string, account string) error {
	r := newCall(http.MethodPut, "/v1/ramps/%s/accounts/%s", ramp, account)
	return c.do(ctx, r, nil)
}

// ListActions asks the daemon to list the actions of a ramp.
//
// In the order in which they were given.
func (c *Client) ListActions(ctx context.Context, ramp string, params *ListActionsParams) (*ActionList, error) {
	r := newCall(http.MethodGet, "/v1/ramps/%s/actions", ramp)
	if params == nil {
		params = new(ListActionsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(ActionList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Actions yields what ListActions lists, page after page. An error is the
// last that it yields.
func (c *Client) Actions(ctx context.Context, ramp string, params *ListActionsParams) iter.Seq2[Action, error] {
	p := ListActionsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Action, string, error) {
		p.After = cursor
		page, err := c.ListActions(ctx, ramp, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Actions, page.Next, nil
	})
}

// QueueActions asks the daemon to queue joins, posts and leaves.
//
// All of them or, where anything is wrong with one, none. Those of one account and target are done in their order; what follows a join that failed fails too.
func (c *Client) QueueActions(ctx context.Context, ramp string, body NewActions, params *QueueActionsParams) (*ActionList, error) {
	r := newCall(http.MethodPost, "/v1/ramps/%s/actions", ramp)
	if params == nil {
		params = new(QueueActionsParams)
	}
	r.set("Idempotency-Key", params.IdempotencyKey)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(ActionList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// CancelAction asks the daemon to cancel an action that has not been started.
func (c *Client) CancelAction(ctx context.Context, ramp string, action string) error {
	r := newCall(http.MethodDelete, "/v1/ramps/%s/actions/%s", ramp, action)
	return c.do(ctx, r, nil)
}

// PauseRamp asks the daemon to pause a ramp.
//
// Nothing of it goes, and the days until it is resumed do not count.
func (c *Client) PauseRamp(ctx context.Context, ramp string) (*Ramp, error) {
	r := newCall(http.MethodPost, "/v1/ramps/%s/pause", ramp)
	answer := new(Ramp)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ResumeRamp asks the daemon to resume a ramp.
func (c *Client) ResumeRamp(ctx context.Context, ramp string) (*Ramp, error) {
	r := newCall(http.MethodPost, "/v1/ramps/%s/resume", ramp)
	answer := new(Ramp)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListSuppressions asks the daemon to list those who are not written to.
//
// With why: the operator, a stop message, or a block.
func (c *Client) ListSuppressions(ctx context.Context, params *ListSuppressionsParams) (*SuppressionList, error) {
	r := newCall(http.MethodGet, "/v1/suppressions")
	if params == nil {
		params = new(ListSuppressionsParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(SuppressionList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Suppressions yields what ListSuppressions lists, page after page. An error is the
// last that it yields.
func (c *Client) Suppressions(ctx context.Context, params *ListSuppressionsParams) iter.Seq2[Suppression, error] {
	p := ListSuppressionsParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Suppression, string, error) {
		p.After = cursor
		page, err := c.ListSuppressions(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Suppressions, page.Next, nil
	})
}

// Suppress asks the daemon to have a person not be written to by any account.
func (c *Client) Suppress(ctx context.Context, body NewSuppression) (*Suppression, error) {
	r := newCall(http.MethodPost, "/v1/suppressions")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Suppression)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Unsuppress asks the daemon to take a person off the list.
//
// Only where the person has agreed to be written to again.
func (c *Client) Unsuppress(ctx context.Context, suppression string) error {
	r := newCall(http.MethodDelete, "/v1/suppressions/%s", suppression)
	return c.do(ctx, r, nil)
}

// Upload asks the daemon to give the bridge a file that is to be sent.
//
// The body is the file. It is kept for a day after it was given, and for as long as a message with it is to be sent.
func (c *Client) Upload(ctx context.Context, contentType string, body io.Reader, params *UploadParams) (*Upload, error) {
	r := newCall(http.MethodPost, "/v1/uploads")
	if params == nil {
		params = new(UploadParams)
	}
	r.ask("name", params.Name)
	r.stream(contentType, body)
	answer := new(Upload)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListWebhooks asks the daemon to list the webhooks.
//
// In the order in which they were made; those that the key may see.
func (c *Client) ListWebhooks(ctx context.Context, params *ListWebhooksParams) (*WebhookList, error) {
	r := newCall(http.MethodGet, "/v1/webhooks")
	if params == nil {
		params = new(ListWebhooksParams)
	}
	r.ask("after", params.After)
	r.ask("limit", params.Limit)
	answer := new(WebhookList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Webhooks yields what ListWebhooks lists, page after page. An error is the
// last that it yields.
func (c *Client) Webhooks(ctx context.Context, params *ListWebhooksParams) iter.Seq2[Webhook, error] {
	p := ListWebhooksParams{}
	if params != nil {
		p = *params
	}
	return pages(p.After, func(cursor string) ([]Webhook, string, error) {
		p.After = cursor
		page, err := c.ListWebhooks(ctx, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Webhooks, page.Next, nil
	})
}

// CreateWebhook asks the daemon to make a webhook.
//
// It gets what happens from now on, signed by the Standard Webhooks scheme, each event at least once: events of one conversation in their order, those of different ones beside each other. What is not answered with 2xx within 15 seconds is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and given up then. Retry-After is honoured, 410 disables the webhook, and redirects are not followed.
func (c *Client) CreateWebhook(ctx context.Context, body WebhookInput) (*Webhook, error) {
	r := newCall(http.MethodPost, "/v1/webhooks")
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Webhook)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// DeleteWebhook asks the daemon to delete a webhook.
//
// What it was still to get is never sent.
func (c *Client) DeleteWebhook(ctx context.Context, webhook string) error {
	r := newCall(http.MethodDelete, "/v1/webhooks/%s", webhook)
	return c.do(ctx, r, nil)
}

// GetWebhook asks the daemon to show a webhook.
func (c *Client) GetWebhook(ctx context.Context, webhook string) (*Webhook, error) {
	r := newCall(http.MethodGet, "/v1/webhooks/%s", webhook)
	answer := new(Webhook)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// UpdateWebhook asks the daemon to change a webhook.
//
// What waits goes to where it leads then.
func (c *Client) UpdateWebhook(ctx context.Context, webhook string, body WebhookInput) (*Webhook, error) {
	r := newCall(http.MethodPut, "/v1/webhooks/%s", webhook)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Webhook)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ListDeliveries asks the daemon to list a webhook's deliveries.
//
// The latest events first. Those that were given up, the dead letters, are those of state dead.
func (c *Client) ListDeliveries(ctx context.Context, webhook string, params *ListDeliveriesParams) (*DeliveryList, error) {
	r := newCall(http.MethodGet, "/v1/webhooks/%s/deliveries", webhook)
	if params == nil {
		params = new(ListDeliveriesParams)
	}
	r.ask("state", params.State)
	r.ask("before", params.Before)
	r.ask("limit", params.Limit)
	answer := new(DeliveryList)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// Deliveries yields what ListDeliveries lists, page after page. An error is the
// last that it yields.
func (c *Client) Deliveries(ctx context.Context, webhook string, params *ListDeliveriesParams) iter.Seq2[Delivery, error] {
	p := ListDeliveriesParams{}
	if params != nil {
		p = *params
	}
	return pages(p.Before, func(cursor string) ([]Delivery, string, error) {
		p.Before = cursor
		page, err := c.ListDeliveries(ctx, webhook, &p)
		if err != nil {
			return nil, "", err
		}
		return page.Deliveries, page.Next, nil
	})
}

// DisableWebhook asks the daemon to disable a webhook.
//
// Nothing is sent to it until it is enabled; then it gets what it has missed.
func (c *Client) DisableWebhook(ctx context.Context, webhook string) (*Webhook, error) {
	r := newCall(http.MethodPost, "/v1/webhooks/%s/disable", webhook)
	answer := new(Webhook)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// EnableWebhook asks the daemon to enable a webhook.
//
// It goes on where it was.
func (c *Client) EnableWebhook(ctx context.Context, webhook string) (*Webhook, error) {
	r := newCall(http.MethodPost, "/v1/webhooks/%s/enable", webhook)
	answer := new(Webhook)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ReplayEvents asks the daemon to have events delivered once more.
//
// Those of a part of the log that the webhook wants, or of these the dead letters. The header webhook-id is as it was the first time.
func (c *Client) ReplayEvents(ctx context.Context, webhook string, body ReplayInput) error {
	r := newCall(http.MethodPost, "/v1/webhooks/%s/replay", webhook)
	if err := r.send(body); err != nil {
		return err
	}
	return c.do(ctx, r, nil)
}

// RotateWebhookSecret asks the daemon to give a webhook a new secret.
//
// For a while requests carry a signature by the old one too.
func (c *Client) RotateWebhookSecret(ctx context.Context, webhook string, body RotateWebhookSecretRequest) (*Rotated, error) {
	r := newCall(http.MethodPost, "/v1/webhooks/%s/rotate-secret", webhook)
	if err := r.send(body); err != nil {
		return nil, err
	}
	answer := new(Rotated)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// TestWebhook asks the daemon to try a webhook out.
//
// Sends an event of type webhook.test at once, and says what came of it. It is not tried again.
func (c *Client) TestWebhook(ctx context.Context, webhook string) (*Attempt, error) {
	r := newCall(http.MethodPost, "/v1/webhooks/%s/test", webhook)
	answer := new(Attempt)
	if err := c.do(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

package bridge

import "time"

// The Data of events about messages and conversations. All of them name the
// conversation, whose events are delivered in order.

// MessageData is the Data of message.received, message.sent, message.edited and
// message.failed.
type MessageData struct {
	ID             MessageID      `json:"id"`
	ConversationID ConversationID `json:"conversation_id"`
	Peer           Peer           `json:"peer"` // whom the conversation is with
	TelegramID     int            `json:"telegram_id,omitempty"`
	Direction      Direction      `json:"direction"`
	Sender         Peer           `json:"sender,omitzero"`
	At             time.Time      `json:"at"`
	Content
	EditedAt time.Time `json:"edited_at,omitzero"`
	State    SendState `json:"state,omitempty"` // of what the bridge was given to send
	Error    string    `json:"error,omitempty"` // of message.failed
	// Replaces is a message that an event before this one was about, and that
	// turned out to be this one: it was learned of before it was known to have
	// been sent by the bridge.
	Replaces MessageID `json:"replaces,omitempty"`
}

// DataOf returns what an event tells of a message.
func DataOf(m *Message, peer Peer) *MessageData {
	return &MessageData{
		ID: m.ID, ConversationID: m.ConversationID, Peer: peer, TelegramID: m.TelegramID, Direction: m.Direction,
		Sender: m.Sender, At: m.At, Content: m.Content, EditedAt: m.EditedAt, State: m.State, Error: m.Error,
	}
}

// DeletedData is the Data of message.deleted.
type DeletedData struct {
	ID             MessageID      `json:"id"`
	ConversationID ConversationID `json:"conversation_id"`
	Peer           Peer           `json:"peer"`
	TelegramID     int            `json:"telegram_id"`
	At             time.Time      `json:"at"` // when it was learned
}

// ReactionData is the Data of message.reaction: all that there are now.
type ReactionData struct {
	ID             MessageID      `json:"id"`
	ConversationID ConversationID `json:"conversation_id"`
	Peer           Peer           `json:"peer"`
	TelegramID     int            `json:"telegram_id"`
	Reactions      []Reaction     `json:"reactions"`
}

// A Reader is who has read messages.
type Reader string

// The readers.
const (
	ReadByAccount Reader = "account"
	ReadByPeer    Reader = "peer"
)

// ReadData is the Data of conversation.read.
type ReadData struct {
	ConversationID ConversationID `json:"conversation_id"`
	Peer           Peer           `json:"peer"`
	By             Reader         `json:"by"`
	UpTo           int            `json:"up_to"`  // the id at Telegram of the last message that was read
	Unread         int            `json:"unread"` // messages that the account has not read
}

// DeviceData is the Data of account.device.
type DeviceData struct {
	// Hash names the device among those of the account.
	Hash int64 `json:"hash,string"`
	// Unconfirmed says that Telegram waits for the account to confirm it; false
	// is a device that needs no confirmation, or has got it.
	Unconfirmed bool      `json:"unconfirmed"`
	Device      string    `json:"device,omitempty"`   // as it calls itself
	Location    string    `json:"location,omitempty"` // by its IP address
	At          time.Time `json:"at,omitzero"`
}

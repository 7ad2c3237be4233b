package bridge

import "time"

// Direction is which way a message went.
type Direction string

// The directions.
const (
	Inbound  Direction = "in"
	Outbound Direction = "out"
)

// A SendState is how far a message that the bridge was given to send has come.
// Those that came in, or were sent by another device, have none.
type SendState string

// The states, in their order. Failed and Canceled are ends; Parked waits for
// the account to be signed in, started or allowed again.
const (
	Queued    SendState = "queued"
	Sending   SendState = "sending"   // Telegram has been asked; the answer is not known yet
	Delivered SendState = "delivered" // Telegram has it
	Read      SendState = "read"      // the peer has read it
	Failed    SendState = "failed"
	Canceled  SendState = "canceled"
	Parked    SendState = "parked"
)

// Final reports whether no more work is done for a message in this state.
func (s SendState) Final() bool {
	switch s {
	case Delivered, Read, Failed, Canceled:
		return true
	}
	return false
}

// A Message is one chat message, received or sent, on either surface.
type Message struct {
	ID             MessageID
	AccountID      AccountID
	ConversationID ConversationID
	Source         Source
	// TelegramID is what Telegram numbers it in its conversation; 0: not sent yet.
	TelegramID int
	Direction  Direction
	Sender     Peer // who wrote it; the zero Peer where Telegram does not tell
	At         time.Time
	Content
	EditedAt  time.Time // zero: never
	DeletedAt time.Time // zero: it is there

	// What follows is of messages that the bridge was given to send.

	State SendState
	// RandomID is what Telegram tells repetitions by. It is made before the
	// first attempt and never changes.
	RandomID int64
	Priority Priority
	// NotBefore is when it may go at the earliest; zero: at once.
	NotBefore time.Time
	Attempts  int
	Error     string // of Failed and Parked: a code, and what Telegram said
	CreatedAt time.Time
	RequestBy KeyID // who asked for it
}

// Content is what a message says.
type Content struct {
	Text      string     `json:"text,omitempty"`
	Entities  []Entity   `json:"entities,omitempty"`
	Media     *Media     `json:"media,omitempty"`
	ReplyTo   int        `json:"reply_to,omitempty"`     // the id at Telegram of the message that is answered
	Topic     int        `json:"topic,omitempty"`        // of a forum
	Forward   *Forward   `json:"forward,omitempty"`      // where it was forwarded from
	Album     int64      `json:"album,omitempty,string"` // what the messages of one album share
	Silent    bool       `json:"silent,omitempty"`       // without a sound
	Service   string     `json:"service,omitempty"`      // what happened, of service messages: the name of the action in the schema
	Reactions []Reaction `json:"reactions,omitempty"`
}

// A Forward says where a message was forwarded from.
type Forward struct {
	From      Peer      `json:"from,omitzero"`        // the zero Peer where whoever wrote it is hidden
	Name      string    `json:"name,omitempty"`       // of who is hidden
	At        time.Time `json:"at"`                   // when it was written
	MessageID int       `json:"message_id,omitempty"` // at Telegram, of a post of a channel
}

// An Entity is how a part of a text is shown. Offset and Length count UTF-16
// code units (https://core.telegram.org/api/entities).
type Entity struct {
	Type     string `json:"type"` // as the Bot API names them: bold, text_link, mention, …
	Offset   int    `json:"offset"`
	Length   int    `json:"length"`
	URL      string `json:"url,omitempty"`      // of text_link
	UserID   int64  `json:"user_id,omitempty"`  // of text_mention
	Language string `json:"language,omitempty"` // of pre
	EmojiID  string `json:"emoji_id,omitempty"` // of custom_emoji
}

// Media is what a message carries besides its text.
type Media struct {
	Type     string  `json:"type"` // photo, document, video, audio, voice, sticker, location, contact, poll, …
	Name     string  `json:"name,omitempty"`
	MIMEType string  `json:"mime_type,omitempty"`
	Size     int64   `json:"size,omitempty"`     // bytes
	Duration float64 `json:"duration,omitempty"` // seconds
	Width    int     `json:"width,omitempty"`
	Height   int     `json:"height,omitempty"`
	// Title is the question of a poll, or the name of a contact, place, game,
	// song or web page.
	Title     string  `json:"title,omitempty"`
	URL       string  `json:"url,omitempty"`   // of a web page
	Phone     string  `json:"phone,omitempty"` // of a contact
	Emoji     string  `json:"emoji,omitempty"` // of a sticker or dice
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	// File is where the bytes are of what is to be sent: the name of an upload
	// that the bridge keeps.
	File string `json:"file,omitempty"`
	// Reference is what the surface finds the file of a received message by.
	Reference string `json:"reference,omitempty"`
}

// A Reaction is how many have reacted with an emoji.
type Reaction struct {
	Emoji string `json:"emoji"`
	Count int    `json:"count"`
	Mine  bool   `json:"mine,omitempty"`
}

// Priority is which of the messages of an account go first.
type Priority int

// The priorities. Between equals, what was given first goes first.
const (
	PriorityConversation Priority = 0 // somebody waits for the answer
	PriorityBulk         Priority = 1 // many of the same kind
	PriorityBackfill     Priority = 2 // whenever there is nothing else to do
)

package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"godwit/bridge"
)

// Messages is what can be done with messages. Errors are *bridge.Error.
type Messages interface {
	// Send stores a message that is to be sent.
	Send(ctx context.Context, r SendRequest) (*Accepted, error)
	Message(ctx context.Context, id bridge.MessageID) (*bridge.Message, error)
	// Cancel takes a message back that is not on its way yet.
	Cancel(ctx context.Context, id bridge.MessageID) (*bridge.Message, error)
	Edit(ctx context.Context, id bridge.MessageID, c NewContent) error
	Delete(ctx context.Context, id bridge.MessageID, everybody bool) error
	React(ctx context.Context, id bridge.MessageID, emoji []string) error

	Conversation(ctx context.Context, id bridge.ConversationID) (*bridge.Conversation, error)
	Conversations(ctx context.Context, q ConversationQuery) (list []*bridge.Conversation, next string, err error)
	Messages(ctx context.Context, q MessageQuery) (list []*bridge.Message, next string, err error)
	MarkRead(ctx context.Context, id bridge.ConversationID, upTo int) error
	Typing(ctx context.Context, id bridge.ConversationID) error
	// Backfill has up to some more messages from before what is known fetched, 0
	// for all, when the account is online.
	Backfill(ctx context.Context, id bridge.ConversationID, messages int) error
}

// A SendRequest is a message that is to be sent, from an account to somebody, or
// into a conversation.
type SendRequest struct {
	Account      bridge.AccountID
	Conversation bridge.ConversationID
	To           bridge.Peer
	Content      NewContent
	Priority     bridge.Priority
	SendAt       time.Time
	By           bridge.KeyID
	Idempotency  string
}

// NewContent is what a message is to say.
type NewContent struct {
	Text     string          `json:"text,omitempty" doc:"At most 4096 characters, 1024 of a caption." maxLength:"16384"`
	Format   string          `json:"format,omitempty" enum:"plain,markdown,html" default:"plain" doc:"How the text is marked up."`
	Entities []bridge.Entity `json:"entities,omitempty" doc:"How parts of a plain text are shown." maxItems:"100"`
	Media    *NewMedia       `json:"media,omitempty"`
	ReplyTo  int             `json:"reply_to,omitempty" minimum:"0" doc:"The id at Telegram of the message that is answered."`
	Topic    int             `json:"topic,omitempty" minimum:"0" doc:"Of a forum."`
	Silent   bool            `json:"silent,omitempty" doc:"Without a sound for those who get it."`
}

// NewMedia is a file that is to be sent.
type NewMedia struct {
	Type     string  `json:"type" enum:"photo,document,video,audio,voice" doc:"How it is shown; a photo is made a JPEG by Telegram."`
	File     string  `json:"file" doc:"The id of an upload."`
	Duration float64 `json:"duration,omitempty" minimum:"0" doc:"Seconds, of what is played."`
	Width    int     `json:"width,omitempty" minimum:"0"`
	Height   int     `json:"height,omitempty" minimum:"0"`
}

// Accepted is a message that was stored to be sent.
type Accepted struct {
	ID             bridge.MessageID      `json:"id"`
	ConversationID bridge.ConversationID `json:"conversation_id"`
	State          bridge.SendState      `json:"state"`
	EarliestSendAt time.Time             `json:"earliest_send_at" doc:"When its budgets and Telegram's waits let it go, as far as that is known; what goes before it may take longer."`
}

// Priorities by the names that the API has for them.
var priorities = map[string]bridge.Priority{
	"conversation": bridge.PriorityConversation, "bulk": bridge.PriorityBulk, "backfill": bridge.PriorityBackfill,
}

// NewMessage is the body of a request to send.
type NewMessage struct {
	NewContent
	Priority string    `json:"priority,omitempty" enum:"conversation,bulk,backfill" default:"conversation" doc:"Which of the account's messages go first."`
	SendAt   time.Time `json:"send_at,omitzero" doc:"Not before; at once if it is missing."`
}

// Idempotency is the header by which repetitions of a request are known.
type Idempotency struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"Repeated with the same key and body, the request does nothing and answers as it did first."`
}

// MessageView is a message as the API shows it.
type MessageView struct {
	ID             bridge.MessageID      `json:"id"`
	AccountID      bridge.AccountID      `json:"account_id"`
	ConversationID bridge.ConversationID `json:"conversation_id"`
	Source         bridge.Source         `json:"source" enum:"mtproto,botapi"`
	TelegramID     int                   `json:"telegram_id,omitempty"`
	Direction      bridge.Direction      `json:"direction" enum:"in,out"`
	Sender         bridge.Peer           `json:"sender,omitzero"`
	At             time.Time             `json:"at"`
	bridge.Content
	EditedAt  time.Time        `json:"edited_at,omitzero"`
	DeletedAt time.Time        `json:"deleted_at,omitzero"`
	State     bridge.SendState `json:"state,omitempty" doc:"Of what the bridge was given to send."`
	Error     string           `json:"error,omitempty"`
	Attempts  int              `json:"attempts,omitempty"`
	NotBefore time.Time        `json:"not_before,omitzero"`
}

func messageView(m *bridge.Message) *MessageView {
	return &MessageView{
		ID: m.ID, AccountID: m.AccountID, ConversationID: m.ConversationID, Source: m.Source, TelegramID: m.TelegramID,
		Direction: m.Direction, Sender: m.Sender, At: m.At, Content: m.Content, EditedAt: m.EditedAt, DeletedAt: m.DeletedAt,
		State: m.State, Error: m.Error, Attempts: m.Attempts, NotBefore: m.NotBefore,
	}
}

// MessagePath is what requests about a message begin with.
type MessagePath struct {
	Message bridge.MessageID `path:"message" pattern:"^msg_[0-9A-HJKMNP-TV-Z]{26}$"`
}

const (
	messagesTag = "Messages"
	messagePart = "/v1/messages/{message}"
)

func (s *Server) registerMessages() {
	register(s, operation{
		method: http.MethodPost, path: accountPart + "/messages", id: "send-message", tag: messagesTag,
		scope: ScopeMessagesSend, status: http.StatusAccepted, summary: "Send a message",
		detail: "It is stored before this is answered, and sent once, in the order of its conversation. " +
			"Events, or the message itself, tell what becomes of it.",
	}, s.sendMessage)
	register(s, operation{
		method: http.MethodPost, path: conversationPart + "/messages", id: "send-into-conversation", tag: messagesTag,
		scope: ScopeMessagesSend, status: http.StatusAccepted, summary: "Send a message into a conversation",
	}, s.sendInto)
	register(s, operation{
		method: http.MethodGet, path: messagePart, id: "get-message", tag: messagesTag, scope: ScopeMessagesRead,
		summary: "Show a message",
	}, func(ctx context.Context, in *MessagePath) (*body[*MessageView], error) {
		m, err := s.messageFor(ctx, ScopeMessagesRead, in.Message)
		if err != nil {
			return nil, err
		}
		return &body[*MessageView]{messageView(m)}, nil
	})
	register(s, operation{
		method: http.MethodPost, path: messagePart + "/cancel", id: "cancel-message", tag: messagesTag,
		scope: ScopeMessagesSend, summary: "Take back a message that is not on its way yet",
	}, func(ctx context.Context, in *MessagePath) (*body[*MessageView], error) {
		m, err := s.messageFor(ctx, ScopeMessagesSend, in.Message)
		if err != nil {
			return nil, err
		}
		if m.State != bridge.Canceled { // else it is repeated
			if m, err = s.o.Messages.Cancel(ctx, in.Message); err != nil {
				return nil, err
			}
		}
		return &body[*MessageView]{messageView(m)}, nil
	})
	s.registerChanges()
}

// registerChanges offers what can be done with messages that Telegram has.
func (s *Server) registerChanges() {
	change := func(op operation) operation {
		op.tag, op.scope, op.status, op.owner = messagesTag, ScopeMessagesSend, http.StatusNoContent, true
		op.path = messagePart + op.path
		return op
	}
	register(s, change(operation{method: http.MethodPatch, id: "edit-message", summary: "Edit a message that was sent"}),
		func(ctx context.Context, in *struct {
			MessagePath
			Body NewContent
		}) (*nothing, error) {
			return s.toMessage(ctx, in.Message, func() error { return s.o.Messages.Edit(ctx, in.Message, in.Body) })
		})
	register(s, change(operation{method: http.MethodDelete, id: "delete-message", summary: "Delete a message at Telegram"}),
		func(ctx context.Context, in *struct {
			MessagePath
			Everybody bool `query:"everybody" default:"true" doc:"For everybody, or for the account alone."`
		}) (*nothing, error) {
			return s.toMessage(ctx, in.Message, func() error { return s.o.Messages.Delete(ctx, in.Message, in.Everybody) })
		})
	register(s, change(operation{method: http.MethodPut, path: "/reactions", id: "react", summary: "React to a message"}),
		func(ctx context.Context, in *struct {
			MessagePath
			Body struct {
				Emoji []string `json:"emoji" doc:"None takes the reactions back." maxItems:"3"`
			}
		}) (*nothing, error) {
			return s.toMessage(ctx, in.Message, func() error { return s.o.Messages.React(ctx, in.Message, in.Body.Emoji) })
		})
}

// messageFor returns a message, if the caller may do something with its account.
func (s *Server) messageFor(ctx context.Context, scope Scope, id bridge.MessageID) (*bridge.Message, error) {
	m, err := s.o.Messages.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	return m, allow(ctx, scope, m.AccountID)
}

func (s *Server) toMessage(ctx context.Context, id bridge.MessageID, do func() error) (*nothing, error) {
	if _, err := s.messageFor(ctx, ScopeMessagesSend, id); err != nil {
		return nil, err
	}
	return nil, do()
}

func (s *Server) sendMessage(ctx context.Context, in *struct {
	AccountPath
	Idempotency
	Body struct {
		To string `json:"to" doc:"@username, +phone, or user:ID, group:ID or channel:ID that the account has come across." example:"@durov" minLength:"2" maxLength:"64"`
		NewMessage
	}
}) (*body[*Accepted], error) {
	to, err := recipient(in.Body.To)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, SendRequest{Account: in.Account, To: to}, in.Key, &in.Body.NewMessage)
}

// recipient reads whom a message is for. Phone numbers may be written as people
// write them, with spaces, dashes, dots and parentheses.
func recipient(s string) (bridge.Peer, error) {
	named := strings.TrimSpace(s)
	if name, ok := strings.CutPrefix(named, "@"); ok {
		named = string(bridge.UsernamePeer) + ":" + name
	} else if digits, ok := strings.CutPrefix(named, "+"); ok {
		named = string(bridge.PhonePeer) + ":" + strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \u00a0-.()/", r) {
				return -1
			}
			return r
		}, digits)
	}
	p, err := bridge.ParsePeer(named)
	if err != nil || p == (bridge.Peer{}) || p.Kind == bridge.PhonePeer && (len(p.Name) < 5 || len(p.Name) > 15) {
		return p, bridge.Errorf(bridge.CodeInvalidRequest,
			"%q is nobody to send to: give @username, +phone with the code of the country and 5 to 15 digits, user:ID, group:ID or channel:ID.", s)
	}
	return p, nil
}

func (s *Server) sendInto(ctx context.Context, in *struct {
	ConversationPath
	Idempotency
	Body NewMessage
}) (*body[*Accepted], error) {
	c, err := s.conversationFor(ctx, ScopeMessagesSend, in.Conversation)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, SendRequest{Account: c.AccountID, Conversation: c.ID}, in.Key, &in.Body)
}

func (s *Server) send(ctx context.Context, r SendRequest, key string, m *NewMessage) (*body[*Accepted], error) {
	r.Content, r.Priority, r.SendAt = m.NewContent, priorities[m.Priority], m.SendAt
	r.By, r.Idempotency = callerOf(ctx).KeyID(), key
	accepted, err := s.o.Messages.Send(ctx, r)
	return &body[*Accepted]{accepted}, err
}

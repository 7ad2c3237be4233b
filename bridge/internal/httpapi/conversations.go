package httpapi

import (
	"context"
	"net/http"
	"time"

	"godwit/bridge"
)

// A ConversationQuery says which conversations are wanted, those with the latest
// messages first.
type ConversationQuery struct {
	Account bridge.AccountID
	Unread  bool // those alone with messages that the account has not read
	After   string
	Limit   int
}

// A MessageQuery says which messages of a conversation are wanted.
type MessageQuery struct {
	Conversation bridge.ConversationID
	OldestFirst  bool
	After        string
	Limit        int
}

// ConversationView is a conversation as the API shows it.
type ConversationView struct {
	ID          bridge.ConversationID `json:"id"`
	AccountID   bridge.AccountID      `json:"account_id"`
	Peer        bridge.Peer           `json:"peer" doc:"Whom it is with."`
	Title       string                `json:"title,omitempty"`
	Username    string                `json:"username,omitempty"`
	Phone       string                `json:"phone,omitempty"`
	PersonWrote bool                  `json:"person_wrote" doc:"The peer has written to the account."`
	Unread      int                   `json:"unread"`
	ReadUpTo    int                   `json:"read_up_to,omitempty" doc:"The id at Telegram of the last message that the account has read."`
	ReadByPeer  int                   `json:"read_by_peer,omitempty" doc:"Of the last message that the peer has read."`
	LastAt      time.Time             `json:"last_at,omitzero"`
	LastText    string                `json:"last_text,omitempty"`
}

func conversationView(c *bridge.Conversation) *ConversationView {
	return &ConversationView{
		ID: c.ID, AccountID: c.AccountID, Peer: c.Peer, Title: c.Title, Username: c.Username, Phone: c.Phone,
		PersonWrote: c.PersonWrote, Unread: c.Unread, ReadUpTo: c.ReadUpTo, ReadByPeer: c.ReadByPeer,
		LastAt: c.LastAt, LastText: c.LastText,
	}
}

// ConversationPath is what requests about a conversation begin with.
type ConversationPath struct {
	Conversation bridge.ConversationID `path:"conversation" pattern:"^conv_[0-9A-HJKMNP-TV-Z]{26}$"`
}

const (
	conversationsTag = "Conversations"
	conversationPart = "/v1/conversations/{conversation}"
)

type conversationList struct {
	Conversations []*ConversationView `json:"conversations"`
	Next          string              `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

type messageList struct {
	Messages []*MessageView `json:"messages"`
	Next     string         `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

// CursorPage is a page after one whose last row a cursor names.
type CursorPage struct {
	After string `query:"after" doc:"The next of the page before." maxLength:"200"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (s *Server) registerConversations() {
	register(s, operation{
		method: http.MethodGet, path: accountPart + "/conversations", id: "list-conversations", tag: conversationsTag,
		scope: ScopeMessagesRead, summary: "List the conversations of an account", detail: "Those with the latest messages first.",
	}, s.listConversations)
	register(s, operation{
		method: http.MethodGet, path: conversationPart, id: "get-conversation", tag: conversationsTag,
		scope: ScopeMessagesRead, summary: "Show a conversation",
	}, func(ctx context.Context, in *ConversationPath) (*body[*ConversationView], error) {
		c, err := s.conversationFor(ctx, ScopeMessagesRead, in.Conversation)
		if err != nil {
			return nil, err
		}
		return &body[*ConversationView]{conversationView(c)}, nil
	})
	register(s, operation{
		method: http.MethodGet, path: conversationPart + "/messages", id: "list-messages", tag: conversationsTag,
		scope: ScopeMessagesRead, summary: "List the messages of a conversation", detail: "Deleted ones are listed too, with when that was.",
	}, s.listMessages)
	register(s, operation{
		method: http.MethodPost, path: conversationPart + "/read", id: "mark-read", owner: true, tag: conversationsTag,
		scope: ScopeMessagesSend, status: http.StatusNoContent, summary: "Mark a conversation as read",
	}, s.markRead)
	register(s, operation{
		method: http.MethodPost, path: conversationPart + "/typing", id: "typing", owner: true, tag: conversationsTag,
		scope: ScopeMessagesSend, status: http.StatusNoContent, summary: "Show that somebody is writing",
		detail: "For some seconds. To be called while a person, or a program for one, does write.",
	}, func(ctx context.Context, in *ConversationPath) (*nothing, error) {
		if _, err := s.conversationFor(ctx, ScopeMessagesSend, in.Conversation); err != nil {
			return nil, err
		}
		return nil, s.o.Messages.Typing(ctx, in.Conversation)
	})
	register(s, operation{
		method: http.MethodPost, path: conversationPart + "/backfill", id: "backfill", owner: true, tag: conversationsTag,
		scope: ScopeMessagesRead, status: http.StatusAccepted, summary: "Fetch older messages of a conversation",
		detail: "They are fetched in the background when the account is online, from the oldest that was fetched on, and listed " +
			"like all others. No events tell of them. Bots cannot.",
	}, func(ctx context.Context, in *struct {
		ConversationPath
		Body struct {
			Messages int `json:"messages,omitempty" minimum:"0" maximum:"1000000" doc:"How many more; all that there are if it is missing."`
		}
	}) (*nothing, error) {
		if _, err := s.conversationFor(ctx, ScopeMessagesRead, in.Conversation); err != nil {
			return nil, err
		}
		return nil, s.o.Messages.Backfill(ctx, in.Conversation, in.Body.Messages)
	})
}

func (s *Server) markRead(ctx context.Context, in *struct {
	ConversationPath
	Body *struct {
		UpTo int `json:"up_to,omitempty" minimum:"0" doc:"The id at Telegram of the last message that was read; all if it is missing."`
	}
}) (*nothing, error) {
	if _, err := s.conversationFor(ctx, ScopeMessagesSend, in.Conversation); err != nil {
		return nil, err
	}
	upTo := 0
	if in.Body != nil {
		upTo = in.Body.UpTo
	}
	return nil, s.o.Messages.MarkRead(ctx, in.Conversation, upTo)
}

// conversationFor returns a conversation, if the caller may do something with its
// account.
func (s *Server) conversationFor(ctx context.Context, scope Scope, id bridge.ConversationID) (*bridge.Conversation, error) {
	c, err := s.o.Messages.Conversation(ctx, id)
	if err != nil {
		return nil, err
	}
	return c, allow(ctx, scope, c.AccountID)
}

func (s *Server) listConversations(ctx context.Context, in *struct {
	AccountPath
	CursorPage
	Unread bool `query:"unread" doc:"Only those with messages that the account has not read."`
}) (*body[conversationList], error) {
	list, next, err := s.o.Messages.Conversations(ctx, ConversationQuery{
		Account: in.Account, Unread: in.Unread, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := conversationList{Conversations: make([]*ConversationView, 0, len(list)), Next: next}
	for _, c := range list {
		out.Conversations = append(out.Conversations, conversationView(c))
	}
	return &body[conversationList]{out}, nil
}

func (s *Server) listMessages(ctx context.Context, in *struct {
	ConversationPath
	CursorPage
	Order string `query:"order" enum:"newest,oldest" default:"newest" doc:"Which comes first."`
}) (*body[messageList], error) {
	if _, err := s.conversationFor(ctx, ScopeMessagesRead, in.Conversation); err != nil {
		return nil, err
	}
	list, next, err := s.o.Messages.Messages(ctx, MessageQuery{
		Conversation: in.Conversation, OldestFirst: in.Order == "oldest", After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := messageList{Messages: make([]*MessageView, 0, len(list)), Next: next}
	for _, m := range list {
		out.Messages = append(out.Messages, messageView(m))
	}
	return &body[messageList]{out}, nil
}

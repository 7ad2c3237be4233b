package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// messageTable is how messages are written.
var messageTable = table{
	{"id", text}, {"account_id", text}, {"conversation_id", text}, {"source", text}, {"telegram_id", integer},
	{"direction", text}, {"sender", text}, {"at", timestamp}, {"content", document}, {"edited_at", timestamp},
	{"deleted_at", timestamp}, {"state", text}, {"random_id", integer}, {"priority", integer}, {"not_before", timestamp},
	{"attempts", integer}, {"error", text}, {"created_at", timestamp}, {"requested_by", text},
}

var messageColumns = messageTable.names("m.")

func scanMessage(row scanner) (*bridge.Message, error) {
	m := new(bridge.Message)
	err := row.Scan(&m.ID, &m.AccountID, &m.ConversationID, &m.Source, &m.TelegramID, &m.Direction, peerColumn{&m.Sender},
		timeColumn{&m.At}, jsonColumn{&m.Content}, timeColumn{&m.EditedAt}, timeColumn{&m.DeletedAt}, &m.State, &m.RandomID,
		&m.Priority, timeColumn{&m.NotBefore}, &m.Attempts, &m.Error, timeColumn{&m.CreatedAt}, &m.RequestBy)
	return m, err
}

// A jsonColumn reads JSON.
type jsonColumn struct{ to any }

// Scan implements sql.Scanner.
func (c jsonColumn) Scan(v any) error {
	switch v := v.(type) {
	case []byte:
		return json.Unmarshal(v, c.to)
	case string:
		return json.Unmarshal([]byte(v), c.to)
	}
	return fmt.Errorf("%T is no JSON", v)
}

func (s *Store) message(ctx context.Context, missing, where string, args ...any) (*bridge.Message, error) {
	m, err := scanMessage(s.read.QueryRowContext(ctx, `SELECT `+messageColumns+` FROM messages m WHERE `+where, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, &bridge.Error{Code: bridge.CodeNotFound, Detail: missing}
	case err != nil:
		return nil, failed(err)
	}
	return m, nil
}

// Message returns a message. The error is a *bridge.Error of CodeNotFound where
// there is none.
func (s *Store) Message(ctx context.Context, id bridge.MessageID) (*bridge.Message, error) {
	return s.message(ctx, fmt.Sprintf("There is no message %s.", id), `m.id = $1`, id)
}

// MessageAt returns the message of a conversation that Telegram has given a
// number. The error is as of Message.
func (s *Store) MessageAt(ctx context.Context, id bridge.ConversationID, telegramID int) (*bridge.Message, error) {
	return s.message(ctx, fmt.Sprintf("There is no message %d in conversation %s.", telegramID, id),
		`m.conversation_id = $1 AND m.telegram_id = $2 AND m.telegram_id <> 0`, id, telegramID)
}

// A MessagePage says which messages of a conversation are wanted.
type MessagePage struct {
	Conversation bridge.ConversationID
	// OldestFirst has them in the order in which they were written; otherwise
	// the newest comes first.
	OldestFirst bool
	// AfterAt and AfterID are the At and ID of the last message of the page
	// before. An empty AfterID is before the first.
	AfterAt time.Time
	AfterID bridge.MessageID
	Limit   int
}

// Messages returns a page of the messages of a conversation, deleted ones
// included.
func (s *Store) Messages(ctx context.Context, p MessagePage) ([]*bridge.Message, error) {
	order, beyond := "DESC", "<"
	if p.OldestFirst {
		order, beyond = "ASC", ">"
	}
	query := `SELECT ` + messageColumns + ` FROM messages m WHERE m.conversation_id = ` + aliased("$1")
	args := []any{p.Conversation, p.Limit}
	// Telegram tells the time in seconds: within one, its numbers tell the order.
	if p.AfterID != "" {
		query += ` AND (m.at, m.telegram_id, m.id) ` + beyond +
			` ($3, COALESCE((SELECT last.telegram_id FROM messages last WHERE last.id = $4), 0), $4)`
		args = append(args, p.AfterAt, p.AfterID)
	}
	found, err := s.read.QueryContext(ctx, query+` ORDER BY m.at `+order+`, m.telegram_id `+order+`, m.id `+order+` LIMIT $2`,
		s.dialect.values(args)...)
	if err != nil {
		return nil, failed(err)
	}
	return scanMessages(found)
}

// UnreadAfter returns what Telegram numbers the last message that came in from a
// peer of an account, and how many have come after one.
func (s *Store) UnreadAfter(ctx context.Context, id bridge.AccountID, peer bridge.Peer, after int) (last, n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(m.telegram_id), 0), COUNT(CASE WHEN m.telegram_id > $3 THEN 1 END)
		FROM conversations c JOIN messages m ON m.conversation_id = c.id AND m.telegram_id <> 0
		WHERE c.account_id = $1 AND c.peer = $2 AND m.direction = 'in' AND m.deleted_at IS NULL
		AND m.telegram_id >= c.read_up_to`, id, peer.String(), after).Scan(&last, &n)
	if err != nil {
		return 0, 0, failed(err)
	}
	return last, n, nil
}

func scanMessages(found *sql.Rows) ([]*bridge.Message, error) {
	var list []*bridge.Message
	err := scanAll(found, func(row scanner) error {
		m, err := scanMessage(row)
		list = append(list, m)
		return err
	})
	return list, err
}

// A Numbered names a message by what Telegram numbers it in a conversation.
type Numbered struct {
	Conversation bridge.ConversationID
	TelegramID   int
}

// A NumberOf is a number of an account: a random id, or what Telegram numbers a
// message outside channels, where numbers are the account's own.
type NumberOf struct {
	Account bridge.AccountID
	Number  int64
}

var (
	numberedTable = table{{"conversation_id", text}, {"telegram_id", integer}}
	numberTable   = table{{"account_id", text}, {"number", integer}}
)

// The conditions on numbers being other than 0 have PostgreSQL use the indexes,
// which hold no others.

// MessagesNumbered returns the messages that there are of some names.
func (t *Tx) MessagesNumbered(names []Numbered) ([]*bridge.Message, error) {
	r := t.rows(numberedTable)
	for _, n := range names {
		r.add(n.Conversation, n.TelegramID)
	}
	return t.messages(r, ` JOIN messages m ON m.conversation_id = r.conversation_id AND m.telegram_id = r.telegram_id
		AND m.telegram_id <> 0`)
}

// MessagesByRandomID returns the messages that there are with some random ids.
func (t *Tx) MessagesByRandomID(numbers []NumberOf) ([]*bridge.Message, error) {
	return t.messages(t.numbers(numbers), ` JOIN messages m ON m.account_id = r.account_id AND m.random_id = r.number
		AND m.random_id <> 0`)
}

// MessagesOutsideChannels returns the messages that there are with some numbers
// outside channels.
func (t *Tx) MessagesOutsideChannels(numbers []NumberOf) ([]*bridge.Message, error) {
	return t.messages(t.numbers(numbers), ` JOIN messages m ON m.account_id = r.account_id AND m.telegram_id = r.number
		AND m.telegram_id <> 0 JOIN conversations c ON c.id = m.conversation_id AND c.peer NOT LIKE 'channel:%'`)
}

func (t *Tx) numbers(list []NumberOf) *rows {
	r := t.rows(numberTable)
	for _, n := range list {
		r.add(n.Account, n.Number)
	}
	return r
}

func (t *Tx) messages(r *rows, join string) ([]*bridge.Message, error) {
	var list []*bridge.Message
	err := t.query(r, `SELECT `+messageColumns+` FROM `+t.dialect.from(r.table)+join, func(row scanner) error {
		m, err := scanMessage(row)
		list = append(list, m)
		return err
	})
	return list, err
}

// AddMessages adds messages. Those that Telegram has numbered alike in the same
// conversation, or that have the random id of another, are left out: it returns
// how many were added.
func (t *Tx) AddMessages(list []*bridge.Message) (int64, error) {
	r := t.rows(messageTable)
	for _, m := range list {
		r.add(m.ID, m.AccountID, m.ConversationID, m.Source, m.TelegramID, m.Direction, m.Sender, m.At, &m.Content, m.EditedAt,
			m.DeletedAt, m.State, m.RandomID, int(m.Priority), m.NotBefore, m.Attempts, m.Error, m.CreatedAt, m.RequestBy)
	}
	return t.execRows(r, `INSERT INTO messages (`+messageTable.names("")+`) SELECT `+messageTable.names("r.")+
		` FROM `+t.dialect.from(messageTable)+` WHERE true ON CONFLICT DO NOTHING`)
}

var messageChange = table{
	{"id", text}, {"telegram_id", integer}, {"sender", text}, {"at", timestamp}, {"content", document},
	{"edited_at", timestamp}, {"deleted_at", timestamp}, {"state", text}, {"error", text},
}

// ChangeMessages stores what Telegram can change of messages: what they say,
// their number, sender and time, and what has become of them.
func (t *Tx) ChangeMessages(list []*bridge.Message) error {
	r := t.rows(messageChange)
	for _, m := range list {
		r.add(m.ID, m.TelegramID, m.Sender, m.At, &m.Content, m.EditedAt, m.DeletedAt, m.State, m.Error)
	}
	_, err := t.execRows(r, `UPDATE messages SET telegram_id = r.telegram_id, sender = r.sender, at = r.at, content = r.content,
		edited_at = r.edited_at, deleted_at = r.deleted_at, state = r.state, error = r.error
		FROM `+t.dialect.from(messageChange)+` WHERE messages.id = r.id`)
	return err
}

// RemoveMessages removes messages as if they had never been.
func (t *Tx) RemoveMessages(list []bridge.MessageID) error {
	r := t.rows(nameTable)
	for _, id := range list {
		r.add(id)
	}
	_, err := t.execRows(r, `DELETE FROM messages WHERE id IN (SELECT r.id FROM `+t.dialect.from(nameTable)+`)`)
	return err
}

// A ReadUpTo says that the peer has read the messages of a conversation whose
// numbers come after one and not after another.
type ReadUpTo struct {
	Conversation bridge.ConversationID
	After, UpTo  int
}

var readTable = table{{"conversation_id", text}, {"after", integer}, {"up_to", integer}}

// MarkRead has messages that were delivered be read.
func (t *Tx) MarkRead(list []ReadUpTo) error {
	r := t.rows(readTable)
	for _, read := range list {
		r.add(read.Conversation, read.After, read.UpTo)
	}
	_, err := t.execRows(r, `UPDATE messages SET state = 'read' FROM `+t.dialect.from(readTable)+`
		WHERE messages.conversation_id = r.conversation_id AND messages.telegram_id > r.after
		AND messages.telegram_id <= r.up_to AND messages.telegram_id <> 0 AND messages.state = 'delivered'`)
	return err
}

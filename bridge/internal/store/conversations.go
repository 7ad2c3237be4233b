package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"godwit/bridge"
)

// A scanner is a row of an answer.
type scanner interface{ Scan(...any) error }

func failed(err error) error { return fmt.Errorf("store: %w", err) }

// scanAll has each row scanned, and closes them.
func scanAll(rows *sql.Rows, scan func(row scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return failed(err)
		}
	}
	if err := rows.Err(); err != nil {
		return failed(err)
	}
	return nil
}

// A peerColumn reads a peer.
type peerColumn struct{ to *bridge.Peer }

// Scan implements sql.Scanner.
func (c peerColumn) Scan(v any) (err error) {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is no peer", v)
	}
	*c.to, err = bridge.ParsePeer(s)
	return err
}

// conversationTable is how conversations are written.
var conversationTable = table{
	{"id", text}, {"account_id", text}, {"peer", text}, {"title", text}, {"username", text}, {"phone", text},
	{"person_wrote", boolean}, {"unread", integer}, {"read_up_to", integer}, {"read_by_peer", integer},
	{"last_at", timestamp}, {"last_text", text}, {"created_at", timestamp},
}

var conversationColumns = conversationTable.names("c.")

func scanConversation(row scanner) (*bridge.Conversation, error) {
	c := new(bridge.Conversation)
	err := row.Scan(&c.ID, &c.AccountID, peerColumn{&c.Peer}, &c.Title, &c.Username, &c.Phone, &c.PersonWrote, &c.Unread,
		&c.ReadUpTo, &c.ReadByPeer, timeColumn{&c.LastAt}, &c.LastText, timeColumn{&c.CreatedAt})
	return c, err
}

// aliased returns the id, as SQL, of the conversation that an id leads to: its own
// unless its conversation was merged into another. See ResolveConversation.
func aliased(id string) string {
	return `COALESCE((SELECT l.conversation_id FROM conversation_aliases l WHERE l.id = ` + id + `), ` + id + `)`
}

// Conversation returns a conversation, by its id or that of one that was merged
// into it. The error is a *bridge.Error of
// CodeNotFound where there is none.
func (s *Store) Conversation(ctx context.Context, id bridge.ConversationID) (*bridge.Conversation, error) {
	c, err := scanConversation(s.read.QueryRowContext(ctx,
		`SELECT `+conversationColumns+` FROM conversations c WHERE c.id = `+aliased("$1"), id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, bridge.Errorf(bridge.CodeNotFound, "There is no conversation %s.", id)
	case err != nil:
		return nil, failed(err)
	}
	return c, nil
}

// ConversationWith returns the conversation of an account with a peer. The
// error is a *bridge.Error of CodeNotFound where there is none yet.
func (s *Store) ConversationWith(ctx context.Context, id bridge.AccountID, peer bridge.Peer) (*bridge.Conversation, error) {
	c, err := scanConversation(s.read.QueryRowContext(ctx,
		`SELECT `+conversationColumns+` FROM conversations c WHERE c.account_id = $1 AND c.peer = $2`, id, peer.String()))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, bridge.Errorf(bridge.CodeNotFound, "Account %s has no conversation with %s.", id, peer)
	case err != nil:
		return nil, failed(err)
	}
	return c, nil
}

// A ConversationPage says which conversations are wanted. The zero value wants
// all, those with the latest messages first.
type ConversationPage struct {
	Accounts []bridge.AccountID // empty: of all
	Unread   bool               // only those with something unread
	Written  bool               // only those in which the peer has written
	Kind     bridge.PeerKind    // empty: of all kinds
	Query    string             // what a title or username holds, in whatever case; empty: anything
	// AfterAt and AfterID are the Recent time and the ID of the last
	// conversation of the page before. An empty AfterID is before the first.
	AfterAt time.Time
	AfterID bridge.ConversationID
	Limit   int
}

// Recent returns the time by which a conversation is sorted: that of its last
// message, or when it was made.
func Recent(c *bridge.Conversation) time.Time {
	if c.LastAt.IsZero() {
		return c.CreatedAt
	}
	return c.LastAt
}

// Conversations returns a page of conversations, those with the latest messages
// first.
func (s *Store) Conversations(ctx context.Context, p ConversationPage) ([]*bridge.Conversation, error) {
	var where []string
	var args []any
	argument := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if len(p.Accounts) > 0 {
		var list []string
		for _, id := range p.Accounts {
			list = append(list, argument(id))
		}
		where = append(where, "c.account_id IN ("+strings.Join(list, ", ")+")")
	}
	if p.Unread {
		where = append(where, "c.unread > 0")
	}
	if p.Written {
		where = append(where, "c.person_wrote")
	}
	if p.Kind != "" {
		where = append(where, "c.peer LIKE "+argument(string(p.Kind)+":%"))
	}
	if p.Query != "" {
		like := argument("%" + likely.Replace(strings.ToLower(p.Query)) + "%")
		where = append(where, `(lower(c.title) LIKE `+like+` ESCAPE '\' OR lower(c.username) LIKE `+like+` ESCAPE '\')`)
	}
	const recent = "COALESCE(c.last_at, c.created_at)"
	if p.AfterID != "" {
		where = append(where, "("+recent+", c.id) < ("+argument(p.AfterAt)+", "+argument(p.AfterID)+")")
	}
	query := "SELECT " + conversationColumns + " FROM conversations c"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	query += " ORDER BY " + recent + " DESC, c.id DESC LIMIT " + argument(p.Limit)
	found, err := s.read.QueryContext(ctx, query, s.dialect.values(args)...)
	if err != nil {
		return nil, failed(err)
	}
	var list []*bridge.Conversation
	err = scanAll(found, func(row scanner) error {
		c, err := scanConversation(row)
		list = append(list, c)
		return err
	})
	return list, err
}

// likely takes their meaning from the characters that LIKE knows.
var likely = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// A PeerOf names a peer as an account knows it.
type PeerOf struct {
	Account bridge.AccountID
	Peer    bridge.Peer
}

var peerTable = table{{"account_id", text}, {"peer", text}}

// ConversationsWith returns the conversations that there are of some accounts
// with some peers.
func (t *Tx) ConversationsWith(peers []PeerOf) ([]*bridge.Conversation, error) {
	r := t.rows(peerTable)
	for _, p := range peers {
		r.add(p.Account, p.Peer)
	}
	return t.conversations(r, ` JOIN conversations c ON c.account_id = r.account_id AND c.peer = r.peer`)
}

// ConversationsNamed returns the conversations that there are of some names, or
// that took over those that had them.
func (t *Tx) ConversationsNamed(ids []bridge.ConversationID) ([]*bridge.Conversation, error) {
	r := t.rows(nameTable)
	for _, id := range ids {
		r.add(id)
	}
	return t.conversations(r, ` JOIN conversations c ON c.id = `+aliased("r.id"))
}

func (t *Tx) conversations(r *rows, join string) ([]*bridge.Conversation, error) {
	var list []*bridge.Conversation
	err := t.query(r, `SELECT `+conversationColumns+` FROM `+t.dialect.from(r.table)+join, func(row scanner) error {
		c, err := scanConversation(row)
		list = append(list, c)
		return err
	})
	return list, err
}

// AddConversations adds conversations. Those that there are already stay as
// they are: it returns how many were added.
func (t *Tx) AddConversations(list []*bridge.Conversation) (int64, error) {
	r := t.rows(conversationTable)
	for _, c := range list {
		r.add(c.ID, c.AccountID, c.Peer, c.Title, c.Username, c.Phone, c.PersonWrote, c.Unread, c.ReadUpTo, c.ReadByPeer,
			c.LastAt, c.LastText, c.CreatedAt)
	}
	return t.execRows(r, `INSERT INTO conversations (`+conversationTable.names("")+`) SELECT `+conversationTable.names("r.")+
		` FROM `+t.dialect.from(conversationTable)+` WHERE true ON CONFLICT (account_id, peer) DO NOTHING`)
}

var conversationChange = table{
	{"id", text}, {"title", text}, {"username", text}, {"phone", text}, {"person_wrote", boolean}, {"unread", integer},
	{"read_up_to", integer}, {"read_by_peer", integer}, {"last_at", timestamp}, {"last_text", text},
}

// ChangeConversations stores everything that can change of conversations.
func (t *Tx) ChangeConversations(list []*bridge.Conversation) error {
	r := t.rows(conversationChange)
	for _, c := range list {
		r.add(c.ID, c.Title, c.Username, c.Phone, c.PersonWrote, c.Unread, c.ReadUpTo, c.ReadByPeer, c.LastAt, c.LastText)
	}
	_, err := t.execRows(r, `UPDATE conversations SET title = r.title, username = r.username, phone = r.phone,
		person_wrote = r.person_wrote, unread = r.unread, read_up_to = r.read_up_to, read_by_peer = r.read_by_peer,
		last_at = r.last_at, last_text = r.last_text FROM `+t.dialect.from(conversationChange)+` WHERE conversations.id = r.id`)
	return err
}

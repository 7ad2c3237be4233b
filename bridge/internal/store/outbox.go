package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"godwit/bridge"
)

// A Head is the message of a conversation that is to be sent next.
type Head struct {
	Message      *bridge.Message
	Conversation *bridge.Conversation
	Acquaintance bridge.Acquaintance
}

// pending are the states of messages that are still to be sent, as a condition.
const pending = `state IN ('queued', 'sending', 'parked')`

// dueAt is when a message may go, as an expression: the later of when it was given
// for and when it is to be tried again; null for at once.
const dueAt = `CASE WHEN not_before IS NULL OR retry_at > not_before THEN retry_at ELSE not_before END`

// Idle reports whether an account has nothing to send, or to do otherwise.
func (s *Store) Idle(ctx context.Context, id bridge.AccountID) (idle bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM messages WHERE account_id = $1 AND `+pending+`)
		AND NOT EXISTS (SELECT 1 FROM actions WHERE account_id = $1 AND state IN ('queued', 'running'))`, id).Scan(&idle)
	if err != nil {
		return false, fmt.Errorf("store: whether %s has anything to do: %w", id, err)
	}
	return idle, nil
}

// Heads returns, of up to limit conversations of an account, the message that is
// to be sent next, and when the next one is due that is not due yet; the zero
// time for none. What has been tried, or was put off, keeps its place, however
// late it is to be tried again; what was given for a later time does not hold up
// what comes after it. Within a priority, those come first who have written to the
// account, so that answers never wait behind what a budget holds back. What falls
// under a budget that is held back is left out, but for what is under way.
func (s *Store) Heads(
	ctx context.Context, id bridge.AccountID, now time.Time, limit int, held ...bridge.BudgetKind,
) ([]Head, time.Time, error) {
	free := ""
	for _, kind := range held {
		free += " AND (m.state = 'sending' OR NOT (" + nextBudget[kind] + "))"
	}
	heads, err := collect(ctx, s.read, s.dialect, "messages to send of "+string(id), scanHead,
		`SELECT `+messageColumns+`, `+conversationColumns+`,
			EXISTS (SELECT 1 FROM messages w WHERE w.conversation_id = c.id AND w.direction = 'out' AND w.telegram_id <> 0)
		FROM messages m JOIN conversations c ON c.id = m.conversation_id
		WHERE m.account_id = $1 AND m.`+pending+` AND (m.not_before IS NULL OR m.not_before <= $2)
			AND (m.retry_at IS NULL OR m.retry_at <= $2)
		AND NOT EXISTS (SELECT 1 FROM messages e WHERE e.conversation_id = m.conversation_id AND e.id < m.id
			AND e.`+pending+` AND (e.not_before IS NULL OR e.not_before <= $2))`+free+`
		ORDER BY m.priority, c.person_wrote DESC, m.id LIMIT $3`, id, now, limit)
	if err != nil {
		return nil, time.Time{}, err
	}
	var next time.Time
	err = s.read.QueryRowContext(ctx, `SELECT min(`+dueAt+`) FROM messages WHERE account_id = $1 AND `+pending+`
		AND `+dueAt+` > $2`, s.dialect.values([]any{id, now})...).Scan(timeColumn{&next})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("store: messages to send of %s: %w", id, err)
	}
	return heads, next, nil
}

func scanHead(row scanner) (Head, error) {
	var h Head
	var wrote bool
	var rest []any
	m, err := scanMessage(scannerFunc(func(message ...any) error {
		c, err := scanConversation(scannerFunc(func(conversation ...any) error {
			rest = append(append(message, conversation...), &wrote)
			return row.Scan(rest...)
		}))
		h.Conversation = c
		return err
	}))
	h.Message = m
	switch {
	case h.Conversation == nil:
	case h.Conversation.PersonWrote:
		h.Acquaintance = bridge.Known
	case wrote:
		h.Acquaintance = bridge.Written
	default:
		h.Acquaintance = bridge.Stranger
	}
	return h, err
}

// A scannerFunc is a scanner.
type scannerFunc func(...any) error

// Scan implements scanner.
func (f scannerFunc) Scan(to ...any) error { return f(to...) }

// LastPending returns the last message of a conversation that is still to be sent,
// empty for none.
func (t *Tx) LastPending(id bridge.ConversationID) (last bridge.MessageID, err error) {
	err = t.row(`SELECT COALESCE(max(id), '') FROM messages WHERE conversation_id = $1 AND `+pending, id).Scan(&last)
	if err != nil {
		return "", failed(err)
	}
	return last, nil
}

// StartSend notes that Telegram is about to be asked to send a message. It
// returns false where the message is not to be sent any more.
func (t *Tx) StartSend(id bridge.MessageID) (bool, error) {
	n, err := t.exec(`UPDATE messages SET state = 'sending', attempts = attempts + 1, error = '' WHERE id = $1 AND `+pending, id)
	return n == 1, err
}

// EndSend stores what has become of a message that was being sent, if nothing
// else has been stored meanwhile, which it reports. RetryAt is when it goes again;
// zero: at once, or never in a state that is final.
func (t *Tx) EndSend(id bridge.MessageID, state bridge.SendState, retryAt time.Time, reason string) (bool, error) {
	n, err := t.exec(`UPDATE messages SET state = $2, retry_at = $3, error = $4 WHERE id = $1 AND state = 'sending'`,
		id, state, retryAt, reason)
	return n == 1, err
}

// PutBack queues a message again that was started without Telegram being asked to
// send it: that was no attempt. RetryAt is as of EndSend.
func (t *Tx) PutBack(id bridge.MessageID, retryAt time.Time, reason string) error {
	_, err := t.exec(`UPDATE messages SET state = 'queued', attempts = attempts - 1, retry_at = $2, error = $3
		WHERE id = $1 AND state = 'sending'`, id, retryAt, reason)
	return err
}

// Acquaintance returns how well an account knows whom a conversation is with.
func (t *Tx) Acquaintance(c *bridge.Conversation) (bridge.Acquaintance, error) {
	if c.PersonWrote {
		return bridge.Known, nil
	}
	var wrote bool
	err := t.row(`SELECT EXISTS (SELECT 1 FROM messages WHERE conversation_id = $1 AND direction = 'out' AND telegram_id <> 0)`,
		c.ID).Scan(&wrote)
	switch {
	case err != nil:
		return bridge.Stranger, failed(err)
	case wrote:
		return bridge.Written, nil
	}
	return bridge.Stranger, nil
}

// Park has what is to be sent of an account wait until Unpark. What a bot is
// sending is left to whoever sends it, since it must not be sent again.
func (t *Tx) Park(id bridge.AccountID, reason string) (int64, error) {
	return t.exec(`UPDATE messages SET state = 'parked', error = $2 WHERE account_id = $1
		AND (state = 'queued' OR state = 'sending' AND source <> $3)`, id, reason, bridge.BotAPI)
}

// Unpark queues what was parked.
func (t *Tx) Unpark(id bridge.AccountID) (int64, error) {
	return t.exec(`UPDATE messages SET state = 'queued', error = '' WHERE account_id = $1 AND state = 'parked'`, id)
}

// FailPending gives up to limit messages of an account up that are to be sent,
// and returns them with their conversations.
func (t *Tx) FailPending(id bridge.AccountID, reason string, limit int) ([]Head, error) {
	return t.failThose(id, pending, reason, limit)
}

// FailSending gives up to limit messages of an account up that Telegram has been
// asked to send, and returns them with their conversations.
func (t *Tx) FailSending(id bridge.AccountID, reason string, limit int) ([]Head, error) {
	return t.failThose(id, `state = 'sending'`, reason, limit)
}

func (t *Tx) failThose(id bridge.AccountID, which, reason string, limit int) ([]Head, error) {
	list, err := collect(t.ctx, t.tx, t.dialect, "messages to send of "+string(id), scanHead,
		`SELECT `+messageColumns+`, `+conversationColumns+`, false FROM messages m JOIN conversations c ON c.id = m.conversation_id
		WHERE m.account_id = $1 AND m.`+which+` ORDER BY m.id LIMIT $2`, id, limit)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		h.Message.State, h.Message.Error = bridge.Failed, reason
		if _, err := t.exec(`UPDATE messages SET state = 'failed', error = $2 WHERE id = $1`, h.Message.ID, reason); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// CancelMessage takes back a message that Telegram has not been asked to send
// yet. The error is a *bridge.Error of CodeConflict where it has.
func (t *Tx) CancelMessage(id bridge.MessageID) error {
	n, err := t.exec(`UPDATE messages SET state = 'canceled' WHERE id = $1 AND state IN ('queued', 'parked') AND attempts = 0`, id)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeConflict, "Message %s is on its way or sent, and cannot be taken back. Delete it.", id)
	}
	return err
}

// Sent returns the number at Telegram of a message that the account has sent,
// says the same, and was learned of without being known as the bridge's; 0 for
// none. It is how a message is found that Telegram has, as it says, but not as
// which.
func (t *Tx) Sent(m *bridge.Message) (telegramID int, err error) {
	list, err := collect(t.ctx, t.tx, t.dialect, "messages like "+string(m.ID),
		scanMessage,
		`SELECT `+messageColumns+` FROM messages m WHERE m.conversation_id = $1 AND m.direction = 'out' AND m.random_id = 0
		AND m.telegram_id <> 0 AND m.at >= $2 ORDER BY m.telegram_id LIMIT 100`, m.ConversationID, m.CreatedAt.Truncate(time.Second))
	if err != nil {
		return 0, err
	}
	for _, other := range list {
		if other.Text == m.Text && other.ReplyTo == m.ReplyTo && (other.Media == nil) == (m.Media == nil) {
			return other.TelegramID, nil
		}
	}
	return 0, nil
}

// ResolveConversation gives the conversation with somebody who was known by a
// name the peer that the name belongs to. Where there is a conversation with
// that peer already, it takes over the messages, the name by which the peer was
// found, and the id, which leads to it from then on. It returns the conversation
// that the messages are in then.
func (t *Tx) ResolveConversation(c *bridge.Conversation, peer bridge.Peer) (*bridge.Conversation, error) {
	there, err := t.ConversationsWith([]PeerOf{{Account: c.AccountID, Peer: peer}})
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		if _, err := t.exec(`UPDATE conversations SET peer = $2 WHERE id = $1`, c.ID, peer.String()); err != nil {
			return nil, err
		}
		resolved := *c
		resolved.Peer = peer
		return &resolved, nil
	}
	kept := there[0]
	kept.Phone, kept.Username = cmp.Or(c.Phone, kept.Phone), cmp.Or(kept.Username, c.Username)
	for _, change := range []struct {
		query string
		args  []any
	}{
		{`UPDATE messages SET conversation_id = $2 WHERE conversation_id = $1`, []any{c.ID, kept.ID}},
		{`UPDATE conversations SET phone = $2, username = $3 WHERE id = $1`, []any{kept.ID, kept.Phone, kept.Username}},
		{`INSERT INTO conversation_aliases (id, conversation_id) VALUES ($1, $2)`, []any{c.ID, kept.ID}},
		{`DELETE FROM conversations WHERE id = $1`, []any{c.ID}},
	} {
		if _, err := t.exec(change.query, change.args...); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// A Backlog is how much an account has to send.
type Backlog struct {
	Queued int
	Oldest time.Time // when the oldest of it was due; zero for none
}

// Backlog returns how much an account has to send that is due.
func (s *Store) Backlog(ctx context.Context, id bridge.AccountID, now time.Time) (Backlog, error) {
	var b Backlog
	err := s.read.QueryRowContext(ctx, `SELECT count(*), min(coalesce(not_before, created_at)) FROM messages
		WHERE account_id = $1 AND `+pending+` AND (not_before IS NULL OR not_before <= $2) AND (retry_at IS NULL OR retry_at <= $2)`,
		s.dialect.values([]any{id, now})...).Scan(&b.Queued, timeColumn{&b.Oldest})
	if err != nil {
		return b, fmt.Errorf("store: backlog of %s: %w", id, err)
	}
	return b, nil
}

// budgetOf are the conversations in which messages fall under a budget, as
// conditions (see bridge.BudgetOf).
var budgetOf = map[bridge.BudgetKind]string{
	bridge.BudgetPosts:         inGroup,
	bridge.BudgetMessages:      `c.person_wrote AND NOT ` + inGroup,
	bridge.BudgetFirstMessages: `NOT c.person_wrote AND NOT ` + inGroup,
}

// nextBudget are the conversations in which the next request for a message is an
// action of each kind, as conditions: nobody is written to before they are looked up.
var nextBudget = map[bridge.BudgetKind]string{
	bridge.BudgetPosts:         inGroup,
	bridge.BudgetMessages:      `c.peer LIKE 'user:%' AND c.person_wrote`,
	bridge.BudgetFirstMessages: `c.peer LIKE 'user:%' AND NOT c.person_wrote`,
	bridge.BudgetLookups:       `NOT (c.peer LIKE 'user:%' OR ` + inGroup + `)`,
}

const inGroup = `(c.peer LIKE 'group:%' OR c.peer LIKE 'channel:%')`

// QueuedBefore returns how many messages wait that take from the same budget as
// another one of their account, and go before it if that goes at a time; no more
// than limit are counted.
func (t *Tx) QueuedBefore(m *bridge.Message, kind bridge.BudgetKind, at time.Time, limit int) (n int, err error) {
	err = t.row(`SELECT count(*) FROM (SELECT 1 FROM messages w JOIN conversations c ON c.id = w.conversation_id
		WHERE w.account_id = $1 AND w.state IN ('queued', 'parked') AND w.id <> $2 AND w.priority <= $3
		AND (w.not_before IS NULL OR w.not_before <= $4) AND `+budgetOf[kind]+` LIMIT $5) AS before`,
		m.AccountID, m.ID, m.Priority, at, limit).Scan(&n)
	if err != nil {
		return 0, failed(err)
	}
	return n, nil
}

// CountMessages counts the messages that the bridge was given to send, by their
// state.
func (s *Store) CountMessages(ctx context.Context) (map[bridge.SendState]int, error) {
	return counted[bridge.SendState, int](ctx, s, "messages", `SELECT state, count(*) FROM messages WHERE state <> '' GROUP BY state`)
}

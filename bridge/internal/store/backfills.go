package store

import (
	"context"
	"time"

	"godwit/bridge"
)

// A BackfillKind says why a history is fetched.
type BackfillKind string

// The kinds of backfills.
const (
	HistoryBackfill BackfillKind = "history" // to have what was before the account was added
	GapBackfill     BackfillKind = "gap"     // to have what was missed, which is news
)

// A Backfill is how far the history of a conversation has been fetched. A
// HistoryBackfill goes from the newest messages to the oldest, downwards from
// Before. A GapBackfill goes upwards from After, since news is told in order.
type Backfill struct {
	Conversation bridge.ConversationID
	Kind         BackfillKind
	Account      bridge.AccountID
	Before       int  // what Telegram numbers so, and what comes after it, was fetched; 0: nothing was
	After        int  // what Telegram numbers so, and what comes before it, is not wanted; 0: all is
	Fetched      int  // messages
	Wanted       int  // no more than so many messages; 0: all
	Urgent       bool // somebody waits for it
	AskedAt      time.Time
	Done         bool
	Error        string // of the last try, if it failed
}

var backfillTable = table{
	{"conversation_id", text}, {"kind", text}, {"account_id", text}, {"before_id", integer}, {"after_id", integer},
	{"fetched", integer}, {"wanted", integer}, {"urgent", boolean}, {"asked_at", timestamp}, {"done", boolean}, {"error", text},
}

// Backfills returns up to limit backfills of an account that are not done, the
// urgent ones first and otherwise those that were asked for first.
func (s *Store) Backfills(ctx context.Context, id bridge.AccountID, limit int) ([]*Backfill, error) {
	return s.backfills(ctx, `b.account_id = $1 AND NOT b.done ORDER BY b.urgent DESC, b.asked_at LIMIT $2`, id, limit)
}

// BackfillsOf returns how far the history of a conversation was fetched, by
// each kind of backfill.
func (s *Store) BackfillsOf(ctx context.Context, id bridge.ConversationID) ([]*Backfill, error) {
	return s.backfills(ctx, `b.conversation_id = $1 ORDER BY b.kind`, id)
}

func (s *Store) backfills(ctx context.Context, where string, args ...any) ([]*Backfill, error) {
	found, err := s.read.QueryContext(ctx, `SELECT `+backfillTable.names("b.")+` FROM backfills b WHERE `+where, args...)
	if err != nil {
		return nil, failed(err)
	}
	var list []*Backfill
	err = scanAll(found, func(row scanner) error {
		b := new(Backfill)
		list = append(list, b)
		return row.Scan(&b.Conversation, &b.Kind, &b.Account, &b.Before, &b.After, &b.Fetched, &b.Wanted, &b.Urgent,
			timeColumn{&b.AskedAt}, &b.Done, &b.Error)
	})
	return list, err
}

// AskForHistory has up to limit more messages of a conversation fetched, from
// where the history has been fetched to; 0 stands for all. What has been asked
// for before stays wanted.
func (t *Tx) AskForHistory(c *bridge.Conversation, limit int, urgent bool, now time.Time) error {
	_, err := t.exec(`INSERT INTO backfills (conversation_id, kind, account_id, before_id, after_id, fetched, wanted, urgent,
		asked_at, done, error) VALUES ($1, 'history', $2, 0, 0, 0, $3, $4, $5, false, '')
		ON CONFLICT (conversation_id, kind) DO UPDATE SET
		wanted = CASE WHEN backfills.wanted = 0 OR excluded.wanted = 0 THEN 0
			WHEN NOT backfills.done AND backfills.wanted > backfills.fetched + excluded.wanted THEN backfills.wanted
			ELSE backfills.fetched + excluded.wanted END,
		done = backfills.done AND (backfills.wanted = 0 OR backfills.fetched < backfills.wanted),
		urgent = backfills.urgent AND NOT backfills.done OR excluded.urgent, asked_at = excluded.asked_at, error = ''`,
		c.ID, c.AccountID, limit, urgent, now)
	return err
}

// AskForGaps has what comes after the last messages that are stored fetched: of
// an account's conversation with a channel or, where peer is the zero Peer, of
// all that are not with channels, and then the conversations listed anew too.
func (t *Tx) AskForGaps(id bridge.AccountID, peer bridge.Peer, now time.Time) error {
	if peer == (bridge.Peer{}) {
		if _, err := t.exec(`UPDATE dialogs_listed SET stale = true WHERE account_id = $1`, id); err != nil {
			return err
		}
	}
	_, err := t.exec(`INSERT INTO backfills (conversation_id, kind, account_id, before_id, after_id, fetched, wanted, urgent,
		asked_at, done, error)
		SELECT c.id, 'gap', c.account_id, 0, COALESCE(
			(SELECT MAX(m.telegram_id) FROM messages m WHERE m.conversation_id = c.id AND m.telegram_id <> 0), 0),
			0, 0, true, $3, false, ''
		FROM conversations c WHERE c.account_id = $1 AND (c.peer = $2 OR $2 = '' AND c.peer NOT LIKE 'channel:%')
		ON CONFLICT (conversation_id, kind) DO UPDATE SET before_id = 0,
		after_id = CASE WHEN backfills.done THEN excluded.after_id ELSE backfills.after_id END,
		fetched = 0, asked_at = excluded.asked_at, done = excluded.done, error = ''`,
		id, peer.String(), now)
	return err
}

// SetBackfill stores how far a backfill has come. One that was asked for anew
// meanwhile stays as it is.
func (t *Tx) SetBackfill(b *Backfill) error {
	_, err := t.exec(`UPDATE backfills SET before_id = $4, after_id = $5, fetched = $6, done = $7, error = $8, urgent = $9
		WHERE conversation_id = $1 AND kind = $2 AND asked_at = $3`,
		b.Conversation, b.Kind, b.AskedAt, b.Before, b.After, b.Fetched, b.Done, b.Error, b.Urgent)
	return err
}

// A Listing says whether the conversations of an account have been listed.
type Listing struct {
	Once  bool // since it was added
	Stale bool // and something was lost since, which may have begun others
}

// PastWanted returns whether the conversations of an account have been listed, and
// whether there is a backfill of it that is not done.
func (s *Store) PastWanted(ctx context.Context, id bridge.AccountID) (l Listing, backfills bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM backfills WHERE account_id = $1 AND NOT done), d.account_id IS NOT NULL,
		COALESCE(d.stale, false) FROM accounts a LEFT JOIN dialogs_listed d ON d.account_id = a.id WHERE a.id = $1`, id).
		Scan(&backfills, &l.Once, &l.Stale)
	return l, backfills, noAccount(id, err)
}

// SetDialogsListed notes that the conversations of an account have been listed.
func (t *Tx) SetDialogsListed(id bridge.AccountID) error {
	_, err := t.exec(`INSERT INTO dialogs_listed (account_id, stale) VALUES ($1, false)
		ON CONFLICT (account_id) DO UPDATE SET stale = false`, id)
	return err
}

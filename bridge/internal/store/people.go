package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/bridge"
)

// A PersonRow is somebody whom the accounts of a pool have to do with.
type PersonRow struct {
	Name          string           // what the store calls them
	AccountID     bridge.AccountID // whose they are
	FirstMessages int              // that all accounts of the pool have been given to write before an answer
	AssignedAt    time.Time
}

// People returns those whom any of some keys is known to be of, those who were
// assigned first first. More than one are the same person, if the keys are all
// of one: see MergePeople.
func (t *Tx) People(id bridge.PoolID, keys []bridge.PersonKey) ([]PersonRow, error) {
	var list []PersonRow
	for _, key := range keys {
		var p PersonRow
		err := t.row(`SELECT p.person, p.account_id, p.first_messages, p.assigned_at FROM person_keys k
			JOIN people p ON p.pool_id = k.pool_id AND p.person = k.person WHERE k.pool_id = $1 AND k.key = $2`, id, key).
			Scan(&p.Name, &p.AccountID, &p.FirstMessages, timeColumn{&p.AssignedAt})
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, fmt.Errorf("store: people of %s: %w", id, err)
		case !slices.ContainsFunc(list, func(q PersonRow) bool { return q.Name == p.Name }):
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b PersonRow) int { return a.AssignedAt.Compare(b.AssignedAt) })
	return list, nil
}

// PersonKeys returns everything that somebody is known by.
func (t *Tx) PersonKeys(id bridge.PoolID, name string) ([]bridge.PersonKey, error) {
	return collect(t.ctx, t.tx, t.dialect, "people of "+string(id), func(r scanner) (key bridge.PersonKey, err error) {
		err = r.Scan(&key)
		return key, err
	}, `SELECT key FROM person_keys WHERE pool_id = $1 AND person = $2 ORDER BY key`, id, name)
}

// SetPerson stores somebody and what they are known by. Keys that were of
// somebody else are of this person from now on: call MergePeople before, so that
// no more is forgotten than that.
func (t *Tx) SetPerson(id bridge.PoolID, p PersonRow, keys []bridge.PersonKey) error {
	if _, err := t.exec(`INSERT INTO people (pool_id, person, account_id, first_messages, assigned_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (pool_id, person) DO UPDATE SET account_id = excluded.account_id,
			first_messages = excluded.first_messages, assigned_at = excluded.assigned_at`,
		id, p.Name, p.AccountID, p.FirstMessages, p.AssignedAt); err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := t.exec(`INSERT INTO person_keys (pool_id, key, person) VALUES ($1, $2, $3)
			ON CONFLICT (pool_id, key) DO UPDATE SET person = excluded.person`, id, key, p.Name); err != nil {
			return err
		}
	}
	return nil
}

// MergePeople makes one person of several who have turned out to be the same:
// the first of them, with what was written to all of them. It returns that
// person.
func (t *Tx) MergePeople(id bridge.PoolID, same []PersonRow) (PersonRow, error) {
	p := same[0]
	for _, q := range same[1:] {
		p.FirstMessages += q.FirstMessages
		if _, err := t.exec(`UPDATE person_keys SET person = $3 WHERE pool_id = $1 AND person = $2`, id, q.Name, p.Name); err != nil {
			return p, err
		}
		if _, err := t.exec(`DELETE FROM people WHERE pool_id = $1 AND person = $2`, id, q.Name); err != nil {
			return p, err
		}
	}
	return p, t.SetPerson(id, p, nil)
}

// An AcquaintanceRow is how an account of a pool knows somebody.
type AcquaintanceRow struct {
	AccountID   bridge.AccountID
	PersonWrote bool
	// First is the direction of the first message between them; empty: there is
	// none.
	First  bridge.Direction
	LastAt time.Time
}

// Acquaintances returns the accounts of a pool that have a conversation with
// somebody, whose last message is the latest first.
func (t *Tx) Acquaintances(id bridge.PoolID, keys []bridge.PersonKey) ([]AcquaintanceRow, error) {
	var list []AcquaintanceRow
	for _, key := range keys {
		column, value, _ := strings.Cut(string(key), ":")
		switch column {
		case "user":
			column, value = "c.peer", string(key)
		case "phone":
			column = "c.phone"
		case "username":
			column = "lower(c.username)"
		default:
			return nil, fmt.Errorf("store: %q is not the key of a person", key)
		}
		// What Telegram says in a person's name, such as that they have signed up,
		// was not written by them.
		found, err := collect(t.ctx, t.tx, t.dialect, "acquaintances of "+string(id), func(r scanner) (a AcquaintanceRow, err error) {
			err = r.Scan(&a.AccountID, &a.PersonWrote, &a.First, timeColumn{&a.LastAt})
			return a, err
		}, `SELECT c.account_id, c.person_wrote, COALESCE((SELECT w.direction FROM messages w
				WHERE w.conversation_id = c.id AND w.content ->> 'service' IS NULL ORDER BY w.at, w.id LIMIT 1), ''), c.last_at
			FROM conversations c JOIN pool_members m ON m.account_id = c.account_id WHERE m.pool_id = $1 AND `+column+` = $2`, id, value)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			if !slices.ContainsFunc(list, func(b AcquaintanceRow) bool { return a.AccountID == b.AccountID }) {
				list = append(list, a)
			}
		}
	}
	slices.SortFunc(list, func(a, b AcquaintanceRow) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.AccountID, b.AccountID))
	})
	return list, nil
}

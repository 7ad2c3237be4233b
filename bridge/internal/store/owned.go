package store

import "godwit/bridge"

// LockAccounts returns the epochs of those of some accounts that there are, which
// nobody else owns anew or adds events to until the transaction has ended. It takes them in
// the order of their ids, so that two that lock several never wait for each
// other.
func (t *Tx) LockAccounts(ids []bridge.AccountID) (map[bridge.AccountID]int64, error) {
	r := t.rows(nameTable)
	for _, id := range ids {
		r.add(id)
	}
	lock := ""
	if t.dialect == postgres {
		lock = " FOR NO KEY UPDATE" // others may go on adding rows that refer to the account
	}
	epochs := make(map[bridge.AccountID]int64, len(ids))
	err := t.query(r, `SELECT a.id, a.epoch FROM accounts a
		WHERE a.id IN (SELECT r.id FROM `+t.dialect.from(nameTable)+`) ORDER BY a.id`+lock, func(row scanner) error {
		var id bridge.AccountID
		var epoch int64
		err := row.Scan(&id, &epoch)
		epochs[id] = epoch
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.locked == nil {
		t.locked = make(map[bridge.AccountID]bool, len(epochs))
	}
	for id := range epochs {
		t.locked[id] = true
	}
	return epochs, nil
}

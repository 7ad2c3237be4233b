package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"godwit/bridge"
)

// Repeated returns what was answered to a request of the same key before, and
// false where there was none. A scope keeps the keys of different users and
// operations apart; request is a hash of what is asked for. The error is a
// *bridge.Error of CodeIdempotencyReused where that was something else.
func (t *Tx) Repeated(scope, key string, request []byte) (answer string, ok bool, err error) {
	var before []byte
	err = t.row(`SELECT request, answer FROM idempotency_keys WHERE scope = $1 AND key = $2`, scope, key).Scan(&before, &answer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("store: idempotency key: %w", err)
	case !bytes.Equal(before, request):
		return "", false, bridge.Errorf(bridge.CodeIdempotencyReused,
			"The Idempotency-Key %q was used for another request before. Use a new one for each request.", key)
	}
	return answer, true, nil
}

// Answered stores what was answered to a request of a key, in the transaction
// that has done what it asked for. Of two at the same time, one fails with
// CodeConflict and does nothing.
func (t *Tx) Answered(scope, key string, request []byte, answer string, now time.Time) error {
	n, err := t.exec(`INSERT INTO idempotency_keys (scope, key, request, answer, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, scope, key, request, answer, now)
	if err == nil && n == 0 {
		return bridge.Errorf(bridge.CodeConflict, "A request with the Idempotency-Key %q is being answered. Repeat it.", key)
	}
	return err
}

// Once does what a request asks for, unless it was done before: then it returns
// what was answered to that. It is for a request that carries an idempotency key;
// with none, an empty one, it is done each time.
func Once[A any](t *Tx, scope, key string, request any, now time.Time, do func() (A, error)) (A, error) {
	if key == "" {
		return do()
	}
	var answer A
	text, err := json.Marshal(request)
	if err != nil {
		return answer, fmt.Errorf("store: idempotency key: %w", err)
	}
	hash := sha256.Sum256(text)
	before, ok, err := t.Repeated(scope, key, hash[:])
	if err != nil {
		return answer, err
	}
	if ok {
		if err := json.Unmarshal([]byte(before), &answer); err != nil {
			return answer, fmt.Errorf("store: idempotency key: %w", err)
		}
		return answer, nil
	}
	if answer, err = do(); err != nil {
		return answer, err
	}
	if text, err = json.Marshal(answer); err != nil {
		return answer, fmt.Errorf("store: idempotency key: %w", err)
	}
	return answer, t.Answered(scope, key, hash[:], string(text), now)
}

// ForgetAnswers deletes the answers that were given before a time.
func (s *Store) ForgetAnswers(ctx context.Context, before time.Time) (n int64, err error) {
	return s.forget(ctx, `DELETE FROM idempotency_keys WHERE created_at < $1`, before)
}

-- +goose Up
-- People who are never written to, by any account.
CREATE TABLE suppressions (
    id       TEXT PRIMARY KEY,
    user_id  BIGINT NOT NULL,
    phone    TEXT NOT NULL,
    username TEXT NOT NULL,
    reason   TEXT NOT NULL CHECK (reason IN ('operator', 'stop', 'blocked')),
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    note     TEXT NOT NULL
);

-- What they are known by: any of it is enough. The same can be of several entries.
CREATE TABLE suppression_keys (
    key            TEXT NOT NULL,
    suppression_id TEXT NOT NULL REFERENCES suppressions (id) ON DELETE CASCADE,
    PRIMARY KEY (key, suppression_id)
);
CREATE INDEX suppression_keys_entry ON suppression_keys (suppression_id);

-- +goose Down
DROP TABLE suppression_keys;
DROP TABLE suppressions;

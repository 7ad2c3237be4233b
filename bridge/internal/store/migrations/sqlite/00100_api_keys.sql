-- +goose Up
-- Of a key's token only the hash is kept, and the beginning of that to find it by.
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    accounts     TEXT NOT NULL,
    pools        TEXT NOT NULL,
    lookup       BLOB NOT NULL,
    hash         BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
);
CREATE INDEX api_keys_lookup ON api_keys (lookup);

-- +goose Down
DROP TABLE api_keys;

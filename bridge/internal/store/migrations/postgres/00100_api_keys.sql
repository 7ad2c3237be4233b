-- +goose Up
-- Of a key's token only the hash is kept, and the beginning of that to find it by.
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    scopes       JSONB NOT NULL,
    accounts     JSONB NOT NULL,
    pools        JSONB NOT NULL,
    lookup       BYTEA NOT NULL,
    hash         BYTEA NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ
);
CREATE INDEX api_keys_lookup ON api_keys (lookup);

-- +goose Down
DROP TABLE api_keys;

-- +goose Up
-- Links by which a person signs an account in once. The token itself is with
-- the person alone.
CREATE TABLE login_links (
    token_hash BLOB PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE login_links;

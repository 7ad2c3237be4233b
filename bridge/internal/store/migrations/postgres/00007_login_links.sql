-- +goose Up
-- Links by which a person signs an account in once. The token itself is with
-- the person alone.
CREATE TABLE login_links (
    token_hash BYTEA PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at TIMESTAMPTZ NOT NULL
);

-- +goose Down
DROP TABLE login_links;

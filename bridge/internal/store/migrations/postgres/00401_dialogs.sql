-- +goose Up
-- The accounts whose conversations have been listed. What has been lost since may
-- have begun others: then they are listed anew.
CREATE TABLE dialogs_listed (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    stale      BOOLEAN NOT NULL
);

-- +goose Down
DROP TABLE dialogs_listed;

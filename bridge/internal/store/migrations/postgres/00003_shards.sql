-- +goose Up
-- Accounts are given to nodes a shard at a time.
ALTER TABLE accounts ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_shard ON accounts (shard);
CREATE INDEX accounts_unowned ON accounts (id) WHERE node = '';

-- +goose Down
DROP INDEX accounts_unowned;
DROP INDEX accounts_shard;
ALTER TABLE accounts DROP COLUMN shard;

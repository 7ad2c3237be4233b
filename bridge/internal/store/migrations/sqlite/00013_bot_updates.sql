-- +goose Up
-- How a bot gets its updates: 'polling' or 'webhook'; '' for people.
ALTER TABLE accounts ADD COLUMN updates_by TEXT NOT NULL DEFAULT '';
UPDATE accounts SET updates_by = 'polling' WHERE kind = 'bot';

-- +goose Down
ALTER TABLE accounts DROP COLUMN updates_by;

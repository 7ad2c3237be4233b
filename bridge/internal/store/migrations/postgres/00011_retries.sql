-- +goose Up
-- When a message that was tried, or put off, goes again. It is not when it may go
-- at the earliest, which whoever gave it has said: it keeps its place before what
-- was given after it.
ALTER TABLE messages ADD COLUMN retry_at TIMESTAMPTZ;

-- +goose Down
ALTER TABLE messages DROP COLUMN retry_at;

-- +goose Up
-- Which message of a conversation goes next.
CREATE INDEX messages_pending_conversation ON messages (conversation_id, id) WHERE state IN ('queued', 'sending', 'parked');

-- +goose Down
DROP INDEX messages_pending_conversation;

-- +goose Up
-- Names of conversations that turned out to be with somebody with whom there was
-- one already. They lead to that one for as long as it is there.
CREATE TABLE conversation_aliases (
    id              TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE
);
CREATE INDEX conversation_aliases_of ON conversation_aliases (conversation_id);

-- +goose Down
DROP TABLE conversation_aliases;

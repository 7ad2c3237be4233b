-- +goose Up
-- Conversations are listed by their last messages, those without one by when
-- they were made: of some accounts, and of all.
DROP INDEX conversations_recent;
CREATE INDEX conversations_page ON conversations (account_id, COALESCE(last_at, created_at) DESC, id DESC);
CREATE INDEX conversations_page_all ON conversations (COALESCE(last_at, created_at) DESC, id DESC);

-- How far the history of a conversation has been fetched.
CREATE TABLE backfills (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind IN ('history', 'gap')),
    account_id      TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    before_id       BIGINT NOT NULL,
    after_id        BIGINT NOT NULL,
    fetched         BIGINT NOT NULL,
    wanted          BIGINT NOT NULL,
    urgent          INTEGER NOT NULL,
    asked_at        INTEGER NOT NULL,
    done            INTEGER NOT NULL,
    error           TEXT NOT NULL,
    PRIMARY KEY (conversation_id, kind)
);
CREATE INDEX backfills_pending ON backfills (account_id, urgent DESC, asked_at) WHERE NOT done;

-- +goose Down
DROP TABLE backfills;
DROP INDEX conversations_page_all;
DROP INDEX conversations_page;
CREATE INDEX conversations_recent ON conversations (account_id, last_at DESC);

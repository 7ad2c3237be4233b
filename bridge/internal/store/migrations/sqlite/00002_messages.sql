-- +goose Up
-- Where an account stands in its updates. It is written in the transaction that
-- stores what the updates meant, so that it is never ahead of that.
CREATE TABLE update_states (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    pts        BIGINT NOT NULL,
    qts        BIGINT NOT NULL,
    date       BIGINT NOT NULL,
    seq        BIGINT NOT NULL
);

CREATE TABLE channel_states (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    pts        BIGINT NOT NULL,
    PRIMARY KEY (account_id, channel_id)
);

-- Access hashes are worth nothing to other accounts.
CREATE TABLE peers (
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    peer        TEXT NOT NULL,
    access_hash BIGINT NOT NULL,
    PRIMARY KEY (account_id, peer)
);

CREATE TABLE conversations (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    peer         TEXT NOT NULL,
    title        TEXT NOT NULL,
    username     TEXT NOT NULL,
    phone        TEXT NOT NULL,
    person_wrote INTEGER NOT NULL,
    unread       BIGINT NOT NULL,
    read_up_to   BIGINT NOT NULL,
    read_by_peer BIGINT NOT NULL,
    last_at      INTEGER,
    last_text    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (account_id, peer)
);
CREATE INDEX conversations_recent ON conversations (account_id, last_at DESC);

CREATE TABLE messages (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    source          TEXT NOT NULL,
    telegram_id     BIGINT NOT NULL,
    direction       TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    sender          TEXT NOT NULL,
    at              INTEGER NOT NULL,
    content         TEXT NOT NULL,
    edited_at       INTEGER,
    deleted_at      INTEGER,
    state           TEXT NOT NULL,
    random_id       BIGINT NOT NULL,
    priority        INTEGER NOT NULL,
    not_before      INTEGER,
    attempts        INTEGER NOT NULL,
    error           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    requested_by    TEXT NOT NULL
);
-- A message of Telegram's is stored once, however often it is learned of.
CREATE UNIQUE INDEX messages_telegram ON messages (conversation_id, telegram_id) WHERE telegram_id <> 0;
CREATE UNIQUE INDEX messages_random ON messages (account_id, random_id) WHERE random_id <> 0;
CREATE INDEX messages_page ON messages (conversation_id, at, id);
-- What is still to be done for an account. It stays small however much was sent.
CREATE INDEX messages_pending ON messages (account_id, priority, id) WHERE state IN ('queued', 'sending', 'parked');
-- Ids of messages outside channels are the account's own, and deletions name nothing else.
CREATE INDEX messages_account_telegram ON messages (account_id, telegram_id) WHERE telegram_id <> 0;

CREATE TABLE idempotency_keys (
    scope      TEXT NOT NULL,
    key        TEXT NOT NULL,
    request    BLOB NOT NULL,
    answer     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Nodes that share the database. An account belongs to whoever holds the lock of
-- its shard.
CREATE TABLE nodes (
    id         TEXT PRIMARY KEY,
    address    TEXT NOT NULL,
    lock_key   BIGINT NOT NULL,
    seen_at    INTEGER NOT NULL
);

-- +goose Down
DROP TABLE nodes;
DROP TABLE idempotency_keys;
DROP TABLE messages;
DROP TABLE conversations;
DROP TABLE peers;
DROP TABLE channel_states;
DROP TABLE update_states;

-- +goose Up
CREATE TABLE accounts (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('user', 'bot')),
    phone        TEXT NOT NULL,
    user_id      BIGINT NOT NULL,
    state        TEXT NOT NULL,
    cause        TEXT NOT NULL,
    error        TEXT NOT NULL,
    scope_method TEXT NOT NULL,
    scope_chat   BIGINT NOT NULL,
    since        INTEGER NOT NULL,
    until        INTEGER,
    suspected    INTEGER NOT NULL,
    epoch        BIGINT NOT NULL,
    node         TEXT NOT NULL,
    event_seq    BIGINT NOT NULL,
    created_at   INTEGER NOT NULL
);
-- One person is one account, whoever signs in.
CREATE UNIQUE INDEX accounts_user_id ON accounts (user_id) WHERE user_id <> 0;

-- The data key of an account, wrapped by the key-encryption key. Without its
-- row, what is sealed of the account cannot be read any more by anybody.
CREATE TABLE data_keys (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    kek        TEXT NOT NULL,
    wrapped    BLOB NOT NULL
);

CREATE TABLE secrets (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    field      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (account_id, field)
);

CREATE TABLE events (
    account_id     TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    seq            BIGINT NOT NULL,
    id             TEXT NOT NULL UNIQUE,
    type           TEXT NOT NULL,
    at             INTEGER NOT NULL,
    source         TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data           TEXT NOT NULL,
    PRIMARY KEY (account_id, seq)
);

-- +goose Down
DROP TABLE events;
DROP TABLE secrets;
DROP TABLE data_keys;
DROP TABLE accounts;

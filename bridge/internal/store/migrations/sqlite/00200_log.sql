-- +goose Up
-- The place of an event among those of all accounts. There is one writer, so
-- they become visible in their order. AUTOINCREMENT, so that none is given out
-- twice, even if the events of an account are deleted.
ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    position        INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    seq             BIGINT NOT NULL,
    id              TEXT NOT NULL UNIQUE,
    type            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    source          TEXT NOT NULL,
    schema_version  INTEGER NOT NULL,
    data            TEXT NOT NULL,
    conversation_id TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, seq)
);
INSERT INTO events (account_id, seq, id, type, at, source, schema_version, data)
    SELECT account_id, seq, id, type, at, source, schema_version, data FROM events_before ORDER BY at, account_id, seq;
DROP TABLE events_before;

-- +goose Down
ALTER TABLE events RENAME TO events_after;
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
INSERT INTO events
    SELECT account_id, seq, id, type, at, source, schema_version, data FROM events_after;
DROP TABLE events_after;

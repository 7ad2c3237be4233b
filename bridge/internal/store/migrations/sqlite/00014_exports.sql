-- +goose Up
-- Lists of the members of groups. Those that are not done are fetched by whoever
-- owns the account, from next_offset on.
CREATE TABLE exports (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    peer         TEXT NOT NULL,
    title        TEXT NOT NULL,
    list         TEXT NOT NULL,
    query        TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
    seen         BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    shown        BIGINT NOT NULL,
    gap          TEXT NOT NULL,
    code         TEXT NOT NULL,
    error        TEXT NOT NULL,
    retry_at     INTEGER,
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    expires_at   INTEGER,
    next_offset  BIGINT NOT NULL,
    requested_by TEXT NOT NULL
);
CREATE INDEX exports_account ON exports (account_id, id DESC);
CREATE INDEX exports_pending ON exports (account_id, id) WHERE state IN ('queued', 'running');
CREATE INDEX exports_age ON exports (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE export_members (
    export_id TEXT NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    position  BIGINT NOT NULL,
    peer      TEXT NOT NULL,
    member    TEXT NOT NULL,
    PRIMARY KEY (export_id, position),
    UNIQUE (export_id, peer)
);

-- +goose Down
DROP TABLE export_members;
DROP TABLE exports;

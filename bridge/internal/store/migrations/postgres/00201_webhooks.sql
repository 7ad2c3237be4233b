-- +goose Up
CREATE TABLE webhooks (
    id             TEXT PRIMARY KEY,
    url            TEXT NOT NULL,
    description    TEXT NOT NULL,
    types          TEXT NOT NULL, -- these three are lists in JSON
    accounts       TEXT NOT NULL,
    pools          TEXT NOT NULL,
    disabled       TEXT NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    position       BIGINT NOT NULL,
    paused_until   TIMESTAMPTZ,
    version        BIGINT NOT NULL, -- rises with what its users change
    epoch          BIGINT NOT NULL, -- counts those that have delivered
    kek            TEXT NOT NULL,
    wrapped        BYTEA NOT NULL,
    secret_version BIGINT NOT NULL,
    secret         BYTEA NOT NULL
);

-- What has become of events. An event that goes through at once has one row,
-- written afterwards. The others have one until they are through.
CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL,
    event_id   TEXT NOT NULL,
    type       TEXT NOT NULL,
    account_id TEXT NOT NULL,
    lane       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts   INTEGER NOT NULL,
    at         TIMESTAMPTZ,
    took       BIGINT NOT NULL, -- microseconds
    status     INTEGER NOT NULL,
    error      TEXT NOT NULL,
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, lane, position) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_id, position) WHERE state = 'dead';

-- The conversations whose events wait, and until when.
CREATE TABLE webhook_lanes (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    lane       TEXT NOT NULL,
    due        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (webhook_id, lane)
);

CREATE TABLE webhook_replays (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    id         BIGINT NOT NULL,
    after      BIGINT NOT NULL, -- rises as it goes on
    up_to      BIGINT NOT NULL,
    only_dead  BOOLEAN NOT NULL,
    PRIMARY KEY (webhook_id, id)
);

-- +goose Down
DROP TABLE webhook_replays;
DROP TABLE webhook_lanes;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;

-- +goose Up
-- What Telegram wants later of an account. It survives a restart, since asking
-- again before that would lengthen it.
CREATE TABLE waits (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    method     TEXT NOT NULL,
    chat       BIGINT NOT NULL,
    cause      TEXT NOT NULL,
    since      TIMESTAMPTZ NOT NULL,
    until      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, method, chat)
);

-- +goose Down
DROP TABLE waits;

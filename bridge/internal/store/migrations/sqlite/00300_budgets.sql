-- +goose Up
-- What an account may do, and what its budgets have to know of what it did. The
-- state is written with each action and never searched, so it is text.
CREATE TABLE budgets (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    zone       TEXT NOT NULL,
    plan       TEXT NOT NULL,
    state      TEXT NOT NULL
);

CREATE TABLE ramps (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    plan         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('running', 'paused')),
    created_at   INTEGER NOT NULL,
    requested_by TEXT NOT NULL
);

-- An account is on one ramp at most.
CREATE TABLE ramp_members (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    ramp_id    TEXT NOT NULL REFERENCES ramps (id) ON DELETE CASCADE,
    starts_on  TEXT NOT NULL,
    paused_on  TEXT NOT NULL
);
CREATE INDEX ramp_members_ramp ON ramp_members (ramp_id, account_id);

CREATE TABLE actions (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    ramp_id      TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('join', 'leave', 'post')),
    target       TEXT NOT NULL,
    content      TEXT NOT NULL,
    random_id    BIGINT NOT NULL,
    state        TEXT NOT NULL,
    not_before   INTEGER,
    attempts     INTEGER NOT NULL,
    error        TEXT NOT NULL,
    telegram_id  BIGINT NOT NULL,
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    finished_at  INTEGER,
    requested_by TEXT NOT NULL
);
-- What is still to be done. It stays small however much was.
CREATE INDEX actions_pending ON actions (account_id, id) WHERE state IN ('queued', 'running');
CREATE INDEX actions_target ON actions (account_id, target, id);
CREATE INDEX actions_ramp ON actions (ramp_id, id) WHERE ramp_id <> '';

CREATE TABLE pools (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    policy     TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- An account is in one pool at most.
CREATE TABLE pool_members (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    pool_id    TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE
);
CREATE INDEX pool_members_pool ON pool_members (pool_id, account_id);

-- Whom the accounts of a pool write to, and whose they are. An account that is
-- deleted leaves its people here: how much was written to them still counts.
CREATE TABLE people (
    pool_id        TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    person         TEXT NOT NULL,
    account_id     TEXT NOT NULL,
    first_messages INTEGER NOT NULL,
    assigned_at    INTEGER NOT NULL,
    PRIMARY KEY (pool_id, person)
);
CREATE INDEX people_account ON people (account_id);

-- What a person is known by. A person is named by the first of it.
CREATE TABLE person_keys (
    pool_id TEXT NOT NULL,
    key     TEXT NOT NULL,
    person  TEXT NOT NULL,
    PRIMARY KEY (pool_id, key),
    FOREIGN KEY (pool_id, person) REFERENCES people (pool_id, person) ON DELETE CASCADE
);
CREATE INDEX person_keys_person ON person_keys (pool_id, person);

-- Which accounts know somebody of whom a phone number or a username is known.
CREATE INDEX conversations_phone ON conversations (phone) WHERE phone <> '';
CREATE INDEX conversations_username ON conversations (lower(username)) WHERE username <> '';

-- +goose Down
DROP INDEX conversations_username;
DROP INDEX conversations_phone;
DROP TABLE person_keys;
DROP TABLE people;
DROP TABLE pool_members;
DROP TABLE pools;
DROP TABLE actions;
DROP TABLE ramp_members;
DROP TABLE ramps;
DROP TABLE budgets;

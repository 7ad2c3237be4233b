-- +goose Up
-- The place of an event among those of all accounts. Positions are given out in
-- order, but become visible when their transactions commit, which is not in
-- order: see Store.LastPosition.
CREATE SEQUENCE event_positions;
ALTER TABLE events
    ADD COLUMN position        BIGINT NOT NULL DEFAULT nextval('event_positions'),
    ADD COLUMN conversation_id TEXT   NOT NULL DEFAULT '';
ALTER SEQUENCE event_positions OWNED BY events.position;
CREATE UNIQUE INDEX events_position ON events (position);

-- +goose Down
ALTER TABLE events DROP COLUMN position, DROP COLUMN conversation_id;

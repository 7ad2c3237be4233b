-- +goose Up
-- Which span a message that is to be sent, or an event that is to be told of, came
-- from: a traceparent. There are rows while traces are on alone.
CREATE TABLE traces (
	subject TEXT PRIMARY KEY,
	parent TEXT NOT NULL,
	at TIMESTAMPTZ NOT NULL
);
CREATE INDEX traces_at ON traces (at);

-- +goose Down
DROP TABLE traces;

package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
)

// A dialect is what is different between the databases.
type dialect struct {
	name      string // of the driver's directory of migrations
	goose     goose.Dialect
	forUpdate string // locks the rows that a query finds until the end of the transaction
	time      func(time.Time) any

	lastPosition string // that was given to an event
	eventWriters string // the transactions under way that may have been given one; empty: there cannot be any
	nodes        string // the query of the nodes that are there
	silence      string // for how many microseconds a node has not proved that it is there; empty: there is no other
}

var (
	postgres = &dialect{
		name: "postgres", goose: goose.DialectPostgres, forUpdate: " FOR UPDATE",
		time: func(t time.Time) any { return t },

		lastPosition: `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_positions`,
		eventWriters: `SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'events'::regclass`,
		nodes: `SELECT id, address, lock_key, seen_at FROM nodes n WHERE EXISTS (SELECT FROM pg_locks l
			WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND l.classid = ` + strconv.Itoa(nodeSpace) + ` AND l.objid::bigint = n.lock_key AND l.granted) ORDER BY id`,
		silence: `SELECT (EXTRACT(EPOCH FROM clock_timestamp() - seen_at) * 1000000)::bigint FROM nodes WHERE id = $1`,
	}
	// A transaction of SQLite locks everything from its beginning.
	sqlite = &dialect{
		name: "sqlite", goose: goose.DialectSQLite3,
		time: func(t time.Time) any { return t.UnixMicro() },

		lastPosition: `SELECT seq FROM sqlite_sequence WHERE name = 'events'`,
		nodes:        `SELECT id, address, lock_key, seen_at FROM nodes ORDER BY seen_at DESC LIMIT 1`,
	}
)

// values returns what the driver takes for the arguments of a statement. Times
// are kept to the microsecond, and the zero time is NULL.
func (d *dialect) values(args []any) []any {
	for i, arg := range args {
		if t, ok := arg.(time.Time); ok {
			args[i] = nil
			if !t.IsZero() {
				args[i] = d.time(t.UTC().Truncate(time.Microsecond))
			}
		}
	}
	return args
}

// A timeColumn reads a time of either database, NULL as the zero time.
type timeColumn struct{ to *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.to = time.Time{}
	case time.Time:
		*c.to = v.UTC()
	case int64:
		*c.to = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("%T is no time", v)
	}
	return nil
}

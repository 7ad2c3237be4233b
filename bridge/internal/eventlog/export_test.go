package eventlog

import "context"

// Look is one look at the database, as Run does it.
func (l *Log) Look(ctx context.Context) error { return l.look(ctx, false) }

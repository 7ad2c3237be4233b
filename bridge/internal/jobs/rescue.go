package jobs

import (
	"context"
	"fmt"
	"time"
)

// settled is how old a job has to be for its node to be missed: one that has just
// started may not be known to be there.
const settled = 5 * time.Second

// Rescue has jobs done anew by whichever node there is that are under way at nodes
// that are not there any more, of which it is given those that are. It does not
// matter how many call it, nor much whether a node is there after all: then two do
// the same for a while, as they may where a node was frozen. With SQLite there is
// nothing to do, since there is one node.
func (c *Client) Rescue(ctx context.Context, there []string) error {
	if c.pool == nil {
		return nil
	}
	names := make([]string, len(there))
	for i, name := range there {
		names[i] = clientID(name)
	}
	_, err := c.pool.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running' AND attempted_at < now() - $2::interval
		AND attempted_by[array_upper(attempted_by, 1)] <> ALL ($1::text[])`, names, settled)
	if err != nil {
		return fmt.Errorf("jobs: rescuing those of nodes that have gone: %w", err)
	}
	return nil
}

// clientID returns what River calls a node, whose names it limits.
func clientID(node string) string {
	const limit = 100
	return node[max(0, len(node)-limit):] // the end is what tells nodes apart
}

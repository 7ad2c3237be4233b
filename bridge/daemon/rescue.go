package daemon

import (
	"context"
	"time"
)

// rescueInterval is how often a node looks for jobs of others that have crashed.
const rescueInterval = 3 * time.Second

// rescue has the jobs of nodes that have gone done by others, until ctx ends.
func (n *node) rescue(ctx context.Context) {
	if !n.store.Shared() {
		return
	}
	tick := time.NewTicker(rescueInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := n.rescueOnce(ctx); err != nil && ctx.Err() == nil {
			n.o.Logger.Warn("the jobs of nodes that have crashed wait for longer", "error", err)
		}
	}
}

func (n *node) rescueOnce(ctx context.Context) error {
	nodes, err := n.store.Nodes(ctx)
	if err != nil {
		return err
	}
	there := []string{n.name} // also while it has lost its lock
	for _, other := range nodes {
		there = append(there, other.ID)
	}
	return n.jobs.Rescue(ctx, there)
}

package daemon

import (
	"context"
	"time"

	"godwit/bridge/internal/trace"
)

// traceTimeout is how long the collector may take to take what is left at the
// end.
const traceTimeout = 5 * time.Second

// openTrace has a collector told of what the node does, if there is one.
func (n *node) openTrace(ctx context.Context) (err error) {
	if n.o.OTLP == "" {
		return nil
	}
	n.trace, err = trace.Open(ctx, trace.Options{
		Endpoint: n.o.OTLP, Node: n.name, Version: n.o.Version,
		Failed: func(err error) { n.o.Logger.Warn("spans are lost", "error", err) },
	})
	return err
}

func (n *node) closeTrace() {
	ctx, cancel := context.WithTimeout(context.Background(), traceTimeout)
	defer cancel()
	if err := n.trace.Close(ctx); err != nil {
		n.o.Logger.Warn("spans are lost", "error", err)
	}
}

// Package soak holds tests that run whole nodes of the bridge, as processes,
// while everything around them fails: they are killed, PostgreSQL is, and the
// network is cut. "make soak" runs them at full size, "make test" for a moment.
package soak

//go:build race

package session_test

// seeds is how many worlds TestSimulation tries; the race detector is slow.
const seeds = uint64(10)

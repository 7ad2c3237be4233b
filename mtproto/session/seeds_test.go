//go:build !race

package session_test

// seeds is how many worlds TestSimulation tries.
const seeds = uint64(150)

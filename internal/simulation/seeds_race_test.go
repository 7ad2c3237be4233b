//go:build race

package simulation_test

// seeds is how many worlds TestSeeds runs; the race detector is slow, and one
// goroutine has nobody to race with.
const seeds = uint64(60)

// shellSeeds is how many of TestShells, where goroutines do race.
const shellSeeds = uint64(8)

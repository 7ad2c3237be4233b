//go:build !race

package simulation_test

// seeds is how many worlds TestSeeds runs.
const seeds = uint64(300)

// shellSeeds is how many of TestShells.
const shellSeeds = uint64(24)

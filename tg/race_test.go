//go:build race

package tg_test

// Under the race detector each test does less: everything takes ten times as long.
const raceEnabled = true

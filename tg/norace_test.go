//go:build !race

package tg_test

const raceEnabled = false

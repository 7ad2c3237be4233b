package simulation_test

import (
	"bytes"
	"strings"
	"testing"

	"godwit/internal/simulation"
)

// TestSeeds runs many worlds, in none of which anything may happen that should
// not (R-EM-15, R-EM-16, R-EM-40, R-EM-61 to R-EM-63, R-SM-20, R-SM-26, R-SM-34,
// R-SM-42, R-SM-47, R-SM-61, R-UP-11, R-UP-20, R-UP-22, R-UP-26, R-UP-30). `make
// sim` runs as many as it is asked for.
func TestSeeds(t *testing.T) {
	t.Parallel()
	var total simulation.Report
	for seed := range seeds {
		r := simulation.Run(simulation.Options{Seed: seed})
		for _, violation := range r.Violations {
			t.Errorf("seed %d: %s", seed, violation)
		}
		total.Add(r)
	}
	t.Logf("%v", &total)
	if total.Answered < total.Requests/2 || total.Cancelled == 0 || total.Updates == 0 || total.Exchanges == 0 || total.Restarts == 0 {
		t.Errorf("little has happened: %v", &total)
	}
}

// TestReproducible runs worlds twice: a seed gives the same one every time,
// event for event and word for word.
func TestReproducible(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		var traces [2]bytes.Buffer
		var reports [2]*simulation.Report
		for i := range reports {
			reports[i] = simulation.Run(simulation.Options{Seed: seed, Trace: &traces[i]})
		}
		if reports[0].Digest != reports[1].Digest {
			t.Errorf("seed %d: digests differ", seed)
		}
		first, second := strings.Split(traces[0].String(), "\n"), strings.Split(traces[1].String(), "\n")
		for i := range first {
			if i >= len(second) || first[i] != second[i] {
				t.Fatalf("seed %d, line %d: %q, then something else", seed, i, first[i])
			}
		}
	}
}

// TestDifferent checks that the seed matters.
func TestDifferent(t *testing.T) {
	seen := map[uint64]uint64{}
	for seed := range uint64(10) {
		digest := simulation.Run(simulation.Options{Seed: seed}).Digest
		if other, ok := seen[digest]; ok {
			t.Errorf("seeds %d and %d are the same", seed, other)
		}
		seen[digest] = seed
	}
}

// TestSabotage breaks a client, a server or a network on purpose: each time,
// the simulation has to notice, and to say what is wrong.
func TestSabotage(t *testing.T) {
	for sabotage, want := range map[simulation.Sabotage]string{
		simulation.LoseAnswer:    "has not ended",
		simulation.DoubleAnswer:  "ends twice",
		simulation.WrongAnswer:   "has the answer",
		simulation.ExecuteTwice:  "carried out twice",
		simulation.LoseUpdate:    "is handled after",
		simulation.RepeatUpdate:  "is handled after",
		simulation.Leak:          "client holds",
		simulation.BlackHole:     "has not ended",
		simulation.ForgedPackets: "remote violates R-EM-1",
	} {
		t.Run(string(sabotage), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(60) {
				r := simulation.Run(simulation.Options{Seed: seed, Sabotage: sabotage})
				if strings.Contains(strings.Join(r.Violations, "\n"), want) {
					return
				}
			}
			t.Errorf("it was not noticed that %s", sabotage)
		})
	}
}

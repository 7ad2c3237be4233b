// Simulate runs simulations of package simulation and says what they found.
//
//	simulate -first 1 -seeds 5000
//
// A seed that shows a violation is run again, and what happened in it goes to
// standard output. The exit status is then 1.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"godwit/internal/simulation"
)

func main() {
	first := flag.Uint64("first", 1, "the first seed")
	seeds := flag.Uint64("seeds", 1000, "how many seeds to run")
	lines := flag.Int("lines", 60, "how many lines to print of what led to a violation, -1 for all")
	verbose := flag.Bool("v", false, "print a line about every seed")
	flag.Parse()

	begun := time.Now()
	total, failed := run(*first, *seeds, *verbose)
	for _, seed := range failed[:min(len(failed), maxShown)] {
		explain(os.Stdout, seed, *lines)
	}
	fmt.Printf("seeds %d to %d: %.0f simulated seconds, %d events, %d requests, %d updates, %d connections, "+
		"%d keys made, %d violations in %d seeds; %.1f s\n",
		*first, *first+*seeds-1, total.Simulated.Seconds(), total.Events, total.Requests, total.Updates, total.Connects,
		total.Exchanges, len(total.Violations), len(failed), time.Since(begun).Seconds())
	if len(failed) > 0 {
		fmt.Println("seeds with violations:", failed)
		os.Exit(1)
	}
}

// maxShown is of how many seeds it is shown what happened.
const maxShown = 3

// run runs the seeds on all processors and sums up what they report.
func run(first, seeds uint64, verbose bool) (total simulation.Report, failed []uint64) {
	reports := make([]*simulation.Report, seeds)
	next := make(chan int)
	var tasks sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		tasks.Go(func() {
			for i := range next {
				reports[i] = simulation.Run(simulation.Options{Seed: first + uint64(i)})
				if verbose {
					fmt.Println(reports[i])
				}
			}
		})
	}
	for i := range reports {
		next <- i
	}
	close(next)
	tasks.Wait()
	for _, r := range reports {
		total.Add(r)
		if len(r.Violations) > 0 {
			failed = append(failed, r.Seed)
		}
	}
	return total, failed
}

// explain runs a seed again and prints the end of what happens up to its first
// violation.
func explain(out io.Writer, seed uint64, lines int) {
	var trace bytes.Buffer
	r := simulation.Run(simulation.Options{Seed: seed, Trace: &trace})
	fmt.Fprintln(out, r)
	before, _, _ := bytes.Cut(trace.Bytes(), []byte("VIOLATION"))
	list := bytes.Split(before, []byte("\n"))
	if lines >= 0 && len(list) > lines {
		fmt.Fprintf(out, "  … %d events before\n", len(list)-lines)
		list = list[len(list)-lines:]
	}
	fmt.Fprintf(out, "%s\n", bytes.Join(list, []byte("\n")))
	for _, v := range r.Violations {
		fmt.Fprintln(out, "violation:", v)
	}
}

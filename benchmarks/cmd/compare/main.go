// Command compare measures godwit and gotd at the same work in one run, and
// prints what each took and the ratio of the two. In every row less is better.
//
//	go run ./cmd/compare [--json] [--only build,keygen,history,transfer,resting] [--rounds N] [--handshakes N] [--transfer MB] [--resting N]
//
// It exits with status 1 if a ratio is over what the project accepts, with 2 if
// it could not measure.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"godwit/benchmarks/internal/coldbuild"
	"godwit/benchmarks/internal/history"
	"godwit/benchmarks/internal/keygen"
	"godwit/benchmarks/internal/report"
	"godwit/benchmarks/internal/resting"
	"godwit/benchmarks/internal/transfer"
)

// rival is what godwit is measured against; go.mod pins the version.
const rival = "gotd v0.162.0"

// The highest ratios that the project accepts.
const (
	maxBuildCPU    = 1.0 / 6
	maxBuildMemory = 1.0 / 3
	maxKeygen      = 1.0 / 20
	maxDecode      = 1 / 1.5
	maxAllocs      = 1.0 / 2
	maxEncode      = 1.0
)

func main() {
	ok, err := run(os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

type settings struct {
	rounds, handshakes, resting int
	transfer                    int64  // MB
	dir                         string // of the benchmarks module
}

// run reports whether every ratio is accepted.
func run(arguments []string, out, progress io.Writer) (bool, error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(progress)
	asJSON := flags.Bool("json", false, "one JSON object a line instead of a table")
	only := flags.String("only", "build,keygen,history,transfer,resting", "what to measure")
	var s settings
	flags.IntVar(&s.rounds, "rounds", 31, "rounds of which the median counts, for history")
	flags.Int64Var(&s.transfer, "transfer", 128, "size in MB of the file that is sent and fetched, for transfer")
	flags.IntVar(&s.resting, "resting", 500, "how many accounts rest, for resting")
	flags.IntVar(&s.handshakes, "handshakes", 20, "handshakes to take the mean of, for keygen")
	if err := flags.Parse(arguments); err != nil {
		return false, err
	}
	var err error
	if s.dir, err = moduleDir(); err != nil {
		return false, err
	}
	rows, err := measure(strings.Split(*only, ","), s, progress)
	if err != nil {
		return false, err
	}
	ok := !slices.ContainsFunc(rows, report.Row.Missed)
	if *asJSON {
		return ok, report.JSON(out, rows)
	}
	return ok, report.Table(out, rows)
}

func measure(names []string, s settings, progress io.Writer) ([]report.Row, error) {
	parts := map[string]func(settings) ([]report.Row, error){
		"build": buildRows, "keygen": keygenRows, "history": historyRows, "transfer": transferRows, "resting": restingRows,
	}
	var rows []report.Row
	for _, name := range names {
		part, ok := parts[name]
		if !ok {
			return nil, fmt.Errorf("nothing to measure is called %q", name)
		}
		fmt.Fprintf(progress, "measuring %s…\n", name)
		measured, err := part(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, measured...)
	}
	return rows, nil
}

// moduleDir returns the directory of the benchmarks module, in which the command
// has to be run. Where its own source lies is no help: a build with -trimpath
// does not know.
func moduleDir() (string, error) {
	const module = "godwit/benchmarks"
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	path, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || path != module {
		return "", fmt.Errorf("run this within the module %s, such as by go -C benchmarks run ./cmd/compare", module)
	}
	return dir, nil
}

func buildRows(s settings) ([]report.Row, error) {
	gotd, err := coldbuild.Measure(s.dir, "./minimal/gotd")
	if err != nil {
		return nil, err
	}
	godwit, err := coldbuild.Measure(s.dir, "./minimal/godwit")
	if err != nil {
		return nil, err
	}
	const mb = 1e6
	return []report.Row{
		report.New("cold build of a minimal client: CPU", "s",
			godwit.CPU.Seconds(), gotd.CPU.Seconds(), maxBuildCPU, rival),
		report.New("cold build of a minimal client: largest compiler", "MB",
			float64(godwit.Largest)/mb, float64(gotd.Largest)/mb, maxBuildMemory, rival),
		report.New("minimal client: binary", "MB",
			float64(godwit.Binary)/mb, float64(gotd.Binary)/mb, 0, rival),
	}, nil
}

func keygenRows(s settings) ([]report.Row, error) {
	result, err := keygen.Measure(s.handshakes)
	if err != nil {
		return nil, err
	}
	milliseconds := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	return []report.Row{report.New("key generation: client CPU", "ms",
		milliseconds(result.Godwit), milliseconds(result.Gotd), maxKeygen, rival)}, nil
}

func historyRows(s settings) ([]report.Row, error) {
	godwit, gotd, err := history.Measure(s.rounds)
	if err != nil {
		return nil, err
	}
	const microsecond = 1e3
	return []report.Row{
		report.New("decode 100 messages: time", "µs",
			godwit.Decode/microsecond, gotd.Decode/microsecond, maxDecode, rival),
		report.New("decode 100 messages: allocations", "allocs", godwit.Allocs, gotd.Allocs, maxAllocs, rival),
		report.New("encode 100 messages: time", "µs",
			godwit.Encode/microsecond, gotd.Encode/microsecond, maxEncode, rival),
	}, nil
}

func transferRows(s settings) ([]report.Row, error) {
	results, err := transfer.Compare(s.dir, s.transfer*1e6, "./transfer/godwit", "./transfer/gotd")
	if err != nil {
		return nil, err
	}
	godwit, gotd := results[0], results[1]
	row := func(what, unit string, godwit, gotd float64) report.Row {
		return report.New(fmt.Sprintf("%d MB there and back: %s", s.transfer, what), unit, godwit, gotd, 0, rival)
	}
	const mb = 1e6
	return []report.Row{
		row("upload", "s", godwit.Upload.Seconds(), gotd.Upload.Seconds()),
		row("download", "s", godwit.Download.Seconds(), gotd.Download.Seconds()),
		row("client CPU", "s", godwit.CPU.Seconds(), gotd.CPU.Seconds()),
		row("client memory", "MB", float64(godwit.Memory)/mb, float64(gotd.Memory)/mb),
	}, nil
}

// rest is for how long accounts have nothing to do before their memory is measured.
const rest = 5 * time.Second

func restingRows(s settings) ([]report.Row, error) {
	each, err := resting.Compare(s.dir, s.resting, rest, "./resting/godwit", "./resting/gotd")
	if err != nil {
		return nil, err
	}
	const kb = 1e3
	return []report.Row{report.New(fmt.Sprintf("memory of each of %d resting accounts", s.resting), "KB",
		float64(each[0])/kb, float64(each[1])/kb, 0, rival)}, nil
}

// Package transfer measures sending a file to a local Telegram and fetching it
// again: time, CPU time and memory of a client program of its own. Call
// [Compare]; the programs under ../../transfer call [Noise] and [Report].
package transfer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"godwit/benchmarks/internal/process"
	"godwit/sandbox"
)

// A Result is what one program took.
type Result struct {
	Upload   time.Duration // of the whole file
	Download time.Duration
	CPU      time.Duration // user and system time, for both
	Memory   int64         // bytes that the program held at its peak
}

// phone is that of the account, which is at home on DC 1.
const phone = "9996610001"

// rounds is how often each program is run.
const rounds = 3

// Compare builds programs, paths below the module directory dir, and has each send
// a file of size bytes and fetch it, three times by turns, so that what else the
// machine does strikes all alike. The results are medians.
func Compare(dir string, size int64, pkgs ...string) ([]Result, error) {
	scratch, err := os.MkdirTemp("", "godwit-transfer-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	binaries := make([]string, len(pkgs))
	for i, pkg := range pkgs {
		if binaries[i], err = process.Build(dir, scratch, pkg); err != nil {
			return nil, err
		}
	}
	all := make([][]Result, len(pkgs))
	for range rounds {
		for i := range pkgs {
			r, err := measure(scratch, binaries[i], size)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pkgs[i], err)
			}
			all[i] = append(all[i], r)
		}
	}
	out := make([]Result, len(pkgs))
	for i, results := range all {
		out[i] = Result{
			Upload:   median(results, func(r Result) time.Duration { return r.Upload }),
			Download: median(results, func(r Result) time.Duration { return r.Download }),
			CPU:      median(results, func(r Result) time.Duration { return r.CPU }),
			Memory:   median(results, func(r Result) int64 { return r.Memory }),
		}
	}
	return out, nil
}

func median[T cmp.Ordered](results []Result, of func(Result) T) T {
	var list []T
	for _, r := range results {
		list = append(list, of(r))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// measure runs a program against a sandbox in this process.
func measure(scratch, binary string, size int64) (Result, error) {
	sb, err := sandbox.New(sandbox.Options{DCs: 1, FileDir: scratch})
	if err != nil {
		return Result{}, err
	}
	defer sb.Close()
	connection := filepath.Join(scratch, "connection.json")
	_, added := sb.AddUser(phone, "Bench", "")
	if err := errors.Join(added, sb.Start(), sb.WriteInfo(connection)); err != nil {
		return Result{}, err
	}
	client := exec.Command(binary, connection, phone, fmt.Sprint(size))
	client.Stderr = os.Stderr
	out, err := client.Output()
	if err != nil {
		return Result{}, err
	}
	var r Result
	if err := json.Unmarshal(out, &r); err != nil {
		return Result{}, fmt.Errorf("it printed %q: %w", out, err)
	}
	r.CPU = client.ProcessState.UserTime() + client.ProcessState.SystemTime()
	return r, nil
}

// Report prints what a program has measured itself.
func Report(upload, download time.Duration) error {
	memory, err := process.Peak()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(Result{Upload: upload, Download: download, Memory: memory})
}

// Noise is the content of the file: random bytes that repeat, so that making
// them takes next to nothing. It knows its size, and is read at any place.
func Noise(size int64) *io.SectionReader {
	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(block) // which never fails
	return io.NewSectionReader(repeated(block), 0, size)
}

type repeated []byte

// ReadAt implements io.ReaderAt.
func (r repeated) ReadAt(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], r[(off+int64(n))%int64(len(r)):])
	}
	return len(p), nil
}

// A Sink takes a file and forgets it, in any order, and checks how much came.
type Sink struct{ written chan int64 }

// NewSink returns an empty Sink.
func NewSink() *Sink {
	s := &Sink{make(chan int64, 1)}
	s.written <- 0
	return s
}

// Write implements io.Writer.
func (s *Sink) Write(p []byte) (int, error) { return s.WriteAt(p, 0) }

// WriteAt implements io.WriterAt.
func (s *Sink) WriteAt(p []byte, _ int64) (int, error) {
	s.written <- <-s.written + int64(len(p))
	return len(p), nil
}

// Check fails unless as many bytes came as there were to.
func (s *Sink) Check(size int64) error {
	if got := <-s.written; got != size {
		return fmt.Errorf("%d bytes came back of %d", got, size)
	}
	return nil
}

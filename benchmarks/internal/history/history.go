// Package history measures how fast one page of chat history is decoded and
// encoded. Call [Measure]; [Bytes] is the page.
package history

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gotd/td/bin"
	rival "github.com/gotd/td/tg"

	"godwit/tg"
	"godwit/tl"
)

// A Result is the median of several rounds of one of the two.
type Result struct {
	Decode float64 // nanoseconds
	Allocs float64 // allocations of one decoding
	Encode float64 // nanoseconds, into a buffer that is used again
}

// Measure times both on the same bytes, in turns, so that what else the machine
// does meets both alike. Each round takes four times the test.benchtime.
func Measure(rounds int) (godwit, gotd Result, err error) {
	page, err := Bytes()
	if err != nil {
		return Result{}, Result{}, err
	}
	ours, err := decode(page)
	if err != nil {
		return Result{}, Result{}, err
	}
	theirs, err := decodeRival(page)
	if err != nil {
		return Result{}, Result{}, err
	}
	var godwitRuns, gotdRuns []run
	for range rounds {
		gotdRuns = append(gotdRuns, run{
			decode: testing.Benchmark(func(b *testing.B) { benchmarkDecode(b, page, decodeRival) }),
			encode: testing.Benchmark(func(b *testing.B) { encodeRival(b, theirs) }),
		})
		godwitRuns = append(godwitRuns, run{
			decode: testing.Benchmark(func(b *testing.B) { benchmarkDecode(b, page, decode) }),
			encode: testing.Benchmark(func(b *testing.B) { encode(b, ours) }),
		})
	}
	return median(godwitRuns), median(gotdRuns), nil
}

type run struct{ decode, encode testing.BenchmarkResult }

func median(runs []run) Result {
	middle := func(of func(run) float64) float64 {
		values := make([]float64, len(runs))
		for i, r := range runs {
			values[i] = of(r)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	perOp := func(r testing.BenchmarkResult) float64 { return float64(r.T.Nanoseconds()) / float64(r.N) }
	return Result{
		Decode: middle(func(r run) float64 { return perOp(r.decode) }),
		Allocs: middle(func(r run) float64 { return float64(r.decode.AllocsPerOp()) }),
		Encode: middle(func(r run) float64 { return perOp(r.encode) }),
	}
}

func benchmarkDecode[T any](b *testing.B, page []byte, decode func([]byte) (T, error)) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(page); err != nil {
			b.Fatal(err)
		}
	}
}

// decode copies strings out of the page, as the rival does: what it returns
// does not hold on to the input.
func decode(page []byte) (tg.MessagesMessagesClass, error) {
	r := tl.NewReader(page)
	v := tg.DecodeMessagesMessages(r)
	return v, r.Finish()
}

func decodeRival(page []byte) (rival.MessagesMessagesClass, error) {
	b := bin.Buffer{Buf: page}
	v, err := rival.DecodeMessagesMessages(&b)
	if err == nil && b.Len() != 0 {
		err = fmt.Errorf("%d bytes left", b.Len())
	}
	return v, err
}

func encode(b *testing.B, v tg.MessagesMessagesClass) {
	var buffer tl.Buffer
	for b.Loop() {
		buffer.Reset()
		v.Encode(&buffer)
	}
	if err := buffer.Err(); err != nil {
		b.Fatal(err)
	}
}

func encodeRival(b *testing.B, v rival.MessagesMessagesClass) {
	var buffer bin.Buffer
	for b.Loop() {
		buffer.Reset()
		if err := v.Encode(&buffer); err != nil {
			b.Fatal(err)
		}
	}
}

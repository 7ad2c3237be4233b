// Package history measures how fast one page of chat history is decoded and
// encoded. Call [Measure]; [Bytes] is the page.
package history

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gotd/td/bin"
	rival "github.com/gotd/td/tg"

	"godwit/tg"
	"godwit/tl"
)

// A Result is the median of several rounds of one of the two. Times are CPU
// time of the whole process, so that what the garbage collector does on another
// core counts, and what other programs do counts least.
type Result struct {
	Decode float64 // nanoseconds
	Allocs float64 // allocations of one decoding
	Encode float64 // nanoseconds, into a buffer that is used again
}

// How often each is done in a round: some 30 ms on one core.
const (
	decodings = 300
	encodings = 1500
)

// Measure times both on the same bytes, in turns that are short, so that what
// else the machine does meets both alike.
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
	var buffer tl.Buffer
	var bufferRival bin.Buffer
	var failed error
	keep := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	times := make([][]float64, 4)
	for range rounds {
		for i, one := range []struct {
			n  int
			do func()
		}{
			{decodings, func() { _, err := decode(page); keep(err) }},
			{decodings, func() { _, err := decodeRival(page); keep(err) }},
			{encodings, func() { buffer.Reset(); buffer.Object(ours) }},
			{encodings, func() { bufferRival.Reset(); keep(theirs.Encode(&bufferRival)) }},
		} {
			times[i] = append(times[i], perRun(one.n, one.do))
		}
	}
	keep(buffer.Err())
	godwit = Result{Decode: median(times[0]), Encode: median(times[2])}
	gotd = Result{Decode: median(times[1]), Encode: median(times[3])}
	godwit.Allocs = testing.AllocsPerRun(100, func() { _, err := decode(page); keep(err) })
	gotd.Allocs = testing.AllocsPerRun(100, func() { _, err := decodeRival(page); keep(err) })
	return godwit, gotd, failed
}

// perRun returns the CPU time in nanoseconds that do takes, doing it n times.
func perRun(n int, do func()) float64 {
	runtime.GC()
	began := processTime()
	for range n {
		do()
	}
	return float64(processTime()-began) / float64(n)
}

func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the kernel knows the constant, and the pointer is good
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// decode copies strings out of the page, as the rival does: what it returns
// does not hold on to the input.
func decode(page []byte) (tg.MessagesMessagesClass, error) {
	r := tl.NewReader(page)
	v := tg.Decode[tg.MessagesMessagesClass](r)
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

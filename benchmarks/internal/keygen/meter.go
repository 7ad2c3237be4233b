package keygen

import (
	"syscall"
	"time"
)

// rusageThread asks getrusage for the calling thread alone.
const rusageThread = 1

// A meter adds up the CPU time of the thread that it is started and stopped
// on.
type meter struct {
	total, since time.Duration
}

func (m *meter) start() { m.since = threadTime() }

func (m *meter) stop() { m.total += threadTime() - m.since }

func threadTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &usage); err != nil {
		panic(err) // the kernel knows the constant, and the pointer is good
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

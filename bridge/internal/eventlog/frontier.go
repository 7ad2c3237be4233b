package eventlog

// A frontier works out how far a log is complete whose entries are given their
// positions before they become visible.
//
// It is shown, in this order, the last position that was given, and the
// transactions that may have been given one and have not ended. A position that
// was given before the latter were asked for is either visible, or belongs to
// one of them, or never will be. So once all of them have ended, everything up
// to that position is there that will ever be.
//
// Transactions come all the time, so it waits for those of one look alone, and
// not for a moment when there are none.
type frontier struct {
	complete int64 // up to here

	position int64 // complete as soon as these have ended
	waitFor  map[string]bool
}

// look takes what was seen and reports whether more is complete than before.
func (f *frontier) look(position int64, writers map[string]bool) bool {
	before := f.complete
	if len(writers) == 0 {
		f.complete, f.position, f.waitFor = max(f.complete, position), position, nil
		return f.complete > before
	}
	for writer := range f.waitFor {
		if writers[writer] {
			return false
		}
	}
	f.complete = max(f.complete, f.position)
	f.position, f.waitFor = position, writers
	return f.complete > before
}

// waits reports whether something may be complete before anything new is
// written.
func (f *frontier) waits() bool { return f.position > f.complete }

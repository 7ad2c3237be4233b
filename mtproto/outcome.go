package mtproto

import "errors"

// An Outcome is what is certain of a query that got no answer.
type Outcome uint8

// The outcomes.
const (
	// NotExecuted: the server has not carried the query out, and will not.
	NotExecuted Outcome = iota + 1
	// OutcomeUnknown: the server may have carried the query out, or may yet.
	OutcomeUnknown
	// Executed: the server has carried the query out, with success or without;
	// its answer is lost.
	Executed
)

// String returns what the outcome says of a query.
func (o Outcome) String() string {
	switch o {
	case NotExecuted:
		return "not executed"
	case Executed:
		return "executed, its answer is lost"
	}
	return "outcome unknown"
}

// What an OutcomeError says, for errors.Is.
var (
	ErrNotExecuted    = errors.New("mtproto: query was not executed")
	ErrOutcomeUnknown = errors.New("mtproto: outcome of the query is unknown")
	ErrExecuted       = errors.New("mtproto: query was executed and its answer is lost")
)

// An OutcomeError says why a query got no answer, and what is certain of it
// all the same. errors.Is finds in it what Err is, and one of ErrNotExecuted,
// ErrOutcomeUnknown and ErrExecuted.
type OutcomeError struct {
	Outcome Outcome
	Err     error // why there is no answer: a context's end, a key that is gone
}

func (e *OutcomeError) Error() string {
	return "mtproto: query without an answer (" + e.Outcome.String() + "): " + e.Err.Error()
}

// Is reports whether target is the sentinel of the outcome.
func (e *OutcomeError) Is(target error) bool {
	switch e.Outcome {
	case NotExecuted:
		return target == ErrNotExecuted
	case Executed:
		return target == ErrExecuted
	}
	return target == ErrOutcomeUnknown
}

// Unwrap returns Err.
func (e *OutcomeError) Unwrap() error { return e.Err }

package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
)

// An exchange is a request that a script expects, and what it is answered.
type exchange struct {
	method string
	answer tl.Object // or
	err    error
}

// A script is a Remote whose answers are written down.
type script struct {
	t    *testing.T
	rest []exchange
	sent []tg.Request
	dc   int
}

func (s *script) Invoke(_ context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	s.t.Helper()
	method := tg.MethodName(tl.TypeID(req))
	if len(s.rest) == 0 || s.rest[0].method != method {
		s.t.Fatalf("%s is called, the script goes on with %v", method, s.rest)
	}
	next := s.rest[0]
	s.rest, s.sent = s.rest[1:], append(s.sent, req)
	if next.err != nil {
		return next.err
	}
	p, err := tl.Marshal(next.answer)
	if err != nil {
		s.t.Fatal(err)
	}
	return decode(tl.NewReader(p))
}

func (s *script) DC() int { return s.dc }

var errNoDC = errors.New("no such DC")

func (s *script) SetDC(dc int) error {
	if dc > 5 {
		return errNoDC
	}
	s.dc = dc
	return nil
}

// A boolean is a Bool on the wire.
type boolean bool

func (v boolean) TL(c *tl.Codec) { c.Buffer().Bool(bool(v)) }

func refuse(code int, message string) error { return mtproto.NewRPCError(code, message) }

// now is the time in all tests.
var now = time.Unix(1_800_000_000, 0)

// zeros is a source of randomness that is good enough for proofs that nobody
// checks.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i + 1)
	}
	return len(p), nil
}

func (s *script) options() signin.Options {
	return signin.Options{
		APIID: 1, APIHash: "hash", Remote: s, Now: func() time.Time { return now }, Rand: zeros{},
		LogoutTokens: [][]byte{{7}}, ExceptIDs: []int64{9},
	}
}

// A turn is one answer and what comes of it.
type turn struct {
	give  signin.Answer
	talk  []exchange
	want  signin.Step
	wrong error // in the prompt
	fails error // of Submit
}

// play takes turns. Between any two of them the state is written down, and
// another Flow goes on from there.
func play(t *testing.T, turns []turn) (*signin.Flow, *script) {
	t.Helper()
	s := &script{t: t, dc: 2}
	f := signin.New(s.options())
	for i, turn := range turns {
		s.rest = turn.talk
		prompt, err := f.Submit(t.Context(), turn.give)
		if !errors.Is(err, turn.fails) || err != nil && turn.fails == nil {
			t.Fatalf("turn %d, %v: error %v, want %v", i, turn.give.Action, err, turn.fails)
		}
		if prompt.Step != turn.want || !errors.Is(prompt.Problem, turn.wrong) || prompt.Problem != nil && turn.wrong == nil {
			t.Fatalf("turn %d, %v: at %q with %v, want %q with %v", i, turn.give.Action, prompt.Step, prompt.Problem, turn.want, turn.wrong)
		}
		if len(s.rest) > 0 {
			t.Fatalf("turn %d, %v: not called: %v", i, turn.give.Action, s.rest)
		}
		if prompt.Step != signin.Done {
			f = stored(t, s, f)
		}
	}
	return f, s
}

// stored writes a sign-in down, and goes on from what was written.
func stored(t *testing.T, s *script, f *signin.Flow) *signin.Flow {
	t.Helper()
	text, err := json.Marshal(f.State())
	if err != nil {
		t.Fatal(err)
	}
	var state signin.State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	s.dc = 1 // a client that has just been started
	resumed, err := signin.Resume(s.options(), state)
	if err != nil {
		t.Fatal(err)
	}
	if s.dc != state.DC {
		t.Errorf("resumed on DC %d, want %d", s.dc, state.DC)
	}
	before, after := f.Prompt(), resumed.Prompt()
	if !slices.Equal(before.Actions, after.Actions) || before.Attempt != after.Attempt {
		t.Errorf("prompt %+v, after having been stored %+v", before, after)
	}
	return resumed
}

package signin

import (
	"errors"
	"fmt"
	"slices"
)

// A State is all that a [Flow] has to remember between two answers. Its JSON
// holds what helps whoever has the device's auth keys to sign in, so that it
// belongs in the same safe place; in any other form it prints as [redacted].
//
// A code grows old within minutes, and a password is asked for within a day: a
// State that is older leads to a new code by itself, once an answer is given.
type State struct {
	APIID  int    `json:"api_id"`
	DC     int    `json:"dc,omitempty"`    // where all of it has to go on (R-LG-10)
	Prompt Prompt `json:"prompt"`          // what is asked for
	Email  string `json:"email,omitempty"` // the address that is being set up
	// CodeHash is what Telegram tells the code by, and RecoveryCode what stands
	// for a lost password.
	CodeHash     string `json:"code_hash,omitempty"`
	RecoveryCode string `json:"recovery_code,omitempty"`
}

const redacted = "[redacted]"

// String returns [redacted].
func (s State) String() string { return redacted }

// GoString returns [redacted].
func (s State) GoString() string { return redacted }

func (s State) clone() State {
	s.Prompt = s.Prompt.clone()
	return s
}

// check reports what is wrong with a state that was stored.
func (s *State) check() error {
	p := &s.Prompt
	switch step := p.Step; {
	case !slices.Contains(steps, step):
		return fmt.Errorf("signin: the state is at an unknown step %q", step)
	case step == Done:
		return errors.New("signin: the state is that of a sign-in that is done")
	case p.Code == nil && (step == AtCode || step == AtEmailCode || step == AtRecovery),
		p.Password == nil && step == AtPassword,
		p.QR == nil && step == AtQR,
		s.RecoveryCode == "" && step == AtNewPassword,
		s.CodeHash == "" && (step == AtCode || step == AtEmail || step == AtEmailCode || step == AtName):
		return fmt.Errorf("signin: the state is at the step %q and lacks what belongs to it", step)
	}
	return nil
}

package fleet_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/sandbox"
)

// types returns the types of the events of an account, and the data of the last.
func types(n *trial.Node, id bridge.AccountID) (list []bridge.EventType, last bridge.AccountChange) {
	n.Helper()
	events, err := n.Store.Events(n.Context(), id, 0, 100)
	n.Check(err)
	for _, e := range events {
		list = append(list, e.Type)
	}
	if len(events) > 0 {
		last = bridge.AccountChange{}
		n.Check(json.Unmarshal(events[len(events)-1].Data, &last))
	}
	return list, last
}

// A sign-in that is given up leaves the account as it was, and the events say so.
func TestSignInGivenUp(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		id := n.Add()
		_, err := n.Fleet.BeginSignIn(n.Context(), id)
		n.Check(err)
		n.Check(n.Fleet.CancelSignIn(n.Context(), id))
		a := n.AwaitState(id, bridge.New)
		list, last := types(n, id)
		if want := []bridge.EventType{bridge.AccountSigningIn, bridge.AccountNew}; !slices.Equal(list, want) {
			t.Errorf("events %s, want %s", list, want)
		}
		if last.State != bridge.New || last.WhatToDo != a.Status.WhatToDo() || last.LoginLinks != "/v1/accounts/"+string(id)+"/login-links" {
			t.Errorf("the last event is %+v", last)
		}

		x := newPatient(n)
		_, err = n.Fleet.SignOut(n.Context(), x.id)
		n.Check(err)
		_, err = n.Fleet.BeginSignIn(n.Context(), x.id)
		n.Check(err)
		n.Check(n.Fleet.CancelSignIn(n.Context(), x.id))
		n.AwaitState(x.id, bridge.SignedOut)

		x = newPatient(n)
		n.Check(n.Sandbox.EndSessions(x.phone, sandbox.SessionRevoked))
		n.AwaitState(x.id, bridge.LoginRequired)
		_, err = n.Fleet.BeginSignIn(n.Context(), x.id)
		n.Check(err)
		x.End() // what it was is stored
		x.Node = p.Start("second")
		x.AwaitAccount(x.id, "at the second", func(a *bridge.Account) bool { return a.Node == "second" && x.Fleet.Owns(x.id) })
		x.Check(x.Fleet.CancelSignIn(x.Context(), x.id))
		x.AwaitState(x.id, bridge.LoginRequired)
	})
}

// Who signs in as an account that there is already is refused, and the account
// that was to be new says so.
func TestNewAccountThatIsThereAlready(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	x := newPatient(p.Start("node"))
	id := x.Add()
	_, err := x.Fleet.BeginSignIn(x.Context(), id)
	x.Check(err)
	x.Answer(id, "phone", x.phone)
	_, err = x.Fleet.AnswerSignIn(x.Context(), id, bridge.Answer{Action: "code", Text: trial.Code(x.phone)})
	if bridge.CodeOf(err) != bridge.CodeConflict {
		t.Errorf("the same person: %v", err)
	}
	a := x.AwaitState(id, bridge.New)
	if advice := a.Status.WhatToDo(); a.Status.Cause != bridge.SignInRefused || !strings.Contains(advice, "already") {
		t.Errorf("%+v: %q", a.Status, advice)
	}
	x.works() // the account that it is goes on
}

// An account whose data key is wrapped by a key-encryption key that the daemon
// was not given says which that is, and comes back with it.
func TestDataKeyLocked(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("first"))
		kek := p.KEK
		x.End()
		p.KEK = "file:" + filepath.Join(t.TempDir(), "other")
		x.Node = p.Start("second")
		a := x.AwaitAccount(x.id, "says why", func(a *bridge.Account) bool { return a.Status.Cause == bridge.DataKeyLocked })
		if advice := a.Status.WhatToDo(); a.Status.State != bridge.Connecting || a.Status.Error == "" || !strings.Contains(advice, a.Status.Error) {
			t.Errorf("%+v: %q", a.Status, advice)
		}
		_, last := types(x.Node, x.id)
		if last.Cause != bridge.DataKeyLocked || last.WhatToDo != a.Status.WhatToDo() {
			t.Errorf("the last event is %+v", last)
		}
		if err := x.ask(); bridge.CodeOf(err) != bridge.CodeAccountNotOnline {
			t.Errorf("a request: %v", err)
		}
		x.End()
		p.KEK = kek
		x.Node = p.Start("third")
		x.AwaitState(x.id, bridge.Online)
		x.works()
	})
}

// A bot says so too.
func TestDataKeyOfBotLocked(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	n := p.Start("first")
	const token = "12345:secret"
	_, err := p.Sandbox.AddBot(token, "Locked", "locked_bot")
	p.Check(err)
	id := n.AddBot(token)
	n.End()
	p.KEK = "file:" + filepath.Join(t.TempDir(), "other")
	n = p.Start("second")
	n.AwaitAccount(id, "says why", func(a *bridge.Account) bool { return a.Status.Cause == bridge.DataKeyLocked })
	_, err = n.Fleet.SignOut(n.Context(), id)
	if err != nil && bridge.CodeOf(err) == bridge.CodeInternal {
		t.Errorf("signing it out: %v", err)
	}
}

package fleet_test

import (
	"os"
	"slices"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestSignInAndRestart has a sign-in begin in one process and end in another,
// and the account come back in a third with no code.
func TestSignInAndRestart(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		_, err := p.Sandbox.AddUser("9996621001", "Ann", "")
		p.Check(err)
		first := p.Start("first")
		id := first.Add()
		_, err = first.Fleet.BeginSignIn(p.Context(), id)
		p.Check(err)
		step := first.Answer(id, "phone", "9996621001")
		if step.Step != "code" {
			p.Fatalf("after the phone: %+v", step)
		}
		step = first.Answer(id, "code", "12345")
		if step.Step != "code" || step.Problem == nil || step.Problem.Code != bridge.CodeLoginCodeInvalid {
			p.Fatalf("after a wrong code: %+v", step)
		}
		first.End()
		second := p.Start("second")
		second.AwaitAccount(id, "of the second", func(a *bridge.Account) bool { return a.Node == "second" })
		if step = second.Answer(id, "code", "22222"); step.Step != "done" {
			p.Fatalf("after the code: %+v", step)
		}
		a := second.AwaitState(id, bridge.Online)
		if a.Phone != "9996621001" || a.UserID == 0 {
			p.Errorf("signed in as %+v", a)
		}
		second.End()
		third := p.Start("third")
		third.AwaitAccount(id, "online at the third", func(a *bridge.Account) bool {
			return a.Node == "third" && a.Status.State == bridge.Online
		})
		events, err := third.Store.Events(p.Context(), id, 0, 100)
		p.Check(err)
		var types []bridge.EventType
		for i, e := range events {
			types = append(types, e.Type)
			if e.Seq != int64(i+1) {
				p.Errorf("event %d has seq %d", i, e.Seq)
			}
		}
		if want := []bridge.EventType{bridge.AccountSigningIn, bridge.AccountConnecting, bridge.AccountOnline}; !slices.Equal(types[:min(len(types), 3)], want) {
			p.Errorf("events are %v", types)
		}
	})
}

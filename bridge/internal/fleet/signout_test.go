package fleet_test

import (
	"database/sql"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/internal/pgtest"
)

// TestSignOutNotStored has an account be signed out at Telegram, and the database not
// store that: who asks again has it stored.
func TestSignOutNotStored(t *testing.T) {
	url := pgtest.Database(t)
	p := trial.New(t, url)
	const phone = "9996621001"
	_, err := p.Sandbox.AddUser(phone, "Ann", "")
	p.Check(err)
	n := p.Start("node")
	id := n.Add()
	n.SignIn(id, phone)
	db, err := sql.Open("pgx", url)
	p.Check(err)
	defer db.Close()
	_, err = db.ExecContext(p.Context(), `ALTER TABLE events RENAME TO away`)
	p.Check(err)
	if _, err := n.Fleet.SignOut(p.Context(), id); err == nil {
		t.Error("signed out, it says, though nothing was stored")
	}
	_, err = db.ExecContext(p.Context(), `ALTER TABLE away RENAME TO events`)
	p.Check(err)
	if _, err := n.Fleet.SignOut(p.Context(), id); err != nil {
		t.Errorf("asked again: %v", err)
	}
	n.AwaitState(id, bridge.SignedOut)
}

// TestSignOutCrashed has a node end between Telegram's answer to a sign-out and its
// being stored: the next one says that the account has to sign in, rather than to
// connect for good.
func TestSignOutCrashed(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		const phone = "9996621001"
		_, err := p.Sandbox.AddUser(phone, "Ann", "")
		p.Check(err)
		first := p.Start("first")
		id := first.Add()
		first.SignIn(id, phone)
		r, err := first.Fleet.Runner(id)
		p.Check(err)
		p.Check(r.SignOut(p.Context()))
		first.End()
		p.Start("second").AwaitState(id, bridge.LoginRequired)
	})
}

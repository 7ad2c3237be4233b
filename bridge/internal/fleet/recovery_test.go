package fleet_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

// A patient is an account that is online, to which something is to happen.
type patient struct {
	*trial.Node
	id    bridge.AccountID
	phone string
	seen  int64 // the seq of the last event before it
}

// patients counts them: each has a phone number of its own.
var patients int

func newPatient(n *trial.Node) *patient {
	n.Helper()
	patients++
	x := &patient{Node: n, phone: fmt.Sprintf("999662%04d", 1000+patients)}
	_, err := n.Sandbox.AddUser(x.phone, "Ann", "")
	n.Check(err)
	x.id = n.Add()
	n.SignIn(x.id, x.phone)
	x.seen = x.lastEvent()
	return x
}

// fault adds a rule about the account.
func (x *patient) fault(f sandbox.Fault) {
	x.Helper()
	f.Account = x.phone
	_, err := x.Sandbox.AddFault(f)
	x.Check(err)
}

// refuse has what ask asks for refused.
func (x *patient) refuse(text string, times int) {
	x.Helper()
	x.fault(sandbox.Fault{Kind: sandbox.FaultError, Method: "account.getAuthorizations", Error: text, Times: times})
}

// ask asks Telegram for something in the account's name.
func (x *patient) ask() error {
	_, err := x.Service.Devices(x.Context(), x.id)
	return err
}

func (x *patient) events() []bridge.Event {
	x.Helper()
	events, err := x.Store.Events(x.Context(), x.id, x.seen, 100)
	x.Check(err)
	return events
}

func (x *patient) lastEvent() int64 {
	x.Helper()
	var last int64
	for _, e := range x.events() {
		last = e.Seq
	}
	return last
}

// want is what has to have become of a patient, by event, status and API.
type want struct {
	state bridge.State
	cause bridge.Kind
	error string
	event bridge.EventType // empty: nobody is told
	until bool
	scope bridge.Scope
}

// becomes waits until the account is in the wanted state, and looks at what is
// told of it.
func (x *patient) becomes(w want) {
	x.Helper()
	event := func(e bridge.Event) bool { return e.Type == w.event }
	a := x.AwaitAccount(x.id, string(w.state), func(a *bridge.Account) bool {
		return a.Status.State == w.state && (w.cause == "" || a.Status.Cause == w.cause) && !a.Status.Suspected &&
			(w.event == "" || slices.ContainsFunc(x.events(), event))
	})
	s := a.Status
	if w.cause != "" && s.Error != w.error || s.Until.IsZero() == w.until || s.Scope != w.scope || s.Since.IsZero() {
		x.Errorf("status is %+v, want %+v", s, w)
	}
	if advice := s.WhatToDo(); (advice == "") == (w.state == bridge.LoginRequired || w.state == bridge.Banned || w.state == bridge.Restricted) {
		x.Errorf("what to do when %s: %q", w.state, advice)
	}
	h, err := x.Service.Health(x.Context(), x.id)
	x.Check(err)
	if h.State != w.state || !h.Since.Equal(s.Since) {
		x.Errorf("health is %+v", h)
	}
	if w.event == "" {
		return
	}
	events := x.events()
	i := slices.IndexFunc(events, event)
	var data bridge.AccountChange
	x.Check(json.Unmarshal(events[i].Data, &data))
	if data.State != w.state && w.event != bridge.AccountFloodWait || w.cause != "" && data.Cause != w.cause || data.Error != w.error ||
		data.Until.IsZero() == w.until || data.WhatToDo != s.WhatToDo() || data.Method != w.scope.Method {
		x.Errorf("event %s, want %+v", events[i].Data, w)
	}
}

// blob returns the version of the session blob, which is never deleted.
func (x *patient) blob() int64 {
	x.Helper()
	sealed, err := x.Store.Secret(x.Context(), x.id, "session")
	x.Check(err)
	return sealed.Version
}

// works has the account do something.
func (x *patient) works() {
	x.Helper()
	x.Await("account "+string(x.id)+" answers", func() bool { return x.ask() == nil })
}

// comeBackBanned has somebody sign the account in again whose phone number is
// banned meanwhile. Another banned number is no matter of the account.
func (x *patient) comeBackBanned() {
	x.Helper()
	const other = "9996620009"
	x.Check(x.Sandbox.EndSessions(x.phone, sandbox.SessionExpired))
	x.AwaitState(x.id, bridge.LoginRequired)
	for _, phone := range []string{other, x.phone} {
		x.Check(x.Sandbox.RefusePhone(phone, sandbox.PhoneBanned))
	}
	_, err := x.Fleet.BeginSignIn(x.Context(), x.id)
	x.Check(err)
	if step := x.Answer(x.id, "phone", other); step.Problem == nil || step.Problem.Code != bridge.CodeAccountBanned {
		x.Errorf("after another's number: %+v", step)
	}
	_, err = x.Fleet.AnswerSignIn(x.Context(), x.id, bridge.Answer{Action: "phone", Text: "+" + x.phone[:3] + " " + x.phone[3:]})
	if bridge.CodeOf(err) != bridge.CodeAccountBanned {
		x.Errorf("after its own number: %v", err)
	}
}

// writes has the account write to itself, and returns nothing but an error.
func (x *patient) writes() {
	x.Helper()
	if err := x.send(bridge.Peer{Kind: bridge.UserPeer, ID: x.account().UserID}); err != nil {
		x.Errorf("where it may: %v", err)
	}
}

func (x *patient) send(to bridge.Peer) error {
	x.Helper()
	r, err := x.Fleet.Runner(x.id)
	x.Check(err)
	_, err = r.Send(x.Context(), to, &bridge.Message{Content: bridge.Content{Text: "hello"}, RandomID: rand.Int64()})
	return err
}

// A trouble is a row of the table of DESIGN's "Account states and recovery".
type trouble struct {
	name   string
	happen func(x *patient)
	want   want
	login  bool // a new sign-in brings it back
}

func lost(cause bridge.Kind, text string) want {
	return want{state: bridge.LoginRequired, cause: cause, error: text, event: bridge.AccountLoginRequired}
}

func waits(text string) want {
	return want{
		state: bridge.Throttled, cause: bridge.FloodWait, error: text, event: bridge.AccountFloodWait, until: true,
		scope: bridge.Scope{Method: "account.getAuthorizations"},
	}
}

// goesOn is what becomes of an account that only its client has to do with.
var goesOn = want{state: bridge.Online}

// ends has all sessions of the account end.
func ends(why sandbox.SessionEnd) func(*patient) {
	return func(x *patient) { x.Check(x.Sandbox.EndSessions(x.phone, why)) }
}

// refused has one request of the account refused, and makes it.
func refused(text string) func(*patient) {
	return func(x *patient) {
		x.refuse(text, 1)
		_ = x.ask() // what is told of it is another matter
	}
}

var troubles = []trouble{
	{"FLOOD_WAIT", refused("FLOOD_WAIT_2"), waits("FLOOD_WAIT"), false},
	{"FLOOD_PREMIUM_WAIT", refused("FLOOD_PREMIUM_WAIT_2"), waits("FLOOD_PREMIUM_WAIT"), false},
	{"AUTH_KEY_UNREGISTERED once", refused("AUTH_KEY_UNREGISTERED"), goesOn, false},
	{"AUTH_KEY_UNREGISTERED", ends(sandbox.SessionUnregistered), lost(bridge.KeyUnregistered, "AUTH_KEY_UNREGISTERED"), true},
	{"SESSION_REVOKED", ends(sandbox.SessionRevoked), lost(bridge.SessionRevoked, "SESSION_REVOKED"), true},
	{"SESSION_EXPIRED", ends(sandbox.SessionExpired), lost(bridge.SessionExpired, "SESSION_EXPIRED"), true},
	{"AUTH_KEY_DUPLICATED", refused("AUTH_KEY_DUPLICATED"), lost(bridge.KeyDuplicated, "AUTH_KEY_DUPLICATED"), true},
	{"-429", func(x *patient) {
		x.fault(sandbox.Fault{Kind: sandbox.FaultTransportError, Code: -429, Times: 1})
		_ = x.ask() // what is told of it is another matter
	}, want{state: bridge.Online, cause: bridge.Connected, event: bridge.AccountOnline}, false},
	{"500", refused("500 INTERNAL"), goesOn, false},
	{"-503", refused("-503 Timeout"), goesOn, false},
	{"USER_MIGRATE", func(x *patient) { x.Check(x.Sandbox.MoveAccount(x.phone, 1)) }, goesOn, false},
	{"-404 for the temporary key", func(x *patient) { x.Check(x.Sandbox.EndKeys(x.phone, true)) }, goesOn, false},
	{"-404 for the permanent key", func(x *patient) {
		x.Sandbox.SkewClock(time.Hour) // a young key is not given up so soon (R-PF-12)
		x.Check(x.Sandbox.EndKeys(x.phone, false))
	}, lost(bridge.KeyUnknown, ""), true},
	{"network", func(x *patient) {
		_, err := x.Sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultRefuse, Times: 2})
		x.Check(err)
		x.Check(x.Sandbox.DropConnections(x.phone))
	}, want{state: bridge.Online, cause: bridge.Connected, event: bridge.AccountOnline}, false},
	{"USER_DEACTIVATED_BAN", func(x *patient) { x.Check(x.Sandbox.Ban(x.phone)) },
		want{state: bridge.Banned, cause: bridge.Deactivated, error: "USER_DEACTIVATED_BAN", event: bridge.AccountBanned}, false},
	{"USER_DEACTIVATED", refused("USER_DEACTIVATED"),
		want{state: bridge.Banned, cause: bridge.Deactivated, error: "USER_DEACTIVATED", event: bridge.AccountBanned}, false},
	{"PHONE_NUMBER_BANNED", func(x *patient) { x.comeBackBanned() },
		want{state: bridge.Banned, cause: bridge.Deactivated, error: "PHONE_NUMBER_BANNED", event: bridge.AccountBanned}, false},
}

// Each row of the table, end to end: what the account does, which event is sent,
// what the API says, and how it comes back.
func TestTroubles(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		n := p.Start("node")
		for _, row := range troubles {
			begun := time.Now()
			row.run(newPatient(n))
			p.Logf("%s: %.1f s", row.name, time.Since(begun).Seconds())
		}
		if got := p.Sandbox.Incidents(); len(got) != 0 {
			p.Errorf("incidents: %+v", got)
		}
	})
}

func (row *trouble) run(x *patient) {
	x.Helper()
	blob := x.blob()
	row.happen(x)
	x.becomes(row.want)
	if row.want.state == bridge.Throttled {
		x.writes() // by another method
	}
	if x.blob() < blob {
		x.Errorf("the session blob is at version %d, was at %d", x.blob(), blob)
	}
	switch {
	case row.want.state == bridge.Banned:
		if _, err := x.Fleet.BeginSignIn(x.Context(), x.id); bridge.CodeOf(err) != bridge.CodeAccountBanned {
			x.Errorf("a new sign-in: %v", err)
		}
		if err := x.ask(); bridge.CodeOf(err) != bridge.CodeAccountBanned {
			x.Errorf("a request: %v", err)
		}
		return
	case row.login:
		if err := x.ask(); bridge.CodeOf(err) != bridge.CodeAccountNotOnline {
			x.Errorf("a request: %v", err)
		}
		x.SignIn(x.id, x.phone)
	}
	x.AwaitState(x.id, bridge.Online) // by itself, where there was no sign-in
	x.works()
}

// PEER_FLOOD restricts an account to those who have written to it, until it is
// stopped and started.
func TestPeerFlood(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("node"))
		var people []bridge.Peer
		for i, name := range []string{"boris", "clara"} {
			phone := fmt.Sprint("999662000", i)
			id, err := p.Sandbox.AddUser(phone, name, "")
			p.Check(err)
			p.Check(p.Sandbox.SetUsername(phone, name))
			people = append(people, bridge.Peer{Kind: bridge.UserPeer, ID: id})
		}
		r, err := x.Fleet.Runner(x.id)
		p.Check(err)
		_, err = r.Resolve(x.Context(), bridge.Peer{Kind: bridge.UsernamePeer, Name: "clara"})
		p.Check(err)
		boris := p.Client("9996620000", telegram.Options{Store: new(telegram.MemoryStore)})
		ann, err := boris.ResolvePhone(x.Context(), x.phone)
		p.Check(err)
		_, err = tg.Call(x.Context(), boris, &tg.MessagesSendMessage{Peer: ann, Message: "hello", RandomID: 1})
		p.Check(err)
		x.Await("Boris has written", func() bool { return x.lastEvent() > x.seen && x.send(people[0]) == nil })
		p.Check(p.Sandbox.Restrict(x.phone, time.Hour))
		if err := x.send(people[1]); bridge.CodeOf(err) != bridge.CodeAccountRestricted {
			p.Errorf("to somebody new: %v", err)
		}
		x.becomes(want{state: bridge.Restricted, cause: bridge.PeerFlood, error: "PEER_FLOOD", event: bridge.AccountRestricted})
		x.writes()
		if err := x.send(people[0]); err != nil {
			p.Errorf("to whoever has written: %v", err)
		}
		p.Check(p.Sandbox.Restrict(x.phone, 0))
		_, err = x.Service.Pause(x.Context(), x.id)
		p.Check(err)
		_, err = x.Service.Start(x.Context(), x.id)
		p.Check(err)
		x.AwaitState(x.id, bridge.Online)
		if err := x.send(people[1]); err != nil {
			p.Errorf("to somebody new, when it is over: %v", err)
		}
	})
}

func (x *patient) account() *bridge.Account {
	x.Helper()
	a, err := x.Store.Account(x.Context(), x.id)
	x.Check(err)
	return a
}

// A wait survives a restart: Telegram is not asked before it is over.
func TestWaitSurvivesRestart(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("first"))
		x.refuse("FLOOD_WAIT_600", 0)
		if err := x.ask(); bridge.CodeOf(err) != bridge.CodeFloodWait {
			p.Fatalf("error %v", err)
		}
		before := x.AwaitState(x.id, bridge.Throttled).Status
		x.End()
		x.Node = p.Start("second")
		x.AwaitAccount(x.id, "at the second", func(a *bridge.Account) bool { return a.Node == "second" })
		x.Await("the wait is known there", func() bool { return bridge.CodeOf(x.ask()) == bridge.CodeFloodWait })
		h, err := x.Service.Health(x.Context(), x.id)
		p.Check(err)
		// The times of the database are rounded, those of the client are not.
		if len(h.Waits) != 1 || h.Waits[0].Until.Sub(before.Until).Abs() > time.Second || h.Waits[0].Method != "account.getAuthorizations" {
			p.Errorf("waits %+v, want until %v", h.Waits, before.Until)
		}
		if got := p.Sandbox.Faults(); got[0].Hits != 1 {
			p.Errorf("Telegram was asked %d times", got[0].Hits)
		}
	})
}

// Who signs in anew has to be who it was. Somebody else is signed out again, at
// Telegram too.
func TestOnlyTheSameAccountComesBack(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("node"))
		const other = "9996620002"
		_, err := p.Sandbox.AddUser(other, "Boris", "")
		p.Check(err)
		p.Check(p.Sandbox.EndSessions(x.phone, sandbox.SessionRevoked))
		x.AwaitState(x.id, bridge.LoginRequired)
		_, err = x.Fleet.BeginSignIn(x.Context(), x.id)
		p.Check(err)
		x.Answer(x.id, "phone", other)
		_, err = x.Fleet.AnswerSignIn(x.Context(), x.id, bridge.Answer{Action: "code", Text: trial.Code(other)})
		if bridge.CodeOf(err) != bridge.CodeOtherAccount {
			p.Fatalf("somebody else: %v", err)
		}
		left, err := p.Sandbox.Authorizations(other)
		p.Check(err)
		if len(left) != 0 {
			p.Errorf("somebody else is signed in still: %+v", left)
		}
		a := x.AwaitState(x.id, bridge.LoginRequired)
		if a.Status.Cause != bridge.SignInRefused || !strings.Contains(a.Status.WhatToDo(), "Somebody else") {
			p.Errorf("%+v: %q", a.Status, a.Status.WhatToDo())
		}
		x.SignIn(x.id, x.phone)
		x.works()
	})
}

// A QR code that another device of the account accepts brings it back.
func TestBackByQR(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("node"))
		p.Check(p.Sandbox.EndSessions(x.phone, sandbox.SessionExpired))
		x.AwaitState(x.id, bridge.LoginRequired)
		phone := p.Client(x.phone, telegram.Options{Store: new(telegram.MemoryStore)})
		_, err := x.Fleet.BeginSignIn(x.Context(), x.id)
		p.Check(err)
		step := x.Answer(x.id, "qr", "")
		if step.QR == nil {
			p.Fatalf("no QR code: %+v", step)
		}
		_, err = phone.AcceptLogin(x.Context(), step.QR.URL)
		p.Check(err)
		x.Await("the sign-in is done", func() bool {
			step, err := x.Fleet.SignIn(x.Context(), x.id)
			return err == nil && step.Step == "done" || x.account().Status.State == bridge.Online
		})
		x.AwaitState(x.id, bridge.Online)
		x.works()
	})
}

// SLOWMODE_WAIT holds back one chat, and no other.
func TestSlowMode(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		x := newPatient(p.Start("node"))
		const owner = "9996620002"
		_, err := p.Sandbox.AddUser(owner, "Boris", "")
		p.Check(err)
		boris := p.Client(owner, telegram.Options{Store: new(telegram.MemoryStore)})
		ann, err := boris.ResolvePhone(x.Context(), x.phone)
		p.Check(err)
		made, err := groups.Create(x.Context(), boris, groups.New{
			Kind: groups.Supergroup, Title: "Slow", Users: []tg.InputUserClass{telegram.InputUserOf(ann)},
		})
		p.Check(err)
		p.Check(groups.SetSlowMode(x.Context(), boris, made.Peer, 10*time.Second))
		group := bridge.Peer{Kind: bridge.ChannelPeer, ID: made.Peer.(*tg.InputPeerChannel).ChannelID}
		r, err := x.Fleet.Runner(x.id)
		p.Check(err)
		send := func(to bridge.Peer, id int64) error {
			_, err := r.Send(x.Context(), to, &bridge.Message{Content: bridge.Content{Text: "hello"}, RandomID: id})
			return err
		}
		x.Await("the account knows the group", func() bool { return send(group, 1) == nil })
		if err := send(group, 2); bridge.CodeOf(err) != bridge.CodeFloodWait {
			p.Errorf("in slow mode: %v", err)
		}
		x.becomes(want{
			state: bridge.Throttled, cause: bridge.SlowMode, error: "SLOWMODE_WAIT", event: bridge.AccountFloodWait, until: true,
			scope: bridge.Scope{Chat: group.ID},
		})
		if err := send(bridge.Peer{Kind: bridge.UserPeer, ID: x.account().UserID}, 3); err != nil {
			p.Errorf("elsewhere: %v", err)
		}
		x.AwaitState(x.id, bridge.Online) // when the wait is over
		if err := send(group, 2); err != nil {
			p.Errorf("after the wait: %v", err)
		}
	})
}

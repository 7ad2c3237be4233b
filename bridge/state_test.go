package bridge

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

// running are the states in which an account has a connection, or wants one.
var running = []State{Connecting, Online, Throttled, Restricted}

func refused(code int, errorType string, argument int) Cause {
	c, _ := CauseOf(Refusal{Code: code, Type: errorType, Argument: argument, Method: "messages.sendMessage", Chat: 5})
	return c
}

// TestRecovery has every row of the table of causes: what becomes of an account
// in each state in which it can happen.
func TestRecovery(t *testing.T) {
	lost := []Action{Disconnect, Park, OfferLogin, Alert}
	later := now.Add(30 * time.Second)
	tests := []struct {
		name    string
		cause   Cause
		from    []State
		status  Status // Since is now; the zero State: as before
		event   EventType
		actions []Action
	}{
		{"FLOOD_WAIT", refused(420, "FLOOD_WAIT", 30), []State{Online},
			Status{State: Throttled, Scope: Scope{Method: "messages.sendMessage"}, Until: later},
			AccountFloodWait, []Action{Reschedule}},
		{"FLOOD_PREMIUM_WAIT", refused(420, "FLOOD_PREMIUM_WAIT", 30), []State{Online},
			Status{State: Throttled, Scope: Scope{Method: "messages.sendMessage"}, Until: later},
			AccountFloodWait, []Action{Reschedule}},
		{"FLOOD_WAIT of an account that has other worries", refused(420, "FLOOD_WAIT", 30), []State{Restricted, Connecting},
			Status{}, AccountFloodWait, []Action{Reschedule}},
		{"SLOWMODE_WAIT", refused(420, "SLOWMODE_WAIT", 30), []State{Online},
			Status{State: Throttled, Scope: Scope{Chat: 5}, Until: later}, AccountFloodWait, []Action{Reschedule}},
		{"PEER_FLOOD", refused(400, "PEER_FLOOD", 0), []State{Connecting, Online, Throttled},
			Status{State: Restricted}, AccountRestricted, []Action{HoldStrange, Alert}},
		{"PEER_FLOOD again", refused(400, "PEER_FLOOD", 0), []State{Restricted},
			Status{State: Restricted}, "", []Action{HoldStrange}},
		{"AUTH_KEY_UNREGISTERED", refused(401, "AUTH_KEY_UNREGISTERED", 0), running,
			Status{Suspected: true}, "", []Action{CheckSession}},
		{"-404", refused(-404, "", 0), running, Status{Suspected: true}, "", []Action{CheckSession}},
		{"SESSION_REVOKED", refused(401, "SESSION_REVOKED", 0), running,
			Status{State: LoginRequired}, AccountLoginRequired, lost},
		{"SESSION_EXPIRED", refused(401, "SESSION_EXPIRED", 0), running,
			Status{State: LoginRequired}, AccountLoginRequired, lost},
		{"AUTH_KEY_DUPLICATED", refused(406, "AUTH_KEY_DUPLICATED", 0), running,
			Status{State: LoginRequired}, AccountLoginRequired, []Action{Disconnect, Park, OfferLogin, Incident}},
		{"USER_DEACTIVATED", refused(401, "USER_DEACTIVATED", 0), running,
			Status{State: Banned}, AccountBanned, []Action{Disconnect, Forget, Alert}},
		{"USER_DEACTIVATED_BAN", refused(401, "USER_DEACTIVATED_BAN", 0), running,
			Status{State: Banned}, AccountBanned, []Action{Disconnect, Forget, Alert}},
		{"PHONE_NUMBER_BANNED", refused(400, "PHONE_NUMBER_BANNED", 0), append([]State{SigningIn}, running...),
			Status{State: Banned}, AccountBanned, []Action{Disconnect, Forget, Alert}},
		{"USER_DEACTIVATED", refused(401, "USER_DEACTIVATED", 0), []State{New, Paused, LoginRequired, SignedOut}, Status{}, "", nil},
		{"-429", refused(-429, "", 0), running, Status{}, "", []Action{BackOff}},
		{"500", refused(500, "INTERNAL", 0), running, Status{}, "", []Action{Retry}},
		{"-503", refused(-503, "Timedout", 0), running, Status{}, "", []Action{Retry}},
		{"the network is lost", Cause{Kind: Disconnected}, []State{Online, Throttled},
			Status{State: Connecting}, AccountConnecting, []Action{Connect}},
		{"the network is lost", Cause{Kind: Disconnected}, []State{Connecting, Restricted}, Status{}, "", []Action{Connect}},
		{"connected", Cause{Kind: Connected}, []State{Connecting},
			Status{State: Online}, AccountOnline, []Action{Release}},
		{"connected", Cause{Kind: Connected}, []State{Online, Throttled, Restricted}, Status{}, "", nil},
		{"paused", Cause{Kind: PausedByOperator}, running,
			Status{State: Paused}, AccountPaused, []Action{Disconnect, Park}},
		{"paused", Cause{Kind: PausedByOperator}, []State{New, Banned, LoginRequired, SignedOut, Paused}, Status{}, "", nil},
		{"started", Cause{Kind: Started}, []State{Paused},
			Status{State: Connecting}, AccountConnecting, []Action{Connect, Release}},
		{"started", Cause{Kind: Started}, []State{New, Online, Banned, LoginRequired, SignedOut}, Status{}, "", nil},
		{"signed out", Cause{Kind: SignedOutBy}, []State{SigningIn, Connecting, Online, Throttled, Restricted, Paused, LoginRequired, Banned},
			Status{State: SignedOut}, AccountSignedOut, []Action{Disconnect, Park}},
		{"signed out", Cause{Kind: SignedOutBy}, []State{New, SignedOut}, Status{}, "", nil},
		{"a sign-in begins", Cause{Kind: SignInBegun}, []State{New}, Status{State: SigningIn, From: New}, AccountSigningIn, nil},
		{"a sign-in begins", Cause{Kind: SignInBegun}, []State{LoginRequired}, Status{State: SigningIn, From: LoginRequired}, AccountSigningIn, nil},
		{"a sign-in begins", Cause{Kind: SignInBegun}, []State{SignedOut}, Status{State: SigningIn, From: SignedOut}, AccountSigningIn, nil},
		{"a sign-in begins", Cause{Kind: SignInBegun}, []State{Online, Banned, Paused}, Status{}, "", nil},
		{"the data key is locked", Cause{Kind: DataKeyLocked, Error: "file:key"}, []State{Connecting, Online, Throttled},
			Status{State: Connecting}, AccountConnecting, []Action{Alert}},
		{"signed in", Cause{Kind: SignedInAgain}, []State{New, SigningIn, LoginRequired, SignedOut},
			Status{State: Connecting}, AccountConnecting, []Action{Connect, Release}},
		{"signed in", Cause{Kind: SignedInAgain}, []State{Online, Paused, Banned}, Status{}, "", nil},
	}
	for _, test := range tests {
		for _, from := range test.from {
			t.Run(test.name+" when "+string(from), func(t *testing.T) {
				before := Status{State: from, Cause: Started, Since: now.Add(-time.Hour)}
				want := test.status
				if want.State == "" {
					suspected := want.Suspected
					want = before
					want.Suspected = suspected
				} else {
					want.Cause, want.Error, want.Since = test.cause.Kind, test.cause.Error, now
				}
				got := Next(now, before, test.cause)
				if got.Status != want {
					t.Errorf("status %+v\nwant   %+v", got.Status, want)
				}
				if got.Event != test.event || !slices.Equal(got.Actions, test.actions) {
					t.Errorf("event %q, actions %q, want %q, %q", got.Event, got.Actions, test.event, test.actions)
				}
			})
		}
	}
}

// TestGoBack has an account whose sign-in comes to nothing be what it was, say
// why, and be ready for another one.
func TestGoBack(t *testing.T) {
	events := map[State]EventType{New: AccountNew, SignedOut: AccountSignedOut, LoginRequired: AccountLoginRequired}
	for from, event := range events {
		advice := make(map[string]bool)
		for _, kind := range []Kind{SignInFailed, SignInRefused} {
			begun := Next(now, Status{State: from, Cause: SessionRevoked}, Cause{Kind: SignInBegun}).Status
			if again := Next(now, begun, Cause{Kind: SignInBegun}).Status; again != begun {
				t.Errorf("begun anew when %s: %+v", from, again)
			}
			back := Next(now.Add(time.Minute), begun, Cause{Kind: kind})
			if want := (Status{State: from, Cause: kind, Since: now.Add(time.Minute)}); back.Status != want || back.Event != event {
				t.Errorf("%s after %s: %+v", kind, from, back)
			}
			advice[back.Status.WhatToDo()] = true
		}
		if advice[""] || len(advice) != 2 {
			t.Errorf("%s: what to do is %v", from, advice)
		}
	}
	if s := Next(now, Status{State: SigningIn}, Cause{Kind: SignInFailed}).Status; s.State != LoginRequired {
		t.Errorf("from nowhere that is known: %+v", s)
	}
}

// TestDataKeyLocked has it told once that a key is missing, whatever the state,
// and everything be as before when it is there.
func TestDataKeyLocked(t *testing.T) {
	locked := Cause{Kind: DataKeyLocked, Error: "file:old"}
	restricted := Status{State: Restricted, Cause: PeerFlood, Error: "PEER_FLOOD", Since: now, Until: now.Add(time.Hour)}
	for _, before := range []Status{{State: Online, Since: now}, restricted} {
		first := Next(now.Add(time.Second), before, locked)
		s := first.Status
		if first.Event == "" || s.Cause != DataKeyLocked || !strings.Contains(s.WhatToDo(), "file:old") {
			t.Errorf("%s: %+v, %q", before.State, first, s.WhatToDo())
		}
		if again := Next(now.Add(time.Minute), s, locked); again.Status != s || again.Event != "" {
			t.Errorf("%s, the second time: %+v", before.State, again)
		}
		good := Next(now.Add(time.Hour), s, Cause{Kind: Connected})
		if good.Status.Cause == DataKeyLocked || good.Event == "" || before.State == Restricted && good.Status != before {
			t.Errorf("%s, with the key: %+v", before.State, good)
		}
	}
	s := Next(now, Status{State: Connecting, Cause: DataKeyLocked, Error: "file:old"}, Cause{Kind: Disconnected}).Status
	if s.Cause != Disconnected || s.WhatToDo() != "" {
		t.Errorf("with the key, and without a network: %+v", s)
	}
}

// TestOvertaken has nothing of Telegram change an account that is not running, but
// a ban one that somebody signs in again.
func TestOvertaken(t *testing.T) {
	for _, state := range States {
		if state.Runs() {
			continue
		}
		before := Status{State: state, Since: now.Add(-time.Hour)}
		for _, kind := range []Kind{
			Connected, Disconnected, FloodWait, SlowMode, WaitOver, PeerFlood, KeyUnregistered, KeyUnknown,
			SessionRevoked, SessionExpired, KeyDuplicated, Deactivated, TooManyConnections, ServerFailure, DataKeyLocked,
		} {
			if kind == Deactivated && state == SigningIn {
				continue
			}
			if got := Next(now, before, Cause{Kind: kind}); got.Status != before || got.Event != "" || got.Actions != nil {
				t.Errorf("%s when %s: %+v", kind, state, got)
			}
		}
	}
}

// TestSuspicion has AUTH_KEY_UNREGISTERED believed the second time alone, and
// not if Telegram has known the session in between.
func TestSuspicion(t *testing.T) {
	unregistered := refused(401, "AUTH_KEY_UNREGISTERED", 0)
	once := Next(now, Status{State: Online}, unregistered).Status
	twice := Next(now, once, unregistered)
	if twice.Status.State != LoginRequired || twice.Status.Suspected || twice.Event != AccountLoginRequired ||
		!slices.Equal(twice.Actions, []Action{Disconnect, Park, OfferLogin, Alert}) {
		t.Errorf("after the second one: %+v", twice)
	}
	for _, c := range []Cause{{Kind: Disconnected}, refused(420, "FLOOD_WAIT", 3)} {
		if s := Next(now, once, c).Status; !s.Suspected {
			t.Errorf("%s ended the suspicion", c.Kind)
		}
	}
	known := Next(now, once, Cause{Kind: Connected}).Status
	if known != (Status{State: Online}) {
		t.Errorf("known again: %+v", known)
	}
	if s := Next(now, known, unregistered).Status; s.State != Online || !s.Suspected {
		t.Errorf("and then unregistered: %+v", s)
	}
}

// TestWaits has the wait that ends last shown, and it end on time.
func TestWaits(t *testing.T) {
	s := Next(now, Status{State: Online}, refused(420, "FLOOD_WAIT", 60)).Status
	shorter := Next(now.Add(time.Second), s, refused(420, "SLOWMODE_WAIT", 5))
	if shorter.Status != s || shorter.Event != AccountFloodWait {
		t.Errorf("a shorter wait: %+v", shorter)
	}
	longer := Next(now.Add(time.Second), s, refused(420, "SLOWMODE_WAIT", 90)).Status
	if longer.Scope != (Scope{Chat: 5}) || longer.Until != now.Add(91*time.Second) {
		t.Errorf("a longer wait: %+v", longer)
	}
	over := Cause{Kind: WaitOver}
	if early := Next(s.Until.Add(-1), s, over); early.Status != s || early.Actions != nil {
		t.Errorf("too early: %+v", early)
	}
	if end := Next(s.Until, s, over); end.Status.State != Online || !slices.Equal(end.Actions, []Action{Release}) {
		t.Errorf("at the end: %+v", end)
	}
	restricted := Next(now, Status{State: Online}, refused(400, "PEER_FLOOD", 0)).Status
	if s := Next(now.Add(time.Hour), restricted, over).Status; s != restricted {
		t.Errorf("a restriction of unknown length ended: %+v", s)
	}
	long := Next(now, Status{State: Online}, Cause{Kind: PeerFlood, Wait: time.Hour}).Status
	if s := Next(now.Add(time.Hour), long, over).Status; s.State != Online {
		t.Errorf("a restriction of an hour did not end: %+v", s)
	}
}

// TestCauseOf has what is about one request alone mean nothing for the account.
func TestCauseOf(t *testing.T) {
	for _, r := range []Refusal{
		{Code: 400, Type: "MESSAGE_TOO_LONG"}, {Code: 303, Type: "USER_MIGRATE", Argument: 2},
		{Code: 403, Type: "CHAT_WRITE_FORBIDDEN"}, {Code: 401, Type: "SESSION_PASSWORD_NEEDED"},
		{Code: 406, Type: "CHANNEL_PRIVATE"}, {Code: 420, Type: "FROZEN_METHOD_INVALID"},
		{Code: -503, Type: "MSG_WAIT_TIMEOUT"},
	} {
		if c, ok := CauseOf(r); ok {
			t.Errorf("%v means %+v", r, c)
		}
	}
}

func FuzzNext(f *testing.F) {
	for state := range byte(len(States)) {
		for kind := range byte(23) {
			f.Add(state, kind, int64(kind))
		}
	}
	kinds := []Kind{
		SignInBegun, SignInFailed, SignedInAgain, Started, Connected, Disconnected, PausedByOperator, SignedOutBy,
		FloodWait, SlowMode, WaitOver, PeerFlood, KeyUnregistered, KeyUnknown, SessionRevoked, SessionExpired,
		KeyDuplicated, Deactivated, TooManyConnections, ServerFailure, DataKeyLocked, SignInRefused, "unheard of",
	}
	f.Fuzz(func(t *testing.T, state, kind byte, wait int64) {
		before := Status{State: States[int(state)%len(States)], Since: now}
		c := Cause{Kind: kinds[int(kind)%len(kinds)], Wait: time.Duration(wait)}
		got := Next(now.Add(time.Second), before, c)
		switch {
		case !slices.Contains(States, got.Status.State):
			t.Errorf("%+v, %+v: state %q", before, c, got.Status.State)
		case got.Status.State.Runs() && !before.State.Runs() && !slices.Contains(got.Actions, Connect):
			t.Errorf("%+v, %+v: runs without a connection", before, c)
		case !got.Status.State.Runs() && before.State.Runs() && !slices.Contains(got.Actions, Disconnect):
			t.Errorf("%+v, %+v: keeps its connection", before, c)
		case before.State == Banned && got.Status.State != Banned && got.Status.State != SignedOut:
			t.Errorf("%+v, %+v: back from a ban as %s", before, c, got.Status.State)
		case got.Status.State != before.State && got.Status.Since.Equal(before.Since):
			t.Errorf("%+v, %+v: since when is not noted", before, c)
		case got.Status.State != before.State && got.Event == "":
			t.Errorf("%+v, %+v: nobody is told", before, c)
		}
	})
}

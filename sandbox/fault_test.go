package sandbox

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtserver"
	"godwit/mtproto/transport"
	"godwit/tg"
)

// fault adds a rule.
func (l *lab) fault(f Fault) int {
	l.t.Helper()
	id, err := l.AddFault(f)
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

func (l *lab) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

var (
	stateQuery  = &tg.UpdatesGetState{}
	statusQuery = &tg.AccountUpdateStatus{Offline: true}
)

// Errors come to whom and for what they are to, as often as they are to.
func TestFaultErrors(t *testing.T) {
	for _, test := range []struct {
		fault   Fault
		code    int
		message string
		others  bool // it is for Bob too
		status  bool // and for account.updateStatus
		times   int  // 0: until removed
	}{
		{fault: Fault{Error: "FLOOD_WAIT_30"}, code: 420, message: "FLOOD_WAIT_30", others: true, status: true},
		{fault: Fault{Error: "FLOOD_PREMIUM_WAIT_5", Times: 2}, code: 420, message: "FLOOD_PREMIUM_WAIT_5", others: true, status: true, times: 2},
		{fault: Fault{Error: "SLOWMODE_WAIT_10", Account: alicePhone}, code: 420, message: "SLOWMODE_WAIT_10", status: true},
		{fault: Fault{Error: "PEER_FLOOD", Account: "id"}, code: 400, message: "PEER_FLOOD", status: true},
		{fault: Fault{Error: "AUTH_KEY_UNREGISTERED", Account: alicePhone, Times: 1}, code: 401, message: "AUTH_KEY_UNREGISTERED", status: true, times: 1},
		{fault: Fault{Error: "500 RPC_CALL_FAIL", Method: "updates.getState"}, code: 500, message: "RPC_CALL_FAIL", others: true},
		{fault: Fault{Error: "Timeout", Method: "updates.*", Times: 1}, code: -503, message: "Timeout", others: true, times: 1},
		{fault: Fault{Error: "599 UNHEARD_OF_7", Method: "*", DC: 1}, code: 599, message: "UNHEARD_OF_7", others: true, status: true},
	} {
		l := newLab(t)
		alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
		f := test.fault
		f.Kind = FaultError
		if f.Account == "id" {
			f.Account = fmt.Sprint(alice.self.ID)
		}
		id := l.fault(f)
		if f.Method == "" || f.Method == "*" || test.status {
			fails(alice, statusQuery, test.code, test.message)
		} else {
			must(alice, statusQuery)
			fails(alice, stateQuery, test.code, test.message)
		}
		if test.times > 1 {
			fails(bob, stateQuery, test.code, test.message)
		}
		if test.times == 0 {
			fails(alice, stateQuery, test.code, test.message)
		} else if len(l.Faults()) != 0 {
			t.Errorf("%+v is in force still", l.Faults())
		}
		if test.others && test.times == 0 {
			fails(bob, stateQuery, test.code, test.message)
		} else {
			must(bob, stateQuery)
		}
		if got := l.RemoveFault(id); got != (test.times == 0) {
			t.Errorf("%+v: removed %v", f, got)
		}
		must(alice, stateQuery)
	}
}

// A rule can be for some time, and one for a sign-in finds the account by its
// phone number.
func TestFaultsEnd(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	l.fault(Fault{Kind: FaultError, Error: "500 INTERNAL", For: time.Minute})
	l.fault(Fault{Kind: FaultError, Error: "FLOOD_WAIT_60", Account: alicePhone, Method: "auth.sendCode"})
	fails(alice, stateQuery, 500, "INTERNAL")
	l.clock.advance(time.Minute)
	must(alice, stateQuery)
	if got := l.Faults(); len(got) != 1 || got[0].Method != "auth.sendCode" || got[0].Hits != 0 {
		t.Errorf("rules %+v", got)
	}
	code := func(phone string) *tg.AuthSendCode {
		return &tg.AuthSendCode{PhoneNumber: phone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	}
	fresh := l.device(1)
	fails(fresh, code("+"+alicePhone), 420, "FLOOD_WAIT_60")
	must(fresh, code("9996610077"))
	l.RemoveFaults()
	must(fresh, code(alicePhone))
}

// R-ER-06: flood waits tell how long it is until the next call is served.
func TestFloodLimit(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	l.fault(Fault{Kind: FaultLimit, Method: "updates.*", Calls: 2, Per: time.Minute})
	must(alice, stateQuery)
	l.clock.advance(10 * time.Second)
	must(alice, stateQuery)
	fails(alice, stateQuery, 420, "FLOOD_WAIT_50")
	l.clock.advance(20 * time.Second)
	fails(alice, stateQuery, 420, "FLOOD_WAIT_30")
	must(alice, statusQuery)                               // is not limited
	must(alice, &tg.UpdatesGetDifference{Pts: 1, Date: 1}) // is counted by itself
	must(bob, stateQuery)                                  // so is everybody
	l.clock.advance(30 * time.Second)
	must(alice, stateQuery)
	fails(alice, stateQuery, 420, "FLOOD_WAIT_10")
	if got := l.Faults(); len(got) != 1 || got[0].Hits != 3 {
		t.Errorf("rules %+v, want 3 hits", got)
	}
}

// Rules that make no sense are refused.
func TestBadFaults(t *testing.T) {
	l := newLab(t)
	for _, f := range []Fault{
		{}, {Kind: "earthquake"},
		{Kind: FaultError}, {Kind: FaultError, Error: "NO_SUCH_THING"}, {Kind: FaultError, Error: "x FLOOD_WAIT_3"},
		{Kind: FaultError, Error: "500 INTERNAL", Account: "Ann"},
		{Kind: FaultError, Error: "500 INTERNAL", DC: 3},
		{Kind: FaultError, Error: "500 INTERNAL", Times: -1},
		{Kind: FaultError, Error: "500 INTERNAL", Method: "messages.*Message"},
		{Kind: FaultLimit, Calls: 1}, {Kind: FaultLimit, Per: time.Second}, {Kind: FaultDelay},
		{Kind: FaultTransportError}, {Kind: FaultTransportError, Code: -404, Method: "updates.getState"},
		{Kind: FaultRefuse, Account: alicePhone},
	} {
		if _, err := l.AddFault(f); err == nil {
			t.Errorf("%+v was taken", f)
		}
	}
	if len(l.Faults()) != 0 || l.RemoveFault(1) {
		t.Error("there is a rule")
	}
}

// Losses are carried out, or not.
func TestLostRequests(t *testing.T) {
	for kind, sent := range map[FaultKind]int{FaultLoseRequest: 0, FaultLoseAnswer: 1} {
		l := newLab(t)
		alice := l.person(alicePhone, "Alice")
		l.fault(Fault{Kind: kind, Method: "messages.sendMessage", Times: 1})
		m := &tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "x", RandomID: 1}
		if _, err := call1(alice, m); !errors.Is(err, mtserver.ErrLost) {
			t.Errorf("%s: %v", kind, err)
		}
		if n := len(l.Ledger()); n != sent {
			t.Errorf("%s: %d messages", kind, n)
		}
		must(alice, m)
		if n := len(l.Ledger()); n != 1 {
			t.Errorf("%s: %d messages in the end", kind, n)
		}
	}
}

// A request that is held up is carried out later, unless its client goes.
func TestDelay(t *testing.T) {
	testKey() // outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		alice := l.person(alicePhone, "Alice")
		l.fault(Fault{Kind: FaultDelay, Method: "updates.getState", Delay: time.Minute})
		began := time.Now()
		must(alice, stateQuery)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := tg.Call(ctx, alice, stateQuery); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// Updates that are not told of leave a gap, and are in the difference.
func TestLostUpdates(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	before := must(bob, stateQuery)
	to := alice.meet(bobPhone)
	bob.updates()
	l.fault(Fault{Kind: FaultLoseUpdates, Account: bobPhone, Times: 2})
	for i := range 3 {
		alice.say(to, fmt.Sprint(i))
	}
	told := bob.updates()
	if len(told) != 1 || told[0].(*tg.UpdateNewMessage).Pts != before.Pts+3 {
		t.Fatalf("told of %+v", told)
	}
	diff := must(bob, &tg.UpdatesGetDifference{Pts: before.Pts, Date: before.Date}).(*tg.UpdatesDifference)
	if len(diff.NewMessages) != 3 {
		t.Errorf("%d messages in the difference", len(diff.NewMessages))
	}
}

// R-TR-33: rules for packets find whose a key is, and connections are refused
// whoever it is.
func TestPacketRules(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	ask := func(d *device) mtserver.PacketFault { return d.dc.packetFault(d.key) }
	if got := ask(alice); got != (mtserver.PacketFault{}) {
		t.Errorf("%+v without a rule", got)
	}
	l.fault(Fault{Kind: FaultTransportError, Code: transport.CodeFlood, Account: alicePhone, Times: 1})
	l.fault(Fault{Kind: FaultSilence, Account: alicePhone})
	l.fault(Fault{Kind: FaultRefuse, DC: 2})
	for _, want := range []mtserver.PacketFault{{Code: -429}, {Ignore: true}, {Ignore: true}} {
		if got := ask(alice); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := ask(bob); got != (mtserver.PacketFault{}) {
		t.Errorf("%+v for somebody else", got)
	}
	if l.dcs[0].refused() || !l.dcs[1].refused() {
		t.Error("the wrong DC refuses connections")
	}
	must(alice, stateQuery) // rules for packets are not for requests
}

// R-ER-07: what an error takes away is gone, and what it does not is there.
func TestErrorsThatTake(t *testing.T) {
	for _, test := range []struct {
		error string
		after string // what the client is told then; empty: it goes on
		other string // and the account's other device
		code  string // what a new sign-in is told
	}{
		{"AUTH_KEY_UNREGISTERED", "", "", ""},
		{"SESSION_REVOKED", "SESSION_REVOKED", "", ""},
		{"SESSION_EXPIRED", "SESSION_EXPIRED", "", ""},
		{"USER_DEACTIVATED", "USER_DEACTIVATED", "USER_DEACTIVATED", "PHONE_NUMBER_BANNED"},
		{"USER_DEACTIVATED_BAN", "USER_DEACTIVATED_BAN", "USER_DEACTIVATED_BAN", "PHONE_NUMBER_BANNED"},
	} {
		t.Run(test.error, func(t *testing.T) {
			l := newLab(t)
			alice := l.person(alicePhone, "Alice")
			other := l.device(1).signIn(alicePhone)
			l.fault(Fault{Kind: FaultError, Error: test.error, Account: alicePhone, Times: 1})
			fails(alice, stateQuery, 401, test.error)
			want(alice, test.after)
			want(other, test.other)
			send := &tg.AuthSendCode{PhoneNumber: alicePhone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
			if test.code != "" {
				fails(l.device(1), send, 400, test.code)
				l.check(l.Unban(alicePhone))
			}
			must(l.device(1).signIn(alicePhone), stateQuery)
			alice.signIn(alicePhone) // the key itself is as good as new
			want(alice, "")
		})
	}
}

// want asks for something that everybody may.
func want(d *device, refusal string) {
	d.l.t.Helper()
	if refusal == "" {
		must(d, stateQuery)
		return
	}
	fails(d, stateQuery, 401, refusal)
}

// Sessions end one by one or all, and their clients are told to look.
func TestEndSessions(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	other := l.device(1).signIn(alicePhone)
	bob := l.person(bobPhone, "Bob")
	alice.updates()
	devices, err := l.Authorizations(alicePhone)
	l.check(err)
	if len(devices) != 2 || devices[0].Model != "Test" || devices[0].Address != "192.0.2.1" {
		t.Fatalf("devices %+v", devices)
	}
	hash := must(alice, &tg.AccountGetAuthorizations{}).Authorizations[1].Hash
	if err := l.EndSessions(alicePhone, SessionRevoked, 1); err == nil {
		t.Error("a device was ended that there is not")
	}
	if err := l.EndSessions(alicePhone, "PEER_FLOOD"); err == nil {
		t.Error("a session ended by PEER_FLOOD")
	}
	if err := l.EndSessions("9996610099", SessionRevoked); err == nil {
		t.Error("nobody's sessions ended")
	}
	l.check(l.EndSessions(alicePhone, SessionExpired, hash))
	want(other, "SESSION_EXPIRED")
	want(alice, "")
	l.check(l.EndSessions(fmt.Sprint(alice.self.ID), SessionUnregistered))
	if len(alice.pushes()) == 0 {
		t.Error("the client was told nothing")
	}
	want(alice, "AUTH_KEY_UNREGISTERED")
	want(bob, "")
}

// R-ER-10: a restricted account writes to those who have written to it, and to
// nobody else.
func TestRestrict(t *testing.T) {
	l := newLab(t)
	alice, bob, carol := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob"), l.person("9996610003", "Carol")
	toBob, toCarol := alice.meet(bobPhone), alice.meet("9996610003")
	alice.say(toBob, "before")
	carol.say(carol.meet(alicePhone), "hello")
	l.check(l.Restrict(alicePhone, time.Hour))
	stranger := &tg.MessagesSendMessage{Peer: toBob, Message: "x", RandomID: 77}
	fails(alice, stranger, 400, "PEER_FLOOD")
	alice.say(toCarol, "hello yourself")
	alice.say(&tg.InputPeerSelf{}, "a note")
	bob.say(bob.meet(alicePhone), "what was it?")
	alice.say(toBob, "now I may")
	l.check(l.Restrict(alicePhone, 0))
	must(alice, stranger)
}

// R-ER-02, R-AP-06: an account that has moved is found at its new home.
func TestMoveAccount(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	if l.MoveAccount(alicePhone, 3) == nil || l.MoveAccount("1", 2) == nil {
		t.Error("moved to nowhere, or nobody was")
	}
	l.check(l.MoveAccount(alicePhone, 2))
	fails(alice, stateQuery, 303, "USER_MIGRATE_2")
	export := must(alice, &tg.AuthExportAuthorization{DCID: 2})
	there := l.device(2)
	must(there, &tg.AuthImportAuthorization{ID: export.ID, Bytes: export.Bytes})
	must(there, stateQuery)
	send := &tg.AuthSendCode{PhoneNumber: alicePhone, APIID: DefaultAPIID, APIHash: DefaultAPIHash}
	fails(l.device(1), send, 303, "PHONE_MIGRATE_2")
	must(l.device(2).signIn(alicePhone), stateQuery)
}

// The servers' clock can be wrong.
func TestSkewClock(t *testing.T) {
	l := newLab(t)
	before := l.Now()
	l.SkewClock(-time.Hour)
	if got := l.Now().Sub(before); got != -time.Hour {
		t.Errorf("the clock is off by %v", got)
	}
	if date := must(l.person(alicePhone, "Alice"), stateQuery).Date; int64(date) != before.Unix()-3600 {
		t.Errorf("date %d", date)
	}
	l.SkewClock(0)
	if got := l.Now(); !got.Equal(before) {
		t.Errorf("the clock is at %v", got)
	}
}

// What nobody knows of is no error of Telegram.
func TestErrorOf(t *testing.T) {
	for text, want := range map[string]*mtproto.RPCError{
		"FLOOD_WAIT_30":        {Code: 420, Type: "FLOOD_WAIT", Argument: 30},
		"FILE_PART_7_MISSING":  {Code: 400, Type: "FILE_PART_X_MISSING", Argument: 7},
		"USER_DEACTIVATED_BAN": {Code: 401, Type: "USER_DEACTIVATED_BAN"},
		"AUTH_KEY_DUPLICATED":  {Code: 406, Type: "AUTH_KEY_DUPLICATED"},
		"SOMETHING_ELSE":       nil,
	} {
		if got := errorOf(text); (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

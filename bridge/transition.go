package bridge

import "time"

// A transition is a Transition in the making.
type transition struct {
	Transition
	now   time.Time
	cause Cause
}

// to changes the state.
func (t *transition) to(state State, event EventType, actions ...Action) {
	suspected := t.Status.Suspected && state.Runs()
	t.Status = Status{State: state, Cause: t.cause.Kind, Error: t.cause.Error, Since: t.now, Suspected: suspected}
	t.Event = event
	t.Actions = actions
}

// until says how long the new state lasts, where that is known.
func (t *transition) until(wait time.Duration) {
	if wait > 0 {
		t.Status.Until = t.now.Add(wait)
	}
}

// byOperator is what people do with an account.
func (t *transition) byOperator() {
	state := t.Status.State
	switch t.cause.Kind {
	case SignInBegun:
		switch state {
		case New, LoginRequired, SignedOut:
			t.to(SigningIn, AccountSigningIn)
			t.Status.From = state
		}
	case SignInFailed, SignInRefused:
		if state == SigningIn {
			t.goBack()
		}
	case SignedInAgain:
		switch state {
		case New, SigningIn, LoginRequired, SignedOut:
			t.to(Connecting, AccountConnecting, Connect, Release)
		}
	case Started:
		if state == Paused {
			t.to(Connecting, AccountConnecting, Connect, Release)
		}
	case PausedByOperator:
		if state.Runs() {
			t.to(Paused, AccountPaused, Disconnect, Park)
		}
	case SignedOutBy:
		switch state {
		case New, SignedOut:
		default:
			t.to(SignedOut, AccountSignedOut, Disconnect, Park)
		}
	}
}

// goBack has an account be what it was before a sign-in that has come to nothing.
func (t *transition) goBack() {
	switch t.Status.From {
	case New:
		t.to(New, AccountNew)
	case SignedOut:
		t.to(SignedOut, AccountSignedOut)
	default:
		t.to(LoginRequired, AccountLoginRequired, OfferLogin)
	}
}

// byTelegram is what happens to an account that runs. Losses of the session
// come first: they are the end of everything else.
func (t *transition) byTelegram() {
	switch t.cause.Kind {
	case KeyUnregistered, KeyUnknown:
		t.suspect()
	case SessionRevoked, SessionExpired:
		t.to(LoginRequired, AccountLoginRequired, Disconnect, Park, OfferLogin, Alert)
	case KeyDuplicated:
		t.to(LoginRequired, AccountLoginRequired, Disconnect, Park, OfferLogin, Incident)
	case Deactivated:
		t.to(Banned, AccountBanned, Disconnect, Forget, Alert)
	case Connected:
		t.connected()
	case Disconnected:
		t.disconnected()
	case DataKeyLocked:
		t.locked()
	case FloodWait, SlowMode:
		t.throttle()
	case PeerFlood:
		t.restrict()
	case WaitOver:
		t.waitOver()
	case TooManyConnections:
		t.Actions = []Action{BackOff}
	case ServerFailure:
		t.Actions = []Action{Retry}
	}
}

// suspect asks twice before a session is given up: Telegram's servers have
// been seen not to know a key for a moment that they knew before and after.
func (t *transition) suspect() {
	if !t.Status.Suspected {
		t.Status.Suspected = true
		t.Actions = []Action{CheckSession}
		return
	}
	t.to(LoginRequired, AccountLoginRequired, Disconnect, Park, OfferLogin, Alert)
}

// connected proves that the session is good. A wait or a restriction that was
// there before goes on.
func (t *transition) connected() {
	t.Status.Suspected = false
	switch {
	case t.Status.State == Connecting:
		t.to(Online, AccountOnline, Release)
	case t.Status.Cause == DataKeyLocked: // restricted, and not any more without its key
		t.Status.Cause, t.Status.Error = PeerFlood, peerFlood
		t.Event = AccountRestricted
	}
}

// disconnected keeps a restriction, which is longer than any connection; waits
// are kept by whoever schedules the requests.
func (t *transition) disconnected() {
	switch s := t.Status; {
	case s.State == Online, s.State == Throttled, s.State == Connecting && s.Cause == DataKeyLocked:
		t.to(Connecting, AccountConnecting, Connect)
	default:
		t.Actions = []Action{Connect}
	}
}

// locked says once why the account cannot connect. A restriction stays one.
func (t *transition) locked() {
	s := t.Status
	if s.Cause == t.cause.Kind && s.Error == t.cause.Error {
		return
	}
	if s.State != Restricted {
		t.to(Connecting, AccountConnecting, Alert)
		return
	}
	t.Status.Cause, t.Status.Error = t.cause.Kind, t.cause.Error
	t.Event, t.Actions = AccountRestricted, []Action{Alert}
}

// throttle notes the wait that ends last. Other methods and chats go on.
func (t *transition) throttle() {
	until := t.now.Add(t.cause.Wait)
	switch t.Status.State {
	case Restricted, Connecting:
	case Throttled:
		if !until.After(t.Status.Until) {
			break
		}
		fallthrough
	default:
		t.to(Throttled, "")
		t.Status.Scope, t.Status.Until = t.cause.Scope, until
	}
	t.Event = AccountFloodWait
	t.Actions = []Action{Reschedule}
}

// restrict keeps conversations going and everything else back.
func (t *transition) restrict() {
	again := t.Status.State == Restricted
	t.to(Restricted, AccountRestricted, HoldStrange, Alert)
	t.until(t.cause.Wait)
	if again {
		t.Event, t.Actions = "", []Action{HoldStrange}
	}
}

// waitOver ends a wait whose time has come.
func (t *transition) waitOver() {
	s := t.Status
	if s.Until.IsZero() || t.now.Before(s.Until) {
		return
	}
	switch s.State {
	case Throttled, Restricted:
		t.to(Online, AccountOnline, Release)
	}
}

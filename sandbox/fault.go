package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtserver"
	"godwit/tg"
	"godwit/tl"
)

// A FaultKind is what a Fault does.
type FaultKind string

// The kinds of faults.
const (
	// FaultError answers requests with Fault.Error, and does not carry them out.
	// Where Telegram gives an error only to who has lost something, that is lost:
	// with USER_DEACTIVATED and USER_DEACTIVATED_BAN the account is banned, as by
	// Ban; with SESSION_REVOKED and SESSION_EXPIRED the session that asked is over.
	FaultError FaultKind = "error"
	// FaultLimit lets each account call each method Fault.Calls times in Fault.Per
	// and answers more with FLOOD_WAIT_X, X being the seconds until the next call
	// would be served. What is refused does not count.
	FaultLimit FaultKind = "limit"
	// FaultDelay keeps requests waiting for Fault.Delay before they are carried
	// out. Later ones of the same session wait behind them.
	FaultDelay FaultKind = "delay"
	// FaultLoseRequest cuts the connection in place of carrying a request out, and
	// forgets the session, as a server that fails.
	FaultLoseRequest FaultKind = "lose_request"
	// FaultLoseAnswer carries a request out and then does as FaultLoseRequest.
	FaultLoseAnswer FaultKind = "lose_answer"
	// FaultLoseUpdates does not tell the account's sessions of what happens. It
	// stays in the account's history, so that a client finds the gap by its pts.
	FaultLoseUpdates FaultKind = "lose_updates"
	// FaultTransportError answers packets with the transport error Fault.Code, such
	// as -404 and -429.
	FaultTransportError FaultKind = "transport_error"
	// FaultSilence ignores packets, while connections stay open.
	FaultSilence FaultKind = "silence"
	// FaultRefuse closes new connections at once, for no account in particular.
	FaultRefuse FaultKind = "refuse_connections"
)

// A Fault is a rule by which something goes wrong on purpose, for clients to be
// tried out. Of the rules for requests the one that was added first decides
// among those that apply; the same holds for those for packets.
type Fault struct {
	Kind FaultKind
	// Account is whom it is for: a phone number or a user id; empty for everybody,
	// signed in or not. A request of somebody who is not signed in yet is for the
	// account whose phone number it names.
	Account string
	// Method is what it is for, of the kinds that are about requests:
	// messages.sendMessage, or messages.* for all of them; empty for any.
	Method string
	DC     int // the data centre that it is for, 0 for all

	Times int           // how often it does what it does; 0 for any number
	For   time.Duration // after which it is over; 0 for never

	Error string        // of FaultError: as Telegram writes it, such as FLOOD_WAIT_30, or with its code: "-503 Timeout"
	Code  int32         // of FaultTransportError, negative
	Delay time.Duration // of FaultDelay
	Calls int           // of FaultLimit
	Per   time.Duration // of FaultLimit
}

// A FaultState is a Fault in force.
type FaultState struct {
	Fault
	ID    int
	Hits  int       // how often it has done what it does
	Until time.Time // zero for no end
}

// faults are the rules in force. They have a lock of their own, which is taken
// last.
type faults struct {
	requests atomic.Int32 // rules of each sort, so that there is nothing to look up without
	packets  atomic.Int32
	updates  atomic.Int32
	connects atomic.Int32

	mu   sync.Mutex
	last int
	list []*rule
}

// A rule is a Fault in force.
type rule struct {
	FaultState
	account int64 // as a number, which can be a phone number or an id; 0 for none
	refusal *mtproto.RPCError
	calls   map[caller][]time.Time // of FaultLimit: those that count, the oldest first
}

// A caller is what a FaultLimit counts for: an account, or a key of nobody.
type caller struct {
	user   int64
	key    mtproto.KeyID
	method string
}

// count returns the number of rules among which one of a kind is.
func (f *faults) count(kind FaultKind) *atomic.Int32 {
	switch kind {
	case FaultTransportError, FaultSilence:
		return &f.packets
	case FaultLoseUpdates:
		return &f.updates
	case FaultRefuse:
		return &f.connects
	}
	return &f.requests
}

// AddFault has a rule followed from now on, and returns a number by which it
// can be removed. It fails if the rule makes no sense.
func (sb *Sandbox) AddFault(f Fault) (id int, err error) {
	r := &rule{FaultState: FaultState{Fault: f}}
	if err := r.prepare(len(sb.dcs)); err != nil {
		return 0, fmt.Errorf("sandbox: fault: %w", err)
	}
	if f.For > 0 {
		r.Until = sb.world.now().Add(f.For)
	}
	s := &sb.world.faults
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	r.ID = s.last
	s.list = append(s.list, r)
	s.count(f.Kind).Add(1)
	return r.ID, nil
}

// Faults returns the rules in force, in the order in which they were added.
func (sb *Sandbox) Faults() []FaultState {
	s, now := &sb.world.faults, sb.world.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]FaultState, 0, len(s.list))
	for _, r := range s.list {
		if !r.over(now) {
			out = append(out, r.FaultState)
		}
	}
	return out
}

// RemoveFault ends a rule. It reports whether it was in force.
func (sb *Sandbox) RemoveFault(id int) bool {
	s := &sb.world.faults
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(r *rule) bool { return r.ID == id })
	if i < 0 {
		return false
	}
	s.removeLocked(i)
	return true
}

// RemoveFaults ends all rules.
func (sb *Sandbox) RemoveFaults() {
	s := &sb.world.faults
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.list) > 0 {
		s.removeLocked(0)
	}
}

func (f *faults) removeLocked(i int) {
	f.count(f.list[i].Kind).Add(-1)
	f.list = slices.Delete(f.list, i, i+1)
}

// prepare checks a rule.
func (r *rule) prepare(dcs int) error {
	if r.Account != "" {
		n, err := strconv.ParseInt(cleanPhone(r.Account), 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("account %q is neither a phone number nor a user id", r.Account)
		}
		r.account = n
	}
	if r.DC < 0 || r.DC > dcs {
		return fmt.Errorf("there is no DC %d", r.DC)
	}
	if r.Times < 0 || r.For < 0 {
		return fmt.Errorf("%d times, for %v", r.Times, r.For)
	}
	if prefix, _, _ := strings.Cut(r.Method, "*"); prefix+"*" != r.Method && strings.Contains(r.Method, "*") {
		return fmt.Errorf("method %q has something after its *", r.Method)
	}
	switch r.Kind {
	case FaultError:
		return r.prepareError()
	case FaultLimit:
		r.calls = make(map[caller][]time.Time)
		if r.Calls < 1 || r.Per <= 0 {
			return fmt.Errorf("limit of %d calls in %v", r.Calls, r.Per)
		}
	case FaultDelay:
		if r.Delay <= 0 {
			return fmt.Errorf("delay of %v", r.Delay)
		}
	case FaultLoseRequest, FaultLoseAnswer:
	case FaultTransportError, FaultSilence, FaultLoseUpdates, FaultRefuse:
		return r.prepareWithoutMethod()
	default:
		return fmt.Errorf("there is no kind %q", r.Kind)
	}
	return nil
}

func (r *rule) prepareWithoutMethod() error {
	switch {
	case r.Method != "":
		return fmt.Errorf("%s is not about methods, such as %s", r.Kind, r.Method)
	case r.Kind == FaultRefuse && r.Account != "":
		return fmt.Errorf("whose a new connection is cannot be known")
	case r.Kind == FaultTransportError && r.Code >= 0:
		return fmt.Errorf("transport error %d is not negative", r.Code)
	}
	return nil
}

// prepareError reads the text of an error, with a code before it or not.
func (r *rule) prepareError() error {
	code, text, ok := strings.Cut(r.Error, " ")
	if !ok {
		r.refusal = errorOf(r.Error)
	} else if n, err := strconv.Atoi(code); err == nil {
		r.refusal = refusal(n, text)
	}
	if r.refusal == nil || r.refusal.Type == "" {
		return fmt.Errorf("error %q, want one such as FLOOD_WAIT_30 or 500 INTERNAL", r.Error)
	}
	return nil
}

// over reports whether a rule has done all that it was to do.
func (r *rule) over(now time.Time) bool {
	return r.Times > 0 && r.Hits >= r.Times || !r.Until.IsZero() && !now.Before(r.Until)
}

// concerns reports whether a rule is for what somebody does. u is nil if it is
// not known who that is.
func (r *rule) concerns(u *user, dc int) bool {
	if r.DC != 0 && r.DC != dc {
		return false
	}
	return r.account == 0 || u != nil && (u.id == r.account || u.phone == strconv.FormatInt(r.account, 10))
}

// about reports whether a rule is for a method.
func (r *rule) about(method string) bool {
	prefix, all := strings.CutSuffix(r.Method, "*")
	return r.Method == "" || r.Method == method || all && strings.HasPrefix(method, prefix)
}

// find returns the first rule that applies, with a hit counted, and forgets
// those that are over.
func (f *faults) find(now time.Time, applies func(*rule) bool) *rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 0; i < len(f.list); i++ {
		r := f.list[i]
		if r.over(now) {
			f.removeLocked(i)
			i--
			continue
		}
		if applies(r) {
			r.Hits++
			return r
		}
	}
	return nil
}

// A misfortune is what goes wrong with one request. The zero misfortune is
// none.
type misfortune struct {
	kind    FaultKind
	refusal *mtproto.RPCError
	delay   time.Duration
}

// misfortune returns what goes wrong with a request. The world is locked.
func (c *call) misfortune(method string, query []byte) misfortune {
	w := c.world()
	if w.faults.requests.Load() == 0 {
		return misfortune{}
	}
	k, now := c.session.key, w.now()
	u := cmp.Or(k.user(), w.phones[phoneIn(query)])
	var out misfortune
	w.faults.find(now, func(r *rule) bool {
		if w.faults.count(r.Kind) != &w.faults.requests || !r.concerns(u, c.dc.id) || !r.about(method) {
			return false
		}
		out = misfortune{kind: r.Kind, refusal: r.refusal, delay: r.Delay}
		if r.Kind != FaultLimit {
			return true
		}
		by := caller{key: k.id, method: method}
		if u != nil {
			by = caller{user: u.id, method: method}
		}
		out.refusal = r.exceeded(now, by)
		return out.refusal != nil
	})
	if out.kind == FaultLimit && out.refusal == nil {
		return misfortune{}
	}
	return out
}

// exceeded counts a call, or returns the refusal of one too many.
func (r *rule) exceeded(now time.Time, by caller) *mtproto.RPCError {
	calls := r.calls[by]
	for len(calls) > 0 && now.Sub(calls[0]) >= r.Per {
		calls = calls[1:]
	}
	if len(calls) < r.Calls {
		r.calls[by] = append(calls, now)
		return nil
	}
	r.calls[by] = calls
	left := r.Per - now.Sub(calls[0])
	return &mtproto.RPCError{Code: 420, Type: "FLOOD_WAIT", Argument: int((left + time.Second - 1) / time.Second)}
}

// phoneIn returns the phone number that a request for a sign-in names, as it is
// written elsewhere; "" if it names none.
func phoneIn(query []byte) string {
	phone := ""
	switch r := tl.NewReader(query); r.PeekID() {
	case tg.IDAuthSendCode:
		phone = phoneOfQuery(query, func(q *tg.AuthSendCode) string { return q.PhoneNumber })
	case tg.IDAuthResendCode:
		phone = phoneOfQuery(query, func(q *tg.AuthResendCode) string { return q.PhoneNumber })
	case tg.IDAuthSignIn:
		phone = phoneOfQuery(query, func(q *tg.AuthSignIn) string { return q.PhoneNumber })
	case tg.IDAuthSignUp:
		phone = phoneOfQuery(query, func(q *tg.AuthSignUp) string { return q.PhoneNumber })
	}
	return cleanPhone(phone)
}

func phoneOfQuery[Q any, P interface {
	*Q
	tl.Object
}](query []byte, phone func(*Q) string) string {
	q := new(Q)
	if tl.Unmarshal(query, P(q)) != nil {
		return ""
	}
	return phone(q)
}

// packetFault says what goes wrong with a packet of a client with the given
// key, for mtserver.
func (d *dc) packetFault(id mtproto.KeyID) mtserver.PacketFault {
	w := d.world
	if w.faults.packets.Load() == 0 {
		return mtserver.PacketFault{}
	}
	w.mu.Lock()
	var u *user
	if k := w.keys[id]; k != nil {
		u = k.user()
	}
	w.mu.Unlock()
	r := w.faults.find(w.now(), func(r *rule) bool {
		return w.faults.count(r.Kind) == &w.faults.packets && r.concerns(u, d.id)
	})
	if r == nil {
		return mtserver.PacketFault{}
	}
	return mtserver.PacketFault{Code: r.Code, Ignore: r.Kind == FaultSilence}
}

// refused reports whether a new connection is to be closed.
func (d *dc) refused() bool {
	w := d.world
	return w.faults.connects.Load() > 0 && w.faults.find(w.now(), func(r *rule) bool {
		return r.Kind == FaultRefuse && r.concerns(nil, d.id)
	}) != nil
}

// unheard reports whether somebody is not to be told of an update.
func (w *world) unheard(u *user) bool {
	return w.faults.updates.Load() > 0 && w.faults.find(w.now(), func(r *rule) bool {
		return r.Kind == FaultLoseUpdates && r.concerns(u, r.DC)
	}) != nil
}

// befall has go wrong what is to go wrong with a request before it is carried
// out. The error is what it is answered with in place of that.
func (c *call) befall(method string, query []byte) (misfortune, error) {
	w := c.world()
	w.mu.Lock()
	what := c.misfortune(method, query)
	if what.refusal != nil {
		c.suffer(what.refusal)
	}
	w.mu.Unlock()
	for told := range c.told {
		told.flush(c.dc.log)
	}
	switch {
	case what.refusal != nil:
		return what, what.refusal
	case what.kind == FaultLoseRequest:
		return what, mtserver.ErrLost
	case what.kind == FaultDelay:
		timer := time.NewTimer(what.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.Done():
			return what, c.Err()
		}
	}
	return what, nil
}

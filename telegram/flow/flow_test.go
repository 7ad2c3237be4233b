package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"godwit/mtproto"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// A bench drives a scheduler by a clock of its own.
type bench struct {
	t *testing.T
	*Scheduler
	now     time.Time
	names   map[*Ticket]string
	tickets map[string]*Ticket
}

func newBench(t *testing.T, o Options) *bench {
	return &bench{t, New(o), start, make(map[*Ticket]string), make(map[string]*Ticket)}
}

func (b *bench) add(name string, r Request) {
	t := b.Add(b.now, r)
	b.names[t], b.tickets[name] = name, t
}

// want compares the decisions: "a" for sent, "a!" for refused.
func (b *bench) want(want ...string) {
	b.t.Helper()
	var got []string
	for _, d := range b.Decisions() {
		name := b.names[d.Ticket]
		if d.Err != nil {
			name += "!"
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		b.t.Fatalf("at %v: decided %q, want %q", b.now.Sub(start), got, want)
	}
}

// end reports how a request ended and compares what the scheduler makes of it.
func (b *bench) end(name string, err error, wantAgain bool) error {
	b.t.Helper()
	again, final := b.Finish(b.now, b.tickets[name], err)
	if again != wantAgain {
		b.t.Fatalf("%s after %v: again = %v", name, err, again)
	}
	return final
}

// pass lets time pass, to the next deadline at most.
func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.Tick(b.now)
}

func (b *bench) wantDeadline(d time.Duration) {
	b.t.Helper()
	if got := b.Deadline().Sub(b.now); got != d {
		b.t.Fatalf("deadline in %v, want %v", got, d)
	}
}

func refusal(code int, message string) error {
	return fmt.Errorf("over the wire: %w", mtproto.NewRPCError(code, message))
}

func send(chat int64) Request {
	return Request{Method: "messages.sendMessage", Chat: chat, DC: 2, Patience: time.Minute}
}

func history(p Priority) Request {
	return Request{Method: "messages.getHistory", DC: 2, Patience: time.Minute, Priority: p}
}

// TestMethodWait: a flood wait holds back its method and nothing else, one
// request tries first, and the others follow (R-ER-06).
func TestMethodWait(t *testing.T) {
	for _, message := range []string{
		"FLOOD_WAIT_20", "FLOOD_PREMIUM_WAIT_20", "TAKEOUT_INIT_DELAY_20", "FLOOD_TEST_PHONE_WAIT_20",
		"2FA_CONFIRM_WAIT_20",
	} {
		b := newBench(t, Options{})
		b.add("a", history(Conversation))
		b.add("b", history(Conversation))
		b.want("a", "b")
		b.end("a", refusal(420, message), true)
		if got := b.Imposed(); len(got) != 1 || got[0] != b.Waits(b.now)[0] || b.Imposed() != nil {
			t.Fatalf("%s: imposed %v", message, got)
		}
		b.add("c", history(Conversation))
		b.add("other", send(0))
		b.want("other")
		b.end("b", nil, false) // was under way before: the wait goes on
		b.want()
		b.wantDeadline(20 * time.Second)
		b.pass(20*time.Second - 1)
		b.want()
		b.pass(1)
		b.want("a")
		if at := b.Deadline(); !at.IsZero() {
			t.Fatalf("%s: a deadline while only an answer is waited for: %v", message, at)
		}
		b.end("a", nil, false)
		b.want("c")
		if got := b.Waits(b.now); got != nil {
			t.Fatalf("%s: waits %v are left", message, got)
		}
	}
}

// TestSecondWait: the request that tries first may be told to wait longer.
func TestSecondWait(t *testing.T) {
	b := newBench(t, Options{})
	b.add("a", history(Conversation))
	b.add("b", history(Conversation))
	b.want("a", "b")
	b.end("b", refusal(420, "FLOOD_WAIT_10"), true)
	b.end("a", refusal(420, "FLOOD_WAIT_5"), true) // the longer one counts
	b.pass(10 * time.Second)
	b.want("a")
	b.end("a", refusal(420, "FLOOD_WAIT_10"), true)
	b.pass(10 * time.Second)
	b.want("a")
	b.end("a", refusal(400, "PEER_ID_INVALID"), false) // an answer all the same
	b.want("b")
}

// TestChatWait: slow mode holds back one chat (R-ER-06).
func TestChatWait(t *testing.T) {
	b := newBench(t, Options{})
	b.add("a", send(1))
	b.want("a")
	b.end("a", refusal(420, "SLOWMODE_WAIT_30"), true)
	b.add("b", send(1))
	b.add("elsewhere", send(2))
	media := send(1)
	media.Method = "messages.sendMedia"
	b.add("media", media)
	b.add("read", Request{Method: "messages.readHistory", DC: 2})
	b.want("elsewhere", "read")
	b.pass(30 * time.Second)
	b.want("a")
	b.end("a", nil, false)
	b.want("b", "media")
}

// TestPatience: who cannot wait for so long learns it at once, with what
// Telegram said and how long it still takes.
func TestPatience(t *testing.T) {
	b := newBench(t, Options{})
	b.add("a", send(0))
	b.want("a")
	err := b.end("a", refusal(420, "FLOOD_WAIT_3600"), false)
	var wait *WaitError
	if !errors.As(err, &wait) || !errors.Is(err, &mtproto.RPCError{Type: "FLOOD_WAIT", Argument: 3600}) {
		t.Fatalf("got %v", err)
	}
	if want := (Wait{
		Method: "messages.sendMessage", Cause: "FLOOD_WAIT", Since: start, Until: start.Add(time.Hour),
	}); wait.Wait != want {
		t.Errorf("wait is %+v, want %+v", wait.Wait, want)
	}
	b.now = b.now.Add(time.Minute + time.Second/2)
	b.add("b", send(0))
	d := b.Decisions()
	if len(d) != 1 || !errors.Is(d[0].Err, &mtproto.RPCError{Type: "FLOOD_WAIT", Argument: 3540}) {
		t.Fatalf("decided %v", d)
	}
	b.pass(time.Hour - 90*time.Second)
	b.add("c", send(0))
	b.want()
	b.pass(29500 * time.Millisecond)
	b.want("c")
}

// TestQueuedPatience: a wait that begins while a request is queued can be too
// long for it.
func TestQueuedPatience(t *testing.T) {
	b := newBench(t, Options{})
	b.add("first", send(0))
	b.want("first")
	patient := send(0)
	patient.Patience = time.Hour
	b.tickets["first"].giveUp = start.Add(time.Hour)
	b.end("first", refusal(420, "FLOOD_WAIT_10"), true)
	b.add("a", send(0))
	b.add("patient", patient)
	b.pass(10 * time.Second)
	b.want("first")
	b.end("first", refusal(420, "FLOOD_WAIT_60"), true)
	b.want("a!")
	b.pass(time.Minute)
	b.want("first")
}

// TestPriorities: conversations pass by what there is much of, and Bulk and
// Backfill have so many places.
func TestPriorities(t *testing.T) {
	b := newBench(t, Options{Bulk: 2, Backfill: 1})
	for i := range 3 {
		b.add(fmt.Sprint("old", i), history(Backfill))
		b.add(fmt.Sprint("bulk", i), history(Bulk))
		b.add(fmt.Sprint("talk", i), history(Conversation))
	}
	b.want("old0", "bulk0", "talk0", "bulk1", "talk1", "talk2")
	b.end("bulk1", nil, false)
	b.want("bulk2")
	b.end("talk0", nil, false)
	b.want()
	b.end("old0", nil, false)
	b.want("old1")
	if n := b.Queued(Backfill); n != 1 {
		t.Errorf("%d queued", n)
	}

	b = newBench(t, Options{})
	b.add("a", history(Conversation))
	b.want("a")
	b.end("a", refusal(420, "FLOOD_WAIT_5"), true)
	b.add("old", history(Backfill))
	b.add("bulk", history(Bulk))
	b.add("talk", history(Conversation))
	b.pass(5 * time.Second)
	b.want("a")
	b.end("a", nil, false)
	b.want("talk", "bulk", "old")
}

// TestServerFailures: what is safe to repeat is, ever later (R-ER-05).
func TestServerFailures(t *testing.T) {
	b := newBench(t, Options{})
	b.add("unsafe", send(0))
	safe := history(Conversation)
	safe.Safe, safe.Patience = true, time.Hour
	b.add("safe", safe)
	b.want("unsafe", "safe")
	b.end("unsafe", refusal(500, "INTERNAL"), false)
	for i := range maxFailures {
		code := []int{500, -503}[i%2]
		b.end("safe", refusal(code, "RPC_CALL_FAIL"), true)
		b.add("next", history(Conversation)) // not held up
		b.want("next")
		b.wantDeadline(time.Second << i)
		b.pass(time.Second << i)
		b.want("safe")
	}
	if err := b.end("safe", refusal(500, "INTERNAL"), false); !errors.Is(err, &mtproto.RPCError{Code: 500}) {
		t.Errorf("ended with %v", err)
	}
	b.add("hasty", Request{Method: "help.getConfig", Safe: true})
	b.want("hasty")
	var wait *WaitError
	if err := b.end("hasty", refusal(500, "INTERNAL"), false); errors.As(err, &wait) {
		t.Errorf("ended with %v", err)
	}
}

// TestCongested: a data centre that refuses connections is left alone (R-TR-30).
func TestCongested(t *testing.T) {
	b := newBench(t, Options{})
	b.Congested(b.now, 2, errors.New("-429"))
	elsewhere := send(0)
	elsewhere.DC = 4
	b.add("a", send(0))
	b.add("elsewhere", elsewhere)
	b.want("elsewhere")
	b.Congested(b.now, 2, errors.New("-429"))
	b.wantDeadline(2 * time.Second)
	for range 10 {
		b.Congested(b.now, 2, errors.New("-429"))
	}
	b.wantDeadline(time.Minute)
	if got := b.CongestedUntil(2); got != b.now.Add(time.Minute) || !b.CongestedUntil(4).IsZero() {
		t.Errorf("congested until %v", got)
	}
	b.pass(time.Minute)
	b.want("a")
	b.end("a", nil, false)
	b.Congested(b.now, 2, errors.New("-429"))
	b.add("b", send(0))
	b.wantDeadline(time.Second)
	b.Congested(b.now, 2, errors.New("the last one"))
	hasty := send(0)
	hasty.Patience = 0
	b.add("c", hasty)
	d := b.Decisions()
	if len(d) != 1 || d[0].Err == nil || errors.Unwrap(d[0].Err).Error() != "the last one" {
		t.Fatalf("decided %v", d)
	}
}

// TestRemove: who gives up makes room, also as the one that tries first.
func TestRemove(t *testing.T) {
	b := newBench(t, Options{Bulk: 1})
	b.add("a", history(Bulk))
	b.add("b", history(Bulk))
	b.add("c", history(Bulk))
	b.want("a")
	b.Remove(b.now, b.tickets["b"])
	b.Remove(b.now, b.tickets["a"])
	b.want("c")
	if again, err := b.Finish(b.now, b.tickets["a"], errors.New("late")); again || err == nil {
		t.Error("an end of what had been removed counted")
	}
	b.end("c", refusal(420, "FLOOD_WAIT_1"), true)
	b.add("d", history(Conversation))
	b.pass(time.Second)
	b.want("d")
	b.Remove(b.now, b.tickets["d"])
	b.want("c")
}

// TestRestart: waits can be stored and still hold afterwards.
func TestRestart(t *testing.T) {
	b := newBench(t, Options{})
	b.add("a", send(7))
	b.add("b", history(Conversation))
	b.want("a", "b")
	b.end("a", refusal(420, "SLOWMODE_WAIT_50"), true)
	b.end("b", refusal(420, "FLOOD_WAIT_40"), true)
	stored, err := json.Marshal(b.Waits(b.now))
	if err != nil {
		t.Fatal(err)
	}
	var waits []Wait
	if err := json.Unmarshal(stored, &waits); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(waits, b.Waits(b.now)) || len(waits) != 2 || waits[0].Method == "" || waits[1].Chat != 7 {
		t.Fatalf("stored %s", stored)
	}
	b = newBench(t, Options{Waits: waits})
	hasty := send(7)
	hasty.Patience = 10 * time.Second
	b.add("hasty", hasty)
	b.add("a", send(7))
	b.add("b", send(8))
	d := b.Decisions()
	if len(d) != 2 || !errors.Is(d[0].Err, &mtproto.RPCError{Code: 420, Type: "SLOWMODE_WAIT", Argument: 50}) {
		t.Fatalf("decided %v", d)
	}
	b.wantDeadline(50 * time.Second)
}

// TestFinal: what is not a wait ends the request (R-ER-06).
func TestFinal(t *testing.T) {
	for _, err := range []error{
		refusal(420, "FROZEN_METHOD_INVALID"), refusal(400, "STORY_SEND_FLOOD_WEEKLY_3"), refusal(400, "PEER_FLOOD"),
		refusal(303, "USER_MIGRATE_2"), errors.New("the network is gone"),
	} {
		b := newBench(t, Options{})
		b.add("a", send(0))
		b.want("a")
		if got := b.end("a", err, false); got != err {
			t.Errorf("%v became %v", err, got)
		}
		if len(b.Waits(b.now)) > 0 {
			t.Errorf("%v left a wait", err)
		}
	}
}

// TestLongWait: a wait is never taken to be longer than 14 days (R-ER-06).
func TestLongWait(t *testing.T) {
	b := newBench(t, Options{})
	b.add("a", send(0))
	b.end("a", refusal(420, "FLOOD_WAIT_99999999"), false)
	if got := b.Waits(b.now)[0].Until.Sub(start); got != MaxWait {
		t.Errorf("waits %v", got)
	}
	b.add("none", Request{Method: "x"})
	b.want("a", "none")
	b.end("none", refusal(420, "FLOOD_WAIT_0"), false)
	if got := b.Waits(b.now)[0].Until.Sub(start); got != time.Second {
		t.Errorf("waits %v", got)
	}
}

// TestForgotten: waits that nobody asks after do not pile up.
func TestForgotten(t *testing.T) {
	b := newBench(t, Options{})
	for chat := range int64(1000) {
		b.add("a", send(chat+1))
		b.end("a", refusal(420, "SLOWMODE_WAIT_90"), false)
		b.pass(time.Second)
	}
	if n := len(b.waits); n > 200 {
		t.Errorf("%d waits are kept", n)
	}
}

// TestAnyOrder: whatever happens, each request gets to an end, Bulk and
// Backfill keep to their limits, and nothing is sent under a wait.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(60) {
		simulate(t, seed)
	}
}

func simulate(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t, Options{Bulk: 3, Backfill: 2})
	flying := make(map[*Ticket]bool)
	left := make(map[*Ticket]bool)
	decide := func() {
		for _, d := range b.Decisions() {
			if !left[d.Ticket] {
				t.Fatalf("seed %d: a decision about what has ended", seed)
			}
			if d.Err != nil {
				delete(left, d.Ticket)
				continue
			}
			for _, w := range b.over(d.Ticket) {
				if w.Until.After(b.now) {
					t.Fatalf("seed %d: sent under %v", seed, w.Wait)
				}
			}
			flying[d.Ticket] = true
		}
	}
	for i := 0; i < 500 || len(left) > 0; i++ {
		if i > 20000 {
			t.Fatalf("seed %d: %d requests never end", seed, len(left))
		}
		if i < 500 {
			q := []Request{send(r.Int64N(3)), history(Priority(r.IntN(3)))}[r.IntN(2)]
			q.Safe = r.IntN(2) == 0
			left[b.Add(b.now, q)] = true
		}
		decide()
		for ticket := range flying {
			if r.IntN(3) > 0 {
				continue
			}
			delete(flying, ticket)
			err := []error{
				nil, nil, nil, refusal(500, "X"), refusal(420, fmt.Sprintf("FLOOD_WAIT_%d", r.IntN(40))),
				refusal(420, "SLOWMODE_WAIT_9"), errors.New("gone"),
			}[r.IntN(7)]
			if r.IntN(20) == 0 {
				b.Remove(b.now, ticket)
				delete(left, ticket)
			} else if again, _ := b.Finish(b.now, ticket, err); !again {
				delete(left, ticket)
			}
			decide()
		}
		n := [priorities]int{}
		for ticket := range flying {
			n[ticket.Priority]++
		}
		if n[Bulk] > 3 || n[Backfill] > 2 {
			t.Fatalf("seed %d: %v under way", seed, n)
		}
		step := time.Duration(r.Int64N(int64(time.Second)))
		if at := b.Deadline(); len(flying) == 0 && at.After(b.now) {
			step = at.Sub(b.now)
		}
		b.pass(step)
		decide()
	}
	if b.flying != [priorities]int{} || len(b.queue) > 0 {
		t.Fatalf("seed %d: %v under way and %d queued at the end", seed, b.flying, len(b.queue))
	}
}

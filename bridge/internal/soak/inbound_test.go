package soak

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for database/sql

	"godwit/bridge/internal/store"
	"godwit/sandbox"
	"godwit/tg"
)

var (
	rate           = flag.Int("rate", 100, "how many messages a second people write to the accounts")
	lasting        = flag.Duration("lasting", 2*time.Second, "for how long")
	writers        = flag.Int("writers", 20, "how many people write")
	inboundProfile = flag.String("inbound-profile", "", "file for a profile of the node's CPU in TestInbound")
	statements     = flag.Bool("statements", false, "say what each statement costs PostgreSQL in TestInbound, by pg_stat_statements")
)

// TestInbound has people write to accounts, and compares what the sandbox has
// taken with the rows of PostgreSQL and with what a webhook has got: each message
// once, in the order of its conversation. It says how long it takes from the
// sandbox to the row.
func TestInbound(t *testing.T) {
	w := newWorld(t, 1)
	ctx := t.Context()
	n := w.nodes[0]
	// The database then knows when each row became permanent.
	db, err := sql.Open("pgx", w.database)
	w.check(err)
	defer db.Close()
	_, err = db.ExecContext(ctx, `ALTER SYSTEM SET track_commit_timestamp = on`)
	w.check(err)
	if *statements {
		_, err = db.ExecContext(ctx, `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`)
		w.check(err)
	}
	n.kill()
	w.check(w.postgres.Kill())
	w.check(w.postgres.Restart())
	n.options.Profile, n.options.ProfileLater = *inboundProfile, true
	w.check(w.sandbox.WriteInfo(n.options.Connection)) // without a proxy, which would take its share
	n.start()
	ids := w.signInAll(ctx, *accounts)
	s, err := store.Open(ctx, w.database)
	w.check(err)
	defer s.Close()
	w.awaitOnline(ctx, s, *accounts) // what was written before is history, and no news
	hook := newHook(t)
	w.ask(ctx, 0, "POST", "/v1/webhooks", "", map[string]any{"url": hook.URL, "event_types": []string{"message.received"}}, nil)
	people := w.writers(ctx, ids)
	w.resetStatements(ctx, db)
	if *inboundProfile != "" {
		n.signal(syscall.SIGUSR1)
	}
	before, transactions := w.spent(), w.transactions(ctx)
	sent := w.flood(ctx, people)
	took := time.Since(sent[0])
	hook.await(len(sent))
	delivered := time.Since(sent[0])
	after := w.spent()
	n.profiled()
	w.logStatements(ctx, db, len(sent))
	rows := w.inboundRows(ctx, db, len(sent))
	w.compareInbound(sent, rows, hook)
	delays := make([]time.Duration, len(sent))
	var stored time.Duration
	for i, r := range rows {
		delays[i], stored = r.permanent.Sub(sent[i]), max(stored, r.permanent.Sub(sent[0]))
	}
	slices.Sort(delays)
	at := func(share float64) time.Duration {
		return delays[min(len(delays)-1, int(share*float64(len(delays))))].Round(time.Millisecond)
	}
	t.Logf("%d messages in %.1f s, %.0f a second; the last was stored after %.1f s, and delivered after %.1f s",
		len(sent), took.Seconds(), float64(len(sent))/took.Seconds(), stored.Seconds(), delivered.Seconds())
	t.Logf("from the sandbox to the row: half within %v, 90 %% within %v, 99 %% within %v, all within %v", at(0.5), at(0.9), at(0.99), at(1))
	for _, who := range []string{"the node", "PostgreSQL", "sandbox, writers and receiver"} {
		spent := after[who] - before[who]
		t.Logf("CPU time of %s: %.1f s, %.0f µs a message", who, spent.Seconds(), float64(spent.Microseconds())/float64(len(sent)))
	}
	t.Logf("%.2f transactions a message; load %s", (w.transactions(ctx)-transactions)/float64(len(sent)), load(w))
}

// A writer is a person who writes to one account.
type writer struct {
	*sandbox.Device
	to *tg.InputPeerUser
}

// writers puts people into the sandbox, who write to the accounts by turns.
func (w *world) writers(ctx context.Context, ids []string) []writer {
	list := make([]writer, *writers)
	for i := range list {
		phone := fmt.Sprintf("99966%d9%03d", i%2+1, i)
		_, err := w.sandbox.AddUser(phone, fmt.Sprint("writer ", i), "")
		w.check(err)
		list[i].Device, err = w.sandbox.SignInPerson(phone, func(tg.UpdatesClass) {})
		w.check(err)
		account := i % len(ids)
		found, err := tg.Call(ctx, list[i], &tg.ContactsResolvePhone{Phone: fmt.Sprintf("99966%d%04d", account%2+1, account)})
		w.check(err)
		u := found.Users[0].(*tg.User)
		list[i].to = &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Or(0)}
	}
	return list
}

// flood has people write, at an even rate, and returns when each message was
// given to the sandbox. Its text is its number.
func (w *world) flood(ctx context.Context, people []writer) []time.Time {
	const tick = 10 * time.Millisecond
	sent := make([]time.Time, int(float64(*rate)*lasting.Seconds()))
	begun := time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; n < len(sent); {
		<-ticker.C
		due := min(len(sent), int(time.Since(begun).Seconds()*float64(*rate)))
		for ; n < due; n++ {
			p := people[n%len(people)]
			sent[n] = time.Now()
			_, err := tg.Call(ctx, p, &tg.MessagesSendMessage{Peer: p.to, Message: fmt.Sprintf("%09d", n), RandomID: int64(n + 1)})
			w.check(err)
		}
	}
	return sent
}

// A row is a message as PostgreSQL has it.
type row struct {
	conversation string
	number       int // at Telegram
	permanent    time.Time
	times        int // how many rows there are of it
}

// inboundRows returns the messages that are stored, by their numbers.
func (w *world) inboundRows(ctx context.Context, db *sql.DB, want int) []row {
	w.Helper()
	found, err := db.QueryContext(ctx, `SELECT content->>'text', conversation_id, telegram_id, pg_xact_commit_timestamp(xmin)
		FROM messages WHERE direction = 'in' AND length(content->>'text') = 9`)
	w.check(err)
	defer found.Close()
	rows := make([]row, want)
	for found.Next() {
		var text string
		var r row
		w.check(found.Scan(&text, &r.conversation, &r.number, &r.permanent))
		n, err := strconv.Atoi(text)
		w.check(err)
		r.times = rows[n].times + 1
		rows[n] = r
	}
	w.check(found.Err())
	return rows
}

// compareInbound compares what the sandbox has taken with the rows and with what
// the webhook has got.
func (w *world) compareInbound(sent []time.Time, rows []row, hook *hook) {
	w.Helper()
	times := make([]int, len(sent))
	for _, e := range w.sandbox.Ledger() {
		if n, err := strconv.Atoi(e.Text); err == nil && len(e.Text) == 9 {
			times[n]++
		}
	}
	lost, doubled, swapped, late := 0, 0, 0, 0
	newest := make(map[string]int) // numbers at Telegram, by conversation
	hook.mu.Lock()
	defer hook.mu.Unlock()
	place := make([]int, len(sent)) // among what has come to the webhook, from 1
	for i, n := range hook.order {
		if place[n] == 0 {
			place[n] = i + 1
		} else {
			late++
		}
	}
	before := make(map[string]int) // the place of the message before, by conversation
	for n, r := range rows {
		switch {
		case times[n] != 1:
			w.Errorf("the sandbox has message %d %d times", n, times[n])
		case r.times == 0:
			lost++
		case r.times > 1:
			doubled++
		case r.number <= newest[r.conversation], place[n] <= before[r.conversation]:
			swapped++
		}
		newest[r.conversation], before[r.conversation] = r.number, place[n]
	}
	if lost+doubled+swapped > 0 {
		w.Errorf("of %d messages %d are not stored, %d are stored more than once, and %d come after later ones", len(rows), lost, doubled, swapped)
	}
	if missing := len(sent) - len(hook.seen); missing > 0 {
		w.Errorf("%d messages have not come to the webhook", missing)
	}
	if late > 0 {
		w.Logf("the webhook has got %d messages more than once", late)
	}
}

// A hook is the receiver of a webhook.
type hook struct {
	*httptest.Server
	mu    sync.Mutex
	order []int // the numbers of messages, as they came
	news  chan struct{}
	count atomic.Int64 // of different ones
	seen  map[int]bool
}

func newHook(t testing.TB) *hook {
	h := &hook{news: make(chan struct{}, 1), seen: make(map[int]bool)}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// ServeHTTP implements http.Handler.
func (h *hook) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	_, text, _ := bytes.Cut(body, []byte(`"text":"`))
	if len(text) < 9 {
		return
	}
	n, err := strconv.Atoi(string(text[:9]))
	if err != nil {
		return // not one of those that are counted
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.order = append(h.order, n)
	if !h.seen[n] {
		h.seen[n] = true
		h.count.Add(1)
	}
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// await waits until so many different messages have come, or none comes any more:
// then the comparison tells what is missing.
func (h *hook) await(want int) {
	for h.count.Load() < int64(want) {
		select {
		case <-h.news:
		case <-time.After(patience):
			return
		}
	}
}

// ticks adds times up that the kernel gives in hundredths of a second.
func ticks(w *world, fields []string) (sum time.Duration) {
	w.Helper()
	for _, field := range fields {
		n, err := strconv.Atoi(field)
		w.check(err)
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum
}

// spent returns the CPU time that each part has taken up to now.
func (w *world) spent() map[string]time.Duration {
	w.Helper()
	spent := make(map[string]time.Duration)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	w.check(err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		w.check(err)
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		used := ticks(w, fields[11:13])
		switch parent := fields[1]; {
		case pid == w.postgres.PID():
			spent["PostgreSQL"] += used + ticks(w, fields[13:15]) // of its children that have ended
		case pid == w.nodes[0].command.Process.Pid:
			spent["the node"] += used
		case pid == os.Getpid():
			spent["sandbox, writers and receiver"] += used
		case parent == fmt.Sprint(w.postgres.PID()):
			spent["PostgreSQL"] += used
		}
	}
	return spent
}

// resetStatements has PostgreSQL count anew what statements cost.
func (w *world) resetStatements(ctx context.Context, db *sql.DB) {
	w.Helper()
	if !*statements {
		return
	}
	for _, statement := range []string{
		`CREATE EXTENSION pg_stat_statements`, `ALTER SYSTEM SET pg_stat_statements.track_planning = on`, `SELECT pg_reload_conf()`,
		`SELECT pg_stat_statements_reset()`,
	} {
		_, err := db.ExecContext(ctx, statement)
		w.check(err)
	}
}

// logStatements says which statements have taken most of PostgreSQL's time.
func (w *world) logStatements(ctx context.Context, db *sql.DB, messages int) {
	w.Helper()
	if !*statements {
		return
	}
	found, err := db.QueryContext(ctx, `SELECT calls, total_exec_time, total_plan_time, plans, rows, wal_bytes::bigint, jit_functions,
		left(regexp_replace(query, '\s+', ' ', 'g'), 400) FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT 30`)
	w.check(err)
	defer found.Close()
	for found.Next() {
		var calls, plans, rows, wal, jit int64
		var took, planned float64 // milliseconds
		var query string
		w.check(found.Scan(&calls, &took, &planned, &plans, &rows, &wal, &jit, &query))
		w.Logf("%.1f + %.1f µs a message (execution, planning), %d calls, %d plans, %d rows, %d KB of WAL, %d functions compiled: %s",
			1000*took/float64(messages), 1000*planned/float64(messages), calls, plans, rows, wal>>10, jit, query)
	}
	w.check(found.Err())
}

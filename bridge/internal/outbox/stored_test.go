package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/fleet"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

// An answering is a Fleet of one account, for which Telegram does everything. The
// database stores nothing from when it has answered until the outbox has noticed.
type answering struct {
	online
	*testing.T
	url   string
	epoch int64
	asked int
}

// online is a fleet.Runner under another name, beside Fleet's method.
type online interface{ fleet.Runner }

func (f *answering) Runner(bridge.AccountID) (fleet.Runner, error) { return f, nil }
func (f *answering) Epoch(bridge.AccountID) (int64, bool)          { return f.epoch, true }

func (f *answering) Act(context.Context, *bridge.QueuedAction) (int, error) {
	f.asked++
	f.onDatabase(`ALTER TABLE actions RENAME TO away`)
	return 0, nil
}

func (f *answering) Send(_ context.Context, _ bridge.Peer, m *bridge.Message) (*inbox.Batch, error) {
	f.asked++
	f.onDatabase(`ALTER TABLE messages RENAME TO away`)
	return &inbox.Batch{Account: m.AccountID, Epoch: f.epoch, Source: m.Source, Changes: []inbox.Change{
		&inbox.Sent{RandomID: m.RandomID, TelegramID: 7},
	}}, nil
}

func (f *answering) onDatabase(statement string) {
	driver, url := "pgx", f.url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, url = "sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, url)
	if err == nil {
		defer db.Close()
		_, err = db.ExecContext(context.Background(), statement)
	}
	if err != nil {
		f.Error(err)
	}
}

// Check implements Guard.
func (f *answering) Check(*store.Tx, store.Head) error { return nil }

// onError is a handler that tells of errors.
type onError struct {
	slog.Handler
	failed chan struct{}
}

func (h onError) Enabled(context.Context, slog.Level) bool { return true }
func (h onError) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelError {
		h.failed <- struct{}{}
	}
	return nil
}

// answered has an account do what begin stores, and returns when the database is back
// after it had nothing stored of how that has ended.
func answered(t *testing.T, url, table string, kind bridge.AccountKind, begin func(*store.Tx, bridge.AccountID) error) (*store.Store, *answering) {
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(t.Context(), url)
	check(err)
	t.Cleanup(func() { s.Close() })
	id, err := bridge.NewID[bridge.AccountID](time.Now(), rand.Reader)
	check(err)
	f := &answering{T: t, url: url}
	a := &bridge.Account{ID: id, Kind: kind, CreatedAt: time.Now(), Status: bridge.Status{State: bridge.Online, Since: time.Now()}}
	check(s.Change(t.Context(), func(tx *store.Tx) error {
		err := tx.AddAccount(a)
		if err == nil {
			f.epoch, err = tx.Claim(id, "node")
		}
		if err != nil {
			return err
		}
		return begin(tx, id)
	}))
	failed := make(chan struct{}, 1000)
	x := New(Options{
		Store: s, Fleet: f, Inbox: inbox.New(s, time.Now), Guard: f, Now: time.Now,
		Logger: slog.New(onError{slog.DiscardHandler, failed}),
	})
	t.Cleanup(x.Close)
	x.Changed(id, a)
	<-failed
	f.onDatabase(`ALTER TABLE away RENAME TO ` + table)
	return s, f
}

// await waits until something holds, which nobody tells of.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// TestActionNotStored has the end of a queued action be stored when the database
// stores again, rather than the action run for as long as the node does.
func TestActionNotStored(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		name, err := bridge.NewID[bridge.ActionID](time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, f := answered(t, url, "actions", bridge.UserAccount, func(tx *store.Tx, id bridge.AccountID) error {
			return tx.AddAction(&bridge.QueuedAction{
				ID: name, AccountID: id, Kind: bridge.LeaveAction, Target: "group", State: bridge.ActionQueued, CreatedAt: time.Now(),
			})
		})
		await(t, "the action is done", func() bool {
			var a *bridge.QueuedAction
			if err := s.Change(t.Context(), func(tx *store.Tx) (err error) { a, err = tx.Action(name); return err }); err != nil {
				t.Fatal(err)
			}
			return a.State == bridge.ActionDone
		})
		if f.asked != 1 {
			t.Errorf("done %d times", f.asked)
		}
	})
}

// TestBotAnswerNotStored has a message of a bot that Telegram has taken be noted as
// delivered when the database stores again: nobody else knows.
func TestBotAnswerNotStored(t *testing.T) {
	pgtest.OnBoth(t, func(t *testing.T, url string) {
		name, err := bridge.NewID[bridge.MessageID](time.Now(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, f := answered(t, url, "messages", bridge.BotAccount, func(tx *store.Tx, id bridge.AccountID) error {
			now := time.Now()
			c := &bridge.Conversation{ID: "conv_one", AccountID: id, Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 5}, PersonWrote: true, CreatedAt: now}
			if _, err := tx.AddConversations([]*bridge.Conversation{c}); err != nil {
				return err
			}
			_, err := tx.AddMessages([]*bridge.Message{{
				ID: name, AccountID: id, ConversationID: c.ID, Source: bridge.BotAPI, Direction: bridge.Outbound, At: now, CreatedAt: now,
				State: bridge.Queued, RandomID: 9, Content: bridge.Content{Text: "hello"},
			}})
			return err
		})
		var m *bridge.Message
		await(t, "the message has come to an end", func() bool {
			if m, err = s.Message(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			return m.State == bridge.Delivered || m.State == bridge.Failed
		})
		if m.State != bridge.Delivered || f.asked != 1 {
			t.Errorf("%s after it was asked for %d times: %s", m.State, f.asked, m.Error)
		}
	})
}

package service_test

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
	"godwit/bridge/internal/pool"
	"godwit/bridge/internal/service"
	"godwit/bridge/internal/store"
	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestSuppressedByOtherNames has a person who is not to be written to refused by
// whatever name the account knows them by.
func TestSuppressedByOtherNames(t *testing.T) {
	for name, url := range map[string]string{
		"postgres": pgtest.Database(t), "sqlite": "sqlite:" + filepath.Join(t.TempDir(), "a.db"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), url)
			check(t, err)
			defer s.Close()
			now := time.Now()
			account, err := bridge.NewID[bridge.AccountID](now, rand.Reader)
			check(t, err)
			conversation, err := bridge.NewID[bridge.ConversationID](now, rand.Reader)
			check(t, err)
			entry, err := bridge.NewID[bridge.SuppressionID](now, rand.Reader)
			check(t, err)
			check(t, s.Change(t.Context(), func(t *store.Tx) error {
				status := bridge.Status{State: bridge.Online, Since: now}
				if err := t.AddAccount(&bridge.Account{ID: account, Kind: bridge.UserAccount, CreatedAt: now, Status: status}); err != nil {
					return err
				}
				_, err := t.AddConversations([]*bridge.Conversation{{
					ID: conversation, AccountID: account, Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 5}, Username: "Gus_Wader",
					Phone: "9996620001", CreatedAt: now,
				}})
				if err != nil {
					return err
				}
				_, err = t.Suppress(&bridge.Suppression{ID: entry, Person: bridge.Person{UserID: 5}, Reason: bridge.SuppressedByStop, AddedAt: now})
				return err
			}))
			clock := func() time.Time { return now }
			svc := &service.Service{Store: s, Logger: slog.New(slog.DiscardHandler), Now: clock, Wake: func(bridge.AccountID) {}}
			svc.Pools = pool.New(pool.Options{Store: s, Suppression: pool.Listed{}, Outbox: svc, Now: clock, Entropy: rand.Reader})
			for to, want := range map[string]bridge.Code{
				"username:gus_wader": bridge.CodeSuppressed, "phone:9996620001": bridge.CodeSuppressed, "user:5": bridge.CodeSuppressed,
				"username:somebody": "",
			} {
				peer, err := bridge.ParsePeer(to)
				check(t, err)
				_, err = svc.Send(t.Context(), httpapi.SendRequest{Account: account, To: peer, Content: httpapi.NewContent{Text: "x"}})
				if got := bridge.CodeOf(err); err != nil && got != want || err == nil && want != "" {
					t.Errorf("%s: %v, want %q", to, err, want)
				}
			}
			_, err = svc.Send(t.Context(), httpapi.SendRequest{Account: account, Conversation: conversation, Content: httpapi.NewContent{Text: "x"}})
			if bridge.CodeOf(err) != bridge.CodeSuppressed {
				t.Errorf("into the conversation: %v", err)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

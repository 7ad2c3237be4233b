package account

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/vault"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/telegram/updates"
)

// A tellingInbox says when something was delivered.
type tellingInbox struct {
	*Recorder
	told chan<- struct{}
}

func (i tellingInbox) Deliver(
	ctx context.Context, a *bridge.Account, epoch int64, c *telegram.Client, d updates.Delivery,
) error {
	err := i.Recorder.Deliver(ctx, a, epoch, c, d)
	select {
	case i.told <- struct{}{}:
	default:
	}
	return err
}

type nobody struct{}

func (nobody) Happened(bridge.Cause) {}
func (nobody) Ended(bridge.Cause)    {}

// TestWrittenAfterSignIn has what people write before the account is online,
// for the first time, told of (R-LG-11).
func TestWrittenAfterSignIn(t *testing.T) {
	w := newTown(t)
	_, err := w.AddUser(deskPhone, "Desk", "")
	w.check(err)
	ann := w.person(annPhone, "Ann")
	toDesk := w.peer(ann, deskPhone)
	kek, err := vault.OpenKEK(w.ctx, "file:"+filepath.Join(t.TempDir(), "key"))
	w.check(err)
	e := &Environment{
		Store: w.store, Vault: vault.New(kek), Network: w.network, APIID: w.file.APIID, APIHash: w.file.APIHash,
		Inbox: tellingInbox{w.recorder, w.told}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	s, err := e.BeginSignIn(w.ctx, w.account, w.epoch)
	w.check(err)
	for _, a := range []bridge.Answer{
		{Action: string(signin.GivePhone), Text: deskPhone}, {Action: string(signin.GiveCode), Text: "11111"},
	} {
		_, err := s.Answer(w.ctx, a)
		w.check(err)
	}
	s.Close()
	_, err = ann.SendText(w.ctx, toDesk, "first")
	w.check(err)
	r := e.Start(w.account, w.epoch, nobody{}, nil)
	defer r.Close()
	w.await("message.received first")
}

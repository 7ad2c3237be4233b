package botapi

import (
	"context"

	"godwit/bridge"
	"godwit/bridge/internal/inbox"
	"godwit/bridge/internal/store"
)

// Resolve returns a peer that is known by its id. Bots cannot look up others.
func (r *Runner) Resolve(_ context.Context, p bridge.Peer) (inbox.Peer, error) {
	if !p.Resolved() {
		return inbox.Peer{}, bridge.Can(bridge.BotAccount, bridge.LookUp)
	}
	return inbox.Peer{Peer: p, Partly: true}, nil
}

// MarkRead is refused: bots mark nothing as read.
func (r *Runner) MarkRead(context.Context, bridge.Peer, int) error {
	return bridge.Can(bridge.BotAccount, bridge.MarkRead)
}

// Backfill does nothing: bots cannot read what was written before.
func (r *Runner) Backfill() {}

// Export does nothing: bots cannot list members.
func (r *Runner) Export() {}

// Act is refused: bots are added to groups by others, so ramps have none.
func (r *Runner) Act(context.Context, *bridge.QueuedAction) (telegramID int, err error) {
	return 0, bridge.Can(bridge.BotAccount, bridge.JoinGroups)
}

// Devices is refused: bots have none.
func (r *Runner) Devices(context.Context) ([]bridge.Device, error) {
	return nil, bridge.Can(bridge.BotAccount, bridge.ManageDevices)
}

// LoginCode is refused: nobody signs bots in by codes.
func (r *Runner) LoginCode(context.Context) (*bridge.LoginCode, error) {
	return nil, bridge.Can(bridge.BotAccount, bridge.ManageDevices)
}

// EndDevice is refused as Devices is.
func (r *Runner) EndDevice(context.Context, int64) error {
	return bridge.Can(bridge.BotAccount, bridge.ManageDevices)
}

// ConfirmDevice is refused as Devices is.
func (r *Runner) ConfirmDevice(context.Context, int64) error {
	return bridge.Can(bridge.BotAccount, bridge.ManageDevices)
}

// SignOut forgets the token of the bot. Telegram knows no sessions of bots: the
// token is good until @BotFather revokes it.
func (r *Runner) SignOut(ctx context.Context) error {
	return r.e.Store.Change(ctx, func(t *store.Tx) error {
		if err := t.CheckOwner(r.account.ID, r.epoch); err != nil {
			return err
		}
		return t.DeleteSecret(r.account.ID, tokenField)
	})
}

package outbox

import (
	"context"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

// once reports whether nothing tells Telegram that a message has been sent
// before, so that it must not be sent again where its outcome is not known: the
// Bot API takes no random ids.
func once(m *bridge.Message) bool { return m.Source == bridge.BotAPI }

// unknown is what becomes of such a message.
var unknown = verdict{
	state: bridge.Failed,
	reason: string(bridge.CodeOutcomeUnknown) +
		": The bridge was stopped while Telegram was asked to send this: it is not known whether it was sent.",
}

// lastWords is for how long answers are waited for when the node ends, of
// messages that cannot be asked for again.
const lastWords = 5 * time.Second

// request returns the context for sending a message. It ends with the Outbox,
// for a message that must not be sent again somewhat later.
func (x *Outbox) request(m *bridge.Message) (context.Context, context.CancelFunc) {
	if !once(m) {
		return context.WithTimeout(x.ctx, x.o.Timeout)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), x.o.Timeout)
	stop := context.AfterFunc(x.ctx, func() {
		timer := time.AfterFunc(lastWords, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// takeOver deals with what the owner of an account before has left under way. It
// reports whether there may be more of it.
func (x *Outbox) takeOver(t *store.Tx, l *lane) (more bool, err error) {
	if l.kind != bridge.BotAccount {
		_, err := t.RequeueActions(l.id)
		return false, err
	}
	list, err := t.FailSending(l.id, unknown.reason, giveUpAtOnce)
	if err != nil {
		return false, err
	}
	return x.tellFailed(t, list)
}

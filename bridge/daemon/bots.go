package daemon

import (
	"net/http"
	"strings"

	"godwit/bridge"
	"godwit/bridge/internal/httpapi"
)

// botWebhook returns where Telegram brings the updates of bots; nil if it does not
// reach the node.
func (o *Options) botWebhook() func(bridge.AccountID) string {
	if o.PublicURL == "" {
		return nil
	}
	base := strings.TrimRight(o.PublicURL, "/") + httpapi.BotUpdatesPath
	return func(id bridge.AccountID) string { return base + string(id) }
}

// Receiver implements httpapi.BotUpdates.
func (n *node) Receiver(id bridge.AccountID) (http.Handler, error) {
	r, err := n.fleet.Runner(id)
	if err != nil {
		return nil, err
	}
	if h, ok := r.(http.Handler); ok {
		return h, nil
	}
	return nil, bridge.Errorf(bridge.CodeNotFound, "There is no such bot.")
}

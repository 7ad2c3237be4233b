package httpapi

import (
	"net/http"

	"godwit/bridge"
)

// BotUpdates takes what Telegram brings of the updates of bots.
type BotUpdates interface {
	// Receiver returns what takes the updates of a bot that this node runs. It
	// knows by a secret that it is Telegram who brings them. The error is a
	// *bridge.Error.
	Receiver(id bridge.AccountID) (http.Handler, error)
}

// BotUpdatesPath is where Telegram brings updates; the account's id comes behind
// it.
const BotUpdatesPath = "/telegram/"

// botUpdate has the node that runs a bot take an update. Telegram brings again
// what is not answered with 200.
func (s *Server) botUpdate(w http.ResponseWriter, r *http.Request) {
	id, err := bridge.ParseID[bridge.AccountID](r.PathValue("account"))
	if err != nil {
		s.answerProblem(w, r, bridge.Errorf(bridge.CodeNotFound, "There is no such bot."))
		return
	}
	if s.elsewhere(w, r, id) {
		return
	}
	receiver, err := s.o.BotUpdates.Receiver(id)
	if err != nil {
		s.answerProblem(w, r, err)
		return
	}
	receiver.ServeHTTP(w, r)
}

package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/telegram"
)

// hooks are where Telegram brings the updates of bots: at whichever node runs the
// bot. It forgets to say of each third update that it was taken.
type hooks struct {
	mu     sync.Mutex
	nodes  []*trial.Node
	number int
}

// ServeHTTP takes an update.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	nodes := slices.Clone(h.nodes)
	h.number++
	forget := h.number%3 == 0
	h.mu.Unlock()
	for _, n := range nodes {
		runner, err := n.Fleet.Runner(bridge.AccountID(strings.TrimPrefix(r.URL.Path, "/")))
		if err != nil {
			continue
		}
		if forget {
			runner.(http.Handler).ServeHTTP(httptest.NewRecorder(), r)
			break
		}
		runner.(http.Handler).ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

func (h *hooks) set(nodes ...*trial.Node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nodes = nodes
}

// told returns what has been told of as received.
func told(n *trial.Node, id bridge.AccountID) (list []string) {
	n.Helper()
	events, err := n.Store.Events(context.Background(), id, 0, 1000)
	n.Check(err)
	for _, e := range events {
		if e.Type == bridge.MessageReceived {
			var data struct{ Text string }
			n.Check(json.Unmarshal(e.Data, &data))
			list = append(list, data.Text)
		}
	}
	return list
}

// TestBotWebhook has the updates of a bot come in order, each once, while they
// come by polling and by webhook in turns, while nobody is there to take them, and
// while the answers to them are lost.
func TestBotWebhook(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		h := new(hooks)
		receiver := httptest.NewServer(h)
		p.Cleanup(receiver.Close)
		p.BotWebhook = func(id bridge.AccountID) string { return receiver.URL + "/" + string(id) }
		_, err := p.Sandbox.AddBot("777:secret-of-the-bot", "Robot", "robot_bot")
		p.Check(err)
		_, err = p.Sandbox.AddUser("9996621001", "Ann", "")
		p.Check(err)
		ann := p.Client("9996621001", telegram.Options{})
		robot, err := ann.ResolveUsername(p.Context(), "robot_bot")
		p.Check(err)
		var said []string
		say := func(times int) {
			p.Helper()
			for range times {
				text := fmt.Sprint("number ", len(said))
				_, err := ann.SendText(p.Context(), robot, text)
				p.Check(err)
				said = append(said, text)
			}
		}
		var n *trial.Node
		var id bridge.AccountID
		hear := func() {
			p.Helper()
			n.Await("all that was said", func() bool { return len(told(n, id)) >= len(said) })
			if got := told(n, id); !slices.Equal(got, said) {
				p.Fatalf("told %q, want %q", got, said)
			}
		}
		by := func(id bridge.AccountID, by bridge.UpdatesBy) {
			p.Helper()
			a, err := n.Service.SetUpdatesBy(p.Context(), id, by)
			p.Check(err)
			if a.UpdatesBy != by || a.Status.State != bridge.Online {
				p.Errorf("%+v", a)
			}
		}
		n = p.Start("one")
		id = n.AddBot("777:secret-of-the-bot")
		say(3)
		hear()
		h.set(n)
		by(id, bridge.ByWebhook)
		say(5)
		hear()
		by(id, bridge.ByPolling) // with an update, perhaps, that Telegram takes for untaken
		say(3)
		by(id, bridge.ByWebhook)
		say(5)
		hear()
		h.set() // the node goes; what is said meanwhile waits at Telegram
		n.End()
		say(4)
		n = p.Start("two")
		h.set(n)
		n.AwaitState(id, bridge.Online)
		hear()
		say(3)
		by(id, bridge.ByPolling)
		say(2)
		hear()
		if _, err := n.Service.SetUpdatesBy(p.Context(), n.Add(), bridge.ByWebhook); !errors.Is(err, &bridge.Error{Code: bridge.CodeSurfaceUnable}) {
			p.Error(err)
		}
	})
}

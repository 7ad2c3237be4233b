package daemon

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"godwit/bridge"
)

// operations serves what those who run the daemon look at. It needs no API key
// and tells nothing of what is said.
func (n *node) operations(api http.Handler) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		accountCollector{n}, n.outbox.Sent, n.outbox.Failed,
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", n.ready)
	mux.Handle("/", api)
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // who does not wait for the answer does not need it
}

// ready says whether the node reaches the database and holds its accounts.
func (n *node) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	counts, err := n.store.DataKeyCounts(ctx)
	missing := n.vault.Missing(counts)
	switch {
	case err != nil:
		plain(w, http.StatusServiceUnavailable, "the database cannot be reached")
	case !n.fleet.Ready():
		plain(w, http.StatusServiceUnavailable, "accounts are being taken over")
	case len(missing) > 0:
		// Ready all the same: the other accounts work, and a restart mends nothing.
		plain(w, http.StatusOK, "ready, but data keys are wrapped by "+strings.Join(missing, ", ")+
			", which is none of the keys given with --kek: their accounts and webhooks cannot be used")
	default:
		plain(w, http.StatusOK, "ready")
	}
}

// An accountCollector counts the accounts of the node when it is asked.
type accountCollector struct{ n *node }

var accountsGauge = prometheus.NewDesc("godwit_accounts", "Accounts that this node looks after, by their state.", []string{"state"}, nil)

// Describe implements prometheus.Collector.
func (accountCollector) Describe(to chan<- *prometheus.Desc) { to <- accountsGauge }

// Collect implements prometheus.Collector.
func (c accountCollector) Collect(to chan<- prometheus.Metric) {
	counts := c.n.fleet.Count()
	for _, state := range bridge.States {
		to <- prometheus.MustNewConstMetric(accountsGauge, prometheus.GaugeValue, float64(counts[state]), string(state))
	}
}

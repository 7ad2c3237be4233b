package botapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Limits of webhooks.
const (
	maxConnections     = 100
	usualConnections   = 40
	maxSecret          = 256
	hookTimeout        = 60 * time.Second // of one request
	longestRetry       = 60 * time.Second // between two, as long as the receiver asks for none
	longestAskedRetry  = time.Hour
	maxHookAnswer      = 1 << 20 // bytes
	goneFor            = 23 * time.Hour
	secretTokenHeader  = "X-Telegram-Bot-Api-Secret-Token"
	unknownHookAddress = "<unknown>"
)

// A webhook is where a bot's updates go.
type webhook struct {
	url     string
	secret  string
	most    int // requests at once
	address string
	cancel  context.CancelFunc
	done    chan struct{} // closed when nothing is sent any more

	// What follows is guarded by the bot's mu.
	attempts  map[int]*attempt // by update
	busy      map[int64]bool   // lanes
	lastError string
	failedAt  int
	goneSince time.Time // when the receiver has begun to say 410
}

// An attempt is an update that has been sent in vain.
type attempt struct {
	fails int
	delay time.Duration
	next  time.Time
}

// setWebhook serves setWebhook.
func setWebhook(q *request) (any, error) {
	to := q.args["url"]
	if to == "" {
		return deleteWebhook(q)
	}
	h, err := q.webhook(to)
	if err != nil {
		return nil, err
	}
	b := q.b
	b.mu.Lock()
	same := b.hook != nil && b.hook.url == h.url && b.hook.secret == h.secret && b.hook.most == h.most &&
		!q.flag("drop_pending_updates")
	b.endPollLocked(errHookSet)
	b.mu.Unlock()
	q.allow()
	if same {
		return described{true, "Webhook is already set"}, nil
	}
	b.removeWebhook()
	b.mu.Lock()
	defer b.mu.Unlock()
	if q.flag("drop_pending_updates") {
		b.clearLocked()
	}
	if b.hook != nil {
		return nil, refuse(http.StatusConflict, "Conflict: terminated by other setWebhook")
	}
	ctx, cancel := context.WithCancel(q.s.ctx)
	h.cancel = cancel
	b.hook = h
	q.s.running.Go(func() {
		defer close(h.done)
		defer cancel()
		b.deliver(ctx, h)
	})
	return described{true, "Webhook was set"}, nil
}

// webhook reads what a request says of one.
func (q *request) webhook(to string) (*webhook, error) {
	if !strings.Contains(to, "://") {
		to = "https://" + to
	}
	u, err := url.Parse(to)
	secret := q.args["secret_token"]
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("invalid webhook URL specified")
	case len(secret) > maxSecret:
		return nil, bad("secret token is too long")
	case strings.ContainsFunc(secret, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-')
	}):
		return nil, bad("secret token contains unallowed characters")
	}
	h := &webhook{
		url: to, secret: secret, most: q.integer("max_connections", usualConnections, 1, maxConnections),
		address: q.args["ip_address"], done: make(chan struct{}), attempts: make(map[int]*attempt), busy: make(map[int64]bool),
	}
	if h.address == "" {
		h.address = unknownHookAddress
		if ip := net.ParseIP(u.Hostname()); ip != nil {
			h.address = ip.String()
		}
	}
	return h, nil
}

// deleteWebhook serves deleteWebhook.
func deleteWebhook(q *request) (any, error) {
	had := q.b.removeWebhook()
	if q.flag("drop_pending_updates") {
		q.b.mu.Lock()
		q.b.clearLocked()
		q.b.mu.Unlock()
	}
	if !had {
		return described{true, "Webhook is already deleted"}, nil
	}
	return described{true, "Webhook was deleted"}, nil
}

// removeWebhook ends the webhook and reports whether there was one. What has not
// been delivered stays.
func (b *bot) removeWebhook() bool {
	b.mu.Lock()
	h := b.hook
	b.hook = nil
	b.mu.Unlock()
	if h == nil {
		return false
	}
	h.cancel()
	<-h.done
	return true
}

// getWebhookInfo serves getWebhookInfo.
func getWebhookInfo(q *request) (any, error) {
	q.b.mu.Lock()
	defer q.b.mu.Unlock()
	out := webhookInfo{Pending: len(q.b.queue)}
	if h := q.b.hook; h != nil {
		out.URL, out.MaxConnections, out.IPAddress = h.url, h.most, h.address
		out.LastError, out.LastErrorDate = h.lastError, h.failedAt
	}
	if usual := defaultAllowed(); !maps.EqualFunc(q.b.allowed, usual, func(a, b bool) bool { return a == b }) {
		for _, kind := range updateKinds {
			if q.b.allowed[kind] {
				out.AllowedUpdates = append(out.AllowedUpdates, kind)
			}
		}
	}
	return out, nil
}

// deliver sends updates until the webhook ends: those of a lane one after the
// other, of different lanes at once.
func (b *bot) deliver(ctx context.Context, h *webhook) {
	client := &http.Client{
		Transport: b.s.options.Webhooks, Timeout: hookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	finished := make(chan struct{}, h.most)
	under := 0
	defer func() {
		for ; under > 0; under-- {
			<-finished
		}
	}()
	for ctx.Err() == nil {
		b.mu.Lock()
		arrived := b.arrived
		b.mu.Unlock()
		b.convert(ctx)
		ready, next := b.ready(h, h.most-under)
		for _, u := range ready {
			under++
			b.s.running.Go(func() {
				b.send(ctx, client, h, u)
				finished <- struct{}{}
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-arrived:
		case <-finished:
			under--
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// ready returns what is to be sent now, at most so much, and when to look again.
func (b *bot) ready(h *webhook, room int) (list []*update, next time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	next = longestRetry
	taken := make(map[int64]bool)
	for _, u := range b.queue {
		if len(list) >= room {
			break
		}
		if h.busy[u.lane] || taken[u.lane] {
			continue
		}
		taken[u.lane] = true
		if a := h.attempts[u.id]; a != nil && a.next.After(now) {
			next = min(next, a.next.Sub(now))
			continue
		}
		h.busy[u.lane] = true
		list = append(list, u)
	}
	return list, next
}

// send sends one update. Its lane is free again after it.
func (b *bot) send(ctx context.Context, client *http.Client, h *webhook, u *update) {
	wait, err := b.request(ctx, client, h, u)
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(h.busy, u.lane)
	if ctx.Err() != nil {
		return // what has not arrived stays
	}
	if err == nil {
		h.goneSince = time.Time{}
		b.dropLocked(h, u)
		return
	}
	b.s.log.Debug("webhook has failed", "bot", b.id, "update", u.id, "error", err)
	h.lastError, h.failedAt = err.Error(), b.s.now()
	b.retryLocked(h, u, wait)
}

func (b *bot) dropLocked(h *webhook, u *update) {
	delete(h.attempts, u.id)
	b.queue = slices.DeleteFunc(b.queue, func(other *update) bool { return other == u })
}

// retryLocked has an update sent again: at once after the first failure, then
// after twice as long each time, or when the receiver wants it.
func (b *bot) retryLocked(h *webhook, u *update, wait time.Duration) {
	a := h.attempts[u.id]
	if a == nil {
		a = &attempt{delay: time.Second}
		h.attempts[u.id] = a
	}
	pause := min(wait, longestAskedRetry)
	if pause == 0 && a.fails > 0 {
		a.delay = min(2*a.delay, longestRetry)
		pause = a.delay
	}
	a.fails++
	a.next = time.Now().Add(pause)
	if b.s.now()+int(pause/time.Second) > u.expires {
		b.dropLocked(h, u)
	}
}

// request makes one request. An error says how long to wait before the next, 0
// if the receiver has not said.
func (b *bot) request(ctx context.Context, client *http.Client, h *webhook, u *update) (time.Duration, error) {
	body, err := encode(u)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		r.Header.Set(secretTokenHeader, h.secret)
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, hookError(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxHookAnswer))
	if err != nil {
		return 0, hookError(err)
	}
	if answer.StatusCode/100 != 2 {
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // a date counts as nothing
		b.gone(h, answer.StatusCode)
		return time.Duration(max(0, seconds)) * time.Second, hookFailure("Wrong response from the webhook: " + answer.Status)
	}
	b.called(ctx, answer.Header.Get("Content-Type"), said)
	return 0, nil
}

// gone ends the webhook if the receiver has said for long that it is no more.
func (b *bot) gone(h *webhook, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case status != http.StatusGone:
		h.goneSince = time.Time{}
	case h.goneSince.IsZero():
		h.goneSince = time.Now()
	case time.Since(h.goneSince) > goneFor && b.hook == h:
		b.hook = nil
		h.cancel()
	}
}

// A hookFailure is what getWebhookInfo tells of a request that has failed.
type hookFailure string

func (e hookFailure) Error() string { return string(e) }

// hookError words what has gone wrong with a request as the server does.
func hookError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return hookFailure("Connection refused")
	case errors.As(err, &timeout) && timeout.Timeout():
		return hookFailure("Read timeout expired")
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}

// called carries out the method that the answer to an update names
// (https://core.telegram.org/bots/api#making-requests-when-getting-updates).
// Nobody is told what comes of it.
func (b *bot) called(ctx context.Context, kind string, said []byte) {
	q := &request{Context: ctx, s: b.s, b: b, args: make(map[string]string)}
	if strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(said))
		if err != nil {
			return
		}
		q.take(form)
	} else if !json.Valid(said) || q.readJSON(bytes.NewReader(said)) != nil {
		return
	}
	q.method = strings.ToLower(q.args["method"])
	switch q.method {
	case "", "deletewebhook", "setwebhook", "close", "logout":
		return
	}
	if strings.HasPrefix(q.method, "get") {
		return
	}
	m := methods[q.method]
	if m == nil {
		return
	}
	if _, err := m(q); err != nil {
		b.s.log.Debug("method of a webhook's answer has failed", "bot", b.id, "method", q.method, "error", err)
	}
}

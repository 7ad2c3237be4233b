package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"godwit/bridge"
)

// An api is the daemon's, as a program sees it.
type api struct {
	base string // http://host:port
	key  string
	http *http.Client
}

// A refusal is an answer that is no success: a problem document.
type refusal struct {
	Status int         `json:"status"`
	Code   bridge.Code `json:"code"`
	Detail string      `json:"detail"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// request returns a request with a body of JSON, unless that is nil.
func (a *api) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+a.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// ask makes a request and decodes the answer, unless that is nil. The error is a
// *refusal for an answer that is no success.
func (a *api) ask(ctx context.Context, method, path string, body, answer any) error {
	return a.once(ctx, method, path, "", body, answer)
}

func (a *api) once(ctx context.Context, method, path, idempotency string, body, answer any) error {
	r, err := a.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	if idempotency != "" {
		r.Header.Set("Idempotency-Key", idempotency)
	}
	res, err := a.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		problem := &refusal{Status: res.StatusCode, Detail: string(data)}
		_ = json.Unmarshal(data, problem) // else it is told as it is
		return fmt.Errorf("%s %s: %w", method, path, problem)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(data, answer)
}

// again is how long a program waits before it repeats a request.
const again = 100 * time.Millisecond

// insist makes a request until the daemon answers it, which may be down. The key
// has it done once, however often it is made.
func (a *api) insist(ctx context.Context, method, path, idempotency string, body, answer any) error {
	for {
		err := a.once(ctx, method, path, idempotency, body, answer)
		var r *refusal
		if err == nil || errors.As(err, &r) && r.Status < 500 && r.Code != bridge.CodeConflict {
			return err
		}
		if waited := pause(ctx, again); waited != nil {
			return errors.Join(waited, err)
		}
	}
}

// ready waits until the daemon says that it holds its accounts.
func (a *api) ready(ctx context.Context) error {
	for {
		r, err := a.request(ctx, http.MethodGet, "/readyz", nil)
		if err != nil {
			return err
		}
		if res, err := a.http.Do(r); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := pause(ctx, again/4); err != nil {
			return fmt.Errorf("the daemon is not ready: %w", err)
		}
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

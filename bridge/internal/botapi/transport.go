package botapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"godwit/bridge/internal/trace"
)

// A transport makes the requests of a bot.
type transport struct {
	client *http.Client
	url    string
	token  string
	trace  *trace.Tracer
}

// Do makes a request of package bot. What the server could not answer is told
// apart from what it has refused.
func (t *transport) Do(r *http.Request) (*http.Response, error) {
	if trace.Parent(r.Context()) != "" {
		method := path.Base(r.URL.Path)
		_, span := t.trace.Start(r.Context(), method, trace.Client)
		span.Text("rpc.system", "botapi")
		span.Text("rpc.method", method)
		defer span.End(nil)
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		_ = answer.Body.Close()
		return nil, &serverError{answer.StatusCode}
	}
	return answer, nil
}

// A serverError says that Telegram's server has failed.
type serverError struct{ status int }

func (e *serverError) Error() string {
	return fmt.Sprintf("the server has answered with status %d", e.status)
}

// maxAnswer bounds an answer to getUpdates: a hundred updates of a few
// kilobytes.
const maxAnswer = 16 << 20

// updates asks for updates from an offset on, and waits for up to some seconds
// until there are some (https://core.telegram.org/bots/api#getupdates).
func (t *transport) updates(ctx context.Context, offset int64, seconds int) ([]*models.Update, error) {
	body, err := json.Marshal(map[string]any{
		"offset": offset, "timeout": seconds, "limit": maxUpdates, "allowed_updates": allowedUpdates,
	})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+"/bot"+t.token+"/getUpdates", bytes.NewReader(body))
	if err != nil {
		return nil, t.redacted(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := t.Do(r)
	if err != nil {
		return nil, t.redacted(err)
	}
	defer answer.Body.Close()
	var result struct {
		OK     bool             `json:"ok"`
		Result []*models.Update `json:"result"`
		refusal
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&result); err != nil {
		return nil, fmt.Errorf("botapi: the answer to getUpdates: %w", err)
	}
	if result.OK {
		return result.Result, nil
	}
	return nil, result.err("getUpdates")
}

// A refusal is what an answer says that is no result.
type refusal struct {
	Code        int    `json:"error_code"`
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter int `json:"retry_after"`
	} `json:"parameters"`
}

// err returns the refusal of a request as package bot does.
func (r *refusal) err(what string) error {
	switch r.Code {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w, %s", bot.ErrorUnauthorized, r.Description)
	case http.StatusConflict:
		return fmt.Errorf("%w, %s", bot.ErrorConflict, r.Description)
	case http.StatusNotFound:
		return fmt.Errorf("%w, %s", bot.ErrorNotFound, r.Description)
	case http.StatusTooManyRequests:
		return &bot.TooManyRequestsError{Message: r.Description, RetryAfter: r.Parameters.RetryAfter}
	}
	return fmt.Errorf("botapi: %s: %d %s", what, r.Code, r.Description)
}

// redacted returns an error that does not hold the token, which is a part of
// every URL.
func (t *transport) redacted(err error) error {
	if err == nil || !strings.Contains(err.Error(), t.token) {
		return err
	}
	return &redactedError{err, strings.ReplaceAll(err.Error(), t.token, "[redacted]")}
}

// A redactedError is another error, in words that give nothing away.
type redactedError struct {
	err   error
	words string
}

func (e *redactedError) Error() string { return e.words }

// Is compares with what the error was.
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }

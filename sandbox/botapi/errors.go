package botapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/mtproto"
)

// A refusal is an error as the Bot API answers it.
type refusal struct {
	code        int
	description string
	retryAfter  int   // seconds; 0 for none
	migratedTo  int64 // chat id; 0 for none
}

func (e *refusal) Error() string { return fmt.Sprintf("botapi: %d %s", e.code, e.description) }

// refuse returns a refusal whose description is used as it is.
func refuse(code int, description string) *refusal {
	return &refusal{code: code, description: description}
}

// bad refuses a request with 400. A text that begins with a capital letter and
// is not all capitals is one of TDLib's, which the server puts into lower case.
func bad(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "Bad Request: "+lowered(fmt.Sprintf(format, args...)))
}

// forbidden refuses a request with 403.
func forbidden(text string) *refusal {
	return refuse(http.StatusForbidden, "Forbidden: "+lowered(text))
}

func lowered(s string) string {
	if len(s) >= 2 && (s[1] == '_' || s[1] >= 'A' && s[1] <= 'Z') {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	return strings.ToLower(string(r)) + s[size:]
}

// tooMany refuses a request until some seconds have passed.
func tooMany(seconds int) *refusal {
	return &refusal{
		code: http.StatusTooManyRequests, description: fmt.Sprintf("Too Many Requests: retry after %d", seconds),
		retryAfter: seconds,
	}
}

var (
	errUnauthorized = refuse(http.StatusUnauthorized, "Unauthorized")
	errTokenInvalid = refuse(http.StatusUnauthorized, "Unauthorized: invalid token specified")
	errNotFound     = refuse(http.StatusNotFound, "Not Found")
	errMethod       = refuse(http.StatusNotFound, "Not Found: method not found")
	errClosing      = refuse(http.StatusInternalServerError, "Internal Server Error: restart")
	errTooLarge     = refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	errChatNotFound = bad("chat not found")
)

// wordings are what the server says in place of an error of Telegram's.
var wordings = map[string]*refusal{
	"MESSAGE_NOT_MODIFIED": bad("message is not modified: specified new message content and reply markup are exactly " +
		"the same as a current content and reply markup of the message"),
	"MESSAGE_TOO_LONG":          bad("message is too long"),
	"MESSAGE_EMPTY":             bad("message text is empty"),
	"MEDIA_CAPTION_TOO_LONG":    bad("message caption is too long"),
	"REPLY_MARKUP_TOO_LONG":     bad("reply markup is too long"),
	"INPUT_USER_DEACTIVATED":    forbidden("user is deactivated"),
	"USER_IS_BLOCKED":           forbidden("bot was blocked by the user"),
	"USER_IS_BOT":               forbidden("bot can't send messages to bots"),
	"USER_ADMIN_INVALID":        bad("user is an administrator of the chat"),
	"QUERY_ID_INVALID":          bad("query is too old and response timeout expired or query ID is invalid"),
	"MESSAGE_AUTHOR_REQUIRED":   bad("message can't be edited"),
	"MESSAGE_DELETE_FORBIDDEN":  bad("message can't be deleted"),
	"MEDIA_GROUPED_INVALID":     bad("Can't use the media of the specified type in the album"),
	"CHAT_ADMIN_REQUIRED":       bad("not enough rights"),
	"CHAT_WRITE_FORBIDDEN":      bad("not enough rights to send text messages to the chat"),
	"CHAT_SEND_PLAIN_FORBIDDEN": bad("not enough rights to send text messages to the chat"),
	"CHAT_FORWARDS_RESTRICTED":  bad("message can't be forwarded"),
	"REPLY_MESSAGE_ID_INVALID":  bad("message to be replied not found"),
	"USER_NOT_PARTICIPANT":      bad("member not found"),
}

// asRefusal returns an error as it is answered.
func asRefusal(err error) *refusal {
	var refused *refusal
	var rpc *mtproto.RPCError
	switch {
	case errors.As(err, &refused):
		return refused
	case !errors.As(err, &rpc):
		return refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	switch {
	case rpc.Code == 420 || strings.HasSuffix(rpc.Type, "_WAIT"):
		return tooMany(max(1, rpc.Argument))
	case rpc.Code == 401:
		return errUnauthorized
	case rpc.Code >= 500:
		return refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	if said, ok := wordings[rpc.Type]; ok {
		return said
	}
	return bad("%s", rpc.Message()) // as the server does with 403 in capitals
}

// is reports whether an error is one of Telegram's, by name.
func is(err error, name string) bool {
	var rpc *mtproto.RPCError
	return errors.As(err, &rpc) && rpc.Type == name
}

// An answer is the body of a response.
type answer struct {
	OK          bool        `json:"ok"`
	Result      any         `json:"result,omitempty"`
	Code        int         `json:"error_code,omitempty"`
	Description string      `json:"description,omitempty"`
	Parameters  *parameters `json:"parameters,omitempty"`
}

type parameters struct {
	MigrateToChatID int64 `json:"migrate_to_chat_id,omitempty"`
	RetryAfter      int   `json:"retry_after,omitempty"`
}

// A described result comes with a description.
type described struct {
	result      any
	description string
}

// reply writes the answer to a request.
func (s *Server) reply(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	body := answer{OK: err == nil, Result: result}
	if d, ok := result.(described); ok {
		body.Result, body.Description = d.result, d.description
	}
	if err != nil {
		e := asRefusal(err)
		if e.code >= 500 && !errors.Is(err, context.Canceled) { // whoever has asked is gone
			s.log.Error("request failed", "error", err)
		}
		status = e.code
		body = answer{Code: e.code, Description: e.description}
		if e.retryAfter != 0 || e.migratedTo != 0 {
			body.Parameters = &parameters{MigrateToChatID: e.migratedTo, RetryAfter: e.retryAfter}
		}
		if e.retryAfter != 0 {
			w.Header().Set("Retry-After", strconv.Itoa(e.retryAfter))
		}
	}
	raw, err := encode(body)
	if err != nil {
		s.log.Error("answer cannot be encoded", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	// A client that has gone away is no reason to do anything.
	_, _ = w.Write(raw)
}

// encode returns a value as JSON, with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return []byte(strings.TrimSuffix(out.String(), "\n")), err
}

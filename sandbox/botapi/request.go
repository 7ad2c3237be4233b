package botapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sizes of requests.
const (
	maxUpload    = 50 << 20 // of a file (https://core.telegram.org/bots/api#sending-files)
	maxBody      = maxUpload + 1<<20
	keptInMemory = 1 << 20 // of a body with files; what is beyond goes to temporary files
)

// A request is one call of a method.
type request struct {
	context.Context
	s      *Server
	b      *bot
	method string // in lower case
	args   map[string]string
	files  map[string]*multipart.FileHeader
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/file/bot"); ok {
		s.download(w, r, rest)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, found := strings.Cut(rest, "/")
	if !ok || !found {
		s.reply(w, nil, errNotFound)
		return
	}
	method, _ = strings.CutPrefix(method, "test/")
	q := &request{Context: r.Context(), s: s, args: make(map[string]string)}
	err := q.read(w, r)
	if r.MultipartForm != nil {
		defer func() {
			if err := r.MultipartForm.RemoveAll(); err != nil {
				s.log.Warn("temporary file stays", "error", err)
			}
		}()
	}
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	if method == "" {
		method = q.args["method"]
	}
	q.method = strings.ToLower(method)
	result, err := s.serve(q, token)
	s.reply(w, result, err)
}

// serve carries out a request.
func (s *Server) serve(q *request, token string) (any, error) {
	number, _, ok := strings.Cut(token, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || id <= 0 || id >= 1<<54 || strings.HasPrefix(token, "0") || len(token) > 80 {
		return nil, errTokenInvalid
	}
	if q.b, err = s.bot(token); err != nil {
		return nil, err
	}
	m := methods[q.method]
	if m == nil {
		return nil, errMethod
	}
	if err := s.fault(q); err != nil {
		return nil, err
	}
	q.b.convert(q) // the bot knows whom it was told of
	return m(q)
}

// read takes the arguments from wherever they are.
func (q *request) read(w http.ResponseWriter, r *http.Request) error {
	q.take(r.URL.Query())
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method != http.MethodPost || err != nil {
		return q.check()
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch kind {
	case "application/x-www-form-urlencoded":
		var raw []byte
		var form url.Values
		if raw, err = io.ReadAll(r.Body); err == nil {
			if form, err = url.ParseQuery(string(raw)); err == nil {
				q.take(form)
			}
		}
	case "application/json":
		err = q.readJSON(r.Body)
	case "multipart/form-data":
		if err = r.ParseMultipartForm(keptInMemory); err == nil {
			q.take(r.MultipartForm.Value)
			q.takeFiles(r.MultipartForm.File)
		} else if errors.Is(err, io.EOF) {
			err = nil // a form that ends before its first part, as some clients send it
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil:
		return bad("Failed to parse the request: %v", err)
	}
	return q.check()
}

func (q *request) take(values url.Values) {
	for name, list := range values {
		if len(list) > 0 {
			q.args[name] = list[0]
		}
	}
}

func (q *request) takeFiles(files map[string][]*multipart.FileHeader) {
	q.files = make(map[string]*multipart.FileHeader)
	for name, list := range files {
		if len(list) > 0 {
			q.files[name] = list[0]
		}
	}
}

// readJSON takes the fields of an object: strings as they are, all else as it is
// encoded.
func (q *request) readJSON(body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil || len(raw) == 0 {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	for name, value := range fields {
		var text string
		switch {
		case string(value) == "null":
		case json.Unmarshal(value, &text) == nil:
			q.args[name] = text
		default:
			q.args[name] = string(value)
		}
	}
	return nil
}

func (q *request) check() error {
	for _, value := range q.args {
		if !utf8.ValidString(value) {
			return bad("strings must be encoded in UTF-8")
		}
	}
	return nil
}

// integer returns a number within bounds. What is none counts as 0.
func (q *request) integer(name string, otherwise, low, high int) int {
	text := q.args[name]
	if text == "" {
		return min(max(otherwise, low), high)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		n = 0
	}
	return min(max(int(n), low), high)
}

// id returns a number of an id, 0 without.
func (q *request) id(name string) int32 {
	return int32(q.integer(name, 0, 0, math.MaxInt32))
}

func (q *request) flag(name string) bool { return isTrue(q.args[name]) }

func isTrue(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "1":
		return true
	}
	return false
}

// userID returns the id of a user.
func (q *request) userID() (int64, error) {
	id, err := strconv.ParseInt(strings.TrimSpace(q.args["user_id"]), 10, 64)
	if err != nil || id <= 0 {
		return 0, bad("Invalid user_id specified")
	}
	return id, nil
}

// messageIDs returns a list of ids of messages.
func (q *request) messageIDs() ([]int32, error) {
	text := q.args["message_ids"]
	if text == "" {
		return nil, bad("Message identifiers are not specified")
	}
	var list []json.RawMessage
	if !json.Valid([]byte(text)) {
		return nil, bad("Can't parse message_ids JSON object")
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil, bad("Expected an Array of message identifiers")
	}
	switch {
	case len(list) > 100:
		return nil, bad("Too many message identifiers specified")
	case len(list) == 0:
		return nil, bad("Message identifiers are not specified")
	}
	var ids []int32
	for _, one := range list {
		n, err := strconv.ParseInt(strings.Trim(string(one), `"`), 10, 32)
		switch {
		case err != nil:
			return nil, bad("Can't parse message identifier as a Number")
		case n <= 0:
			return nil, bad("Invalid message identifier specified")
		}
		ids = append(ids, int32(n))
	}
	return ids, nil
}

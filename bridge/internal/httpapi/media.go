package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// Media is the files that messages carry.
type Media interface {
	// OpenMedia opens the file of a message, until ctx ends. Errors, those of
	// reading included, are *bridge.Error.
	OpenMedia(ctx context.Context, id bridge.MessageID) (*bridge.File, error)
}

// maxDownloads is how many files are sent at once by a node: each holds some MB.
const maxDownloads = 32

// registerMedia offers files past huma, which would hold all of a body in memory.
func (s *Server) registerMedia() {
	const path = messagePart + "/media"
	s.downloads = make(chan struct{}, maxDownloads)
	s.mux.HandleFunc("GET "+path, s.media)
	binary := map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}
	problem := map[string]*huma.MediaType{"application/problem+json": {
		Schema: &huma.Schema{Ref: "#/components/schemas/Problem"},
	}}
	text := func(name, in, description string) *huma.Param {
		return &huma.Param{Name: name, In: in, Required: in == "path", Description: description, Schema: &huma.Schema{Type: "string"}}
	}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "get-media", Method: http.MethodGet, Path: path, Tags: []string{messagesTag},
		Summary: "Fetch the file that a message carries",
		Description: "It is passed on as it comes from Telegram, however large it is. Parts can be asked for with Range, and a download " +
			"that was cut off can be gone on with: If-Range takes the ETag. Where something fails before the first byte, the answer is a " +
			"problem document; after that, the connection is cut. Bots cannot fetch files over 20 MB.",
		Security: []map[string][]string{{"key": {string(ScopeMessagesRead)}}},
		Parameters: []*huma.Param{
			text("message", "path", "The message's id."),
			text("Range", "header", "Which bytes are wanted, as of RFC 9110."),
			text("If-Range", "header", "The ETag of what there is already: if the file is another one, all of it is sent."),
			text("If-None-Match", "header", "The ETag of what there is already: if the file is the same, nothing is sent."),
		},
		Responses: map[string]*huma.Response{
			"200":     {Description: "The file. Content-Type and the name in Content-Disposition are what its sender has said.", Content: binary},
			"206":     {Description: "The part of it that was asked for.", Content: binary},
			"304":     {Description: "The file is as it was."},
			"416":     {Description: "The file has no such part. Content-Range says how long it is.", Content: problem},
			"default": {Description: "Error", Content: problem},
		},
	})
}

func (s *Server) media(w http.ResponseWriter, r *http.Request) {
	m, err := s.mediaFor(r)
	if err != nil {
		s.answerProblem(w, r, err)
		return
	}
	if s.elsewhere(w, r, m.AccountID) {
		return
	}
	select {
	case s.downloads <- struct{}{}:
		defer func() { <-s.downloads }()
	default:
		s.answerProblem(w, r, &bridge.Error{
			Code: bridge.CodeUnavailable, RetryAt: s.o.Now().Add(time.Second),
			Detail: fmt.Sprintf("%d files are being fetched already. Try again in a moment.", maxDownloads),
		})
		return
	}
	file, err := s.o.Media.OpenMedia(r.Context(), m.ID)
	if err != nil {
		s.answerProblem(w, r, err)
		return
	}
	defer file.Content.Close() // which waits for what is being fetched
	s.serveFile(w, r, m, file)
}

// mediaFor returns the message whose file is asked for, if the caller may have it.
func (s *Server) mediaFor(r *http.Request) (*bridge.Message, error) {
	caller, err := s.authenticate(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		return nil, err
	}
	id, err := bridge.ParseID[bridge.MessageID](r.PathValue("message"))
	if err != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "path.message: %v.", err)
	}
	m, err := s.o.Messages.Message(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return m, permit(caller, ScopeMessagesRead, m.AccountID)
}

// serveFile answers with a file, or the part of it that is asked for.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, m *bridge.Message, f *bridge.File) {
	h := w.Header()
	h.Set("Content-Type", contentTypeOf(f))
	// Strangers have chosen what it is: no browser is to run it as a page of ours.
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileNameOf(m, f)}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("Cache-Control", "private, no-cache")
	if f.Tag != "" {
		h.Set("ETag", `"`+f.Tag+`"`)
	}
	content := &watched{ReadSeeker: f.Content}
	held := &heldResponse{ResponseWriter: w, control: http.NewResponseController(w)}
	http.ServeContent(held, r, "", time.Time{}, content)
	switch {
	case held.begun && content.err != nil:
		s.note(r.Context(), s.problem(content.err), content.err)
		s.o.Logger.Debug("a file was cut off", "request", RequestID(r.Context()), "error", content.err)
		panic(http.ErrAbortHandler) // what is missing must not be taken for the end
	case held.begun:
		held.free()
	case content.err != nil:
		forget(h)
		s.answerProblem(w, r, content.err)
	case held.status == http.StatusRequestedRangeNotSatisfiable:
		length := h.Get("Content-Range")
		forget(h)
		h.Set("Content-Range", length)
		p := problemOf(bridge.Errorf(bridge.CodeInvalidRequest, "The file has %d bytes, and none in the range %s.", f.Size, r.Header.Get("Range")))
		p.Status, p.Title = held.status, http.StatusText(held.status)
		s.writeProblem(w, p)
	default:
		held.begin() // there is no body
	}
}

// forget takes back what was said of a file that is not sent.
func forget(h http.Header) {
	for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Cache-Control", "Content-Security-Policy"} {
		h.Del(name)
	}
}

// contentTypeOf returns what a file is, as far as that is known.
func contentTypeOf(f *bridge.File) string {
	if kind, params, err := mime.ParseMediaType(f.MIMEType); err == nil && strings.Contains(kind, "/") {
		return mime.FormatMediaType(kind, params)
	}
	return "application/octet-stream"
}

// extensions are those of files that Telegram's own programs send without a name.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/webp": ".webp", "video/mp4": ".mp4", "video/webm": ".webm", "audio/ogg": ".ogg",
	"audio/mpeg": ".mp3", "application/x-tgsticker": ".tgs",
}

// fileNameOf returns how a file is to be called: as its sender has called it, or
// by the message.
func fileNameOf(m *bridge.Message, f *bridge.File) string {
	name := path.Base("/" + strings.ReplaceAll(f.Name, `\`, "/"))
	if name == "/" || name == ".." {
		name = ""
	}
	return cmp.Or(name, string(m.ID)+extensions[f.MIMEType])
}

// A watched is a file of which the first error that reading it has failed with is
// kept.
type watched struct {
	io.ReadSeeker
	err error
}

// Read implements io.Reader.
func (c *watched) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && c.err == nil {
		c.err = err
	}
	return n, err
}

// filePatience is how long a file waits for its reader to take what was written.
const filePatience = time.Minute

// A heldResponse holds the head of a response back until there is a body, so that
// what fails before that can be answered as a problem. That of a part which the
// file does not have is dropped, for the same reason.
type heldResponse struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	begun   bool
}

// WriteHeader implements http.ResponseWriter.
func (h *heldResponse) WriteHeader(status int) { h.status = status }

func (h *heldResponse) begin() {
	h.begun = true
	h.ResponseWriter.WriteHeader(h.status)
}

// Write implements http.ResponseWriter.
func (h *heldResponse) Write(p []byte) (int, error) {
	if h.status == http.StatusRequestedRangeNotSatisfiable {
		return len(p), nil
	}
	if !h.begun {
		h.begin()
	}
	h.deadline(time.Now().Add(filePatience))
	return h.ResponseWriter.Write(p)
}

// free lets the connection be used for other responses, however long they take.
func (h *heldResponse) free() { h.deadline(time.Time{}) }

// deadline has a reader that takes nothing for too long be cut off. Where it
// cannot be set, there is no connection to be slow.
func (h *heldResponse) deadline(at time.Time) { _ = h.control.SetWriteDeadline(at) }

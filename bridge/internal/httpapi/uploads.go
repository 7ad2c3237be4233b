package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// Uploads keeps files that are to be sent.
type Uploads interface {
	// Upload stores a file as it is read. The error is a *bridge.Error of
	// CodeTooLarge where it is longer than what is taken.
	Upload(ctx context.Context, name, mimeType string, content io.Reader) (*bridge.Upload, error)
}

// UploadView is a file that is to be sent, as the API shows it.
type UploadView struct {
	ID        bridge.UploadID `json:"id" doc:"What media.file of a message is to be."`
	Name      string          `json:"name"`
	MIMEType  string          `json:"mime_type,omitempty"`
	Size      int64           `json:"size" doc:"Bytes."`
	CreatedAt time.Time       `json:"created_at"`
}

// uploadID is the id of the operation, as in the audit log.
const uploadID = "upload"

// registerUploads offers what takes a body of any length, past huma, which would
// hold all of it in memory.
func (s *Server) registerUploads() {
	s.mux.HandleFunc("POST /v1/uploads", s.upload)
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[UploadView](), true, "UploadView")
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: uploadID, Method: http.MethodPost, Path: "/v1/uploads", Tags: []string{messagesTag},
		Summary:     "Give the bridge a file that is to be sent",
		Description: "The body is the file. It is kept for a day after it was given, and for as long as a message with it is to be sent.",
		Security:    []map[string][]string{{"key": {string(ScopeMessagesSend)}}},
		Parameters: []*huma.Param{{
			Name: "name", In: "query", Required: true, Description: "The name that others see.", Schema: &huma.Schema{Type: "string"},
		}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}},
		Responses: map[string]*huma.Response{"201": {
			Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
		}},
	})
}

func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	view, err := s.storeUpload(r)
	if err != nil {
		s.answerProblem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	if err := json.NewEncoder(w).Encode(view); err != nil {
		s.o.Logger.Debug("response not written", "error", err)
	}
}

func (s *Server) storeUpload(r *http.Request) (*UploadView, error) {
	caller, err := s.authenticate(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		return nil, err
	}
	if !caller.Allows(ScopeMessagesSend, "") {
		return nil, bridge.Errorf(bridge.CodeForbidden, "This API key does not allow %s.", ScopeMessagesSend)
	}
	name := path.Base(path.Clean("/" + r.URL.Query().Get("name")))
	if name == "/" || len(name) > 255 {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The parameter name is missing, or longer than 255 bytes.")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind == "application/octet-stream" || kind == "application/x-www-form-urlencoded" {
		kind = "" // it is found out by the content
	}
	if kind == "application/json" && path.Ext(name) != ".json" {
		kind = "" // as clients say that send JSON otherwise
	}
	content := bufio.NewReader(r.Body)
	if _, err := content.Peek(1); errors.Is(err, io.EOF) {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The body, which is to be the file, is empty.")
	}
	u, err := s.o.Uploads.Upload(r.Context(), name, kind, content)
	if err != nil {
		return nil, err
	}
	s.noteAudit(r.Context(), caller, bridge.AuditEntry{Action: uploadID, Subject: string(u.ID)})
	return &UploadView{ID: u.ID, Name: u.Name, MIMEType: u.MIMEType, Size: u.Size, CreatedAt: u.CreatedAt}, nil
}

// answerProblem answers a request that is not huma's.
func (s *Server) answerProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(err)
	s.note(r.Context(), p, err)
	s.writeProblem(w, p)
}

func (s *Server) writeProblem(w http.ResponseWriter, p *Problem) {
	for name, values := range p.headers(s.o.Now()) {
		w.Header().Set(name, values[0])
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.o.Logger.Debug("response not written", "error", err)
	}
}

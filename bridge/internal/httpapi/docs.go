package httpapi

import (
	"bytes"
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

var docsPage = template.Must(template.ParseFS(pages, "pages/docs.html"))

// docsView is what the page of documentation shows.
type docsView struct {
	Title, Version, Description string
	Tags                        []docsTag
	Codes                       []docsCode
}

type docsTag struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description, Scope string
	Parameters                                    []docsField
	Body                                          []docsField
	Answer                                        []docsField
	Status                                        string
}

type docsField struct {
	Name, In, Type, Description string
	Required                    bool
}

type docsCode struct {
	Code   bridge.Code
	Status int
}

// registerDocs offers the description of the API to people, from the same
// description that programs get, with nothing loaded from elsewhere.
func (s *Server) registerDocs() {
	render := sync.OnceValues(func() ([]byte, error) {
		var page bytes.Buffer
		err := docsPage.Execute(&page, s.docs())
		return page.Bytes(), err
	})
	s.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		page, err := render()
		if err != nil {
			s.answerProblem(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
		if _, err := w.Write(page); err != nil {
			s.o.Logger.Debug("response not written", "error", err)
		}
	})
}

func (s *Server) docs() docsView {
	api := s.api.OpenAPI()
	view := docsView{Title: api.Info.Title, Version: api.Info.Version, Description: api.Info.Description}
	for _, code := range bridge.Codes {
		view.Codes = append(view.Codes, docsCode{code, statuses[code]})
	}
	var paths []string
	for path := range api.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	byTag := make(map[string]int)
	for _, path := range paths {
		for _, op := range operationsOf(api.Paths[path]) {
			tag := "Other"
			if len(op.Tags) > 0 {
				tag = op.Tags[0]
			}
			if _, known := byTag[tag]; !known {
				byTag[tag] = len(view.Tags)
				view.Tags = append(view.Tags, docsTag{Name: tag})
			}
			t := &view.Tags[byTag[tag]]
			t.Operations = append(t.Operations, s.docsOf(path, op))
		}
	}
	slices.SortStableFunc(view.Tags, func(a, b docsTag) int { return cmp.Compare(a.Name, b.Name) })
	return view
}

func operationsOf(p *huma.PathItem) []*huma.Operation {
	var list []*huma.Operation
	for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
		if op != nil {
			list = append(list, op)
		}
	}
	return list
}

func (s *Server) docsOf(path string, op *huma.Operation) docsOperation {
	d := docsOperation{ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, Description: op.Description}
	for _, security := range op.Security {
		d.Scope = strings.Join(security["key"], ", ")
	}
	for _, p := range op.Parameters {
		field := docsField{Name: p.Name, In: p.In, Required: p.Required, Description: p.Description}
		if p.Schema != nil {
			field.Type = s.typeOf(p.Schema)
			field.Description = cmp.Or(field.Description, p.Schema.Description)
		}
		d.Parameters = append(d.Parameters, field)
	}
	if op.RequestBody != nil {
		d.Body = s.fieldsOf(op.RequestBody.Content)
	}
	for status, response := range op.Responses {
		if strings.HasPrefix(status, "2") {
			d.Status = status
			d.Answer = s.fieldsOf(response.Content)
		}
	}
	return d
}

// fieldsOf returns the fields of the JSON object that a body is.
func (s *Server) fieldsOf(content map[string]*huma.MediaType) []docsField {
	json := content["application/json"]
	if json == nil || json.Schema == nil {
		return nil
	}
	schema := s.resolved(json.Schema)
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		required := func(name string) int {
			if slices.Contains(schema.Required, name) {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(required(a), required(b)), cmp.Compare(a, b))
	})
	var fields []docsField
	for _, name := range names {
		p := schema.Properties[name]
		fields = append(fields, docsField{
			Name: name, Type: s.typeOf(p), Required: slices.Contains(schema.Required, name),
			Description: cmp.Or(p.Description, s.resolved(p).Description),
		})
	}
	return fields
}

// resolved returns the schema that another one may refer to.
func (s *Server) resolved(schema *huma.Schema) *huma.Schema {
	if schema.Ref == "" {
		return schema
	}
	if to := s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref); to != nil {
		return to
	}
	return schema
}

// typeOf names the type of a value, with what it can be.
func (s *Server) typeOf(schema *huma.Schema) string {
	switch {
	case schema.Ref != "":
		return strings.TrimPrefix(schema.Ref, "#/components/schemas/")
	case len(schema.Enum) > 0:
		var values []string
		for _, v := range schema.Enum {
			if text, ok := v.(string); ok {
				values = append(values, strconv.Quote(text))
			}
		}
		return strings.Join(values, " | ")
	case schema.Type == "array" && schema.Items != nil:
		return "list of " + s.typeOf(schema.Items)
	case schema.Format != "":
		return schema.Type + " (" + schema.Format + ")"
	}
	return schema.Type
}

package httpapi

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// newRegistry returns what knows the types of the description of the API. A type
// that shows something is called as what it shows.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
	})
	r.RegisterTypeAlias(reflect.TypeFor[bridge.EventType](), reflect.TypeFor[eventType]())
	r.RegisterTypeAlias(reflect.TypeFor[bridge.Code](), reflect.TypeFor[code]())
	r.RegisterTypeAlias(reflect.TypeFor[bridge.State](), reflect.TypeFor[state]())
	return r
}

// eventType stands for bridge.EventType in the description of the API, where it
// lists the types there are.
type eventType string

// Schema implements huma.SchemaProvider.
func (eventType) Schema(huma.Registry) *huma.Schema { return oneOf(bridge.EventTypes) }

// code stands for bridge.Code in the same way.
type code string

// Schema implements huma.SchemaProvider.
func (code) Schema(huma.Registry) *huma.Schema { return oneOf(bridge.Codes) }

// state stands for bridge.State in the same way.
type state string

// Schema implements huma.SchemaProvider.
func (state) Schema(huma.Registry) *huma.Schema { return oneOf(bridge.States) }

func oneOf[T ~string](values []T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	s.PrecomputeMessages()
	return s
}

// describeQuoted says of numbers that are written as strings that they are: huma
// does not know of the option of encoding/json.
func describeQuoted(r huma.Registry) {
	for _, field := range []struct{ schema, property string }{{"Device", "id"}, {"Message", "album"}} {
		s := r.Map()[field.schema].Properties[field.property]
		s.Type, s.Format = huma.TypeString, ""
	}
}

// answers says that GET of a path answers with something else than JSON.
func (s *Server) answers(path, contentType, description string, schema *huma.Schema) {
	s.api.OpenAPI().Paths[path].Get.Responses["200"] = &huma.Response{
		Description: description, Content: map[string]*huma.MediaType{contentType: {Schema: schema}},
	}
}

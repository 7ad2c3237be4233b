// Generate writes zclient.go of bridge/client from openapi.json, the description
// that the daemon gives of its API: by oapi-codegen, with a template of its own
// for the methods, which are a tenth as long as those that come with it and need no
// package besides the standard library.
//
// Run it by "go generate ./bridge/client".
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

var (
	//go:embed client.tmpl
	clientTemplate string
	//go:embed imports.tmpl
	importsTemplate string
)

// nothing is a template of nothing: an empty one would not take another one's place.
const nothing = `{{with ""}}
{{end}}`

func main() {
	log.SetFlags(0)
	description := flag.String("description", "openapi.json", "the description of the API")
	out := flag.String("out", "zclient.go", "the file to write")
	flag.Parse()
	content, err := os.ReadFile(*description)
	if err == nil {
		content, err = generate(content)
	}
	if err == nil {
		err = os.WriteFile(*out, content, 0o644)
	}
	if err != nil {
		log.Fatal("generate: ", err)
	}
}

// streamed are the operations that are no request and answer; client has code for
// them.
var streamed = []string{"stream-events"}

// generate returns the client of what a description describes.
func generate(description []byte) ([]byte, error) {
	description, err := prepared(description)
	if err != nil {
		return nil, err
	}
	api, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, err
	}
	codegen.TemplateFunctions["answerOf"] = answerOf
	codegen.TemplateFunctions["bodyOf"] = bodyOf
	codegen.TemplateFunctions["pagesOf"] = pagesOf
	codegen.TemplateFunctions["comment"] = comment
	version := "v2"
	code, err := codegen.Generate(api, codegen.Configuration{
		PackageName:          "client",
		NoVCSVersionOverride: &version,
		Generate:             codegen.GenerateOptions{Models: true, Client: true},
		OutputOptions: codegen.OutputOptions{
			NameNormalizer:                        string(codegen.NameNormalizerFunctionToCamelCaseWithInitialisms),
			AdditionalInitialisms:                 []string{"QR", "MIME", "PTS", "MS"},
			ExcludeOperationIDs:                   streamed,
			PreferSkipOptionalPointer:             true,
			PreferSkipOptionalPointerWithOmitzero: true,
			SkipEnumValidate:                      true,
			TypeMapping: &codegen.TypeMapping{String: codegen.FormatMapping{
				Formats: map[string]codegen.SimpleTypeSpec{"date": {Type: "string"}},
			}},
			UserTemplates: map[string]string{
				"client.tmpl": clientTemplate, "client-with-responses.tmpl": nothing, "imports.tmpl": importsTemplate,
			},
		},
		Compatibility: codegen.CompatibilityOptions{AlwaysPrefixEnumValues: true},
	})
	return []byte(code), err
}

// shared names the enumerations that several types have, by a place where each
// stands.
var shared = map[string][2]string{
	"AccountKind":   {"Account", "kind"},
	"ActionKind":    {"Action", "kind"},
	"Code":          {"Problem", "code"},
	"DeliveryState": {"Delivery", "state"},
	"EventType":     {"Event", "type"},
	"Format":        {"NewContent", "format"},
	"Priority":      {"NewMessage", "priority"},
	"State":         {"Account", "state"},
	"UpdatesBy":     {"Account", "updates_by"},
}

// prepared returns a description with what makes for a client that reads well:
// names for what is shared, pointers where the zero value means something else
// than nothing, raw JSON where it is of any kind.
func prepared(description []byte) ([]byte, error) {
	var api map[string]any
	if err := json.Unmarshal(description, &api); err != nil {
		return nil, err
	}
	schemas := at(api, "components", "schemas")
	enums, components := make(map[string]string), make(map[string]any)
	for name, where := range shared {
		field := at(schemas, where[0], "properties", where[1])
		if field["enum"] == nil {
			return nil, fmt.Errorf("%s.%s has no enumeration", where[0], where[1])
		}
		enums[fmt.Sprint(field["enum"])] = name
		components[name] = map[string]any{"type": "string", "enum": field["enum"]}
	}
	data := at(schemas, "Event", "properties", "data")
	data["x-go-type"] = "json.RawMessage"
	walk(api, func(node map[string]any) {
		if name := enums[fmt.Sprint(node["enum"])]; name != "" {
			clear(node)
			node["$ref"] = "#/components/schemas/" + name
		}
		if meaningful(node) {
			node["x-go-type-skip-optional-pointer"] = false
		}
		// Ids and places in lists are strings where they are answered.
		if node["in"] == "path" || node["in"] == "query" && (node["name"] == "after" || node["name"] == "before") {
			node["schema"] = map[string]any{"type": "string"}
		}
	})
	walk(schemas, func(node map[string]any) {
		for name := range at(node, "properties") {
			if of, ok := strings.CutSuffix(name, "_ids"); ok {
				at(node, "properties", name)["x-go-name"] = codegen.ToCamelCase(of) + "IDs"
			}
		}
	})
	maps.Copy(schemas, components)
	var b bytes.Buffer
	err := json.NewEncoder(&b).Encode(api)
	return b.Bytes(), err
}

// at returns the object that names lead to.
func at(node map[string]any, names ...string) map[string]any {
	for _, name := range names {
		node, _ = node[name].(map[string]any)
	}
	return node
}

// walk visits all objects of a document.
func walk(node any, visit func(map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(n)
		for _, child := range n {
			walk(child, visit)
		}
	case []any:
		for _, child := range n {
			walk(child, visit)
		}
	}
}

// meaningful reports whether the zero value of a schema is something that one may
// want to say, since nothing stands for another one.
func meaningful(schema map[string]any) bool {
	switch byDefault := schema["default"].(type) {
	case bool:
		return byDefault
	case float64:
		least, bounded := schema["minimum"].(float64)
		return byDefault != 0 && (!bounded || least <= 0)
	}
	return false
}

// content is what a body holds.
type content struct {
	JSON, Any bool
	Type      string // of JSON
}

// answerOf returns what an operation answers where all is well.
func answerOf(op codegen.OperationDefinition) content {
	for _, r := range op.Responses {
		if !strings.HasPrefix(r.StatusCode, "2") {
			continue
		}
		for _, c := range r.Contents {
			if c.ContentType == "application/json" {
				return content{JSON: true, Any: true, Type: c.Schema.TypeDecl()}
			}
		}
		return content{Any: op.Spec.Responses.Value(r.StatusCode).Value.Content != nil}
	}
	return content{}
}

// bodyOf returns what an operation is asked with.
func bodyOf(op codegen.OperationDefinition) content {
	for _, b := range op.Bodies {
		if b.ContentType == "application/json" {
			return content{JSON: true, Any: true, Type: b.Schema.TypeDecl()}
		}
	}
	return content{Any: op.Spec.RequestBody != nil}
}

// list is an operation that answers with a page.
type list struct {
	Name, Field, Item, Cursor string
}

// pagesOf returns how to read what an operation lists, nil if it lists nothing
// that has pages. The log of events has an end that is no last page.
func pagesOf(op codegen.OperationDefinition) *list {
	name, isList := strings.CutPrefix(op.OperationId, "List")
	answer := answerOf(op)
	if !isList || !answer.JSON || name == "Events" {
		return nil
	}
	l := &list{Name: name}
	for _, p := range op.QueryParams {
		if p.ParamName == "after" || p.ParamName == "before" {
			l.Cursor = p.GoName()
		}
	}
	schema := op.Spec.Responses.Value("200").Value.Content["application/json"].Schema.Value
	for field, of := range schema.Properties {
		if of.Value.Items != nil {
			l.Field = codegen.SchemaNameToTypeName(field)
			l.Item = codegen.SchemaNameToTypeName(strings.TrimPrefix(of.Value.Items.Ref, "#/components/schemas/"))
		}
	}
	if l.Cursor == "" || schema.Properties["next"] == nil {
		return nil
	}
	return l
}

// comment returns the comment of a method.
func comment(op codegen.OperationDefinition) string {
	text := op.OperationId + " asks the daemon to " + lowerFirst(strings.TrimSuffix(op.Summary, ".")) + "."
	if op.Spec.Description != "" {
		text += "\n\n" + op.Spec.Description
	}
	return codegen.StringToGoComment(text)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

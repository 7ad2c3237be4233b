package httpapi

import (
	"regexp"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// TestPaths finds operations that do not read what their path names.
func TestPaths(t *testing.T) {
	inPath := regexp.MustCompile(`\{(\w+)\}`)
	for path, item := range newServer(new(accounts)).OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			read := make(map[string]bool)
			for _, p := range op.Parameters {
				read[p.Name] = p.In == "path"
			}
			for _, name := range inPath.FindAllStringSubmatch(path, -1) {
				if !read[name[1]] {
					t.Errorf("%s %s does not read %s", op.Method, path, name[0])
				}
			}
		}
	}
}

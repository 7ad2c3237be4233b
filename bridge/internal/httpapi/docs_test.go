package httpapi

import (
	"strings"
	"testing"
)

// TestDocs has each operation and code on the page for people, which loads
// nothing from elsewhere.
func TestDocs(t *testing.T) {
	s := newServer(new(accounts))
	res, data, _ := ask(t, s, "", "GET", "/docs", "")
	page := string(data)
	if res.StatusCode != 200 || strings.Contains(page, "<script") || strings.Contains(page, "//unpkg") {
		t.Errorf("%d, %d bytes", res.StatusCode, len(page))
	}
	for path, item := range s.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			if !strings.Contains(page, `<section id="`+op.OperationID+`">`) || op.Summary == "" {
				t.Errorf("%s %s is not described", op.Method, path)
			}
			if len(op.Security) == 0 {
				t.Errorf("%s %s needs no key", op.Method, path)
			}
		}
	}
	for code := range statuses {
		if !strings.Contains(page, "<code>"+string(code)+"</code>") {
			t.Errorf("code %s is not listed", code)
		}
	}
}

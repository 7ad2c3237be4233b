package main

import (
	"bytes"
	"os"
	"testing"
)

// TestCommitted has the committed client be what the description gives.
func TestCommitted(t *testing.T) {
	description, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	want, err := generate(description)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../zclient.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("zclient.go is not what openapi.json gives: run go generate ./bridge/client")
	}
}

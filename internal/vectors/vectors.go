// Package vectors gives tests the protocol's test vectors: official samples
// and synthetic values, all checked independently. Call [Hex] for bytes and
// [Get] for anything else, both by path: "kdf.0.aes_key".
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var load = sync.OnceValues(func() (any, error) {
	raw, err := read()
	if err != nil {
		return nil, err
	}
	var v any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	return v, decoder.Decode(&v)
})

// read finds the file above the directory of the package under test. Where this
// file was compiled from a build with -trimpath does not know.
func read() ([]byte, error) {
	dir, err := os.Getwd()
	for err == nil {
		raw, failed := os.ReadFile(filepath.Join(dir, "internal", "testdata", "vectors.json"))
		if failed == nil || !errors.Is(failed, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return raw, failed
		}
		dir = filepath.Dir(dir)
	}
	return nil, err
}

// Get returns the value at a path of keys and indices joined by dots: a
// map[string]any, []any, string, json.Number or bool. It fails the test where
// there is none.
func Get(t testing.TB, path string) any {
	t.Helper()
	v, err := load()
	if err != nil {
		t.Fatalf("vectors: %v", err)
	}
	for _, key := range strings.Split(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			v = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(node) {
				t.Fatalf("vectors: no %q on the way of %q", key, path)
			}
			v = node[i]
		default:
			v = nil
		}
		if v == nil {
			t.Fatalf("vectors: no %q on the way of %q", key, path)
		}
	}
	return v
}

// Len returns the number of elements of the list at path.
func Len(t testing.TB, path string) int {
	t.Helper()
	list, ok := Get(t, path).([]any)
	if !ok {
		t.Fatalf("vectors: %q is not a list", path)
	}
	return len(list)
}

// String returns the string at path.
func String(t testing.TB, path string) string {
	t.Helper()
	s, ok := Get(t, path).(string)
	if !ok {
		t.Fatalf("vectors: %q is not a string", path)
	}
	return s
}

// Hex returns the bytes that the hex string at path stands for.
func Hex(t testing.TB, path string) []byte {
	t.Helper()
	p, err := hex.DecodeString(String(t, path))
	if err != nil {
		t.Fatalf("vectors: %q: %v", path, err)
	}
	return p
}

// Int returns the integer at path.
func Int(t testing.TB, path string) int64 {
	t.Helper()
	n, ok := Get(t, path).(json.Number)
	if !ok {
		t.Fatalf("vectors: %q is not a number", path)
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil {
		t.Fatalf("vectors: %q: %v", path, err)
	}
	return i
}

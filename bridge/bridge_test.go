package bridge

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestIDs(t *testing.T) {
	id, err := NewID[EventID](now, rand.Reader)
	if err != nil || !strings.HasPrefix(string(id), "evt_") || len(id) != 30 {
		t.Fatalf("%q, %v", id, err)
	}
	if got, err := ParseID[EventID](string(id)); got != id || err != nil {
		t.Errorf("parsed %q, %v", got, err)
	}
	later, err := NewID[EventID](now.Add(time.Millisecond), bytes.NewReader(make([]byte, 10)))
	if err != nil || later <= id {
		t.Errorf("%s does not sort after %s: %v", later, id, err)
	}
	if _, err := NewID[EventID](now, strings.NewReader("short")); err == nil {
		t.Error("an id without entropy")
	}
	for _, s := range []string{
		"", "evt_", "acc_" + string(id[4:]), string(id[4:]), string(id) + "0", string(id[:29]),
		"evt_" + strings.ToLower(string(id[4:])), "evt_" + strings.Repeat("Z", 26), "evt_" + string(id[4:29]) + "U",
	} {
		if got, err := ParseID[EventID](s); err == nil || got != "" {
			t.Errorf("%q became %q", s, got)
		}
	}
	prefixes := make(map[string]bool)
	for _, p := range []string{
		prefixOf[AccountID](), prefixOf[PoolID](), prefixOf[ConversationID](), prefixOf[MessageID](),
		prefixOf[EventID](), prefixOf[KeyID](), prefixOf[WebhookID](), prefixOf[AuditID](), prefixOf[SuppressionID](), prefixOf[RampID](), prefixOf[ActionID](),
	} {
		if prefixes[p] {
			t.Errorf("prefix %s stands for two kinds of things", p)
		}
		prefixes[p] = true
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("msg_01ARZ3NDEKTSV4RRFFQ69G5FAV")
	f.Add("msg_")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID[MessageID](s); err == nil && string(id) != s {
			t.Errorf("%q became %q", s, id)
		}
	})
}

func TestError(t *testing.T) {
	cause := errors.New("connection refused to 10.0.0.3")
	err := fmt.Errorf("sending: %w", &Error{Code: CodeUnavailable, Detail: "The database cannot be reached.", Err: cause})
	if !errors.Is(err, &Error{Code: CodeUnavailable}) || errors.Is(err, &Error{Code: CodeInternal}) || !errors.Is(err, cause) {
		t.Errorf("%v is not what it wraps", err)
	}
	if got := CodeOf(err); got != CodeUnavailable {
		t.Errorf("code %s", got)
	}
	if got := CodeOf(cause); got != CodeInternal {
		t.Errorf("code %s", got)
	}
	if got := Errorf(CodeNotFound, "There is no %s.", "acc_1").Error(); got != "bridge: not_found: There is no acc_1." {
		t.Error(got)
	}
}

// TestMonotonicEntropy has names of one millisecond sort as they were made.
func TestMonotonicEntropy(t *testing.T) {
	entropy := MonotonicEntropy(rand.Reader)
	var last MessageID
	for range 1000 {
		id, err := NewID[MessageID](time.UnixMilli(1), entropy)
		if err != nil || id <= last {
			t.Fatalf("%s after %s: %v", id, last, err)
		}
		last = id
	}
}

package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/tink"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

const (
	ann = bridge.AccountID("acc_ann")
	bob = bridge.AccountID("acc_bob")
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, path string) *KEK {
	t.Helper()
	k, err := OpenKEK(t.Context(), "file:"+path)
	check(t, err)
	return k
}

// TestSeal has a seal hold for its account, field and version alone, and for as
// long as the data key is there.
func TestSeal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kek.json")
	v := New(open(t, path))
	ctx := t.Context()
	key, err := v.NewKey(ctx, ann)
	check(t, err)
	secret := []byte("an auth key")
	sealed, err := v.Seal(ctx, ann, key, "session", 3, secret)
	check(t, err)
	again, err := v.Seal(ctx, ann, key, "session", 3, secret)
	check(t, err)
	if bytes.Equal(sealed.Ciphertext, again.Ciphertext) {
		t.Error("sealing twice gives the same")
	}
	for range 2 { // in this process, and in the next
		got, err := v.Open(ctx, ann, key, "session", sealed)
		check(t, err)
		if !bytes.Equal(got, secret) {
			t.Errorf("opened %q", got)
		}
		v = New(open(t, path))
	}
	other, err := v.NewKey(ctx, ann)
	check(t, err)
	bobs, err := v.NewKey(ctx, bob)
	check(t, err)
	flipped := store.Sealed{Version: 3, Ciphertext: bytes.Clone(sealed.Ciphertext)}
	flipped.Ciphertext[len(flipped.Ciphertext)/2] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another field": func() ([]byte, error) { return v.Open(ctx, ann, key, "sessio", sealed) },
		"another version": func() ([]byte, error) {
			return v.Open(ctx, ann, key, "session", store.Sealed{Version: 4, Ciphertext: sealed.Ciphertext})
		},
		"another key":     func() ([]byte, error) { return v.Open(ctx, ann, other, "session", sealed) },
		"another account": func() ([]byte, error) { return v.Open(ctx, bob, bobs, "session", sealed) },
		"a changed byte":  func() ([]byte, error) { return v.Open(ctx, ann, key, "session", flipped) },
		"nothing":         func() ([]byte, error) { return v.Open(ctx, ann, key, "session", store.Sealed{}) },
	} {
		if got, err := open(); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := New(open(t, path)).Open(ctx, bob, key, "session", sealed); err == nil {
		t.Error("a data key serves another account")
	}
}

// TestRewrap has a data key come under another key-encryption key, with what is
// sealed as it was.
func TestRewrap(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	first, second := open(t, filepath.Join(dir, "1")), open(t, filepath.Join(dir, "2"))
	v := New(first)
	key, err := v.NewKey(ctx, ann)
	check(t, err)
	sealed, err := v.Seal(ctx, ann, key, "session", 1, []byte("secret"))
	check(t, err)
	both := New(second, first)
	anew, err := both.Rewrap(ctx, ann, key)
	check(t, err)
	if anew.KEK != second.ID || key.KEK != first.ID || first.ID == second.ID {
		t.Errorf("wrapped by %s, then %s", key.KEK, anew.KEK)
	}
	after := New(second)
	if got, err := after.Open(ctx, ann, anew, "session", sealed); err != nil || string(got) != "secret" {
		t.Errorf("opened %q, %v", got, err)
	}
	_, err = after.Open(ctx, bob, key, "session", sealed)
	var unknown *UnknownKEKError
	if !errors.As(err, &unknown) || unknown.KEK != first.ID || unknown.Account != bob {
		t.Errorf("under a key that is gone: %v", err)
	}
}

// counting is a key-encryption key far away.
type counting struct {
	tink.AEADWithContext
	mu    sync.Mutex
	calls int
	fail  error
}

func (c *counting) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.fail != nil {
		return nil, c.fail
	}
	return c.AEADWithContext.DecryptWithContext(ctx, ciphertext, associated)
}

// TestOneCall has the key-encryption key asked once for an account, and again
// when it was forgotten; what failed is not remembered.
func TestOneCall(t *testing.T) {
	ctx := t.Context()
	far := &counting{AEADWithContext: open(t, filepath.Join(t.TempDir(), "kek")).aead, fail: errors.New("unreachable")}
	v := New(NewKEK("cloud", far))
	key, err := v.NewKey(ctx, ann)
	check(t, err)
	if _, err := v.Seal(ctx, ann, key, "session", 1, nil); !errors.Is(err, far.fail) {
		t.Errorf("sealed with %v", err)
	}
	far.fail = nil
	for version := range int64(10) {
		sealed, err := v.Seal(ctx, ann, key, "session", version, []byte("x"))
		check(t, err)
		_, err = v.Open(ctx, ann, key, "session", sealed)
		check(t, err)
	}
	if far.calls != 2 {
		t.Errorf("%d calls", far.calls)
	}
	v.Forget(ann)
	_, err = v.Seal(ctx, ann, key, "session", 1, nil)
	check(t, err)
	if far.calls != 3 {
		t.Errorf("%d calls after it was forgotten", far.calls)
	}
}

// TestKeyFiles has what is no key refused by name and left as it is.
func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, []byte(content), mode))
		return "file:" + path
	}
	good := filepath.Join(dir, "good")
	k := open(t, good)
	if again := open(t, good); again.ID != k.ID {
		t.Errorf("the same file is %s and %s", k.ID, again.ID)
	}
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	content, err := os.ReadFile(good)
	check(t, err)
	for url, want := range map[string]string{
		write("garbage", "garbage", 0o600):                     "garbage",
		write("empty", "", 0o600):                              "empty",
		write("half", string(content[:len(content)/2]), 0o600): "half",
		write("open", string(content), 0o644):                  "chmod",
		"file:" + filepath.Join(dir, "none", "kek"):            "none",
		"file:":          "file:PATH",
		"s3://somewhere": "s3",
		"":               "file:PATH",
	} {
		if _, err := OpenKEK(t.Context(), url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if left, err := os.ReadFile(filepath.Join(dir, "garbage")); err != nil || string(left) != "garbage" {
		t.Errorf("garbage became %q, %v", left, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".kek*")); err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestNothingPrints has no format show a key.
func TestNothingPrints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kek")
	k := open(t, path)
	v := New(k)
	key, err := v.NewKey(t.Context(), ann)
	check(t, err)
	plain, err := v.unwrap(t.Context(), ann, key)
	check(t, err)
	_, err = v.Seal(t.Context(), ann, key, "session", 1, nil)
	check(t, err)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{v, k} {
			got := fmt.Sprintf(format, value)
			for _, secret := range []string{
				string(plain), hex.EncodeToString(plain), base64.StdEncoding.EncodeToString(plain), fmt.Sprint(plain),
			} {
				if strings.Contains(got, secret) {
					t.Errorf("%s of %T shows a key", format, value)
				}
			}
			if !strings.Contains(got, k.ID) {
				t.Errorf("%s of %T is %s", format, value, got)
			}
		}
	}
}

// TestMissing names the key-encryption keys that something needs and the vault
// lacks.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, filepath.Join(dir, "a")), open(t, filepath.Join(dir, "b"))
	got := New(a, b).Missing(map[string]int64{a.ID: 3, b.ID: 1, "y": 1, "x": 2})
	if len(got) != 2 || got[0] != "x" || got[1] != "y" {
		t.Errorf("%q", got)
	}
}

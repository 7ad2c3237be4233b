package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A KEK is a key-encryption key. It prints as its name.
type KEK struct {
	ID   string // what data keys that it has wrapped are marked with
	aead tink.AEADWithContext
}

// NewKEK returns a key-encryption key that something else holds, such as a
// service in a cloud.
func NewKEK(id string, aead tink.AEADWithContext) *KEK { return &KEK{id, aead} }

// String returns the key's name.
func (k *KEK) String() string { return k.ID }

// GoString is as String.
func (k *KEK) GoString() string { return k.ID }

// LogValue is as String.
func (k *KEK) LogValue() slog.Value { return slog.StringValue(k.ID) }

// OpenKEK returns the key-encryption key that a URL names:
//
//	file:PATH    a key in a file of its own, readable by its owner alone
//	aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID[?region=REGION&endpoint=URL]
//	gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K[?endpoint=URL]
//	hcvault://HOST[:PORT]/transit/keys/NAME[?endpoint=URL]
//
// A file that does not exist is made, with a new key. Whoever has it, and the
// database, has everything: keep it apart from the backups of the database.
//
// The others are keys in AWS KMS, Google Cloud KMS and HashiCorp Vault, which
// never leave there. Credentials come from where the service's own programs
// look for them, never from the URL. OpenKEK does not ask the service: [KEK.Check]
// does, and its *KEKError says what is wrong.
func OpenKEK(ctx context.Context, url string) (*KEK, error) {
	openers := map[string]func(context.Context, string) (*KEK, error){
		"file:": openLocal, awsScheme: openAWS, gcpScheme: openGCP, vaultScheme: openVault,
	}
	for scheme, open := range openers {
		if rest, ok := strings.CutPrefix(url, scheme); ok && rest != "" {
			k, err := open(ctx, rest)
			if err == nil {
				return k, nil
			}
			if scheme != "file:" {
				rest = "…" // a mistake may have put a secret there
			}
			return nil, fmt.Errorf("vault: key-encryption key %s%s: %w", scheme, rest, err)
		}
	}
	scheme, _, _ := strings.Cut(url, ":")
	return nil, fmt.Errorf("vault: %q is no kind of key-encryption key: use file:PATH, or %s…, %s… or %s…",
		scheme, awsScheme, gcpScheme, vaultScheme)
}

// openLocal returns the key of a file.
func openLocal(_ context.Context, path string) (*KEK, error) {
	k, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createFile(path); err == nil || errors.Is(err, fs.ErrExist) {
			k, err = openFile(path)
		}
	}
	return k, err
}

// openFile reads a key. What is not a key is left as it is.
func openFile(path string) (*KEK, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fmt.Errorf("others can read it (mode %v): chmod 600 it", info.Mode().Perm())
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, errors.New("it does not hold a Tink keyset")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("its keyset is not for encryption")
	}
	id := fmt.Sprintf("local-%08x", handle.KeysetInfo().GetPrimaryKeyId())
	return &KEK{id, withContext{primitive}}, nil
}

// createFile makes a key and writes it to a file that does not exist.
func createFile(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&content)); err != nil {
		return err
	}
	defer clear(content.Bytes())
	// Written beside and linked into place: a crash leaves no half of a key.
	f, err := os.CreateTemp(filepath.Dir(path), ".kek")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content.Bytes())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// withContext is for primitives that do no I/O.
type withContext struct{ tink.AEAD }

// EncryptWithContext implements tink.AEADWithContext.
func (w withContext) EncryptWithContext(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return w.Encrypt(plaintext, associated)
}

// DecryptWithContext implements tink.AEADWithContext.
func (w withContext) DecryptWithContext(_ context.Context, ciphertext, associated []byte) ([]byte, error) {
	return w.Decrypt(ciphertext, associated)
}

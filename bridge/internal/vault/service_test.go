package vault

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
)

// services are the stand-ins, each made by a function that sets the environment
// of a test to reach it.
var services = map[string]struct {
	start            func(*testing.T) *standIn
	encrypt, decrypt string // what it calls them
}{
	"AWS":   {awsStandIn, "Encrypt", "Decrypt"},
	"GCP":   {gcpStandIn, "encrypt", "decrypt"},
	"Vault": {vaultStandIn, "encrypt", "decrypt"},
}

func onServices(t *testing.T, test func(t *testing.T, s *standIn, encrypt, decrypt string)) {
	for name, service := range services {
		t.Run(name, func(t *testing.T) { test(t, service.start(t), service.encrypt, service.decrypt) })
	}
}

func openService(t testing.TB, url string) *KEK {
	t.Helper()
	k, err := OpenKEK(t.Context(), url)
	check(t, err)
	return k
}

// TestServices has a data key wrapped by a service, bound to its account, and
// the service asked once for an account, however much is sealed.
func TestServices(t *testing.T) {
	onServices(t, func(t *testing.T, s *standIn, encrypt, decrypt string) {
		ctx := t.Context()
		k := openService(t, s.kek)
		if want, _, _ := strings.Cut(s.kek, "?"); k.ID != want {
			t.Errorf("it is called %s", k.ID)
		}
		key, err := New(k).NewKey(ctx, ann)
		check(t, err)
		v := New(k) // as after a restart
		for version := range int64(20) {
			sealed, err := v.Seal(ctx, ann, key, "session", version, []byte("secret"))
			check(t, err)
			got, err := v.Open(ctx, ann, key, "session", sealed)
			check(t, err)
			if string(got) != "secret" {
				t.Errorf("opened %q", got)
			}
		}
		if s.count(encrypt) != 1 || s.count(decrypt) != 1 {
			t.Errorf("%d and %d calls for one account", s.count(encrypt), s.count(decrypt))
		}
		_, err = v.Seal(ctx, bob, key, "session", 1, nil)
		if !errors.Is(err, &KEKError{Reason: KEKRefused}) {
			t.Errorf("a data key serves another account: %v", err)
		}
		check(t, k.Check(ctx))
	})
}

// TestMoving has a data key move from each service to each other.
func TestMoving(t *testing.T) {
	var keks []*KEK
	for _, service := range services {
		keks = append(keks, openService(t, service.start(t).kek))
	}
	keks = append(keks, open(t, t.TempDir()+"/kek"))
	key, err := New(keks[0]).NewKey(t.Context(), ann)
	check(t, err)
	sealed, err := New(keks[0]).Seal(t.Context(), ann, key, "session", 1, []byte("secret"))
	check(t, err)
	for _, k := range keks[1:] {
		key, err = New(k, keks...).Rewrap(t.Context(), ann, key)
		check(t, err)
		got, err := New(k).Open(t.Context(), ann, key, "session", sealed)
		if err != nil || string(got) != "secret" || key.KEK != k.ID {
			t.Errorf("under %v: %q, %v", k, got, err)
		}
	}
}

// refused checks what an error says, and that it gives nothing away.
func refused(t testing.TB, s *standIn, err error, reason Reason, want string) {
	t.Helper()
	if !errors.Is(err, &KEKError{Reason: reason}) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s and %q", err, reason, want)
		return
	}
	for _, secret := range s.secrets {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v holds a secret", err)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\t") {
		t.Errorf("%q has several lines", err)
	}
}

// TestServiceErrors has errors say what was wrong, whatever the service.
func TestServiceErrors(t *testing.T) {
	onServices(t, func(t *testing.T, s *standIn, _, _ string) {
		ctx := t.Context()
		k := openService(t, s.kek)
		key, err := New(k).NewKey(ctx, ann)
		check(t, err)
		refused(t, s, openService(t, s.missing).Check(ctx), KEKNotFound, "")
		for status, reason := range map[int]Reason{
			http.StatusForbidden: KEKDenied, http.StatusServiceUnavailable: KEKUnreachable,
			http.StatusTooManyRequests: KEKUnreachable, http.StatusBadGateway: KEKUnreachable,
			http.StatusOK: KEKUnreachable,
		} {
			s.answer(status, "<html>"+strings.Join(s.secrets, "\n"))
			_, err = New(k).Seal(ctx, ann, key, "session", 1, nil)
			refused(t, s, err, reason, "")
		}
		ended, cancel := context.WithCancel(ctx)
		s.failWith(func(w http.ResponseWriter, _ string) bool {
			cancel() // while the request is under way
			panic(http.ErrAbortHandler)
		})
		_, err = New(k).Seal(ended, ann, key, "session", 1, nil)
		refused(t, s, err, KEKUnreachable, "canceled")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v is not a cancellation", err)
		}
		_, err = New(k).Seal(ctx, ann, key, "session", 1, nil)
		refused(t, s, err, KEKUnreachable, "EOF")
		s.Close()
		_, err = New(k).Seal(ctx, ann, key, "session", 1, nil)
		refused(t, s, err, KEKUnreachable, "connection refused")
	})
}

func TestAWSErrors(t *testing.T) {
	s := awsStandIn(t)
	k := openService(t, s.kek)
	for _, test := range []struct {
		status        int
		code, message string
		reason        Reason
		want          string
	}{
		{400, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized", KEKDenied, "user/x is not"},
		{400, "com.amazonaws.kms#NotFoundException:http://internal.amazon.com/coral/", "Invalid arn", KEKNotFound, "NotFoundException: Invalid"},
		{400, "DisabledException", awsARN + " is disabled.", KEKRefused, "is disabled"},
		{400, "ThrottlingException", "Rate exceeded", KEKUnreachable, "Rate exceeded"},
		{500, "KMSInternalException", "", KEKUnreachable, "KMSInternalException"},
		{400, "ExpiredTokenException", "The security token included in the request is expired", KEKDenied, "expired"},
		{403, "SignatureDoesNotMatch", "It does not match.\n\nThe Canonical String is x-amz-security-token:" + awsToken,
			KEKDenied, "It does not match."},
		{400, "ValidationException", strings.Repeat("ü", 1000), KEKRefused, "ü…"},
	} {
		s.failWith(func(w http.ResponseWriter, _ string) bool {
			awsRefuses(w, test.status, test.code, test.message)
			return true
		})
		refused(t, s, k.Check(t.Context()), test.reason, test.want)
	}
	s.failWith(nil)
	for _, change := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"} {
		t.Run(change, func(t *testing.T) {
			t.Setenv(change, "another")
			refused(t, s, openService(t, s.kek).Check(t.Context()), KEKDenied, "InvalidSignatureException")
		})
	}
	t.Run("another region", func(t *testing.T) {
		refused(t, s, openService(t, s.kek+"&region=us-east-1").Check(t.Context()), KEKDenied, "us-east-1/kms")
	})
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	refused(t, s, openService(t, s.kek).Check(t.Context()), KEKDenied, "no credentials for AWS")
}

func TestGCPErrors(t *testing.T) {
	s := gcpStandIn(t)
	k := openService(t, s.kek)
	s.failWith(func(w http.ResponseWriter, verb string) bool {
		if verb != "encrypt" {
			return false
		}
		gcpRefuses(w, 403, "PERMISSION_DENIED", "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied")
		return true
	})
	refused(t, s, k.Check(t.Context()), KEKDenied, "useToEncrypt")
	for name, answer := range map[string]string{
		"nothing verified": `{"name":"` + gcpKeyName + `/cryptoKeyVersions/1","ciphertext":"AAAA","ciphertextCrc32c":"` +
			gcpSum([]byte{0, 0, 0}) + `"}`,
		"another checksum": `{"name":"` + gcpKeyName + `/cryptoKeyVersions/1","ciphertext":"AAAA","ciphertextCrc32c":"1",` +
			`"verifiedPlaintextCrc32c":true,"verifiedAdditionalAuthenticatedDataCrc32c":true}`,
		"no checksum": `{"plaintext":"AAAA"}`,
		"another key": `{"name":"projects/q","ciphertext":"AAAA","ciphertextCrc32c":"` + gcpSum([]byte{0, 0, 0}) + `",` +
			`"verifiedPlaintextCrc32c":true,"verifiedAdditionalAuthenticatedDataCrc32c":true}`,
	} {
		s.answer(200, answer)
		if name == "no checksum" {
			_, err := k.aead.DecryptWithContext(t.Context(), []byte("x"), nil)
			refused(t, s, err, KEKUnreachable, "checksum")
			continue
		}
		want := map[bool]string{true: "another key", false: "checksum"}[name == "another key"]
		refused(t, s, k.Check(t.Context()), KEKUnreachable, want)
	}
	anew := openService(t, s.kek)
	s.answer(400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)
	refused(t, s, anew.Check(t.Context()), KEKDenied, "no token: invalid_grant")
	s.answer(500, gcpToken)
	refused(t, s, anew.Check(t.Context()), KEKUnreachable, "no token")
	for _, content := range []string{"", "{}", `{"type":"service_account","private_key":"hidden"}`} {
		path := t.TempDir() + "/account.json"
		check(t, os.WriteFile(path, []byte(content), 0o600))
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
		k, err := OpenKEK(t.Context(), s.kek)
		if err == nil {
			err = k.Check(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "credentials for Google Cloud") || strings.Contains(err.Error(), "hidden") {
			t.Error(err)
		}
	}
}

func TestVaultErrors(t *testing.T) {
	s := vaultStandIn(t)
	refused(t, s, openService(t, strings.Replace(s.kek, "godwit", "none", 1)).Check(t.Context()), KEKDenied, "permission denied")
	_, err := openService(t, strings.Replace(s.kek, "godwit", "none", 1)).aead.DecryptWithContext(t.Context(), []byte("vault:v1:AAAA"), nil)
	refused(t, s, err, KEKNotFound, "encryption key not found")
	refused(t, s, openService(t, s.missing).Check(t.Context()), KEKNotFound, "no handler for route")
	k := openService(t, s.kek)
	s.answer(503, `{"errors":["Vault is sealed"]}`)
	refused(t, s, k.Check(t.Context()), KEKUnreachable, "Vault is sealed")
	s.answer(200, `{"data":{}}`)
	refused(t, s, k.Check(t.Context()), KEKUnreachable, "its answer cannot be read")
	_, err = k.aead.DecryptWithContext(t.Context(), []byte("vault:v1:AAAA"), nil)
	refused(t, s, err, KEKUnreachable, "its answer cannot be read")
	s.failWith(nil)
	t.Setenv("VAULT_TOKEN", "another") // as it is renewed while the daemon runs
	refused(t, s, k.Check(t.Context()), KEKDenied, "permission denied")
	t.Setenv("VAULT_TOKEN", vaultToken)
	check(t, k.Check(t.Context()))
	check(t, openService(t, "hcvault://elsewhere/transit/keys/godwit?endpoint="+s.URL).Check(t.Context()))
	t.Setenv("VAULT_CACERT", "")
	refused(t, s, openService(t, s.kek).Check(t.Context()), KEKUnreachable, "certificate")
}

// TestKEKURLs has mistakes in URLs named, without what may be secret in them.
func TestKEKURLs(t *testing.T) {
	for url, want := range map[string]string{
		"aws-kms://":                                            "aws-kms",
		"aws-kms://alias/x":                                     "arn:aws:kms:REGION",
		"aws-kms://" + awsARN + "?secret=hidden":                `"secret" cannot stand`,
		"aws-kms://" + awsARN + "?region=a&region=b":            "not twice",
		"aws-kms://" + awsARN + "?endpoint=hidden":              "https://HOST",
		"aws-kms://" + awsARN + "?%zz=hidden":                   "behind the ?",
		"gcp-kms://projects/p":                                  "projects/PROJECT/locations",
		"gcp-kms://" + gcpKeyName + "?region=hidden":            `"region" cannot stand`,
		"hcvault://vault":                                       "hcvault://HOST[:PORT]/transit",
		"hcvault://hidden@vault/transit/keys/k":                 "hcvault://HOST[:PORT]/transit",
		"hcvault://v/transit/keys/k?endpoint=http://u:hidden@h": "without a user",
	} {
		_, err := OpenKEK(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// forgetful unwraps something else than it was given.
type forgetful struct{ withContext }

func (forgetful) DecryptWithContext(context.Context, []byte, []byte) ([]byte, error) {
	return bytes.Repeat([]byte{1}, dataKeySize), nil
}

func TestCheck(t *testing.T) {
	k := open(t, t.TempDir()+"/kek")
	check(t, k.Check(t.Context()))
	err := NewKEK("odd", forgetful{k.aead.(withContext)}).Check(t.Context())
	if !errors.Is(err, &KEKError{Reason: KEKRefused}) {
		t.Error(err)
	}
}

package vault

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVaultSettings has settings that cannot be used named, not shown.
func TestVaultSettings(t *testing.T) {
	for _, name := range []string{
		"VAULT_CACERT", "VAULT_CACERT_BYTES", "VAULT_CAPATH", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY", "VAULT_SKIP_VERIFY",
	} {
		t.Setenv(name, "")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	check(t, os.WriteFile(secret, []byte("hidden"), 0o600))
	for _, test := range []struct {
		set  map[string]string
		want string
	}{
		{map[string]string{"VAULT_CACERT": secret}, "VAULT_CACERT holds no certificate"},
		{map[string]string{"VAULT_CACERT": secret + "-none"}, "VAULT_CACERT cannot be read"},
		{map[string]string{"VAULT_CACERT_BYTES": "hidden"}, "VAULT_CACERT_BYTES holds no certificate"},
		{map[string]string{"VAULT_CAPATH": filepath.Dir(secret)}, "VAULT_CAPATH holds no certificate"},
		{map[string]string{"VAULT_CAPATH": secret}, "VAULT_CAPATH cannot be read"},
		{map[string]string{"VAULT_CLIENT_CERT": secret}, "go together"},
		{map[string]string{"VAULT_CLIENT_CERT": secret, "VAULT_CLIENT_KEY": secret}, "are no certificate and its key"},
		{map[string]string{"VAULT_SKIP_VERIFY": "hidden"}, "VAULT_SKIP_VERIFY is neither"},
	} {
		t.Run(test.want, func(t *testing.T) {
			for name, value := range test.set {
				t.Setenv(name, value)
			}
			_, err := OpenKEK(t.Context(), "hcvault://vault/transit/keys/k")
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hidden") {
				t.Error(err)
			}
		})
	}
}

// TestVaultTrust trusts a server by each setting that says so, and sends the
// namespace.
func TestVaultTrust(t *testing.T) {
	s := vaultStandIn(t)
	t.Setenv("VAULT_CACERT", "")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "ca.pem"), certificate, 0o600))
	check(t, os.Mkdir(filepath.Join(dir, "more"), 0o700))
	for name, value := range map[string]string{
		"VAULT_CACERT_BYTES": string(certificate), "VAULT_CAPATH": dir, "VAULT_SKIP_VERIFY": "true",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			check(t, openService(t, s.kek).Check(t.Context()))
		})
	}
	t.Run("namespace", func(t *testing.T) {
		t.Setenv("VAULT_NAMESPACE", "birds/")
		var got string
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("X-Vault-Namespace")
			s.serveVault(w, r, r.URL.Path[len("/v1/transit/"):len("/v1/transit/encrypt")], "godwit")
		}))
		defer front.Close()
		check(t, openService(t, "hcvault://h/transit/keys/godwit?endpoint="+front.URL).Check(t.Context()))
		if got != "birds/" {
			t.Errorf("the namespace is %q", got)
		}
	})
}

// TestVaultStandby follows a standby node to the active one, and not out of TLS.
func TestVaultStandby(t *testing.T) {
	s := vaultStandIn(t)
	var to string
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
	})
	standby := httptest.NewServer(redirect)
	defer standby.Close()
	to = s.URL
	url := "hcvault://h/transit/keys/godwit?endpoint="
	check(t, openService(t, url+standby.URL).Check(t.Context()))

	t.Setenv("VAULT_SKIP_VERIFY", "1")
	reached := false
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer plain.Close()
	encrypted := httptest.NewTLSServer(redirect)
	defer encrypted.Close()
	to = plain.URL
	refused(t, s, openService(t, url+encrypted.URL).Check(t.Context()), KEKRefused, "Temporary Redirect")
	to = encrypted.URL // in circles
	refused(t, s, openService(t, url+encrypted.URL).Check(t.Context()), KEKRefused, "Temporary Redirect")
	if reached {
		t.Error("the token has gone over the network in the clear")
	}
}

// TestAWSEndpoint asks where a key's partition and region have KMS.
func TestAWSEndpoint(t *testing.T) {
	awsStandIn(t)
	for url, want := range map[string]string{
		"aws-kms://" + awsARN:                                               "https://kms.eu-central-1.amazonaws.com/",
		"aws-kms://" + awsARN + "?region=eu-west-1":                         "https://kms.eu-west-1.amazonaws.com/",
		"aws-kms://arn:aws-cn:kms:cn-north-1:111122223333:alias/x":          "https://kms.cn-north-1.amazonaws.com.cn/",
		"aws-kms://arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/x":     "https://kms.us-gov-east-1.amazonaws.com/",
		"aws-kms://arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/x":      "https://kms.eusc-de-east-1.amazonaws.eu/",
		"aws-kms://" + awsARN + "?endpoint=https://vpce-1.kms.example.com/": "https://vpce-1.kms.example.com/",
	} {
		key := openService(t, url).aead.(*service).aead.(*awsKey)
		if key.endpoint != want || !strings.Contains(want, key.region) && !strings.Contains(url, "endpoint") {
			t.Errorf("%s: %s in %s", url, key.endpoint, key.region)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://localhost:4566/")
	if got := openService(t, "aws-kms://"+awsARN).aead.(*service).aead.(*awsKey).endpoint; got != "http://localhost:4566/" {
		t.Error(got)
	}
}

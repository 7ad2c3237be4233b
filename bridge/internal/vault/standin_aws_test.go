package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

const (
	awsKeyID  = "AKIAEXAMPLEEXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	awsToken  = "a session token, which is as good as a password"
	awsARN    = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// awsStandIn serves Encrypt and Decrypt of AWS KMS over its JSON 1.1 protocol
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
func awsStandIn(t *testing.T) *standIn {
	s := newStandIn(t)
	s.Server = httptest.NewServer(http.HandlerFunc(s.serveAWS))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": awsKeyID, "AWS_SECRET_ACCESS_KEY": awsSecret, "AWS_SESSION_TOKEN": awsToken,
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	s.secrets = []string{awsSecret, awsToken}
	s.kek = "aws-kms://" + awsARN + "?endpoint=" + s.URL
	s.missing = strings.Replace(s.kek, "1234abcd", "ffffffff", 1)
	return s
}

func awsRefuses(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

func (s *standIn) serveAWS(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	verb, known := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	if err != nil || !known || r.Method != http.MethodPost || r.URL.Path != "/" ||
		r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		awsRefuses(w, 400, "UnknownOperationException", "")
		return
	}
	if problem := checkSignature(r, body); problem != "" {
		awsRefuses(w, 400, "InvalidSignatureException", problem)
		return
	}
	if !s.answers(w, verb) {
		return
	}
	var in struct {
		KeyID                     string `json:"KeyId"`
		Plaintext, CiphertextBlob []byte
		EncryptionContext         map[string]string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		awsRefuses(w, 400, "SerializationException", err.Error())
		return
	}
	if in.KeyID != awsARN {
		awsRefuses(w, 400, "NotFoundException", "Key '"+in.KeyID+"' does not exist")
		return
	}
	context, err := json.Marshal(in.EncryptionContext) // in the order of the names
	if err != nil {
		awsRefuses(w, 500, "KMSInternalException", "")
		return
	}
	out := map[string]any{"KeyId": awsARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
	switch verb {
	case "Encrypt":
		out["CiphertextBlob"] = s.seal(in.Plaintext, context)
	case "Decrypt":
		plaintext, ok := s.open(in.CiphertextBlob, context)
		if !ok {
			awsRefuses(w, 400, "InvalidCiphertextException", "")
			return
		}
		out["Plaintext"] = plaintext
	default:
		awsRefuses(w, 400, "UnknownOperationException", "")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	json.NewEncoder(w).Encode(out)
}

// checkSignature says what is wrong with the signature of a request, by version
// 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
func checkSignature(r *http.Request, body []byte) string {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	fields := make(map[string]string)
	for part := range strings.SplitSeq(rest, ", ") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	if !ok || len(date) < 8 {
		return "it is not signed"
	}
	scope := date[:8] + "/eu-central-1/kms/aws4_request"
	if fields["Credential"] != awsKeyID+"/"+scope {
		return "the credential is " + fields["Credential"]
	}
	if r.Header.Get("X-Amz-Security-Token") != awsToken {
		return "the session token is another"
	}
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + r.URL.RawQuery + "\n"
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	canonical += "\n" + fields["SignedHeaders"] + "\n" + hexSHA256(body)
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hexSHA256([]byte(canonical))
	key := []byte("AWS4" + awsSecret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	if want := hex.EncodeToString(hmacSHA256(key, toSign)); fields["Signature"] != want {
		return fmt.Sprintf("the signature does not match\n\nThe Canonical String is %s", canonical)
	}
	return ""
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

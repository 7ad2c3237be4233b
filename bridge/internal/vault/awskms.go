package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

const awsScheme = "aws-kms://"

// arn is the name of a key or of an alias of one
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
var arn = regexp.MustCompile(`^arn:(aws[a-z-]*):kms:([a-z0-9-]+):[0-9]{12}:(key|alias)/[A-Za-z0-9:/_-]+$`)

// openAWS returns a key in AWS KMS. Who we are comes from where AWS's own
// programs look: the environment, ~/.aws, the machine's or the container's role.
func openAWS(ctx context.Context, rest string) (*KEK, error) {
	t, err := parseTarget(rest, "region", "endpoint")
	if err != nil {
		return nil, err
	}
	found := arn.FindStringSubmatch(t.name)
	if found == nil {
		return nil, errors.New("it is not of the form aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID")
	}
	if t.region == "" {
		t.region = found[2]
	}
	// When to try again is for the caller to say.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(t.region),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		return nil, errors.New("AWS's configuration cannot be read: " + detail(err.Error()))
	}
	switch {
	case t.endpoint != "":
	case cfg.BaseEndpoint != nil: // AWS_ENDPOINT_URL
		t.endpoint = strings.TrimSuffix(*cfg.BaseEndpoint, "/")
	default:
		t.endpoint = "https://kms." + t.region + "." + awsDomain(found[1])
	}
	key := &awsKey{
		client: &http.Client{Timeout: callTimeout}, endpoint: t.endpoint + "/", region: t.region, arn: t.name,
		credentials: cfg.Credentials, signer: v4.NewSigner(),
	}
	return remoteKEK(&service{awsScheme + t.name, key, explainAWS}), nil
}

// awsDomain returns what the names of a partition's services end in
// (https://docs.aws.amazon.com/general/latest/gr/kms.html and, for the others,
// partitions.json of AWS's SDKs).
func awsDomain(partition string) string {
	switch partition {
	case "aws-cn":
		return "amazonaws.com.cn"
	case "aws-iso":
		return "c2s.ic.gov"
	case "aws-iso-b":
		return "sc2s.sgov.gov"
	case "aws-iso-e":
		return "cloud.adc-e.uk"
	case "aws-iso-f":
		return "csp.hci.ic.gov"
	case "aws-eusc":
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// An awsKey asks the service by its JSON protocol
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html), as
// Tink's client does: what is associated stands in hexadecimal in the context.
// AWS's own client of KMS takes longer to build than all of this package.
type awsKey struct {
	client      *http.Client
	endpoint    string
	region      string
	arn         string
	credentials aws.CredentialsProvider // keeps what it has found
	signer      *v4.Signer
}

// awsContext is the name of what is associated.
const awsContext = "associatedData"

// awsMessage is what is asked and answered.
type awsMessage struct {
	KeyID      string            `json:"KeyId"`
	Plaintext  []byte            `json:"Plaintext,omitempty"`
	Ciphertext []byte            `json:"CiphertextBlob,omitempty"`
	Context    map[string]string `json:"EncryptionContext,omitempty"`
}

// An awsError is a refusal.
type awsError struct {
	status  int
	code    string
	message string
}

func (e *awsError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

type credentialsError struct{ error }

// EncryptWithContext implements tink.AEADWithContext.
func (k *awsKey) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "Encrypt", &awsMessage{Plaintext: plaintext}, associated)
	if err != nil {
		return nil, err
	}
	if len(answer.Ciphertext) == 0 {
		return nil, errCorrupted
	}
	return answer.Ciphertext, nil
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *awsKey) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	answer, err := k.ask(ctx, "Decrypt", &awsMessage{Ciphertext: ciphertext}, associated)
	if err != nil {
		return nil, err
	}
	if len(answer.Plaintext) == 0 {
		return nil, errCorrupted
	}
	return answer.Plaintext, nil
}

func (k *awsKey) ask(ctx context.Context, verb string, question *awsMessage, associated []byte) (*awsMessage, error) {
	question.KeyID = k.arn
	if len(associated) > 0 {
		question.Context = map[string]string{awsContext: hex.EncodeToString(associated)}
	}
	var answer awsMessage
	if err := ask(ctx, k.client, http.MethodPost, k.endpoint, question, &answer, func(request *http.Request, body []byte) error {
		request.Header.Set("Content-Type", "application/x-amz-json-1.1")
		request.Header.Set("X-Amz-Target", "TrentService."+verb)
		return k.sign(request, body)
	}, awsRefusal); err != nil {
		return nil, err
	}
	return &answer, nil
}

func (k *awsKey) sign(request *http.Request, body []byte) error {
	ctx := request.Context()
	who, err := k.credentials.Retrieve(ctx)
	if err == nil {
		sum := sha256.Sum256(body)
		err = k.signer.SignHTTP(ctx, who, request, hex.EncodeToString(sum[:]), "kms", k.region, time.Now())
	}
	if err != nil {
		return credentialsError{err}
	}
	return nil
}

// awsRefusal reads an error of the JSON protocol
// (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html): its code may
// have a namespace before it and a URL behind.
func awsRefusal(response *http.Response, content []byte) error {
	var said struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or Message
	}
	if json.Unmarshal(content, &said) != nil {
		return &awsError{status: response.StatusCode} // of something in between
	}
	code := response.Header.Get("X-Amzn-Errortype")
	if code == "" {
		code = said.Type
	}
	code, _, _ = strings.Cut(code, ":")
	return &awsError{response.StatusCode, code[strings.LastIndexByte(code, '#')+1:], said.Message}
}

// awsReasons are the errors that are not what their status says: nearly all of
// KMS's come with 400
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html).
var awsReasons = map[string]Reason{
	"NotFoundException":           KEKNotFound,
	"AccessDeniedException":       KEKDenied,
	"UnrecognizedClientException": KEKDenied,
	"InvalidSignatureException":   KEKDenied,
	"SignatureDoesNotMatch":       KEKDenied,
	"IncompleteSignature":         KEKDenied,
	"MissingAuthenticationToken":  KEKDenied,
	"InvalidClientTokenId":        KEKDenied,
	"ExpiredTokenException":       KEKDenied,
	"OptInRequired":               KEKDenied,
	"NotAuthorized":               KEKDenied,
	"ThrottlingException":         KEKUnreachable,
	"KeyUnavailableException":     KEKUnreachable,
}

func explainAWS(err error) (Reason, string) {
	var credentials credentialsError
	var answer *awsError
	switch {
	case errors.As(err, &credentials):
		return KEKDenied, "no credentials for AWS are found, or they cannot be renewed"
	case errors.Is(err, errCorrupted):
		return KEKUnreachable, "its answer cannot be read"
	case !errors.As(err, &answer):
		return KEKUnreachable, networkDetail(err)
	case answer.code == "":
		return reasonOf(answer.status), http.StatusText(answer.status)
	}
	reason, known := awsReasons[answer.code]
	if !known {
		reason = reasonOf(answer.status)
	}
	return reason, detail(answer.code, answer.message)
}

package vault

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const awsScheme = "aws-kms://"

// arn is the name of a key or of an alias of one
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
var arn = regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(key|alias)/[A-Za-z0-9:/_-]+$`)

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
		t.region = found[1]
	}
	// When to try again is for the caller to say.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(t.region),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		return nil, errors.New("AWS's configuration cannot be read: " + detail(err.Error()))
	}
	client := kms.NewFromConfig(cfg, func(o *kms.Options) {
		if t.endpoint != "" {
			o.BaseEndpoint = &t.endpoint
		}
	})
	aead, err := awskms.NewAEADWithContext(ctx, t.name, awskms.WithKMS(client))
	if err != nil {
		return nil, err
	}
	return remoteKEK(&service{awsScheme + t.name, &awsKey{aead, cfg.Credentials}, explainAWS}), nil
}

// An awsKey tells errors of finding credentials from those of their use.
type awsKey struct {
	tink.AEADWithContext
	credentials aws.CredentialsProvider
}

type credentialsError struct{ error }

func (k *awsKey) present(ctx context.Context) error {
	if _, err := k.credentials.Retrieve(ctx); err != nil { // which keeps them
		return credentialsError{err}
	}
	return nil
}

// EncryptWithContext implements tink.AEADWithContext.
func (k *awsKey) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	if err := k.present(ctx); err != nil {
		return nil, err
	}
	return k.AEADWithContext.EncryptWithContext(ctx, plaintext, associated)
}

// DecryptWithContext implements tink.AEADWithContext.
func (k *awsKey) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	if err := k.present(ctx); err != nil {
		return nil, err
	}
	return k.AEADWithContext.DecryptWithContext(ctx, ciphertext, associated)
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
	if errors.As(err, &credentials) {
		return KEKDenied, "no credentials for AWS are found, or they cannot be renewed"
	}
	status := 0
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		status = response.HTTPStatusCode()
	}
	var answer smithy.APIError
	switch {
	case errors.As(err, &answer):
		reason, known := awsReasons[answer.ErrorCode()]
		if !known {
			reason = reasonOf(status)
		}
		return reason, detail(answer.ErrorCode(), answer.ErrorMessage())
	case status >= 200 && status < 300:
		return KEKUnreachable, "its answer cannot be read"
	case status != 0:
		return reasonOf(status), http.StatusText(status)
	}
	return KEKUnreachable, networkDetail(err)
}

package httpapi

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"godwit/bridge"
)

// A Problem is the answer to a request that failed (RFC 9457).
type Problem struct {
	Type    string              `json:"type" doc:"urn:godwit:problem: and the code." example:"urn:godwit:problem:not_found"`
	Title   string              `json:"title" doc:"The status in words." example:"Not Found"`
	Status  int                 `json:"status" example:"404"`
	Code    bridge.Code         `json:"code" doc:"For programs; the set of codes is closed." example:"not_found"`
	Detail  string              `json:"detail" doc:"What was wrong and what to do, for people."`
	RetryAt *time.Time          `json:"retry_at,omitempty" doc:"From when on it can be tried again."`
	Errors  []*huma.ErrorDetail `json:"errors,omitempty" doc:"Which fields of the request are wrong."`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the status of the response.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the media type of problem documents.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// statuses are those of the codes.
var statuses = map[bridge.Code]int{
	bridge.CodeInternal:          http.StatusInternalServerError,
	bridge.CodeUnavailable:       http.StatusServiceUnavailable,
	bridge.CodeInvalidRequest:    http.StatusUnprocessableEntity,
	bridge.CodeUnauthorized:      http.StatusUnauthorized,
	bridge.CodeForbidden:         http.StatusForbidden,
	bridge.CodeNotFound:          http.StatusNotFound,
	bridge.CodeConflict:          http.StatusConflict,
	bridge.CodeIdempotencyReused: http.StatusUnprocessableEntity,
	bridge.CodeAccountNotOnline:  http.StatusConflict,
	bridge.CodeAccountRestricted: http.StatusConflict,
	bridge.CodeAccountBanned:     http.StatusConflict,
	bridge.CodeBudgetExhausted:   http.StatusTooManyRequests,
	bridge.CodeSuppressed:        http.StatusForbidden,
	bridge.CodeFloodWait:         http.StatusTooManyRequests,
	bridge.CodeTelegramRefused:   http.StatusUnprocessableEntity,
	bridge.CodeSurfaceUnable:     http.StatusUnprocessableEntity,
	bridge.CodeLoginCodeInvalid:  http.StatusUnprocessableEntity,
	bridge.CodeLoginExpired:      http.StatusGone,
	bridge.CodePasswordInvalid:   http.StatusUnprocessableEntity,
	bridge.CodeOtherAccount:      http.StatusConflict,
	bridge.CodeOutcomeUnknown:    http.StatusBadGateway,
	bridge.CodeTooLarge:          http.StatusRequestEntityTooLarge,
}

// problemOf returns what a user is told of an error. Of errors that are no
// *bridge.Error nothing is told: they go to the log.
func problemOf(err error) *Problem {
	var e *bridge.Error
	if !errors.As(err, &e) {
		e = bridge.Errorf(bridge.CodeInternal, "The bridge has failed; its log says how.")
	}
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	p := &Problem{
		Type: "urn:godwit:problem:" + string(e.Code), Title: http.StatusText(status), Status: status,
		Code: e.Code, Detail: e.Detail,
	}
	if !e.RetryAt.IsZero() {
		p.RetryAt = &e.RetryAt
	}
	return p
}

// headers are those that go with a problem.
func (p *Problem) headers(now time.Time) http.Header {
	h := make(http.Header)
	if p.RetryAt != nil {
		seconds := max(0, math.Ceil(p.RetryAt.Sub(now).Seconds()))
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// The package has one way to say that a request is wrong, for huma too: it
// finds the function that makes its errors in a variable.
func init() {
	validation.MsgExpectedRequiredProperty = "the field %q is missing"
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		p := problemOf(bridge.Errorf(codeOfStatus(status), "%s", message))
		p.Status, p.Title = status, http.StatusText(status)
		for _, err := range errs {
			var d huma.ErrorDetailer
			switch {
			case err == nil:
			case errors.As(err, &d):
				detail := *d.ErrorDetail()
				detail.Value = nil // it can be a password
				p.Errors = append(p.Errors, &detail)
			default:
				p.Errors = append(p.Errors, &huma.ErrorDetail{Message: err.Error()})
			}
		}
		if len(p.Errors) > 0 {
			p.Detail = fmt.Sprintf("%s: %s", p.Detail, describe(p.Errors[0]))
		}
		return p
	}
}

func describe(d *huma.ErrorDetail) string {
	if d.Location == "" {
		return d.Message
	}
	return d.Location + ": " + d.Message
}

// codeOfStatus is for errors of huma's own.
func codeOfStatus(status int) bridge.Code {
	switch {
	case status == http.StatusNotFound:
		return bridge.CodeNotFound
	case status == http.StatusUnauthorized:
		return bridge.CodeUnauthorized
	case status == http.StatusForbidden:
		return bridge.CodeForbidden
	case status == http.StatusRequestEntityTooLarge:
		return bridge.CodeTooLarge
	case status >= http.StatusInternalServerError:
		return bridge.CodeInternal
	default:
		return bridge.CodeInvalidRequest
	}
}

package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"godwit/tg"
)

// A QR is what another device of the account has to scan, within half a minute
// or so (R-LG-30):
//
//	new device                          Telegram                 signed-in device
//	    ├── auth.exportLoginToken ──────▶│                              │
//	    │◀───────────── auth.loginToken ─┤                              │
//	    │  ─ ─ ─ ─ ─ ─ ─ QR code ─ ─ ─ ─ ┼ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ▶│
//	    │                                │◀─── auth.acceptLoginToken ───┤
//	    │◀──────────── updateLoginToken ─┤                              │
//	    ├── auth.exportLoginToken ──────▶│
//	    │◀────── auth.loginTokenSuccess ─┤  or auth.loginTokenMigrateTo, then
//	    │                                │  auth.importLoginToken on that DC
type QR struct {
	Token   []byte    `json:"token"`
	URL     string    `json:"url"`     // what the QR code is to hold
	Expires time.Time `json:"expires"` // by the server's clock
}

// exportToken gets a token to show, or the sign-in if the one before has been
// accepted. A token that expires on the way to another data centre is replaced
// by one of that data centre.
func (f *Flow) exportToken(ctx context.Context) error {
	for range maxRestarts {
		answer, err := tg.Call(ctx, f.o.Remote, &tg.AuthExportLoginToken{
			APIID: int32(f.o.APIID), APIHash: f.o.APIHash, ExceptIDs: f.o.ExceptIDs,
		})
		if err != nil {
			return f.refused(ctx, err)
		}
		elsewhere, ok := answer.(*tg.AuthLoginTokenMigrateTo)
		if !ok {
			return f.gotToken(ctx, answer)
		}
		if err := f.o.Remote.SetDC(int(elsewhere.DCID)); err != nil {
			return fmt.Errorf("signin: the account is on another data centre: %w", err)
		}
		answer, err = tg.Call(ctx, f.o.Remote, &tg.AuthImportLoginToken{Token: elsewhere.Token})
		switch {
		case errors.Is(err, tg.ErrAuthTokenExpired):
		case err != nil:
			return f.refused(ctx, err)
		default:
			return f.gotToken(ctx, answer)
		}
	}
	return fmt.Errorf("signin: %w", tg.ErrAuthTokenExpired)
}

// gotToken deals with what a token has become.
func (f *Flow) gotToken(ctx context.Context, answer tg.AuthLoginTokenClass) error {
	switch answer := answer.(type) {
	case *tg.AuthLoginTokenSuccess:
		return f.finish(ctx, answer.Authorization, nil)
	case *tg.AuthLoginToken:
		f.state.CodeHash = ""
		f.state.Prompt = Prompt{Step: f.state.Prompt.Step, Attempt: f.state.Prompt.Attempt, QR: &QR{
			Token: answer.Token, URL: TokenURL(answer.Token), Expires: time.Unix(int64(answer.Expires), 0),
		}}
		f.ask(AtQR, nil)
		return nil
	}
	return errors.New("signin: sent from one data centre to another twice")
}

// tokenPrefix begins every login link (R-LG-30).
const tokenPrefix = "tg://login?token="

// TokenURL returns the link that a QR code with a token holds.
func TokenURL(token []byte) string { return tokenPrefix + base64.RawURLEncoding.EncodeToString(token) }

// ParseToken reads the token of a QR code: a tg://login link, or what stands
// behind its token= (R-LG-30). The error says what is wrong with it.
func ParseToken(s string) ([]byte, error) {
	text := strings.TrimSpace(s)
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		host, query, _ := strings.Cut(rest, "?")
		if scheme != "tg" || strings.TrimSuffix(host, "/") != "login" {
			return nil, fmt.Errorf("signin: %s://%s is no login link, which begins with %s", scheme, host, tokenPrefix)
		}
		text = tokenOf(query)
	}
	if text == "" {
		return nil, errors.New("signin: the login token is empty")
	}
	// Some write the padding and the alphabet of ordinary base64.
	text = strings.NewReplacer("+", "-", "/", "_", " ", "-").Replace(strings.TrimRight(text, "="))
	token, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("signin: the login token is not base64url, as a QR code holds it")
	}
	return token, nil
}

// tokenOf returns the value of token in a query, "" if there is none. Of the
// characters that base64 has, a query has three escaped. Package net/url would
// do it, at half a percent of a client's build.
func tokenOf(query string) string {
	query, _, _ = strings.Cut(query, "#")
	for argument := range strings.SplitSeq(query, "&") {
		if value, ok := strings.CutPrefix(argument, "token="); ok {
			return strings.NewReplacer("%2B", "+", "%2b", "+", "%2F", "/", "%2f", "/", "%3D", "=", "%3d", "=").Replace(value)
		}
	}
	return ""
}

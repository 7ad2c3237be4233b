package signin_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"godwit/internal/vectors"
	"godwit/tg"

	"godwit/telegram/signin"
)

// TestRefresh renews a QR code until it has been accepted (R-LG-30, R-LG-32).
func TestRefresh(t *testing.T) {
	f, s := play(t, []turn{{give: does(signin.ShowQR), want: signin.AtQR, talk: []exchange{
		{"auth.exportLoginToken", &tg.AuthLoginToken{Token: []byte{0xff, 0xfe}, Expires: int32(now.Unix())}, nil},
	}}})
	if qr := f.Prompt().QR; qr.URL != "tg://login?token=__4" || !qr.Expires.Equal(now) {
		t.Errorf("QR %+v", qr)
	}
	s.rest = []exchange{{"auth.exportLoginToken", nil, errNoDC}}
	if prompt, err := f.Refresh(t.Context()); !errors.Is(err, errNoDC) || prompt.QR.URL != "tg://login?token=__4" {
		t.Errorf("%v, %+v", err, prompt)
	}
	s.rest = []exchange{{"auth.exportLoginToken", &tg.AuthLoginToken{Token: []byte{1}}, nil}}
	prompt, err := f.Refresh(t.Context())
	if err != nil || prompt.Attempt != 2 || prompt.QR.URL != "tg://login?token=AQ" {
		t.Errorf("%v, %+v", err, prompt)
	}
	if f.Received(&tg.UpdateLoginToken{}) {
		t.Error("the prompt has changed before Refresh")
	}
	s.rest = []exchange{{"auth.exportLoginToken", &tg.AuthLoginTokenSuccess{Authorization: signedIn}, nil}}
	if prompt, err = f.Refresh(t.Context()); err != nil || prompt.Step != signin.Done {
		t.Errorf("%v, %+v", err, prompt)
	}
	if _, err := f.Refresh(t.Context()); err != nil {
		t.Errorf("when it is done: %v", err)
	}
}

// TestParseToken reads what a QR code holds, and the like (R-LG-30; vector
// qr_login).
func TestParseToken(t *testing.T) {
	token, link := vectors.Hex(t, "qr_login.0.token"), vectors.String(t, "qr_login.0.url")
	if got := signin.TokenURL(token); got != link {
		t.Errorf("link %s, want %s", got, link)
	}
	for text, want := range map[string][]byte{
		link:                                token,
		"tg://login?token=__4":              {255, 254},
		" tg://login?token=__4=\n":          {255, 254},
		"tg://login?a=b&token=%2F%2f4%3D#x": {255, 254},
		"__4":                               {255, 254},
		"//4=":                              {255, 254},
		"AQ==":                              {1},
	} {
		if got, err := signin.ParseToken(text); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "empty", "tg://login": "empty", "https://t.me/login": "no login link", "tg://resolve?token=AQ": "no login link",
		"not base64!": "not base64url", "tg://login?token=%zz": "not base64url", "tg://login?tokens=AQ": "empty",
	} {
		if got, err := signin.ParseToken(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, got, err, want)
		}
	}
}

// FuzzParseToken has every token that is read written and read again.
func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"tg://login?token=__4", "AQ", "//4=", "tg:", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token, err := signin.ParseToken(s)
		if err != nil {
			return
		}
		again, err := signin.ParseToken(signin.TokenURL(token))
		if err != nil && len(token) > 0 || !bytes.Equal(again, token) {
			t.Errorf("%q: %x, then %x, %v", s, token, again, err)
		}
	})
}

package telegram

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
)

// send lets a data centre send an update by itself.
func (n *fakeNetwork) send(t *testing.T, dc int, u tg.UpdateClass) {
	t.Helper()
	body, err := tl.Marshal(&tg.UpdateShort{Update: u})
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	push := n.push[dc]
	n.mu.Unlock()
	push(body)
}

// TestQRWaits shows a QR code until it expires, and the next one until another
// device has accepted it; what comes from elsewhere changes nothing (R-LG-30,
// R-LG-32). What the authorization leaves for the next sign-in is kept
// (R-LG-09).
func TestQRWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		accepted := false
		n := &fakeNetwork{t: t}
		n.answer = func(_ int, request tg.Request) (tl.Object, error) {
			if _, ok := request.(*tg.AuthExportLoginToken); !ok {
				return nil, errUnexpected
			}
			mu.Lock()
			defer mu.Unlock()
			if accepted {
				return &tg.AuthLoginTokenSuccess{Authorization: &tg.AuthAuthorization{
					User: &tg.User{ID: 1}, FutureAuthToken: []byte{7}, SetupPasswordRequired: true, OtherwiseReloginDays: tl.Some[int32](7),
				}}, nil
			}
			return &tg.AuthLoginToken{Token: []byte{1}, Expires: int32(time.Now().Add(30 * time.Second).Unix())}, nil
		}
		store := new(MemoryStore)
		c := n.client(Options{Store: store})
		var shown []time.Duration
		_, err := c.SignInQR(t.Context(), Answers{ShowQR: func(context.Context, signin.QR) error {
			shown = append(shown, time.Since(began))
			if len(shown) == 2 {
				mu.Lock()
				accepted = true
				mu.Unlock()
				n.send(t, 1, &tg.UpdateConfig{})
				time.AfterFunc(10*time.Second, func() { n.send(t, 1, &tg.UpdateLoginToken{}) })
			}
			return nil
		}})
		if err != nil || len(shown) != 2 || shown[1] != 30*time.Second || time.Since(began) != 40*time.Second {
			t.Errorf("%v, shown at %v, done after %v", err, shown, time.Since(began))
		}
		saved, err := store.Load()
		if err != nil || len(saved.LogoutTokens) != 1 || saved.UserID != 1 {
			t.Errorf("saved user %d with %d tokens, %v", saved.UserID, len(saved.LogoutTokens), err)
		}
		c.Close()
		synctest.Wait()
	})
}

// TestCodeReplaced has a code that comes in another way told (R-LG-05), and a
// QR code with a clock that is wrong shown for a bearable time.
func TestCodeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := func(hash string) *tg.AuthSentCode {
			return &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeSMS{Length: 5}, PhoneCodeHash: hash}
		}
		n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
			switch request.(type) {
			case *tg.AuthSendCode:
				return sent("one"), nil
			case *tg.AuthExportLoginToken:
				return &tg.AuthLoginToken{Token: []byte{1}, Expires: int32(time.Now().AddDate(1, 0, 0).Unix())}, nil
			}
			return nil, errUnexpected
		}}
		c := n.client(Options{})
		s, err := c.BeginSignIn()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Submit(t.Context(), signin.Answer{Action: signin.GivePhone, Text: "1"}); err != nil {
			t.Fatal(err)
		}
		n.send(t, 1, &tg.UpdateSentPhoneCode{SentCode: sent("two")})
		<-s.Changed()
		if prompt, err := s.Refresh(t.Context()); err != nil || prompt.Step != signin.AtCode || s.State().CodeHash != "two" {
			t.Errorf("%v, %+v", err, prompt)
		}
		n.send(t, 1, &tg.UpdateLoginToken{}) // nothing to do with a code
		began, n2 := time.Now(), 0
		ctx, cancel := context.WithCancel(t.Context())
		_, err = c.SignInQR(ctx, Answers{ShowQR: func(context.Context, signin.QR) error {
			if n2++; n2 == 3 {
				cancel()
			}
			return nil
		}})
		if !errors.Is(err, context.Canceled) || time.Since(began) != 2*maxShown {
			t.Errorf("%v after %v, want two codes of %v", err, time.Since(began), maxShown)
		}
		c.Close()
		synctest.Wait()
	})
}

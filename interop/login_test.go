package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/auth/qrlogin"
	gotdtg "github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"

	"godwit/mtproto/transport"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

// A deviceOwner is a person whose library can do more about devices than to
// sign in by a code.
type deviceOwner interface {
	person
	// SignInQR signs in by a QR code. It gives every link to show, and the
	// password if there is one.
	SignInQR(ctx context.Context, password string, show func(link string) error) error
	// Accept signs in the device that shows a link.
	Accept(ctx context.Context, link string) error
	// Devices returns how many devices are signed in.
	Devices(ctx context.Context) (int, error)
	// EndOthers signs all other devices out.
	EndOthers(ctx context.Context) error
	// Ended makes a request and returns nil if it is refused because this device
	// is signed out.
	Ended(ctx context.Context) error
	// SetPassword turns 2FA on.
	SetPassword(ctx context.Context, password string) error
	// Recover signs in by a code, and by another that is mailed in place of the
	// password, which is taken away.
	Recover(ctx context.Context, mailed func() string) error
}

var padded = transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true}

// The makers of clients.
var makers = map[string]func(ctx context.Context, t *testing.T, conn *connection, phone string) deviceOwner{
	"godwit": func(ctx context.Context, t *testing.T, conn *connection, phone string) deviceOwner {
		return startGodwit(ctx, t, conn, padded, phone, new(telegram.MemoryStore))
	},
	"gotd": func(ctx context.Context, t *testing.T, conn *connection, phone string) deviceOwner {
		return startGotd(ctx, t, conn, gotdTransports[0], phone, &session.StorageMemory{})
	},
	"mtcute": func(ctx context.Context, t *testing.T, conn *connection, phone string) deviceOwner {
		return startMtcute(ctx, t, conn, mtcuteTransports[0], phone)
	},
}

// pairs are two makers, one of them us.
var pairs = [][2]string{{"godwit", "gotd"}, {"gotd", "godwit"}, {"godwit", "mtcute"}, {"mtcute", "godwit"}}

// TestQR has one maker's client show a QR code and another's accept it, with
// the account on the data centre that the new client begins with and on
// another, where it also has a password (R-LG-30..R-LG-33).
func TestQR(t *testing.T) {
	sb, conn := startSandbox(t)
	for _, pair := range pairs {
		for i, dc := range conn.DCs[:2] {
			t.Run(fmt.Sprintf("shown by %s, accepted by %s, on DC %d", pair[0], pair[1], dc.ID), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				anna := speaker{name: "Anna", phone: newPhone(dc.ID)}
				password := []string{"", "limosa lapponica"}[i]
				register(t, sb, anna, password)
				old := makers[pair[1]](ctx, t, conn, anna.phone)
				if err := old.SignIn(ctx, password); err != nil {
					t.Fatal(err)
				}
				fresh := makers[pair[0]](ctx, t, conn, anna.phone)
				accept := func(link string) error { return old.Accept(ctx, link) }
				if err := fresh.SignInQR(ctx, password, accept); err != nil {
					t.Fatal(err)
				}
				if n, err := fresh.Devices(ctx); err != nil || n != 2 {
					t.Fatalf("%d devices, %v", n, err)
				}
				covered.add(t, pair[0]+" with "+pair[1], "QR shown")
				covered.add(t, pair[1]+" with "+pair[0], "QR accepted")
			})
		}
	}
}

// TestDevices has one maker's client see the other's, and end it (R-LG-22,
// R-LG-40, R-LG-42, R-ER-07).
func TestDevices(t *testing.T) {
	sb, conn := startSandbox(t)
	for _, pair := range pairs {
		t.Run(pair[0]+" ends "+pair[1], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			anna := speaker{name: "Anna", phone: newPhone(conn.DCs[1].ID)}
			register(t, sb, anna, "")
			a, b := makers[pair[0]](ctx, t, conn, anna.phone), makers[pair[1]](ctx, t, conn, anna.phone)
			for _, p := range []deviceOwner{a, b} {
				if err := p.SignIn(ctx, ""); err != nil {
					t.Fatal(err)
				}
			}
			if ours, ok := a.(*godwitPerson); ok {
				select {
				case u := <-ours.signIns:
					if !u.Unconfirmed || u.Device.Value == "" {
						t.Errorf("told of the sign-in: %+v", u)
					}
				case <-ctx.Done():
					t.Fatal("not told of the sign-in")
				}
			}
			if n, err := a.Devices(ctx); err != nil || n != 2 {
				t.Fatalf("%d devices, %v", n, err)
			}
			if err := a.EndOthers(ctx); err != nil {
				t.Fatal(err)
			}
			if err := b.Ended(ctx); err != nil {
				t.Fatal(err)
			}
			if n, err := a.Devices(ctx); err != nil || n != 1 {
				t.Fatalf("%d devices, %v", n, err)
			}
			covered.add(t, pair[0]+" with "+pair[1], "devices")
		})
	}
}

// TestTwoFactor has one maker's client set a password, with which the other's
// signs in, and then lose it (R-SP-03..R-SP-12).
func TestTwoFactor(t *testing.T) {
	sb, conn := startSandbox(t)
	for _, pair := range pairs {
		t.Run("set by "+pair[0]+", given by "+pair[1], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			const password, address = "limosa lapponica", "anna@example.org"
			anna := speaker{name: "Anna", phone: newPhone(conn.DCs[0].ID)}
			register(t, sb, anna, "")
			a, b := makers[pair[0]](ctx, t, conn, anna.phone), makers[pair[1]](ctx, t, conn, anna.phone)
			if err := a.SignIn(ctx, ""); err != nil {
				t.Fatal(err)
			}
			if err := a.SetPassword(ctx, password); err != nil {
				t.Fatal(err)
			}
			if err := b.SignIn(ctx, password); err != nil {
				t.Fatal(err)
			}
			covered.add(t, pair[0]+" with "+pair[1], "2FA")
			if err := sb.SetRecoveryEmail(anna.phone, address); err != nil {
				t.Fatal(err)
			}
			third := makers[pair[1]](ctx, t, conn, anna.phone)
			if err := third.Recover(ctx, func() string { return lastMail(t, sb, address) }); err != nil {
				t.Fatal(err)
			}
			covered.add(t, pair[1]+" with "+pair[0], "recovery")
		})
	}
}

func lastMail(t *testing.T, sb *sandbox.Sandbox, address string) string {
	t.Helper()
	box := sb.Outbox()
	if last := box[len(box)-1]; last.To == address {
		return last.Code
	}
	t.Fatalf("the last code went to %+v", box[len(box)-1])
	return ""
}

// revoked tells what an ended device is to be refused with.
func revoked(err error, text string) error {
	if err == nil || !strings.Contains(text, "SESSION_REVOKED") && !strings.Contains(text, "AUTH_KEY_UNREGISTERED") {
		return fmt.Errorf("a request of the ended device: %v %s", err, text)
	}
	return nil
}

// SignInQR implements deviceOwner.
func (p *godwitPerson) SignInQR(ctx context.Context, password string, show func(string) error) error {
	a := telegram.Answers{ShowQR: func(_ context.Context, qr signin.QR) error { return show(qr.URL) }}
	if password != "" {
		a.AskPassword = telegram.FixedPassword(password)
	}
	_, err := p.client.SignInQR(ctx, a)
	return err
}

// Accept implements deviceOwner.
func (p *godwitPerson) Accept(ctx context.Context, link string) error {
	_, err := p.client.AcceptLogin(ctx, link)
	return err
}

// Devices implements deviceOwner.
func (p *godwitPerson) Devices(ctx context.Context) (int, error) {
	list, _, err := p.client.Authorizations(ctx)
	return len(list), err
}

// EndOthers implements deviceOwner.
func (p *godwitPerson) EndOthers(ctx context.Context) error {
	return p.client.EndOtherAuthorizations(ctx)
}

// Ended implements deviceOwner.
func (p *godwitPerson) Ended(ctx context.Context) error {
	if err := p.client.Wait(ctx); !errors.Is(err, tg.ErrSessionRevoked) {
		return fmt.Errorf("the ended client: %w", err)
	}
	return nil
}

// SetPassword implements deviceOwner.
func (p *godwitPerson) SetPassword(ctx context.Context, password string) error {
	return p.client.SetPassword(ctx, telegram.PasswordChange{New: password, Hint: "a bird"})
}

// Recover implements deviceOwner.
func (p *godwitPerson) Recover(ctx context.Context, mailed func() string) error {
	_, err := p.client.SignIn(ctx, telegram.AuthenticatorFunc(func(_ context.Context, prompt signin.Prompt) (signin.Answer, error) {
		switch prompt.Step {
		case signin.AtStart:
			return signin.Answer{Action: signin.GivePhone, Text: p.phone}, prompt.Problem
		case signin.AtCode:
			return signin.Answer{Action: signin.GiveCode, Text: codeFor(p.phone)}, prompt.Problem
		case signin.AtPassword:
			return signin.Answer{Action: signin.Recover}, prompt.Problem
		case signin.AtRecovery:
			return signin.Answer{Action: signin.GiveCode, Text: mailed()}, prompt.Problem
		}
		return signin.Answer{Action: signin.GiveNewPassword}, prompt.Problem
	}))
	return err
}

// SignInQR implements deviceOwner.
func (p *gotdPerson) SignInQR(ctx context.Context, password string, show func(string) error) error {
	_, err := p.client.QR().Auth(ctx, p.scanned, func(_ context.Context, token qrlogin.Token) error {
		return show(token.URL())
	})
	if tgerr.Is(err, "SESSION_PASSWORD_NEEDED") {
		_, err = p.client.Auth().Password(ctx, password)
	}
	return err
}

// Accept implements deviceOwner. The link is read by us: gotd reads links with
// the padding of base64 alone, which Telegram's own do not have (R-LG-30).
func (p *gotdPerson) Accept(ctx context.Context, link string) error {
	token, err := signin.ParseToken(link)
	if err != nil {
		return err
	}
	_, err = qrlogin.AcceptQR(ctx, p.api, qrlogin.NewToken(token, 0))
	return err
}

// Devices implements deviceOwner.
func (p *gotdPerson) Devices(ctx context.Context) (int, error) {
	list, err := p.api.AccountGetAuthorizations(ctx)
	if err != nil {
		return 0, err
	}
	return len(list.Authorizations), nil
}

// EndOthers implements deviceOwner.
func (p *gotdPerson) EndOthers(ctx context.Context) error {
	_, err := p.api.AuthResetAuthorizations(ctx)
	return err
}

// Ended implements deviceOwner.
func (p *gotdPerson) Ended(ctx context.Context) error {
	_, err := p.api.UpdatesGetState(ctx)
	return revoked(err, fmt.Sprint(err))
}

// Recover implements deviceOwner.
func (p *gotdPerson) Recover(ctx context.Context, mailed func() string) error {
	sent, err := p.sendCode(ctx)
	if err != nil {
		return err
	}
	if _, err := p.client.Auth().SignIn(ctx, p.phone, codeFor(p.phone), sent.PhoneCodeHash); !errors.Is(err, auth.ErrPasswordAuthNeeded) {
		return fmt.Errorf("got %w, want password needed", err)
	}
	if _, err := p.api.AuthRequestPasswordRecovery(ctx); err != nil {
		return err
	}
	if _, err := p.api.AuthCheckRecoveryPassword(ctx, mailed()); err != nil {
		return err
	}
	_, err = p.api.AuthRecoverPassword(ctx, &gotdtg.AuthRecoverPasswordRequest{Code: mailed()})
	return err
}

// SignInQR implements deviceOwner.
func (p *mtcutePerson) SignInQR(ctx context.Context, password string, show func(string) error) error {
	answer, err := p.send("signInQR", map[string]any{"password": password})
	if err != nil {
		return err
	}
	for {
		select {
		case link := <-p.shown:
			if err := show(link); err != nil {
				return err
			}
		case line := <-answer:
			if line.Error != "" {
				return errors.New(line.Error)
			}
			return nil
		case <-p.ended:
			return errors.New("node ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Accept implements deviceOwner.
func (p *mtcutePerson) Accept(ctx context.Context, link string) error {
	return p.do(ctx, "accept", map[string]any{"url": link}, nil)
}

// Devices implements deviceOwner.
func (p *mtcutePerson) Devices(ctx context.Context) (int, error) {
	var models []string
	err := p.do(ctx, "devices", nil, &models)
	return len(models), err
}

// EndOthers implements deviceOwner.
func (p *mtcutePerson) EndOthers(ctx context.Context) error { return p.do(ctx, "endOthers", nil, nil) }

// Ended implements deviceOwner.
func (p *mtcutePerson) Ended(ctx context.Context) error {
	err := p.do(ctx, "self", nil, nil)
	return revoked(err, fmt.Sprint(err))
}

// SetPassword implements deviceOwner.
func (p *mtcutePerson) SetPassword(ctx context.Context, password string) error {
	return p.do(ctx, "setPassword", map[string]any{"password": password}, nil)
}

// Recover implements deviceOwner.
func (p *mtcutePerson) Recover(ctx context.Context, mailed func() string) error {
	var wants struct{ Password bool }
	if err := p.do(ctx, "giveCode", map[string]any{"phone": p.phone, "code": codeFor(p.phone)}, &wants); err != nil {
		return err
	}
	if !wants.Password {
		return errors.New("no password is wanted")
	}
	if err := p.do(ctx, "sendRecoveryCode", nil, nil); err != nil {
		return err
	}
	return p.do(ctx, "recover", map[string]any{"code": mailed()}, nil)
}

package main

import (
	"errors"
	"fmt"
	"time"

	"godwit/telegram"
	"godwit/tg"
)

// passwordCommand deals with the account's 2FA password. Passwords are read
// from the keyboard or standard input, never from the command line, which
// others on the machine can see.
type passwordCommand struct {
	Status passwordStatusCommand `cmd:"" default:"withargs" help:"Tell whether the account has a 2FA password."`
	Set    passwordSetCommand    `cmd:"" help:"Set the password, or change it."`
	Remove passwordRemoveCommand `cmd:"" help:"Take the password away."`
	Email  passwordEmailCommand  `cmd:"" help:"Set, confirm or take away the e-mail address by which a lost password is recovered."`
	Reset  passwordResetCommand  `cmd:"" help:"Take away a password that is lost and has no e-mail address. It takes a week."`
}

// passwordStatusCommand tells about the password.
type passwordStatusCommand struct {
	accountFlags
	JSON bool `help:"Print JSON." name:"json"`
}

// A passwordJSON is what status prints with --json.
type passwordJSON struct {
	Enabled          bool       `json:"enabled"`
	Hint             string     `json:"hint,omitempty"`
	Recovery         bool       `json:"recovery"`
	UnconfirmedEmail string     `json:"unconfirmed_email,omitempty"`
	LoginEmail       string     `json:"login_email,omitempty"`
	ResetAt          *time.Time `json:"reset_at,omitempty"`
}

// Run implements the command.
func (c *passwordStatusCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	s, err := a.TwoFactor(env.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		out := passwordJSON{Enabled: s.Enabled, Hint: s.Hint, Recovery: s.Recovery, UnconfirmedEmail: s.UnconfirmedEmail, LoginEmail: s.LoginEmail}
		if !s.ResetAt.IsZero() {
			at := s.ResetAt.UTC()
			out.ResetAt = &at
		}
		return encodeJSON(env.out, out)
	}
	lines := []string{"The account has no 2FA password."}
	if s.Enabled {
		lines = []string{"The account has a 2FA password. No e-mail address would recover it."}
		if s.Recovery {
			lines = []string{"The account has a 2FA password, and an e-mail address to recover it by."}
		}
		if s.Hint != "" {
			lines = append(lines, "Its hint is: "+printable(s.Hint))
		}
	}
	if s.UnconfirmedEmail != "" {
		lines = append(lines, "A change waits for the code that was sent to "+printable(s.UnconfirmedEmail)+`: "godwit password email --confirm".`)
	}
	if !s.ResetAt.IsZero() {
		lines = append(lines, "From "+s.ResetAt.Format(time.DateTime)+` on, "godwit password reset" takes it away; with --decline it stays.`)
	}
	for _, line := range lines {
		fmt.Fprintln(env.out, line)
	}
	return nil
}

// passwordSetCommand sets or changes the password.
type passwordSetCommand struct {
	accountFlags
	Hint  string `help:"What reminds of the password. Whoever signs in is shown it." placeholder:"TEXT"`
	Email string `help:"Address by which a lost password can be recovered." placeholder:"ADDRESS"`
}

// Run implements the command.
func (c *passwordSetCommand) Run(env *environment) error {
	return c.guarded(env, func(a *account, keyboard *terminal, current string) error {
		next, err := keyboard.newPassword()
		if err != nil {
			return err
		}
		change := telegram.PasswordChange{Current: current, New: next, Hint: c.Hint, RecoveryEmail: c.Email}
		if err := keyboard.confirmed(a, a.SetPassword(env.ctx, change)); err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.out, "The password is set.")
		return err
	})
}

// passwordRemoveCommand takes the password away.
type passwordRemoveCommand struct{ accountFlags }

// Run implements the command.
func (c *passwordRemoveCommand) Run(env *environment) error {
	return c.guarded(env, func(a *account, _ *terminal, current string) error {
		if current == "" {
			return errNoPassword
		}
		if err := a.RemovePassword(env.ctx, current); err != nil {
			return err
		}
		_, err := fmt.Fprintln(env.out, "The account has no 2FA password any more.")
		return err
	})
}

// passwordEmailCommand deals with the recovery address.
type passwordEmailCommand struct {
	accountFlags
	Address string `arg:"" optional:"" help:"The new address."`
	Remove  bool   `help:"Take the address away." xor:"what"`
	Confirm bool   `help:"Give the code that was sent to a new address." xor:"what"`
	Resend  bool   `help:"Have another code sent to it." xor:"what"`
	Cancel  bool   `help:"Give up the change that waits for the code." xor:"what"`
}

// Run implements the command.
func (c *passwordEmailCommand) Run(env *environment) error {
	usage := errors.New("give an address, or one of --remove, --confirm, --resend and --cancel")
	switch other := c.Confirm || c.Resend || c.Cancel; {
	case c.Address != "" && (c.Remove || other), c.Address == "" && !c.Remove && !other:
		return usage
	case !other:
		return c.change(env)
	}
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	done := "The address is confirmed."
	switch {
	case c.Confirm:
		err = newTerminal(env, "").confirmed(a, new(telegram.UnconfirmedEmailError))
	case c.Resend:
		done, err = "Another code has been sent.", a.ResendRecoveryEmail(env.ctx)
	default:
		done, err = "The change is given up.", a.CancelRecoveryEmail(env.ctx)
	}
	if err != nil {
		return explain(err, passwordErrors)
	}
	_, err = fmt.Fprintln(env.out, done)
	return err
}

// change sets the address, or takes it away.
func (c *passwordEmailCommand) change(env *environment) error {
	return c.guarded(env, func(a *account, keyboard *terminal, current string) error {
		if current == "" {
			return fmt.Errorf(`%w: "godwit password set --email" sets both`, errNoPassword)
		}
		if err := keyboard.confirmed(a, a.SetRecoveryEmail(env.ctx, current, c.Address)); err != nil {
			return err
		}
		done := "The password can be recovered by " + printable(c.Address) + "."
		if c.Remove {
			done = "No e-mail address recovers the password any more."
		}
		_, err := fmt.Fprintln(env.out, done)
		return err
	})
}

// passwordResetCommand takes a lost password away.
type passwordResetCommand struct {
	accountFlags
	Decline bool `help:"Keep the password after all."`
}

// Run implements the command.
func (c *passwordResetCommand) Run(env *environment) error {
	a, err := c.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	done := "The account has no 2FA password any more."
	if c.Decline {
		done, err = "The password stays.", a.DeclinePasswordReset(env.ctx)
	} else {
		err = a.ResetPassword(env.ctx)
	}
	var wait *telegram.PasswordResetError
	switch {
	case errors.As(err, &wait) && !wait.Declined:
		done = "The password is taken away by the same command from " + wait.Until.Format(time.DateTime) + " on. All devices are told."
	case err != nil:
		return explain(err, passwordErrors)
	}
	_, err = fmt.Fprintln(env.out, done)
	return err
}

var errNoPassword = errors.New("the account has no 2FA password")

// passwordErrors says what can be done about what is refused of passwords.
var passwordErrors = []explanation{
	{tg.ErrPasswordHashInvalid, "that is not the password; nothing is changed"},
	{tg.ErrEmailInvalid, "that is not an e-mail address"},
	{tg.ErrEmailNotAllowed, "Telegram does not take that e-mail address"},
	{tg.ErrEmailHashExpired, "no change waits for a code, or the code has expired"},
	{tg.ErrPasswordTooFresh, "the password was changed too short a time ago"},
	{tg.ErrSessionTooFresh, "this device has been signed in for too short a time"},
	{tg.ErrPasswordEmpty, "the account has no 2FA password"},
}

// guarded does something that the current password, "" where there is none,
// gives the right to.
func (f *accountFlags) guarded(env *environment, do func(a *account, keyboard *terminal, current string) error) error {
	a, err := f.signedIn(env, nil)
	if err != nil {
		return err
	}
	defer a.close()
	s, err := a.TwoFactor(env.ctx)
	if err != nil {
		return err
	}
	keyboard := newTerminal(env, "")
	current := ""
	if s.Enabled {
		question := "Password until now:"
		if s.Hint != "" {
			question = "Password until now (hint: " + printable(s.Hint) + "):"
		}
		if current, err = keyboard.askSecret(question); err != nil {
			return err
		}
		if _, err := a.RecoveryEmail(env.ctx, current); err != nil { // before anything else is asked
			return explain(err, passwordErrors)
		}
	}
	return explain(do(a, keyboard, current), passwordErrors)
}

// newPassword asks for a password twice.
func (t *terminal) newPassword() (string, error) {
	next, err := t.askSecret("New password:")
	if err != nil {
		return "", err
	}
	if next == "" {
		return "", errors.New(`the new password is empty; "godwit password remove" takes it away`)
	}
	again, err := t.askSecret("The same once more:")
	if err != nil {
		return "", err
	}
	if next != again {
		return "", errors.New("the two are not the same; nothing is changed")
	}
	return next, nil
}

// confirmed asks for the code that a change waits for, if err says that it
// does, until it is right.
func (t *terminal) confirmed(a *account, err error) error {
	var unconfirmed *telegram.UnconfirmedEmailError
	if !errors.As(err, &unconfirmed) {
		return err
	}
	for {
		code, err := t.ask("Code that was sent to the new e-mail address:")
		if err != nil {
			return fmt.Errorf(`%w; the change waits for "godwit password email --confirm"`, err)
		}
		err = a.ConfirmRecoveryEmail(t.ctx, code)
		if !errors.Is(err, tg.ErrCodeInvalid) {
			return err
		}
		fmt.Fprintln(t.out, reason(err))
	}
}

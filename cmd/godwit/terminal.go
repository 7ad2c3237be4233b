package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"rsc.io/qr"

	"godwit/mtproto"
	"godwit/telegram"
	"godwit/telegram/signin"
	"godwit/tg"
)

// A terminal asks the person at the keyboard what a sign-in needs.
type terminal struct {
	ctx   context.Context
	in    *bufio.Reader
	keys  *os.File // what in reads from, where that is a keyboard; nil where it is not
	out   io.Writer
	phone string // of the command line
	tried bool   // phone has been given
}

var _ telegram.Authenticator = (*terminal)(nil)

func newTerminal(env *environment, phone string) *terminal {
	t := &terminal{ctx: env.ctx, in: bufio.NewReader(env.in), out: env.out, phone: phone}
	if f, ok := env.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.keys = f
	}
	return t
}

// ask prints a question and reads the answer. What is typed shows.
func (t *terminal) ask(question string) (string, error) {
	return t.answerTo(question, func() (string, error) { return t.in.ReadString('\n') })
}

// askSecret is ask, but what is typed at a keyboard does not show.
func (t *terminal) askSecret(question string) (string, error) {
	if t.keys == nil || t.in.Buffered() > 0 {
		return t.ask(question)
	}
	fd := int(t.keys.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return t.ask(question)
	}
	answer, err := t.answerTo(question, func() (string, error) {
		typed, err := term.ReadPassword(fd)
		return string(typed), err
	})
	fmt.Fprintln(t.out)
	return answer, errors.Join(err, term.Restore(fd, shown)) // Ctrl-C ends the reading half-way
}

// answerTo prints a question and reads a line, or returns the context's error
// when that ends first. The reading cannot be ended: it goes on until the
// program has, which is soon.
func (t *terminal) answerTo(question string, read func() (string, error)) (string, error) {
	fmt.Fprint(t.out, question, " ")
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		if line := strings.TrimSpace(r.line); line != "" || r.err == nil {
			return line, nil
		}
		return "", fmt.Errorf("no answer to %q: %w", question, io.ErrUnexpectedEOF)
	case <-t.ctx.Done():
		return "", t.ctx.Err()
	}
}

// Answer implements telegram.Authenticator.
func (t *terminal) Answer(_ context.Context, prompt signin.Prompt) (signin.Answer, error) {
	given := prompt.Step == signin.AtStart && t.phone != "" // which ends the sign-in with the problem
	if prompt.Problem != nil && !given {
		fmt.Fprintln(t.out, reason(prompt.Problem))
	}
	switch prompt.Step {
	case signin.AtStart:
		return t.start(prompt)
	case signin.AtEmail:
		fmt.Fprintln(t.out, "This account needs an e-mail address to sign in by.")
		return t.give(signin.GiveEmail, "E-mail address:")
	case signin.AtName:
		return t.name(prompt)
	case signin.AtNewPassword:
		text, err := t.askSecret("New password (empty for none):")
		return signin.Answer{Action: signin.GiveNewPassword, Text: text}, err
	case signin.AtQR:
		return signin.Answer{}, t.showQR(prompt.QR)
	}
	return t.choose(prompt)
}

// start tells who it is: the number of the command line, once, or what is
// typed.
func (t *terminal) start(prompt signin.Prompt) (signin.Answer, error) {
	if t.phone != "" && prompt.Problem != nil {
		return signin.Answer{}, prompt.Problem
	}
	if t.phone == "" || t.tried {
		t.phone = ""
		return t.give(signin.GivePhone, "Phone number:")
	}
	t.tried = true
	return signin.Answer{Action: signin.GivePhone, Text: t.phone}, nil
}

// give asks a question whose answer means one thing.
func (t *terminal) give(action signin.Action, question string) (signin.Answer, error) {
	text, err := t.ask(question)
	return signin.Answer{Action: action, Text: text}, err
}

// choose asks for a code or a password. An empty line, or a word in its place,
// does something else; which ones there are is said first.
func (t *terminal) choose(prompt signin.Prompt) (signin.Answer, error) {
	give, question := signin.GiveCode, codeQuestion(prompt)
	if prompt.Step == signin.AtPassword {
		give, question = signin.GivePassword, "Password:"
		if prompt.Password.Hint != "" {
			question = "Password (hint: " + printable(prompt.Password.Hint) + "):"
		}
	}
	words := map[string]signin.Action{}
	for _, choice := range choices(prompt) {
		words[choice.word] = choice.action
		if prompt.Attempt == 1 {
			fmt.Fprintln(t.out, choice.help)
		}
	}
	ask := t.ask
	if give == signin.GivePassword {
		ask = t.askSecret
	}
	text, err := ask(question)
	if err != nil {
		return signin.Answer{}, err
	}
	action, ok := words[text]
	switch {
	case !ok:
		return signin.Answer{Action: give, Text: text}, nil
	case action == signin.DeleteAccount:
		return t.deleteAccount(prompt)
	}
	return signin.Answer{Action: action}, nil
}

// A choice is what can be typed in place of a code or a password.
type choice struct {
	word   string
	action signin.Action
	help   string
}

// choices returns what the prompt leaves open, but for its ordinary answer.
func choices(prompt signin.Prompt) []choice {
	help := map[signin.Action]string{
		signin.Resend:        "An empty line has another code sent" + nextWay(prompt.Code) + ".",
		signin.ResetEmail:    "/reset gives up the e-mail address" + resetTime(prompt.Code) + ".",
		signin.Recover:       "/recover replaces a lost password by e-mail.",
		signin.DeleteAccount: "/delete deletes the account if the password is lost for good.",
		signin.Cancel:        "/back goes back.",
	}
	words := map[signin.Action]string{
		signin.Resend: "", signin.ResetEmail: "/reset", signin.Recover: "/recover",
		signin.DeleteAccount: "/delete", signin.Cancel: "/back",
	}
	var list []choice
	for _, action := range prompt.Actions {
		if word, ok := words[action]; ok {
			list = append(list, choice{word, action, help[action]})
		}
	}
	return list
}

func nextWay(code *signin.Code) string {
	if code == nil || code.Next == "" {
		return ""
	}
	way := ", " + ways[code.Next].next
	if wait := time.Until(code.ResendAt).Round(time.Second); wait > 0 {
		way += fmt.Sprintf(" (not before %v from now)", wait)
	}
	return way
}

func resetTime(code *signin.Code) string {
	switch {
	case code == nil:
		return ""
	case !code.ResetAt.IsZero():
		return ", which has been asked for: on " + code.ResetAt.Format(time.DateTime)
	default:
		return fmt.Sprintf(", after a wait of %v", code.ResetAfter)
	}
}

// ways says how codes come, as a question and as what comes next.
var ways = map[signin.Via]struct{ ask, next string }{
	signin.ViaApp:         {"Code sent to the Telegram app of %s:", "by the app"},
	signin.ViaSMS:         {"Code sent to %s:", "by SMS"},
	signin.ViaCall:        {"Code that a call to %s says:", "by a call"},
	signin.ViaFlashCall:   {"Number that calls %s, which looks like %s:", "by the number of a call"},
	signin.ViaMissedCall:  {"Last digits of the number that calls %s and begins with %s:", "by the number of a missed call"},
	signin.ViaEmail:       {"Code sent for %s by e-mail to %s:", "by e-mail"},
	signin.ViaFragment:    {"Code for %s, to be read at %s:", "at fragment.com"},
	signin.ViaFirebaseSMS: {"Code sent to %s, if it comes:", "by SMS"},
	signin.ViaWord:        {"Word sent to %s%s:", "by SMS"},
	signin.ViaPhrase:      {"Words sent to %s%s:", "by SMS"},
}

// codeQuestion asks for the code of a prompt.
func codeQuestion(prompt signin.Prompt) string {
	code := prompt.Code
	switch {
	case code == nil:
		return ""
	case prompt.Step != signin.AtCode:
		return "Code sent by e-mail to " + printable(code.Pattern) + ":"
	}
	question := ways[code.Via].ask
	args := []any{"+" + prompt.Phone}
	switch code.Via {
	case signin.ViaFlashCall, signin.ViaMissedCall, signin.ViaEmail:
		args = append(args, printable(code.Pattern))
	case signin.ViaFragment:
		args = append(args, printable(code.URL))
	case signin.ViaWord, signin.ViaPhrase:
		beginning := ""
		if code.Pattern != "" {
			beginning = fmt.Sprintf(", beginning with %q", code.Pattern)
		}
		args = append(args, beginning)
	}
	return fmt.Sprintf(question, args...)
}

// name asks for the name of a new account.
func (t *terminal) name(prompt signin.Prompt) (signin.Answer, error) {
	if prompt.Terms != nil && prompt.Attempt == 1 {
		fmt.Fprintln(t.out, "Terms of service that a new user agrees to:")
		for line := range strings.Lines(prompt.Terms.Text) {
			fmt.Fprintln(t.out, "  "+printable(strings.TrimRight(line, "\r\n")))
		}
	}
	name, err := t.ask("+" + prompt.Phone + " has no account. Name for a new one:")
	first, last, _ := strings.Cut(name, " ")
	return signin.Answer{Action: signin.GiveName, First: first, Last: last}, err
}

// deleteAccount asks once more before an account is deleted.
func (t *terminal) deleteAccount(prompt signin.Prompt) (signin.Answer, error) {
	const sure = "delete everything"
	typed, err := t.ask("This deletes the account with all its messages, for good. Type \"" + sure + "\" to go on:")
	switch {
	case err != nil:
		return signin.Answer{}, err
	case typed != sure:
		fmt.Fprintln(t.out, "Nothing is deleted.")
		prompt.Problem = nil
		return t.choose(prompt)
	}
	return signin.Answer{Action: signin.DeleteAccount}, nil
}

// reason tells why something is asked for once more.
func reason(err error) string {
	var refusal *mtproto.RPCError
	if errors.Is(err, tg.Err2FAConfirmWait) && errors.As(err, &refusal) {
		return fmt.Sprintf("The account can be deleted in %v, unless its owner signs in before.",
			time.Duration(refusal.Argument)*time.Second)
	}
	for _, known := range problems {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	return fmt.Sprint("Telegram refuses: ", err)
}

var problems = []explanation{
	{tg.ErrPhoneNumberInvalid, "That is not a phone number that Telegram knows."},
	{tg.ErrPhoneNumberBanned, "Telegram has banned that phone number."},
	{tg.ErrPhoneNumberFlood, "Too many codes have been sent to that phone number. It takes a day or so until it gets another one."},
	{tg.ErrPhoneNumberAppSignupForbidden, "That phone number has no account, and only Telegram's own apps may make one."},
	{tg.ErrPhoneCodeInvalid, "That is not the code."},
	{tg.ErrPhoneCodeEmpty, "That is not the code."},
	{tg.ErrCodeInvalid, "That is not the code."},
	{tg.ErrPhoneCodeExpired, "That code has expired. Another one has been sent."},
	{tg.ErrEmailVerifyExpired, "That code has expired. Another one has been sent."},
	{tg.ErrPasswordRecoveryExpired, "That code has expired. Another one has been sent."},
	{tg.ErrSendCodeUnavailable, "There is no other way left to send a code."},
	{tg.ErrPasswordHashInvalid, "That is not the password."},
	{tg.ErrPasswordRecoveryNa, "The account has no e-mail address to recover the password by."},
	{tg.ErrEmailInvalid, "That is not an e-mail address."},
	{tg.ErrEmailNotAllowed, "Telegram does not take that e-mail address."},
	{tg.ErrTaskAlreadyExists, "That has been asked for already, and takes its time."},
	{tg.ErrFirstnameInvalid, "Telegram does not take that name."},
}

// showQR draws a QR code with half blocks, two modules in the height of one
// character, dark on light whatever the colours of the terminal.
func (t *terminal) showQR(code *signin.QR) error {
	image, err := qr.Encode(code.URL, qr.L)
	if err != nil {
		return err
	}
	const quiet = 2 // modules around the code
	var b strings.Builder
	for y := -quiet; y < image.Size+quiet; y += 2 {
		b.WriteString("\x1b[30;47m")
		for x := -quiet; x < image.Size+quiet; x++ {
			upper, lower := image.Black(x, y), image.Black(x, y+1)
			switch {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	_, err = fmt.Fprintf(t.out, "%sScan this in Telegram: Settings, Devices, Link a device.\n%s\n", b.String(), code.URL)
	return err
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"godwit/telegram"
	"godwit/tg"
)

// loginCommand signs a device in.
type loginCommand struct {
	accountFlags
	Phone string `help:"Phone number; asked for if not given." placeholder:"NUMBER" xor:"way"`
	QR    bool   `help:"Show a QR code, which the Telegram app on another device scans." name:"qr" xor:"way"`
	Bot   string `help:"Sign in as the bot of this token." placeholder:"TOKEN" xor:"way"`
	JSON  bool   `help:"Print who is signed in as JSON; questions go to standard error." name:"json"`
}

// A signedInJSON is what login prints with --json.
type signedInJSON struct {
	UserID      int64  `json:"user_id"`
	Name        string `json:"name"`
	Bot         bool   `json:"bot"`
	Credentials string `json:"credentials"`
}

// Run implements the command.
func (c *loginCommand) Run(env *environment) error {
	// With a handler the client notes where the account stands in its updates,
	// so that a later listen tells what came in between.
	a, err := c.open(env, true, telegram.OnMessage(func(context.Context, *telegram.Client, *tg.Message) error { return nil }))
	if err != nil {
		return err
	}
	defer a.close()
	if err := c.isOther(a.Self()); err != nil {
		return err
	}
	asking := *env
	if c.JSON {
		asking.out = env.err
	}
	user, err := c.signIn(&asking, a)
	if err != nil {
		return explain(err, loginErrors)
	}
	if c.JSON {
		return encodeJSON(env.out, signedInJSON{user.ID, nameOf(user), user.Bot, c.Credentials})
	}
	fmt.Fprintf(env.out, "Signed in as %s, user %d. Credentials: %s\n", nameOf(user), user.ID, c.Credentials)
	return nil
}

// isOther fails if the file has been signed in as somebody else than whom the
// flags name.
func (c *loginCommand) isOther(self *tg.User) error {
	if self == nil {
		return nil
	}
	number, _, _ := strings.Cut(c.Bot, ":")
	phone := self.Phone.Or("")
	if c.Phone != "" && digits(c.Phone) != digits(phone) || c.Bot != "" && number != strconv.FormatInt(self.ID, 10) {
		return fmt.Errorf("%s is signed in already, as %s, user %d: name another file with --credentials", c.Credentials, nameOf(self), self.ID)
	}
	return nil
}

// digits leaves out of a phone number what people write between its digits.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
}

func (c *loginCommand) signIn(env *environment, a *account) (*tg.User, error) {
	switch keyboard := newTerminal(env, c.Phone); {
	case c.Bot != "":
		return a.SignInBot(env.ctx, c.Bot)
	case c.QR:
		return a.SignInQR(env.ctx, keyboard)
	default:
		return a.SignIn(env.ctx, keyboard)
	}
}

// loginErrors says what can be done about what ends a sign-in.
var loginErrors = append([]explanation{
	{tg.ErrAccessTokenInvalid, "Telegram has no bot of that token; @BotFather tells it"},
	{tg.ErrAccessTokenExpired, "that token has been replaced by another one; @BotFather tells it"},
	{tg.ErrAPIIDInvalid, "Telegram does not know the application: --api-id and --api-hash are not right"},
	{tg.ErrPhonePasswordFlood, "too many sign-ins: Telegram wants a break of some hours"},
}, problems[:4]...)

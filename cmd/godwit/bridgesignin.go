package main

import (
	"errors"
	"fmt"
	"time"

	"godwit/bridge/client"
	"godwit/telegram/signin"
)

// accountSignInCommand signs an account of a daemon in.
type accountSignInCommand struct {
	oneAccountFlags
	Phone string `help:"Phone number; asked for if not given." placeholder:"NUMBER" xor:"way"`
	QR    bool   `help:"Show a QR code, which the Telegram app on another device scans." name:"qr" xor:"way"`
	Bot   string `help:"Token of a bot; asked for if the account is one." placeholder:"TOKEN" xor:"way"`
	Link  bool   `help:"Make a link instead, by which whoever opens it can sign the account in once, without a key." xor:"way"`
}

// Run implements the command.
func (c *accountSignInCommand) Run(env *environment) error {
	return c.with(env, c.Account, func(api *client.Client, id string) error {
		if c.Link {
			link, err := api.CreateLoginLink(env.ctx, id)
			if err != nil {
				return err
			}
			link.Path = c.URL + link.Path
			return c.print(env, link, "%s\nIt is good once, until %s.", link.Path, link.Expires.Local().Format(time.DateTime))
		}
		asking := *env
		asking.out = env.err
		s := &signingIn{env: env, api: api, account: id, way: c, keyboard: newTerminal(&asking, c.Phone)}
		if err := s.run(); err != nil {
			return err
		}
		a, err := api.GetAccount(env.ctx, id)
		if err != nil {
			return err
		}
		return c.print(env, a, "%s is signed in, as user %d.", printable(a.Name), a.UserID)
	})
}

// A signingIn asks the person at the keyboard what a sign-in at a daemon asks for.
type signingIn struct {
	env      *environment
	api      *client.Client
	account  string
	way      *accountSignInCommand
	keyboard *terminal
	given    bool   // the way has been chosen
	shown    string // what the QR code says that is on the screen
}

// run goes from question to question.
func (s *signingIn) run() error {
	step, err := s.begin()
	for err == nil && step.Step != string(signin.Done) {
		if step.Step == string(signin.AtQR) {
			step, err = s.await(step)
			continue
		}
		var answer client.Answer
		if answer, err = s.answer(step); err == nil {
			step, err = s.api.AnswerSignIn(s.env.ctx, s.account, answer)
		}
	}
	return err
}

// takeover is how long it may take until a node runs an account that was just
// added, or that another one has run.
const takeover = 20 * time.Second

// begin begins the sign-in, as soon as there is a node to do that.
func (s *signingIn) begin() (*client.SignIn, error) {
	deadline := time.Now().Add(takeover)
	for {
		step, err := s.api.BeginSignIn(s.env.ctx, s.account)
		if !errors.Is(err, client.CodeUnavailable) || time.Now().After(deadline) {
			return step, err
		}
		select {
		case <-time.After(pollInterval):
		case <-s.env.ctx.Done():
			return nil, s.env.ctx.Err()
		}
	}
}

// qrInterval is how often it is asked whether a QR code has been scanned.
const qrInterval = time.Second

// await shows a QR code, and waits for it to be scanned or to be replaced.
func (s *signingIn) await(step *client.SignIn) (*client.SignIn, error) {
	if s.shown != step.QR.URL {
		s.shown = step.QR.URL
		if err := s.keyboard.showQR(&signin.QR{URL: step.QR.URL}); err != nil {
			return nil, err
		}
	}
	select {
	case <-time.After(qrInterval):
		return s.api.GetSignIn(s.env.ctx, s.account)
	case <-s.env.ctx.Done():
		return nil, s.env.ctx.Err()
	}
}

// answer asks what a step asks for.
func (s *signingIn) answer(step *client.SignIn) (client.Answer, error) {
	if step.Problem.Detail != "" {
		fmt.Fprintln(s.keyboard.out, printable(step.Problem.Detail))
	}
	first := !s.given
	s.given = true
	for _, action := range step.Actions {
		switch {
		case action == string(signin.GiveBotToken):
			token := s.way.Bot
			var err error
			if !first || token == "" {
				token, err = s.keyboard.askSecret("Token of the bot:")
			}
			return client.Answer{Action: action, Text: token}, err
		case action == string(signin.ShowQR) && first && s.way.QR:
			return client.Answer{Action: action}, nil
		}
	}
	a, err := s.keyboard.Answer(s.env.ctx, promptOf(step))
	return client.Answer{Action: string(a.Action), Text: a.Text, FirstName: a.First, LastName: a.Last, Hint: a.Hint}, err
}

// promptOf returns a step as the terminal knows it, without its problem.
func promptOf(step *client.SignIn) signin.Prompt {
	p := signin.Prompt{Step: signin.Step(step.Step), Attempt: int(step.Attempt), Phone: step.Phone}
	for _, a := range step.Actions {
		p.Actions = append(p.Actions, signin.Action(a))
	}
	c := step.Code
	p.Code = &signin.Code{
		Via: signin.Via(c.Via), Length: int(c.Length), Pattern: c.Pattern, Next: signin.Via(c.Next), ResendAt: c.ResendAt,
	}
	p.Password = &signin.Password{Hint: step.Password.Hint, Recovery: step.Password.Recovery}
	if step.Terms != "" {
		p.Terms = &signin.Terms{Text: step.Terms}
	}
	return p
}

package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"godwit/bridge"
	"godwit/bridge/client"
	"godwit/sandbox"
	"godwit/sandbox/botapi"
	"godwit/sandbox/people"
)

// tell tells the story. An error names the step that failed.
func (s *story) tell(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"A local Telegram", s.startTelegram},
		{"The bridge, a daemon", s.startDaemon},
		{"Ann signs in, who has a 2FA password", s.signInAnn},
		{"Boris signs up, who lives on the other data centre", s.signUpBoris},
		{"The bot signs in", s.signInBot},
		{"Thirty people write, and a program answers them", s.converse},
		{"Who does not want to be written to", s.respect},
		{"kill -9, in the middle of it", s.kill},
		{"The daemon starts again", s.resume},
		{"Who is in the group", s.export},
		{"Compared with the ledger of the local Telegram", s.compare},
	} {
		s.line("\n%s", step.name)
		within, cancel := context.WithTimeout(ctx, patience)
		err := step.do(within)
		cancel()
		if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		if err != nil {
			return fmt.Errorf("step %q: %w", step.name, err)
		}
	}
	return nil
}

// startTelegram starts the sandbox and puts people there.
func (s *story) startTelegram(context.Context) (err error) {
	if s.sandbox, err = sandbox.New(sandbox.Options{Logger: s.Logger, Duplicates: sandbox.DuplicatesByConnection}); err != nil {
		return err
	}
	if err := s.sandbox.Start(); err != nil {
		return err
	}
	s.bots = botapi.New(s.sandbox, botapi.Options{Logger: s.Logger})
	url, err := s.bots.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	s.sandbox.SetBotAPI(url)
	if err := s.populate(); err != nil {
		return err
	}
	if err := s.sandbox.WriteInfo(s.connectionPath()); err != nil {
		return err
	}
	for _, dc := range s.sandbox.Info().DCs {
		s.line("  DC %d listens on %s:%d and speaks MTProto 2.0.", dc.ID, dc.Host, dc.Port)
	}
	s.line("  The Bot API is at %s.", url)
	s.line("  Thirty people live there, and %q is a group of %d.", crowdTitle, crowdSize)
	return nil
}

// startDaemon starts the daemon, and has it tell of everything that happens.
func (s *story) startDaemon(ctx context.Context) error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "godwit-data")
	s.daemon = &daemon{
		program: s.Program, log: log, ended: s.fail,
		args: []string{
			"--end-with-input", "--dc", s.connectionPath(), "--data", data,
			// As they are without these, whatever the environment says.
			"--db", "sqlite:" + filepath.Join(data, "godwit.db"), "--kek", "file:" + filepath.Join(data, "key"),
			"--allow-webhooks", "127.0.0.0/8", "--allow-plain-webhooks",
		},
	}
	s.line("  $ godwit serve --dc telegram.json --data godwit-data")
	if err := s.daemon.start(ctx); err != nil {
		return err
	}
	if s.api, err = client.New(s.daemon.base(), s.daemon.key); err != nil {
		return err
	}
	if err := ready(ctx, s.daemon.base()); err != nil {
		return err
	}
	s.line("  Process %d has its HTTP API at %s,", s.daemon.pid(), s.daemon.base())
	s.line("  and everything that it knows in an SQLite file.")
	s.working.Go(s.follow)
	if err := s.makeHook(ctx); err != nil {
		return err
	}
	s.line("  A stream and a webhook are open: each is to be told of everything.")
	return nil
}

// makeHook makes the webhook and its receiver.
func (s *story) makeHook(ctx context.Context) (err error) {
	var secret atomic.Pointer[string]
	secret.Store(new(string))
	s.receiver, err = receive(func() string { return *secret.Load() }, s.hook.add, s.fail)
	if err != nil {
		return err
	}
	made, err := s.api.CreateWebhook(ctx, client.WebhookInput{URL: s.receiver.url})
	if err != nil {
		return err
	}
	secret.Store(&made.Secret)
	return nil
}

// add adds an account, which may do at once whatever it is to do: the sandbox
// has no limits that would have to be kept.
func (s *story) add(ctx context.Context, d *desk, kind bridge.AccountKind) error {
	a, err := s.api.CreateAccount(ctx, client.NewAccount{Name: d.name, Kind: client.AccountKind(kind)})
	if err != nil {
		return err
	}
	d.id = bridge.AccountID(a.ID)
	s.desks[d.id] = d
	s.line("  The account is %s.", d.id)
	plan := make(map[string]client.Allowance)
	for _, kind := range bridge.BudgetKinds {
		plan[string(kind)] = client.Allowance{Limits: map[string]int64{}}
	}
	_, err = s.api.SetBudget(ctx, string(d.id), client.BudgetPlan{Plan: plan})
	return err
}

// An answerTo is what a sign-in is answered, and how that is told.
type answerTo struct {
	step   string // that is to be answered
	answer client.Answer
	told   string
}

// signIn signs an account in, step by step.
func (s *story) signIn(ctx context.Context, d *desk, answers []answerTo) error {
	at, err := s.api.BeginSignIn(ctx, string(d.id))
	if err != nil {
		return err
	}
	for _, a := range answers {
		if at.Step != a.step {
			return fmt.Errorf("the sign-in is at %q, not at %q", at.Step, a.step)
		}
		s.line("  %s", a.told)
		if at, err = s.api.AnswerSignIn(ctx, string(d.id), a.answer); err != nil {
			return err
		}
		if at.Problem.Code != "" {
			return fmt.Errorf("the %s was refused: %s", a.answer.Action, at.Problem.Detail)
		}
	}
	if at.Step != "done" {
		return fmt.Errorf("the sign-in asks for %q, which nobody has expected", at.Step)
	}
	user, err := s.online(ctx, d)
	if err != nil {
		return err
	}
	d.user = user
	s.line("  %s is online, as user %d.", d.name, d.user)
	return nil
}

// online waits until an account is online, and returns its user id.
func (s *story) online(ctx context.Context, d *desk) (int64, error) {
	for {
		var now *client.Account
		err := insist(ctx, func() (err error) {
			now, err = s.api.GetAccount(ctx, string(d.id))
			return err
		})
		if err != nil {
			return 0, err
		}
		if bridge.State(now.State) == bridge.Online {
			return now.UserID, nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return 0, fmt.Errorf("%s is %s: %w", d.name, now.State, err)
		}
	}
}

func (s *story) signInAnn(ctx context.Context) error {
	if err := s.add(ctx, s.ann, bridge.UserAccount); err != nil {
		return err
	}
	return s.signIn(ctx, s.ann, []answerTo{
		{"start", client.Answer{Action: "phone", Text: annPhone}, "Her phone number: " + annPhone},
		{"code", client.Answer{Action: "code", Text: annCode}, "The code that was sent to it: " + annCode},
		{"password", client.Answer{Action: "password", Text: annSecret},
			"The 2FA password (hint: " + annHint + "), which is proven by SRP."},
	})
}

// signUpBoris has Boris begin where everybody does, on DC 1, which knows that his
// number belongs to DC 2.
func (s *story) signUpBoris(ctx context.Context) error {
	if err := s.add(ctx, s.boris, bridge.UserAccount); err != nil {
		return err
	}
	// A delay too short to matter, which counts who asks for codes where: nobody
	// but him at this time.
	var counters [2]int
	for i := range counters {
		id, err := s.sandbox.AddFault(sandbox.Fault{
			Kind: sandbox.FaultDelay, Method: "auth.sendCode", DC: i + 1, Delay: time.Millisecond,
		})
		if err != nil {
			return err
		}
		counters[i] = id
		defer s.sandbox.RemoveFault(id)
	}
	err := s.signIn(ctx, s.boris, []answerTo{
		{"start", client.Answer{Action: "phone", Text: borisPhone}, "His phone number: " + borisPhone},
		{"code", client.Answer{Action: "code", Text: borisCode}, "The code that was sent to it: " + borisCode},
		{"name", client.Answer{Action: "name", FirstName: s.boris.name}, "A name, since nobody has an account with that number yet: " + s.boris.name},
	})
	if err != nil {
		return err
	}
	for _, f := range s.sandbox.Faults() {
		if slices.Contains(counters[:], f.ID) && f.Hits != 1 {
			return fmt.Errorf("DC %d was asked for a code %d times, want once", f.DC, f.Hits)
		}
	}
	s.line("  The daemon asked DC 1 first, was told PHONE_MIGRATE_2, and went to DC 2.")
	return nil
}

func (s *story) signInBot(ctx context.Context) error {
	if err := s.add(ctx, s.bot, bridge.BotAccount); err != nil {
		return err
	}
	return s.signIn(ctx, s.bot, []answerTo{
		{"start", client.Answer{Action: "bot_token", Text: botToken}, "Its token, over the Bot API: " + botToken[:12] + "…"},
	})
}

// converse has everybody write, and be answered.
func (s *story) converse(ctx context.Context) error {
	attending, dismiss := context.WithCancel(s.life)
	s.dismiss = dismiss
	s.working.Go(func() { s.attend(attending) })
	s.show(s.isMain)
	for i, p := range s.people {
		r := s.cast[p.ID]
		if err := s.asks(ctx, r, r.asks); err != nil {
			return err
		}
		if i == 0 {
			if err := p.Write(ctx, "@"+crowdName, inGroup.question); err != nil {
				return err
			}
			s.want(s.ann, bridge.MessageReceived, s.group, inGroup.question)
			s.want(s.ann, bridge.MessageSent, s.group, inGroup.answer)
		}
	}
	for _, turn := range []struct {
		from, to *desk
		text     string
	}{
		{s.ann, s.boris, "Boris, can you take the mudflats on Sunday?"},
		{s.boris, s.ann, "With pleasure. I have a new telescope."},
	} {
		if err := s.give(ctx, turn.from, turn.to.to, turn.text); err != nil {
			return err
		}
		s.want(turn.from, bridge.MessageSent, turn.to.user, turn.text)
		s.want(turn.to, bridge.MessageReceived, turn.from.user, turn.text)
		if err := s.awaitWants(ctx); err != nil {
			return err
		}
	}
	events, _ := s.stream.all()
	s.line("  The other %d are answered too. The one inbox has %d messages by now.", len(s.people)-len(main), eventSides(events).count())
	return nil
}

// asks has a person ask something, which is to be answered.
func (s *story) asks(ctx context.Context, r *role, e exchange) error {
	if err := r.Write(ctx, r.desk.to, e.question); err != nil {
		return err
	}
	s.want(r.desk, bridge.MessageReceived, r.ID, e.question)
	s.wantAnswered(r.desk, r, e.answer)
	return nil
}

// isMain reports whether an event is of those conversations that are shown in
// full. Those between accounts of the desk are shown from the side of who writes.
func (s *story) isMain(t *told) bool {
	if r := s.cast[t.what.Peer.ID]; r != nil {
		return main[r.Name]
	}
	return t.what.Peer.Kind == bridge.ChannelPeer || t.Type == bridge.MessageSent
}

// respect has the desk try to write to those who do not want it: Gus, who has
// written "stop" to Ann, and Dot, who has blocked the bot. That holds for every
// account.
func (s *story) respect(ctx context.Context) error {
	gus, dot := s.named("Gus"), s.named("Dot")
	if err := s.suppressed(ctx, gus.ID, dot.ID); err != nil {
		return err
	}
	for _, one := range []struct {
		to    *role
		about string
	}{{gus, "Gus has written stop to Ann"}, {dot, "Dot has blocked the bot"}} {
		name, text := "@"+one.to.Username, "One thing more, "+one.to.Name+"."
		err := s.give(ctx, one.to.desk, name, text)
		var r *client.Error
		if !errors.As(err, &r) || r.Code != client.CodeSuppressed {
			return fmt.Errorf("%s, who may write all the same: %w", one.about, cmp.Or(err, errors.New("it was accepted")))
		}
		s.line("  %s, who is not let write any more: %d %s.", one.about, r.Status, r.Code)
		if err := s.give(ctx, s.boris, name, text); err != nil {
			return err
		}
		s.want(s.boris, bridge.MessageFailed, one.to.ID, text)
	}
	s.show(s.isMain)
	return s.awaitWants(ctx)
}

// suppressed waits until the suppression list has some users.
func (s *story) suppressed(ctx context.Context, users ...int64) error {
	for {
		left := slices.Clone(users)
		for v, err := range s.api.Suppressions(ctx, nil) {
			if err != nil {
				return err
			}
			left = slices.DeleteFunc(left, func(id int64) bool { return id == v.Person.UserID })
		}
		if len(left) == 0 {
			return nil
		}
		if err := pause(ctx, again); err != nil {
			return fmt.Errorf("the suppression list lacks %d: %w", left, err)
		}
	}
}

// named returns somebody by name.
func (s *story) named(name string) *role {
	for _, r := range s.cast {
		if r.Name == name {
			return r
		}
	}
	panic("demo: nobody is called " + name)
}

// kill ends the daemon as a crash does, while people write and while it has
// accepted messages that it has not sent.
func (s *story) kill(ctx context.Context) error {
	s.show(nil)
	var toPeople, toBot []*role
	for _, p := range s.people {
		r := s.cast[p.ID]
		switch {
		case r.Habit == people.Stops || r.Habit == people.Blocks:
		case r.desk == s.bot:
			toBot = append(toBot, r)
		default:
			toPeople = append(toPeople, r)
		}
	}
	half := len(toPeople) / 2
	for _, r := range toPeople[:half] {
		if err := s.asks(ctx, r, second); err != nil {
			return err
		}
	}
	const given, text = 10, "The tide is low at six today."
	if err := s.giveAll(ctx, toPeople[:given], text); err != nil {
		return err
	}
	pid := s.daemon.pid()
	if err := s.daemon.kill(); err != nil {
		return err
	}
	sent := 0
	for _, e := range s.sandbox.Ledger() {
		if e.Text == text {
			sent++
		}
	}
	s.line("  %d people write again. Ann and Boris are given %d messages more, and the", half, given)
	s.line("  API accepts them. Then process %d is killed, with %d of the %d sent.", pid, sent, given)
	// The bot's people wait until now: who sends over the Bot API cannot repeat
	// what may have been sent, and the daemon says so rather than send it twice.
	late := slices.Concat(toPeople[half:], toBot)
	for _, r := range late {
		if err := s.asks(ctx, r, second); err != nil {
			return err
		}
	}
	s.line("  Nobody has told the other %d people, who write as well.", len(late))
	return nil
}

// export has the members of the group listed.
func (s *story) export(ctx context.Context) error {
	ann := string(s.ann.id)
	e, err := s.api.CreateExport(ctx, ann, client.CreateExportRequest{Group: "@" + crowdName}, nil)
	if err != nil {
		return err
	}
	for e.State == "queued" || e.State == "running" {
		if err := pause(ctx, again); err != nil {
			return fmt.Errorf("the export has %d members and is %s: %w", e.Seen, e.State, err)
		}
		if e, err = s.api.GetExport(ctx, ann, e.ID); err != nil {
			return err
		}
	}
	if e.State != "done" || e.Seen != crowdSize || !e.Complete {
		return fmt.Errorf("the export is %s with %d of %d members: %s", e.State, e.Seen, crowdSize, e.Error)
	}
	s.line("  Ann's export has all %d members, as CSV and as JSON lines.", e.Seen)
	return nil
}

// giveAll has each of some people written to, all at once.
func (s *story) giveAll(ctx context.Context, to []*role, text string) error {
	errs := make([]error, len(to))
	var giving sync.WaitGroup
	for i, r := range to {
		giving.Go(func() { errs[i] = s.give(ctx, r.desk, "@"+r.Username, text) })
		s.wantAnswered(r.desk, r, text)
	}
	giving.Wait()
	return errors.Join(errs...)
}

// resume starts the daemon on what it has stored.
func (s *story) resume(ctx context.Context) error {
	began := time.Now()
	if err := s.daemon.start(ctx); err != nil {
		return err
	}
	if err := ready(ctx, s.daemon.base()); err != nil {
		return err
	}
	for _, d := range []*desk{s.ann, s.boris, s.bot} {
		if _, err := s.online(ctx, d); err != nil {
			return err
		}
	}
	s.line("  Process %d has all three online after %v, from the stored credentials.",
		s.daemon.pid(), time.Since(began).Round(100*time.Millisecond))
	const codes = 2 // one each, in the beginning
	if sent := len(s.sandbox.Outbox()); sent != codes {
		return fmt.Errorf("%d codes were sent, want %d: one was asked for again", sent, codes)
	}
	s.line("  No code was asked for: Telegram has sent %d in all, when Ann and Boris came.", codes)
	if err := s.awaitWants(ctx); err != nil {
		return err
	}
	s.line("  What was accepted has been sent, and what came meanwhile is there.")
	return nil
}

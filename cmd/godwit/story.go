package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
)

// patience is how long a step of the story may take. On an idle machine each
// takes a fraction of a second.
const patience = time.Minute

// tell runs the story. An error names the step that failed.
func (s *story) tell(connection string) error {
	var err error
	if s.network, s.file, err = connectionfile.Load(connection); err != nil {
		return err
	}
	if s.key, err = filestore.CreateKeyFile(filepath.Join(s.dir, "key")); err != nil {
		return err
	}
	ann := &person{story: s, name: "Ann", phone: "9996610001", code: "11111", password: "correct horse"}
	boris := &person{story: s, name: "Boris", phone: "9996620002", code: "22222"}
	defer ann.leave()
	defer boris.leave()
	for _, step := range []struct {
		name string
		do   func(ctx context.Context, ann, boris *person) error
	}{
		{"start a local Telegram", s.introduce},
		{"sign in Ann, who has a 2FA password", s.signInAnn},
		{"sign up Boris, who lives on the other data centre", s.signUpBoris},
		{"let them talk", s.talk},
		{"end both clients in the middle of it", s.interrupt},
		{"start both again without a code", s.resume},
		{"compare with the server's ledger", s.compare},
	} {
		s.chapter(step.name)
		ctx, cancel := context.WithTimeout(s.env.ctx, patience)
		err := step.do(ctx, ann, boris)
		cancel()
		if err != nil {
			return fmt.Errorf("step %q: %w", step.name, err)
		}
	}
	return nil
}

// introduce shows the servers and puts Ann's account there.
func (s *story) introduce(_ context.Context, ann, _ *person) error {
	for _, dc := range s.file.DCs {
		s.line("  DC %d listens on %s:%d and speaks MTProto 2.0.", dc.ID, dc.Host, dc.Port)
	}
	if _, err := s.sandbox.AddUser(ann.phone, ann.name, "Adler"); err != nil {
		return err
	}
	if err := s.sandbox.SetPassword(ann.phone, ann.password, "the one from the comic"); err != nil {
		return err
	}
	s.line("  Ann has an account on DC 1, with a 2FA password. Boris has none yet.")
	return nil
}

func (s *story) signInAnn(ctx context.Context, ann, _ *person) error {
	if err := ann.connect(ctx); err != nil {
		return err
	}
	if err := ann.signIn(ctx); err != nil {
		return err
	}
	if ann.codes != 1 || ann.passwords != 1 {
		return fmt.Errorf("ann was asked for %d codes and %d passwords, want one of each", ann.codes, ann.passwords)
	}
	return nil
}

func (s *story) signUpBoris(ctx context.Context, ann, boris *person) error {
	if err := boris.connect(ctx); err != nil {
		return err
	}
	began := s.network.DCs[0].ID
	if err := boris.signIn(ctx); err != nil {
		return err
	}
	home, err := boris.homeDC()
	switch {
	case err != nil:
		return err
	case home != 2:
		return fmt.Errorf("boris ended up on DC %d, want 2", home)
	}
	s.line("  He asked DC %d first, was told PHONE_MIGRATE_%d, and went there.", began, home)
	if err := ann.know(ctx, boris); err != nil {
		return err
	}
	return boris.know(ctx, ann)
}

func (s *story) talk(ctx context.Context, ann, boris *person) error {
	for _, turn := range []struct {
		from, to *person
		text     string
	}{
		{ann, boris, "Hello Boris, is the bar-tailed godwit back?"},
		{boris, ann, "Since this morning. Eleven thousand kilometres, not one stop."},
		{ann, boris, "Then it can teach our connections something."},
		{boris, ann, "I will ask how it is done."},
	} {
		if err := turn.from.say(ctx, turn.to, turn.text); err != nil {
			return err
		}
		if err := turn.to.expect(ctx, turn.text); err != nil {
			return err
		}
	}
	return nil
}

// interrupt ends Boris's client; Ann goes on writing, then hers ends too.
func (s *story) interrupt(ctx context.Context, ann, boris *person) error {
	boris.leave()
	s.line("  Boris's client has ended. Ann does not know, and goes on:")
	for _, text := range s.missed() {
		if err := ann.say(ctx, boris, text); err != nil {
			return err
		}
	}
	ann.leave()
	s.line("  Ann's client has ended too.")
	return nil
}

// missed is what Ann writes while Boris is away.
func (s *story) missed() []string {
	return []string{"One thing more.", "It sleeps with one half of its brain.", "The other half flies.", "And it eats its own gut on the way.", "Boris?"}
}

func (s *story) resume(ctx context.Context, ann, boris *person) error {
	if err := boris.connect(ctx); err != nil {
		return err
	}
	if err := ann.connect(ctx); err != nil {
		return err
	}
	if ann.codes != 1 || boris.codes != 1 {
		return errors.New("a second code was asked for")
	}
	for _, text := range s.missed() {
		if err := boris.expect(ctx, text); err != nil {
			return err
		}
	}
	s.line("  Boris has got all %d, once each and in order.", len(s.missed()))
	reply := "I was away. The half of me that flies has read everything."
	if err := boris.know(ctx, ann); err != nil {
		return err
	}
	if err := boris.say(ctx, ann, reply); err != nil {
		return err
	}
	if err := ann.expect(ctx, reply); err != nil {
		return err
	}
	// What Boris gets last shows, since messages come in order, that nothing
	// comes twice.
	last := "Good landing, then."
	if err := ann.say(ctx, boris, last); err != nil {
		return err
	}
	return boris.expect(ctx, last)
}

// compare holds what the server has accepted against what was sent and
// received: every message once and in order.
func (s *story) compare(_ context.Context, ann, boris *person) error {
	var accepted []string
	for _, entry := range s.sandbox.Ledger() {
		accepted = append(accepted, entry.Text)
	}
	if !slices.Equal(accepted, s.said) {
		return fmt.Errorf("the server has %q, sent were %q", accepted, s.said)
	}
	for _, p := range []*person{ann, boris} {
		if extra := p.unexpected(); len(extra) > 0 {
			return fmt.Errorf("%s got %q once more", p.name, extra)
		}
	}
	s.line("  %d messages sent, %d on the server, each received once and in order.", len(s.said), len(accepted))
	return nil
}

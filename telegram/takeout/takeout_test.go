package takeout_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/internal/place"
	"godwit/telegram/participants"
	"godwit/telegram/takeout"
	"godwit/tg"
)

const (
	annPhone   = "9996610001"
	borisPhone = "9996610002"
)

func TestExport(t *testing.T) {
	p := place.New(t, sandbox.Options{})
	ann := p.Person(annPhone, "Ann")
	p.Person(borisPhone, "Boris")
	boris := p.Meet(ann, borisPhone)
	for i := range 130 {
		_, err := ann.SendText(p.Ctx, boris, fmt.Sprint(i))
		p.Check(err)
	}
	_, err := p.AddCrowd(sandbox.Crowd{Title: "Crowd", Username: "the_crowd", Creator: annPhone, Members: 150})
	p.Check(err)
	crowd, err := ann.ResolveUsername(p.Ctx, "the_crowd")
	p.Check(err)

	export, err := takeout.Begin(p.Ctx, ann, takeout.Scope{Users: true, Supergroups: true, MaxFile: 1 << 20})
	p.Check(err)
	again := takeout.Resume(ann, export.ID())
	messages, members, dialogs := 0, 0, 0
	for _, err := range telegram.HistoryOf(p.Ctx, export, boris, telegram.HistoryOptions{}) {
		p.Check(err)
		messages++
	}
	for _, err := range participants.Of(again, crowd, participants.Options{}).All(p.Ctx) {
		p.Check(err)
		members++
	}
	for _, err := range telegram.DialogsOf(p.Ctx, export, telegram.AllFolders) {
		p.Check(err)
		dialogs++
	}
	if messages != 130 || members != 151 || dialogs != 1 {
		t.Errorf("exported %d messages, %d members, %d dialogs", messages, members, dialogs)
	}
	p.Check(export.Finish(p.Ctx, true))
	for _, err := range telegram.HistoryOf(p.Ctx, again, boris, telegram.HistoryOptions{}) {
		if !errors.Is(err, tg.ErrTakeoutInvalid) {
			t.Errorf("after the end: %v", err)
		}
	}
	if _, err := tg.Call(p.Ctx, ann, &tg.AccountFinishTakeoutSession{}); !errors.Is(err, tg.ErrTakeoutRequired) {
		t.Errorf("an end of none: %v", err)
	}
}

// A device that has just signed in has to wait, and is told for how long.
func TestDelay(t *testing.T) {
	p := place.New(t, sandbox.Options{TakeoutDelay: true})
	ann := p.Person(annPhone, "Ann")
	_, err := takeout.Begin(p.Ctx, ann, takeout.Scope{Contacts: true})
	var delay *takeout.DelayError
	if !errors.As(err, &delay) || delay.Wait < 23*time.Hour || delay.Wait > 24*time.Hour || !errors.Is(err, tg.ErrTakeoutInitDelay) {
		t.Errorf("%v", err)
	}
}

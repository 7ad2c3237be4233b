package telegram_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"godwit/telegram"
	"godwit/tg"
)

// TestSequence has messages that are sent all at once arrive in order, among
// them one that is refused, one that is not sent at all, and one whose context
// has ended (R-SM-70).
func TestSequence(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620001", "Ada")
	c := p.signIn(p.options(), "9996620001")
	var order telegram.Sequence
	var all sync.WaitGroup
	var want []string
	for i := range 40 {
		ctx, cancel := context.WithCancel(p.ctx)
		defer cancel()
		ctx = order.Next(ctx)
		text := fmt.Sprint(i)
		switch i {
		case 7: // a request that Telegram refuses
			text = ""
		case 11: // a request that the client refuses
			all.Go(func() { _, _ = tg.Call(ctx, c, new(tg.BotsGetBotCommands)) })
			continue
		case 13: // a place that is given up
			cancel()
			continue
		default:
			want = append(want, text)
		}
		all.Go(func() {
			if _, err := c.SendText(ctx, &tg.InputPeerSelf{}, text); (err == nil) != (text != "") {
				t.Errorf("%q: %v", text, err)
			}
		})
	}
	all.Wait()
	var got []string
	for _, e := range p.Ledger() {
		got = append(got, e.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("arrived are %q, want %q", got, want)
	}
}

// TestSequenceAcrossConnections has a request wait for the one before it where
// that went over another connection.
func TestSequenceAcrossConnections(t *testing.T) {
	p := newPlace(t)
	p.addUser("9996620001", "Ada")
	first, second := p.signIn(p.options(), "9996620001"), p.signIn(p.options(), "9996620001")
	var order telegram.Sequence
	var want, got []string
	var all sync.WaitGroup
	for i := range 20 {
		c, ctx, text := first, order.Next(p.ctx), fmt.Sprint(i)
		if i%2 == 1 {
			c = second
		}
		want = append(want, text)
		all.Go(func() {
			if _, err := c.SendText(ctx, &tg.InputPeerSelf{}, text); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, e := range p.Ledger() {
		got = append(got, e.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("arrived are %q, want %q", got, want)
	}
}

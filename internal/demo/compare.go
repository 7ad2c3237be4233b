package demo

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"godwit/bridge"
	"godwit/sandbox"
)

// A side is one direction of a conversation of an account.
type side struct {
	account   bridge.AccountID
	peer      bridge.Peer
	direction bridge.Direction
}

// sides are what was written in each, in order.
type sides map[side][]string

func (l sides) count() (n int) {
	for _, texts := range l {
		n += len(texts)
	}
	return n
}

// A member is an account, and which channels it is in.
type member struct {
	account  bridge.AccountID
	channels []int64
}

// ledgerSides returns what of the sandbox's ledger some accounts, by their user
// ids, are to have.
func ledgerSides(ledger []sandbox.Entry, accounts map[int64]member) sides {
	out := make(sides)
	add := func(user int64, peer bridge.Peer, d bridge.Direction, text string) {
		if m, ok := accounts[user]; ok {
			l := side{m.account, peer, d}
			out[l] = append(out[l], text)
		}
	}
	for _, e := range ledger {
		if e.PeerKind == "user" {
			add(e.From, bridge.Peer{Kind: bridge.UserPeer, ID: e.PeerID}, bridge.Outbound, e.Text)
			add(e.PeerID, bridge.Peer{Kind: bridge.UserPeer, ID: e.From}, bridge.Inbound, e.Text)
			continue
		}
		for user, m := range accounts {
			if !slices.Contains(m.channels, e.PeerID) {
				continue
			}
			d := bridge.Inbound
			if user == e.From {
				d = bridge.Outbound
			}
			add(user, bridge.Peer{Kind: bridge.ChannelPeer, ID: e.PeerID}, d, e.Text)
		}
	}
	return out
}

// eventSides returns what the events of new messages have told. A message that was
// told of before it was known to be the daemon's own stands where it was first.
func eventSides(events []*told) sides {
	seen := make(map[bridge.MessageID]bool)
	out := make(sides)
	for _, t := range events {
		var d bridge.Direction
		switch t.Type {
		case bridge.MessageReceived:
			d = bridge.Inbound
		case bridge.MessageSent:
			d = bridge.Outbound
		default:
			continue
		}
		if t.what.Service != "" || t.what.Peer.ID == serviceUser || seen[t.what.Replaces] {
			continue
		}
		seen[t.what.ID] = true
		l := side{t.AccountID, t.what.Peer, d}
		out[l] = append(out[l], t.what.Text)
	}
	return out
}

// differ returns an error that names the first difference between what was
// written by the ledger and what something has.
func differ(what string, ledger, has sides) error {
	all := slices.Collect(maps.Keys(ledger))
	for l := range has {
		if _, there := ledger[l]; !there {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b side) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.peer.ID, b.peer.ID), cmp.Compare(a.direction, b.direction))
	})
	var errs []error
	for _, l := range all {
		want, got := ledger[l], has[l]
		if slices.Equal(want, got) {
			continue
		}
		n := 0
		for n < len(want) && n < len(got) && want[n] == got[n] {
			n++
		}
		errs = append(errs, fmt.Errorf("%s, %s with %s, %s: %d messages where the ledger has %d; from number %d on %q where it has %q",
			what, l.account, l.peer, l.direction, len(got), len(want), n+1, got[n:], want[n:]))
	}
	return errors.Join(errs...)
}

// checkLog returns an error if the events of an account are not numbered without
// gaps.
func checkLog(log []*told) error {
	last := make(map[bridge.AccountID]int64)
	for _, t := range log {
		if t.Seq != last[t.AccountID]+1 {
			return fmt.Errorf("the log: event %s of account %s has number %d after %d", t.ID, t.AccountID, t.Seq, last[t.AccountID])
		}
		last[t.AccountID] = t.Seq
	}
	return nil
}

// checkStream returns an error unless a stream has told what the log has, each
// event once and in the same order.
func checkStream(log, stream []*told) error {
	if len(stream) < len(log) {
		return fmt.Errorf("the stream has told %d of %d events", len(stream), len(log))
	}
	for i, t := range log {
		if stream[i].ID != t.ID {
			return fmt.Errorf("the stream: event number %d is %s, %s; in the log it is %s, %s", i+1, stream[i].ID, stream[i].Type, t.ID, t.Type)
		}
	}
	return nil
}

// checkHook returns an error unless a webhook was sent what the log has, each
// event at least once, and those of a conversation in their order. It returns how
// many requests repeated one before.
func checkHook(log, hook []*told) (repeated int, err error) {
	seen := make(map[bridge.EventID]bool)
	last := make(map[string]int64)
	for _, t := range hook {
		if seen[t.ID] {
			repeated++
			continue
		}
		seen[t.ID] = true
		if t.Seq <= last[t.lane()] {
			return repeated, fmt.Errorf("the webhook: event %d of %s came after %d", t.Seq, t.lane(), last[t.lane()])
		}
		last[t.lane()] = t.Seq
	}
	for _, t := range log {
		if !seen[t.ID] {
			return repeated, fmt.Errorf("the webhook was not sent %s, %s of account %s", t.ID, t.Type, t.AccountID)
		}
	}
	return repeated, nil
}

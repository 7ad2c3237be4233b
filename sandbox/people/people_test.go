package people_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"godwit/internal/leak"
	"godwit/sandbox"
	"godwit/sandbox/people"
	"godwit/tg"
)

func TestMain(m *testing.M) { leak.Main(m) }

// A desk is somebody whom people write to.
type desk struct {
	*testing.T
	*sandbox.Device
	ctx  context.Context
	news chan tg.UpdatesClass
}

const deskPhone = "9996610001"

func open(t *testing.T) (*sandbox.Sandbox, *desk) {
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sb.Close() })
	d := &desk{T: t, news: make(chan tg.UpdatesClass, 100)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	d.ctx = ctx
	if _, err = sb.AddUser(deskPhone, "Desk", ""); err == nil {
		d.Device, err = sb.SignInPerson(deskPhone, func(u tg.UpdatesClass) { d.news <- u })
	}
	if err != nil {
		t.Fatal(err)
	}
	return sb, d
}

// next returns the next update of a type.
func next[T tg.UpdateClass](d *desk) (found T) {
	d.Helper()
	for {
		select {
		case u := <-d.news:
			for _, one := range u.(*tg.Updates).Updates {
				if is, ok := one.(T); ok {
					return is
				}
			}
		case <-d.ctx.Done():
			d.Fatalf("no %T comes", found)
		}
	}
}

// text returns the next message that somebody has written.
func (d *desk) text() *tg.Message {
	d.Helper()
	for {
		if m := next[*tg.UpdateNewMessage](d).Message.(*tg.Message); !m.Out {
			return m
		}
	}
}

// write writes to a person.
func (d *desk) write(username, text string) {
	d.Helper()
	found, err := tg.Call(d.ctx, d, &tg.ContactsResolveUsername{Username: username})
	if err != nil {
		d.Fatal(err)
	}
	u := found.Users[0].(*tg.User)
	_, err = tg.Call(d.ctx, d, &tg.MessagesSendMessage{
		Peer: &tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Or(0)}, Message: text, RandomID: time.Now().UnixNano(),
	})
	if err != nil {
		d.Fatal(err)
	}
}

// TestHabits has people do what is their habit once, and answer from then on.
func TestHabits(t *testing.T) {
	for habit, seen := range map[people.Habit]func(d *desk, asked int32){
		people.Answers: func(d *desk, _ int32) {
			if got := d.text().Message; got != "one" {
				d.Errorf("%q", got)
			}
		},
		people.Stops: func(d *desk, _ int32) {
			if got := d.text().Message; got != "stop" {
				d.Errorf("%q", got)
			}
		},
		people.Reacts: func(d *desk, _ int32) {
			if r := next[*tg.UpdateMessageReactions](d).Reactions.Results; len(r) != 1 || r[0].Count != 1 {
				d.Errorf("%+v", r)
			}
		},
		people.Pictures: func(d *desk, _ int32) {
			m := d.text()
			if _, ok := m.Media.(*tg.MessageMediaPhoto); !ok || m.Message != "one" {
				d.Errorf("%+v", m)
			}
		},
		people.Corrects: func(d *desk, asked int32) {
			if m := next[*tg.UpdateEditMessage](d).Message.(*tg.Message); m.ID != asked || m.Message != "one" {
				d.Errorf("%+v", m)
			}
		},
		people.Regrets: func(d *desk, asked int32) {
			if ids := next[*tg.UpdateDeleteMessages](d).Messages; len(ids) != 1 || ids[0] != asked {
				d.Errorf("%v, want %d", ids, asked)
			}
		},
		people.Blocks: func(d *desk, _ int32) { next[*tg.UpdateReadHistoryOutbox](d) },
	} {
		t.Run(string(habit), func(t *testing.T) {
			sb, d := open(t)
			p, err := people.Add(sb, people.Options{
				Phone: "9996620002", Name: "Rhea", Username: "rhea_wader", Habit: habit, Lines: []string{"one", "two"},
				Failed: func(err error) { t.Error(err) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Write(d.ctx, "+"+deskPhone, "Where is it?"); err != nil {
				t.Fatal(err)
			}
			asked := d.text()
			d.write("rhea_wader", "There.")
			seen(d, asked.ID)
			if habit == people.Blocks {
				return // what is written from now on does not arrive
			}
			for _, want := range []string{"two", "one"} {
				d.write("rhea_wader", "And there.")
				if got := d.text().Message; got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
		})
	}
}

// TestGroup has a person write in a group, and nothing be answered there.
func TestGroup(t *testing.T) {
	sb, d := open(t)
	p, err := people.Add(sb, people.Options{Phone: "9996620002", Name: "Rhea", Lines: []string{"one"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := sb.AddCrowd(sandbox.Crowd{Title: "The flock", Username: "the_flock", Creator: deskPhone, Phones: []string{p.Phone}}); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(d.ctx, "@the_flock", "Hello"); err != nil {
		t.Fatal(err)
	}
	if m := next[*tg.UpdateNewChannelMessage](d).Message.(*tg.Message); m.Message != "Hello" {
		t.Errorf("%+v", m)
	}
}

// TestRefused has what people cannot do told.
func TestRefused(t *testing.T) {
	sb, d := open(t)
	if _, err := people.Add(sb, people.Options{Phone: "9996620002", Name: "Rhea"}); err == nil || !strings.Contains(err.Error(), "nothing to say") {
		t.Errorf("%v", err)
	}
	if _, err := people.Add(sb, people.Options{Phone: deskPhone, Name: "Rhea", Lines: []string{"x"}}); err == nil {
		t.Error("two have one number")
	}
	failed := make(chan error, 1)
	p, err := people.Add(sb, people.Options{
		Phone: "9996620003", Name: "Rhea", Username: "rhea_wader", Habit: people.Corrects, Lines: []string{"x"},
		Failed: func(err error) { failed <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Write(d.ctx, "@nobody_there", "x"); !errors.Is(err, tg.ErrUsernameNotOccupied) {
		t.Errorf("%v", err)
	}
	d.write("rhea_wader", "She has written nothing that she could correct.")
	if err := <-failed; !strings.Contains(err.Error(), "Rhea") {
		t.Errorf("%v", err)
	}
}

// Package people puts people into a sandbox who write to others, and who do
// something when they are written to, without a client of their own: what they
// do depends on nothing but what they are told, so that a test or a
// demonstration goes the same way each time.
//
// Start with [Add]. [Person.Write] has a person write to somebody; what people
// do by themselves is their [Habit].
package people

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"time"

	"godwit/sandbox"
	"godwit/tg"
	"godwit/tl"
)

// A Habit is what a person does the first time that somebody writes to them.
// From then on they answer with their lines.
type Habit string

// The habits.
const (
	Answers  Habit = "answers"  // with the first of their lines
	Reacts   Habit = "reacts"   // to the message, with a heart
	Pictures Habit = "pictures" // sends a picture, with the first of their lines below it
	Corrects Habit = "corrects" // edits what they wrote last, to the first of their lines
	Regrets  Habit = "regrets"  // deletes what they wrote last, for both sides
	Stops    Habit = "stops"    // writes "stop"
	Blocks   Habit = "blocks"   // whoever has written
)

// Options say who a person is.
type Options struct {
	Phone    string // by the convention of the sandbox, 99966XYYYY
	Name     string
	Username string // empty for none
	Habit    Habit
	Lines    []string // what they answer: one after the other, and then from the first on again
	// Pause is how long they take before they do anything about a message.
	Pause time.Duration
	// Failed is told of what a person wanted to do by themselves and could not;
	// nobody is if nil.
	Failed func(error)
}

// A Person lives in a sandbox. All methods are safe for concurrent use.
type Person struct {
	Options
	ID int64 // at Telegram

	device *sandbox.Device
	living sync.WaitGroup
	die    context.CancelFunc
	news   chan struct{} // holds a value while told is not empty

	mu     sync.Mutex
	told   []tg.UpdatesClass
	random int64                   // the last random id
	met    map[int64]*acquaintance // by user id
}

// An acquaintance is somebody whom a person has come across.
type acquaintance struct {
	peer  tg.InputPeerUser
	wrote int   // how often they have written to the person
	last  int32 // the id of what the person wrote to them last
}

// Add puts a person into a sandbox, with an account of their own.
func Add(sb *sandbox.Sandbox, o Options) (*Person, error) {
	if len(o.Lines) == 0 {
		return nil, fmt.Errorf("people: %s has nothing to say", o.Name)
	}
	id, err := sb.AddUser(o.Phone, o.Name, "")
	if err != nil {
		return nil, err
	}
	if err := sb.SetUsername(o.Phone, o.Username); err != nil {
		return nil, err
	}
	p := &Person{
		Options: o, ID: id, news: make(chan struct{}, 1),
		met: make(map[int64]*acquaintance),
	}
	if p.device, err = sb.SignInPerson(o.Phone, p.hear); err != nil {
		return nil, err
	}
	ctx, die := context.WithCancel(context.Background())
	p.die = die
	p.living.Go(func() { p.live(ctx) })
	return p, nil
}

// Close has the person do nothing more. What is under way is waited for.
func (p *Person) Close() {
	p.die()
	p.living.Wait()
	p.device.SignOut()
}

// hear takes what the person's device is told.
func (p *Person) hear(u tg.UpdatesClass) {
	p.mu.Lock()
	p.told = append(p.told, u)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// live does what is the person's habit, until ctx ends.
func (p *Person) live(ctx context.Context) {
	for {
		select {
		case <-p.news:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		told := p.told
		p.told = nil
		p.mu.Unlock()
		for _, u := range told {
			if err := p.respond(ctx, u); err != nil && ctx.Err() == nil && p.Failed != nil {
				p.Failed(fmt.Errorf("people: %s: %w", p.Name, err))
			}
		}
	}
}

// respond does what there is to do about some updates.
func (p *Person) respond(ctx context.Context, u tg.UpdatesClass) error {
	all, ok := u.(*tg.Updates)
	if !ok {
		return nil
	}
	p.learn(all.Users)
	var failed error
	for _, one := range all.Updates {
		news, ok := one.(*tg.UpdateNewMessage)
		if !ok {
			continue
		}
		m, ok := news.Message.(*tg.Message)
		if !ok || m.Out {
			continue
		}
		if from, ok := m.PeerID.(*tg.PeerUser); ok {
			failed = errors.Join(failed, p.answer(ctx, from.UserID, m))
		}
	}
	return failed
}

// learn notes how people are reached.
func (p *Person) learn(users []tg.UserClass) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range users {
		u, ok := one.(*tg.User)
		if ok && !u.Self && p.met[u.ID] == nil {
			p.met[u.ID] = &acquaintance{peer: tg.InputPeerUser{UserID: u.ID, AccessHash: u.AccessHash.Or(0)}}
		}
	}
}

// answer does what a person does when somebody has written to them.
func (p *Person) answer(ctx context.Context, from int64, m *tg.Message) error {
	select {
	case <-time.After(p.Pause):
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	a := p.met[from]
	if a == nil {
		p.mu.Unlock()
		return fmt.Errorf("user %d has written, and is unknown", from)
	}
	a.wrote++
	peer, times, last := a.peer, a.wrote, a.last
	p.mu.Unlock()
	if _, err := tg.Call(ctx, p.device, &tg.MessagesReadHistory{Peer: &peer, MaxID: m.ID}); err != nil {
		return err
	}
	line := p.Lines[(times-1)%len(p.Lines)]
	habit := p.Habit
	if times > 1 {
		habit = Answers
	}
	var err error
	switch habit {
	case Reacts:
		_, err = tg.Call(ctx, p.device, &tg.MessagesSendReaction{
			Peer: &peer, MsgID: m.ID, Reaction: []tg.ReactionClass{&tg.ReactionEmoji{Emoticon: "❤"}},
		})
	case Pictures:
		err = p.sendPicture(ctx, &peer, line)
	case Corrects:
		_, err = tg.Call(ctx, p.device, &tg.MessagesEditMessage{Peer: &peer, ID: last, Message: tl.Some(line)})
	case Regrets:
		_, err = tg.Call(ctx, p.device, &tg.MessagesDeleteMessages{Revoke: true, ID: []int32{last}})
	case Stops:
		err = p.send(ctx, &peer, "stop")
	case Blocks:
		_, err = tg.Call(ctx, p.device, &tg.ContactsBlock{ID: &peer})
	default:
		err = p.send(ctx, &peer, line)
	}
	return err
}

// Write has a person write to somebody: a @username, of a group too that they
// are in, or a +phone.
func (p *Person) Write(ctx context.Context, to, text string) error {
	peer, err := p.find(ctx, to)
	if err == nil {
		err = p.send(ctx, peer, text)
	}
	if err != nil {
		return fmt.Errorf("people: %s writes to %s: %w", p.Name, to, err)
	}
	return nil
}

// find looks somebody up.
func (p *Person) find(ctx context.Context, name string) (tg.InputPeerClass, error) {
	var found *tg.ContactsResolvedPeer
	var err error
	if username, ok := strings.CutPrefix(name, "@"); ok {
		found, err = tg.Call(ctx, p.device, &tg.ContactsResolveUsername{Username: username})
	} else {
		found, err = tg.Call(ctx, p.device, &tg.ContactsResolvePhone{Phone: name})
	}
	if err != nil {
		return nil, err
	}
	p.learn(found.Users)
	switch peer := found.Peer.(type) {
	case *tg.PeerUser:
		p.mu.Lock()
		defer p.mu.Unlock()
		if a := p.met[peer.UserID]; a != nil {
			to := a.peer
			return &to, nil
		}
	case *tg.PeerChannel:
		for _, one := range found.Chats {
			if ch, ok := one.(*tg.Channel); ok && ch.ID == peer.ChannelID {
				return &tg.InputPeerChannel{ChannelID: ch.ID, AccessHash: ch.AccessHash.Or(0)}, nil
			}
		}
	}
	return nil, errors.New("nobody to write to is called so")
}

// nextRandom returns an id by which a message is told from others of the person.
func (p *Person) nextRandom() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.random++
	return p.random
}

// send sends a text.
func (p *Person) send(ctx context.Context, to tg.InputPeerClass, text string) error {
	sent, err := tg.Call(ctx, p.device, &tg.MessagesSendMessage{Peer: to, Message: text, RandomID: p.nextRandom()})
	if err != nil {
		return err
	}
	return p.noteSent(to, sent)
}

// noteSent notes the id of what was sent last to somebody.
func (p *Person) noteSent(to tg.InputPeerClass, sent tg.UpdatesClass) error {
	peer, ok := to.(*tg.InputPeerUser)
	all, complete := sent.(*tg.Updates)
	if !ok || !complete {
		return nil
	}
	for _, one := range all.Updates {
		if id, ok := one.(*tg.UpdateMessageID); ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.met[peer.UserID].last = id.ID
			return nil
		}
	}
	return errors.New("the sandbox does not tell the id of what was sent")
}

// sendPicture sends a small picture, with a text below it.
func (p *Person) sendPicture(ctx context.Context, to tg.InputPeerClass, caption string) error {
	picture, err := draw(p.ID)
	if err != nil {
		return err
	}
	file := p.nextRandom()
	if _, err := tg.Call(ctx, p.device, &tg.UploadSaveFilePart{FileID: file, Bytes: picture}); err != nil {
		return err
	}
	sent, err := tg.Call(ctx, p.device, &tg.MessagesSendMedia{
		Peer: to, Message: caption, RandomID: p.nextRandom(),
		Media: &tg.InputMediaUploadedPhoto{File: &tg.InputFile{ID: file, Parts: 1, Name: "picture.png"}},
	})
	if err != nil {
		return err
	}
	return p.noteSent(to, sent)
}

// draw returns a picture, as PNG: a sky over mudflats, in colours of its own for
// each number.
func draw(n int64) ([]byte, error) {
	const width, height = 160, 120
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{R: uint8(90 + y), G: uint8(140 + y/2), B: 230, A: 255}
			if y > height/2+(x*int(n%7))/40 {
				c = color.RGBA{R: 120, G: uint8(90 + n%40), B: uint8(60 + x/4), A: 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, m)
	return out.Bytes(), err
}

// Command conversation is a first look at the library: two people on a local
// Telegram write to each other; one of them goes away for a while and, back by
// stored credentials, has missed nothing.
//
// A program for Telegram itself is no different but for network: it leaves
// Options.Network out, and takes the APIID and APIHash that
// https://my.telegram.org/apps gives out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
	"godwit/tg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// The two. A number 99966XYYYY lives on data centre X of a local Telegram,
// which lets it in with the code XXXXX.
var (
	ann   = person{name: "Ann", phone: "9996610001", code: "11111"}
	boris = person{name: "Boris", phone: "9996620002", code: "22222"}
)

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "conversation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	options, end, err := network(dir)
	if err != nil {
		return err
	}
	defer end()
	fmt.Fprintln(out, "A local Telegram is up.")

	ann, err := ann.connect(ctx, options, dir)
	if err != nil {
		return err
	}
	defer ann.close()
	boris, err := boris.connect(ctx, options, dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Ann and Boris have signed in, each by a code.")

	talk := &conversation{out: out}
	talk.say(ctx, ann, boris, "Where have you been?")
	talk.hear(ctx, boris)
	talk.say(ctx, boris, ann, "In Alaska. Eleven thousand kilometres, and not one stop.")
	talk.hear(ctx, ann)

	talk.fail(boris.close())
	fmt.Fprintln(out, "Boris's program ends.")
	talk.say(ctx, ann, boris, "Are you asleep?")
	talk.say(ctx, ann, boris, "I would be.")
	if talk.err != nil {
		return talk.err
	}
	boris, err = boris.connect(ctx, options, dir)
	if err != nil {
		return err
	}
	defer boris.close()
	fmt.Fprintln(out, "It starts again. No code is asked for: the file has its credentials.")
	talk.hear(ctx, boris)
	talk.hear(ctx, boris)
	return talk.err
}

// network starts a local Telegram, and returns what leads clients to it.
func network(dir string) (telegram.Options, func(), error) {
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return telegram.Options{}, nil, err
	}
	file := filepath.Join(dir, "telegram.json")
	_, errAnn := server.AddUser(ann.phone, ann.name, "")
	_, errBoris := server.AddUser(boris.phone, boris.name, "")
	err = errors.Join(errAnn, errBoris, server.Start(), server.WriteInfo(file))
	var options telegram.Options
	if err == nil {
		var info *connectionfile.File
		if options.Network, info, err = connectionfile.Load(file); err == nil {
			options.APIID, options.APIHash = info.APIID, info.APIHash
		}
	}
	if err != nil {
		_ = server.Close()
		return options, nil, err
	}
	return options, func() { _ = server.Close() }, nil
}

// A person has an account, and a program that is signed in to it.
type person struct {
	name, phone, code string

	store    *filestore.Store
	client   *telegram.Client
	messages chan string // that others have written
}

// connect starts a person's program, which signs in unless it has before.
func (p person) connect(ctx context.Context, options telegram.Options, dir string) (*person, error) {
	p.messages = make(chan string, 10)
	var err error
	p.store, err = filestore.Open(filepath.Join(dir, p.name), filestore.Passphrase("a long one"))
	if err != nil {
		return nil, err
	}
	options.Store = p.store
	options.Handler = telegram.OnMessage(func(ctx context.Context, _ *telegram.Client, m *tg.Message) error {
		if m.Out {
			return nil // our own
		}
		select {
		case p.messages <- m.Message:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	p.client, err = telegram.Connect(ctx, options)
	if err == nil {
		_, err = p.client.SignIn(ctx, telegram.Answers{PhoneNumber: p.phone, AskCode: telegram.FixedCode(p.code)})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", p.name, err), p.close())
	}
	return &p, nil
}

// close ends the program; the account stays signed in.
func (p *person) close() error {
	var err error
	if p.client != nil {
		err = p.client.Close()
	}
	return errors.Join(err, p.store.Close())
}

// A conversation is shown as it happens. After an error nothing more does.
type conversation struct {
	out io.Writer
	err error
}

func (c *conversation) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *conversation) say(ctx context.Context, from, to *person, text string) {
	if c.err != nil {
		return
	}
	peer, err := from.client.ImportContact(ctx, telegram.Contact{Phone: to.phone, FirstName: to.name})
	if err == nil {
		_, err = from.client.SendText(ctx, peer, text)
	}
	c.fail(err)
}

func (c *conversation) hear(ctx context.Context, p *person) {
	if c.err != nil {
		return
	}
	select {
	case text := <-p.messages:
		fmt.Fprintf(c.out, "  %s reads: %s\n", p.name, text)
	case <-ctx.Done():
		c.fail(ctx.Err())
	}
}

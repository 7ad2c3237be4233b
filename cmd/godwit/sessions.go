package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"godwit/telegram"
	"godwit/telegram/connectionfile"
	"godwit/telegram/filestore"
	"godwit/telegram/sessions"
)

// sessionsCommand takes signed-in devices from other programs and hands them
// on.
type sessionsCommand struct {
	Import importCommand `cmd:"" help:"Take over a device that another program has signed in."`
	Export exportCommand `cmd:"" help:"Print an account's session as another program stores it. Whoever has it is signed in."`
}

// tdataFormat is the one that is a folder.
const tdataFormat = "tdata"

// importCommand writes a credentials file.
type importCommand struct {
	Format      string `arg:"" enum:"telethon,pyrogram,gramjs,mtcute,gotd,tdata" help:"Whose session: telethon, pyrogram, gramjs, mtcute or gotd; or tdata, of Telegram Desktop."`
	From        string `arg:"" optional:"" default:"-" help:"File with the session; - is standard input. For tdata the folder of that name."`
	Credentials string `help:"File to keep the account in, encrypted under FILE.key." default:"godwit.session" type:"path" placeholder:"FILE"`
	Account     int    `help:"Which account of the folder, from 1." default:"1" placeholder:"N"`
	Passcode    bool   `help:"Telegram Desktop asks for a passcode: read it from standard input."`
	JSON        bool   `help:"Print what was imported as JSON."`
}

// importedJSON is what import prints with --json.
type importedJSON struct {
	Credentials string `json:"credentials"`
	DC          int    `json:"dc"`
	UserID      int64  `json:"user_id,omitempty"`
	Bot         bool   `json:"bot"`
	Test        bool   `json:"test"`
	APIID       int    `json:"api_id,omitempty"`
}

// Run implements the command.
func (c *importCommand) Run(env *environment) error {
	s, err := c.read(env)
	if err != nil {
		return err
	}
	if err := c.save(&s.Credentials); err != nil {
		return err
	}
	out := importedJSON{c.Credentials, s.Credentials.DC, s.Credentials.UserID, s.Credentials.Bot, s.Test, s.APIID}
	who := fmt.Sprintf("User %d", out.UserID)
	if out.UserID == telegram.UnknownUser {
		out.UserID, who = 0, "The user whom the first connection will name"
	}
	if c.JSON {
		return json.NewEncoder(env.out).Encode(out)
	}
	fmt.Fprintf(env.out, "%s, on DC %d, is in %s now. Do not use the session in the other program at the same time.\n", who, out.DC, c.Credentials)
	if s.Test {
		fmt.Fprintln(env.out, "It is one of Telegram's test servers.")
	}
	return nil
}

// read reads the session of the other program.
func (c *importCommand) read(env *environment) (*sessions.Session, error) {
	if c.Format != tdataFormat {
		text, err := c.text(env)
		if err != nil {
			return nil, err
		}
		return sessions.Import(sessions.Format(c.Format), text)
	}
	if c.From == "-" {
		return nil, errors.New("tdata is a folder: give its path")
	}
	passcode := ""
	if c.Passcode {
		line, err := bufio.NewReader(env.in).ReadString('\n')
		if err != nil && line == "" {
			return nil, fmt.Errorf("no passcode on standard input: %w", io.ErrUnexpectedEOF)
		}
		passcode = strings.TrimRight(line, "\r\n")
	}
	accounts, err := sessions.ImportTDesktop(os.DirFS(c.From), passcode)
	if errors.Is(err, sessions.ErrPasscode) && !c.Passcode {
		return nil, fmt.Errorf("%w: use --passcode", err)
	}
	if err != nil {
		return nil, err
	}
	if c.Account < 1 || c.Account > len(accounts) {
		return nil, fmt.Errorf("--account %d: the folder has %d", c.Account, len(accounts))
	}
	return accounts[c.Account-1], nil
}

// maxSession bounds what is read as a session: gotd's file has some 10 kB.
const maxSession = 1 << 20

func (c *importCommand) text(env *environment) (string, error) {
	in := env.in
	if c.From != "-" {
		file, err := os.Open(c.From)
		if err != nil {
			return "", err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSession))
	return string(text), err
}

// save writes the credentials, unless the file has some.
func (c *importCommand) save(credentials *telegram.Credentials) error {
	f := accountFlags{Credentials: c.Credentials}
	key, _, err := f.key(true)
	if err != nil {
		return err
	}
	store, err := filestore.Open(c.Credentials, key)
	if err != nil {
		return err
	}
	there, err := store.Load()
	switch {
	case err != nil:
	case there.UserID != 0:
		err = fmt.Errorf("%s is signed in already, as user %d: name another file with --credentials", c.Credentials, there.UserID)
	default:
		err = store.Save(credentials)
	}
	return errors.Join(err, store.Close())
}

// exportCommand prints a session.
type exportCommand struct {
	Format      string `arg:"" enum:"telethon,pyrogram,gramjs,mtcute,gotd" help:"For whom: telethon, pyrogram, gramjs, mtcute or gotd."`
	Credentials string `help:"File that keeps the account." default:"godwit.session" type:"path" placeholder:"FILE"`
	DC          string `help:"Connection file of a local Telegram that the account is of." name:"dc" type:"path" placeholder:"FILE"`
	APIID       int    `help:"Application id to put into a session for Pyrogram." name:"api-id" env:"GODWIT_API_ID" placeholder:"ID"`
	Test        bool   `help:"The account is of Telegram's test servers."`
	JSON        bool   `help:"Print an object with the session in it."`
}

// exportedJSON is what export prints with --json.
type exportedJSON struct {
	Format  string `json:"format"`
	Session string `json:"session"`
}

// Run implements the command.
func (c *exportCommand) Run(env *environment) error {
	credentials, err := storedCredentials(c.Credentials)
	if err != nil {
		return err
	}
	network := telegram.Production()
	if c.Test {
		network = telegram.TestNetwork()
	}
	s := sessions.Session{Credentials: credentials, Test: c.Test, APIID: c.APIID}
	if c.DC != "" {
		var file *connectionfile.File
		if network, file, err = connectionfile.Load(c.DC); err != nil {
			return err
		}
		s.Test = s.Test || network.Test
		if s.APIID == 0 {
			s.APIID = file.APIID
		}
		s.Credentials.Addresses = slices.Clone(network.DCs)
	}
	if err := credentials.CheckNetwork(network); err != nil {
		return otherNetwork(c.Credentials, err)
	}
	text, err := sessions.Export(sessions.Format(c.Format), &s, network)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(env.out).Encode(exportedJSON{c.Format, text})
	}
	_, err = fmt.Fprintln(env.out, text)
	return err
}

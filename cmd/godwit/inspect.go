package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"godwit/internal/inspect"
	"godwit/mtproto/transport"
	"godwit/telegram"
	"godwit/telegram/filestore"
	"godwit/tl/schema"
)

// inspectCommand prints what Telegram traffic a capture holds.
type inspectCommand struct {
	File        string   `arg:"" help:"Capture, pcap or pcapng; - reads one from standard input, as tcpdump -U -w - writes it."`
	AuthKey     []string `help:"Auth key to decrypt with, 512 hexadecimal digits. May be repeated. Others can see it in the list of processes: a file is better." placeholder:"HEX" sep:"none"`
	AuthKeyFile []string `help:"File of auth keys, one in hexadecimal a line. May be repeated." type:"path" placeholder:"FILE" sep:"none"`
	Credentials []string `help:"File of an account, as login keeps it, whose keys to use. Traffic under temporary keys, as most is, needs --auth-key-file with what --key-log wrote. May be repeated." type:"path" placeholder:"FILE" sep:"none"`
	ProxySecret []string `help:"Secret of an MTProxy that connections go through, 32 hexadecimal digits. May be repeated." placeholder:"HEX" sep:"none"`
	Schema      []string `help:"API schema (.tl) of a layer before 144, for old captures. May be repeated." type:"path" placeholder:"FILE" sep:"none"`
	JSON        bool     `help:"Print a line of JSON for each message, complete, instead of text."`
}

// Run implements the command.
func (c *inspectCommand) Run(env *environment) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	in := env.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	// What is read from a pipe shows as it comes.
	out := bufio.NewWriterSize(env.out, 1<<16)
	write := printText
	if c.JSON {
		write = printJSON
	}
	summary, err := inspect.Run(in, o, func(r *inspect.Record) error {
		if err := env.ctx.Err(); err != nil {
			return err
		}
		err := write(out, r)
		if c.File == "-" {
			err = errors.Join(err, out.Flush())
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s: %w", c.File, err)
	}
	if summary != nil && err == nil {
		if c.JSON {
			err = json.NewEncoder(out).Encode(summaryOf(summary))
		} else {
			printSummary(out, summary)
		}
	}
	return errors.Join(err, out.Flush())
}

// options reads what the flags name.
func (c *inspectCommand) options() (o inspect.Options, err error) {
	for i, text := range c.AuthKey {
		key, err := inspect.ParseKey(text)
		if err != nil {
			return o, fmt.Errorf("--auth-key, number %d: %w", i+1, err)
		}
		o.Keys = append(o.Keys, key)
	}
	for _, path := range c.AuthKeyFile {
		content, err := os.ReadFile(path)
		if err != nil {
			return o, err
		}
		keys, err := inspect.ParseKeys(content)
		if err != nil {
			return o, fmt.Errorf("%s: %w", path, err)
		}
		o.Keys = append(o.Keys, keys...)
	}
	for _, path := range c.Credentials {
		credentials, err := storedCredentials(path)
		if err != nil {
			return o, err
		}
		for _, dc := range credentials.Keys {
			o.Keys = append(o.Keys, dc.Key)
		}
	}
	for i, text := range c.ProxySecret {
		secret, err := hex.DecodeString(text)
		if err != nil || len(secret) != transport.SecretSize {
			return o, fmt.Errorf("--proxy-secret, number %d: it has to be %d hexadecimal digits", i+1, 2*transport.SecretSize)
		}
		o.Secrets = append(o.Secrets, transport.Secret(secret))
	}
	for _, path := range c.Schema {
		text, err := os.ReadFile(path)
		if err != nil {
			return o, err
		}
		s, err := schema.Parse(path, string(text))
		if err != nil {
			return o, err
		}
		o.Schemas = append(o.Schemas, s)
	}
	return o, nil
}

// storedCredentials reads a file of credentials without connecting.
func storedCredentials(path string) (telegram.Credentials, error) {
	if _, err := os.Stat(path); err != nil {
		return telegram.Credentials{}, err
	}
	key, err := filestore.ReadKeyFile(path + ".key")
	if err != nil {
		return telegram.Credentials{}, err
	}
	store, err := filestore.Open(path, key)
	if err != nil {
		return telegram.Credentials{}, err
	}
	credentials, err := store.Load()
	return credentials, errors.Join(err, store.Close())
}

func printText(w io.Writer, r *inspect.Record) error {
	_, err := fmt.Fprintln(w, r.Text())
	return err
}

func printJSON(w io.Writer, r *inspect.Record) error {
	line, err := r.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

// printSummary ends the text with what the capture held, and what would be
// needed to read more of it. What cannot be written any more Flush tells.
func printSummary(w io.Writer, s *inspect.Summary) {
	fmt.Fprintf(w, "%d network packets, %d MTProto connections, %d others, %d messages decrypted.\n",
		s.Packets, s.Connections, s.Others, s.Messages)
	for _, id := range s.MissingKeys() {
		fmt.Fprintf(w, "%d packets need the auth key %016x, which was not given.\n", s.Missing[id], uint64(id))
	}
	for _, id := range s.RefusedKeys() {
		fmt.Fprintf(w, "%d packets are not decrypted by the auth key %016x that was given.\n", s.Refused[id], uint64(id))
	}
	if s.Cut > 0 {
		fmt.Fprintf(w, "%d network packets are cut short: capture with a larger snapshot length (tcpdump -s 0).\n", s.Cut)
	}
}

// summaryJSON is the last line of --json.
type summaryJSON struct {
	Kind        string         `json:"kind"` // "summary"
	Packets     int            `json:"packets"`
	Connections int            `json:"connections"`
	Others      int            `json:"others"`
	Messages    int            `json:"messages"`
	Missing     map[string]int `json:"missing_keys,omitempty"` // packets by key id
	Refused     map[string]int `json:"refused_keys,omitempty"`
	Cut         int            `json:"cut,omitempty"`
	Truncated   bool           `json:"truncated,omitempty"`
}

func summaryOf(s *inspect.Summary) summaryJSON {
	out := summaryJSON{
		Kind: "summary", Packets: s.Packets, Connections: s.Connections, Others: s.Others, Messages: s.Messages,
		Missing: map[string]int{}, Refused: map[string]int{}, Cut: s.Cut, Truncated: s.Truncated,
	}
	for id, n := range s.Missing {
		out.Missing[fmt.Sprintf("%016x", uint64(id))] = n
	}
	for id, n := range s.Refused {
		out.Refused[fmt.Sprintf("%016x", uint64(id))] = n
	}
	return out
}

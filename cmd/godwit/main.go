// Godwit keeps Telegram accounts online. This binary holds everything that
// runs: the bridge, the local Telegram called the sandbox, and a demo of both.
//
// Start with "godwit demo".
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/alecthomas/kong"

	"godwit/bridge"
	"godwit/tg"
)

// commands are the subcommands, each a struct whose Run does the work.
type commands struct {
	Version  kong.VersionFlag `help:"Print the version and exit."`
	LogLevel slog.Level       `help:"Least level that is logged to standard error: debug, info, warn or error." default:"warn" env:"GODWIT_LOG"`

	Demo    demoCommand    `cmd:"" help:"Start a local Telegram with people in it and the bridge beside it, and show what happens."`
	Sandbox sandboxCommand `cmd:"" help:"Run a local Telegram, for clients of any make."`

	Login    loginCommand    `cmd:"" help:"Sign in, and keep the credentials in an encrypted file."`
	Logout   logoutCommand   `cmd:"" help:"Sign this device out."`
	Devices  devicesCommand  `cmd:"" help:"List the devices of the account, confirm or end them."`
	Accept   acceptCommand   `cmd:"" help:"Sign in another device, which shows a QR code."`
	Password passwordCommand `cmd:"" help:"Tell of, set and take away the 2FA password of the account."`
	Send     sendCommand     `cmd:"" help:"Send a chat message."`
	History  historyCommand  `cmd:"" help:"Print a conversation."`
	Listen   listenCommand   `cmd:"" help:"Print chat messages as they come."`
	Chats    chatsCommand    `cmd:"" help:"Print the account's conversations."`
	Members  membersCommand  `cmd:"" help:"Print who is in a group or channel, and how complete that is."`
	Join     joinCommand     `cmd:"" help:"Join a group or channel."`
	Leave    leaveCommand    `cmd:"" help:"Leave a group or channel."`

	Upload   uploadCommand   `cmd:"" help:"Send files. One that was interrupted goes on where it was."`
	Download downloadCommand `cmd:"" help:"Fetch the file of a message. One that was interrupted goes on where it was."`
	Inspect  inspectCommand  `cmd:"" help:"Print the MTProto that a network capture holds, decrypted with given keys."`

	Serve    serveCommand        `cmd:"" help:"Run the bridge: many accounts, behind an HTTP API."`
	Account  accountCommand      `cmd:"" help:"Add accounts to a running daemon, sign them in, start and stop them."`
	Message  messageCommand      `cmd:"" help:"Have a daemon send messages, and see what becomes of them."`
	Inbox    inboxCommand        `cmd:"" help:"Read what a daemon's accounts are written, and follow what happens."`
	Webhook  webhookCommand      `cmd:"" help:"Have a daemon send events to URLs."`
	Export   memberExportCommand `cmd:"" help:"Have a daemon list the members of groups."`
	Key      keyCommand          `cmd:"" help:"Make, list and revoke keys of the HTTP API."`
	Keys     keysCommand         `cmd:"" help:"Change or shred the keys under which a daemon keeps credentials."`
	Suppress suppressCommand     `cmd:"" help:"Say who is never written to."`
	Audit    auditCommand        `cmd:"" help:"Print who asked the daemon for what."`

	Completion completionCommand `cmd:"" help:"Print what makes a shell complete command lines."`
	Complete   completeCommand   `cmd:"" hidden:""`
	Sessions   sessionsCommand   `cmd:"" help:"Import and export the sessions of other programs."`
}

// An environment is what a command may use of the world.
type environment struct {
	ctx context.Context // ends on the first Ctrl-C
	in  io.Reader
	out io.Writer
	err io.Writer // for progress; errors and logs go there too
	log *slog.Logger
}

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	signal.Ignore(syscall.SIGPIPE) // writing fails instead: see pipe
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with everything passed in. It returns the exit code: 0, 1 for a
// failure, 2 for a wrong command line; exitCode knows more.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, end := context.WithCancel(ctx)
	defer end()
	out := &pipe{Writer: stdout, broken: end}
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("godwit"),
		kong.Description("Telegram accounts that stay online: library, bridge and sandbox."),
		kong.UsageOnError(),
		kong.Vars{
			"transports": transportNames(), "ways": wayNames(), "scopes": scopeNames(), "version": version(),
			"defaultBotName": defaultBotName,
		},
		kong.KindMapper(reflect.String, kong.MapperFunc(unmarked)),
		kong.Writers(out, stderr),
		kong.Exit(func(code int) { exit = code }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "godwit:", err)
		return 1
	}
	command, err := parser.Parse(markNegative(parser.Model, args))
	if exit >= 0 { // help has been printed
		return exit
	}
	if err != nil {
		fmt.Fprintln(stderr, "godwit:", err)
		fmt.Fprintln(stderr, `Run "godwit --help" for the commands.`)
		return 2
	}
	env := &environment{
		ctx: ctx,
		in:  stdin,
		out: out,
		err: stderr,
		log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.LogLevel})),
	}
	err = command.Run(env, parser)
	switch {
	case out.isBroken():
		return 1 // who read knows
	case err != nil && !errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "godwit:", sentence(err))
		return exitCode(err)
	}
	return 0
}

// sentence returns what people are told of an error: of those of the bridge, what
// was written for them.
func sentence(err error) string {
	s := err.Error()
	var known *bridge.Error
	if errors.As(err, &known) {
		detail := known.Detail
		if known.Err != nil {
			detail += " (" + known.Err.Error() + ")"
		}
		s = strings.Replace(s, known.Error(), detail, 1)
	}
	for _, layer := range []string{"bridge: ", "store: ", "vault: "} {
		s = strings.TrimPrefix(s, layer)
	}
	return s
}

// A pipe ends the program in good order when what it prints is not read any
// more, as by "godwit history me | head".
type pipe struct {
	io.Writer
	broken context.CancelFunc
	gone   atomic.Bool
}

// Write implements io.Writer.
func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.gone.Store(true)
		p.broken()
	}
	return n, err
}

func (p *pipe) isBroken() bool { return p.gone.Load() }

// version tells what the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "godwit, of an unknown version"
	}
	built := map[string]string{}
	for _, setting := range info.Settings {
		built[setting.Key] = setting.Value
	}
	v := info.Main.Version
	if revision := built["vcs.revision"]; revision != "" && (v == "" || v == "(devel)") {
		v = revision
	}
	return fmt.Sprintf("godwit %s, layer %d, %s", cmp.Or(v, "(devel)"), tg.Layer, info.GoVersion)
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"godwit/bridge/daemon"
)

// serveCommand runs the bridge.
type serveCommand struct {
	Listen    string   `help:"Address of the HTTP API (${default})." default:"127.0.0.1:8787" placeholder:"HOST:PORT"`
	Advertise string   `help:"Address at which other nodes of the same database reach it; as --listen." placeholder:"HOST:PORT"`
	Data      string   `help:"Directory of what this node keeps itself (${default})." default:"godwit-data" type:"path" placeholder:"DIR"`
	DB        string   `help:"Database: postgres://USER@HOST/NAME, which several nodes may share, or sqlite:FILE. Without it, godwit.db in the directory." name:"db" env:"GODWIT_DB" placeholder:"URL"`
	KEK       []string `help:"Key-encryption key: file:FILE, aws-kms://…, gcp-kms://… or hcvault://…. Without it, the file key in the directory. May be repeated: the first wraps, any unwraps." name:"kek" env:"GODWIT_KEK" placeholder:"URL" sep:"none"`
	OTLP      string   `help:"Collector of OpenTelemetry that is told of requests, messages and deliveries, over OTLP/HTTP, such as http://127.0.0.1:4318." name:"otlp" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL"`
	networkFlags
	PublicURL string   `help:"URL at which Telegram reaches this daemon, for bots whose updates come by webhook: https, at port 443, 80, 88 or 8443. Only /telegram/ below it has to lead here." name:"public-url" placeholder:"URL"`
	Webhooks  []string `help:"Networks that webhooks may lead to besides public addresses, such as 10.0.0.0/8." name:"allow-webhooks" placeholder:"CIDR"`
	PlainHTTP bool     `help:"Let webhooks lead to http:// addresses too." name:"allow-plain-webhooks"`
	WithInput bool     `help:"End when standard input does, as whatever started this may." name:"end-with-input" hidden:""`
	History   int      `help:"How many messages of each conversation are fetched in the background when an account is added (${default})." default:"100" placeholder:"N"`
}

// noBotAPI is where nobody serves a Bot API: a local Telegram without one must not
// have the tokens of its bots sent to Telegram's.
const noBotAPI = "http://127.0.0.1:0"

// Run runs a node until Ctrl-C.
func (c *serveCommand) Run(env *environment) error {
	o := daemon.Options{
		Listen: c.Listen, Advertise: c.Advertise, Data: c.Data, Database: c.DB, KEKs: c.KEK,
		Logger: env.log, Version: version(), History: c.History,
	}
	if c.History < 0 {
		return fmt.Errorf("--history: %d is less than no messages", c.History)
	}
	if err := c.checkPublic(); err != nil {
		return err
	}
	o.PublicURL, o.OTLP = c.PublicURL, c.OTLP
	o.Webhooks.PlainHTTP = c.PlainHTTP
	for _, text := range c.Webhooks {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("--allow-webhooks: %q is no network such as 10.0.0.0/8", text)
		}
		o.Webhooks.Allowed = append(o.Webhooks.Allowed, prefix)
	}
	d, err := c.find()
	if err != nil {
		return err
	}
	o.Network, o.APIID, o.APIHash = d.network, d.apiID, d.apiHash
	if d.local != nil {
		o.BotAPI = cmp.Or(d.local.BotAPIURL, noBotAPI)
	}
	o.Ready = func(address, firstKey string) {
		address = reachable(address)
		fmt.Fprintf(env.out, "The HTTP API is at http://%s, its description at http://%s/openapi.json.\n", address, address)
		if firstKey != "" {
			fmt.Fprintf(env.out, "There was no API key yet. This one may do everything, and is not shown again:\n\n    %s\n\n", firstKey)
		}
	}
	ctx := env.ctx
	if c.WithInput {
		var end context.CancelFunc
		ctx, end = context.WithCancel(ctx)
		go func() {
			_, _ = io.Copy(io.Discard, env.in) // however it ends
			end()
		}()
	}
	return daemon.Run(ctx, o)
}

// checkPublic refuses a URL that Telegram does not call
// (https://core.telegram.org/bots/api#setwebhook). A local Telegram calls any.
func (c *serveCommand) checkPublic() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("--public-url: %q is no URL such as https://bridge.example.com", c.PublicURL)
	case c.DC != "":
		return nil
	case u.Scheme != "https":
		return fmt.Errorf("--public-url: %s is not https, and Telegram calls nothing else", c.PublicURL)
	case !slices.Contains([]string{"", "443", "80", "88", "8443"}, u.Port()):
		return fmt.Errorf("--public-url: Telegram calls the ports 443, 80, 88 and 8443 alone, and not %s", u.Port())
	}
	return nil
}

// reachable returns an address that leads to what listens on one: of all
// addresses, this machine's own.
func reachable(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsUnspecified() {
		return address
	}
	return net.JoinHostPort("localhost", strconv.Itoa(int(at.Port())))
}

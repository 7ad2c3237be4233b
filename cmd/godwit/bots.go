package main

import (
	"errors"
	"fmt"
	"strings"

	"godwit/sandbox"
	"godwit/sandbox/botapi"
)

// botFlags say which bots a sandbox has, and how they are served.
type botFlags struct {
	Bot       []botValue `help:"Put a bot there: TOKEN=USERNAME, such as 1234:secret=helper_bot. May be repeated. Unless some are named there is one, @${defaultBotName}." placeholder:"TOKEN=USERNAME" sep:"none"`
	BotAPI    string     `help:"Address of the Bot API. Port 0 takes a free one." name:"bot-api" default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	BotLimits bool       `help:"Refuse what bots send beyond Telegram's limits: 1 message a second to a chat, 20 a minute to a group, 30 a second in all."`
}

// The bot that is there unless others are named.
const (
	defaultBotToken = "1000001:AAgodwit-sandbox-default-bot-token-" // as long as libraries want them
	defaultBotName  = "sandbox_bot"
)

// A botValue is a bot: TOKEN=USERNAME.
type botValue struct{ token, username string }

// UnmarshalText reads TOKEN=USERNAME. The error does not quote the text, which
// holds a secret.
func (b *botValue) UnmarshalText(text []byte) error {
	var ok bool
	if b.token, b.username, ok = strings.Cut(string(text), "="); !ok || b.token == "" || b.username == "" {
		return fmt.Errorf("want a token, =, and a username, such as 1234:…=helper_bot")
	}
	return nil
}

// serve adds the bots and serves the Bot API until the result is closed.
func (f *botFlags) serve(env *environment, sb *sandbox.Sandbox) (*botapi.Server, error) {
	bots := f.Bot
	if bots == nil {
		bots = []botValue{{defaultBotToken, defaultBotName}}
	}
	for _, b := range bots {
		if _, err := sb.AddBot(b.token, b.username, b.username); err != nil {
			return nil, err
		}
	}
	o := botapi.Options{Logger: env.log}
	if f.BotLimits {
		o.Limits = botapi.DefaultLimits()
	}
	api := botapi.New(sb, o)
	url, err := api.Start(f.BotAPI)
	if err != nil {
		return nil, errors.Join(err, api.Close())
	}
	sb.SetBotAPI(url)
	fmt.Fprintf(env.out, "Bot API: %s\n", url)
	for _, b := range bots {
		fmt.Fprintf(env.out, "Bot @%s: %s/bot%s/getMe\n", b.username, url, b.token)
	}
	return api, nil
}

package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"godwit/tg"
)

func init() {
	register(setBotCommands)
	register(resetBotCommands)
	register(getBotCommands)
}

// A bot is what an account has that is one.
type bot struct {
	readsAll bool // its privacy mode is off
	commands map[commandsKey][]tg.BotCommand
	qts      int32
	events   []botEvent // in rising qts
}

// A commandsKey is where a bot's commands are shown: a scope as it is encoded,
// and a language.
type commandsKey struct{ scope, language string }

var defaultCommands = commandsKey{scope: encodingOf(&tg.BotCommandScopeDefault{})}

// SetBotPrivacy sets whether a bot that is no administrator of a group sees
// only what is meant for it there, as new bots do
// (https://core.telegram.org/bots/features#privacy-mode).
func (sb *Sandbox) SetBotPrivacy(id int64, on bool) error {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.users[id]
	if !u.isBot() {
		return fmt.Errorf("sandbox: no bot has the id %d", id)
	}
	u.bot.readsAll = !on
	return nil
}

// Limits of commands (https://core.telegram.org/bots/api#botcommand).
const (
	maxCommands           = 100
	maxCommand            = 32
	maxCommandDescription = 256
)

func (c *call) commandsKey(scope tg.BotCommandScopeClass, language string) (commandsKey, error) {
	if language != "" && len(language) != 2 {
		return commandsKey{}, refusal(400, "LANG_CODE_INVALID")
	}
	key := commandsKey{encodingOf(scope), language}
	switch in := scope.(type) {
	case *tg.BotCommandScopePeer:
		return c.scoped(key, in.Peer)
	case *tg.BotCommandScopePeerAdmins:
		return c.scoped(key, in.Peer)
	case *tg.BotCommandScopePeerUser:
		if _, err := c.findUser(in.UserID); err != nil {
			return key, err
		}
		return c.scoped(key, in.Peer)
	}
	return key, nil
}

func (c *call) scoped(key commandsKey, peer tg.InputPeerClass) (commandsKey, error) {
	_, err := c.findPeer(peer)
	return key, err
}

// setBotCommands serves bots.setBotCommands.
func setBotCommands(c *call, q *tg.BotsSetBotCommands) (boolean, error) {
	key, err := c.commandsKey(q.Scope, q.LangCode)
	if err != nil {
		return false, err
	}
	if len(q.Commands) > maxCommands {
		return false, refusal(400, "BOT_COMMANDS_TOO_MUCH")
	}
	for _, one := range q.Commands {
		switch {
		case len(one.Command) == 0, len(one.Command) > maxCommand, prefix(one.Command, isName) != len(one.Command),
			strings.ToLower(one.Command) != one.Command:
			return false, refusal(400, "BOT_COMMAND_INVALID")
		case one.Description == "" || len(one.Description) > maxCommandDescription:
			return false, refusal(400, "BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	c.user.bot.commands[key] = q.Commands
	return true, nil
}

// resetBotCommands serves bots.resetBotCommands.
func resetBotCommands(c *call, q *tg.BotsResetBotCommands) (boolean, error) {
	key, err := c.commandsKey(q.Scope, q.LangCode)
	delete(c.user.bot.commands, key)
	return boolean(err == nil), err
}

// getBotCommands serves bots.getBotCommands.
func getBotCommands(c *call, q *tg.BotsGetBotCommands) (vector[*tg.BotCommand], error) {
	key, err := c.commandsKey(q.Scope, q.LangCode)
	if err != nil {
		return nil, err
	}
	var out vector[*tg.BotCommand]
	for _, one := range slices.Clone(c.user.bot.commands[key]) {
		out = append(out, &one)
	}
	return out, nil
}

// A BotAccount is a bot as the connection file names it.
type BotAccount struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	Token    string `json:"token"`
}

// Bots returns the bots that were added, by id.
func (sb *Sandbox) Bots() []BotAccount {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []BotAccount
	for _, u := range w.tokens {
		if u.added() {
			all = append(all, BotAccount{ID: u.id, Name: u.first, Username: u.username, Token: u.token})
		}
	}
	slices.SortFunc(all, func(a, b BotAccount) int { return int(a.ID - b.ID) })
	return all
}

// added tells the bots that were added, who have usernames, from those of
// crowds.
func (u *user) added() bool { return u.isBot() && u.username != "" }

// SetBotAPI notes where the Bot API is served, for the connection file.
func (sb *Sandbox) SetBotAPI(url string) {
	sb.mu.Lock()
	defer sb.mu.Unlock()
	sb.botAPI = url
}

package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"godwit/mtproto/mtcrypto"
)

// AddUser puts an account there and returns its user id. The phone number
// says which DC it lives on: 99966XYYYY.
func (sb *Sandbox) AddUser(phone, first, last string) (int64, error) {
	phone, home, ok := parsePhone(phone, len(sb.dcs))
	if !ok {
		return 0, fmt.Errorf("sandbox: phone number %q is not %sXYYYY with X from 1 to %d", phone, phonePrefix, len(sb.dcs))
	}
	if !validPersonName(first) {
		return 0, fmt.Errorf("sandbox: user %s needs a first name", phone)
	}
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	if sb.world.phones[phone] != nil {
		return 0, fmt.Errorf("sandbox: phone number %s is taken", phone)
	}
	return sb.world.addUser(&user{dc: home, phone: phone, first: first, last: last}).id, nil
}

// AddBot puts a bot there and returns its user id, which is the number that
// its token begins with: "1234:secret". Bots live on DC 1.
func (sb *Sandbox) AddBot(token, name, username string) (int64, error) {
	number, secret, _ := strings.Cut(token, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err != nil || id < 1 || secret == "":
		return 0, fmt.Errorf("sandbox: bot token is not of the form NUMBER:SECRET")
	case !validPersonName(name) || !validName(username):
		return 0, fmt.Errorf("sandbox: bot %d needs a name and a username of 5 to 32 letters, digits and underscores", id)
	}
	watchers, err := sb.world.addBot(&user{id: id, dc: 1, token: token, first: name, username: username})
	if err != nil {
		return 0, err
	}
	for _, f := range watchers {
		f(token)
	}
	return id, nil
}

// addBot enters a bot and returns who is to be told of it.
func (w *world) addBot(u *user) ([]func(token string), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users[u.id] != nil {
		return nil, fmt.Errorf("sandbox: user id %d is taken", u.id)
	}
	if _, taken := w.names[strings.ToLower(u.username)]; taken {
		return nil, fmt.Errorf("sandbox: username %s is taken", u.username)
	}
	w.addUser(u)
	w.setName(u.key(), "", u.username)
	return slices.Clone(w.watchers), nil
}

// SetUsername gives an account a username, or takes it away if it is empty.
func (sb *Sandbox) SetUsername(phone, username string) error {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.phones[cleanPhone(phone)]
	_, taken := w.names[strings.ToLower(username)]
	switch {
	case u == nil:
		return fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	case username != "" && !validName(username):
		return fmt.Errorf("sandbox: %q is no username", username)
	case taken && !strings.EqualFold(username, u.username):
		return fmt.Errorf("sandbox: username %s is taken", username)
	}
	w.setName(u.key(), u.username, username)
	u.username = username
	return nil
}

// SetPassword gives an account a 2FA password, or takes it away if it is
// empty. It takes some 100 ms.
func (sb *Sandbox) SetPassword(phone, secret, hint string) error {
	w := sb.world
	w.mu.Lock()
	u := w.phones[cleanPhone(phone)]
	if u == nil {
		w.mu.Unlock()
		return fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	}
	params := w.algo(u)
	salt := make([]byte, clientSaltSize)
	w.random(salt)
	w.mu.Unlock()

	var set *password
	if secret != "" {
		params.Salt1 = slices.Concat(params.Salt1, salt)
		verifier, err := mtcrypto.SRPVerifier(params, []byte(secret))
		if err != nil {
			return fmt.Errorf("sandbox: password: %w", err)
		}
		set = &password{params: params, verifier: verifier, hint: hint}
	}
	w.mu.Lock()
	u.password = set
	w.mu.Unlock()
	return nil
}

// Ledger returns every chat message that has been accepted, in order, for
// tests to compare with what clients think that they have sent and received.
func (sb *Sandbox) Ledger() []Entry {
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	return slices.Clone(sb.world.ledger)
}

// SetPremium gives an account a premium subscription, or takes it away.
func (sb *Sandbox) SetPremium(phone string, premium bool) error {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.phones[cleanPhone(phone)]
	if u == nil {
		return fmt.Errorf("sandbox: nobody has the phone number %s", phone)
	}
	u.premium = premium
	return nil
}

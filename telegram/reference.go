package telegram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"godwit/tg"
)

// A Reference is what people write to name a user, group, channel or message.
// One of Self, Username, Phone, Invite and Peer is set.
type Reference struct {
	Self     bool   // the account itself
	Username string // without @
	Phone    string // digits
	Invite   string // hash of an invitation
	Peer     PeerID

	Message int // in that conversation; 0: none
	Topic   int // of a forum; 0: none
}

// A ReferenceError says what is wrong with a text that should name a peer.
type ReferenceError struct {
	Text   string
	Reason string
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("telegram: %q names no peer: %s", e.Text, e.Reason)
}

// ParseReference reads what names a peer: "me"; "@name" or "name"; a phone
// number with a +; an id as the Bot API writes it (see [PeerID.Mark]); and the
// links of https://core.telegram.org/api/links that lead to a user, group,
// channel or message, as https://t.me/…, t.me/…, name.t.me or tg:…. The error
// is a *ReferenceError.
func ParseReference(s string) (Reference, error) {
	text := strings.TrimSpace(s)
	r, reason := parseReference(text)
	if reason != "" {
		return Reference{}, &ReferenceError{s, reason}
	}
	return r, nil
}

func parseReference(s string) (Reference, string) {
	lower := strings.ToLower(s)
	switch {
	case s == "":
		return Reference{}, "it is empty"
	case lower == "me" || lower == "self":
		return Reference{Self: true}, ""
	case strings.HasPrefix(lower, "tg:"):
		return parseTG(strings.TrimPrefix(s[len("tg:"):], "//"))
	case strings.HasPrefix(s, "@"):
		return named(s[1:])
	case strings.HasPrefix(s, "+"):
		return phoned(s)
	}
	for _, scheme := range []string{"https://", "http://"} {
		if strings.HasPrefix(lower, scheme) {
			return parseLink(s[len(scheme):])
		}
	}
	if strings.ContainsAny(s, "/.") {
		return parseLink(s)
	}
	if id, err := parsePeerID(s); err == nil {
		return Reference{Peer: id}, ""
	}
	return named(s)
}

// named reads a username (https://core.telegram.org/api/links#public-username-links).
func named(s string) (Reference, string) {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return Reference{}, fmt.Sprintf("%q cannot be in a username", r)
		}
	}
	if len(s) < 4 || len(s) > 32 {
		return Reference{}, "usernames have 4 to 32 characters"
	}
	return Reference{Username: s}, ""
}

func phoned(s string) (Reference, string) {
	number := digits(s)
	if len(number) < 5 || len(number) > 15 || strings.Trim(number, "0123456789") != "" {
		return Reference{}, "it is no phone number"
	}
	return Reference{Phone: number}, ""
}

// hosts are those of Telegram's links.
var hosts = []string{"t.me", "telegram.me", "telegram.dog"}

// parseLink reads a link without its scheme.
func parseLink(s string) (Reference, string) {
	s, query, _ := strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	host, path, _ := strings.Cut(s, "/")
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, h := range hosts {
		if host == h {
			return parsePath(parts, query)
		}
		if name, ok := strings.CutSuffix(host, "."+h); ok {
			if parts[0] == "" {
				parts = nil
			}
			return parsePath(append([]string{name}, parts...), query)
		}
	}
	return Reference{}, "the link is none of Telegram's"
}

// notPeers begin links to other things than peers.
var notPeers = map[string]bool{
	"addstickers": true, "addemoji": true, "addtheme": true, "addlist": true, "bg": true, "boost": true, "confirmphone": true,
	"contact": true, "giftcode": true, "invoice": true, "iv": true, "login": true, "m": true, "nft": true, "proxy": true,
	"setlanguage": true, "share": true, "socks": true, "a": true, "k": true, "z": true, "call": true,
}

func parsePath(parts []string, query string) (Reference, string) {
	first := parts[0]
	if first == "s" && len(parts) > 1 { // the preview in a browser
		parts = parts[1:]
		first = parts[0]
	}
	switch {
	case first == "":
		return Reference{}, "the link leads nowhere"
	case first == "joinchat" && len(parts) > 1:
		return invited(parts[1])
	case strings.HasPrefix(first, "+"):
		if r, reason := phoned(first); reason == "" {
			return r, ""
		}
		return invited(first[1:])
	case first == "c" && len(parts) > 1:
		id, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || id <= 0 {
			return Reference{}, "the link holds no id of a channel"
		}
		return located(Reference{Peer: PeerID{PeerChannel, id}}, parts[2:], query)
	case notPeers[strings.ToLower(first)]:
		return Reference{}, "the link leads to something else than a user, group or channel"
	}
	r, reason := named(first)
	if reason != "" {
		return r, reason
	}
	return located(r, parts[1:], query)
}

func invited(hash string) (Reference, string) {
	hash = strings.TrimSpace(hash)
	if len(hash) < 6 || strings.ContainsFunc(hash, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return Reference{}, "the invitation is damaged"
	}
	return Reference{Invite: hash}, ""
}

// located adds the message and the topic that a link names.
func located(r Reference, parts []string, query string) (Reference, string) {
	if len(parts) > 2 {
		return Reference{}, "the link goes on where it should end"
	}
	var numbers []int
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n <= 0 {
			return Reference{}, fmt.Sprintf("%q is no message", p)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) > 0 {
		r.Message = numbers[len(numbers)-1]
	}
	if len(numbers) > 1 {
		r.Topic = numbers[0]
	}
	if n, err := strconv.Atoi(queryValue(query, "thread")); err == nil {
		r.Topic = n
	}
	return r, ""
}

// queryValue returns a value of a query that needs no unescaping.
func queryValue(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// parseTG reads what follows tg: or tg://.
func parseTG(s string) (Reference, string) {
	action, query, _ := strings.Cut(s, "?")
	var r Reference
	var reason string
	switch strings.Trim(strings.ToLower(action), "/") {
	case "resolve":
		if phone := queryValue(query, "phone"); phone != "" {
			return phoned(phone)
		}
		r, reason = named(queryValue(query, "domain"))
	case "join":
		return invited(queryValue(query, "invite"))
	case "privatepost":
		id, err := strconv.ParseInt(queryValue(query, "channel"), 10, 64)
		if err != nil || id <= 0 {
			return Reference{}, "the link holds no id of a channel"
		}
		r.Peer = PeerID{PeerChannel, id}
	case "user":
		id, err := strconv.ParseInt(queryValue(query, "id"), 10, 64)
		if err != nil || id <= 0 {
			return Reference{}, "the link holds no id of a user"
		}
		r.Peer = PeerID{PeerUser, id}
	default:
		return Reference{}, "the link leads to something else than a user, group or channel"
	}
	if reason != "" {
		return Reference{}, reason
	}
	var parts []string
	if post := queryValue(query, "post"); post != "" {
		parts = []string{post}
	}
	return located(r, parts, query)
}

// ErrNotJoined says that an invitation leads to a group or channel that the
// account is not in.
var ErrNotJoined = errors.New("telegram: not a member; joining by the invitation comes first")

// Resolve finds whom a text names that [ParseReference] reads. Its error is a
// *ReferenceError; what [Client.ResolveUsername] and [Client.ResolvePhone]
// return; an *UnknownPeerError for an id that the client has not come across;
// or ErrNotJoined.
func (c *Client) Resolve(ctx context.Context, text string) (tg.InputPeerClass, Reference, error) {
	r, err := ParseReference(text)
	if err != nil {
		return nil, r, err
	}
	peer, err := c.ResolveReference(ctx, r)
	return peer, r, err
}

// ResolveReference is Resolve for a Reference that has been read.
func (c *Client) ResolveReference(ctx context.Context, r Reference) (tg.InputPeerClass, error) {
	switch {
	case r.Self:
		return &tg.InputPeerSelf{}, nil
	case r.Username != "":
		return c.ResolveUsername(ctx, r.Username)
	case r.Phone != "":
		return c.ResolvePhone(ctx, r.Phone)
	case r.Invite == "":
		return c.InputPeer(r.Peer.Peer())
	}
	invite, err := tg.Call(ctx, c, &tg.MessagesCheckChatInvite{Hash: r.Invite})
	if err != nil {
		return nil, err
	}
	already, ok := invite.(*tg.ChatInviteAlready)
	if !ok {
		return nil, ErrNotJoined
	}
	c.peers.learn(nil, []tg.ChatClass{already.Chat})
	return c.InputPeer(PeerOfChat(already.Chat))
}

// PeerOfChat returns the peer of a group or channel, nil for an empty one.
func PeerOfChat(c tg.ChatClass) tg.PeerClass {
	switch c := c.(type) {
	case *tg.Chat:
		return &tg.PeerChat{ChatID: c.ID}
	case *tg.ChatForbidden:
		return &tg.PeerChat{ChatID: c.ID}
	case *tg.Channel:
		return &tg.PeerChannel{ChannelID: c.ID}
	case *tg.ChannelForbidden:
		return &tg.PeerChannel{ChannelID: c.ID}
	}
	return nil
}

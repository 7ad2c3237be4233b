package telegram

import (
	"context"
	"strings"
	"unicode/utf8"

	"godwit/tg"
)

// ServiceUser is the id of the user as whom Telegram writes to people.
const ServiceUser = 777000

// SignInCodes returns the login codes in a message of Telegram's own, without
// their dashes: numbers of 5 to 7 digits (R-LG-12). It returns none for a
// message of anybody else.
func SignInCodes(m *tg.Message) []string {
	if !fromTelegram(m) {
		return nil
	}
	var codes []string
	for _, at := range codesIn(m.Message) {
		codes = append(codes, strings.ReplaceAll(m.Message[at.begin:at.end], "-", ""))
	}
	return codes
}

// HideSignInCodes returns the text of a message for what is kept of it, or passed
// on: in those of Telegram's own each character of a login code is a bullet, and of
// what looks like a password for my.telegram.org, which stands in a line of its
// own. Entities fit it as they fitted the message.
func HideSignInCodes(m *tg.Message) string {
	if !fromTelegram(m) {
		return m.Message
	}
	text := hide(m.Message, webCodesIn(m.Message))
	return hide(text, codesIn(text))
}

// hide puts bullets in the place of parts of a text that are all ASCII.
func hide(text string, parts []word) string {
	hidden, done := new(strings.Builder), 0
	for _, at := range parts {
		hidden.WriteString(text[done:at.begin])
		hidden.WriteString(strings.Repeat("•", at.end-at.begin))
		done = at.end
	}
	hidden.WriteString(text[done:])
	return hidden.String()
}

func fromTelegram(m *tg.Message) bool {
	peer, ok := m.PeerID.(*tg.PeerUser)
	return ok && peer.UserID == ServiceUser && !m.Out
}

// A word is a part of a text, in bytes.
type word struct{ begin, end int }

// codesIn returns what looks like login codes in a text.
func codesIn(text string) []word {
	return words(text, func(r rune) bool { return r == '-' || r >= '0' && r <= '9' }, func(word string) bool {
		digits := len(word) - strings.Count(word, "-")
		return strings.Trim(word, "-") == word && digits >= 5 && digits <= 7
	})
}

// webCodesIn returns the lines of a text that look like passwords for
// my.telegram.org: 11 letters, digits and the like, which are no word of a language.
func webCodesIn(text string) []word {
	return words(text, func(r rune) bool { return r != '\n' }, func(line string) bool {
		if len(line) < 8 || len(line) > 16 {
			return false
		}
		drawn, lower := false, false
		for _, r := range line {
			switch {
			case r >= 'a' && r <= 'z':
				lower = true
			case r >= 'A' && r <= 'Z':
				drawn = drawn || lower
			case r == '_', r == '-', r >= '0' && r <= '9':
				drawn = true
			default:
				return false
			}
		}
		return drawn
	})
}

// words returns the longest parts of a text that consist of some characters, of
// those the ones that are wanted.
func words(text string, of func(rune) bool, wanted func(string) bool) []word {
	var list []word
	for begin := 0; begin < len(text); {
		rest := text[begin:]
		n := strings.IndexFunc(rest, func(r rune) bool { return !of(r) })
		switch {
		case n < 0:
			n = len(rest)
		case n == 0:
			_, n = utf8.DecodeRuneInString(rest)
			begin += n
			continue
		}
		if wanted(rest[:n]) {
			list = append(list, word{begin, begin + n})
		}
		begin += n
	}
	return list
}

// InvalidateSignInCodes makes the login codes in messages of Telegram's own
// void. To be called when such a message leaves the account: when it is
// forwarded, quoted, or shown in a screenshot (R-LG-12). Messages without a
// code cost no request.
func (c *Client) InvalidateSignInCodes(ctx context.Context, messages ...*tg.Message) error {
	var codes []string
	for _, m := range messages {
		codes = append(codes, SignInCodes(m)...)
	}
	if len(codes) == 0 {
		return nil
	}
	return done(tg.Call(ctx, c, &tg.AccountInvalidateSignInCodes{Codes: codes}))
}

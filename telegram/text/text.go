// Package text turns Markdown and HTML into what Telegram knows: a text, and
// entities that say which parts of it are bold, links and so on, by UTF-16 code
// units (https://core.telegram.org/api/entities). And back.
//
// Start with [ParseMarkdown] or [ParseHTML]; [Text.Markdown] and [Text.HTML]
// are the reverse. Both dialects are those of the Bot API
// (https://core.telegram.org/bots/api#formatting-options): Markdown is its
// MarkdownV2, but characters that mark nothing need no backslash.
package text

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/tg"
)

// A Text is a text with its entities, as telegram.Outgoing takes them.
type Text struct {
	Text     string
	Entities []tg.MessageEntityClass
}

// A SyntaxError says what is wrong with Markdown or HTML, and where.
type SyntaxError struct {
	Offset int // in bytes
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("text: at byte %d: %s", e.Offset, e.Reason) }

// Units returns the length of a text in UTF-16 code units.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += unitsOf(r)
	}
	return n
}

func unitsOf(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// A builder collects a text and its entities.
type builder struct {
	text     strings.Builder
	units    int
	open     []mark
	entities []tg.MessageEntityClass
}

// A mark has been opened and waits for its end.
type mark struct {
	name   string // by which it is closed
	at     int    // in code units
	source int    // in bytes
	entity tg.MessageEntityClass
}

func (b *builder) write(s string) {
	b.text.WriteString(s)
	b.units += Units(s)
}

func (b *builder) begin(name string, source int, entity tg.MessageEntityClass) {
	b.open = append(b.open, mark{name, b.units, source, entity})
}

// top returns the innermost mark, a zero one if none is open.
func (b *builder) top() mark {
	if len(b.open) == 0 {
		return mark{}
	}
	return b.open[len(b.open)-1]
}

// isOpen tells whether a mark of a name is open at all.
func (b *builder) isOpen(name string) bool {
	return slices.ContainsFunc(b.open, func(m mark) bool { return m.name == name })
}

// end closes the innermost mark. What is empty leaves nothing.
func (b *builder) end() {
	m := b.top()
	b.open = b.open[:len(b.open)-1]
	b.add(m.at, m.entity)
}

func (b *builder) add(at int, e tg.MessageEntityClass) {
	if e == nil || b.units == at {
		return
	}
	offset, length := tg.EntityRange(e)
	*offset, *length = int32(at), int32(b.units-at)
	b.entities = append(b.entities, e)
}

// done returns the text. Something that is still open is an error.
func (b *builder) done() (Text, error) {
	if len(b.open) > 0 {
		m := b.top()
		return Text{}, &SyntaxError{m.source, fmt.Sprintf("%s is not closed", m.name)}
	}
	slices.Reverse(b.entities) // of two as long, the outer one ended later
	sortEntities(b.entities)
	return Text{b.text.String(), b.entities}, nil
}

// sortEntities puts entities in the order of their beginnings, outer ones
// first.
func sortEntities(list []tg.MessageEntityClass) {
	slices.SortStableFunc(list, func(a, b tg.MessageEntityClass) int {
		ao, al := tg.EntityRange(a)
		bo, bl := tg.EntityRange(b)
		return cmp.Or(cmp.Compare(*ao, *bo), cmp.Compare(*bl, *al))
	})
}

// linkTo returns the entity of a link: a mention where it names a user.
func linkTo(url string) tg.MessageEntityClass {
	if id, ok := strings.CutPrefix(url, "tg://user?id="); ok {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
			return &tg.MessageEntityMentionName{UserID: n}
		}
	}
	return &tg.MessageEntityTextURL{URL: url}
}

// A span is an entity on its way back into marks.
type span struct {
	from, to int
	entity   tg.MessageEntityClass
}

// spans returns the entities of a text that mark something, without those that
// Telegram finds by itself.
func (t Text) spans() []span {
	var out []span
	length := Units(t.Text)
	for _, e := range t.Entities {
		offset, size := tg.EntityRange(e)
		if offset == nil || !isMark(e) {
			continue
		}
		from, to := max(int(*offset), 0), min(int(*offset)+int(*size), length)
		if from < to {
			out = append(out, span{from, to, e})
		}
	}
	return out
}

func isMark(e tg.MessageEntityClass) bool {
	switch e.(type) {
	case *tg.MessageEntityBold, *tg.MessageEntityItalic, *tg.MessageEntityUnderline, *tg.MessageEntityStrike,
		*tg.MessageEntitySpoiler, *tg.MessageEntityCode, *tg.MessageEntityPre, *tg.MessageEntityTextURL,
		*tg.MessageEntityMentionName, *tg.MessageEntityCustomEmoji, *tg.MessageEntityBlockquote:
		return true
	}
	return false
}

// isCode tells whether an entity holds text as it is, without marks.
func isCode(e tg.MessageEntityClass) bool {
	switch e.(type) {
	case *tg.MessageEntityCode, *tg.MessageEntityPre:
		return true
	}
	return false
}

// A dialect writes marks.
type dialect interface {
	begin(e tg.MessageEntityClass)
	end(e tg.MessageEntityClass)
	rune(r rune, code bool)
}

// render writes a text with its marks, properly nested: entities that cross are
// closed and opened again.
func render(text string, spans []span, d dialect) {
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(rank(a.entity), rank(b.entity)))
	})
	var open []span
	code := false
	turn := func(at int) {
		open = closeAt(open, at, d)
		code = len(open) > 0 && isCode(open[len(open)-1].entity)
		for len(spans) > 0 && spans[0].from <= at {
			s := spans[0]
			spans = spans[1:]
			if s.to <= at || code { // nothing is marked inside of code
				continue
			}
			d.begin(s.entity)
			open = append(open, s)
			code = isCode(s.entity)
		}
	}
	at := 0
	for _, r := range text {
		turn(at)
		d.rune(r, code)
		at += unitsOf(r)
	}
	turn(at)
}

// rank puts quotes around everything else, and code inside.
func rank(e tg.MessageEntityClass) int {
	switch {
	case isCode(e):
		return 2
	default:
		if _, ok := e.(*tg.MessageEntityBlockquote); ok {
			return 0
		}
	}
	return 1
}

// closeAt ends what ends at a place, and opens again what had to be closed for
// that.
func closeAt(open []span, at int, d dialect) []span {
	first := slices.IndexFunc(open, func(s span) bool { return s.to <= at })
	if first < 0 {
		return open
	}
	var again []span
	for i := len(open) - 1; i >= first; i-- {
		d.end(open[i].entity)
		if open[i].to > at {
			again = append(again, open[i])
		}
	}
	open = open[:first]
	for _, s := range slices.Backward(again) {
		d.begin(s.entity)
		open = append(open, s)
	}
	return open
}

// valid drops what is not UTF-8, which Telegram does not take.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

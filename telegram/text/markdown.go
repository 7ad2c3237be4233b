package text

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/tg"
)

// quote is the name of the mark that a quotation is.
const quote = "a quotation"

// simple are the marks that begin and end alike, the longer ones first.
var simple = []struct {
	mark string
	make func() tg.MessageEntityClass
}{
	{"__", func() tg.MessageEntityClass { return &tg.MessageEntityUnderline{} }},
	{"||", func() tg.MessageEntityClass { return &tg.MessageEntitySpoiler{} }},
	{"*", func() tg.MessageEntityClass { return &tg.MessageEntityBold{} }},
	{"_", func() tg.MessageEntityClass { return &tg.MessageEntityItalic{} }},
	{"~", func() tg.MessageEntityClass { return &tg.MessageEntityStrike{} }},
}

// A markdown is Markdown being read.
type markdown struct {
	builder
	s  string
	at int
}

// ParseMarkdown reads Markdown: *bold*, _italic_, __underline__, ~struck~,
// ||spoiler||, `code`, ```language and code of several lines```, [text](link),
// ![🦆](tg://emoji?id=…), lines that begin with > for a quotation, which can be
// collapsed where it ends with ||. A backslash takes the meaning from what
// follows. The error is a *SyntaxError.
func ParseMarkdown(s string) (Text, error) {
	m := &markdown{s: valid(s)}
	for m.at < len(m.s) {
		if err := m.step(); err != nil {
			return Text{}, err
		}
	}
	if err := m.endQuote(); err != nil {
		return Text{}, err
	}
	return m.done()
}

func (m *markdown) fail(format string, args ...any) error {
	return &SyntaxError{m.at, fmt.Sprintf(format, args...)}
}

func (m *markdown) has(prefix string) bool { return strings.HasPrefix(m.s[m.at:], prefix) }

// step reads one mark or one character.
func (m *markdown) step() error {
	if m.lineStart() {
		switch {
		case m.has("**>"):
			return m.beginQuote(len("**>"), true)
		case m.has(">"):
			return m.beginQuote(len(">"), false)
		case m.isOpen(quote):
			return m.endQuote()
		}
	}
	switch {
	case m.has("```"):
		return m.code("```")
	case m.has("`"):
		return m.code("`")
	case m.has("["), m.has("!["):
		m.begin("[", m.at, nil)
		m.at += strings.IndexByte(m.s[m.at:], '[') + 1
		return nil
	case m.has("](") && m.top().name == "[":
		return m.link()
	case m.has("||") && m.collapses():
		m.at += len("||")
		m.top().entity.(*tg.MessageEntityBlockquote).Collapsed = true
		return nil
	}
	for _, one := range simple {
		if m.has(one.mark) {
			return m.toggle(one.mark, one.make)
		}
	}
	if m.has(`\`) && m.at+1 < len(m.s) && m.s[m.at+1] > ' ' && m.s[m.at+1] < 0x7F {
		m.at++
	}
	_, size := utf8.DecodeRuneInString(m.s[m.at:])
	m.write(m.s[m.at : m.at+size])
	m.at += size
	return nil
}

// lineStart tells whether what comes begins a line.
func (m *markdown) lineStart() bool {
	return m.at == 0 || m.s[m.at-1] == '\n'
}

// toggle ends the innermost mark, or begins one.
func (m *markdown) toggle(name string, entity func() tg.MessageEntityClass) error {
	switch {
	case m.top().name == name:
		m.end()
	case m.isOpen(name):
		return m.fail("%s ends before %s, which begins inside of it", name, m.top().name)
	default:
		m.begin(name, m.at, entity())
	}
	m.at += len(name)
	return nil
}

// beginQuote begins a quotation, or goes on with the one that is open. The
// latter's line break is part of it.
func (m *markdown) beginQuote(size int, fresh bool) error {
	if m.isOpen(quote) && fresh {
		if err := m.endQuote(); err != nil {
			return err
		}
	}
	if !m.isOpen(quote) {
		if len(m.open) > 0 {
			return m.fail("%s is not closed before a quotation", m.top().name)
		}
		m.begin(quote, m.at, &tg.MessageEntityBlockquote{})
	}
	m.at += size
	return nil
}

// endQuote ends the quotation before the line break that has been read.
func (m *markdown) endQuote() error {
	if !m.isOpen(quote) {
		return nil
	}
	if m.top().name != quote {
		return m.fail("%s is not closed within a quotation", m.top().name)
	}
	written := m.text.String()
	ended := strings.HasSuffix(written, "\n") && m.units > m.top().at
	if ended {
		m.units--
	}
	m.end()
	if ended {
		m.units++
	}
	return nil
}

// collapses tells whether || ends a quotation that can be collapsed.
func (m *markdown) collapses() bool {
	if m.top().name != quote {
		return false
	}
	rest := m.s[m.at+len("||"):]
	return rest == "" || rest[0] == '\n' && !strings.HasPrefix(rest, "\n>")
}

// code reads what holds no marks.
func (m *markdown) code(fence string) error {
	source := m.at
	m.at += len(fence)
	language := ""
	if fence == "```" {
		language = m.language()
	}
	begin := m.units
	for {
		if m.at > source+len(fence) && m.s[m.at-1] == '\n' && m.isOpen(quote) {
			if !m.has(">") {
				return m.fail("%s is not closed within a quotation", fence)
			}
			m.at++
		}
		switch {
		case m.at >= len(m.s):
			m.at = source
			return m.fail("%s is not closed", fence)
		case m.has(fence):
			m.at += len(fence)
			if fence == "```" {
				m.add(begin, &tg.MessageEntityPre{Language: language})
			} else {
				m.add(begin, &tg.MessageEntityCode{})
			}
			return nil
		case m.has("\\`"), m.has(`\\`):
			m.at++
		}
		_, size := utf8.DecodeRuneInString(m.s[m.at:])
		m.write(m.s[m.at : m.at+size])
		m.at += size
	}
}

// language reads what stands on the line that code begins on.
func (m *markdown) language() string {
	line, _, found := strings.Cut(m.s[m.at:], "\n")
	if !found || strings.ContainsAny(line, " \t`\\") {
		return ""
	}
	m.at += len(line) + 1
	return line
}

// link reads the address that follows a text in brackets.
func (m *markdown) link() error {
	var url strings.Builder
	i := m.at + len("](")
	for ; i < len(m.s) && m.s[i] != ')' && m.s[i] != '\n'; i++ {
		if m.s[i] == '\\' && i+1 < len(m.s) && (m.s[i+1] == ')' || m.s[i+1] == '\\') {
			i++
		}
		url.WriteByte(m.s[i])
	}
	if i >= len(m.s) || m.s[i] != ')' {
		return m.fail("the address of a link is not closed")
	}
	source := m.top().source
	entity := linkTo(url.String())
	if m.s[source] == '!' {
		id, err := strconv.ParseInt(strings.TrimPrefix(url.String(), "tg://emoji?id="), 10, 64)
		if err != nil || !strings.HasPrefix(url.String(), "tg://emoji?id=") {
			return m.fail("what follows ![…] is no tg://emoji?id=NUMBER")
		}
		entity = &tg.MessageEntityCustomEmoji{DocumentID: id}
	} else if url.Len() == 0 {
		return m.fail("a link without an address")
	}
	m.open[len(m.open)-1].entity = entity
	m.end()
	m.at = i + 1
	return nil
}

// reserved are the characters that may mean something.
const reserved = "_*[]()~`>#+-=|{}.!\\"

// A markdownWriter writes Markdown.
type markdownWriter struct {
	out    strings.Builder
	open   map[string]bool // marks that are
	single int             // how long the text was after the last _
	quoted bool            // a quotation is open
	after  bool            // what comes next follows a quotation on the line before
}

// Markdown returns the text as ParseMarkdown reads it. Quotations that do not
// hold whole lines are lost.
func (t Text) Markdown() string {
	w := &markdownWriter{open: make(map[string]bool)}
	text := valid(t.Text)
	render(text, wholeLines(text, t.spans()), w)
	return w.out.String()
}

// wholeLines drops quotations that begin or end within a line, and keeps other
// marks from crossing the line breaks around one.
func wholeLines(text string, spans []span) []span {
	breaks := map[int]bool{-1: true, Units(text): true}
	at := 0
	for _, r := range text {
		if r == '\n' {
			breaks[at] = true
		}
		at += unitsOf(r)
	}
	var quotes, rest []span
	for _, s := range spans {
		if _, ok := s.entity.(*tg.MessageEntityBlockquote); !ok {
			rest = append(rest, s)
		} else if breaks[s.from-1] && breaks[s.to] && !slices.ContainsFunc(quotes, func(q span) bool { return s.from <= q.to && q.from <= s.to }) {
			quotes = append(quotes, s)
		}
	}
	for _, q := range quotes {
		var cut []span
		for _, s := range rest {
			for _, part := range []span{{s.from, min(s.to, q.from-1), s.entity}, {max(s.from, q.from), min(s.to, q.to), s.entity}, {max(s.from, q.to+1), s.to, s.entity}} {
				if part.from < part.to {
					cut = append(cut, part)
				}
			}
		}
		rest = cut
	}
	return append(quotes, rest...)
}

// token writes a mark.
func (w *markdownWriter) token(mark string) {
	if mark[0] == '_' && w.out.Len() > 0 && w.out.Len() == w.single {
		w.out.WriteString(w.separator()) // else __ were read in place of the first _
	}
	w.out.WriteString(mark)
	w.open[mark] = !w.open[mark]
	if mark == "_" {
		w.single = w.out.Len()
	}
}

// separator returns something that leaves nothing behind.
func (w *markdownWriter) separator() string {
	for _, mark := range []string{"*", "~", "||"} {
		if !w.open[mark] {
			return mark + mark
		}
	}
	return "[](.)"
}

func (w *markdownWriter) begin(e tg.MessageEntityClass) {
	switch e := e.(type) {
	case *tg.MessageEntityPre:
		w.out.WriteString("```" + e.Language + "\n")
		if w.quoted {
			w.out.WriteByte('>')
		}
	case *tg.MessageEntityCode:
		w.out.WriteString("`")
	case *tg.MessageEntityTextURL, *tg.MessageEntityMentionName:
		w.out.WriteString("[")
	case *tg.MessageEntityCustomEmoji:
		w.out.WriteString("![")
	case *tg.MessageEntityBlockquote:
		if w.after {
			w.out.WriteString("**")
		}
		w.out.WriteString(">")
		w.quoted = true
	default:
		w.token(tokenOf(e))
	}
}

func (w *markdownWriter) end(e tg.MessageEntityClass) {
	switch e := e.(type) {
	case *tg.MessageEntityPre:
		w.out.WriteString("```")
	case *tg.MessageEntityCode:
		w.out.WriteString("`")
	case *tg.MessageEntityTextURL:
		w.out.WriteString("](" + strings.NewReplacer(`\`, `\\`, ")", `\)`, "\n", "").Replace(e.URL) + ")")
	case *tg.MessageEntityMentionName:
		fmt.Fprintf(&w.out, "](tg://user?id=%d)", e.UserID)
	case *tg.MessageEntityCustomEmoji:
		fmt.Fprintf(&w.out, "](tg://emoji?id=%d)", e.DocumentID)
	case *tg.MessageEntityBlockquote:
		if e.Collapsed {
			w.out.WriteString("||")
		}
		w.quoted, w.after = false, true
	default:
		w.token(tokenOf(e))
	}
}

func tokenOf(e tg.MessageEntityClass) string {
	switch e.(type) {
	case *tg.MessageEntityUnderline:
		return "__"
	case *tg.MessageEntitySpoiler:
		return "||"
	case *tg.MessageEntityBold:
		return "*"
	case *tg.MessageEntityItalic:
		return "_"
	}
	return "~"
}

func (w *markdownWriter) rune(r rune, code bool) {
	switch {
	case code && (r == '`' || r == '\\'), !code && strings.ContainsRune(reserved, r):
		w.out.WriteByte('\\')
	}
	w.out.WriteRune(r)
	if r == '\n' {
		if w.quoted {
			w.out.WriteByte('>')
		}
		return
	}
	w.after = false
}

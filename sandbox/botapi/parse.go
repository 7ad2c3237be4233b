package botapi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/tg"
)

// Texts with marks are read as Telegram's server reads them, which is stricter
// than package telegram/text and words its errors in its own way; bots are
// written against these.

// A parser reads a text with marks.
type parser struct {
	s        string
	at       int
	text     strings.Builder
	units    int32
	open     []opened
	entities []tg.MessageEntityClass
}

// opened is a mark that has begun and not ended.
type opened struct {
	name   string // as errors have it
	mark   string // by which it ends
	source int    // where it stands, in bytes
	at     int32  // where it begins, in code units
	begin  int    // the same in bytes of the text
	entity tg.MessageEntityClass
}

func unparsable(format string, args ...any) error {
	return bad("Can't parse entities: %s", fmt.Sprintf(format, args...))
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.s[p.at:], prefix) }

func (p *parser) top() *opened {
	if len(p.open) == 0 {
		return &opened{}
	}
	return &p.open[len(p.open)-1]
}

// copy takes a character over as it is.
func (p *parser) copy() {
	_, size := utf8.DecodeRuneInString(p.s[p.at:])
	p.write(p.s[p.at : p.at+size])
	p.at += size
}

func (p *parser) write(s string) {
	p.text.WriteString(s)
	p.units += units(s)
}

func (p *parser) begin(name, mark string, entity tg.MessageEntityClass) {
	p.open = append(p.open, opened{name, mark, p.at, p.units, p.text.Len(), entity})
	p.at += len(mark)
}

// end closes the innermost mark. What is empty, or marks nothing, leaves nothing.
func (p *parser) end() {
	o := *p.top()
	p.open = p.open[:len(p.open)-1]
	p.add(o.at, o.entity)
}

func (p *parser) add(at int32, e tg.MessageEntityClass) {
	if e == nil || p.units == at {
		return
	}
	offset, length := tg.EntityRange(e)
	*offset, *length = at, p.units-at
	p.entities = append(p.entities, e)
}

func (p *parser) done() (formatted, error) {
	slices.SortStableFunc(p.entities, func(a, b tg.MessageEntityClass) int {
		ao, al := tg.EntityRange(a)
		bo, bl := tg.EntityRange(b)
		return cmp.Or(cmp.Compare(*ao, *bo), cmp.Compare(*bl, *al))
	})
	return formatted{p.text.String(), p.entities}, nil
}

const (
	markdownReserved = "_*[]()~`>#+-=|{}.!\n"
	quoteName        = "BlockQuote"
)

// parseMarkdownV2 reads https://core.telegram.org/bots/api#markdownv2-style.
func parseMarkdownV2(s string) (formatted, error) {
	p := &parser{s: s}
	p.lineBegins()
	for p.at < len(p.s) {
		if err := p.markdownStep(); err != nil {
			return formatted{}, err
		}
	}
	if p.top().name == quoteName {
		p.end()
	}
	if o := p.top(); o.name != "" {
		return formatted{}, unparsable("Can't find end of %s entity at byte offset %d", o.name, o.source)
	}
	return p.done()
}

// lineBegins begins a quotation where a line begins with its mark.
func (p *parser) lineBegins() {
	switch {
	case p.has("**>"):
		if p.top().name == quoteName {
			p.end()
		}
		p.quote("**>")
	case p.has(">"):
		if slices.ContainsFunc(p.open, func(o opened) bool { return o.name == quoteName }) {
			p.at++
		} else {
			p.quote(">")
		}
	}
}

func (p *parser) quote(mark string) { p.begin(quoteName, mark, &tg.MessageEntityBlockquote{}) }

func (p *parser) markdownStep() error {
	if p.s[p.at] == '\\' && p.at+1 < len(p.s) && p.s[p.at+1] > 0 && p.s[p.at+1] <= 126 {
		p.at++
		p.copy()
		return nil
	}
	o := p.top()
	reserved := markdownReserved
	if o.mark == "`" || o.mark == "```" {
		reserved = "`"
	}
	switch {
	case strings.IndexByte(reserved, p.s[p.at]) < 0:
		p.copy()
		return nil
	case p.has("\n"):
		return p.markdownLine()
	case o.mark == "_" && p.has("__"): // which begins something else
	case o.mark == "[" || o.mark == "![":
		if p.has("]") {
			return p.markdownLink()
		}
	case o.name == quoteName:
		if p.has("||") && p.quoteEnds(p.at+len("||")) {
			o.entity.(*tg.MessageEntityBlockquote).Collapsed = true
			p.at += len("||")
			return nil
		}
	case o.mark != "" && p.has(o.mark):
		p.at += len(o.mark)
		p.end()
		return nil
	}
	return p.markdownBegin()
}

// quoteEnds tells whether the line that ends at a place is the last of a
// quotation.
func (p *parser) quoteEnds(at int) bool {
	return at == len(p.s) || p.s[at] == '\n' && !strings.HasPrefix(p.s[at+1:], ">")
}

// markdownLine passes the end of a line, and with it that of a quotation.
func (p *parser) markdownLine() error {
	quoted := slices.ContainsFunc(p.open, func(o opened) bool { return o.name == quoteName })
	if quoted && !strings.HasPrefix(p.s[p.at+1:], ">") {
		if o := p.top(); o.name != quoteName {
			return unparsable("Can't find end of %s entity at byte offset %d", o.name, o.source)
		}
		p.end()
	}
	p.copy()
	p.lineBegins()
	return nil
}

func (p *parser) markdownBegin() error {
	switch {
	case p.has("__"):
		p.begin("Underline", "__", &tg.MessageEntityUnderline{})
	case p.has("_"):
		p.begin("Italic", "_", &tg.MessageEntityItalic{})
	case p.has("*"):
		p.begin("Bold", "*", &tg.MessageEntityBold{})
	case p.has("~"):
		p.begin("Strikethrough", "~", &tg.MessageEntityStrike{})
	case p.has("||"):
		p.begin("Spoiler", "||", &tg.MessageEntitySpoiler{})
	case p.has("["):
		p.begin("TextUrl", "[", nil)
	case p.has("!["):
		p.begin("CustomEmoji", "![", nil)
	case p.has("```"):
		p.beginPre()
	case p.has("`"):
		p.begin("Code", "`", &tg.MessageEntityCode{})
	default:
		return unparsable(`Character '%c' is reserved and must be escaped with the preceding '\'`, p.s[p.at])
	}
	return nil
}

// beginPre reads what may name a language, and passes one line break.
func (p *parser) beginPre() {
	e := &tg.MessageEntityPre{}
	p.begin("Pre", "```", e)
	if n := strings.IndexAny(p.s[p.at:], " \t\r\n`"); n > 0 && p.s[p.at+n] != '`' {
		e.Language = p.s[p.at : p.at+n]
		p.top().name = "PreCode"
		p.at += n
	}
	switch {
	case p.has("\r\n"), p.has("\n\r"):
		p.at += 2
	case p.has("\n"), p.has("\r"):
		p.at++
	}
}

// markdownLink ends the text of a link and reads where it leads.
func (p *parser) markdownLink() error {
	o := p.top()
	p.at++
	url := p.text.String()[o.begin:]
	if p.has("(") {
		p.at++
		begin := p.at
		var out strings.Builder
		for p.at < len(p.s) && p.s[p.at] != ')' {
			if p.s[p.at] == '\\' && p.at+1 < len(p.s) && p.s[p.at+1] <= 126 {
				p.at++
			}
			out.WriteByte(p.s[p.at])
			p.at++
		}
		if p.at == len(p.s) {
			if o.mark == "![" {
				return unparsable("Can't find end of a custom emoji URL at byte offset %d", begin)
			}
			return unparsable("Can't find end of a URL at byte offset %d", begin)
		}
		p.at++
		url = out.String()
	} else if o.mark == "![" {
		return unparsable("Custom emoji entity must contain a tg://emoji URL")
	}
	if o.mark == "[" {
		o.entity = linkTo(url)
		p.end()
		return nil
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(url, "tg://emoji?id="), 10, 64)
	if err != nil || !strings.HasPrefix(url, "tg://emoji?id=") {
		return unparsable("Custom emoji URL must have an emoji identifier")
	}
	o.entity = &tg.MessageEntityCustomEmoji{DocumentID: id}
	p.end()
	return nil
}

// parseMarkdown reads https://core.telegram.org/bots/api#markdown-style, in
// which nothing nests.
func parseMarkdown(s string) (formatted, error) {
	p := &parser{s: s}
	for p.at < len(s) {
		c := s[p.at]
		switch {
		case c == '\\' && p.at+1 < len(s) && strings.IndexByte("_*`[", s[p.at+1]) >= 0:
			p.at++
			p.copy()
		case strings.IndexByte("_*`[", c) < 0:
			p.copy()
		default:
			if err := p.markdownPart(); err != nil {
				return formatted{}, err
			}
		}
	}
	return p.done()
}

func (p *parser) markdownPart() error {
	var end string
	switch {
	case p.has("```"):
		p.beginPre()
		end = "```"
	case p.has("`"):
		p.begin("", "`", &tg.MessageEntityCode{})
	case p.has("_"):
		p.begin("", "_", &tg.MessageEntityItalic{})
	case p.has("*"):
		p.begin("", "*", &tg.MessageEntityBold{})
	default:
		p.begin("", "[", nil)
		end = "]"
	}
	o := p.top()
	end = cmp.Or(end, o.mark)
	n := strings.Index(p.s[p.at:], end)
	if n < 0 {
		return unparsable("Can't find end of the entity starting at byte offset %d", o.source)
	}
	p.write(p.s[p.at : p.at+n])
	p.at += n + len(end)
	if end == "]" {
		url := p.text.String()[o.begin:]
		if p.has("(") {
			rest, _, _ := strings.Cut(p.s[p.at+1:], ")")
			url = rest
			p.at = min(p.at+1+len(rest)+1, len(p.s))
		}
		o.entity = linkTo(url)
	}
	p.end()
	return nil
}
